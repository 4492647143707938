// SPDX-License-Identifier: MIT
// Hash table with open addressing: one of 128 MB, far beyond caches and TLBs, and one of 256 KB, inside them.
// Half of the keys looked up are there. Lookups do not depend on one another, so a processor overlaps their
// misses.
#include "workload.h"

struct slot {
  uint64_t key;  // 0: free
  uint64_t value;
};

enum { kLargeSlots = 1 << 23, kSmallSlots = 1 << 14, kLookups = 1 << 16 };

static struct slot* table;
static uint64_t slots;

static inline uint64_t place_of(uint64_t key) { return key * 0x9e3779b97f4a7c15u >> 20 & (slots - 1); }

static inline struct slot* find(uint64_t key) {
  uint64_t at = place_of(key);
  while (table[at].key != 0 && table[at].key != key) at = (at + 1) & (slots - 1);
  return &table[at];
}

// Keys are the odd numbers up to the number of slots: half full.
static void prepare(uint64_t count) {
  slots = count;
  table = need_memory(count * sizeof *table);
  for (uint64_t key = 1; key < count; key += 2) *find(key) = (struct slot){key, key * 3};
}

void hash_large_prepare(void) { prepare(kLargeSlots); }
void hash_small_prepare(void) { prepare(kSmallSlots); }

// One round is 65,536 lookups; each key that is there has its value changed.
uint64_t hash_run(uint64_t rounds) {
  uint64_t random = 0x123456789abcdefu, sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    uint64_t found = 0;
    for (int i = 0; i < kLookups; ++i) {
      struct slot* slot = find((next_random(&random) & (slots - 1)) | (i & 1 ? 1 : slots));
      if (slot->key == 0) continue;
      found += slot->value;
      slot->value += round;
    }
    sum = mix(sum, found);
  }
  return sum;
}
