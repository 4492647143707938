// SPDX-License-Identifier: MIT
// Reserving and clearing of linear tables.
#include "mmu/shadow_table.h"

#include <sys/mman.h>

#include <algorithm>

namespace vitrine::mmu {
namespace {
constexpr size_t kBytes = ShadowTable::kEntries * sizeof(uint64_t);
// From here on it is cheaper to give the memory back than to write zeros over it.
constexpr uint64_t kManyPages = 64 * 512;
}  // namespace

ShadowTable::~ShadowTable() {
  if (entries_) munmap(entries_, kBytes);
}

bool ShadowTable::reserve() {
  void* const memory =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  madvise(memory, kBytes, MADV_NOHUGEPAGE);  // entries are sparse
  entries_ = static_cast<uint64_t*>(memory);
  return true;
}

void ShadowTable::clear(uint64_t first, uint64_t pages) {
  if (!entries_) return;
  const uint64_t index = (first >> core::kPageShift) & (kEntries - 1);
  pages = std::min<uint64_t>(pages, kEntries - index);
  if (pages >= kManyPages && index % 512 == 0 && pages % 512 == 0)
    madvise(entries_ + index, pages * sizeof(uint64_t), MADV_DONTNEED);
  else
    std::fill_n(entries_ + index, pages, 0);
}

void ShadowTable::clear_all() {
  if (entries_) madvise(entries_, kBytes, MADV_DONTNEED);
}

}  // namespace vitrine::mmu
