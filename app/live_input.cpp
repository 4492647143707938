// SPDX-License-Identifier: MIT
// The reading thread.
#include "app/live_input.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace vitrine::app {

std::string KeyFilter::filter(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (!std::exchange(escaped_, false)) {
      if (c == kEscape)
        escaped_ = true;
      else
        out += c;
      continue;
    }
    switch (c) {
      case 'x': commands_ |= kQuit; break;
      case 'h':
      case '?': commands_ |= kHelp; break;
      case 'c': commands_ |= kDebugger; break;
      case kEscape:
      case 'a': out += kEscape; break;
      default: commands_ |= kHelp; break;  // whoever meant something else sees what there is
    }
  }
  return out;
}

LiveInput::LiveInput(int fd, bool keys, Wake& wake)
    : fd_(fd),
      keys_(keys),
      terminal_(isatty(fd)),
      wake_(wake),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (stop_fd_ < 0) throw std::system_error(errno, std::generic_category(), "an event descriptor");
  // Signals are for the machine's thread: its waits are the ones that they must end.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { read_all(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LiveInput::~LiveInput() {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(stop_fd_, &one, sizeof one);
  thread_.join();
  close(stop_fd_);
}

std::string LiveInput::take_bytes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(bytes_, {});
}

void LiveInput::read_all() {
  while (wait_for_bytes() && read_some()) {
  }
  ended_.store(true);
  wake_.ring();
}

// False when it is time to stop. While too much is waiting already only the order to stop is waited for.
bool LiveInput::wait_for_bytes() {
  while (true) {
    bool full;
    {
      const std::lock_guard lock(mutex_);
      full = !terminal_ && bytes_.size() >= kReadAhead;
    }
    std::array<pollfd, 2> wanted = {{{stop_fd_, POLLIN, 0}, {full ? -1 : fd_, POLLIN, 0}}};
    const int ready = poll(wanted.data(), wanted.size(), full ? 5 : -1);
    if (ready < 0 && errno != EINTR) return false;
    if (wanted[0].revents) return false;
    if (ready > 0 && wanted[1].revents) return true;
  }
}

// False at the end of the input.
bool LiveInput::read_some() {
  std::array<char, 4096> buffer;
  const ssize_t got = read(fd_, buffer.data(), buffer.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (got <= 0) {
    hung_up_.store(terminal_);
    return false;
  }
  std::string_view bytes(buffer.data(), static_cast<size_t>(got));
  std::string rest;
  if (keys_) {
    rest = filter_.filter(bytes);
    bytes = rest;
    commands_.fetch_or(filter_.take_commands());
  }
  {
    const std::lock_guard lock(mutex_);
    if (bytes_.size() < kReadAhead) bytes_.append(bytes);
  }
  wake_.ring();
  return true;
}

}  // namespace vitrine::app
