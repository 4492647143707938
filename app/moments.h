// SPDX-License-Identifier: MIT
// Moments of a run, as people name them: a step, an event, the first time that pc is somewhere, a line of the console. Each
// is looked for in a kept run that is made again from its start. Next: explain.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/kept_run.h"
#include "app/machine_config.h"
#include "core/events.h"

namespace vitrine::app {

struct Moment {
  enum class Kind : uint8_t {
    kStep,      // @N
    kEvent,     // event:K, the K-th one of all
    kOfKind,    // event:NAME#n, event:NAME: the last one
    kPc,        // pc:SYM, pc:SYM+off, pc:0x80000000, pc:SYM#n
    kLine,      // line:TEXT
    kLastTrap,  // last-trap
    kExit,      // exit: the run's end
  };
  Kind kind = Kind::kStep;
  std::string words;    // as they were given
  uint64_t number = 0;  // N, K or n; 0: the last one
  core::EventKind event{};
  std::string text;     // a symbol, or what a line contains
  uint64_t offset = 0;  // behind the symbol

  std::optional<core::Step> step;  // once it is found
  uint64_t seen = 0;               // how often what it names has been there
};

// Does this word name a moment, and no file?
bool is_moment(std::string_view word);
core::Result<Moment> parse_moment(std::string_view word);

// Runs it from its start until all moments are found, at full speed but for those of a pc. Those that never came are left
// without a step.
struct Search {
  std::optional<EngineKind> engine;
  core::Step first = 0;    // where the run begins: not every one does at its machine's reset
  core::Step reached = 0;  // how far it had to run
};
core::Result<> find_moments(const KeptRun& run, std::vector<Moment>& moments, Search& search);

// "@12 never came ...": of a moment that was not found.
std::string missing_text(const Moment& moment, const Search& search);

}  // namespace vitrine::app
