// SPDX-License-Identifier: MIT
// LU decomposition of a matrix of 96 x 96 doubles with partial pivoting.
#include <math.h>

#include "fp.h"

enum { kSide = 96 };

static double (*matrix)[kSide], (*work)[kSide];

void lu_prepare(void) {
  matrix = need_memory(sizeof(double[kSide][kSide]));
  work = need_memory(sizeof(double[kSide][kSide]));
  uint64_t random = 17;
  for (int i = 0; i < kSide; ++i)
    for (int j = 0; j < kSide; ++j) matrix[i][j] = random_unit(&random) - 0.5;
}

static void swap_rows(int i, int j) {
  for (int k = 0; k < kSide; ++k) {
    const double kept = work[i][k];
    work[i][k] = work[j][k];
    work[j][k] = kept;
  }
}

// Returns the determinant.
static double decompose(void) {
  double determinant = 1;
  for (int column = 0; column < kSide; ++column) {
    int pivot = column;
    for (int i = column + 1; i < kSide; ++i)
      if (fabs(work[i][column]) > fabs(work[pivot][column])) pivot = i;
    if (pivot != column) swap_rows(pivot, column), determinant = -determinant;
    determinant *= work[column][column];
    for (int i = column + 1; i < kSide; ++i) {
      const double factor = work[i][column] / work[column][column];
      work[i][column] = factor;
      for (int k = column + 1; k < kSide; ++k) work[i][k] -= factor * work[column][k];
    }
  }
  return determinant;
}

uint64_t lu_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    matrix[round % kSide][round * 7 % kSide] += 0.125;
    for (int i = 0; i < kSide; ++i)
      for (int j = 0; j < kSide; ++j) work[i][j] = matrix[i][j];
    sum = mix_double(sum, decompose());
  }
  return sum;
}
