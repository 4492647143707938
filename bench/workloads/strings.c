// SPDX-License-Identifier: MIT
// String functions as textbooks have them, byte by byte, over 64 KiB of words: length, copy, compare, find,
// upper case. Our own functions and not libc's, which are hand-written vector code on one side and C on the
// other.
#include "workload.h"

enum { kBytes = 64 * 1024, kNeedles = 16 };

static char *words, *copy;
static int word_count;
static const char* needles[kNeedles];

void strings_prepare(void) {
  words = need_memory(kBytes + 1);
  copy = need_memory(kBytes + 1);
  uint64_t random = 7;
  int at = 0;
  while (at < kBytes - 16) {
    uint64_t number = next_random(&random);
    if (word_count % 256 == 0 && word_count / 256 < kNeedles) needles[word_count / 256] = words + at;
    for (int length = 1 + (int)(number >> 60 & 7); length > 0; --length, number >>= 4)
      words[at++] = (char)('a' + number % 16);
    words[at++] = 0;
    ++word_count;
  }
  for (int i = 0; i < kNeedles; ++i)
    if (!needles[i]) needles[i] = words;
}

// noinline: each stays a function that is called, as in a library.
#define LIBRARY static __attribute__((noinline, noclone))

LIBRARY size_t length_of(const char* s) {
  const char* end = s;
  while (*end) ++end;
  return (size_t)(end - s);
}

LIBRARY char* copy_string(char* to, const char* from) {
  char* at = to;
  while ((*at++ = *from++)) continue;
  return to;
}

LIBRARY int compare_strings(const char* a, const char* b) {
  while (*a && *a == *b) ++a, ++b;
  return (unsigned char)*a - (unsigned char)*b;
}

LIBRARY const char* find_char(const char* s, char c) {
  for (; *s; ++s)
    if (*s == c) return s;
  return NULL;
}

LIBRARY const char* find_string(const char* s, const char* wanted) {
  for (; *s; ++s) {
    size_t i = 0;
    while (wanted[i] && s[i] == wanted[i]) ++i;
    if (!wanted[i]) return s;
  }
  return NULL;
}

LIBRARY void to_upper(char* s) {
  for (; *s; ++s)
    if (*s >= 'a' && *s <= 'z') *s = (char)(*s - 'a' + 'A');
}

uint64_t strings_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    const char* needle = needles[round % kNeedles];
    uint64_t lengths = 0, order = 0, hits = 0;
    const char* word = words;
    char* to = copy;
    for (int i = 0; i < word_count; ++i) {
      const size_t length = length_of(word);
      copy_string(to, word);
      order += compare_strings(to, needle) < 0;
      hits += find_char(to, (char)('a' + round % 16)) != NULL;
      hits += find_string(to, "ab") != NULL;
      to_upper(to);
      lengths += length ^ (unsigned char)to[0];
      word += length + 1;
      to += length + 1;
    }
    sum = mix(mix(mix(sum, lengths), order), hits);
  }
  return sum;
}
