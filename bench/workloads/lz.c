// SPDX-License-Identifier: MIT
// Compression of the LZ77 kind with a hash table of recent places, and its inverse. The text is words of a
// made-up language: 256 KiB that compress to about half.
#include "workload.h"

enum {
  kBytes = 256 * 1024,
  kHashBits = 13,
  kLeastMatch = 4,
  kMostMatch = 255 + kLeastMatch,
  kFarthest = 65535
};

static uint8_t *text, *packed, *unpacked;
static int32_t* recent;  // hash of four bytes -> the place where they were seen last, or -1

void lz_prepare(void) {
  text = need_memory(kBytes + 8);
  packed = need_memory(2 * kBytes);
  unpacked = need_memory(kBytes + 8);
  recent = need_memory(sizeof *recent << kHashBits);
  uint64_t random = 42;
  for (int at = 0; at < kBytes;) {
    // The square of a random number favours low ones: some words are frequent.
    const uint64_t number = next_random(&random) >> 33 & 0x3ff;
    uint64_t word = number * number * 0x2545f4914f6cdd1du | 1;
    for (int length = 2 + (int)(word >> 60 & 7); length > 0 && at < kBytes; --length, word >>= 5)
      text[at++] = (uint8_t)('a' + word % 26);
    if (at < kBytes) text[at++] = ' ';
  }
}

static inline uint32_t four_bytes(const uint8_t* at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

// Output: groups of a flag byte and eight items; an item is a literal, or a match of distance (2 bytes) and
// length.
static int pack(const uint8_t* from, int count, uint8_t* to) {
  for (int i = 0; i < 1 << kHashBits; ++i) recent[i] = -1;
  uint8_t* flags = to;
  uint8_t* out = to + 1;
  int items = 0, at = 0;
  *flags = 0;
  while (at < count) {
    if (items == 8) flags = out++, *flags = 0, items = 0;
    int length = 0, place = -1;
    if (at + kLeastMatch <= count) {
      const uint32_t hash = four_bytes(from + at) * 2654435761u >> (32 - kHashBits);
      place = recent[hash];
      recent[hash] = at;
      if (place >= 0 && at - place <= kFarthest) {
        const int most = count - at < kMostMatch ? count - at : kMostMatch;
        while (length < most && from[place + length] == from[at + length]) ++length;
      }
    }
    if (length >= kLeastMatch) {
      *flags |= (uint8_t)(1 << items);
      *out++ = (uint8_t)(at - place);
      *out++ = (uint8_t)((at - place) >> 8);
      *out++ = (uint8_t)(length - kLeastMatch);
      at += length;
    } else {
      *out++ = from[at++];
    }
    ++items;
  }
  return (int)(out - to);
}

static void unpack(const uint8_t* from, int size, uint8_t* to, int count) {
  const uint8_t* const end = from + size;
  int at = 0;
  while (from < end && at < count) {
    uint32_t flags = *from++;
    for (int item = 0; item < 8 && from < end && at < count; ++item, flags >>= 1) {
      if (!(flags & 1)) {
        to[at++] = *from++;
        continue;
      }
      const int distance = from[0] | from[1] << 8;
      int length = from[2] + kLeastMatch;
      from += 3;
      for (; length > 0; --length, ++at) to[at] = to[at - distance];
    }
  }
}

uint64_t lz_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    text[round * 4099 % kBytes] = (uint8_t)('A' + round % 26);
    const int size = pack(text, kBytes, packed);
    unpack(packed, size, unpacked, kBytes);
    for (int i = 0; i < kBytes; ++i)
      if (text[i] != unpacked[i]) give_up("lz: not the text that was packed");
    sum = mix(sum, (uint64_t)size);
  }
  return sum;
}
