// SPDX-License-Identifier: MIT
// Files in a file system in memory: eight of 16 KiB a round are made, written, examined, read, renamed,
// removed.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workload.h"

enum { kFiles = 8, kPieces = 4, kPiece = 4096 };

static char folder[64];
static char piece[kPiece];

// In the working directory: the harness chooses one that is in memory.
void files_prepare(void) { snprintf(folder, sizeof folder, "vt-bench-files-%ld", (long)getpid()); }

static void make_file(const char* name, uint64_t* random) {
  const int file = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
  if (file < 0) give_up("no file can be made");
  for (int i = 0; i < kPieces; ++i) {
    for (int j = 0; j < kPiece; j += 64) piece[j] = (char)next_random(random);
    if (write(file, piece, kPiece) != kPiece) give_up("a file cannot be written");
  }
  close(file);
}

static uint64_t read_file(const char* name) {
  struct stat facts;
  const int file = open(name, O_RDONLY);
  if (file < 0 || fstat(file, &facts) != 0) give_up("a file is not there");
  uint64_t sum = (uint64_t)facts.st_size;
  while (read(file, piece, kPiece) == kPiece)
    for (int j = 0; j < kPiece; j += 64) sum = mix(sum, (unsigned char)piece[j]);
  close(file);
  return sum;
}

uint64_t files_run(uint64_t rounds) {
  uint64_t random = 37, sum = 0;
  char name[96], other[96];
  if (mkdir(folder, 0700) != 0) give_up("no folder can be made");
  for (uint64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < kFiles; ++i) {
      snprintf(name, sizeof name, "%s/new%d", folder, i);
      make_file(name, &random);
    }
    for (int i = 0; i < kFiles; ++i) {
      snprintf(name, sizeof name, "%s/new%d", folder, i);
      snprintf(other, sizeof other, "%s/file%d", folder, i);
      if (rename(name, other) != 0) give_up("a file cannot be renamed");
      sum = mix(sum, read_file(other));
      if (unlink(other) != 0) give_up("a file cannot be removed");
    }
  }
  if (rmdir(folder) != 0) give_up("the folder is not empty");
  return sum;
}
