// SPDX-License-Identifier: MIT
// Fibonacci's numbers by the definition: calls and returns. Kept a function of its own, so that compilers
// differ less in how far they unroll the recursion.
#include "workload.h"

void fib_prepare(void) {}

static __attribute__((noinline, noclone)) uint64_t fib(unsigned n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t fib_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) sum = mix(sum, fib(27 + (unsigned)(round & 1)));
  return sum;
}
