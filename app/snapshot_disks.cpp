// SPDX-License-Identifier: MIT
// Looking at images.
#include "app/snapshot_disks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <span>

#include "core/file.h"
#include "core/state.h"

namespace vitrine::app {
namespace {

constexpr uint64_t kPiece = SnapshotDisk::kPiece;

class Image {
 public:
  explicit Image(const std::string& path)
      : path_(path), fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_ < 0 || fstat(fd_, &info_) != 0) return;
    const off_t end = lseek(fd_, 0, SEEK_END);  // of a block device, too
    if (end >= 0) size_ = static_cast<uint64_t>(end);
    good_ = end >= 0;
  }
  ~Image() {
    if (fd_ >= 0) close(fd_);
  }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] const struct stat& info() const { return info_; }
  [[nodiscard]] core::Error error() const {
    return core::error(core::ErrorKind::kMissing, "The disk '{}' cannot be read: {}.", core::printable(path_),
                       strerror(errno));
  }
  // Of the piece that begins at an offset; a hole in the file is not read.
  core::Result<uint64_t> hash(uint64_t at) {
    const uint64_t size = std::min(kPiece, size_ - at);
    const off_t data = lseek(fd_, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return uint64_t{0};
    if (data >= 0 && static_cast<uint64_t>(data) >= at + size) return uint64_t{0};
    bytes_.resize(size);
    for (uint64_t done = 0; done < size;) {
      const ssize_t got = pread(fd_, bytes_.data() + done, size - done, static_cast<off_t>(at + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return error();
      done += static_cast<uint64_t>(got);
    }
    const bool zero =
        std::all_of(bytes_.begin(), bytes_.end(), [](std::byte byte) { return byte == std::byte{0}; });
    return zero ? 0 : core::hash_bytes(bytes_);
  }

 private:
  std::string path_;
  int fd_;
  struct stat info_ {};
  uint64_t size_ = 0;
  bool good_ = false;
  std::vector<std::byte> bytes_;
};

std::string absolute(const std::string& path) {
  std::error_code failed;
  const auto whole = std::filesystem::weakly_canonical(path, failed);
  return failed ? path : whole.string();
}

// Files whose change may still be going on have a time that says nothing: clocks of file systems are coarse.
bool is_settled(const struct stat& info) {
  return S_ISREG(info.st_mode) && info.st_mtim.tv_sec + 2 < time(nullptr);
}

}  // namespace

std::vector<DiskConfig> disks_of(const MachineConfig& config) {
  std::vector<DiskConfig> disks;
  for (const VirtioConfig& device : config.virtio)
    if (device.kind == VirtioConfig::Kind::kBlock) disks.push_back(device.disk());
  if (config.port_disk) disks.push_back(*config.port_disk);
  return disks;
}

core::Result<SnapshotDisk> look_at_disk(const std::string& path) {
  Image image(path);
  if (!image.good()) return image.error();
  SnapshotDisk disk{absolute(path), image.size(), 0, 0, {}};
  if (is_settled(image.info())) {
    disk.seconds = image.info().st_mtim.tv_sec;
    disk.nanoseconds = image.info().st_mtim.tv_nsec;
  }
  for (uint64_t at = 0; at < disk.size; at += kPiece) {
    auto hash = image.hash(at);
    if (!hash) return hash.error();
    disk.hashes.push_back(*hash);
  }
  return disk;
}

std::string disk_difference(const SnapshotDisk& then, const std::string& path) {
  Image image(path);
  if (!image.good()) return image.error().message;
  const std::string changed = fmt::format("the disk '{}' has changed since: ", core::printable(path));
  if (image.size() != then.size)
    return changed + fmt::format("it had {} bytes, and has {}", then.size, image.size());
  const timespec& time = image.info().st_mtim;
  if (then.seconds != 0 && time.tv_sec == then.seconds && time.tv_nsec == then.nanoseconds &&
      absolute(path) == then.path)
    return {};
  for (uint64_t at = 0; at < then.size; at += kPiece) {
    auto hash = image.hash(at);
    if (!hash) return hash.error().message;
    if (*hash != then.hashes[at / kPiece])
      return changed +
             fmt::format("bytes {:#x} to {:#x} are others", at, std::min(at + kPiece, then.size) - 1);
  }
  return {};
}

}  // namespace vitrine::app
