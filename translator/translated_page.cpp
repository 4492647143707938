// SPDX-License-Identifier: MIT
// The entries of translated pages, and their memory.
#include "translator/translated_page.h"

#include <sys/mman.h>

#include <algorithm>

#include "core/assert.h"

namespace vitrine::translator {
namespace {

constexpr size_t kBytes = kHalfwords * sizeof(uint32_t);  // of a page's entries

// Zeros for the entries of so many pages, at an address or anywhere; nullptr: there is no room.
uint32_t* map_zeros(void* at, size_t pages) {
  constexpr int kKind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* const memory = mmap(at, pages * kBytes, PROT_READ | PROT_WRITE, at ? kKind | MAP_FIXED : kKind, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  madvise(memory, pages * kBytes, MADV_NOHUGEPAGE);  // what is written is sparse
  return static_cast<uint32_t*>(memory);
}

}  // namespace

std::unique_ptr<TranslatedPages> TranslatedPages::create(size_t max) {
  uint32_t* const entries = map_zeros(nullptr, max);
  return entries ? std::unique_ptr<TranslatedPages>(new TranslatedPages(max, entries)) : nullptr;
}

TranslatedPages::~TranslatedPages() { munmap(entries_, max_ * kBytes); }

TranslatedPage* TranslatedPages::find(const PageKey& key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

TranslatedPage& TranslatedPages::add(const PageKey& key, const uint8_t* host) {
  VT_ASSERT(!full(), "one translated page too many");
  uint32_t* const entries = entries_ + pages_.size() * kHalfwords;
  pages_.push_back({.entries = entries, .key = key, .host = host});
  return *(by_key_[key] = &pages_.back());
}

// Blocks begin in translated lines; elsewhere zeros stay untouched.
void TranslatedPages::clear(TranslatedPage& page) {
  constexpr unsigned kPerLine = kHalfwords / 64;
  for (unsigned line = 0; line < 64; ++line)
    if (page.lines >> line & 1) std::fill_n(page.entries + line * kPerLine, kPerLine, 0);
}

void TranslatedPages::forget_all() {
  if (pages_.empty()) return;
  VT_ASSERT(map_zeros(entries_, pages_.size()) != nullptr, "memory of the host's own cannot be mapped anew");
  pages_.clear();
  by_key_.clear();
}

}  // namespace vitrine::translator
