// SPDX-License-Identifier: MIT
// What the floating-point workloads share: numbers between 0 and 1, and every bit of a result in the
// checksum. They call nothing of libm but sqrt, which IEEE 754 defines to the last bit; sums keep their
// order. What remains free is whether a * b + c is one operation: the guest's compiler fuses it, so the
// judge's build does so too (build.py).
#ifndef VITRINE_BENCH_FP_H
#define VITRINE_BENCH_FP_H

#include "workload.h"

static inline double random_unit(uint64_t* state) { return (double)(next_random(state) >> 11) * 0x1p-53; }

static inline uint64_t mix_double(uint64_t sum, double value) {
  union {
    double number;
    uint64_t bits;
  } both = {.number = value};
  return mix(sum, both.bits);
}

#endif
