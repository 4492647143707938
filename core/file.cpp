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
#include <span>

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
  void release() { fd_ = -1; }

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

struct Opened {
  int fd;
  struct stat info;
  [[nodiscard]] bool is_pipe() const { return S_ISFIFO(info.st_mode); }
};

// Opens without waiting (a fifo without a writer would block), then looks at what was opened.
Result<Opened> open_file(const std::string& path) {
  if (path.empty()) return error(ErrorKind::kUsage, "The name of a file is empty.");
  Opened opened{};
  opened.fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (opened.fd < 0) return cannot_open(path, errno);
  Descriptor guard(opened.fd);
  if (fstat(opened.fd, &opened.info) != 0) return cannot_open(path, errno);
  const mode_t mode = opened.info.st_mode;
  if (S_ISDIR(mode))
    return error(ErrorKind::kBadImage, "'{}' is a directory; a file is needed here.", printable(path));
  if (!S_ISREG(mode) && !S_ISFIFO(mode))
    return error(ErrorKind::kBadImage, "'{}' is a device or a socket; a file is needed here.",
                 printable(path));
  if (opened.is_pipe()) fcntl(opened.fd, F_SETFL, fcntl(opened.fd, F_GETFL) & ~O_NONBLOCK);
  guard.release();
  return opened;
}

// Reads until `data` is full or the file ends; returns the bytes read.
Result<uint64_t> fill(int fd, const std::string& path, std::span<std::byte> data) {
  uint64_t used = 0;
  while (used < data.size()) {
    const ssize_t got = read(fd, data.data() + used, data.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return error(ErrorKind::kHost, "'{}' cannot be read: {}.", printable(path), strerror(errno));
    if (got == 0) break;
    used += static_cast<uint64_t>(got);
  }
  return used;
}

// Reads until the file ends, or one byte beyond `max_size`: a pipe has no size, and a file may grow
// meanwhile.
Result<std::vector<std::byte>> read_to_end(int fd, const std::string& path, uint64_t expected,
                                           uint64_t max_size) {
  constexpr uint64_t kStep = 1 << 20;
  std::vector<std::byte> data(expected + 1);
  uint64_t used = 0;
  for (;;) {
    auto got = fill(fd, path, std::span(data).subspan(used));
    if (!got) return got.error();
    used += *got;
    if (used > max_size) return too_large(path, max_size);
    if (used < data.size()) break;
    data.resize(std::min(used + std::max(used / 2, kStep), max_size + 1));
  }
  data.resize(used);
  return data;
}

}  // namespace

Result<std::vector<std::byte>> read_file(const std::string& path, uint64_t max_size) {
  auto opened = open_file(path);
  if (!opened) return opened.error();
  const Descriptor fd(opened->fd);
  const uint64_t expected = opened->is_pipe() ? 0 : static_cast<uint64_t>(opened->info.st_size);
  if (expected > max_size) return too_large(path, max_size);
  try {
    return read_to_end(fd.get(), path, expected, max_size);
  } catch (const std::bad_alloc&) {
    return error(ErrorKind::kHost, "The host has no memory for the {} of '{}'.", size_text(expected),
                 printable(path));
  }
}

Result<FileHead> read_head(const std::string& path, uint64_t count) {
  auto opened = open_file(path);
  if (!opened) return opened.error();
  const Descriptor fd(opened->fd);
  if (opened->is_pipe())
    return error(ErrorKind::kBadImage, "'{}' is a pipe; a file is needed here.", printable(path));
  FileHead head;
  head.size = static_cast<uint64_t>(opened->info.st_size);
  head.bytes.resize(count);
  auto got = fill(fd.get(), path, head.bytes);
  if (!got) return got.error();
  head.bytes.resize(*got);
  return head;
}

std::string printable(std::string_view text, size_t limit) {
  std::string out;
  const std::string_view shown = text.substr(0, limit);
  for (size_t i = 0; i < shown.size(); ++i) {
    const auto byte = static_cast<unsigned char>(shown[i]);
    const auto next = static_cast<unsigned char>(i + 1 < shown.size() ? shown[i + 1] : 0);
    const bool c1_control = byte == 0xc2 && next >= 0x80 && next < 0xa0;  // U+0080 .. U+009f
    if (c1_control)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(shown[++i]));
    else if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += shown[i];
  }
  if (text.size() > limit) out += "...";
  return out;
}

std::string size_text(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes == 1) return "1 byte";
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
