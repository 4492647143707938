// SPDX-License-Identifier: MIT
// A linear shadow page table: one 8-byte addend for each 4 KiB page of half a 39-bit address space, so that a translation is
// one load: host address = guest-virtual address + addend. 0: nothing is known. Half a gigabyte of address space is reserved
// for it; memory is used only where entries are, a page of it for 2 MiB of guest addresses.
//
// It serves Sv39 and bare addresses, those of one sign: the lower or the upper half. Address bits 63:38 must be all equal:
// whoever looks up checks that first (canonical()), so a wild address never indexes outside the table. See
// address_spaces.h for who fills and who revokes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/address.h"
#include "core/memory_port.h"

namespace vitrine::mmu {

class ShadowTable {
 public:
  static constexpr size_t kEntries = core::kShadowPages;

  ShadowTable() = default;
  ~ShadowTable();
  ShadowTable(const ShadowTable&) = delete;
  ShadowTable& operator=(const ShadowTable&) = delete;

  // False if the host does not give so much address space; the table then stays empty.
  bool reserve();
  void release();
  // For looking up; who writes uses set().
  [[nodiscard]] uint64_t* entries() const { return entries_; }

  static bool canonical(uint64_t address) {
    const auto top = static_cast<int64_t>(address) >> (core::kShadowAddressBits - 1);
    return top == 0 || top == -1;
  }
  // 0 is the lower half.
  static unsigned half(uint64_t address) { return static_cast<unsigned>(address >> 63); }
  [[nodiscard]] uint64_t at(uint64_t address) const { return entries_[index_of(address)]; }
  // The same, for whoever may not make the table larger by looking.
  [[nodiscard]] bool knows(uint64_t address) const {
    return entries_ && used_[index_of(address) / kChunk] && at(address) != 0;
  }
  void set(uint64_t address, uint64_t addend);
  // The same addend for all pages of the chunk around, which are those that one leaf table or one superpage can serve.
  void set_chunk(uint64_t address, uint64_t addend);
  void clear(uint64_t address);
  // Forgets `pages` pages from the virtual address `first` on. Only what was ever set is touched.
  void clear_range(uint64_t first, uint64_t pages);
  void clear_all();

  static constexpr size_t kChunk = 512;  // entries in a page of the table

 private:
  void use(size_t chunk);
  static size_t index_of(uint64_t address) { return (address >> core::kPageShift) & (kEntries - 1); }

  uint64_t* entries_ = nullptr;
  uint8_t* used_ = nullptr;  // by chunk: something in it was set since it was zero. Behind the entries, in the same reservation
  std::vector<uint32_t> chunks_;  // those that are used
};

// Of one half, for reading and for writing.
struct ShadowPair {
  ShadowTable reads, writes;
  void release() {
    reads.release();
    writes.release();
  }
  bool reserve() { return writes.entries() || ((reads.entries() || reads.reserve()) && writes.reserve()); }
  [[nodiscard]] bool knows(uint64_t address) const { return reads.knows(address) || writes.knows(address); }
  void clear(uint64_t address) {
    reads.clear(address);
    writes.clear(address);
  }
  void clear_range(uint64_t first, uint64_t pages) {
    reads.clear_range(first, pages);
    writes.clear_range(first, pages);
  }
  void clear_all() {
    reads.clear_all();
    writes.clear_all();
  }
};

}  // namespace vitrine::mmu
