// SPDX-License-Identifier: MIT
// What is translated of one guest page, as it is seen at one virtual address by code of one privilege. Blocks link
// directly inside a page only; so dropping a page needs no search for who jumps into it.
//
// Generated code finds a block by one load from the page's entries, one for each halfword. Few are ever set: those of all
// pages lie in one run of zeros that becomes the host's memory where it is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
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
  uint32_t* entries;    // of kHalfwords: offset of the host code in code memory, 0: none. The code View leads to them
  PageKey key;
  const uint8_t* host;  // the page's bytes
  uint64_t lines = 0;   // bit i: bytes [64 i, 64 i + 64) are translated
  uint8_t drops = 0;    // how often its code was overwritten: such a page has to be hotter the next time
  std::vector<uint16_t> scattered = {};  // accesses (offsets in the page) whose predictions kept missing
  std::vector<ApartBlock> apart = {};
  std::vector<Link> waiting = {};  // jumps to blocks of this page that do not exist yet
  TranslatedPage* next = nullptr;  // of the same RAM page
};

class TranslatedPages {
 public:
  // Room for `max` pages; nullptr if the host does not give so much address space.
  static std::unique_ptr<TranslatedPages> create(size_t max);
  ~TranslatedPages();
  TranslatedPages(const TranslatedPages&) = delete;
  TranslatedPages& operator=(const TranslatedPages&) = delete;

  [[nodiscard]] bool full() const { return pages_.size() == max_; }
  TranslatedPage* find(const PageKey& key);
  TranslatedPage& add(const PageKey& key, const uint8_t* host);  // not while full()
  // The page that has these entries.
  [[nodiscard]] TranslatedPage& of(const void* entries) {
    return pages_[static_cast<size_t>(static_cast<const uint32_t*>(entries) - entries_) / kHalfwords];
  }
  // No block of the page is found any more.
  static void clear(TranslatedPage& page);
  void forget_all();
  [[nodiscard]] auto begin() { return pages_.begin(); }
  [[nodiscard]] auto end() { return pages_.end(); }

 private:
  TranslatedPages(size_t max, uint32_t* entries) : max_(max), entries_(entries) { pages_.reserve(max); }

  size_t max_;
  uint32_t* entries_;
  std::vector<TranslatedPage> pages_;  // room for all: they do not move. Their entries follow each other
  std::unordered_map<PageKey, TranslatedPage*, PageKeyHash> by_key_;
};

}  // namespace vitrine::translator
