// SPDX-License-Identifier: MIT
// A linear shadow page table: one 8-byte addend for each 4 KiB page of a 39-bit address space, so that a translation is
// one load: host address = guest-virtual address + addend. 0: nothing is known. A gigabyte of address space is reserved
// for it; memory is used only where entries are, a page of it for 2 MiB of guest addresses.
//
// It serves Sv39 and bare addresses. Address bits 63:38 must be all equal: whoever looks up checks that first (canonical()),
// so a wild address never indexes outside the table. See address_spaces.h for who fills and who revokes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/address.h"
#include "core/memory_port.h"

namespace vitrine::mmu {

class ShadowTable {
 public:
  static constexpr unsigned kIndexBits = core::kShadowAddressBits - core::kPageShift;
  static constexpr size_t kEntries = size_t{1} << kIndexBits;

  ShadowTable() = default;
  ~ShadowTable();
  ShadowTable(const ShadowTable&) = delete;
  ShadowTable& operator=(const ShadowTable&) = delete;

  // False if the host does not give so much address space; the table then stays empty.
  bool reserve();
  [[nodiscard]] uint64_t* entries() const { return entries_; }

  static bool canonical(uint64_t address) {
    const auto top = static_cast<int64_t>(address) >> (core::kShadowAddressBits - 1);
    return top == 0 || top == -1;
  }
  [[nodiscard]] uint64_t& at(uint64_t address) const {
    return entries_[(address >> core::kPageShift) & (kEntries - 1)];
  }
  // Forgets pages [first, first + pages) by virtual address of the first.
  void clear(uint64_t first, uint64_t pages);
  void clear_all();

 private:
  uint64_t* entries_ = nullptr;
};

}  // namespace vitrine::mmu
