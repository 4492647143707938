// SPDX-License-Identifier: MIT
// A disk in a file.
#include "devices/virtio/raw_file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "core/file.h"
#include "devices/virtio/file_lock.h"

namespace vitrine::devices {
namespace {

using core::ErrorKind;

// Buffers that shrink from the front, for loops over short reads and writes.
class Remaining {
 public:
  explicit Remaining(std::span<const iovec> all) : left_(all.begin(), all.end()) { drop_empty(); }
  [[nodiscard]] bool empty() const { return first_ == left_.size(); }
  [[nodiscard]] const iovec* data() const { return left_.data() + first_; }
  [[nodiscard]] int count() const {
    return static_cast<int>(std::min<size_t>(left_.size() - first_, IOV_MAX));
  }
  void advance(size_t bytes) {
    while (bytes > 0) {
      iovec& v = left_[first_];
      const size_t n = std::min(bytes, v.iov_len);
      v = {static_cast<char*>(v.iov_base) + n, v.iov_len - n};
      bytes -= n;
      drop_empty();
    }
  }
  void zero() {
    for (; !empty(); ++first_) std::memset(left_[first_].iov_base, 0, left_[first_].iov_len);
  }

 private:
  void drop_empty() {
    while (!empty() && left_[first_].iov_len == 0) ++first_;
  }
  std::vector<iovec> left_;
  size_t first_ = 0;
};

core::Error cannot_open(const std::string& path, bool for_writing, int why) {
  const std::string name = core::printable(path);
  if (why == ENOENT) return core::error(ErrorKind::kMissing, "There is no disk image '{}'.", name);
  if (why == EISDIR)
    return core::error(ErrorKind::kBadImage, "'{}' is a directory; a disk image is needed here.", name);
  return core::error(ErrorKind::kHost, "The disk image '{}' cannot be opened{}: {}.{}", name,
                     for_writing ? " for writing" : "", strerror(why),
                     for_writing ? " Use it read-only or as a snapshot." : "");
}

void fields(core::Archive& ar, uint64_t& size, bool& reads_only) {
  ar.field("image_size", size);
  ar.field("image_read_only", reads_only);
}

// Size of a regular file or block device; -1 and errno otherwise, errno 0 for what is of another kind.
off_t size_of(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return -1;
  if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) return lseek(fd, 0, SEEK_END);
  errno = S_ISDIR(status.st_mode) ? EISDIR : 0;
  return -1;
}

}  // namespace

core::Result<std::unique_ptr<RawFile>> RawFile::open(const std::string& path, Access access,
                                                     BlockObserver* observer, FileCalls& calls) {
  const bool writes = access == Access::kReadWrite;
  const int fd = ::open(path.c_str(), (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return cannot_open(path, writes, errno);
  const off_t size = size_of(fd);
  if (size < 0) {
    const int why = errno;
    ::close(fd);
    if (why != 0) return cannot_open(path, writes, why);
    return core::error(ErrorKind::kBadImage,
                       "'{}' is neither a file nor a block device; a disk image is needed here.",
                       core::printable(path));
  }
  if (auto locked = lock_image(fd, path, writes); !locked) {
    ::close(fd);
    return locked.error();
  }
  return std::unique_ptr<RawFile>(
      new RawFile(path, fd, static_cast<uint64_t>(size), access, observer, calls));
}

RawFile::RawFile(std::string path, int fd, uint64_t size, Access access, BlockObserver* observer,
                 FileCalls& calls)
    : path_(std::move(path)), fd_(fd), size_(size), access_(access), observer_(observer), calls_(calls) {}

RawFile::~RawFile() { ::close(fd_); }

bool RawFile::fail(const char* what, int error) {
  if (observer_ && !told_)
    observer_->disk_failed(fmt::format("{} of the disk image {} failed: {}. The guest gets an I/O error.",
                                       what, path_, strerror(error)));
  told_ = true;
  return false;
}

// The file may end inside the last sector; where it ends before its size at open, someone cut it.
bool RawFile::read(uint64_t offset, std::span<const iovec> to) {
  if (sync_failed_) return false;
  Remaining rest(to);
  while (!rest.empty()) {
    const ssize_t n = calls_.preadv(fd_, rest.data(), rest.count(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("A read", errno);
    if (n == 0) {
      if (offset < size_) return fail("A read beyond the end that the file now has", EIO);
      rest.zero();
      return true;
    }
    rest.advance(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return true;
}

bool RawFile::write(uint64_t offset, std::span<const iovec> from) {
  if (sync_failed_ || read_only()) return false;
  Remaining rest(from);
  while (!rest.empty()) {
    const ssize_t n = calls_.pwritev(fd_, rest.data(), rest.count(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail("A write", n < 0 ? errno : EIO);
    rest.advance(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return true;
}

int RawFile::allocate(int mode, uint64_t offset, uint64_t size) {
  int result;
  do {
    result = calls_.fallocate(fd_, mode, static_cast<off_t>(offset), static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

// Not every file system can zero or punch a range; then the zeroes are written.
bool RawFile::write_zeroes(uint64_t offset, uint64_t size, bool unmap) {
  if (sync_failed_ || read_only()) return false;
  if (size == 0) return true;
  const int mode = unmap ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE;
  const int error = allocate(mode, offset, size);
  if (error == 0) return true;
  if (error == EOPNOTSUPP || error == ENODEV || error == EINVAL || error == ENOSYS)
    return write_zero_bytes(offset, size);
  return fail("Zeroing a range", error);
}

bool RawFile::write_zero_bytes(uint64_t offset, uint64_t size) {
  static char zeroes[64 << 10];
  while (size > 0) {
    const uint64_t n = std::min<uint64_t>(size, sizeof zeroes);
    const iovec piece{zeroes, n};
    if (!write(offset, {&piece, 1})) return false;
    offset += n;
    size -= n;
  }
  return true;
}

// "Discard is a hint": only a host error that threatens the image is one.
bool RawFile::discard(uint64_t offset, uint64_t size) {
  if (sync_failed_ || read_only()) return false;
  if (size == 0) return true;
  const int error = allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
  return error == EIO ? fail("Discarding a range", error) : true;
}

bool RawFile::flush() {
  if (sync_failed_) return false;
  if (read_only()) return true;
  int result;
  do {
    result = calls_.fdatasync(fd_);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return true;
  sync_failed_ = true;
  told_ = false;  // worth a message even after another failure
  return fail("Flushing (fdatasync)", errno);
}

void RawFile::serialize_as(core::Archive& ar, uint64_t size, bool reads_only) { fields(ar, size, reads_only); }

void RawFile::serialize(core::Archive& ar) {
  uint64_t size = size_;
  bool reads_only = read_only();
  fields(ar, size, reads_only);
  if (ar.loading() && ar.good() && (size != size_ || reads_only != read_only()))
    ar.fail(fmt::format("the state is of a machine with another disk image than {}", path_));
}

}  // namespace vitrine::devices
