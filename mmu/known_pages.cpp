// SPDX-License-Identifier: MIT
// Known pages: a hash table of chunks.
#include "mmu/known_pages.h"

#include <algorithm>
#include <bit>

namespace vitrine::mmu {
namespace {

constexpr size_t kFewestPlaces = 16;

size_t hash(uint64_t number) { return (number * 0x9e37'79b9'7f4a'7c15) >> 32; }
uint64_t bit(uint64_t page) { return uint64_t{1} << page % 64; }

}  // namespace

const KnownPages::Chunk* KnownPages::find(uint64_t number) const {
  if (chunks_.empty()) return nullptr;
  for (size_t i = hash(number);; ++i) {
    const uint32_t place = places_[i % places_.size()];
    if (place == 0) return nullptr;
    if (chunks_[place - 1].number == number) return &chunks_[place - 1];
  }
}

KnownPages::Chunk& KnownPages::make(uint64_t address) {
  const uint64_t number = number_of(address);
  if (Chunk* const chunk = find(number)) return *chunk;
  if (2 * chunks_.size() >= places_.size()) grow();
  chunks_.emplace_back().number = number;
  size_t i = hash(number);
  while (places_[i % places_.size()] != 0) ++i;
  places_[i % places_.size()] = static_cast<uint32_t>(chunks_.size());
  return chunks_.back();
}

void KnownPages::grow() {
  places_.assign(std::max(kFewestPlaces, 2 * places_.size()), 0);
  for (size_t chunk = 0; chunk < chunks_.size(); ++chunk) {
    size_t i = hash(chunks_[chunk].number);
    while (places_[i % places_.size()] != 0) ++i;
    places_[i % places_.size()] = static_cast<uint32_t>(chunk + 1);
  }
}

bool KnownPages::has(uint64_t address, PageUse use) const {
  const Chunk* const chunk = find(number_of(address));
  if (!chunk) return false;
  const uint64_t page = page_of(address);
  switch (use) {
    case PageUse::kRead: return chunk->reads[page / 64] & bit(page);
    case PageUse::kWrite: return chunk->writes && (*chunk->writes)[page] != 0;
    case PageUse::kExecute: return chunk->executes[page / 64] & bit(page);
  }
  return false;
}

bool KnownPages::set(uint64_t address, PageUse use, uint64_t page_index) {
  Chunk& chunk = make(address);
  const uint64_t page = page_of(address);
  if (use == PageUse::kWrite) {
    if (!chunk.writes) chunk.writes = std::make_unique<std::array<uint32_t, kChunk>>();
    uint32_t& known = (*chunk.writes)[page];
    if (known != 0) return false;
    known = static_cast<uint32_t>(page_index + 1);
    return true;
  }
  uint64_t& bits = (use == PageUse::kRead ? chunk.reads : chunk.executes)[page / 64];
  if (bits & bit(page)) return false;
  bits |= bit(page);
  return true;
}

void KnownPages::set_chunk(uint64_t address) { make(address).reads.fill(~uint64_t{0}); }

bool KnownPages::clear(uint64_t address) {
  Chunk* const chunk = find(number_of(address));
  if (!chunk) return false;
  const uint64_t page = page_of(address);
  const bool executed = chunk->executes[page / 64] & bit(page);
  chunk->clear(page, page + 1);
  return executed;
}

void KnownPages::clear_write(uint64_t address, uint64_t page_index) {
  Chunk* const chunk = find(number_of(address));
  if (!chunk || !chunk->writes) return;
  uint32_t& known = (*chunk->writes)[page_of(address)];
  if (known == page_index + 1) known = 0;
}

void KnownPages::Chunk::clear(uint64_t begin, uint64_t end) {
  for (uint64_t page = begin; page != end; ++page) {
    reads[page / 64] &= ~bit(page);
    executes[page / 64] &= ~bit(page);
    if (writes) (*writes)[page] = 0;
  }
}

void KnownPages::clear_range(uint64_t first, uint64_t pages) {
  const uint64_t begin = first >> core::kPageShift;  // page numbers
  for (Chunk& chunk : chunks_) {
    // Of the chunk's pages, those from `begin` on, counted from there: numbers may wrap.
    const uint64_t own = chunk.number * kChunk, offset = own - begin;
    if (offset < pages)
      chunk.clear(0, std::min(kChunk, pages - offset));
    else if (begin - own < kChunk)
      chunk.clear(begin - own, std::min(kChunk, begin - own + pages));
  }
}

void KnownPages::clear_all() {
  if (chunks_.empty()) return;
  chunks_.clear();
  std::fill(places_.begin(), places_.end(), 0);
}

uint64_t KnownPages::size() const {
  uint64_t all = 0;
  for (const Chunk& chunk : chunks_)
    for (uint64_t page = 0; page < kChunk; ++page)
      all += ((chunk.reads[page / 64] | chunk.executes[page / 64]) & bit(page)) != 0 || (chunk.writes && (*chunk.writes)[page] != 0);
  return all;
}

}  // namespace vitrine::mmu
