// SPDX-License-Identifier: MIT
// Sections, one after the other.
#include "app/snapshot_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/file.h"
#include "core/state.h"

namespace vitrine::app {

using core::ErrorKind;

namespace {

struct FileHead {
  char magic[16];
  uint32_t format, zero;
};
static_assert(sizeof(FileHead) == 24);

struct SectionHead {
  SectionKind kind;
  uint32_t zero;
  uint64_t length, checksum;
};
static_assert(sizeof(SectionHead) == 24);

template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

uint64_t seed_of(const SectionHead& head, uint64_t before) {
  return core::hash_bytes(bytes_of(head).first(offsetof(SectionHead, checksum)), before);
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

core::Error cannot_write(const std::string& path, int why) {
  return core::error(ErrorKind::kMissing, "The snapshot '{}' cannot be written: {}.", core::printable(path),
                     strerror(why));
}

}  // namespace

core::Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::create(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return core::error(ErrorKind::kUsage,
                       "The snapshot '{}' cannot be written: something else than a file is there.",
                       core::printable(path));
  std::string temporary = path + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return cannot_write(path, errno);
  std::unique_ptr<SnapshotWriter> made(new SnapshotWriter(path, std::move(temporary), fd));
  FileHead head{{}, kSnapshotFormat, 0};
  std::copy(kSnapshotMagic.begin(), kSnapshotMagic.end(), head.magic);
  made->write(&head, sizeof head);
  made->checksum_ = core::hash_bytes(bytes_of(head));
  return made;
}

SnapshotWriter::SnapshotWriter(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

SnapshotWriter::~SnapshotWriter() {
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void SnapshotWriter::write(const void* from, size_t size) {
  const char* at = static_cast<const char*>(from);
  size_ += size;
  while (size != 0 && error_ == 0) {
    const ssize_t wrote = ::write(fd_, at, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      error_ = wrote < 0 ? errno : EIO;
      return;
    }
    at += wrote;
    size -= static_cast<size_t>(wrote);
  }
}

void SnapshotWriter::add(SectionKind kind, std::span<const std::byte> bytes) {
  SectionHead head{kind, 0, bytes.size(), 0};
  checksum_ = head.checksum = core::hash_bytes(bytes, seed_of(head, checksum_));
  write(&head, sizeof head);
  write(bytes.data(), bytes.size());
}

// Its bytes are on the disk before its name leads to them.
core::Result<> SnapshotWriter::finish() {
  add(kEndSection, {});
  if (error_ == 0 && fsync(fd_) != 0) error_ = errno;
  if (error_ == 0 && rename(temporary_.c_str(), path_.c_str()) != 0) error_ = errno;
  if (error_ != 0) return cannot_write(path_, error_);
  temporary_.clear();
  const int folder = open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);  // not every file system knows this
    close(folder);
  }
  return core::Ok{};
}

core::Result<std::unique_ptr<SnapshotReader>> SnapshotReader::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return core::error(ErrorKind::kMissing, "The snapshot '{}' cannot be opened: {}.", core::printable(path),
                       strerror(errno));
  std::unique_ptr<SnapshotReader> made(new SnapshotReader(path, fd));
  if (auto done = made->read_sections(); !done) return done.error();
  return made;
}

SnapshotReader::~SnapshotReader() { close(fd_); }

core::Error SnapshotReader::damaged(std::string_view why) const {
  return core::error(ErrorKind::kBadImage, "'{}' is damaged: {}.", core::printable(path_), why);
}

bool SnapshotReader::read_at(uint64_t at, void* to, size_t size) const {
  auto* place = static_cast<char*>(to);
  while (size != 0) {
    const ssize_t got = pread(fd_, place, size, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    place += got;
    at += static_cast<uint64_t>(got);
    size -= static_cast<size_t>(got);
  }
  return true;
}

core::Result<> SnapshotReader::read_sections() {
  struct stat info {};
  FileHead file{};
  if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode) || !read_at(0, &file, sizeof file) ||
      std::string_view(file.magic, sizeof file.magic) != kSnapshotMagic)
    return core::error(ErrorKind::kBadImage, "'{}' is no snapshot.", core::printable(path_));
  if (file.format != kSnapshotFormat || file.zero != 0)
    return core::error(ErrorKind::kBadImage,
                       "'{}' is a snapshot of another version of vitrine (format {}; this is {}).",
                       core::printable(path_), file.format, kSnapshotFormat);
  const auto size = static_cast<uint64_t>(info.st_size);
  uint64_t at = sizeof file;
  checksum_ = core::hash_bytes(bytes_of(file));
  while (true) {
    SectionHead head{};
    if (size - at < sizeof head || !read_at(at, &head, sizeof head))
      return damaged(fmt::format("it ends at byte {}, where a section should begin", size));
    at += sizeof head;
    if (head.length > size - at) return damaged(fmt::format("it ends at byte {}, inside a section", size));
    const uint64_t seed = seed_of(head, checksum_);
    checksum_ = head.checksum;
    if (head.kind == kEndSection) {
      if (head.length != 0 || head.checksum != core::hash_bytes({}, seed))
        return damaged("its checksums do not belong together");
      return at == size ? core::Result<>(core::Ok{}) : damaged("there is something behind its end");
    }
    sections_.push_back({head.kind, at, head.length, head.checksum, seed});
    at += head.length;
  }
}

core::Result<std::vector<std::byte>> SnapshotReader::read(const Section& section, uint64_t most) const {
  if (section.length > most) return damaged(fmt::format("its section at byte {} is too long", section.at));
  std::vector<std::byte> bytes(section.length);
  if (!read_at(section.at, bytes.data(), bytes.size())) return damaged("it cannot be read to its end");
  if (core::hash_bytes(bytes, section.seed) != section.checksum)
    return damaged(fmt::format("the checksum of its section '{}' at byte {} is wrong",
                               core::printable({section.kind.data(), section.kind.size()}), section.at));
  return bytes;
}

bool is_snapshot(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  char magic[16] = {};
  const bool is = pread(fd, magic, sizeof magic, 0) == sizeof magic &&
                  std::string_view(magic, sizeof magic) == kSnapshotMagic;
  close(fd);
  return is;
}

}  // namespace vitrine::app
