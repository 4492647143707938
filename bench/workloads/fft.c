// SPDX-License-Identifier: MIT
// Fast Fourier transform of 4,096 complex numbers and its inverse, in place: strided loads and stores of
// doubles.
#include <math.h>

#include "fp.h"

enum { kBits = 12, kCount = 1 << kBits };

struct complex {
  double re, im;
};

static struct complex *data, *roots;  // roots[k] = exp(-2 pi i k / kCount)

// From -1 by halving angles, so that no sine or cosine of a library is needed.
static void find_roots(void) {
  struct complex turn = {-1, 0};  // exp(-2 pi i / 2)
  roots[0] = (struct complex){1, 0};
  for (int bit = 1; bit <= kBits;
       ++bit) {  // turn is exp(-2 pi i / 2^bit): it belongs to index kCount / 2^bit
    const int stride = kCount >> bit;
    for (int k = 0; k < kCount; k += 2 * stride) {
      const struct complex known = roots[k];
      roots[k + stride] = (struct complex){known.re * turn.re - known.im * turn.im,  //
                                           known.re * turn.im + known.im * turn.re};
    }
    turn = (struct complex){sqrt((1 + turn.re) / 2), -sqrt((1 - turn.re) / 2)};
  }
}

void fft_prepare(void) {
  data = need_memory(kCount * sizeof *data);
  roots = need_memory(kCount * sizeof *roots);
  uint64_t random = 5;
  for (int i = 0; i < kCount; ++i)
    data[i] = (struct complex){random_unit(&random) - 0.5, random_unit(&random) - 0.5};
  find_roots();
}

static void reverse_bits(void) {
  for (int i = 0, j = 0; i < kCount; ++i) {
    if (i < j) {
      const struct complex kept = data[i];
      data[i] = data[j];
      data[j] = kept;
    }
    int bit = kCount / 2;
    for (; j & bit; bit /= 2) j ^= bit;
    j ^= bit;
  }
}

static void transform(double direction) {
  reverse_bits();
  for (int half = 1; half < kCount; half *= 2)
    for (int start = 0; start < kCount; start += 2 * half)
      for (int k = 0; k < half; ++k) {
        const struct complex root = roots[k * (kCount / (2 * half))];
        const double im = root.im * direction;
        struct complex *a = &data[start + k], *b = a + half;
        const struct complex turned = {b->re * root.re - b->im * im, b->re * im + b->im * root.re};
        *b = (struct complex){a->re - turned.re, a->im - turned.im};
        *a = (struct complex){a->re + turned.re, a->im + turned.im};
      }
}

uint64_t fft_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    transform(1);
    sum = mix_double(sum, data[(round * 37 + 1) % kCount].re);
    transform(-1);
    for (int i = 0; i < kCount; ++i) data[i].re *= 1.0 / kCount, data[i].im *= 1.0 / kCount;
    sum = mix_double(sum, data[round % kCount].im);
  }
  return sum;
}
