// SPDX-License-Identifier: MIT
// An eventfd, and a flag beside it that is cheap to read.
#include "app/wake.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

namespace vitrine::app {

Wake::Wake() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "an event descriptor");
}

Wake::~Wake() { close(fd_); }

void Wake::ring() noexcept {
  const int saved = errno;  // a signal handler must not change it
  rung_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
  errno = saved;
}

// The flag first: a ring in between then leaves the flag set, or the descriptor readable, never neither.
void Wake::clear() {
  rung_.store(false, std::memory_order_release);
  uint64_t count;
  [[maybe_unused]] const auto taken = read(fd_, &count, sizeof count);
}

bool Wake::wait(std::optional<HostClock::time_point> deadline) {
  while (!rung()) {
    timespec timeout{};
    if (deadline) {
      const auto left = std::chrono::nanoseconds(*deadline - HostClock::now()).count();
      if (left <= 0) return false;
      timeout = {left / 1'000'000'000, left % 1'000'000'000};
    }
    pollfd bell{fd_, POLLIN, 0};
    if (ppoll(&bell, 1, deadline ? &timeout : nullptr, nullptr) > 0) rung_.store(true);
  }
  return true;
}

}  // namespace vitrine::app
