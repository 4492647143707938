// SPDX-License-Identifier: MIT
// An explanation as a paragraph for people who learn this.
#include <fmt/format.h>

#include "app/diagnosis.h"
#include "app/explain.h"
#include "app/paragraph.h"
#include "core/file.h"
#include "isa/riscv/disassembler.h"
#include "isa/riscv/traps.h"

namespace vitrine::app {

using core::AccessKind;
using core::FaultKind;

const char* use_name(AccessKind use) {
  switch (use) {
    case AccessKind::kLoad: return "load";
    case AccessKind::kStore: return "store";
    case AccessKind::kFetch: return "fetch";
  }
  return "";
}

std::string mode_name(mmu::Mode mode) {
  switch (mode) {
    case mmu::Mode::kBare: return "bare";
    case mmu::Mode::kSv39: return "Sv39";
    case mmu::Mode::kSv48: return "Sv48";
    case mmu::Mode::kSv57: return "Sv57";
  }
  return "reserved";
}

bool is_pointer(uint64_t entry) {
  return (entry & mmu::kPteV) && !(entry & (mmu::kPteR | mmu::kPteW | mmu::kPteX));
}

std::string entry_flags(uint64_t entry) {
  static constexpr const char* kNames = "VRWXUGAD";
  std::string flags;
  for (unsigned bit = 0; bit < 8; ++bit)
    if (entry >> bit & 1) flags += (flags.empty() ? "" : " ") + std::string(1, kNames[bit]);
  if (entry & mmu::kPteReserved) flags += " reserved";
  if (entry & mmu::kPteMemoryType) flags += " PBMT";
  if (entry & mmu::kPteNapot) flags += " N";
  return flags.empty() ? "none" : flags;
}

namespace {

constexpr size_t kWidth = 96;

std::string wrapped(std::string_view text, std::string_view head = "") { return paragraph(text, head, kWidth); }

std::string named(uint64_t address, const std::string& symbol) {
  return symbol.empty() ? fmt::format("{:#x}", address) : fmt::format("{:#x} ({})", address, symbol);
}

std::string space_text(uint64_t satp) {
  const mmu::Mode mode = mmu::mode_of(satp);
  if (mode == mmu::Mode::kBare) return "no paging";
  return fmt::format("{} with the root table at {:#x}, ASID {}", mode_name(mode), (satp & ((uint64_t{1} << 44) - 1)) << 12,
                     satp >> 44 & 0xffff);
}

std::string where_text(const Explanation& it) {
  std::string text = fmt::format("Step {}: hart {} in {} at {}", it.step, it.hart, privilege_name(it.privilege),
                                 named(it.pc, it.symbol));
  if (!it.line.empty()) text += fmt::format(", {}", it.line);
  if (it.process) text += fmt::format("; process {}", it.process->text());
  if (it.privilege != riscv::Privilege::kMachine) text += fmt::format("; {}", space_text(it.satp));
  return wrapped(text + ".");
}

const char* size_of_level(unsigned level) {
  static constexpr const char* kSizes[] = {"4 KiB", "2 MiB", "1 GiB", "512 GiB", "256 TiB"};
  return kSizes[level < 5 ? level : 4];
}

std::string entry_text(const ExplainedEntry& entry, bool last) {
  const std::string head = fmt::format("  level {}: ", entry.level);
  if (!entry.value) return wrapped(fmt::format("the entry would be at {:#x}.", entry.at.value), head);
  const uint64_t value = *entry.value;
  std::string text = fmt::format("entry at {:#x} = {:#018x}: {}", entry.at.value, value, entry_flags(value));
  const uint64_t leads_to = (value >> 10 & ((uint64_t{1} << 44) - 1)) << 12;
  if (!last || is_pointer(value))
    text += fmt::format("; leads to the table at {:#x}", leads_to);
  else if (value & mmu::kPteV)
    text += fmt::format("; a page of {} at {:#x}", size_of_level(entry.level), leads_to);
  return wrapped(text + ".", head);
}

// All of it where it says no, or where somebody may want to know; in one line where nothing is to be seen.
std::string walk_text(const ExplainedWalk& walk, bool in_full) {
  if (!walk.translated) return "";
  const bool refused = walk.result.fault != FaultKind::kNone;
  const std::string head = fmt::format("The {} of {:#x} is translated by {}", use_name(walk.use), walk.address.value, mode_name(walk.mode));
  if (!refused && !in_full)
    return wrapped(fmt::format("{}: physical address {:#x}, level {}, {}.", head, walk.result.physical.value, walk.result.level,
                               entry_flags(walk.entries.back().value.value_or(0))));
  std::string text = wrapped(head + ":");
  for (const ExplainedEntry& entry : walk.entries) text += entry_text(entry, &entry == &walk.entries.back());
  if (!refused) {
    text += wrapped(fmt::format("  So the physical address is {:#x}.", walk.result.physical.value));
    const uint64_t was = walk.entries.back().value.value_or(0), set = walk.result.pte & ~was;
    if (set) text += wrapped(fmt::format("  The walk itself sets {} in the entry (Svadu).", entry_flags(set)));
    return text;
  }
  const std::string kind = walk.result.fault == FaultKind::kPage ? "a page fault" : "an access fault";
  return text + wrapped(fmt::format("  The walk ends there: {}. That is {}.", walk.result.reason, kind));
}

std::string access_text(const ExplainedAccess& access, const ExplainedWalk* walk) {
  if (!access.device.empty())
    return wrapped(fmt::format("No RAM is there: it is device {}, register {}.", access.device,
                               access.device_register.empty() ? "(none)" : access.device_register));
  if (!access.refused.empty()) return wrapped(fmt::format("{}.", access.refused));
  if (!access.to_ram || access.before == access.after || !walk) return "";
  return wrapped(fmt::format("Memory at physical address {:#x} was {:#x} and becomes {:#x}.", walk->result.physical.value,
                             access.before, access.after));
}

std::string trap_text(const Explanation& it) {
  const ExplainedTrap& trap = *it.trap;
  const bool interrupt = trap.cause & riscv::kInterruptCause;
  std::string text = fmt::format("{} ({} {}).", cause_text(trap.cause, trap.value), interrupt ? "interrupt" : "cause",
                                 trap.cause & ~riscv::kInterruptCause);
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  if (trap.from == riscv::Privilege::kMachine)
    text += fmt::format(" A trap from M mode is never delegated ({} bit {} is {}).", trap.delegation, trap.bit, +trap.delegated);
  else
    text += fmt::format(" {} bit {} is {}, {} {} takes it.", trap.delegation, trap.bit, +trap.delegated,
                        trap.delegated == (trap.to == riscv::Privilege::kSupervisor) ? "so" : "but", privilege_name(trap.to));
  const char letter = trap.to == riscv::Privilege::kMachine ? 'm' : 's';
  text += fmt::format(" {}cause = {:#x}, {}epc = {:#x}, {}tval = {:#x}; {}tvec leads to the handler at {}.", letter, trap.cause, letter,
                      it.pc, letter, trap.value, letter, named(trap.handler, it.handler_symbol));
  return wrapped(text, "Guest trap: ");
}

std::string events_text(const Explanation& it) {
  std::string text;
  for (const ExplainedEvent& seen : it.events) {
    const core::EventRow& row = core::row_of(seen.event.kind);
    if (row.column == core::EventColumn::kGuestTrap) continue;  // told above
    const std::string effect = seen.effect.empty() ? "" : fmt::format(": {}", core::printable(seen.effect));
    text += wrapped(fmt::format("{}{}. {}", row.name, effect, row.sentence), "Exit: ");
  }
  return text;
}

std::string changes_text(const Explanation& it) {
  std::string text;
  for (const ExplainedChange& change : it.changes)
    text += fmt::format("{}{} {} -> {}{}", text.empty() ? "" : ", ", change.name, change.before, change.after,
                        change.fields.empty() ? "" : fmt::format(" ({})", change.fields));
  return text.empty() ? "" : wrapped(text + ".", "Changed: ");
}

std::string instruction_text(const Explanation& it) {
  if (it.interrupt) return wrapped(fmt::format("An interrupt is pending and enabled, and comes before the instruction here."));
  if (!it.instruction) return wrapped("There is no instruction: it cannot be fetched.");
  const riscv::Insn& insn = *it.instruction;
  return wrapped(fmt::format("The instruction is {:0{}x}, {}", insn.bits, 2 * insn.length,
                             riscv::disassemble(insn, it.pc, riscv::Style::friendly)));
}

std::string next_text(const Explanation& it) {
  if (it.trap) return "";
  const uint64_t behind = it.pc + (it.instruction ? it.instruction->length : 0);
  if (it.next_pc == behind && it.next_privilege == it.privilege) return "";
  return wrapped(fmt::format("It goes on at {} in {}.", named(it.next_pc, it.next_symbol), privilege_name(it.next_privilege)));
}

}  // namespace

std::string explanation_text(const Explanation& it) {
  std::string text = fmt::format("{}\n", core::printable(it.moment));
  if (it.made) {
    text += where_text(it) + instruction_text(it);
    for (const ExplainedWalk& walk : it.walks) text += walk_text(walk, walk.use != AccessKind::kFetch);
    for (const ExplainedAccess& access : it.accesses) {
      const ExplainedWalk* of = nullptr;
      for (const ExplainedWalk& walk : it.walks)
        if (walk.use == access.use && walk.address == access.address) of = &walk;
      text += access_text(access, of);
    }
    if (it.lazy)
      text += wrapped("This machine may use an older translation until the guest fences it; the walks show what memory says now.");
    if (it.trap) text += trap_text(it);
    if (!it.broken.empty()) text += wrapped(fmt::format("This machine is wrong on purpose (--break {}).", it.broken));
    text += events_text(it) + changes_text(it);
    if (!it.console.empty()) text += wrapped(fmt::format("On the console: '{}'.", core::printable(it.console)));
    text += next_text(it);
  }
  if (it.cut) text += wrapped("What was kept ends here: the run was killed, or still runs, or was too long to keep.");
  if (it.outcome) text += wrapped(fmt::format("Here the run ends: {}", it.outcome->words.substr(0, it.outcome->words.find('\n'))));
  return text;
}

}  // namespace vitrine::app
