// SPDX-License-Identifier: MIT
// Run control, forwards and backwards.
#include "debugger/debugger.h"

namespace vitrine::debugger {

using core::Step;
using core::StopPoints;
using Kind = Stop::Kind;

namespace {

constexpr Step kPiece = 20'000'000;  // steps between two looks at whether somebody wants in

// Where going back puts it: before the instruction.
Step moment_of(const StopPoints::Hit& hit, Step now) { return hit.kind == StopPoints::Hit::Kind::kBreak ? now : now - 1; }

}  // namespace

Stop Debugger::stop_at(const StopPoints::Hit& hit) const {
  constexpr Kind kKinds[] = {Kind::kBreak, Kind::kLoad, Kind::kStore, Kind::kRequest};
  return {kKinds[static_cast<size_t>(hit.kind)], run_.now(), hit.hart, hit.at, hit.mark};
}

core::Result<Stop> Debugger::run(Step until) {
  StopPoints& stops = run_.stop_points();
  stops.arm(true);
  stops.pass(run_.now());
  while (true) {
    const Step before = run_.now();
    if (auto done = timeline_.forward(std::min(until, before + std::min(kPiece, core::kNever - before))); !done) return done.error();
    if (const auto hit = stops.take()) return stop_at(*hit);
    if (run_.now() >= until) return stop(Kind::kStep);
    if (run_.ended()) return stop(Kind::kEnd);
    if (interrupted()) return stop(Kind::kInterrupted);
  }
}

// Time may pass before the next step, and somebody may want in meanwhile.
core::Result<Stop> Debugger::go_to(Step step) {
  for (unsigned stalled = 0;;) {
    const Step before = run_.now();
    if (auto done = timeline_.go_to(step); !done) return done.error();
    if (run_.now() == step) return stop(Kind::kStep);
    if (run_.now() > step) return stop(Kind::kStart);
    if (interrupted()) return stop(Kind::kInterrupted);
    if (run_.ended() || (run_.now() == before && ++stalled == 2)) return stop(Kind::kEnd);
  }
}

core::Result<Stop> Debugger::step(unsigned hart) {
  StopPoints& stops = run_.stop_points();
  stops.arm(true);
  stops.pass(run_.now());
  const uint64_t steps = run_.steps_of(hart);
  while (true) {
    if (auto done = timeline_.forward(run_.now() + 1); !done) return done.error();
    if (const auto hit = stops.take()) return stop_at(*hit);
    if (run_.steps_of(hart) != steps) return stop(Kind::kStep);
    if (run_.ended()) return stop(Kind::kEnd);
    if (interrupted()) return stop(Kind::kInterrupted);
  }
}

core::Result<Stop> Debugger::step_back(unsigned hart) {
  const uint64_t steps = run_.steps_of(hart);
  const Step now = run_.now();
  Step behind = now;  // the hart's step was made at this moment
  for (Step distance = 1;; distance *= 2) {
    const Step target = now - timeline_.first() > distance ? now - distance : timeline_.first();
    if (auto done = timeline_.go_to(target); !done) return done.error();
    if (run_.steps_of(hart) != steps) break;
    if (target == timeline_.first()) return stop(Kind::kStart);
    behind = target;
  }
  // Between the two: the last moment at which it was not made yet.
  for (Step before = run_.now(); behind - before > 1;) {
    if (auto done = timeline_.go_to(before + (behind - before) / 2); !done) return done.error();
    (run_.steps_of(hart) == steps ? behind : before) = run_.now();
  }
  return go_to(behind - 1);
}

// Of one stretch between a checkpoint, to which this goes back, and a moment behind it. It ends early where somebody wants in.
core::Result<std::optional<Debugger::Found>> Debugger::last_hit_before(Step end) {
  constexpr unsigned kHitsBetweenLooks = 1000;
  if (auto done = timeline_.go_before(end); !done) return done.error();
  StopPoints& stops = run_.stop_points();
  stops.arm(true);
  std::optional<Found> last;
  for (unsigned hits = 0; run_.now() < end;) {
    const Step before = run_.now();
    if (auto done = timeline_.forward(std::min(end, before + kPiece)); !done) return done.error();
    const auto hit = stops.take();
    if (!hit && (run_.now() == before || interrupted())) break;
    if (!hit) continue;
    if (const Step moment = moment_of(*hit, run_.now()); moment < end) last = Found{*hit, moment};
    if (hit->kind == StopPoints::Hit::Kind::kBreak) stops.pass(run_.now());
    if (++hits % kHitsBetweenLooks == 0 && interrupted()) break;
  }
  return last;
}

core::Result<Stop> Debugger::run_back() {
  for (Step end = run_.now(); end > timeline_.first();) {
    const Step begin = timeline_.checkpoint_before(end);
    auto found = last_hit_before(end);
    if (!found) return found.error();
    if (*found) {
      if (auto done = timeline_.go_to((*found)->moment); !done) return done.error();
      return stop_at((*found)->hit);
    }
    if (interrupted()) return stop(Kind::kInterrupted);
    end = begin;
  }
  if (auto done = timeline_.go_to(timeline_.first()); !done) return done.error();
  return stop(Kind::kStart);
}

}  // namespace vitrine::debugger
