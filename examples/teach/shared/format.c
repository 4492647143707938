// SPDX-License-Identifier: MIT
// The formatter behind kprintf, ksnprintf and the programs' printf: it knows digits, not where they go.
#include "format.h"

#include <stdbool.h>
#include <stdint.h>

struct field {
  int width;
  bool left, zeros, is_long;
};

static const char* parse_field(const char* text, struct field* f) {
  *f = (struct field){0};
  for (;; text++) {
    if (*text == '-') {
      f->left = true;
    } else if (*text == '0') {
      f->zeros = true;
    } else {
      break;
    }
  }
  while (*text >= '0' && *text <= '9') f->width = f->width * 10 + (*text++ - '0');
  while (*text == 'l') f->is_long = true, text++;
  return text;
}

static void put_text(void (*put)(void*, char), void* to, const char* s, int length, const struct field* f) {
  int fill = f->width - length;
  char pad = f->zeros && !f->left ? '0' : ' ';
  if (pad == '0' && length > 0 && *s == '-') put(to, *s++), length--;  // the sign stands before the zeros
  for (; !f->left && fill > 0; fill--) put(to, pad);
  for (; length > 0; length--) put(to, *s++);
  for (; fill > 0; fill--) put(to, ' ');
}

// Writes the digits backwards from `end`; returns where they begin.
static char* digits(char* end, uint64_t value, unsigned base, bool negative) {
  do {
    *--end = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  if (negative) *--end = '-';
  return end;
}

static int64_t next_signed(va_list* arguments, bool is_long) {
  return is_long ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
}

static uint64_t next_unsigned(va_list* arguments, bool is_long) {
  return is_long ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);
}

void format(void (*put)(void*, char), void* to, const char* text, va_list list) {
  va_list arguments;
  va_copy(arguments, list);  // an array type on some machines: only a copy of our own has an address to pass
  for (; *text != 0; text++) {
    if (*text != '%') {
      put(to, *text);
      continue;
    }
    struct field f;
    char buffer[24];
    char* end = buffer + sizeof buffer;
    const char* s;
    text = parse_field(text + 1, &f);
    switch (*text) {
      case 'd': {
        int64_t value = next_signed(&arguments, f.is_long);
        s = digits(end, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0);
        break;
      }
      case 'u': s = digits(end, next_unsigned(&arguments, f.is_long), 10, false); break;
      case 'x': s = digits(end, next_unsigned(&arguments, f.is_long), 16, false); break;
      case 's': s = va_arg(arguments, const char*), end = (char*)s + strlen(s); break;
      case 'c': *--end = (char)va_arg(arguments, int), s = end, end++; break;
      case 0: va_end(arguments); return;
      default: *--end = *text, s = end, end++; break;  // %% and what we do not know: the character itself
    }
    put_text(put, to, s, (int)(end - s), &f);
  }
  va_end(arguments);
}
