// SPDX-License-Identifier: MIT
// Words for causes, places and dead ends.
#include "app/diagnosis.h"

#include <fmt/format.h>

namespace vitrine::app {
namespace {

using riscv::Hart;
using riscv::Privilege;

// Privileged specification, table 3.6 (exceptions) and the interrupt numbers beside it.
struct CauseRow {
  uint64_t cause;
  const char* words;
  bool has_address;  // xtval is the address
};
constexpr uint64_t kInterrupt = uint64_t{1} << 63;
constexpr CauseRow kCauses[] = {
    {0, "instruction address misaligned", true},
    {1, "instruction access fault", true},
    {2, "illegal instruction", false},
    {3, "breakpoint", true},
    {4, "load address misaligned", true},
    {5, "load access fault", true},
    {6, "store address misaligned", true},
    {7, "store access fault", true},
    {8, "environment call from U mode", false},
    {9, "environment call from S mode", false},
    {11, "environment call from M mode", false},
    {12, "instruction page fault", true},
    {13, "load page fault", true},
    {15, "store page fault", true},
    {kInterrupt | 1, "supervisor software interrupt", false},
    {kInterrupt | 3, "machine software interrupt", false},
    {kInterrupt | 5, "supervisor timer interrupt", false},
    {kInterrupt | 7, "machine timer interrupt", false},
    {kInterrupt | 9, "supervisor external interrupt", false},
    {kInterrupt | 11, "machine external interrupt", false},
    {kInterrupt | 13, "counter overflow interrupt", false},
};

const riscv::TrapCsrs& trap_registers(const Hart& hart) {
  return hart.privilege == Privilege::kMachine ? hart.csr.m : hart.csr.s;
}

std::string symbol_text(const Machine& machine, uint64_t pc) {
  for (const auto* image : {&machine.boot().kernel_image, &machine.boot().firmware_image}) {
    if (!*image) continue;
    if (std::string text = (*image)->symbols.text(pc); !text.empty()) return text;
  }
  return {};
}

std::string address_text(const Machine& machine, uint64_t address) {
  const std::string symbol = symbol_text(machine, address);
  return symbol.empty() ? fmt::format("{:#x}", address) : fmt::format("{:#x} ({})", address, symbol);
}

const char* state_of(const Hart& hart) {
  if (hart.stopped) return "is stopped, as firmware leaves it";
  if (hart.waiting) return "waits (wfi)";
  return "runs";
}

std::string with_article(const std::string& words) {
  const bool vowel = std::string_view("aeiou").find(words[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + words;
}

std::string enabled_interrupts(const Hart& hart) {
  std::string names;
  for (const CauseRow& row : kCauses) {
    if (!(row.cause & kInterrupt) || !(hart.csr.mie >> (row.cause & 63) & 1)) continue;
    names += (names.empty() ? "" : ", ") + std::string(row.words);
  }
  return names.empty() ? "none" : names;
}

}  // namespace

const char* privilege_name(Privilege privilege) {
  switch (privilege) {
    case Privilege::kUser: return "U mode";
    case Privilege::kSupervisor: return "S mode";
    case Privilege::kMachine: return "M mode";
  }
  return "";
}

std::string cause_text(uint64_t cause, uint64_t tval) {
  for (const CauseRow& row : kCauses) {
    if (row.cause != cause) continue;
    if (row.has_address) return fmt::format("{} at address {:#x}", row.words, tval);
    if (cause == 2) return fmt::format("{} ({:#010x})", row.words, tval);
    return row.words;
  }
  return fmt::format("cause {:#x}, value {:#x}", cause, tval);
}

std::string cause_name(uint64_t cause) {
  for (const CauseRow& row : kCauses)
    if (row.cause == cause) return row.words;
  return fmt::format("cause {:#x}", cause);
}

std::string where_is(const Machine& machine, const Hart& hart) {
  return fmt::format("{} at {}", privilege_name(hart.privilege), address_text(machine, hart.pc));
}

std::string harts_text(const Machine& machine) {
  std::string text;
  for (unsigned i = 0; i < machine.hart_count(); ++i) {
    const Hart& hart = machine.hart(i);
    text += fmt::format("\n  hart {} {}, {}", i, state_of(hart), where_is(machine, hart));
    const riscv::TrapCsrs& trap = trap_registers(hart);
    if (trap.epc || trap.cause)
      text += fmt::format("; its last trap into {} was {} at pc {}",
                          privilege_name(hart.privilege == Privilege::kMachine ? Privilege::kMachine
                                                                               : Privilege::kSupervisor),
                          with_article(cause_text(trap.cause, trap.tval)), address_text(machine, trap.epc));
  }
  return text;
}

std::string fault_loop_text(const Machine& machine) {
  // The hart that looped had the last turn.
  const Hart* hart = &machine.hart(0);
  for (unsigned i = 0; i < machine.hart_count(); ++i)
    if (machine.hart(i).running) hart = &machine.hart(i);
  const riscv::TrapCsrs& trap = trap_registers(*hart);
  const char mode = hart->privilege == Privilege::kMachine ? 'm' : 's';
  std::string text = fmt::format(
      "Fault loop: hart {} traps at the first instruction of its trap handler, again and again.\n"
      "  {}, cause {} ({}cause {:#x}).\n",
      hart->id, where_is(machine, *hart), cause_text(trap.cause, trap.tval), mode, trap.cause);
  if (const Machine::Trap& first = machine.first_trap(hart->id); first.pc != trap.epc)
    text += fmt::format("  It began with {} at pc {}.\n", with_article(cause_text(first.cause, first.tval)),
                        address_text(machine, first.pc));
  if (trap.tvec < 4)
    text +=
        fmt::format("  {}tvec is {:#x}: the guest trapped before it had set up a handler.", mode, trap.tvec);
  else
    text += fmt::format("  Nothing can be run at the handler's address ({}tvec {:#x}).", mode, trap.tvec);
  return text;
}

std::string nothing_wakes_text(const Machine& machine, std::string_view why_no_input) {
  std::string text = fmt::format(
      "Nothing can wake the machine: every hart waits, no timer is set, no device works on anything, and {}.",
      why_no_input);
  text += harts_text(machine);
  for (unsigned i = 0; i < machine.hart_count(); ++i) {
    const Hart& hart = machine.hart(i);
    if (hart.waiting && !hart.stopped)
      text += fmt::format("\n  hart {} would wake for: {}", i, enabled_interrupts(hart));
  }
  return text;
}

}  // namespace vitrine::app
