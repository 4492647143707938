// SPDX-License-Identifier: MIT
// The ways to place nine queens, with arrays of occupied columns and diagonals: recursion, loads, branches.
#include "workload.h"

enum { kSide = 9 };

static int column[kSide], rising[2 * kSide], falling[2 * kSide], place[kSide];
static uint64_t places;

void queens_prepare(void) {}

static int solutions(int row) {
  if (row == kSide) {
    for (int i = 0; i < kSide; ++i) places = places * 31 + (uint64_t)place[i];
    return 1;
  }
  int found = 0;
  for (int i = 0; i < kSide; ++i) {
    if (column[i] || rising[row + i] || falling[row - i + kSide]) continue;
    column[i] = rising[row + i] = falling[row - i + kSide] = 1;
    place[row] = i;
    found += solutions(row + 1);
    column[i] = rising[row + i] = falling[row - i + kSide] = 0;
  }
  return found;
}

uint64_t queens_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    const int found = solutions(0);
    if (found != 352) give_up("queens: nine queens have 352 solutions");
    sum = mix(sum, places + (uint64_t)found);
  }
  return sum;
}
