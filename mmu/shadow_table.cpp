// SPDX-License-Identifier: MIT
// Reserving and clearing of linear tables.
#include "mmu/shadow_table.h"

#include <sys/mman.h>

#include <algorithm>

namespace vitrine::mmu {
namespace {
constexpr size_t kBytes = ShadowTable::kEntries * sizeof(uint64_t);
constexpr size_t kReserved = kBytes + ShadowTable::kEntries / ShadowTable::kChunk;
// Of so many pages of the table, clear_all gives the memory back; fewer are written with zeros, and need no page fault when
// they are used again.
constexpr size_t kManyChunks = 256;
}  // namespace

ShadowTable::~ShadowTable() { release(); }

void ShadowTable::release() {
  if (entries_) munmap(entries_, kReserved);
  entries_ = nullptr;
  used_ = nullptr;
  chunks_.clear();
}

bool ShadowTable::reserve() {
  void* const memory =
      mmap(nullptr, kReserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  madvise(memory, kReserved, MADV_NOHUGEPAGE);  // entries are sparse
  entries_ = static_cast<uint64_t*>(memory);
  used_ = static_cast<uint8_t*>(memory) + kBytes;
  return true;
}

void ShadowTable::set(uint64_t address, uint64_t addend) {
  const size_t index = index_of(address);
  entries_[index] = addend;
  use(index / kChunk);
}

void ShadowTable::set_chunk(uint64_t address, uint64_t addend) {
  const size_t chunk = index_of(address) / kChunk;
  std::fill_n(entries_ + chunk * kChunk, kChunk, addend);
  use(chunk);
}

void ShadowTable::use(size_t chunk) {
  if (used_[chunk]) return;
  used_[chunk] = 1;
  chunks_.push_back(static_cast<uint32_t>(chunk));
}

void ShadowTable::clear(uint64_t address) {
  if (!entries_) return;
  const size_t index = index_of(address);
  if (used_[index / kChunk]) entries_[index] = 0;
}

void ShadowTable::clear_range(uint64_t first, uint64_t pages) {
  if (!entries_) return;
  size_t index = index_of(first);
  const size_t end = index + std::min<uint64_t>(pages, kEntries - index);
  while (index < end) {
    const size_t stop = std::min(end, (index / kChunk + 1) * kChunk);
    if (used_[index / kChunk]) std::fill(entries_ + index, entries_ + stop, 0);
    index = stop;
  }
}

void ShadowTable::clear_all() {
  if (!entries_) return;
  const bool give_back = chunks_.size() > kManyChunks;
  if (give_back) madvise(entries_, kBytes, MADV_DONTNEED);
  for (const uint32_t chunk : chunks_) {
    if (!give_back) std::fill_n(entries_ + chunk * kChunk, kChunk, 0);
    used_[chunk] = 0;
  }
  chunks_.clear();
}

}  // namespace vitrine::mmu
