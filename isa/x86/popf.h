// SPDX-License-Identifier: MIT
// POPF, executed here in user mode: the instruction by which x86 without hardware assistance fails Popek and
// Goldberg's condition. "When CPL > IOPL, IF is left unchanged, and no exception is raised" (Intel SDM volume
// 2, POPF).
#pragma once

#include <cstdint>

namespace vitrine::x86 {

inline constexpr uint64_t kCarryFlag = 1, kInterruptFlag = uint64_t{1} << 9;

struct Popf {
  unsigned cpl = 0, iopl = 0;
  uint64_t before = 0, wanted = 0, after = 0;  // flags, read by pushf before and after popf of `wanted`
  bool trapped = false;

  // The other flag that was asked for did change: it did something.
  [[nodiscard]] bool carry_changed() const { return ((before ^ after) & kCarryFlag) != 0; }
  [[nodiscard]] bool interrupt_flag_changed() const { return ((before ^ after) & kInterruptFlag) != 0; }
};

// Asks for the inverse of IF and CF. The flags are as before when it returns. Not while another thread cares
// about SIGSEGV, whose handler it borrows.
Popf execute_popf();

}  // namespace vitrine::x86
