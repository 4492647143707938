// SPDX-License-Identifier: MIT
// Causes of guest traps as rows (trap_rows.inc): their names, their words, and the kind of exit that leads to each. What a
// guest trap does: handler.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/events.h"

namespace vitrine::riscv {

inline constexpr uint64_t kInterruptCause = uint64_t{1} << 63;  // in xcause

struct TrapRow {
  enum class Value : uint8_t { kNothing, kAddress, kBits };  // what xtval holds
  uint64_t cause;          // as xcause has it
  std::string_view name;   // kebab case
  std::string_view words;  // "load page fault"
  Value value;
  core::EventKind exit;
};

[[nodiscard]] std::span<const TrapRow> trap_rows();
// nullptr: the architecture reserves this cause.
[[nodiscard]] const TrapRow* find_trap(uint64_t cause);

}  // namespace vitrine::riscv
