// SPDX-License-Identifier: MIT
// Page tables for guest tests, made as an operating system would make them (privileged spec 10.3 to 10.6).
// Nothing here knows how the emulator walks them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>

#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {

namespace pte {
inline constexpr uint64_t V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128;
inline constexpr uint64_t kReserved = uint64_t{0x7f} << 54, kPbmtNc = uint64_t{1} << 61,
                          kPbmtIo = uint64_t{2} << 61, kPbmtReserved = uint64_t{3} << 61,
                          N = uint64_t{1} << 63;
inline constexpr uint64_t kRead = V | R | A, kReadWrite = V | R | W | A | D, kExecute = V | R | X | A,
                          kAll = V | R | W | X | A | D;
constexpr uint64_t make(uint64_t physical, uint64_t flags) { return (physical >> 12 << 10) | flags; }
}  // namespace pte

class PageTables {
 public:
  // Tables come from `pool` upwards, the root first. levels: 3 Sv39, 4 Sv48, 5 Sv57.
  explicit PageTables(Bench& bench, uint64_t pool = kTables, unsigned levels = 3)
      : bench_(bench), levels_(levels), root_(pool), next_(pool + 0x1000) {}

  [[nodiscard]] uint64_t root() const { return root_; }
  [[nodiscard]] uint64_t satp(uint64_t asid = 0) const {
    return uint64_t{levels_ + 5} << 60 | asid << 44 | root_ >> 12;
  }
  // Where the entry for an address is, at a level; tables above it are made.
  uint64_t entry(uint64_t address, unsigned level = 0) {
    uint64_t table = root_;
    for (unsigned i = levels_ - 1; i > level; --i) {
      const uint64_t at = table + index(address, i) * 8;
      if (!(bench_.read64(at) & pte::V)) {
        bench_.write64(at, pte::make(next_, pte::V));
        next_ += 0x1000;
      }
      table = bench_.read64(at) >> 10 << 12;
    }
    return table + index(address, level) * 8;
  }
  // One page, or superpage; returns where its entry is.
  uint64_t map(uint64_t address, uint64_t physical, uint64_t flags, unsigned level = 0) {
    const uint64_t at = entry(address, level);
    bench_.write64(at, pte::make(physical, flags));
    return at;
  }
  void map_range(uint64_t address, uint64_t physical, uint64_t size, uint64_t flags) {
    for (uint64_t i = 0; i < size; i += 0x1000) map(address + i, physical + i, flags);
  }
  // Neighbours for the guest, which need not be any in memory.
  void map_pages(uint64_t address, std::initializer_list<uint64_t> physical, uint64_t flags) {
    for (const uint64_t page : physical) map(std::exchange(address, address + 0x1000), page, flags);
  }
  // The first megabyte of RAM at its own addresses, for the supervisor: handlers, code, data.
  PageTables& identity() {
    map_range(kRam, kRam, 0x10'0000, pte::kAll);
    return *this;
  }

 private:
  static uint64_t index(uint64_t address, unsigned level) { return (address >> (12 + 9 * level)) & 511; }
  Bench& bench_;
  unsigned levels_;
  uint64_t root_;
  uint64_t next_;
};

}  // namespace vitrine::bench
