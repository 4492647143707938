// SPDX-License-Identifier: MIT
// The page walk, as the privileged spec writes it (4.3.2 for Sv32, 4.4 to 4.6 for Sv39, Sv48, Sv57), with
// Svadu/Svade, Svnapot and Svpbmt. It has no cache and no state: this file is what address translation *is*.
// What makes it fast lives in mmu/address_spaces.h, which a first reader can skip.
#pragma once

#include <cstdint>

#include "core/guest_ram.h"
#include "core/memory_port.h"
#include "mmu/pmp.h"

namespace vitrine::mmu {

// satp.MODE
enum class Mode : uint8_t { kBare = 0, kSv39 = 8, kSv48 = 9, kSv57 = 10 };

inline Mode mode_of(uint64_t satp) { return static_cast<Mode>(satp >> 60); }
inline unsigned levels_of(Mode mode) { return static_cast<unsigned>(mode) - 5; }  // Sv39: 3, Sv48: 4, Sv57: 5

// A page-table entry:  63 N | 62:61 PBMT | 60:54 reserved | 53:10 PPN | 9:8 RSW | 7 D | 6 A | 5 G | 4 U | 3 X
// | 2 W | 1 R | 0 V
enum PteBit : uint64_t {
  kPteV = 1 << 0,
  kPteR = 1 << 1,
  kPteW = 1 << 2,
  kPteX = 1 << 3,
  kPteU = 1 << 4,
  kPteG = 1 << 5,
  kPteA = 1 << 6,
  kPteD = 1 << 7,
};
inline constexpr uint64_t kPteReserved = uint64_t{0x7f} << 54;
inline constexpr uint64_t kPteMemoryType = uint64_t{3} << 61;
inline constexpr uint64_t kPteNapot = uint64_t{1} << 63;

inline constexpr unsigned kMaxLevels = 5;

struct Walk {
  core::FaultKind fault = core::FaultKind::kNone;
  const char* reason = "";                    // which check refused, in words; static storage
  core::GuestPhys physical;                   // of the byte that was asked for
  uint64_t pte = 0;                           // the leaf entry, after any update of A and D
  unsigned level = 0;                         // of the leaf: 0 is a 4 KiB page, 1 is 2 MiB, ...
  unsigned depth = 0;                         // entries that were read
  core::GuestPhys entry_at[kMaxLevels] = {};  // where they are, root first
};

// What the walk needs to know of the machine.
struct WalkMemory {
  core::GuestRam& ram;
  const Pmp& pmp;
  bool update_ad = true;  // false: only look (a debugger); the result is as if A and D were set
};

// Translates `at` for an access of `kind` at `privilege` (0 U or 1 S; M and bare mode never walk).
Walk page_walk(const WalkMemory& memory, const core::TranslationContext& context, core::GuestVirt at,
               core::AccessKind kind, unsigned privilege) noexcept;

// Of a leaf that a walk found earlier: may this access use it as it is (A is set, and D for a store)?
bool leaf_permits(uint64_t pte, const core::TranslationContext& context, core::AccessKind kind,
                  unsigned privilege) noexcept;
// The same of an entry of a leaf table that no walk has looked at: would a walk end there, and change nothing?
bool entry_permits(uint64_t pte, const core::TranslationContext& context, core::AccessKind kind, unsigned privilege) noexcept;
// Where it leads; `level` is the leaf's.
core::GuestPhys leaf_address(uint64_t pte, unsigned level, core::GuestVirt at) noexcept;

}  // namespace vitrine::mmu
