// SPDX-License-Identifier: MIT
// Words for causes, places and dead ends.
#include "app/diagnosis.h"

#include <fmt/format.h>

#include "isa/riscv/traps.h"

namespace vitrine::app {
namespace {

using riscv::Hart;
using riscv::Privilege;

using Value = riscv::TrapRow::Value;

const riscv::TrapCsrs& trap_registers(const Hart& hart) {
  return hart.privilege == Privilege::kMachine ? hart.csr.m : hart.csr.s;
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
  for (const riscv::TrapRow& row : riscv::trap_rows()) {
    if (!(row.cause & riscv::kInterruptCause) || !(hart.csr.mie >> (row.cause & 63) & 1)) continue;
    names += (names.empty() ? "" : ", ") + std::string(row.words);
  }
  return names.empty() ? "none" : names;
}

std::vector<const core::SymbolTable*> symbols_of(const Machine& machine) {
  std::vector<const core::SymbolTable*> all;
  for (const auto* image : {&machine.boot().kernel_image, &machine.boot().firmware_image})
    if (*image) all.push_back(&(*image)->symbols);
  for (const core::SymbolTable& symbols : machine.more_symbols()) all.push_back(&symbols);
  return all;
}

}  // namespace

std::string symbol_text(const Machine& machine, uint64_t pc) {
  for (const core::SymbolTable* symbols : symbols_of(machine))
    if (std::string text = symbols->text(pc); !text.empty()) return text;
  return {};
}

std::optional<uint64_t> symbol_at(const Machine& machine, std::string_view name) {
  for (const core::SymbolTable* symbols : symbols_of(machine))
    if (const auto found = symbols->find(name)) return found;
  return std::nullopt;
}

std::optional<uint64_t> symbol_of(const Machine& machine, uint64_t address) {
  for (const core::SymbolTable* symbols : symbols_of(machine))
    if (const auto found = symbols->nearest(address)) return address - found->offset;
  return std::nullopt;
}

std::string address_text(const Machine& machine, uint64_t address) {
  const std::string symbol = symbol_text(machine, address);
  return symbol.empty() ? fmt::format("{:#x}", address) : fmt::format("{:#x} ({})", address, symbol);
}

const char* privilege_name(Privilege privilege) {
  switch (privilege) {
    case Privilege::kUser: return "U mode";
    case Privilege::kSupervisor: return "S mode";
    case Privilege::kMachine: return "M mode";
  }
  return "";
}

std::string cause_text(uint64_t cause, uint64_t tval) {
  const riscv::TrapRow* const row = riscv::find_trap(cause);
  if (!row) return fmt::format("cause {:#x}, value {:#x}", cause, tval);
  switch (row->value) {
    case Value::kAddress: return fmt::format("{} at address {:#x}", row->words, tval);
    case Value::kBits: return fmt::format("{} ({:#010x})", row->words, tval);
    case Value::kNothing: break;
  }
  return std::string(row->words);
}

std::string cause_name(uint64_t cause) {
  const riscv::TrapRow* const row = riscv::find_trap(cause);
  return row ? std::string(row->words) : fmt::format("cause {:#x}", cause);
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
