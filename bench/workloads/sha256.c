// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4) of 64 KiB, again and again: rotations, and more live values than registers.
#include "workload.h"

enum { kBytes = 64 * 1024, kBlock = 64 };

static uint8_t* message;

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
static uint32_t constants[64];
static uint32_t start_state[8];  // likewise of the square roots of the first 8 (5.3.3)

// floor(root * 2^32) mod 2^32 for the root of that degree, found bit by bit with 128-bit products.
static uint32_t root_fraction(uint32_t prime, int degree) {
  uint64_t root = 0;  // root * 2^32, below 2^37
  for (int bit = 36; bit >= 0; --bit) {
    const uint64_t guess = root | (uint64_t)1 << bit;
    // guess^degree <= prime * 2^(32 * degree), with 32 bits taken off each side in turn, rounded down
    unsigned __int128 power = (unsigned __int128)guess * guess;
    int fits;
    if (degree == 2) {
      fits = power <= (unsigned __int128)prime << 64;
    } else {
      // power < 2^74: compare guess * power with prime * 2^96 by halves
      const unsigned __int128 low = (power & 0xffffffffffffffffu) * guess;
      const unsigned __int128 high = (power >> 64) * guess + (low >> 64);
      fits = high < (unsigned __int128)prime << 32;
    }
    if (fits) root = guess;
  }
  return (uint32_t)root;
}

void sha256_prepare(void) {
  message = need_memory(kBytes);
  uint64_t random = 1;
  for (int i = 0; i < kBytes; ++i) message[i] = (uint8_t)(next_random(&random) >> 24);
  int found = 0;
  for (uint32_t candidate = 2; found < 64; ++candidate) {
    uint32_t divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor) ++divisor;
    if (divisor * divisor <= candidate) continue;
    constants[found] = root_fraction(candidate, 3);
    if (found < 8) start_state[found] = root_fraction(candidate, 2);
    ++found;
  }
  if (constants[0] != 0x428a2f98 || start_state[7] != 0x5be0cd19) give_up("sha256: wrong constants");
}

static inline uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void compress(uint32_t state[8], const uint8_t* block) {
  uint32_t w[64];
  for (int i = 0; i < 16; ++i)
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
           block[4 * i + 3];
  for (int i = 16; i < 64; ++i) {
    const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 64; ++i) {
    const uint32_t sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const uint32_t choice = (e & f) ^ (~e & g);
    const uint32_t first = h + sum1 + choice + constants[i] + w[i];
    const uint32_t sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    h = g, g = f, f = e, e = d + first;
    d = c, c = b, b = a, a = first + sum0 + majority;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

// Whole blocks only: the padding of the last block is a block of its own.
static uint64_t digest(const uint8_t* data, size_t bytes) {
  uint32_t state[8];
  for (int i = 0; i < 8; ++i) state[i] = start_state[i];
  for (size_t at = 0; at < bytes; at += kBlock) compress(state, data + at);
  uint8_t last[kBlock] = {0x80};
  for (int i = 0; i < 8; ++i) last[kBlock - 1 - i] = (uint8_t)((uint64_t)bytes * 8 >> 8 * i);
  compress(state, last);
  return (uint64_t)state[0] << 32 | state[1];
}

uint64_t sha256_run(uint64_t rounds) {
  // FIPS 180-4's digest of the empty message begins with these 64 bits.
  if (digest(message, 0) != 0xe3b0c44298fc1c14u) give_up("sha256: wrong digest");
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    message[round % kBytes] ^= 1;
    sum = mix(sum, digest(message, kBytes));
  }
  return sum;
}
