// SPDX-License-Identifier: MIT
// Eratosthenes' sieve over a megabyte of flags: strided byte stores, and little else.
#include "workload.h"

enum { kLimit = 1 << 20 };

static char* composite;

void sieve_prepare(void) { composite = need_memory(kLimit); }

static int count_primes(void) {
  for (int i = 0; i < kLimit; ++i) composite[i] = 0;
  for (int i = 2; i * i < kLimit; ++i)
    if (!composite[i])
      for (int j = i * i; j < kLimit; j += i) composite[j] = 1;
  int primes = 0;
  for (int i = 2; i < kLimit; ++i) primes += !composite[i];
  return primes;
}

uint64_t sieve_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) sum = mix(sum, (uint64_t)count_primes());
  return sum;
}
