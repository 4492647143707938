// SPDX-License-Identifier: MIT
// Calls through a table of 16 functions, chosen by random numbers: no predictor knows the next target.
#include "workload.h"

enum { kFunctions = 16, kCalls = 1 << 16 };

typedef uint64_t function(uint64_t);

#define FUNCTION(n, expression) \
  static uint64_t f##n(uint64_t x) { return expression; }
FUNCTION(0, x + 1)
FUNCTION(1, x ^ x >> 3)
FUNCTION(2, x * 3)
FUNCTION(3, x - 7)
FUNCTION(4, x << 1 | x >> 63)
FUNCTION(5, ~x)
FUNCTION(6, x + (x << 4))
FUNCTION(7, x ^ 0x55)
FUNCTION(8, x >> 1 | x << 63)
FUNCTION(9, x + 0x1234)
FUNCTION(10, x ^ x << 5)
FUNCTION(11, x * 5 + 1)
FUNCTION(12, x - (x >> 2))
FUNCTION(13, x | 0x100)
FUNCTION(14, x & ~(uint64_t)0x200)
FUNCTION(15, 0 - x)

static function* const functions[kFunctions] = {f0, f1, f2,  f3,  f4,  f5,  f6,  f7,
                                                f8, f9, f10, f11, f12, f13, f14, f15};

void indirect_prepare(void) {}

// One round is 65,536 calls.
uint64_t indirect_run(uint64_t rounds) {
  uint64_t random = 1234567, value = 1;
  for (uint64_t round = 0; round < rounds; ++round)
    for (int i = 0; i < kCalls; ++i) value = functions[next_random(&random) >> 20 & (kFunctions - 1)](value);
  return value;
}
