// SPDX-License-Identifier: MIT
// A disk whose writes stay in memory (`snapshot`): the image below is only read. Written bytes are kept by
// blocks of 4 KiB, so memory is bounded by the size of the disk; a block of zeroes takes none. The overlay is
// machine state: it is saved, restored and hashed with the rest.
#pragma once

#include <array>
#include <map>
#include <memory>

#include "devices/virtio/block_backend.h"

namespace vitrine::devices {

class SnapshotOverlay final : public BlockBackend {
 public:
  static constexpr uint64_t kBlockSize = 4096;

  explicit SnapshotOverlay(std::unique_ptr<BlockBackend> below);

  // Blocks that were written.
  [[nodiscard]] size_t blocks() const { return blocks_.size(); }

  [[nodiscard]] uint64_t sectors() const override { return below_->sectors(); }
  [[nodiscard]] bool read_only() const override { return false; }
  [[nodiscard]] bool read(uint64_t offset, std::span<const iovec> to) override;
  [[nodiscard]] bool write(uint64_t offset, std::span<const iovec> from) override;
  [[nodiscard]] bool write_zeroes(uint64_t offset, uint64_t size, bool unmap) override;
  [[nodiscard]] bool discard(uint64_t offset, uint64_t size) override;
  [[nodiscard]] bool flush() override { return true; }
  void serialize(core::Archive& ar) override;

 private:
  using Bytes = std::array<uint8_t, kBlockSize>;
  using Block = std::shared_ptr<Bytes>;  // null: all zero
  // By block number; the order makes state and hash well defined. A block is written only while nobody else holds it: moments
  // (core/state.h) share blocks with the disk.
  using Blocks = std::map<uint64_t, Block>;

  [[nodiscard]] uint64_t size() const { return sectors() * kSectorSize; }
  bool write_run(uint64_t offset, const uint8_t* from, size_t size);
  bool serialize_shared(core::Archive& ar);
  Bytes* writable_block(uint64_t index, bool whole);

  std::unique_ptr<BlockBackend> below_;
  Blocks blocks_;
};

}  // namespace vitrine::devices
