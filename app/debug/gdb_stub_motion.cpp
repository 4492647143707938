// SPDX-License-Identifier: MIT
// Packets about motion, forwards and backwards, and how a stop is told.
#include <fmt/format.h>

#include <algorithm>

#include "app/debug/gdb_packets.h"
#include "app/debug/gdb_stub.h"
#include "app/debug/gdb_target.h"
#include "app/debug/verbs.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::gdb {

using debugger::Stop;
using Kind = Stop::Kind;

namespace {

constexpr unsigned kInterrupt = 2, kTrap = 5;  // gdb's numbers of signals
std::string_view behind_signal(std::string_view text) {
  const size_t at = text.find(';');
  return at == text.npos ? std::string_view() : text.substr(at + 1);
}
enum PointType : unsigned { kSoftware, kHardware, kStores, kLoads, kAccesses };

}  // namespace

void Stub::continue_actions(std::string_view) { answer("vCont;c;C;s;S;t"); }

void Stub::why_stopped(std::string_view) { answer(last_stop_.empty() ? fmt::format("T{:02x}thread:{};", kTrap, thread_name(hart_)) : last_stop_); }

// Where to go on, which is a write to pc.
void Stub::jump(std::string_view address) {
  if (address.empty()) return;
  if (const auto pc = take_hex(address); pc && address.empty()) (void)debuggee_.write_register(step_hart_, kRegPc, *pc);
}

void Stub::go(std::string_view address) {
  jump(address);
  move(Motion::kRun, 0);
}

void Stub::step(std::string_view address) {
  jump(address);
  move(Motion::kStep, step_hart_);
}

// A machine takes no signals: what stands behind ';' is an address.
void Stub::go_with_signal(std::string_view signal) { go(behind_signal(signal)); }
void Stub::step_with_signal(std::string_view signal) { step(behind_signal(signal)); }

void Stub::step_back(std::string_view) { move(Motion::kStepBack, step_hart_); }
void Stub::go_back(std::string_view) { move(Motion::kRunBack, 0); }

// "s:p1.2;c": the first action that names a hart, or all, is that hart's. A step of one hart is what is asked for, whatever the others
// shall do: harts run in turn.
void Stub::go_verbosely(std::string_view actions) {
  for (const std::string& action : split(actions, ';')) {
    const size_t colon = action.find(':');
    const std::string_view verb = std::string_view(action).substr(0, colon);
    std::optional<Thread> thread = Thread{true, step_hart_};
    if (colon != action.npos) thread = thread_of(std::string_view(action).substr(colon + 1));
    if (!thread) return refuse("there is no such hart");
    if (verb.starts_with('s') || verb.starts_with('S')) return move(Motion::kStep, thread->hart);
    if (verb == "t") return why_stopped("");
    if (!verb.starts_with('c') && !verb.starts_with('C')) return refuse("there is no such action");
  }
  move(Motion::kRun, 0);
}

void Stub::restart(std::string_view) {
  if (auto done = debuggee_.go_to(debuggee_.first()); !done) say(done.error().message + "\n");
}

// gdb takes the break point at pc out for one step and puts it in again; that is not worth it that caches forget, since a step does
// not stop before its own instruction. Where other harts run in between, they must not stop at what is taken out.
void Stub::apply_points(Motion motion) {
  if (motion == Motion::kStepBack || (motion == Motion::kStep && debuggee_.machine().hart_count() == 1)) return;
  std::vector<uint64_t> breaks;
  std::vector<core::StopPoints::Watch> watches;
  for (const Point& point : points_) {
    if (point.type <= kHardware)
      breaks.push_back(point.at);
    else
      watches.push_back({{point.at}, point.size, point.type != kStores, point.type != kLoads});
  }
  std::sort(breaks.begin(), breaks.end());
  breaks.erase(std::unique(breaks.begin(), breaks.end()), breaks.end());
  std::vector<core::EventKind> catches;  // which gdb has no words for
  if (verbs_)
    for (const debug::StopPoint& point : verbs_->points)
      if (point.kind == debug::StopPoint::Kind::kCatch) catches.push_back(point.event);
  debuggee_.set_stop_points(std::move(breaks), std::move(watches), catches);
}

// For gdb, watch points of RISC-V stop before the access: it takes them out, makes one more step, in the direction of the motion, and
// looks at the value. Here the access lies behind already, so that step is none.
bool Stub::is_passed(Motion motion, unsigned hart) const {
  if (!passed_ || hart != passed_->hart || motion != (passed_->backwards ? Motion::kStepBack : Motion::kStep)) return false;
  return std::none_of(points_.begin(), points_.end(), [](const Point& point) { return point.type > kHardware; });
}

// To a moment that there is; empty, or why not.
std::string Stub::go_to(core::Step step) {
  if (step < debuggee_.first() || step > debuggee_.last())
    return fmt::format("there are the steps {} to {}", debuggee_.first(), debuggee_.last());
  passed_.reset();
  auto done = debuggee_.go_to(step);
  return done ? "" : done.error().message;
}

void Stub::move(Motion motion, unsigned hart) {
  const bool passed = is_passed(motion, hart);
  passed_.reset();
  if (passed) return tell({Kind::kStep, debuggee_.now(), hart, {}, 0});
  apply_points(motion);
  if (motion == Motion::kRun || motion == Motion::kStep) went_on_ = true;
  auto moved = [&]() -> core::Result<Stop> {
    switch (motion) {
      case Motion::kRun: return debuggee_.run();
      case Motion::kStep: return debuggee_.step(hart);
      case Motion::kRunBack: return debuggee_.run_back();
      case Motion::kStepBack: return debuggee_.step_back(hart);
    }
    __builtin_unreachable();
  }();
  if (!moved) {
    say(fmt::format("{}\n", moved.error().message));
    answer("X06");
    wish_ = Wish::kExit;
    return;
  }
  const bool of_a_hart = moved->kind == Kind::kBreak || moved->kind == Kind::kLoad || moved->kind == Kind::kStore || moved->kind == Kind::kRequest;
  const bool stepped = motion == Motion::kStep || motion == Motion::kStepBack;
  hart_ = of_a_hart ? moved->hart : stepped ? hart : debuggee_.current_hart();
  step_hart_ = hart_;
  if (moved->kind == Kind::kLoad || moved->kind == Kind::kStore)
    passed_ = Passed{motion == Motion::kRunBack || motion == Motion::kStepBack, moved->hart};
  tell(*moved);
}

void Stub::tell(const Stop& stop) {
  if (stop.kind == Kind::kEnd) {
    const auto outcome = debuggee_.outcome();
    const bool first = outcome && !told_end_;
    if (outcome) told_end_ = outcome;
    if (outcome && options_.report_exit) {
      wish_ = Wish::kExit;
      return answer(fmt::format("W{:02x}", exit_code_of(*outcome) & 0xff));
    }
    if (outcome && first) say(fmt::format("{}\nThe machine stands at its last moment, step {}.\n", outcome->words, stop.step));
    if (!outcome) say(fmt::format("What was kept ends here, at step {}.\n", stop.step));
  }
  if (stop.kind == Kind::kRequest) say(fmt::format("Caught: {}.\n", debug::event_name_text(Debuggee::caught(stop))));
  last_stop_ = stop_text(stop, hart_);
  answer(last_stop_);
}

std::string Stub::watch_text(const Stop& stop) const {
  const bool store = stop.kind == Kind::kStore;
  for (const Point& point : points_) {
    const bool mine = point.type == kAccesses || point.type == (store ? kStores : kLoads);
    if (!mine || stop.at.value - point.at >= point.size) continue;
    const char* const name = point.type == kStores ? "watch" : point.type == kLoads ? "rwatch" : "awatch";
    return fmt::format("{}:{:x};", name, stop.at.value);
  }
  return "";
}

std::string Stub::stop_text(const Stop& stop, unsigned hart) const {
  std::string why;
  switch (stop.kind) {
    case Kind::kBreak: {
      const bool software = std::any_of(points_.begin(), points_.end(), [&](const Point& p) { return p.type == kSoftware && p.at == stop.at.value; });
      if (software && knows_swbreak_) why = "swbreak:;";
      if (!software && knows_hwbreak_) why = "hwbreak:;";
      break;
    }
    case Kind::kLoad:
    case Kind::kStore: why = watch_text(stop); break;
    case Kind::kEnd: why = "replaylog:end;"; break;
    case Kind::kStart: why = "replaylog:begin;"; break;
    case Kind::kStep:
    case Kind::kRequest:
    case Kind::kInterrupted: break;
  }
  return fmt::format("T{:02x}thread:{};{}", stop.kind == Kind::kInterrupted ? kInterrupt : kTrap, thread_name(hart), why);
}

// --- monitor

// The verbs of `vitrine debug`, for the hart that gdb looks at. The text comes in either case; gdb says of an error that it is one.
void Stub::monitor(std::string_view command) {
  const auto text = from_hex(command);
  if (!text) return refuse("no text");
  if (!verbs_) verbs_ = std::make_unique<debug::State>(debuggee_);
  verbs_->chosen = hart_;
  const core::Step before = debuggee_.now();
  debug::Answer answered = debug::obey(*verbs_, *text);
  if (answered) say(*answered);
  if (!answered) say(answered.error().message + "\n");
  if (verbs_->quit) say("gdb's own words end this: detach, kill.\n");
  verbs_->quit = false;
  if (debuggee_.now() != before) {
    hart_ = step_hart_ = debuggee_.current_hart();
    passed_.reset();
    last_stop_.clear();
    say("(gdb does not know yet where it stands: maintenance flush register-cache)\n");
  }
  answered ? ok() : answer("E01");
}

}  // namespace vitrine::app::gdb
