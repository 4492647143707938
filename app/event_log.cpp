// SPDX-License-Identifier: MIT
// Lines about events.
#include "app/event_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "app/diagnosis.h"
#include "app/statistics_rows.h"
#include "app/text.h"
#include "isa/riscv/traps.h"

namespace vitrine::app {
namespace {

using core::Event;
using core::EventColumn;
using core::EventKind;
using core::EventRow;

// satp (10.1.11): MODE 63:60, ASID 59:44, the root's page number 43:0.
struct Space {
  explicit Space(uint64_t satp)
      : bare(satp >> 60 == 0), root((satp & ((uint64_t{1} << 44) - 1)) << 12), asid(satp >> 44 & 0xffff) {}
  bool bare;
  uint64_t root, asid;
};

// An interrupt is about no instruction.
std::string instruction_of(const Event& event) {
  const bool interrupt = event.kind == EventKind::kGuestInterrupt ||
                         core::row_of(event.kind).cause == core::EventCause::kInterrupt;
  return interrupt ? std::string() : instruction_text(event.instruction, event.place.pc);
}

std::string_view cause_of(const Event& event) {
  const EventRow& row = core::row_of(event.kind);
  if (row.column == EventColumn::kExit) return core::name_of(row.cause);
  const riscv::TrapRow* const trap = riscv::find_trap(event.at);
  return trap ? trap->name : "reserved";
}

// "physical address" as a key of JSON: "physical_address".
std::string member(std::string_view name, uint64_t value) {
  std::string key(name);
  for (char& c : key)
    if (c == ' ') c = '_';
  return fmt::format(", {}: \"{:#x}\"", json_string(key), value);
}

constexpr const char* kHeading =
    "# number, step, hart, mode, pc and symbol, process, address space, instruction: kind (cause): effect\n";

}  // namespace

LogFormat log_format(const LogOptions& options) {
  if (options.format) return *options.format;
  if (wants_retired(options)) return LogFormat::kSpike;
  return options.file.ends_with(".ndjson") ? LogFormat::kJson : LogFormat::kText;
}

bool wants_retired(const LogOptions& options) {
  if (options.kinds.empty()) return false;
  const auto choice = parse_events(options.kinds);
  return choice && choice.value().retire;
}

core::Result<> check_log_options(const LogOptions& options) {
  if (options.kinds.empty()) {
    if (options.any() || (options.filter.empty() && options.file.empty() && !options.format))
      return core::Ok{};
    return core::error(core::ErrorKind::kUsage,
                       "--log-filter, --log-file and --log-format say how to log; --log KIND says what.");
  }
  const auto choice = parse_events(options.kinds);
  if (!choice) return choice.error();
  const bool spike = log_format(options) == LogFormat::kSpike;
  const auto& kinds = choice.value().kinds;
  const bool events = std::find(kinds.begin(), kinds.end(), true) != kinds.end();
  if (choice.value().retire && (events || !spike || !options.filter.empty()))
    return core::error(core::ErrorKind::kUsage,
                       "--log retire writes Spike's commit log: it goes alone, without a filter, and "
                       "with --log-format spike.");
  if (spike && !choice.value().retire)
    return core::error(core::ErrorKind::kUsage,
                       "--log-format spike is a form of --log retire; events have text and json.");
  if (auto filter = EventFilter::parse(options.filter, nullptr); !filter) return filter.error();
  return core::Ok{};
}

core::Result<std::unique_ptr<EventLog>> EventLog::create(const LogOptions& options, Machine& machine,
                                                         const Processes& processes, LogFile& file) {
  auto choice = options.kinds.empty() ? EventChoice() : parse_events(options.kinds);
  if (!choice) return choice.error();
  EventFilter::Symbols symbols;
  symbols.find = [&machine](std::string_view name) -> std::optional<uint64_t> {
    return symbol_at(machine, name);
  };
  symbols.where = [&machine](uint64_t pc) -> std::optional<uint64_t> { return symbol_of(machine, pc); };
  if (processes.known())
    symbols.process = [&processes](const Event& event) { return processes.running(event.place.hart, event.place.satp); };
  auto filter = EventFilter::parse(options.filter, &symbols);
  if (!filter) return filter.error();
  std::unique_ptr<EventLog> log(new EventLog(machine, processes, file));
  log->choice_ = *choice;
  log->filter_ = std::move(*filter);
  log->json_ = log_format(options) == LogFormat::kJson;
  log->unanswered_ = options.unanswered;
  if (!log->json_) file.write(kHeading);
  machine.events().add_sink(*log);
  return log;
}

EventLog::~EventLog() { machine_.events().remove_sink(*this); }

// QEMU's guest_errors: what no device answered. Others by kind and filter.
bool EventLog::wanted(const Event& event) const {
  const bool device = event.kind == EventKind::kDeviceRead || event.kind == EventKind::kDeviceWrite;
  const bool chosen =
      choice_.has(event.kind) ||
      (unanswered_ && device && !machine_.bus().answers({event.at}, static_cast<unsigned>(event.before)));
  return chosen && filter_.admits(event);
}

void EventLog::event(const Event& event, const core::EventWords& effect) noexcept {
  if (wanted(event)) file_.write(json_ ? json_line(event, effect.text()) : text_line(event, effect.text()));
}

std::string EventLog::text_line(const Event& event, const std::string& effect) const {
  const Space space(event.place.satp);
  const std::string instruction = instruction_of(event);
  const auto process = process_of(event);
  const std::string effect_words = effect.empty() ? std::string(core::row_of(event.kind).sentence) : effect;
  return fmt::format(
      "{:>8} @{:<12} hart {} {} {:<52} {:<16} {:<26} {:<28} {} ({}): {}\n", event.number, event.place.step,
      event.place.hart, "US?M"[event.place.privilege & 3], address_text(machine_, event.place.pc), process ? process->text() : "-",
      space.bare ? "bare" : fmt::format("root {:#x} asid {}", space.root, space.asid),
      instruction.empty() ? "-" : instruction, core::row_of(event.kind).name, cause_of(event), effect_words);
}

std::string EventLog::json_line(const Event& event, const std::string& effect) const {
  const EventRow& row = core::row_of(event.kind);
  const Space space(event.place.satp);
  std::string line = fmt::format(
      "{{\"event\": {}, \"step\": {}, \"hart\": {}, \"mode\": \"{}\", \"pc\": \"{:#x}\", \"symbol\": {}",
      event.number, event.place.step, event.place.hart, "US?M"[event.place.privilege & 3], event.place.pc,
      json_string(symbol_text(machine_, event.place.pc)));
  if (!space.bare) line += fmt::format(", \"root\": \"{:#x}\", \"asid\": {}", space.root, space.asid);
  if (const auto process = process_of(event)) line += fmt::format(", \"process\": {}", process->json());
  line +=
      fmt::format(", \"instruction\": {}, \"bits\": \"{:#x}\", \"kind\": {}, \"column\": {}, \"cause\": {}",
                  json_string(instruction_of(event)), event.instruction, json_string(row.name),
                  json_string(core::name_of(row.column)), json_string(cause_of(event)));
  if (const auto trap = trap_of(event))
    if (const riscv::TrapRow* const found = riscv::find_trap(*trap))
      line += fmt::format(", \"trap\": {}", json_string(found->name));
  const uint64_t values[] = {event.at, event.before, event.after};
  std::string operands;
  for (size_t i = 0; i < std::size(values); ++i)
    if (row.operands[i] != "-") operands += member(row.operands[i], values[i]);
  return line + fmt::format(", \"operands\": {{{}}}, \"effect\": {}}}\n",
                            operands.substr(std::min<size_t>(2, operands.size())), json_string(effect));
}

}  // namespace vitrine::app
