// SPDX-License-Identifier: MIT
// The table of trap causes.
#include "isa/riscv/traps.h"

#include <algorithm>
#include <iterator>

namespace vitrine::riscv {
namespace {

constexpr TrapRow kTraps[] = {
#define TRAP(interrupt, number, name, words, value, exit) \
  {(interrupt ? kInterruptCause : 0) | number, name, words, TrapRow::Value::value, core::EventKind::exit},
#include "isa/riscv/trap_rows.inc"
#undef TRAP
};

}  // namespace

std::span<const TrapRow> trap_rows() { return kTraps; }

const TrapRow* find_trap(uint64_t cause) {
  const auto* const row = std::find_if(std::begin(kTraps), std::end(kTraps), [&](const TrapRow& r) { return r.cause == cause; });
  return row == std::end(kTraps) ? nullptr : row;
}

}  // namespace vitrine::riscv
