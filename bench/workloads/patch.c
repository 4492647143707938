// SPDX-License-Identifier: MIT
// What a translator in the guest does: writes a function, makes it visible to fetches (fence.i; x86 needs
// nothing), and calls it.
#include <string.h>
#include <sys/mman.h>

#include "workload.h"

enum { kPage = 4096, kTurns = 100 };

static uint8_t* code;

void patch_prepare(void) {
  code = mmap(NULL, kPage, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) give_up("no memory that can be executed");
}

// A function that returns `value`, below 2,048.
static void write_function(uint8_t* at, uint32_t value) {
#if defined(__riscv)
  const uint32_t words[] = {0x00000513 | value << 20, 0x00008067};  // addi a0, zero, value; ret
  memcpy(at, words, sizeof words);
  __asm__ volatile("fence.i" ::: "memory");
#elif defined(__x86_64__)
  at[0] = 0xb8;  // mov eax, value
  memcpy(at + 1, &value, 4);
  at[5] = 0xc3;  // ret
  __asm__ volatile("" ::: "memory");
#else
  give_up("patch: not for this processor");
#endif
}

uint64_t patch_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round)
    for (int i = 0; i < kTurns; ++i) {
      write_function(code, (uint32_t)(round * 7 + (uint64_t)i) % 2048);
      uint32_t (*function)(void);
      memcpy(&function, &code, sizeof function);
      sum = mix(sum, function());
    }
  return sum;
}
