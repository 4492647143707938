// SPDX-License-Identifier: MIT
// A disk whose bytes are those of a file or block device. The capacity is fixed at open: the size rounded up
// to whole sectors, where what is missing of the last one reads as zero.
//
// Failures. Short reads and writes and EINTR are gone on with. After a failed fdatasync(2) the kernel may
// have dropped the written pages and will report success next time, so the first failure is final: everything
// fails from then on, and the observer is told.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "devices/virtio/block_backend.h"
#include "devices/virtio/file_calls.h"

namespace vitrine::devices {

class RawFile final : public BlockBackend {
 public:
  enum class Access : uint8_t { kReadOnly, kReadWrite };

  // Opens and locks; the message says what to do if that fails. `observer` may be null.
  static core::Result<std::unique_ptr<RawFile>> open(const std::string& path, Access access,
                                                     BlockObserver* observer,
                                                     FileCalls& calls = FileCalls::host());
  ~RawFile() override;
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  [[nodiscard]] uint64_t size() const { return size_; }  // in bytes, at open
  [[nodiscard]] uint64_t sectors() const override { return (size_ + kSectorSize - 1) / kSectorSize; }
  [[nodiscard]] bool read_only() const override { return access_ == Access::kReadOnly; }
  [[nodiscard]] bool read(uint64_t offset, std::span<const iovec> to) override;
  [[nodiscard]] bool write(uint64_t offset, std::span<const iovec> from) override;
  [[nodiscard]] bool write_zeroes(uint64_t offset, uint64_t size, bool unmap) override;
  [[nodiscard]] bool discard(uint64_t offset, uint64_t size) override;
  [[nodiscard]] bool flush() override;
  void serialize(core::Archive& ar) override;
  // The same of a file that stands for another one; it is not for loading.
  static void serialize_as(core::Archive& ar, uint64_t size, bool reads_only);

 private:
  RawFile(std::string path, int fd, uint64_t size, Access access, BlockObserver* observer, FileCalls& calls);

  bool fail(const char* what, int error);
  bool write_zero_bytes(uint64_t offset, uint64_t size);
  int allocate(int mode, uint64_t offset, uint64_t size);

  std::string path_;
  int fd_;
  uint64_t size_;  // bytes at open
  Access access_;
  BlockObserver* observer_;
  FileCalls& calls_;
  bool sync_failed_ = false;
  bool told_ = false;
};

}  // namespace vitrine::devices
