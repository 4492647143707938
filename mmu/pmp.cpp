// SPDX-License-Identifier: MIT
// PMP matching, privileged spec 3.7.1.
#include "mmu/pmp.h"

#include <bit>

namespace vitrine::mmu {
namespace {

// A range as first and last byte, so that one that ends at the top of the address space needs no 65th bit.
struct Range {
  bool empty;
  uint64_t first;
  uint64_t last;
};

enum Matching : uint8_t { kOff = 0, kTor = 1, kNa4 = 2, kNapot = 3 };

Range range_of(const Pmp& pmp, unsigned i) {
  const uint64_t address = pmp.address[i];
  switch ((pmp.config[i] & kPmpA) >> 3) {
    case kTor: {
      const uint64_t from = i == 0 ? 0 : pmp.address[i - 1] << 2;
      const uint64_t to = address << 2;
      return {from >= to, from, to - 1};
    }
    case kNa4: return {false, address << 2, (address << 2) + 3};
    case kNapot: {
      // yyyy...y011..1 with n ones: 2^(n+3) bytes. All 54 bits set is the whole address space.
      const unsigned ones = static_cast<unsigned>(std::countr_one(address));
      if (ones >= 54) return {false, 0, ~uint64_t{0}};
      const uint64_t size = uint64_t{8} << ones;
      const uint64_t base = (address & ~((uint64_t{1} << ones) - 1)) << 2;
      return {false, base, base + size - 1};
    }
    default: return {true, 0, 0};
  }
}

uint8_t wanted(core::AccessKind kind) {
  switch (kind) {
    case core::AccessKind::kLoad: return kPmpR;
    case core::AccessKind::kStore: return kPmpW;
    default: return kPmpX;
  }
}

}  // namespace

bool pmp_allows(const Pmp& pmp, core::GuestPhys at, uint64_t size, core::AccessKind kind,
                unsigned privilege) {
  if (!pmp.enabled) return true;
  const uint64_t first = at.value;
  const uint64_t last = at.value + size - 1;
  for (unsigned i = 0; i < kPmpEntries; ++i) {
    const Range range = range_of(pmp, i);
    if (range.empty || last < range.first || first > range.last) continue;
    if (first < range.first || last > range.last) return false;  // matches some bytes, not all
    if (privilege == 3 && !(pmp.config[i] & kPmpL)) return true;
    return pmp.config[i] & wanted(kind);
  }
  return privilege == 3;  // no match: M may, S and U may not (at least one entry is implemented)
}

bool pmp_uniform_in_page(const Pmp& pmp, core::GuestPhys page) {
  if (!pmp.enabled) return true;
  const uint64_t first = page.value & core::kPageMask;
  const uint64_t last = first + core::kPageSize - 1;
  for (unsigned i = 0; i < kPmpEntries; ++i) {
    const Range range = range_of(pmp, i);
    if (range.empty || last < range.first || first > range.last) continue;
    return first >= range.first && last <= range.last;
  }
  return true;
}

}  // namespace vitrine::mmu
