// SPDX-License-Identifier: MIT
#include "app/debug/dap_console.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace vitrine::app::dap {

size_t unfinished(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<uint8_t>(text[text.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;
    const size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

core::Result<std::unique_ptr<ConsolePipe>> ConsolePipe::open(std::function<void(std::string text)> told) {
  std::unique_ptr<ConsolePipe> it(new ConsolePipe);
  it->told_ = std::move(told);
  std::array<int, 2> ends{};
  it->stop_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (it->stop_ < 0 || pipe2(ends.data(), O_CLOEXEC) != 0) return core::error(core::ErrorKind::kMissing, "The host gives no pipe.");
  it->read_ = ends[0];
  it->write_ = ends[1];
  fcntl(it->read_, F_SETFL, O_NONBLOCK);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  it->thread_ = std::thread([pipe = it.get()] { pipe->read_all(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return it;
}

ConsolePipe::~ConsolePipe() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = write(stop_, &one, sizeof one);
    thread_.join();
    drain(true);
  }
  for (const int fd : {read_, write_, stop_})
    if (fd >= 0) close(fd);
}

void ConsolePipe::read_all() {
  while (true) {
    std::array<pollfd, 2> wanted = {{{stop_, POLLIN, 0}, {read_, POLLIN, 0}}};
    if (poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) return;
    if (wanted[0].revents) return;
    const std::lock_guard lock(mutex_);
    read_some(false);
  }
}

// False: nothing is there.
bool ConsolePipe::read_some(bool end) {
  std::array<char, 16384> buffer;
  const ssize_t got = read(read_, buffer.data(), buffer.size());
  if (got > 0) rest_.append(buffer.data(), static_cast<size_t>(got));
  const size_t kept = end && got <= 0 ? 0 : unfinished(rest_);
  std::string text = rest_.substr(0, rest_.size() - kept);
  rest_.erase(0, rest_.size() - kept);
  if (!text.empty()) told_(std::move(text));
  return got > 0;
}

void ConsolePipe::drain(bool end) {
  const std::lock_guard lock(mutex_);
  while (read_some(end)) {
  }
}

}  // namespace vitrine::app::dap
