// SPDX-License-Identifier: MIT
// CRC-32 (IEEE 802.3, reflected) with a table of 256 entries: a chain of dependent loads.
#include "workload.h"

enum { kBytes = 64 * 1024 };

static uint32_t table[256];
static uint8_t* data;

void crc32_prepare(void) {
  data = need_memory(kBytes);
  uint64_t random = 3;
  for (int i = 0; i < kBytes; ++i) data[i] = (uint8_t)(next_random(&random) >> 40);
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    table[i] = value;
  }
}

static uint32_t crc(const uint8_t* bytes, size_t count) {
  uint32_t value = ~0u;
  for (size_t i = 0; i < count; ++i) value = value >> 8 ^ table[(value ^ bytes[i]) & 0xff];
  return ~value;
}

uint64_t crc32_run(uint64_t rounds) {
  if (crc((const uint8_t*)"123456789", 9) != 0xcbf43926u) give_up("crc32: wrong check value");
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    data[round % kBytes] += 1;
    sum = mix(sum, crc(data, kBytes));
  }
  return sum;
}
