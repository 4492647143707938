// SPDX-License-Identifier: MIT
// Physical memory protection: 16 entries (privileged spec 3.7). Pure data and checks; the CSRs are in
// isa/riscv.
#pragma once

#include <cstdint>
#include <span>

#include "core/address.h"
#include "core/memory_port.h"

namespace vitrine::mmu {

inline constexpr unsigned kPmpEntries = 16;

// pmpcfg fields: L 0 0 A A X W R
enum PmpConfig : uint8_t { kPmpR = 1, kPmpW = 2, kPmpX = 4, kPmpA = 3 << 3, kPmpL = 0x80 };

// The registers, worked out once when they are written: an access asks several times, a guest changes them
// hardly ever.
class Pmp {
 public:
  Pmp() = default;
  // `present` false: a hart without PMP, everything is permitted (-cpu rv64,pmp=false). `address` as in
  // pmpaddr: bits 55:2 of a physical address.
  Pmp(bool present, std::span<const uint8_t> config, std::span<const uint64_t> address);

  // An entry that is not off, as first and last byte, so that one that ends at the top needs no 65th bit.
  struct Region {
    uint64_t first;
    uint64_t last;
    uint8_t config;
  };
  [[nodiscard]] bool present() const { return present_; }
  [[nodiscard]] std::span<const Region> regions() const { return {regions_, count_}; }  // by falling priority

 private:
  bool present_ = true;
  unsigned count_ = 0;
  Region regions_[kPmpEntries] = {};
};

// "PMP checks succeed only if every byte is permitted": the lowest-numbered entry that matches any byte
// decides, and must match all of them (3.7.1, "priority and matching logic").
[[nodiscard]] bool pmp_allows(const Pmp& pmp, core::GuestPhys at, uint64_t size, core::AccessKind kind,
                              unsigned privilege);

// True if one answer holds for all bytes of the 4 KiB page, for each kind of access: only then may the page
// be cached.
[[nodiscard]] bool pmp_uniform_in_page(const Pmp& pmp, core::GuestPhys page);
// The same for `size` bytes.
[[nodiscard]] bool pmp_uniform(const Pmp& pmp, core::GuestPhys at, uint64_t size);

}  // namespace vitrine::mmu
