// SPDX-License-Identifier: MIT
// Page tables at work: 64 KiB mapped, touched and unmapped; one page made read-only and writable again.
#include <sys/mman.h>

#include "workload.h"

enum { kPage = 4096, kPages = 16, kTurns = 10 };

static volatile char* page;

void mmap_prepare(void) {}

uint64_t mmap_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round)
    for (int turn = 0; turn < kTurns; ++turn) {
      char* pages = mmap(NULL, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (pages == MAP_FAILED) give_up("no memory");
      for (int i = 0; i < kPages; ++i) pages[i * kPage + turn] += (char)(round + (uint64_t)i);
      sum = mix(sum, (unsigned char)pages[(int)(round % kPages) * kPage + turn]);
      if (munmap(pages, kPages * kPage) != 0) give_up("munmap failed");
    }
  return sum;
}

void mprotect_prepare(void) { page = need_memory(kPage); }

uint64_t mprotect_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round)
    for (int turn = 0; turn < kTurns; ++turn) {
      if (mprotect((void*)page, kPage, PROT_READ) != 0) give_up("mprotect failed");
      sum = mix(sum, (unsigned char)page[turn]);
      if (mprotect((void*)page, kPage, PROT_READ | PROT_WRITE) != 0) give_up("mprotect failed");
      page[turn] += (char)(turn + 1);
    }
  return sum;
}
