// SPDX-License-Identifier: MIT
// The counters of a run for programs: one JSON object. docs/vitrine.1 describes its keys.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/diagnosis.h"
#include "app/statistics.h"
#include "app/statistics_rows.h"
#include "app/text.h"
#include "core/file.h"
#include "isa/riscv/traps.h"

namespace vitrine::app {
namespace {

using core::EventColumn;
using core::EventRow;

constexpr size_t kMostPlaces = 64;

// Members of an object or an array, one a line.
class Members {
 public:
  void add(std::string_view key, std::string_view value) { add(fmt::format("{}: {}", json_string(key), value)); }
  void add(std::string_view value) {
    text_ += fmt::format("{}\n    {}", text_.empty() ? "" : ",", value);
  }
  [[nodiscard]] std::string object() const { return fmt::format("{{{}\n  }}", text_); }
  [[nodiscard]] std::string array() const { return fmt::format("[{}\n  ]", text_); }

 private:
  std::string text_;
};

std::string modes(const core::EventCounters::ByPrivilege& counts) {
  return fmt::format("\"U\": {}, \"S\": {}, \"M\": {}", counts[0], counts[1], counts[3]);
}

// Every counter as a number: sums first, then each kind of event, then what is none.
std::vector<CounterRow> all_counters(Session& session) {
  const core::Events& events = session.machine().events();
  std::vector<CounterRow> rows = {
      {"instructions", "", retired_instructions(session)},
      {"exits", "", events.counters().of(EventColumn::kExit)},
      {"guest_traps", "", guest_traps(events.counters())},
  };
  for (const EventRow& row : core::event_rows()) rows.push_back({key_of(row.name), "", events.of(row.kind)});
  for (CounterRow& row : engine_rows(session)) rows.push_back(std::move(row));
  return rows;
}

std::string exits_object(const core::Events& events, core::Step steps) {
  Members members;
  for (const EventRow& row : core::event_rows()) {
    if (row.column != EventColumn::kExit) continue;
    const auto& counts = events.counters().by_kind[static_cast<size_t>(row.kind)];
    const uint64_t all = core::EventCounters::sum(counts);
    members.add(row.name, fmt::format("{{\"cause\": {}, \"count\": {}, \"per_million_steps\": {:.6f}, {}}}",
                                      json_string(name_of(row.cause)), all, per_million(all, steps), modes(counts)));
  }
  return members.object();
}

std::string trap_name(uint64_t cause) {
  const riscv::TrapRow* const row = riscv::find_trap(cause);
  return row ? std::string(row->name) : fmt::format("cause-{:#x}", cause);
}

std::string guest_traps_object(const core::Events& events, core::Step steps) {
  Members members;
  for (unsigned i = 0; i < core::kTrapCauses; ++i) {
    const auto& counts = events.counters().guest_traps[i];
    const uint64_t all = core::EventCounters::sum(counts), cause = cause_of_trap(i);
    if (all == 0 && !riscv::find_trap(cause)) continue;
    members.add(trap_name(cause),
                fmt::format("{{\"interrupt\": {}, \"number\": {}, \"count\": {}, \"per_million_steps\": {:.6f}, {}}}",
                            i >= core::kTrapInterrupts, i % core::kTrapInterrupts, all, per_million(all, steps), modes(counts)));
  }
  return members.object();
}

std::string places_array(const Machine& machine) {
  Members members;
  for (const core::EventPlaces::Place& place : machine.events().places().most(kMostPlaces))
    members.add(fmt::format(
        "{{\"pc\": \"{:#x}\", \"symbol\": {}, \"mode\": \"{}\", \"kind\": {}, \"instruction\": {}, \"count\": {}}}", place.pc,
        json_string(symbol_text(machine, place.pc)), "US?M"[place.privilege & 3], json_string(row_of(place.kind).name),
        json_string(instruction_text(place.instruction, place.pc)), place.count));
  return members.array();
}

std::string instructions_object(const core::Events& events) {
  Members members;
  for (const InstructionRow& row : exits_by_instruction(events)) members.add(row.mnemonic, std::to_string(row.count));
  return members.object();
}

std::string shares_object(Session& session) {
  const Shares shares = shares_of(session);
  Members members;
  members.add("direct", "0");
  members.add("translated", std::to_string(shares.translated));
  members.add("handled", std::to_string(shares.handled()));
  members.add("handled_interpreted", std::to_string(shares.interpreted));
  members.add("handled_called", std::to_string(shares.slow));
  members.add("handled_interrupt_entries", std::to_string(shares.entries));
  return members.object();
}

}  // namespace

std::string statistics_json(Session& session, const Outcome& outcome) {
  const Machine& machine = session.machine();
  const core::Events& events = machine.events();
  const core::Step steps = steps_made(session);
  Members counters, rates, traps;
  for (const CounterRow& row : all_counters(session)) {
    counters.add(row.key, std::to_string(row.count));
    rates.add(row.key, fmt::format("{:.6f}", per_million(row.count, steps)));
  }
  for (unsigned i = 0; i < core::kTrapCauses; ++i)
    if (const uint64_t count = core::EventCounters::sum(events.counters().guest_traps[i]))
      traps.add(cause_name(cause_of_trap(i)), std::to_string(count));
  std::string text = fmt::format(
      "{{\n  \"identity\": {},\n  \"outcome\": {},\n  \"exit_code\": {},\n  \"steps\": {},\n"
      "  \"guest_seconds\": {:.7f},\n  \"idle_seconds\": {:.7f},\n  \"host_seconds\": {:.6f},\n"
      "  \"slept_seconds\": {:.6f},\n"
      "  \"million_steps_per_second\": {:.3f}",
      json_string(session.identity()), json_string(outcome_name(outcome.kind)), exit_code_of(outcome), steps,
      guest_seconds(session), static_cast<double>(machine.clock().idle()) / 1e7, session.host_seconds(),
      session.slept_seconds(), speed(session));
  const auto part = [&](std::string_view key, const std::string& value) { text += fmt::format(",\n  \"{}\": {}", key, value); };
  part("steps_by_share", shares_object(session));
  part("exits", exits_object(events, steps));
  part("guest_traps", guest_traps_object(events, steps));
  part("exits_by_place", places_array(machine));
  part("exits_by_instruction", instructions_object(events));
  part("exits_elsewhere", std::to_string(events.places().others()));
  part("counters", counters.object());
  part("per_million_steps", rates.object());
  part("guest_traps_by_cause", traps.object());
  return text + "\n}\n";
}

namespace {

core::Error cannot_write(const std::string& path) {
  return core::error(core::ErrorKind::kMissing, "The statistics cannot be written to '{}': {}.", core::printable(path),
                     strerror(errno));
}

}  // namespace

core::Result<> check_statistics_path(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const bool there = access(path.c_str(), F_OK) == 0;  // a file of others' folders, or /dev/stdout
  if (access(there ? path.c_str() : folder.c_str(), W_OK) != 0) return cannot_write(path);
  return core::Ok{};
}

core::Result<> write_statistics_json(Session& session, const Outcome& outcome) {
  const std::string& path = session.options().stats_json;
  const std::string text = statistics_json(session, outcome);
  std::FILE* file = std::fopen(path.c_str(), "we");
  const bool good = file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if ((file && std::fclose(file) != 0) || !good)
    return cannot_write(path);
  return core::Ok{};
}

}  // namespace vitrine::app
