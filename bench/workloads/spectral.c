// SPDX-License-Identifier: MIT
// The spectral norm of the infinite matrix a(i, j) = 1 / ((i + j)(i + j + 1) / 2 + i + 1), cut to 100 x 100,
// by the power method: divisions and conversions from integers.
#include <math.h>

#include "fp.h"

enum { kSide = 100 };

void spectral_prepare(void) {}

static inline double entry(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void multiply(const double* v, double* product) {
  for (int i = 0; i < kSide; ++i) {
    double sum = 0;
    for (int j = 0; j < kSide; ++j) sum += entry(i, j) * v[j];
    product[i] = sum;
  }
}

static void multiply_transposed(const double* v, double* product) {
  for (int i = 0; i < kSide; ++i) {
    double sum = 0;
    for (int j = 0; j < kSide; ++j) sum += entry(j, i) * v[j];
    product[i] = sum;
  }
}

uint64_t spectral_run(uint64_t rounds) {
  double u[kSide], v[kSide], between[kSide];
  uint64_t sum = 0;
  for (int i = 0; i < kSide; ++i) u[i] = 1;
  for (uint64_t round = 0; round < rounds; ++round) {
    multiply(u, between);
    multiply_transposed(between, v);
    double uv = 0, vv = 0;
    for (int i = 0; i < kSide; ++i) uv += u[i] * v[i], vv += v[i] * v[i];
    sum = mix_double(sum, sqrt(vv / uv));
    const double length = sqrt(vv);
    for (int i = 0; i < kSide; ++i) u[i] = v[i] / length;
  }
  return sum;
}
