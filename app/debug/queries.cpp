// SPDX-License-Identifier: MIT
// Moments that are looked for in the run itself: its checkpoints are there.
#include "app/debug/queries.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/debug/motion.h"
#include "app/diagnosis.h"
#include "app/moments.h"
#include "app/text.h"
#include "core/file.h"
#include "isa/riscv/csr.h"

namespace vitrine::app::debug {

using core::ErrorKind;
using core::EventKind;
using core::Step;
using debugger::Stop;

namespace {

constexpr Step kPiece = 20'000'000;  // steps between two looks at the console

using Found = core::Result<std::optional<Step>>;

core::Error interrupted() { return core::error(ErrorKind::kUsage, "Interrupted; it stands where it stood."); }

// Each time that something holds on the way from the beginning, until the n-th time.
Found nth_stop(State& state, uint64_t n, Stop::Kind kind) {
  for (uint64_t seen = 0;;) {
    auto stop = state.it().run(state.it().last());
    if (!stop) return stop.error();
    if (stop->kind == Stop::Kind::kInterrupted) return interrupted();
    if (stop->kind != kind) return std::optional<Step>();
    if (++seen == n) return std::optional(stop->step - (kind == Stop::Kind::kRequest ? 1 : 0));
  }
}

Found last_of(State& state, std::vector<EventKind> kinds) {
  if (auto done = state.it().go_to(state.it().last()); !done) return done.error();
  state.seek({}, {}, kinds);
  auto stop = state.it().run_back();
  if (!stop) return stop.error();
  if (stop->kind == Stop::Kind::kInterrupted) return interrupted();
  return stop->kind == Stop::Kind::kRequest ? std::optional(stop->step) : std::optional<Step>();
}

Found nth_of(State& state, EventKind kind, uint64_t n) {
  if (n == 0) return last_of(state, {kind});
  if (auto done = state.it().go_to(state.it().first()); !done) return done.error();
  state.seek({}, {}, {kind});
  return nth_stop(state, n, Stop::Kind::kRequest);
}

// Of all kinds, counted from the run's beginning.
class Counting final : public core::EventSink {
 public:
  Counting(core::Events& events, uint64_t n) : events_(events), left_(n) { events_.add_sink(*this); }
  ~Counting() { events_.remove_sink(*this); }
  void event(const core::Event& event, const core::EventWords&) noexcept override {
    if (left_ != 0 && --left_ == 0) step = event.place.step;
  }
  std::optional<Step> step;

 private:
  core::Events& events_;
  uint64_t left_;
};

Found nth_event(State& state, uint64_t n) {
  if (auto done = state.it().go_to(state.it().first()); !done) return done.error();
  Counting counting(state.machine().events(), n);
  state.seek({}, {}, {});
  const Step last = state.it().last();
  while (!counting.step && state.it().now() < last) {
    auto stop = state.it().run(std::min(last, state.it().now() + kPiece));
    if (!stop) return stop.error();
    if (stop->kind == Stop::Kind::kInterrupted) return interrupted();
    if (stop->kind != Stop::Kind::kStep) break;
  }
  return counting.step;
}

Found nth_place(State& state, const Moment& moment) {
  uint64_t place = moment.offset;
  if (!moment.text.empty()) {
    auto base = parse_place(state, moment.text);
    if (!base) return base.error();
    place += *base;
  }
  if (auto done = state.it().go_to(state.it().first()); !done) return done.error();
  const bool at_first = state.machine().hart(state.it().current_hart()).pc == place;
  if (at_first && moment.number == 1) return std::optional(state.it().now());
  state.seek({place}, {}, {});
  return nth_stop(state, moment.number - at_first, Stop::Kind::kBreak);
}

// As it is printed: from a line's beginning to its end.
Found line_moment(State& state, const std::string& text) {
  const ConsoleLog& console = state.it().console();
  const auto look = [&]() -> std::optional<Step> {
    const size_t at = console.all().find(text);
    return at == std::string_view::npos ? std::nullopt : std::optional(console.step_of(at + text.size() - 1));
  };
  if (auto known = look()) return known;
  state.seek({}, {}, {});
  const Step last = state.it().last();
  while (state.it().now() < last) {
    auto stop = state.it().run(std::min(last, state.it().now() + kPiece));
    if (!stop) return stop.error();
    if (auto known = look()) return known;
    if (stop->kind == Stop::Kind::kInterrupted) return interrupted();
    if (stop->kind != Stop::Kind::kStep) break;
  }
  return std::optional<Step>();
}

Found find_moment(State& state, const Moment& moment) {
  switch (moment.kind) {
    case Moment::Kind::kStep: return std::optional(moment.number);
    case Moment::Kind::kEvent: return nth_event(state, moment.number);
    case Moment::Kind::kOfKind: return nth_of(state, moment.event, moment.number);
    case Moment::Kind::kPc: return nth_place(state, moment);
    case Moment::Kind::kLine: return line_moment(state, moment.text);
    case Moment::Kind::kLastTrap: return last_of(state, {EventKind::kGuestException, EventKind::kGuestInterrupt});
    case Moment::Kind::kExit: return std::optional(state.it().last());
  }
  return std::optional<Step>();
}

// It was not found, or something is wrong: as if nobody had looked.
Answer back_to(State& state, Step step, const core::Error& error) {
  if (auto done = state.it().go_to(step); !done) return done.error();
  return error;
}

}  // namespace

Answer go_to_moment(State& state, const Words& words) {
  if (words.size() < 2) return usage(words[0], "it wants a moment.");
  std::string text = words[1];
  for (size_t i = 2; i < words.size(); ++i) text += " " + words[i];
  Debuggee& it = state.it();
  const Step now = it.now();
  const bool relative = (text[0] == '+' || text[0] == '-') && parse_number(std::string_view(text).substr(1));
  const uint64_t distance = relative ? parse_number(std::string_view(text).substr(1)).value_or(0) : 0;
  if (text == "start") text = fmt::format("@{}", it.first());
  if (text == "end") text = "exit";
  if (relative) text = fmt::format("@{}", text[0] == '+' ? now + std::min(distance, core::kNever - now) : now - std::min(distance, now));
  if (parse_number(text)) text = "@" + text;
  auto moment = parse_moment(text);
  if (!moment) return moment.error();
  if (moment->kind == Moment::Kind::kExit && it.at_edge())
    return usage(words[0], "the run has not ended. Use: continue");
  auto step = find_moment(state, *moment);
  if (!step) return back_to(state, now, step.error());
  if (!*step)
    return back_to(state, now, core::error(ErrorKind::kUsage, "'{}' never came, up to step {}; it stands where it stood.",
                                           core::printable(text), it.last()));
  return told(state, it.go_to(**step));
}

Answer go_to_event(State& state, const Words& words, bool forward) {
  if (words.size() != 2) return usage(words[0], "it wants a kind of exit or guest trap.");
  auto kind = parse_kind(words[1]);
  if (!kind) return kind.error();
  Debuggee& it = state.it();
  const Step now = it.now();
  const bool live = it.at_edge();
  state.seek({}, {}, {*kind});
  auto stop = forward ? it.run() : it.run_back();
  if (!stop) return stop.error();
  if (stop->kind == Stop::Kind::kRequest) return told(state, stop, !forward);
  if (live && forward) return told(state, stop);  // the run has gone on
  if (stop->kind == Stop::Kind::kInterrupted) return back_to(state, now, interrupted());
  return back_to(state, now, core::error(ErrorKind::kUsage, "There is no {} {} step {}; it stands where it stood.", event_name_text(*kind),
                                         forward ? "after" : "before", now));
}

Answer go_to_writer(State& state, const Words& words) {
  if (words.size() != 2 && words.size() != 3) return usage(words[0], "it wants an address, and perhaps a number of bytes.");
  auto at = parse_place(state, words[1]);
  if (!at) return at.error();
  uint64_t size = 8;
  if (words.size() == 3) {
    auto count = parse_count(words[0], words[2]);
    if (!count) return count.error();
    size = *count;
  }
  Debuggee& it = state.it();
  const Step now = it.now();
  state.seek({}, {{{*at}, size, false, true}}, {});
  auto stop = it.run_back();
  if (!stop) return stop.error();
  if (stop->kind == Stop::Kind::kInterrupted) return back_to(state, now, interrupted());
  if (stop->kind != Stop::Kind::kStore)
    return back_to(state, now, core::error(ErrorKind::kUsage,
                                           "No hart wrote to the {} bytes at {} before step {}: what is there came with an image, or "
                                           "from a device. It stands where it stood.",
                                           size, address_text(state.machine(), *at), now));
  return fmt::format("Hart {} wrote there last, at {}, in this step. Back: goto @{}\n{}", stop->hart,
                     address_text(state.machine(), state.machine().hart(stop->hart).pc), now, standing_text(state));
}

// --- Changes of a CSR: many are no event of their own, so it is looked at with each event, and in between where it differs.

namespace {

struct Change {
  Step before, after;  // it happened in between
  uint64_t from, to;
};

class Watching final : public core::EventSink {
 public:
  Watching(Machine& machine, unsigned hart, unsigned csr)
      : machine_(machine), hart_(hart), csr_(csr), step_(machine.clock().step()), value_(look()) {
    machine_.events().add_sink(*this);
  }
  ~Watching() { machine_.events().remove_sink(*this); }
  void event(const core::Event& event, const core::EventWords&) noexcept override { compare(event.place.step, event.place.step + 1); }
  // Nothing comes any more.
  std::optional<Change> last() {
    compare(machine_.clock().step(), machine_.clock().step());
    return change_;
  }

 private:
  [[nodiscard]] uint64_t look() const { return riscv::peek_csr(machine_.hart(hart_), csr_).value_or(0); }
  void compare(Step step, Step behind) {
    const uint64_t now = look();
    if (now != value_) change_ = Change{step_, behind, value_, now};
    value_ = now;
    step_ = step;
  }

  Machine& machine_;
  unsigned hart_, csr_;
  Step step_;
  uint64_t value_;
  std::optional<Change> change_;
};

core::Result<std::optional<Change>> last_change(State& state, unsigned hart, unsigned csr) {
  Debuggee& it = state.it();
  for (Step end = it.now(); end > it.first();) {
    const Step begin = it.control().timeline().checkpoint_before(end);
    if (auto done = it.go_to(begin); !done) return done.error();
    Watching watching(state.machine(), hart, csr);
    if (auto done = it.run(end); !done) return done.error();
    if (auto change = watching.last()) return change;
    end = begin;
  }
  return std::optional<Change>();
}

}  // namespace

Answer go_to_change(State& state, const Words& words) {
  if (words.size() != 2) return usage(words[0], "it wants the name of a CSR.");
  auto csr = parse_csr(words[1]);
  if (!csr) return csr.error();
  Debuggee& it = state.it();
  const Step now = it.now();
  const unsigned hart = state.hart_number();
  state.seek({}, {}, {});
  auto change = last_change(state, hart, *csr);
  if (!change) return change.error();
  if (!*change)
    return back_to(state, now, core::error(ErrorKind::kUsage, "{} of hart {} is what it was when the run began. It stands where it stood.",
                                           words[1], hart));
  auto [before, after, from, to] = **change;
  const auto value = [&] { return riscv::peek_csr(state.machine().hart(hart), *csr).value_or(0); };
  while (after - before > 1) {
    const Step middle = before + (after - before) / 2;
    if (auto done = it.go_to(middle); !done) return done.error();
    (value() == to ? after : before) = middle;
  }
  if (auto done = it.go_to(before); !done) return done.error();
  return fmt::format("{} of hart {} was changed last by this step: {:#x} became {:#x}. Back: goto @{}\n{}", words[1], hart, value(), to, now,
                     standing_text(state));
}

}  // namespace vitrine::app::debug
