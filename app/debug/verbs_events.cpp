// SPDX-License-Identifier: MIT
// What happens: explain, events.
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "app/debug/verbs.h"
#include "app/explain.h"
#include "app/text.h"

namespace vitrine::app::debug {

namespace {

using core::Step;

// The step is made, and undone.
Answer explain(State& state, const Words& words) {
  if (words.size() > 1) return usage(words[0], "it takes no words; go to the moment first.");
  Debuggee& it = state.it();
  if (it.outcome()) return usage(words[0], "the run has ended here; there is no next step.");
  if (!state.machine().system().next())
    return usage(words[0], "every hart waits here: time passes until an interrupt comes, and that is the next step. Use: step, then explain");
  if (!state.processes()) return usage(words[0], "the file of --kernel-info cannot be used.");
  const Step now = it.now();
  const size_t printed = it.console().text().size();
  state.seek({}, {}, {});
  Explainer explainer(state.machine(), *state.processes());
  auto made = explainer.explain_next([&]() -> core::Result<> {
    if (auto stop = it.run(now + 1); !stop) return stop.error();
    return core::Ok{};
  });
  if (!made) return made.error();
  made->moment = fmt::format("@{}", now);
  made->console = it.console().text().substr(std::min(printed, it.console().text().size()));
  if (auto done = it.go_to(now); !done) return done.error();
  return explanation_text(*made);
}

class Listening final : public core::EventSink {
 public:
  Listening(State& state, size_t most) : state_(state), most_(most) { state_.machine().events().add_sink(*this); }
  ~Listening() { state_.machine().events().remove_sink(*this); }
  void event(const core::Event& event, const core::EventWords& effect) noexcept override {
    lines.push_back(event_line(state_, event, effect.text()));
    if (lines.size() > most_) lines.pop_front();
  }
  std::deque<std::string> lines;

 private:
  State& state_;
  size_t most_;
};

// Going back ever further, until there are as many.
Answer events(State& state, const Words& words) {
  constexpr uint64_t kMost = 10'000;
  uint64_t count = 10;
  if (words.size() > 2) return usage(words[0], "it takes a number.");
  if (words.size() == 2) {
    auto given = parse_count(words[0], words[1]);
    if (!given) return given.error();
    count = std::min(*given, kMost);
  }
  Debuggee& it = state.it();
  const Step now = it.now();
  state.seek({}, {}, {});
  for (Step distance = 1000;; distance *= 8) {
    const Step begin = now - std::min(distance, now - it.first());
    if (auto done = it.go_to(begin); !done) return done.error();
    Listening listening(state, count);  // run() comes by each step, which go_to() need not
    if (auto done = it.run(now); !done) return done.error();
    if (listening.lines.size() < count && begin > it.first()) continue;
    std::string text;
    for (const std::string& line : listening.lines) text += line;
    return text.empty() ? Answer(std::string("There was no exit and no guest trap before this moment.\n")) : Answer(text);
  }
}

constexpr Verb kVerbs[] = {
    {"explain", "e", "", "Explains the next step, as `vitrine explain` does: addresses, accesses, guest traps, changes.", Wants::kNothing, explain},
    {"events", "ev", "[N]", "Shows the last N (10) exits and guest traps before now.", Wants::kNothing, events},
};

}  // namespace

std::span<const Verb> event_verbs() { return kVerbs; }

}  // namespace vitrine::app::debug
