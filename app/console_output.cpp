// SPDX-License-Identifier: MIT
// Buffering, and writes that fail.
#include "app/console_output.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/file.h"

namespace vitrine::app {
namespace {

// Text as a reader sees it: no escape sequences (ECMA-48: ESC [ parameters, a final letter), no control
// characters.
std::string without_escapes(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      if (i + 1 < line.size() && line[i + 1] == '[') {
        i += 2;
        while (i < line.size() && (line[i] < '@' || line[i] > '~')) ++i;
      }
    } else if (line[i] != '\r' && line[i] != '\a') {
      out += line[i];
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// "[    1.234567] text" -> "text"
std::string_view without_time_stamp(std::string_view line) {
  if (line.empty() || line[0] != '[') return line;
  const size_t end = line.find("] ");
  if (end == std::string_view::npos) return line;
  const std::string_view stamp = line.substr(1, end - 1);
  if (stamp.find_first_not_of(" .0123456789") != std::string_view::npos) return line;
  return line.substr(end + 2);
}

}  // namespace

void ConsoleOutput::put(uint8_t byte) {
  const char c = static_cast<char>(byte);
  if (fd_ >= 0 && error_ == 0) buffer_ += c;
  at_line_start_ = c == '\n';
  if (c == '\x1b') used_escapes_ = true;
  if (c == '\n') {
    end_line();
    flush();
    return;
  }
  if (line_.size() < kLineKept) line_ += c;
  if (buffer_.size() >= kBuffer) flush();
}

void ConsoleOutput::end_line() {
  std::string line = without_escapes(line_);
  line_.clear();
  if (!panic_line_.empty() && ++lines_since_panic_ > kLinesAfterPanic) panic_line_.clear();
  if (line.empty()) return;
  if (without_time_stamp(line).starts_with("Kernel panic - not syncing")) {
    panic_line_ = core::printable(without_time_stamp(line));
    lines_since_panic_ = 0;
  }
  last_line_ = std::move(line);
}

std::string ConsoleOutput::last_line() const {
  const std::string open = without_escapes(line_);
  return core::printable(open.empty() ? last_line_ : open);
}

void ConsoleOutput::flush_if_old(HostClock::time_point now) {
  if (buffer_.empty()) return;
  if (first_seen_ == HostClock::time_point{}) first_seen_ = now;
  if (now - first_seen_ >= std::chrono::milliseconds(2)) flush();
}

// A pipe that says it is writable takes 4 KiB without blocking (PIPE_BUF), so nobody's slowness keeps us from
// ending.
void ConsoleOutput::flush() {
  constexpr size_t kPiece = 4096;
  first_seen_ = {};
  size_t done = 0;
  while (done < buffer_.size() && error_ == 0) {
    if (left_ == 0) {
      error_ = EFBIG;
      break;
    }
    pollfd out{fd_, POLLOUT, 0};
    if (poll(&out, 1, 100) == 0) {
      if (give_up_(context_)) break;
      continue;
    }
    const ssize_t wrote = write(fd_, buffer_.data() + done, std::min<uint64_t>({kPiece, buffer_.size() - done, left_}));
    if (wrote >= 0)
      done += static_cast<size_t>(wrote), left_ -= static_cast<uint64_t>(wrote);
    else if (errno != EINTR && errno != EAGAIN)
      error_ = errno;
    else if (give_up_(context_))
      break;
  }
  buffer_.clear();
}

}  // namespace vitrine::app
