// SPDX-License-Identifier: MIT
// The step clock and its events. A machine has a few dozen events, so the next one is found by looking at all
// of them.
#include "core/scheduler.h"

#include <algorithm>
#include <utility>

namespace vitrine::core {

Step Clock::step_at(Ticks when) const {
  if (when <= ticks()) return step_;
  const Ticks wanted = when - base_ - idle_;  // steps / steps_per_tick must reach this
  if (wanted > kNever / steps_per_tick_) return kNever;
  return wanted * steps_per_tick_;
}

ScheduledEvent::ScheduledEvent(Scheduler& scheduler, std::string name, std::function<void()> action)
    : scheduler_(scheduler), name_(std::move(name)), action_(std::move(action)) {
  scheduler_.add(this);
}

ScheduledEvent::~ScheduledEvent() { scheduler_.remove(this); }

void ScheduledEvent::arm(Ticks when) {
  if (armed_ && when_ == when) return;
  when_ = when;
  armed_ = true;
  scheduler_.changed();
}

void ScheduledEvent::disarm() {
  if (!armed_) return;
  armed_ = false;
  when_ = 0;
  scheduler_.changed();
}

void ScheduledEvent::serialize(Archive& ar) {
  ar.field(name_, armed_);
  ar.field(name_, when_);
  if (ar.loading()) scheduler_.changed();
}

void Scheduler::remove(ScheduledEvent* event) {
  std::erase(events_, event);
  changed();
}

// The engine computed how far it may run from the old next event, so it has to look again.
void Scheduler::changed() {
  next_when_ = kNever;
  for (const ScheduledEvent* event : events_)
    if (event->armed_) next_when_ = std::min(next_when_, event->when_);
  attention_.wanted = true;
}

void Scheduler::run_due() {
  while (next_when_ != kNever && next_when_ <= clock_.ticks()) {
    const auto due = std::find_if(events_.begin(), events_.end(),
                                  [&](ScheduledEvent* e) { return e->armed_ && e->when_ == next_when_; });
    ScheduledEvent* event = *due;
    event->disarm();
    ++events_run_;
    event->action_();
  }
}

void Scheduler::serialize(Archive& ar) {
  for (ScheduledEvent* event : events_) event->serialize(ar);
}

}  // namespace vitrine::core
