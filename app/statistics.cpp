// SPDX-License-Identifier: MIT
// The counters of a run for people: steps by where they ran, exits, guest traps, places, and what the caches did.
#include "app/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/diagnosis.h"
#include "app/identity.h"
#include "app/statistics_rows.h"
#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "isa/riscv/traps.h"

namespace vitrine::app {
namespace {

using core::EventColumn;
using core::EventKind;
using core::EventRow;

constexpr size_t kMostPlaces = 16;
constexpr unsigned kU = 0, kS = 1, kM = 3;

std::string grouped(uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

#ifdef VITRINE_HAS_TRANSLATOR
void add_translator_rows(const translator::Translator& translator, const mmu::MmuCounters& mmu, std::vector<CounterRow>& rows) {
  const translator::Translator::Counters& counters = translator.counters();
  rows.insert(rows.end(), {
      {"blocks_translated", "blocks translated", counters.blocks},
      {"instructions_translated", "instructions translated", counters.instructions},
      {"host_code_bytes", "bytes of host code made", counters.code_bytes},
      {"translation_microseconds", "microseconds of host time in translation", counters.nanoseconds / 1000},
      {"entries_into_code", "ways from C++ into generated code", counters.entries},
      {"interpreted_steps", "steps of cold code, interpreted", counters.interpreted_steps},
      {"slow_paths", "instructions of generated code on the slow path", counters.slow_paths},
      {"translated_pages_dropped", "translated pages dropped by writes", counters.dropped_pages},
      {"code_memory_flushes", "flushes of code memory", counters.flushes},
      {"jump_lookups", "far jumps that the jump table did not know", counters.jump_lookups},
      {"scattered_sites", "accesses with a table lookup of their own", counters.scattered_sites},
      {"predictions_cleared", "times that all predictions were cleared", mmu.predictions_cleared},
  });
}
#endif

// --- Parts of the text

class Text {
 public:
  explicit Text(core::Step steps) : steps_(steps) {}
  void heading(std::string_view name, std::string_view words) { text_ += fmt::format("\n{}: {}\n", name, words); }
  void plain(std::string_view line) { text_ += fmt::format("{}\n", line); }
  void counter(uint64_t count, std::string_view words) {
    text_ += fmt::format("{:>20} {:>14.3f}  {}\n", grouped(count), per_million(count, steps_), words);
  }
  void columns(std::string_view words) {
    text_ += fmt::format("{:>20} {:>14} {:>15} {:>15} {:>15}  {}\n", "count", "per M steps", "in U", "in S", "in M", words);
  }
  void by_mode(const core::EventCounters::ByPrivilege& counts, std::string_view words) {
    const uint64_t all = core::EventCounters::sum(counts);
    text_ += fmt::format("{:>20} {:>14.3f} {:>15} {:>15} {:>15}  {}\n", grouped(all), per_million(all, steps_), grouped(counts[kU]),
                         grouped(counts[kS]), grouped(counts[kM]), words);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  core::Step steps_;
  std::string text_;
};

void add_shares(Text& text, Session& session) {
  const core::Step steps = steps_made(session);
  const Shares shares = shares_of(session);
  const auto line = [&](uint64_t count, std::string_view words) {
    text.plain(fmt::format("{:>20} {:>12.3f} %  {}", grouped(count), steps ? 100.0 * static_cast<double>(count) / static_cast<double>(steps) : 0.0, words));
  };
  text.heading("STEPS", "retired instructions, and entries of traps and interrupts, by where they ran");
  line(0, "direct: on the host's processor as they are. None: the guest has another instruction set");
  line(shares.translated, "translated: in generated code");
  line(shares.handled(), "handled: in C++");
  line(shares.interpreted, "  of these: interpreted");
  line(shares.slow, "  of these: called by generated code for one instruction");
  line(shares.entries, "  of these: entries of interrupts");
}

void add_exits(Text& text, const core::Events& events) {
  text.heading("EXITS", "control leaves generated code for the handler; the guest cannot see it");
  text.columns("cause       kind");
  core::EventCounters::ByPrivilege all = {};
  for (const EventRow& row : core::event_rows()) {
    const auto& counts = events.counters().by_kind[static_cast<size_t>(row.kind)];
    if (row.column != EventColumn::kExit || core::EventCounters::sum(counts) == 0) continue;
    text.by_mode(counts, fmt::format("{:<11} {}", name_of(row.cause), row.name));
    for (size_t i = 0; i < all.size(); ++i) all[i] += counts[i];
  }
  text.by_mode(all, "            all");
}

void add_guest_traps(Text& text, const core::Events& events) {
  text.heading("GUEST TRAPS", "the guest's own handler runs, in the mode that the column says");
  text.columns("cause");
  core::EventCounters::ByPrivilege all = {};
  for (unsigned cause = 0; cause < core::kTrapCauses; ++cause) {
    const auto& counts = events.counters().guest_traps[cause];
    if (core::EventCounters::sum(counts) == 0) continue;
    text.by_mode(counts, cause_name(cause_of_trap(cause)));
    for (size_t i = 0; i < all.size(); ++i) all[i] += counts[i];
  }
  text.by_mode(all, "all");
}

void add_places(Text& text, const Machine& machine) {
  const core::EventPlaces& places = machine.events().places();
  text.heading("WHERE EXITS COME FROM", "the most frequent ones");
  for (const core::EventPlaces::Place& place : places.most(kMostPlaces)) {
    const std::string instruction = instruction_text(place.instruction, place.pc);
    text.plain(fmt::format("{:>20}  {} {:<44} {:<22} {}", grouped(place.count), "US?M"[place.privilege & 3],
                           address_text(machine, place.pc), row_of(place.kind).name, instruction));
  }
  text.plain(fmt::format("{:>20}  elsewhere, not kept by place", grouped(places.others())));
}

void add_counters(Text& text, Session& session) {
  text.heading("COUNTERS", "what the tables, the caches and the engine did; no exits");
  text.plain(fmt::format("{:>20} {:>14}", "count", "per M steps"));
  const core::Events& events = session.machine().events();
  for (const EventRow& row : core::event_rows())
    if (row.column == EventColumn::kCounter)
      text.counter(events.of(row.kind), fmt::format("{} ({})", row.name, row.unit));
  for (const CounterRow& row : engine_rows(session)) text.counter(row.count, row.words);
}

}  // namespace

core::Step steps_made(Session& session) { return session.machine().clock().step() - session.beginning().step; }

uint64_t retired_instructions(Session& session) {
  uint64_t retired = 0;
  for (unsigned i = 0; i < session.machine().hart_count(); ++i) retired += session.machine().hart(i).retired();
  return retired - session.beginning().retired;
}

uint64_t guest_traps(const core::EventCounters& counters) { return counters.of(EventColumn::kGuestTrap); }

double per_million(uint64_t count, core::Step steps) {
  return steps == 0 ? 0 : static_cast<double>(count) * 1e6 / static_cast<double>(steps);
}

double guest_seconds(Session& session) {
  return static_cast<double>(session.machine().clock().ticks() - session.beginning().ticks) / static_cast<double>(core::kTicksPerSecond);
}

double speed(Session& session) {
  const double host = session.host_seconds() - session.slept_seconds();
  return host > 0 ? static_cast<double>(steps_made(session)) / host / 1e6 : 0;
}

std::string key_of(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

uint64_t cause_of_trap(unsigned index) {
  return index < core::kTrapInterrupts ? index : riscv::kInterruptCause | (index - core::kTrapInterrupts);
}

Shares shares_of(Session& session) {
  Machine& machine = session.machine();
  Shares shares;
  shares.entries = machine.events().of(EventKind::kGuestInterrupt);
#ifdef VITRINE_HAS_TRANSLATOR
  if (const translator::Translator* translator = machine.translator()) {
    shares.slow = translator->counters().slow_paths;
    shares.translated = translator->counters().translated_steps - shares.slow;
  }
#endif
  shares.interpreted = steps_made(session) - shares.translated - shares.slow - shares.entries;
  return shares;
}

std::vector<CounterRow> engine_rows(Session& session) {
  Machine& machine = session.machine();
  const mmu::MmuCounters& mmu = machine.mmu_counters();
  const riscv::CodeCache::Counters& code = machine.code_counters();
  std::vector<CounterRow> rows = {
      {"page_walks", "page walks", mmu.walks},
      {"slow_accesses", "loads and stores on the slow path", mmu.slow_accesses},
      {"satp_switches", "switches of satp to another space", mmu.space_switches},
      {"spaces_evicted", "address spaces evicted", mmu.spaces_evicted},
      {"upper_halves_shared", "spaces that joined others in the upper half", mmu.groups_joined},
      {"upper_halves_left", "spaces that left a shared upper half", mmu.groups_left},
      {"decoded_instructions", "instructions decoded", code.decoded},
      {"decoded_pages", "pages decoded", code.pages},
      {"code_lines_invalidated", "lines of code invalidated by writes", code.invalidated},
      {"code_cache_flushes", "flushes of the decode cache", code.flushes},
      {"machine_resets", "restarts of the machine", session.resets()},
  };
#ifdef VITRINE_HAS_TRANSLATOR
  if (const translator::Translator* translator = machine.translator()) add_translator_rows(*translator, mmu, rows);
#endif
  return rows;
}

std::string instruction_text(uint32_t bits, uint64_t pc) {
  if (bits == 0) return {};
  const riscv::Insn insn = riscv::decode(bits, riscv::ExtensionSet::standard());
  return riscv::disassemble(insn, pc, riscv::Style::friendly);
}

std::vector<InstructionRow> exits_by_instruction(const core::Events& events) {
  std::map<std::string, uint64_t> counts;
  for (const core::EventPlaces::Place& place : events.places().all()) {
    const std::string text = instruction_text(place.instruction, place.pc);
    counts[text.empty() ? "?" : text.substr(0, text.find(' '))] += place.count;
  }
  std::vector<InstructionRow> rows;
  for (const auto& [mnemonic, count] : counts) rows.push_back({mnemonic, count});
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  return rows;
}

std::string summary_text(Session& session) {
  const core::Events& events = session.machine().events();
  return fmt::format(
      "{} instructions, {} exits ({} hidden faults), {} guest traps; {:.3f} s guest time, {:.3f} s host time, {:.0f} million a second",
      grouped(retired_instructions(session)), grouped(events.counters().of(EventColumn::kExit)),
      grouped(events.of(EventKind::kHiddenFault)), grouped(guest_traps(events.counters())), guest_seconds(session),
      session.host_seconds(), speed(session));
}

std::string statistics_text(Session& session) {
  Machine& machine = session.machine();
  const core::Step steps = steps_made(session);
  Text text(steps);
  text.plain(session.identity());
  text.plain(fmt::format("{:>20}  steps", grouped(steps)));
  text.plain(fmt::format("{:>20}  instructions retired", grouped(retired_instructions(session))));
  add_shares(text, session);
  add_exits(text, machine.events());
  add_guest_traps(text, machine.events());
  add_places(text, machine);
  add_counters(text, session);
  return text.take();
}

}  // namespace vitrine::app
