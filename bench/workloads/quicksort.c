// SPDX-License-Identifier: MIT
// Quicksort of 64 Ki records with the order given by a function, as qsort(3) has it: an indirect call a
// comparison.
#include "workload.h"

enum { kCount = 1 << 16, kSmall = 12 };

struct record {
  uint32_t key;
  uint32_t tag;
};

static struct record* records;

void quicksort_prepare(void) { records = need_memory(kCount * sizeof *records); }

typedef int comparison(const void* a, const void* b);

static int by_key(const void* a, const void* b) {
  const struct record* left = a;
  const struct record* right = b;
  return (left->key > right->key) - (left->key < right->key);
}

static int by_tag_backwards(const void* a, const void* b) {
  const struct record* left = a;
  const struct record* right = b;
  return (left->tag < right->tag) - (left->tag > right->tag);
}

static void swap(struct record* a, struct record* b) {
  const struct record kept = *a;
  *a = *b;
  *b = kept;
}

static void insertion_sort(struct record* first, long count, comparison* compare) {
  for (long i = 1; i < count; ++i) {
    const struct record moved = first[i];
    long at = i;
    for (; at > 0 && compare(&moved, &first[at - 1]) < 0; --at) first[at] = first[at - 1];
    first[at] = moved;
  }
}

// Hoare's partition around the median of three; the smaller half by recursion, the larger by the loop.
static void sort(struct record* first, long count, comparison* compare) {
  while (count > kSmall) {
    struct record *middle = first + count / 2, *last = first + count - 1;
    if (compare(middle, first) < 0) swap(middle, first);
    if (compare(last, first) < 0) swap(last, first);
    if (compare(last, middle) < 0) swap(last, middle);
    const struct record pivot = *middle;
    long low = -1, high = count;
    for (;;) {
      do ++low;
      while (compare(&first[low], &pivot) < 0);
      do --high;
      while (compare(&first[high], &pivot) > 0);
      if (low >= high) break;
      swap(&first[low], &first[high]);
    }
    const long left = high + 1;
    if (left < count - left) {
      sort(first, left, compare);
      first += left;
      count -= left;
    } else {
      sort(first + left, count - left, compare);
      count = left;
    }
  }
  insertion_sort(first, count, compare);
}

uint64_t quicksort_run(uint64_t rounds) {
  static comparison* volatile orders[] = {by_key,
                                          by_tag_backwards};  // volatile: no call becomes a direct one
  uint64_t random = 88172645463325252u, sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < kCount; ++i) {
      const uint64_t number = next_random(&random);
      records[i] = (struct record){(uint32_t)number, (uint32_t)(number >> 32)};
    }
    comparison* const compare = orders[round % 2];
    sort(records, kCount, compare);
    for (int i = 1; i < kCount; ++i)
      if (compare(&records[i - 1], &records[i]) > 0) give_up("quicksort: not in order");
    sum = mix(mix(sum, records[0].key), records[kCount / 2].tag);
  }
  return sum;
}
