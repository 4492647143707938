// SPDX-License-Identifier: MIT
// Buffered writes of a log.
#include "app/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/file.h"

namespace vitrine::app {
namespace {

constexpr size_t kBuffer = 64 << 10;

core::Error cannot_write(const std::string& path, int error) {
  return core::error(core::ErrorKind::kMissing, "The log cannot be written to {}: {}.",
                     path.empty() ? "stderr" : "'" + core::printable(path) + "'", strerror(error));
}

}  // namespace

core::Result<std::unique_ptr<LogFile>> LogFile::open(const std::string& path) {
  int fd = STDERR_FILENO;
  if (!path.empty()) {
    fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0) return cannot_write(path, errno);
  }
  return std::unique_ptr<LogFile>(new LogFile(path, fd));
}

LogFile::~LogFile() {
  flush();
  if (!path_.empty()) close(fd_);
}

void LogFile::write(std::string_view line) {
  if (error_) return;
  buffer_ += line;
  if (path_.empty() || buffer_.size() >= kBuffer) flush();
}

void LogFile::flush() {
  size_t done = 0;
  while (done < buffer_.size() && error_ == 0) {
    const ssize_t wrote = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (wrote >= 0)
      done += static_cast<size_t>(wrote);
    else if (errno != EINTR)
      error_ = errno;
  }
  buffer_.clear();
  if (error_ && failed_) std::exchange(failed_, nullptr)();
}

std::string LogFile::problem() const { return error_ ? cannot_write(path_, error_).message : std::string(); }

}  // namespace vitrine::app
