// SPDX-License-Identifier: MIT
// The bell by which another thread or a signal handler wakes the thread that owns the machine.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

namespace vitrine::app {

using HostClock = std::chrono::steady_clock;

class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  // Async-signal-safe.
  void ring() noexcept;
  // Was it rung since the last clear()? One load: the machine's loop asks between turns.
  [[nodiscard]] bool rung() const { return rung_.load(std::memory_order_acquire); }
  void clear();
  // Sleeps until it rings or the deadline; true if it rang. The ring stays.
  bool wait(std::optional<HostClock::time_point> deadline);

 private:
  int fd_;
  std::atomic<bool> rung_{false};
};

}  // namespace vitrine::app
