// SPDX-License-Identifier: MIT
// Product of two matrices of 96 x 96 doubles, by rows and columns.
#include "fp.h"

enum { kSide = 96 };

static double (*a)[kSide], (*b)[kSide], (*product)[kSide];

void fp_matrix_prepare(void) {
  a = need_memory(sizeof(double[kSide][kSide]));
  b = need_memory(sizeof(double[kSide][kSide]));
  product = need_memory(sizeof(double[kSide][kSide]));
  uint64_t random = 13;
  for (int i = 0; i < kSide; ++i)
    for (int j = 0; j < kSide; ++j) {
      a[i][j] = random_unit(&random) - 0.5;
      b[i][j] = random_unit(&random) - 0.5;
    }
}

uint64_t fp_matrix_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    a[round % kSide][round / kSide % kSide] += 0.25;
    for (int i = 0; i < kSide; ++i)
      for (int j = 0; j < kSide; ++j) {
        double dot = 0;
        for (int k = 0; k < kSide; ++k) dot += a[i][k] * b[k][j];
        product[i][j] = dot;
      }
    for (int i = 0; i < kSide; ++i) sum = mix_double(sum, product[i][(i + (int)(round % kSide)) % kSide]);
  }
  return sum;
}
