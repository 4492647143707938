// SPDX-License-Identifier: MIT
// Console and power by SBI calls (SBI chapters 5, 10 and 12), parameters from the device tree (Devicetree, chapter 5: a
// list of big-endian words, BEGIN_NODE "name" PROP length name-offset bytes ... END_NODE).
#include "lab.h"

static char line[128];
static uint64_t line_length;

// Old firmware has only the call from before extensions had names.
static void write_line(void) {
  if (line_length == 0) return;
  if (sbi_call(SBI_CONSOLE, 0, line_length, (uint64_t)line).error != 0)
    for (uint64_t i = 0; i < line_length; i++) sbi_call(SBI_PUTCHAR, 0, (uint8_t)line[i], 0);
  line_length = 0;
}

void put_char(char c) {
  line[line_length++] = c;
  if (c == '\n' || line_length == sizeof line) write_line();
}

void put(const char* text) {
  for (; *text != 0; text++) put_char(*text);
}

static void put_number(uint64_t value, unsigned base) {
  if (value >= base) put_number(value / base, base);
  put_char("0123456789abcdef"[value % base]);
}
void put_decimal(uint64_t value) { put_number(value, 10); }
void put_hex(uint64_t value) {
  put("0x");
  put_number(value, 16);
}

void report(const char* name, uint64_t value) {
  put(name);
  put_char('=');
  put_decimal(value);
  put_char('\n');
}

static _Noreturn void end(uint64_t reason) {
  write_line();
  sbi_call(SBI_RESET, 0, 0, reason);
  for (;;) asm volatile("wfi");
}
void power_off(void) { end(0); }
void give_up(const char* why, uint64_t value) {
  put("the lab's guest gives up: ");
  put(why);
  put(" ");
  put_hex(value);
  put_char('\n');
  end(1);
}

static uint32_t word_at(const uint8_t* at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool same(const char* a, const char* b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}

static uint64_t length_of(const char* text) {
  uint64_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

const uint8_t* tree_property(const uint8_t* tree, const char* node, const char* name, uint32_t* length) {
  enum { BEGIN_NODE = 1, PROP = 3, END = 9 };
  const uint8_t* at = tree + word_at(tree + 8);                // off_dt_struct
  const char* const names = (const char*)tree + word_at(tree + 12);  // off_dt_strings
  for (bool inside = false; word_at(at) != END;) {
    const uint32_t token = word_at(at);
    at += 4;
    if (token == BEGIN_NODE) {
      inside = same((const char*)at, node);
      at += (length_of((const char*)at) + 4) & ~3UL;
    } else if (token == PROP) {
      *length = word_at(at);
      if (inside && same(names + word_at(at + 4), name)) return at + 8;
      at += 8 + ((*length + 3) & ~3U);
    }
  }
  *length = 0;
  return NULL;
}

static char words[1024];

void read_parameters(const uint8_t* tree) {
  uint32_t length;
  const uint8_t* const text = tree_property(tree, "chosen", "bootargs", &length);
  for (uint32_t i = 0; i < length && i < sizeof words - 1; i++) words[i] = (char)text[i];
}

static const char* behind(const char* name) {
  for (const char* at = words; *at != 0;) {
    const char* wanted = name;
    while (*wanted != 0 && *at == *wanted) at++, wanted++;
    if (*wanted == 0 && *at == '=') return at + 1;
    while (*at != 0 && *at != ' ') at++;
    while (*at == ' ') at++;
  }
  return NULL;
}

uint64_t parameter(const char* name, uint64_t otherwise) {
  const char* at = behind(name);
  if (at == NULL) return otherwise;
  uint64_t value = 0;
  for (; *at >= '0' && *at <= '9'; at++) value = 10 * value + (uint64_t)(*at - '0');
  return value;
}

void parameter_text(const char* name, char* text, uint64_t room) {
  const char* const at = behind(name);
  uint64_t length = 0;
  for (; at != NULL && at[length] != 0 && at[length] != ' ' && length < room - 1; length++) text[length] = at[length];
  text[length] = 0;
}
