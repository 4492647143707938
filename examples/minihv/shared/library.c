// SPDX-License-Identifier: MIT
// Console and power by SBI calls, and the little that we want from the device tree (Devicetree, chapter 5): a list of
// big-endian words, BEGIN_NODE "name" PROP length name-offset bytes ... END_NODE.
#include "riscv.h"

// SBI chapters 5 and 12. Old firmware has only the call from before extensions had names.
void put_char(char c) {
  static char has_console;  // 0: not asked yet
  if (has_console == 0) has_console = sbi_call(SBI_BASE, 3, SBI_CONSOLE, 0).value != 0 ? 'y' : 'n';
  if (has_console == 'y') {
    sbi_call(SBI_CONSOLE, 2, (uint8_t)c, 0);
  } else {
    sbi_call(SBI_PUTCHAR, 0, (uint8_t)c, 0);
  }
}

void put(const char* text) {
  for (; *text != 0; text++) put_char(*text);
}

static void put_number(uint64_t value, unsigned base) {
  if (value >= base) put_number(value / base, base);
  put_char("0123456789abcdef"[value % base]);
}
void put_decimal(uint64_t value) { put_number(value, 10); }
void put_hex(uint64_t value) { put("0x"), put_number(value, 16); }
void put_value(const char* prefix, const char* key, uint64_t value) {
  put(prefix), put(key), put(": "), put_decimal(value), put_char('\n');
}

void power_off(bool failed) {
  sbi_call(SBI_RESET, 0, 0, failed);
  for (;;) asm volatile("wfi");
}

uint64_t tree_number(const uint8_t* at, int bytes) {
  uint64_t value = 0;
  while (bytes-- > 0) value = value << 8 | *at++;
  return value;
}

static bool begins(const char* text, const char* with) {
  while (*with != 0 && *text == *with) text++, with++;
  return *with == 0;
}

static size_t length(const char* text) {
  size_t n = 0;
  while (text[n] != 0) n++;
  return n;
}

uint8_t* tree_property(uint8_t* tree, const char* node, const char* name) {
  uint8_t* at = tree + tree_number(tree + 8, 4);                       // off_dt_struct
  const char* names = (char*)tree + tree_number(tree + 12, 4);        // off_dt_strings
  const uint8_t* end = at + tree_number(tree + 36, 4);                 // size_dt_struct
  for (bool inside = false; at < end;) {
    uint64_t token = tree_number(at, 4);
    at += 4;
    if (token == 1) {  // BEGIN_NODE
      inside = begins((char*)at, node);
      at += (length((char*)at) + 4) & ~3UL;
    } else if (token == 3) {  // PROP
      const char* its_name = names + tree_number(at + 4, 4);
      if (inside && length(its_name) == length(name) && begins(its_name, name)) return at + 8;
      at += 8 + ((tree_number(at, 4) + 3) & ~3UL);
    }
  }
  return NULL;
}

const char* argument(const char* at, const char* word) {
  while (at != NULL && *at != 0) {
    if (begins(at, word)) return at + length(word);
    while (*at != 0 && *at != ' ') at++;
    while (*at == ' ') at++;
  }
  return NULL;
}

uint64_t argument_number(const char* arguments, const char* word, uint64_t otherwise) {
  const char* at = argument(arguments, word);
  uint64_t base = 10, value = 0;
  if (at == NULL) return otherwise;
  if (begins(at, "0x")) base = 16, at += 2;
  for (; (*at >= '0' && *at <= '9') || (base == 16 && *at >= 'a' && *at <= 'f'); at++)
    value = value * base + (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
  return value;
}
