// SPDX-License-Identifier: MIT
// Words about events, and what they stand for. The words are those of the tables of events and of trap
// causes.
#include "app/event_filter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/text.h"
#include "core/file.h"
#include "isa/riscv/traps.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;
using core::Event;
using core::EventCause;
using core::EventColumn;
using core::EventKind;
using core::EventRow;
using core::Result;

struct Group {
  std::string_view name;
  bool (*holds)(const EventRow& row);
  std::string_view words;
};
constexpr Group kGroups[] = {
    {"all", [](const EventRow& row) { return row.column != EventColumn::kCounter; }, "exits and guest traps"},
    {"exits", [](const EventRow& row) { return row.column == EventColumn::kExit; }, "all exits"},
    {"guest-traps", [](const EventRow& row) { return row.column == EventColumn::kGuestTrap; },
     "all guest traps"},
    {"instructions", [](const EventRow& row) { return row.cause == EventCause::kInstruction; },
     "exits because of the instruction"},
    {"addresses", [](const EventRow& row) { return row.cause == EventCause::kAddress; },
     "because of the address that it uses"},
    {"faults", [](const EventRow& row) { return row.cause == EventCause::kFault; },
     "because of a fault of translation"},
    {"interrupts", [](const EventRow& row) { return row.cause == EventCause::kInterrupt; },
     "because of an interrupt"},
};
constexpr std::string_view kRetire = "retire";

Result<> add(EventChoice& choice, const std::string& word) {
  if (word == kRetire) return choice.retire = true, core::Ok{};
  if (const auto kind = core::event_named(word)) {
    if (core::row_of(*kind).column == EventColumn::kCounter)
      return core::error(ErrorKind::kUsage,
                         "--log: {} is a counter: nothing tells where it happens; --stats counts it.", word);
    return choice.kinds[static_cast<size_t>(*kind)] = true, core::Ok{};
  }
  std::vector<std::string_view> names = {kRetire};
  for (const EventRow& row : core::event_rows())
    if (row.column != EventColumn::kCounter) names.push_back(row.name);
  for (const Group& group : kGroups) {
    names.push_back(group.name);
    // "interrupts" and "addresses", and the same word for one, as the table of events has it.
    if (word != group.name && word + "s" != group.name && word + "es" != group.name) continue;
    for (const EventRow& row : core::event_rows())
      choice.kinds[static_cast<size_t>(row.kind)] |= group.holds(row);
    return core::Ok{};
  }
  const std::string_view meant = nearest(word, names);
  return core::error(ErrorKind::kUsage, "--log: there is no kind of event '{}'{}; `--log help` lists them.",
                     core::printable(word), meant.empty() ? "" : fmt::format("; did you mean {}?", meant));
}

// --- Terms

struct Range {
  uint64_t low = 0, high = ~uint64_t{0};
  [[nodiscard]] bool holds(uint64_t value) const { return value >= low && value <= high; }
};
// "5", "5..9", "5..", "..9": both ends belong to it.
std::optional<Range> parse_range(std::string_view text) {
  const size_t dots = text.find("..");
  Range range;
  if (dots == std::string_view::npos) {
    const auto only = parse_number(text);
    if (!only) return std::nullopt;
    return Range{*only, *only};
  }
  const std::string_view low = text.substr(0, dots), high = text.substr(dots + 2);
  if (low.empty() && high.empty()) return std::nullopt;
  const auto begin = low.empty() ? range.low : parse_number(low),
             end = high.empty() ? range.high : parse_number(high);
  if (!begin || !end || *begin > *end) return std::nullopt;
  return Range{*begin, *end};
}

constexpr std::string_view kTerms[] = {"event", "step", "hart", "mode", "pc", "process", "root", "address", "cause"};

struct NumberTerm {
  std::string_view name;
  uint64_t (*value)(const Event& event);
};
constexpr NumberTerm kNumbers[] = {
    {"event", [](const Event& event) { return event.number; }},
    {"step", [](const Event& event) { return event.place.step; }},
    {"hart", [](const Event& event) { return uint64_t{event.place.hart}; }},
    {"root", [](const Event& event) { return (event.place.satp & ((uint64_t{1} << 44) - 1)) << 12; }},
};

core::Error bad_term(std::string_view name, std::string_view value, std::string_view what) {
  return core::error(ErrorKind::kUsage, "--log-filter: {}={}: {}.", name, core::printable(value), what);
}

constexpr const char* kNoRange = "not a number or a range; ranges look like 5..9, 5.. or ..9";

bool has_address(const Event& event) {
  return core::row_of(event.kind).operands[0].find("address") != std::string_view::npos;
}

}  // namespace

Result<EventChoice> parse_events(std::string_view words) {
  EventChoice choice;
  for (const std::string& word : split(words, ','))
    if (auto done = add(choice, word); !done) return done.error();
  return choice;
}

std::optional<uint64_t> trap_of(const Event& event) {
  switch (event.kind) {
    case EventKind::kGuestException:
    case EventKind::kGuestInterrupt: return event.at;
    case EventKind::kGuestPageFault:
    case EventKind::kGuestAccessFault:
    case EventKind::kGuestMisaligned: return event.before;
    case EventKind::kIllegal: return 2;
    case EventKind::kBreakpoint: return 3;
    case EventKind::kEnvironmentCall: return 8 + uint64_t{event.place.privilege};
    default: break;
  }
  if (core::row_of(event.kind).cause == EventCause::kInterrupt) return event.at;
  return std::nullopt;
}

Result<EventFilter::Test> EventFilter::make(std::string_view name, const std::string& value,
                                            const Symbols* symbols) {
  const auto range = parse_range(value);
  for (const NumberTerm& number : kNumbers) {
    if (name != number.name) continue;
    if (!range) return bad_term(name, value, kNoRange);
    return Test([range, number](const Event& event) { return range->holds(number.value(event)); });
  }
  if (name == "address") {
    if (!range) return bad_term(name, value, kNoRange);
    return Test([range](const Event& event) { return has_address(event) && range->holds(event.at); });
  }
  if (name == "mode") {
    const size_t mode = value.size() == 1 ? std::string_view("US?M").find(value[0]) : std::string_view::npos;
    if (mode == std::string_view::npos || mode == 2)
      return bad_term(name, value, "not a mode; there are: U, S, M");
    return Test([mode](const Event& event) { return event.place.privilege == mode; });
  }
  if (name == "cause") {
    const auto rows = riscv::trap_rows();
    const auto* row =
        std::find_if(rows.data(), rows.data() + rows.size(), [&](const auto& r) { return r.name == value; });
    if (row != rows.data() + rows.size())
      return Test([cause = row->cause](const Event& event) { return trap_of(event) == cause; });
    std::vector<std::string_view> names;
    for (const auto& each : rows) names.push_back(each.name);
    return bad_term(name, value,
                    fmt::format("no cause of a guest trap; there are: {}", fmt::join(names, ", ")));
  }
  if (name == "process") {
    if (!symbols) return Test([](const Event&) { return true; });
    if (!symbols->process) return bad_term(name, value, "nobody knows where this kernel keeps its processes; docs/your-kernel.md");
    return Test([process = symbols->process, value, number = parse_number(value)](const Event& event) {
      const auto found = process(event);
      return found && (found->name == value || (number && found->pid == number));
    });
  }
  // pc: a range, or a symbol.
  if (range) return Test([range](const Event& event) { return range->holds(event.place.pc); });
  if (!symbols) return Test([](const Event&) { return true; });
  const auto at = symbols->find(value);
  if (!at) return bad_term(name, value, "neither a range nor a symbol of the images");
  return Test([at = *at, where = symbols->where](const Event& event) { return where(event.place.pc) == at; });
}

Result<EventFilter> EventFilter::parse(std::string_view words, const Symbols* symbols) {
  EventFilter filter;
  if (words.empty()) return filter;
  for (const std::string& word : split(words, ',')) {
    const size_t equals = std::min(word.find('='), word.size());
    const std::string name = word.substr(0, equals);
    if (equals == word.size() || std::find(std::begin(kTerms), std::end(kTerms), name) == std::end(kTerms))
      return core::error(ErrorKind::kUsage, "--log-filter: '{}' is no term NAME=VALUE; names are: {}.",
                         core::printable(word), fmt::join(kTerms, ", "));
    auto test = make(name, word.substr(equals + 1), symbols);
    if (!test) return test.error();
    auto term = std::find_if(filter.terms_.begin(), filter.terms_.end(),
                             [&](const Term& t) { return t.name == name; });
    if (term == filter.terms_.end()) term = filter.terms_.insert(term, {name, {}});
    term->tests.push_back(std::move(*test));
  }
  return filter;
}

bool EventFilter::admits(const Event& event) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    return std::any_of(term.tests.begin(), term.tests.end(), [&](const Test& test) { return test(event); });
  });
}

std::string log_help() {
  std::string text = "--log takes these, with commas between them:\n";
  for (const Group& group : kGroups) text += fmt::format("  {:<30} {}\n", group.name, group.words);
  text += fmt::format("  {:<30} each instruction that retires, as Spike's commit log; on the interpreter\n",
                      kRetire);
  for (const EventRow& row : core::event_rows())
    if (row.column != EventColumn::kCounter)
      text += fmt::format(
          "  {:<30} {}\n", row.name,
          row.column == EventColumn::kExit ? core::name_of(row.cause) : core::name_of(row.column));
  text +=
      "--log-filter takes terms; of one name any, of several names one of each:\n"
      "  hart=N mode=U|S|M step=A..B event=A..B pc=LOW..HIGH|SYMBOL\n"
      "  process=NAME|PID root=PAGE_TABLE\n"
      "  address=LOW..HIGH (that the event is about) cause=load-page-fault (of the guest trap)\n"
      "What each kind means: docs/events.md.\n";
  return text;
}

}  // namespace vitrine::app
