// SPDX-License-Identifier: MIT
// The past of a run that goes on.
#include "app/history.h"

#include <cstring>

#include "devices/virtio/snapshot_overlay.h"

namespace vitrine::app {

using devices::BlockBackend;

bool History::leave() {
  if (behind_) return false;
  edge_ = key_now(*parts_);
  behind_ = true;
  return true;
}

bool History::arrive() {
  if (behind_ && key_now(*parts_) == edge_ && past_.done()) behind_ = false;
  return !behind_;
}

// The file as it was before the run first wrote to it.
class History::Before final : public BlockBackend {
 public:
  explicit Before(BlockBackend& file) : file_(file) {}

  [[nodiscard]] uint64_t sectors() const override { return file_.sectors(); }
  [[nodiscard]] bool read_only() const override { return true; }
  bool read(uint64_t offset, std::span<const iovec> to) override {
    if (!file_.read(offset, to)) return false;
    for (const iovec& part : to) {
      const uint64_t end = offset + part.iov_len;
      for (auto it = blocks_.lower_bound(offset / kKeptBlock); it != blocks_.end() && it->first * kKeptBlock < end; ++it) {
        const uint64_t block = it->first * kKeptBlock, first = std::max(block, offset),
                       last = std::min(block + it->second.size(), end);
        std::memcpy(static_cast<uint8_t*>(part.iov_base) + (first - offset), it->second.data() + (first - block), last - first);
      }
      offset = end;
    }
    return true;
  }
  bool write(uint64_t, std::span<const iovec>) override { return false; }
  bool write_zeroes(uint64_t, uint64_t, bool) override { return false; }
  bool discard(uint64_t, uint64_t) override { return false; }
  bool flush() override { return true; }
  void serialize(core::Archive&) override {}

  // These bytes of the file are about to be written. False: what is there cannot be read.
  bool keep(uint64_t offset, uint64_t size) {
    if (size == 0) return true;
    for (uint64_t block = offset / kKeptBlock; block <= (offset + size - 1) / kKeptBlock; ++block) {
      if (blocks_.contains(block)) continue;
      const uint64_t at = block * kKeptBlock;
      std::vector<uint8_t> bytes(std::min(kKeptBlock, sectors() * devices::kSectorSize - at));
      const iovec part{bytes.data(), bytes.size()};
      if (!file_.read(at, {&part, 1})) return false;
      blocks_.emplace(block, std::move(bytes));
    }
    return true;
  }

 private:
  BlockBackend& file_;
  std::map<uint64_t, std::vector<uint8_t>> blocks_;
};

// At the edge the file is read and written. Everything that was written is in the overlay, too, whose blocks are part of each
// moment.
class History::Disk final : public BlockBackend {
 public:
  Disk(History& history, std::unique_ptr<BlockBackend> file)
      : history_(history), file_(std::move(file)), written_(make_before(*file_, before_)) {}

  [[nodiscard]] uint64_t sectors() const override { return file_->sectors(); }
  [[nodiscard]] bool read_only() const override { return false; }
  bool read(uint64_t offset, std::span<const iovec> to) override {
    return history_.behind() ? written_.read(offset, to) : good(file_->read(offset, to));
  }
  bool write(uint64_t offset, std::span<const iovec> from) override {
    uint64_t size = 0;
    for (const iovec& part : from) size += part.iov_len;
    return change(offset, size, [&](BlockBackend& disk) { return disk.write(offset, from); });
  }
  bool write_zeroes(uint64_t offset, uint64_t size, bool unmap) override {
    return change(offset, size, [&](BlockBackend& disk) { return disk.write_zeroes(offset, size, unmap); });
  }
  // As in a kept run, bytes that were discarded read as zero.
  bool discard(uint64_t offset, uint64_t size) override {
    if (!change(offset, size, [&](BlockBackend& disk) { return &disk == &written_ ? disk.write_zeroes(offset, size, true) : disk.discard(offset, size); }))
      return false;
    return history_.behind() || good(file_->write_zeroes(offset, size, true));
  }
  bool flush() override { return history_.behind() || good(file_->flush()); }
  void serialize(core::Archive& ar) override {
    file_->serialize(ar);
    if (ar.shares()) written_.serialize(ar);
  }

 private:
  static std::unique_ptr<BlockBackend> make_before(BlockBackend& file, Before*& before) {
    auto made = std::make_unique<Before>(file);
    before = made.get();
    return made;
  }
  bool good(bool worked) {
    if (!worked) history_.lost_ = true;
    return worked;
  }
  template <typename Change>
  bool change(uint64_t offset, uint64_t size, const Change& change) {
    if (history_.behind()) return change(written_);
    return good(before_->keep(offset, size) && change(written_) && change(*file_));
  }

  History& history_;
  std::unique_ptr<BlockBackend> file_;
  Before* before_ = nullptr;
  devices::SnapshotOverlay written_;
};

std::unique_ptr<BlockBackend> History::stand_above(std::unique_ptr<BlockBackend> file) {
  return std::make_unique<Disk>(*this, std::move(file));
}

}  // namespace vitrine::app
