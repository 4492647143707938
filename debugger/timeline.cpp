// SPDX-License-Identifier: MIT
// Checkpoints of a run, and going between them.
#include "debugger/timeline.h"

#include <time.h>

#include <algorithm>
#include <iterator>

namespace vitrine::debugger {

using core::Step;

namespace {

// What the first write to a page costs more than others, because it ends the direct path of stores to it: on a boot of Linux,
// between 1 and 2 microseconds.
constexpr std::chrono::nanoseconds kFirstWrite{1500};

std::chrono::nanoseconds processor_time() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

}  // namespace

Timeline::Timeline(Run& run, const Options& options) : run_(run), options_(options), pages_(run.ram(), run.now()) { add_checkpoint(); }

std::vector<Step> Timeline::checkpoints() const {
  std::vector<Step> steps;
  for (const auto& [step, checkpoint] : checkpoints_) steps.push_back(step);
  return steps;
}

void Timeline::add_checkpoint() {
  core::MomentWriter writer;
  run_.serialize(writer);
  core::Moment moment = writer.take();
  moment.fields.shrink_to_fit();
  fields_ += moment.fields.size();
  checkpoints_.emplace(run_.now(), std::move(moment));
}

void Timeline::make_checkpoint() {
  const auto begin = processor_time();
  add_checkpoint();
  pages_.mark(run_.now());
  keep_to_budget();
  spent_ = processor_time() - begin;
  forward_ = {};
}

// The one goes whose absence widens the gap least, measured by how far back it is.
void Timeline::keep_to_budget() {
  while ((bytes() > options_.budget || checkpoints_.size() > options_.most) && checkpoints_.size() > 2) {
    const Step newest = checkpoints_.rbegin()->first;
    auto chosen = checkpoints_.end();
    double least = 0;
    for (auto it = std::next(checkpoints_.begin()); std::next(it) != checkpoints_.end(); ++it) {
      const auto gap = static_cast<double>(std::next(it)->first - std::prev(it)->first);
      const double worth = gap / static_cast<double>(newest - it->first);  // newest: not among them
      if (chosen != checkpoints_.end() && worth >= least) continue;
      chosen = it;
      least = worth;
    }
    pages_.forget(chosen->first);
    fields_ -= chosen->second.fields.size();
    checkpoints_.erase(chosen);
  }
}

core::Result<> Timeline::restore(Step step) {
  pages_.go_to(step);
  core::MomentReader reader(checkpoints_.at(step));
  run_.serialize(reader);
  return run_.restored(reader);
}

core::Result<> Timeline::forward(Step until) {
  while (run_.now() < until) {
    const Step before = run_.now();
    const Step target = std::min(until, before + options_.least_spacing);
    const auto begin = processor_time();
    if (auto done = run_.advance(target); !done) return done;
    forward_ += processor_time() - begin;
    if (run_.now() < target || run_.stop_points().is_hit()) break;  // it has ended, or somebody wants in
    const auto cost = spent_ + kFirstWrite * pages_.dirty();
    if (forward_ * options_.share >= cost && since_last() >= options_.least_spacing) make_checkpoint();
  }
  return core::Ok{};
}

core::Result<> Timeline::pass_to(Step step) {
  const Step nearest = std::prev(checkpoints_.upper_bound(step))->first;
  if (step < run_.now() || nearest > run_.now())
    if (auto done = restore(nearest); !done) return done;
  if (step > options_.near) {
    if (auto done = forward(step - options_.near); !done) return done;
    if (run_.now() < step - options_.near) return core::Ok{};
    if (since_last() > 0) make_checkpoint();
  }
  return forward(step);
}

core::Result<> Timeline::go_to(Step step) {
  core::StopPoints& stops = run_.stop_points();
  const bool armed = stops.armed();
  stops.arm(false);
  auto done = pass_to(std::clamp(step, first(), run_.last()));
  stops.arm(armed);
  return done;
}

}  // namespace vitrine::debugger
