// SPDX-License-Identifier: MIT
// The step clock and the events that are scheduled on it.
//
// A step is one retired instruction, one synchronous trap entry or one interrupt entry of any hart. One
// machine-wide 64-bit counter of steps, which no guest can write, names every state and drives time:
//
//     ticks = base + steps / steps_per_tick + idle           (one tick = 100 ns of guest time, 10 MHz)
//
// `idle` grows when every hart waits: time then jumps to the next event. So the same run has the same time at
// the same step, however fast the host is. Next to read: isa/riscv/system.h, which runs the harts between
// events.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/attention.h"
#include "core/state.h"

namespace vitrine::core {

using Step = uint64_t;
using Ticks = uint64_t;

inline constexpr uint64_t kTicksPerSecond = 10'000'000;
inline constexpr Step kNever = ~Step{0};

class Clock {
 public:
  explicit Clock(uint64_t steps_per_tick = 100, Ticks base = 0)
      : steps_per_tick_(steps_per_tick), base_(base) {}

  [[nodiscard]] Step step() const { return step_; }
  [[nodiscard]] Ticks ticks() const { return base_ + idle_ + step_ / steps_per_tick_; }
  [[nodiscard]] Ticks idle() const { return idle_; }
  [[nodiscard]] uint64_t steps_per_tick() const { return steps_per_tick_; }

  // The first step at which ticks() >= when; the current step if that is now or past; kNever beyond 64 bits.
  [[nodiscard]] Step step_at(Ticks when) const;

  // Only the engine that runs the machine calls this; steps never go back.
  void set_step(Step step) { step_ = step; }
  // All harts wait: time jumps forward so that ticks() >= when, the step stays.
  void jump_to(Ticks when) {
    if (when > ticks()) idle_ += when - ticks();
  }
  void serialize(Archive& ar) {
    ar.field("step", step_);
    ar.field("idle", idle_);
  }

 private:
  uint64_t steps_per_tick_;
  Ticks base_;
  Step step_ = 0;
  Ticks idle_ = 0;
};

class Scheduler;

// One thing that will happen at a time of the guest's clock. Its owner (a device) holds it as a member; there
// are a few dozen in a machine. Two events at the same tick happen in the order in which the events were
// constructed.
class ScheduledEvent {
 public:
  ScheduledEvent(Scheduler& scheduler, std::string name, std::function<void()> action);
  ~ScheduledEvent();
  ScheduledEvent(const ScheduledEvent&) = delete;
  ScheduledEvent& operator=(const ScheduledEvent&) = delete;

  // Happens once, at the first step at which the clock has reached `when` (at once after the current
  // instruction if it already has). Arming again moves it.
  void arm(Ticks when);
  void disarm();
  [[nodiscard]] bool armed() const { return armed_; }
  [[nodiscard]] Ticks when() const { return when_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  void serialize(Archive& ar);

 private:
  friend class Scheduler;
  Scheduler& scheduler_;
  std::string name_;
  std::function<void()> action_;
  Ticks when_ = 0;
  bool armed_ = false;
};

class Scheduler {
 public:
  Scheduler(Clock& clock, Attention& attention) : clock_(clock), attention_(attention) {}

  [[nodiscard]] Clock& clock() { return clock_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  // Asks the engine to stop after the current instruction (interrupt lines, console input and the like).
  void want_attention() { attention_.wanted = true; }

  // The time of the next event, or kNever.
  [[nodiscard]] Ticks next_when() const { return next_when_; }
  [[nodiscard]] Step next_step() const { return next_when_ == kNever ? kNever : clock_.step_at(next_when_); }
  // Runs every event whose time has come, in order of (time, construction).
  void run_due();
  // How many it has run so far: with step and time it names a moment, whatever the engine. No state of the machine.
  [[nodiscard]] uint64_t events_run() const { return events_run_; }
  void set_events_run(uint64_t events) { events_run_ = events; }
  // Hashes and saves armed events with their times; owners are the ones that restore.
  void serialize(Archive& ar);

 private:
  friend class ScheduledEvent;
  void add(ScheduledEvent* event) { events_.push_back(event); }
  void remove(ScheduledEvent* event);
  void changed();

  Clock& clock_;
  Attention& attention_;
  std::vector<ScheduledEvent*> events_;
  Ticks next_when_ = kNever;
  uint64_t events_run_ = 0;
};

}  // namespace vitrine::core
