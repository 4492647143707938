// SPDX-License-Identifier: MIT
// Product of two matrices of 128 x 128 32-bit integers, by rows and columns.
#include "workload.h"

enum { kSide = 128 };

static int32_t (*a)[kSide], (*b)[kSide], (*product)[kSide];

void int_matrix_prepare(void) {
  a = need_memory(sizeof(int32_t[kSide][kSide]));
  b = need_memory(sizeof(int32_t[kSide][kSide]));
  product = need_memory(sizeof(int32_t[kSide][kSide]));
  uint64_t random = 11;
  for (int i = 0; i < kSide; ++i)
    for (int j = 0; j < kSide; ++j) {
      a[i][j] = (int32_t)(next_random(&random) % 201) - 100;
      b[i][j] = (int32_t)(next_random(&random) % 201) - 100;
    }
}

uint64_t int_matrix_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    a[round % kSide][round / kSide % kSide] += 1;
    for (int i = 0; i < kSide; ++i)
      for (int j = 0; j < kSide; ++j) {
        int32_t dot = 0;
        for (int k = 0; k < kSide; ++k) dot += a[i][k] * b[k][j];
        product[i][j] = dot;
      }
    int64_t trace = 0;
    for (int i = 0; i < kSide; ++i) trace += product[i][(i + (int)(round % kSide)) % kSide];
    sum = mix(sum, (uint64_t)trace);
  }
  return sum;
}
