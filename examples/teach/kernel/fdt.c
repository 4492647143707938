// SPDX-License-Identifier: MIT
// The device tree, as far as we need it: where does memory end? The firmware leaves a flattened tree in
// memory (Devicetree specification, chapter 5): a header, then a list of big-endian words that spells the
// tree.
//
//   BEGIN_NODE ""  PROP ...  BEGIN_NODE "memory@80000000"  PROP reg = <base size>  END_NODE  ...  END
#include "board.h"
#include "kernel.h"

enum { MAGIC = 0xd00dfeed, BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4 };

static uint32_t word(const uint8_t* at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t two_words(const uint8_t* at) { return (uint64_t)word(at) << 32 | word(at + 4); }

static bool starts_with(const char* text, const char* beginning) {
  while (*beginning != 0 && *text == *beginning) text++, beginning++;
  return *beginning == 0;
}

// The "reg" property of the first /memory node, or null. Addresses and sizes take two words on this board.
static const uint8_t* find_memory(const uint8_t* tree) {
  const uint8_t* at = tree + word(tree + 8);                // off_dt_struct
  const char* names = (const char*)tree + word(tree + 12);  // off_dt_strings
  const uint8_t* end = at + word(tree + 36);                // size_dt_struct
  int depth = 0;
  bool in_memory = false;
  while (at < end) {
    uint32_t token = word(at);
    at += 4;
    if (token == BEGIN_NODE) {
      depth++;
      in_memory = depth == 2 && starts_with((const char*)at, "memory");
      at += (strlen((const char*)at) + 1 + 3) & ~3UL;
    } else if (token == PROP) {
      uint32_t length = word(at);
      if (in_memory && length >= 16 && strcmp(names + word(at + 4), "reg") == 0) return at + 8;
      at += 8 + ((length + 3) & ~3UL);
    } else if (token == END_NODE) {
      depth--;
      in_memory = false;
    } else if (token != NOP) {
      break;
    }
  }
  return NULL;
}

uint64_t fdt_ram_end(const void* tree) {
  if (tree == NULL || word(tree) != MAGIC) return RAM_BASE + RAM_LEAST;
  const uint8_t* reg = find_memory(tree);
  if (reg == NULL || two_words(reg) != RAM_BASE) return RAM_BASE + RAM_LEAST;
  uint64_t bytes = two_words(reg + 8);
  return bytes < RAM_LIMIT - RAM_BASE ? PAGE_DOWN(RAM_BASE + bytes) : RAM_LIMIT;
}
