// SPDX-License-Identifier: MIT
// Reading files: open without waiting, look at what was opened, read within bounds.
#include "core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>

namespace vitrine::core {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Error cannot_open(const std::string& path, int why) {
  const std::string name = printable(path);
  switch (why) {
    case ENOENT:
    case ENOTDIR: return error(ErrorKind::kMissing, "There is no file '{}'.", name);
    case EACCES:
    case EPERM: return error(ErrorKind::kMissing, "'{}' may not be read: permission denied.", name);
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO: return error(ErrorKind::kMissing, "'{}' cannot be opened: {}.", name, strerror(why));
    default: return error(ErrorKind::kHost, "'{}' cannot be opened: {}.", name, strerror(why));
  }
}

Error too_large(const std::string& path, uint64_t max_size) {
  return error(ErrorKind::kBadImage, "'{}' is too large: at most {} can be loaded.", printable(path),
               size_text(max_size));
}

// Reads until the file ends, one byte beyond `max_size` at most: a file may grow while it is read.
Result<std::vector<std::byte>> read_to_end(int fd, const std::string& path, uint64_t expected,
                                           uint64_t max_size) {
  constexpr uint64_t kStep = 1 << 20;
  std::vector<std::byte> data;
  uint64_t used = 0;
  data.resize(expected + 1);
  for (;;) {
    if (used == data.size()) data.resize(std::min(used + std::max(used / 2, kStep), max_size + 1));
    const ssize_t got = read(fd, data.data() + used, data.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return error(ErrorKind::kHost, "'{}' cannot be read: {}.", printable(path), strerror(errno));
    if (got == 0) break;
    used += static_cast<uint64_t>(got);
    if (used > max_size) return too_large(path, max_size);
  }
  data.resize(used);
  return data;
}

}  // namespace

Result<std::vector<std::byte>> read_file(const std::string& path, uint64_t max_size) {
  if (path.empty()) return error(ErrorKind::kUsage, "The name of a file is empty.");
  // A fifo without a writer and a terminal line without carrier would block open().
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0) return cannot_open(path, errno);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return cannot_open(path, errno);
  if (S_ISDIR(info.st_mode))
    return error(ErrorKind::kBadImage, "'{}' is a directory; a file is needed here.", printable(path));
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode))
    return error(ErrorKind::kBadImage, "'{}' is a device or a socket; a file is needed here.",
                 printable(path));
  if (S_ISFIFO(info.st_mode)) fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
  const auto expected = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
  if (expected > max_size) return too_large(path, max_size);
  try {
    return read_to_end(fd.get(), path, expected, max_size);
  } catch (const std::bad_alloc&) {
    return error(ErrorKind::kHost, "The host has no memory for the {} of '{}'.", size_text(expected),
                 printable(path));
  } catch (const std::length_error&) {
    return too_large(path, max_size);
  }
}

std::string printable(std::string_view text, size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  if (text.size() > limit) out += "...";
  return out;
}

std::string size_text(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  int unit = 0;
  uint64_t whole = bytes >> 10;
  uint64_t rest = bytes & 1023;
  while (whole >= 1024 && unit < 5) {
    rest = whole & 1023;
    whole >>= 10;
    ++unit;
  }
  const uint64_t tenths = rest * 10 / 1024;
  if (tenths == 0) return fmt::format("{} {}", whole, kUnits[unit]);
  return fmt::format("{}.{} {}", whole, tenths, kUnits[unit]);
}

}  // namespace vitrine::core
