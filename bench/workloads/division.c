// SPDX-License-Identifier: MIT
// Divisions that no multiplication replaces: Euclid's algorithm, powers modulo a prime, digits in changing
// bases.
#include "workload.h"

void division_prepare(void) {}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b) {
  while (b) {
    const uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus) {
  uint64_t result = 1;
  for (; exponent; exponent >>= 1) {
    if (exponent & 1) result = result * base % modulus;
    base = base * base % modulus;
  }
  return result;
}

static int64_t digit_sum(int64_t number, int64_t base) {
  int64_t digits = 0;
  for (; number; number /= base) digits += number % base;
  return digits;
}

// One round is 1,000 numbers.
uint64_t division_run(uint64_t rounds) {
  uint64_t random = 99, sum = 0;
  for (uint64_t round = 0; round < rounds; ++round)
    for (int i = 0; i < 1000; ++i) {
      const uint64_t a = next_random(&random), b = next_random(&random);
      uint64_t value = greatest_common_divisor(a, b | 1);
      value += power(a & 0xffffffff, b & 0xffff, 4294967291u);
      value += (uint64_t)digit_sum((int64_t)(a >> 8), 7 + (int64_t)(round % 64));
      sum = mix(sum, value);
    }
  return sum;
}
