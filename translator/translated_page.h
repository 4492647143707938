// SPDX-License-Identifier: MIT
// What is translated of one guest page, as it is seen at one virtual address by code of one privilege. Blocks link
// directly inside a page only; so dropping a page needs no search for who jumps into it.
#pragma once

#include <cstdint>
#include <vector>

#include "core/address.h"
#include "translator/lowering.h"

namespace vitrine::translator {

struct PageKey {
  uint64_t physical;
  uint64_t virtual_address;
  unsigned set;  // of predictions, that is privilege: 0 U, 1 S, 2 M
  friend bool operator==(const PageKey&, const PageKey&) = default;
};
struct PageKeyHash {
  size_t operator()(const PageKey& key) const {
    return (key.physical ^ (key.virtual_address >> 1) * 0x9e37'79b9'7f4a'7c15 ^ key.set) * 0x9e37'79b9'7f4a'7c15 >> 7;
  }
};

inline constexpr unsigned kHalfwords = core::kPageSize / 2;

struct TranslatedPage {
  uint32_t entries[kHalfwords] = {};  // offset of the host code in code memory; 0: none. First: generated code reads it
  uint8_t heat[kHalfwords] = {};      // how often it was looked for in vain
  PageKey key;
  const uint8_t* host;  // the page's bytes
  uint64_t lines = 0;   // bit i: bytes [64 i, 64 i + 64) are translated
  uint8_t drops = 0;    // how often its code was overwritten: such a page has to be hotter the next time
  std::vector<uint16_t> scattered;  // accesses (offsets in the page) whose predictions kept missing
  std::vector<Link> waiting;  // jumps to blocks of this page that do not exist yet
  TranslatedPage* next = nullptr;  // of the same RAM page
};

}  // namespace vitrine::translator
