// SPDX-License-Identifier: MIT
// Which events a log tells of: the words of --log (kinds, or groups of them) and of --log-filter (terms about
// one event). Both are read here; what an event is: core/events.h. Next: event_log.h.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/processes.h"
#include "core/events.h"
#include "core/result.h"

namespace vitrine::app {

struct EventChoice {
  std::array<bool, core::kEventKinds> kinds = {};
  bool retire = false;  // each instruction that retires; no event
  [[nodiscard]] bool has(core::EventKind kind) const { return kinds[static_cast<size_t>(kind)]; }
};
// "csr-access,faults", "all", "retire". A group is a column or a cause: exits, guest-traps; instructions,
// addresses, faults, interrupts.
core::Result<EventChoice> parse_events(std::string_view words);

// Terms with commas between them. Terms of one name: any of them; of several names: one of each.
class EventFilter {
 public:
  // What a name in `pc=NAME` stands for: nothing if there is no such symbol; `where` tells a pc's symbol. `process` tells whose
  // an event is; empty: nobody knows.
  struct Symbols {
    std::function<std::optional<uint64_t>(std::string_view name)> find;
    std::function<std::optional<uint64_t>(uint64_t pc)>
        where;  // the address of the symbol that pc belongs to
    std::function<std::optional<Process>(const core::Event& event)> process;
  };
  // Without symbols any name will do: a check of the words alone.
  static core::Result<EventFilter> parse(std::string_view words, const Symbols* symbols);
  [[nodiscard]] bool admits(const core::Event& event) const;

 private:
  using Test = std::function<bool(const core::Event&)>;
  struct Term {
    std::string name;
    std::vector<Test> tests;
  };
  static core::Result<Test> make(std::string_view name, const std::string& value, const Symbols* symbols);
  std::vector<Term> terms_;
};

// The cause of the guest trap that an event is, or leads to, as xcause has it.
std::optional<uint64_t> trap_of(const core::Event& event);

// `--log help`: kinds, groups, terms.
std::string log_help();

}  // namespace vitrine::app
