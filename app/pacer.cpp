// SPDX-License-Identifier: MIT
// Sleeping.
#include "app/pacer.h"

#include <algorithm>

namespace vitrine::app {

void Pacer::start(HostClock::time_point now) {
  origin_ = now;
  origin_ticks_ = clock_.ticks();
}

core::Ticks Pacer::host_ticks(HostClock::time_point now) const {
  return origin_ticks_ + static_cast<core::Ticks>((now - origin_) / kTick);
}

// True if it was woken before the time was over.
bool Pacer::sleep(Nanoseconds time, std::optional<HostClock::time_point> limit) {
  const auto begin = HostClock::now();
  auto until = begin + std::min(time, kMaxSleep);
  const bool cut = time > kMaxSleep || (limit && *limit < until);
  if (limit && *limit < until) until = *limit;
  const bool rang = wake_.wait(until);
  slept_ += HostClock::now() - begin;
  return rang || cut;
}

core::Ticks Pacer::pass(core::Ticks when, std::optional<HostClock::time_point> limit) {
  if (mode_ == ClockMode::kVirtual) return when;
  const core::Ticks now = clock_.ticks();
  const auto begin = HostClock::now();
  const core::Ticks most = static_cast<core::Ticks>(Nanoseconds::max() / kTick / 2);
  const Nanoseconds want = kTick * static_cast<int64_t>(std::min(when > now ? when - now : 0, most));
  // Real: what is owed follows from the two clocks.
  if (mode_ == ClockMode::kReal) {
    const core::Ticks host = host_ticks(begin);
    owed_ =
        now >= host ? kTick * static_cast<int64_t>(now - host) : -kTick * static_cast<int64_t>(host - now);
  }
  if (owed_ + want < kGrain) {
    owed_ = std::max(owed_ + want, -kGrain * 10);
    return when;
  }
  const bool woken = sleep(owed_ + want, limit);
  const Nanoseconds slept = HostClock::now() - begin;
  if (!woken) {
    owed_ += want - slept;
    return when;
  }
  const Nanoseconds passed = std::clamp(slept - owed_, Nanoseconds{0}, want);
  owed_ = std::max(Nanoseconds{0}, owed_ - slept);
  return now + static_cast<core::Ticks>(passed / kTick);
}

core::Ticks Pacer::wait(std::optional<HostClock::time_point> limit) {
  const core::Ticks now = clock_.ticks();
  const auto begin = HostClock::now();
  wake_.wait(limit);
  const Nanoseconds slept = HostClock::now() - begin;
  slept_ += slept;
  if (mode_ == ClockMode::kVirtual) return now;
  return now + static_cast<core::Ticks>(slept / kTick);
}

core::Ticks Pacer::keep_up(HostClock::time_point now) {
  if (mode_ != ClockMode::kReal) return 0;
  const core::Ticks grain = static_cast<core::Ticks>(kGrain / kTick);
  const core::Ticks host = host_ticks(now);
  const core::Ticks guest = clock_.ticks();
  if (guest > host + grain) sleep(kTick * static_cast<int64_t>(guest - host), std::nullopt);
  return host > guest + grain ? host : 0;
}

}  // namespace vitrine::app
