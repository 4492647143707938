// SPDX-License-Identifier: MIT
// A disk that gives and takes its data through one register, a word at a time, as disks of PCs once did. It
// is ours, and there to be compared with virtio: each word is an access to a device, and so an exit.
// docs/port-disk.md is for those who write a driver.
//
//     0x00 IDENTITY  read: the letters PDSK
//     0x04 SECTORS   read: how many sectors of 512 bytes the disk has
//     0x08 SECTOR    the sector that the next command is about
//     0x0c COMMAND   write: 1 read, 2 write, 3 flush; is done at once, and the next word is word 0 again
//     0x10 STATUS    read: how the last command ended; 0: well
//     0x14 DATA      the next word of the buffer; behind word 127 comes word 0
//
// A command takes no guest time: how long the host's disk takes is nothing that a guest may see. There is no
// interrupt. After a read that failed the buffer is zeroes, so that a driver which does not look at STATUS
// finds nothing old.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "core/device.h"
#include "core/result.h"
#include "devices/virtio/block_backend.h"

namespace vitrine::devices {

class PortDisk final : public core::Device {
 public:
  enum Offset : uint64_t {
    kIdentity = 0x00,
    kSectors = 0x04,
    kSector = 0x08,
    kCommand = 0x0c,
    kStatus = 0x10,
    kData = 0x14
  };
  enum class Command : uint32_t { kRead = 1, kWrite = 2, kFlush = 3 };
  enum class Status : uint32_t {
    kDone = 0,
    kNoSuchSector = 1,
    kReadOnly = 2,
    kHostError = 3,
    kNoSuchCommand = 4
  };
  static constexpr uint32_t kLetters = 0x4b53'4450;  // "PDSK"
  static constexpr uint32_t kWords = kSectorSize / 4;

  // An error if the registers cannot describe such a disk; `image` is its name in the message.
  static core::Result<std::unique_ptr<PortDisk>> create(std::string name,
                                                        std::unique_ptr<BlockBackend> backend,
                                                        const std::string& image);

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const core::RegisterRow> registers() const override;
  [[nodiscard]] unsigned widths() const override { return 4; }
  uint64_t read(uint64_t offset, unsigned width) override;
  void write(uint64_t offset, unsigned width, uint64_t value) override;
  [[nodiscard]] uint64_t peek(uint64_t offset, unsigned width) const override;
  void reset() override;
  void serialize(core::Archive& ar) override;

 private:
  PortDisk(std::string name, std::unique_ptr<BlockBackend> backend)
      : name_(std::move(name)), backend_(std::move(backend)) {}
  Status run(Command command);
  Status read_sector();
  Status write_sector();
  void next_word() { word_ = (word_ + 1) % kWords; }

  std::string name_;
  std::unique_ptr<BlockBackend> backend_;
  std::array<uint32_t, kWords> buffer_{};
  uint32_t sector_ = 0;
  uint32_t word_ = 0;  // of the buffer, that DATA is
  Status status_ = Status::kDone;
};

}  // namespace vitrine::devices
