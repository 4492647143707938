// SPDX-License-Identifier: MIT
// System calls that do little: getpid, and a read of 4 KiB that is in memory.
#define _GNU_SOURCE  // memfd_create
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workload.h"

enum { kCalls = 1000, kPiece = 4096, kPieces = 16 };

static int file;
static char piece[kPiece];

void getpid_prepare(void) {}

uint64_t getpid_run(uint64_t rounds) {
  const long self = syscall(SYS_getpid);
  uint64_t same = 0;
  for (uint64_t round = 0; round < rounds; ++round)
    for (int i = 0; i < kCalls; ++i) same += syscall(SYS_getpid) == self;
  return same;
}

void read_4k_prepare(void) {
  file = memfd_create("read_4k", 0);
  if (file < 0) give_up("no memory file");
  uint64_t random = 23;
  for (int i = 0; i < kPieces; ++i) {
    for (int j = 0; j < kPiece; ++j) piece[j] = (char)next_random(&random);
    if (write(file, piece, kPiece) != kPiece) give_up("a memory file is full");
  }
}

uint64_t read_4k_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round)
    for (int i = 0; i < kCalls; ++i) {
      if (pread(file, piece, kPiece, i % kPieces * kPiece) != kPiece) give_up("a short read");
      sum = mix(sum, (unsigned char)piece[(round + (uint64_t)i) % kPiece]);
    }
  return sum;
}
