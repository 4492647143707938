// SPDX-License-Identifier: MIT
// Atomic operations of one thread: add, exchange, or, compare and exchange (LR/SC on the guest), sequentially
// consistent.
#include "workload.h"

enum { kWords = 64, kTurns = 1000 };

static uint64_t words[kWords];
static uint32_t flags[kWords];

void atomics_prepare(void) {}

uint64_t atomics_run(uint64_t rounds) {
  uint64_t random = 31, sum = 0;
  for (uint64_t round = 0; round < rounds; ++round)
    for (int i = 0; i < kTurns; ++i) {
      const uint64_t number = next_random(&random);
      const size_t at = number >> 32 & (kWords - 1);
      sum += __atomic_fetch_add(&words[at], number, __ATOMIC_SEQ_CST);
      sum ^= __atomic_exchange_n(&words[at ^ 1], sum, __ATOMIC_SEQ_CST);
      sum += __atomic_fetch_or(&flags[at], (uint32_t)i, __ATOMIC_SEQ_CST);
      uint64_t expected = words[at];
      __atomic_compare_exchange_n(&words[at], &expected, expected * 5 + 1, 0, __ATOMIC_SEQ_CST,
                                  __ATOMIC_SEQ_CST);
      sum = mix(sum, expected);
    }
  return sum;
}
