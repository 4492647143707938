// SPDX-License-Identifier: MIT
// Mandelbrot's set on a grid of 64 x 64 points, at most 100 iterations each: multiplications and a compare,
// in registers.
#include "fp.h"

enum { kSide = 64, kMost = 100 };

void mandelbrot_prepare(void) {}

static int iterations(double cx, double cy) {
  double x = 0, y = 0;
  int count = 0;
  for (; count < kMost; ++count) {
    const double xx = x * x, yy = y * y;
    if (xx + yy > 4) break;
    y = 2 * x * y + cy;
    x = xx - yy + cx;
  }
  return count;
}

// Each round looks a little closer.
uint64_t mandelbrot_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    const double width = 3.0 / (double)(1 + round % 4);
    for (int i = 0; i < kSide; ++i)
      for (int j = 0; j < kSide; ++j)
        sum = mix(sum,
                  (uint64_t)iterations(-0.7 - width / 2 + width * j / kSide, -width / 2 + width * i / kSide));
  }
  return sum;
}
