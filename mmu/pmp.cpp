// SPDX-License-Identifier: MIT
// PMP matching, privileged spec 3.7.1.
#include "mmu/pmp.h"

#include <bit>

namespace vitrine::mmu {
namespace {

enum Matching : uint8_t { kOff = 0, kTor = 1, kNa4 = 2, kNapot = 3 };

// False: the entry matches nothing.
bool region_of(std::span<const uint8_t> config, std::span<const uint64_t> addresses, unsigned i,
               Pmp::Region& region) {
  const uint64_t address = addresses[i];
  region.config = config[i];
  switch ((config[i] & kPmpA) >> 3) {
    case kTor:
      region.first = i == 0 ? 0 : addresses[i - 1] << 2;
      region.last = (address << 2) - 1;
      return region.first < address << 2;
    case kNa4:
      region.first = address << 2;
      region.last = region.first + 3;
      return true;
    case kNapot: {
      // yyyy...y011..1 with n ones: 2^(n+3) bytes. All 54 bits set is the whole address space.
      const unsigned ones = static_cast<unsigned>(std::countr_one(address));
      const uint64_t size = ones >= 54 ? 0 : uint64_t{8} << ones;
      region.first = ones >= 54 ? 0 : (address & ~((uint64_t{1} << ones) - 1)) << 2;
      region.last = region.first + size - 1;  // size 0: to the top
      return true;
    }
    default: return false;
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

Pmp::Pmp(bool present, std::span<const uint8_t> config, std::span<const uint64_t> address)
    : present_(present) {
  for (unsigned i = 0; i < kPmpEntries; ++i)
    if (region_of(config, address, i, regions_[count_])) ++count_;
}

bool pmp_allows(const Pmp& pmp, core::GuestPhys at, uint64_t size, core::AccessKind kind,
                unsigned privilege) {
  if (!pmp.present()) return true;
  const uint64_t first = at.value;
  const uint64_t last = at.value + size - 1;
  for (const Pmp::Region& region : pmp.regions()) {
    if (last < region.first || first > region.last) continue;
    if (first < region.first || last > region.last) return false;  // matches some bytes, not all
    if (privilege == 3 && !(region.config & kPmpL)) return true;
    return region.config & wanted(kind);
  }
  return privilege == 3;  // no match: M may, S and U may not (at least one entry is implemented)
}

bool pmp_uniform_in_page(const Pmp& pmp, core::GuestPhys page) {
  return pmp_uniform(pmp, {page.value & core::kPageMask}, core::kPageSize);
}

bool pmp_uniform(const Pmp& pmp, core::GuestPhys at, uint64_t size) {
  if (!pmp.present()) return true;
  const uint64_t first = at.value;
  const uint64_t last = first + size - 1;
  for (const Pmp::Region& region : pmp.regions()) {
    if (last < region.first || first > region.last) continue;
    return first >= region.first && last <= region.last;
  }
  return true;
}

}  // namespace vitrine::mmu
