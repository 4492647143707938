// SPDX-License-Identifier: MIT
// One step of a run, explained: where it happens, what the instruction is, how its addresses are translated, what came of
// it, and why. Everything is looked up without changing the machine; then the step is made, and the difference is told.
// Next: explain_step.cpp (gathers), explain_text.cpp and explain_json.cpp (tell).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/hart_state.h"
#include "app/outcome.h"
#include "app/processes.h"
#include "app/replay.h"
#include "app/source_lines.h"
#include "core/events.h"
#include "mmu/page_walk.h"

namespace vitrine::app {

// An entry of a page table that a walk reads.
struct ExplainedEntry {
  unsigned level = 0;
  core::GuestPhys at;
  std::optional<uint64_t> value;  // none: it is not in RAM
};

struct ExplainedWalk {
  core::AccessKind use{};
  core::GuestVirt address;
  mmu::Mode mode{};
  bool translated = false;  // false: M mode, or no paging: the address is physical
  std::vector<ExplainedEntry> entries;
  mmu::Walk result;
  std::string failed_bit;  // "V", "W", "U", ...: which bit of the last entry says no; empty: none does
};

// An access to memory that the instruction makes.
struct ExplainedAccess {
  core::AccessKind use{};
  core::GuestVirt address;
  unsigned width = 0;
  std::string device, device_register;  // where it is no RAM: "uart0", "THR"
  std::string refused;                  // why nobody answers, though it was translated
  bool to_ram = false;
  uint64_t before = 0, after = 0;  // in RAM, at the first page's part
};

struct ExplainedTrap {
  uint64_t cause = 0, value = 0;
  riscv::Privilege from{}, to{};
  std::string delegation;  // "medeleg" or "mideleg"
  unsigned bit = 0;
  bool delegated = false;  // as that bit says
  uint64_t handler = 0;
};

struct ExplainedEvent {
  core::Event event;
  std::string effect;
};

struct ExplainedChange {
  std::string name, before, after;
  std::string fields;  // of mstatus: those that are other ones, "SPP 0 -> 1, SIE 1 -> 0"
};

struct Explanation {
  std::string moment;  // as it was asked for
  core::Step step = 0;
  bool made = false;            // false: the run ends before this step
  core::Step step_reached = 0;  // if so: where
  unsigned hart = 0;
  riscv::Privilege privilege{};
  uint64_t pc = 0, satp = 0;
  std::string symbol, line;  // "main+0x12", "kernel.c:120"
  std::optional<Process> process;
  std::optional<unsigned> interrupt;
  std::optional<riscv::Insn> instruction;  // none: it cannot be fetched, or an interrupt comes before it
  std::vector<ExplainedWalk> walks;        // of the fetch, then of the accesses
  std::vector<ExplainedAccess> accesses;
  std::optional<ExplainedTrap> trap;
  std::string handler_symbol;
  std::vector<ExplainedEvent> events;
  std::vector<ExplainedChange> changes;
  std::string console;  // what it printed
  uint64_t next_pc = 0;
  std::string next_symbol;
  riscv::Privilege next_privilege{};
  std::string broken;  // what is wrong on purpose (core/breaks.h)
  bool lazy = false;  // the machine may use older translations than the walks show (mmu/kept_translations.h)
  bool cut = false;                // what was kept ends here, and the run did not
  std::optional<Outcome> outcome;  // the run ended behind this step
  uint64_t state_hash = 0;         // if so
  uint64_t console_bytes = 0;      // that the run has printed, and their CRC-32
  uint32_t console_crc = 0;
};

// Explains steps in rising order, in one run.
class Explainer final : private core::EventSink {
 public:
  // `processes` are those of the replay's machine.
  Explainer(Replay& replay, const Processes& processes, const std::string& printed);
  // Of a machine that somebody else moves: explain_next() alone.
  Explainer(Machine& machine, const Processes& processes);

  // `printed` has to be what the replay's console got. `at_end`: the run's end is told, too.
  core::Result<Explanation> explain(core::Step step, bool at_end);
  // The next step, which `make_step` makes; some hart must be there that makes it. What it prints is not told.
  core::Result<Explanation> explain_next(const std::function<core::Result<>()>& make_step);

 private:
  void event(const core::Event& event, const core::EventWords& effect) noexcept override;
  void look();
  void look_at_instruction(const riscv::Hart& hart, mmu::Mmu& mmu);
  void look_at_access(const riscv::Hart& hart, mmu::Mmu& mmu);
  void add_access(mmu::Mmu& mmu, core::AccessKind use, uint64_t address, unsigned width);
  bool add_walk(mmu::Mmu& mmu, core::AccessKind use, uint64_t address);
  [[nodiscard]] std::string refusal(const mmu::Mmu& mmu, core::AccessKind use, core::GuestPhys at, unsigned width) const;
  void tell_difference();
  void tell_trap(const riscv::Hart& hart);
  uint64_t read_ram(core::GuestPhys at, unsigned width) const;

  Replay* replay_;
  Machine& machine_;
  const Processes& processes_;
  const std::string* printed_;
  SourceLines lines_;
  Explanation it_;
  HartState before_;
  std::vector<StateRow> rows_;
};

std::string explanation_text(const Explanation& it);
// An array of objects; their keys are in docs/vitrine.1.
std::string explanations_json(const std::vector<Explanation>& all, const KeptRun& run);

// "R W - - U" of an entry.
std::string entry_flags(uint64_t entry);
// An entry that leads on to a lower table.
bool is_pointer(uint64_t entry);
const char* use_name(core::AccessKind use);
std::string mode_name(mmu::Mode mode);

}  // namespace vitrine::app
