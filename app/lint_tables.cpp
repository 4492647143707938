// SPDX-License-Identifier: MIT
// Page-table entries that were used, changed, and used again.
#include "app/lint_tables.h"

#include <fmt/format.h>

namespace vitrine::app {
namespace {

constexpr uint64_t kPpn = ((uint64_t{1} << 44) - 1) << 10;
constexpr uint64_t kRights = mmu::kPteR | mmu::kPteW | mmu::kPteX | mmu::kPteU;

// Is there something that the old entry allows and the new one does not? More rights, A, D and the bits for
// software need no fence: the worst is a fault too many, which handlers expect.
bool takes_away(uint64_t before, uint64_t after) {
  if (!(before & mmu::kPteV)) return false;
  if (!(after & mmu::kPteV) || (before ^ after) & kPpn) return true;
  return before & ~after & kRights;
}

// Would this access have come to the same by the old entry, which was at `level`? Then it does not matter
// which one is used: a superpage is split, or a page becomes read-only and is read.
bool same_outcome(uint64_t before, unsigned level, uint64_t address, const mmu::Walk& walk) {
  if (walk.fault != core::FaultKind::kNone || !(before & (mmu::kPteR | mmu::kPteX))) return false;
  return mmu::leaf_address(before, level, {address}) == walk.physical;
}

std::string entry_text(uint64_t pte) {
  std::string flags;
  for (unsigned bit = 0; bit < 8; ++bit) flags += pte >> (7 - bit) & 1 ? "dagUxwrv"[bit] : '-';
  return fmt::format("{:#x} {}", (pte & kPpn) << 2, flags);
}

}  // namespace

std::string LintTables::used(unsigned hart, uint64_t satp, uint64_t address, const mmu::Walk& walk) {
  std::string wrong;
  for (unsigned i = 0; i < walk.depth; ++i) {
    const uint64_t at = walk.entry_at[i].value;
    if (const auto found = changed_.find(at); found != changed_.end() && found->second.harts >> hart & 1) {
      Changed& changed = found->second;
      const bool same_space = changed.satp == satp || changed.before & mmu::kPteG;
      if (same_space && !same_outcome(changed.before, walk.level + (walk.depth - 1 - i), address, walk)) {
        wrong = fmt::format(
            "{:#x} is translated by the entry at {:#x}, which was {} until step {}, when pc {:#x} made it {}",
            address, at, entry_text(changed.before), changed.step, changed.pc, entry_text(changed.after));
        changed.harts &= ~(1u << hart);
        if (changed.harts == 0) changed_.erase(found);
      }
    }
    Used& used = used_[at];
    if (used.satp != satp) used = {.satp = satp};
    used.harts |= 1u << hart;
    used.table = i + 1 < walk.depth ? walk.entry_at[i + 1].value & core::kPageMask : 0;
  }
  return wrong;
}

void LintTables::written(const core::EventPlace& place, uint64_t entry_at, uint64_t before, uint64_t after) {
  if (!takes_away(before, after)) return;
  const auto found = used_.find(entry_at);
  if (found == used_.end()) return;
  const Used used = found->second;
  used_.erase(found);
  changed_[entry_at] = {used.satp, used.table, before, after, place.pc, place.step, used.harts};
}

template <typename Named>
void LintTables::fence(uint32_t harts, Named named) {
  for (auto entry = changed_.begin(); entry != changed_.end();) {
    Changed& changed = entry->second;
    if (named(entry->first)) changed.harts &= ~harts;
    if (changed.harts != 0) {
      ++entry;
      continue;
    }
    const uint64_t table = changed.table;
    entry = changed_.erase(entry);
    if (table != 0) forget_table(table);
  }
}

void LintTables::forget_table(uint64_t table) {
  for (uint64_t at = table; at < table + core::kPageSize; at += 8) {
    const auto found = used_.find(at);
    if (found == used_.end()) continue;
    const uint64_t below = found->second.table;
    used_.erase(found);  // first: a table may lead to itself
    if (below != 0) forget_table(below);
  }
}

void LintTables::fence_all(unsigned hart) {
  fence(1u << hart, [](uint64_t) { return true; });
}

void LintTables::fence_everybody() {
  fence(~0u, [](uint64_t) { return true; });
}

void LintTables::fence_address(unsigned hart, uint64_t address) {
  fence(1u << hart, [&](uint64_t entry_at) {
    const uint64_t index = entry_at >> 3 & 511;
    for (unsigned level = 0; level < mmu::kMaxLevels; ++level)
      if ((address >> (core::kPageShift + 9 * level) & 511) == index) return true;
    return false;
  });
}

}  // namespace vitrine::app
