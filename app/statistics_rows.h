// SPDX-License-Identifier: MIT
// What the two forms of a run's counters share: --stats (statistics.cpp) and --stats-json (statistics_json.cpp). Events have
// the words of their rows (core/event_kinds.inc); the rows here are what is no event.
#pragma once

#include <string>
#include <vector>

#include "app/session.h"
#include "core/events.h"

namespace vitrine::app {

struct CounterRow {
  std::string key;    // in JSON
  std::string words;  // for people
  uint64_t count;
};
// What the engine, the caches and the tables did.
std::vector<CounterRow> engine_rows(Session& session);

// Where the steps ran. Nothing runs directly: the guest's instructions are not the host's.
struct Shares {
  uint64_t translated = 0;   // in generated code
  uint64_t slow = 0;         // by the handler or an instruction's complete body, called by generated code
  uint64_t interpreted = 0;  // by the interpreter: code that is cold, or all of it
  uint64_t entries = 0;      // entries of interrupts, which are steps of the handler's own
  [[nodiscard]] uint64_t handled() const { return slow + interpreted + entries; }
};
Shares shares_of(Session& session);

// The cause of a row of EventCounters::guest_traps, as xcause has it.
uint64_t cause_of_trap(unsigned index);
// Of this run: the machine may have made others before (snapshot.h).
core::Step steps_made(Session& session);
uint64_t retired_instructions(Session& session);
uint64_t guest_traps(const core::EventCounters& counters);
double per_million(uint64_t count, core::Step steps);
double guest_seconds(Session& session);
// Million steps in a second of the host, while it did not sleep.
double speed(Session& session);

// "page-table-write" as a key of JSON: "page_table_write".
std::string key_of(std::string_view name);

// Exits by the mnemonic of their instruction, most first, as far as places are known (core/event_places.h).
struct InstructionRow {
  std::string mnemonic;
  uint64_t count;
};
std::vector<InstructionRow> exits_by_instruction(const core::Events& events);
// "csrw satp, a0"; empty if the bits are not known.
std::string instruction_text(uint32_t bits, uint64_t pc);

}  // namespace vitrine::app
