// SPDX-License-Identifier: MIT
// The two ends of a tape.
#include "app/disk_tape.h"

#include <fmt/format.h>

#include <cstring>

namespace vitrine::app {
namespace {

uint64_t total_size(std::span<const iovec> parts) {
  uint64_t size = 0;
  for (const iovec& part : parts) size += part.iov_len;
  return size;
}

uint64_t hash_of(std::span<const iovec> parts) {
  uint64_t hash = 0;
  for (const iovec& part : parts)
    hash = core::hash_bytes({static_cast<const std::byte*>(part.iov_base), part.iov_len}, hash);
  return hash;
}

}  // namespace

class DiskTape::Recorder final : public devices::BlockBackend {
 public:
  Recorder(DiskTape& tape, std::unique_ptr<BlockBackend> disk) : tape_(tape), disk_(std::move(disk)) {
    tape_.disk_ = disk_.get();
  }
  ~Recorder() override { tape_.disk_ = nullptr; }

  [[nodiscard]] uint64_t sectors() const override { return disk_->sectors(); }
  [[nodiscard]] bool read_only() const override { return disk_->read_only(); }

  // Of a read that fails, too: part of it may have arrived.
  bool read(uint64_t offset, std::span<const iovec> to) override {
    Request request{Kind::kRead, offset, total_size(to)};
    request.done = disk_->read(offset, to);
    for (const iovec& part : to) {
      const auto* begin = static_cast<const uint8_t*>(part.iov_base);
      request.bytes.insert(request.bytes.end(), begin, begin + part.iov_len);
    }
    return note(std::move(request));
  }
  bool write(uint64_t offset, std::span<const iovec> from) override {
    return note({Kind::kWrite, offset, total_size(from), hash_of(from), disk_->write(offset, from)});
  }
  bool write_zeroes(uint64_t offset, uint64_t size, bool unmap) override {
    return note({Kind::kZeroes, offset, size, unmap, disk_->write_zeroes(offset, size, unmap)});
  }
  bool discard(uint64_t offset, uint64_t size) override {
    return note({Kind::kDiscard, offset, size, 0, disk_->discard(offset, size)});
  }
  bool flush() override { return note({Kind::kFlush, 0, 0, 0, disk_->flush()}); }
  void serialize(core::Archive& ar) override {
    if (!tape_.leave_out_contents) disk_->serialize(ar);
  }

 private:
  bool note(Request request) {
    const bool done = request.done;
    tape_.requests_.push_back(std::move(request));
    return done;
  }
  DiskTape& tape_;
  std::unique_ptr<BlockBackend> disk_;
};

class DiskTape::Player final : public devices::BlockBackend {
 public:
  explicit Player(DiskTape& tape) : tape_(tape) {}

  [[nodiscard]] uint64_t sectors() const override { return tape_.disk_->sectors(); }
  [[nodiscard]] bool read_only() const override { return tape_.disk_->read_only(); }

  bool read(uint64_t offset, std::span<const iovec> to) override {
    const Request recorded = take({Kind::kRead, offset, total_size(to)});
    size_t at = 0;
    for (const iovec& part : to) {
      if (at + part.iov_len > recorded.bytes.size()) return false;
      std::memcpy(part.iov_base, recorded.bytes.data() + at, part.iov_len);
      at += part.iov_len;
    }
    return recorded.done;
  }
  bool write(uint64_t offset, std::span<const iovec> from) override {
    return take({Kind::kWrite, offset, total_size(from), hash_of(from)}).done;
  }
  bool write_zeroes(uint64_t offset, uint64_t size, bool unmap) override {
    return take({Kind::kZeroes, offset, size, unmap}).done;
  }
  bool discard(uint64_t offset, uint64_t size) override { return take({Kind::kDiscard, offset, size}).done; }
  bool flush() override { return take({Kind::kFlush}).done; }
  void serialize(core::Archive& ar) override {
    if (!tape_.leave_out_contents) tape_.disk_->serialize(ar);
  }

 private:
  Request take(const Request& asked) {
    if (!tape_.difference_.empty()) return {asked.kind};
    if (tape_.requests_.empty()) {
      tape_.difference_ = fmt::format("only the second machine asks a disk for {}", text(asked));
      return {asked.kind};
    }
    Request recorded = std::move(tape_.requests_.front());
    tape_.requests_.pop_front();
    const bool same = recorded.kind == asked.kind && recorded.offset == asked.offset &&
                      recorded.size == asked.size && recorded.detail == asked.detail;
    if (same) return recorded;
    tape_.difference_ = fmt::format("the machines ask a disk for {} and {}", text(recorded), text(asked));
    return {asked.kind};
  }
  DiskTape& tape_;
};

std::unique_ptr<devices::BlockBackend> DiskTape::recorder(std::unique_ptr<devices::BlockBackend> disk) {
  return std::make_unique<Recorder>(*this, std::move(disk));
}

std::unique_ptr<devices::BlockBackend> DiskTape::player() { return std::make_unique<Player>(*this); }

std::string DiskTape::difference() const {
  if (!difference_.empty() || requests_.empty()) return difference_;
  return fmt::format("only the first machine asks a disk for {}", text(requests_.front()));
}

std::string DiskTape::text(const Request& request) {
  static constexpr const char* kNames[] = {"read", "write", "write_zeroes", "discard", "flush"};
  return fmt::format("{}(offset {:#x}, size {:#x}, detail {:#x})", kNames[static_cast<int>(request.kind)],
                     request.offset, request.size, request.detail);
}

}  // namespace vitrine::app
