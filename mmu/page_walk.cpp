// SPDX-License-Identifier: MIT
// The page walk with the spec's step numbers: privileged spec, "Virtual Address Translation Process".
#include "mmu/page_walk.h"

#include <cstring>

namespace vitrine::mmu {
namespace {

using core::AccessKind;
using core::FaultKind;

Walk& refuse(Walk& walk, FaultKind fault, const char* reason) {
  walk.fault = fault;
  walk.reason = reason;
  return walk;
}

constexpr unsigned kIndexBits = 9;
constexpr uint64_t kPpnMask = (uint64_t{1} << 44) - 1;

uint64_t vpn(core::GuestVirt at, unsigned level) {
  return (at.value >> (core::kPageShift + kIndexBits * level)) & ((1u << kIndexBits) - 1);
}

// "Instruction fetch addresses and load and store effective addresses, which are 64 bits, must have bits
// 63-39 all equal to bit 38, or else a page-fault exception will occur" (4.4.1; 47 and 56 for Sv48 and Sv57).
bool is_canonical(core::GuestVirt at, unsigned levels) {
  const unsigned unused = 64 - (core::kPageShift + kIndexBits * levels);
  return static_cast<uint64_t>(static_cast<int64_t>(at.value << unused) >> unused) == at.value;
}

// Step 3, second half: is the entry malformed? nullptr if not.
const char* malformed(uint64_t pte, const core::TranslationContext& context) {
  if (!(pte & kPteV)) return "the entry is not valid (V = 0)";
  if ((pte & kPteW) && !(pte & kPteR))
    return "the entry is writable and not readable (W = 1, R = 0: reserved)";
  if (pte & kPteReserved) return "the entry has reserved bits set (60:54)";
  if ((pte & kPteNapot) && !context.napot) return "the entry has N set (63), and there is no Svnapot";
  const uint64_t type = (pte & kPteMemoryType) >> 61;
  if (type != 0 && !context.memory_types)
    return "the entry has a memory type, and Svpbmt is not enabled (menvcfg.PBMTE = 0)";
  if (type == 3) return "the entry has the reserved memory type 3";
  return nullptr;
}

// Steps 5 and 6: may this access use the leaf?
const char* forbidden(uint64_t pte, const core::TranslationContext& context, AccessKind kind,
                      unsigned privilege) {
  if (privilege == 0 && !(pte & kPteU) && !context.ignores_user) return "a supervisor page is used in user mode (U = 0)";
  if (privilege == 1 && (pte & kPteU)) {
    if (kind == AccessKind::kFetch) return "supervisor mode never executes a user page";
    if (!context.sum) return "supervisor mode uses a user page without SUM";
  }
  switch (kind) {
    case AccessKind::kFetch: return pte & kPteX ? nullptr : "the page is not executable (X = 0)";
    case AccessKind::kStore: return pte & kPteW ? nullptr : "the page is not writable (W = 0)";
    default: break;
  }
  if ((pte & kPteR) || (context.mxr && (pte & kPteX))) return nullptr;
  return "the page is not readable (R = 0)";
}

// What has to be set in the leaf.
uint64_t accessed_dirty(const core::TranslationContext& context, AccessKind kind) {
  return kind == AccessKind::kStore && !context.ignores_dirty ? uint64_t{kPteA} | kPteD : uint64_t{kPteA};
}

// Step 7: A and D. Returns false if the walk is refused. The update is one store of ours that nothing can
// come between (harts run in turn), which is the atomicity that Svadu asks for.
bool update_accessed_dirty(const WalkMemory& memory, const core::TranslationContext& context, Walk& walk,
                           AccessKind kind) {
  const uint64_t wanted = accessed_dirty(context, kind);
  if ((walk.pte & wanted) == wanted) return true;
  if (!context.hardware_ad) {
    refuse(walk, FaultKind::kPage, "A or D is clear, and hardware does not set it (Svade)");
    return false;
  }
  walk.pte |= wanted;
  if (!memory.update_ad) return true;
  const core::GuestPhys at = walk.entry_at[walk.depth - 1];
  if (!pmp_allows(memory.pmp, at, 8, AccessKind::kStore, 1)) {
    refuse(walk, FaultKind::kAccess, "PMP forbids the update of A or D");
    return false;
  }
  memory.ram.announce_before(at, 8);
  std::memcpy(memory.ram.host(at), &walk.pte, 8);
  memory.ram.announce_after(at, 8);
  return true;
}

// Leaf checks and the address, from step 5 on.
Walk& finish(const WalkMemory& memory, const core::TranslationContext& context, core::GuestVirt at,
             AccessKind kind, unsigned privilege, Walk& walk) {
  // Step 5 (and 6 in the order of newer editions): permissions.
  if (const char* why = forbidden(walk.pte, context, kind, privilege))
    return refuse(walk, FaultKind::kPage, why);
  const uint64_t ppn = (walk.pte >> 10) & kPpnMask;
  // Step 6: a superpage must be aligned to its size.
  const uint64_t low = (uint64_t{1} << (kIndexBits * walk.level)) - 1;
  if (ppn & low) return refuse(walk, FaultKind::kPage, "the superpage is not aligned to its size");
  if ((walk.pte & kPteNapot) &&
      (walk.level != 0 || (ppn & 0xf) != 0x8))  // Svnapot: only 64 KiB, ppn[3:0] = 1000
    return refuse(walk, FaultKind::kPage, "the NAPOT encoding is reserved");
  if (!update_accessed_dirty(memory, context, walk, kind)) return walk;
  // Step 8: the translation is successful.
  walk.physical = leaf_address(walk.pte, walk.level, at);
  return walk;
}

}  // namespace

bool leaf_permits(uint64_t pte, const core::TranslationContext& context, AccessKind kind,
                  unsigned privilege) noexcept {
  const uint64_t wanted = accessed_dirty(context, kind);
  return (pte & wanted) == wanted && !forbidden(pte, context, kind, privilege);
}

bool entry_permits(uint64_t pte, const core::TranslationContext& context, core::AccessKind kind, unsigned privilege) noexcept {
  if (malformed(pte, context) || !(pte & (kPteR | kPteX))) return false;
  if (pte & kPteNapot) return false;  // not worth the check of its encoding
  return leaf_permits(pte, context, kind, privilege);
}

core::GuestPhys leaf_address(uint64_t pte, unsigned level, core::GuestVirt at) noexcept {
  const uint64_t ppn = (pte >> 10) & kPpnMask;
  const uint64_t from_address = pte & kPteNapot ? 0xf : (uint64_t{1} << (kIndexBits * level)) - 1;
  return {((ppn & ~from_address) | ((at.value >> core::kPageShift) & from_address)) << core::kPageShift |
          at.page_offset()};
}

Walk page_walk(const WalkMemory& memory, const core::TranslationContext& context, core::GuestVirt at,
               AccessKind kind, unsigned privilege) noexcept {
  Walk walk;
  const unsigned levels = levels_of(mode_of(context.satp));
  if (!is_canonical(at, levels)) return refuse(walk, FaultKind::kPage, "the address is not canonical");
  // Step 1: a = satp.ppn * PAGESIZE, i = LEVELS - 1.
  uint64_t table = (context.satp & kPpnMask) << core::kPageShift;
  for (unsigned i = levels; i-- > 0;) {
    // Step 2: pte = the entry at a + va.vpn[i] * PTESIZE; PMA and PMP may refuse.
    const core::GuestPhys entry{table + vpn(at, i) * 8};
    walk.entry_at[walk.depth++] = entry;
    walk.level = i;
    if (!memory.ram.contains(entry, 8))
      return refuse(walk, FaultKind::kAccess, "the page table is not in RAM");
    if (!pmp_allows(memory.pmp, entry, 8, AccessKind::kLoad, 1))
      return refuse(walk, FaultKind::kAccess, "PMP forbids the read of the page table");
    std::memcpy(&walk.pte, memory.ram.host(entry), 8);
    // Step 3.
    if (const char* why = malformed(walk.pte, context)) return refuse(walk, FaultKind::kPage, why);
    // Step 4: a leaf, or on to the next level.
    if (walk.pte & (kPteR | kPteX)) return finish(memory, context, at, kind, privilege, walk);
    if (walk.pte & (kPteA | kPteD | kPteU | kPteMemoryType | kPteNapot))
      return refuse(walk, FaultKind::kPage, "a pointer to a table has A, D, U, PBMT or N set (reserved)");
    table = ((walk.pte >> 10) & kPpnMask) << core::kPageShift;
  }
  return refuse(walk, FaultKind::kPage, "the last level holds no leaf");
}

}  // namespace vitrine::mmu
