// SPDX-License-Identifier: MIT
// The program: user instructions only, and say(). Compiled once for the machine, once for the operating system.
#include "work.h"

static int is_prime(uint64_t n) {
  for (uint64_t i = 2; i * i <= n; i++)
    if (n % i == 0) return 0;
  return n >= 2;
}

void work(uint64_t limit, uint64_t lines) {
  uint64_t primes = 0, n = 0;
  for (uint64_t line = 1; line <= lines; line++) {
    for (; n < limit * line / lines; n++) primes += (uint64_t)is_prime(n);
    say("so_far", primes);
  }
  say("primes", primes);
}
