// SPDX-License-Identifier: MIT
// Memory and strings. The compiler itself calls the four mem functions, even in a freestanding program.
#include <stdint.h>

#include "format.h"

void* memset(void* to, int byte, size_t n) {
  uint8_t* t = to;
  while (n-- > 0) *t++ = (uint8_t)byte;
  return to;
}

// Pages and blocks are what is mostly copied: eight bytes at a time when both sides are aligned.
void* memcpy(void* to, const void* from, size_t n) {
  uint8_t* t = to;
  const uint8_t* f = from;
  if ((((uintptr_t)t | (uintptr_t)f) & 7) == 0) {
    for (; n >= 8; n -= 8, t += 8, f += 8) *(uint64_t*)t = *(const uint64_t*)f;
  }
  while (n-- > 0) *t++ = *f++;
  return to;
}

void* memmove(void* to, const void* from, size_t n) {
  uint8_t* t = to;
  const uint8_t* f = from;
  if (t < f) {
    while (n-- > 0) *t++ = *f++;
  } else {
    while (n-- > 0) t[n] = f[n];
  }
  return to;
}

int memcmp(const void* a, const void* b, size_t n) {
  const uint8_t* x = a;
  const uint8_t* y = b;
  for (; n > 0; n--, x++, y++) {
    if (*x != *y) return *x - *y;
  }
  return 0;
}

size_t strlen(const char* s) {
  size_t n = 0;
  while (s[n] != 0) n++;
  return n;
}

int strcmp(const char* a, const char* b) {
  while (*a != 0 && *a == *b) a++, b++;
  return (uint8_t)*a - (uint8_t)*b;
}

void copy_string(char* to, const char* from, size_t room) {
  size_t i = 0;
  for (; i + 1 < room && from[i] != 0; i++) to[i] = from[i];
  to[i] = 0;
}
