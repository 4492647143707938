// SPDX-License-Identifier: MIT
// Which pages a shadow knows: for reading, writing, execution. It is the shadow as the guest's behaviour makes it: a page is
// entered when it is first used, and goes when the guest changes its translation. How much of it the tables hold at a moment
// (a small table has one place for many pages; a page with code has no direct path for writes; decoded code may be dropped)
// is left out. So what is a hidden fault does not depend on the engine, nor on any cache's size.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/address.h"

namespace vitrine::mmu {

enum class PageUse : uint8_t { kRead, kWrite, kExecute };

class KnownPages {
 public:
  static constexpr uint64_t kChunk = 512;  // pages that one leaf table serves

  // `page_index` is that of the RAM page, which is kept of writes.
  [[nodiscard]] bool has(uint64_t address, PageUse use) const;
  // False: it was known.
  bool set(uint64_t address, PageUse use, uint64_t page_index);
  // For reading, the chunk around.
  void set_chunk(uint64_t address);

  // True: it was known for execution.
  bool clear(uint64_t address);
  // For writing, if it led to that RAM page.
  void clear_write(uint64_t address, uint64_t page_index);
  void clear_range(uint64_t first, uint64_t pages);
  void clear_all();

  // Pages that are known for some use.
  [[nodiscard]] uint64_t size() const;

 private:
  using Bits = std::array<uint64_t, kChunk / 64>;
  struct Chunk {
    uint64_t number = 0;  // of its addresses
    Bits reads = {}, executes = {};
    std::unique_ptr<std::array<uint32_t, kChunk>> writes;  // 1 + index of the RAM page; 0: not known
    void clear(uint64_t begin, uint64_t end);
  };
  static uint64_t number_of(uint64_t address) { return address >> core::kPageShift >> 9; }
  static uint64_t page_of(uint64_t address) { return (address >> core::kPageShift) % kChunk; }
  [[nodiscard]] const Chunk* find(uint64_t number) const;
  [[nodiscard]] Chunk* find(uint64_t number) { return const_cast<Chunk*>(std::as_const(*this).find(number)); }
  Chunk& make(uint64_t address);
  void grow();

  std::vector<Chunk> chunks_;
  std::vector<uint32_t> places_;  // by a hash of the number: 1 + place in chunks_; a power of two of them
};

}  // namespace vitrine::mmu
