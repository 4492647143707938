// SPDX-License-Identifier: MIT
// Guest time against host time: the three modes of run_options.h. The pacer decides how long to sleep and how
// far the guest's clock goes; it sleeps on the Wake, so that input and signals shorten every wait.
//
// Short waits are not slept one by one: they add up, and are slept when they come to kGrain. What a sleep
// took too long is taken off the next one.
#pragma once

#include "app/run_options.h"
#include "app/wake.h"
#include "core/scheduler.h"

namespace vitrine::app {

class Pacer {
 public:
  Pacer(ClockMode mode, const core::Clock& clock, Wake& wake) : mode_(mode), clock_(clock), wake_(wake) {}

  // The run begins: guest and host time are one from here on (real).
  void start(HostClock::time_point now);

  // Every hart waits until `when` (not kNever). Returns the time to which the guest's clock shall jump:
  // `when`, or less if the Wake rang. `limit`: wake up then anyway.
  core::Ticks pass(core::Ticks when, std::optional<HostClock::time_point> limit);
  // The machine waits for input alone: sleeps until the Wake rings or `limit`; returns the guest time it is
  // then.
  core::Ticks wait(std::optional<HostClock::time_point> limit);
  // Between turns, real only: guest time that is ahead waits; for guest time that lags, returns where it
  // shall jump to. 0 otherwise.
  core::Ticks keep_up(HostClock::time_point now);

  // Host time slept.
  [[nodiscard]] std::chrono::nanoseconds slept() const { return slept_; }

 private:
  using Nanoseconds = std::chrono::nanoseconds;
  static constexpr Nanoseconds kGrain{1'000'000};
  static constexpr Nanoseconds kTick{100};
  static constexpr Nanoseconds kMaxSleep = std::chrono::hours(24);  // far below what a time_point can hold

  bool sleep(Nanoseconds time, std::optional<HostClock::time_point> limit);
  [[nodiscard]] core::Ticks host_ticks(HostClock::time_point now) const;

  ClockMode mode_;
  const core::Clock& clock_;
  Wake& wake_;
  Nanoseconds owed_{0};  // sleep not done yet; negative: slept too long
  Nanoseconds slept_{0};
  HostClock::time_point origin_{};
  core::Ticks origin_ticks_ = 0;
};

}  // namespace vitrine::app
