// SPDX-License-Identifier: MIT
#include "isa/x86/tool_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/file.h"

namespace vitrine::x86 {

core::Result<ToolFile> ToolFile::create(const std::string& path) {
  unlink(path.c_str());  // what stands there is of an earlier process with this number
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0)
    return core::error(core::ErrorKind::kMissing, "The file '{}' for a tool of the host cannot be made: {}.",
                       core::printable(path), std::strerror(errno));
  return ToolFile(path, fd);
}

ToolFile::ToolFile(ToolFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), error_(other.error_) {}

ToolFile::~ToolFile() {
  if (fd_ >= 0) close(fd_);
}

void ToolFile::write(const void* bytes, size_t size) noexcept {
  const auto* at = static_cast<const char*>(bytes);
  while (size != 0 && error_ == 0) {
    const ssize_t done = ::write(fd_, at, size);
    if (done < 0 && errno != EINTR) error_ = errno;
    if (done <= 0) continue;
    at += done;
    size -= static_cast<size_t>(done);
  }
}

void ToolFile::empty() noexcept {
  if (ftruncate(fd_, 0) != 0 || lseek(fd_, 0, SEEK_SET) != 0) error_ = errno;
}

std::string ToolFile::problem() const {
  if (error_ == 0) return {};
  return fmt::format("The file '{}' is not complete: {}.", core::printable(path_), std::strerror(error_));
}

}  // namespace vitrine::x86
