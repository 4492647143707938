// SPDX-License-Identifier: MIT
// A disk whose writes stay in memory.
#include "devices/virtio/snapshot_overlay.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace vitrine::devices {

SnapshotOverlay::SnapshotOverlay(std::unique_ptr<BlockBackend> below) : below_(std::move(below)) {}

// Everything from below, then the written blocks over it.
bool SnapshotOverlay::read(uint64_t offset, std::span<const iovec> to) {
  if (!below_->read(offset, to)) return false;
  for (const iovec& v : to) {
    const uint64_t end = offset + v.iov_len;
    for (auto it = blocks_.lower_bound(offset / kBlockSize); it != blocks_.end(); ++it) {
      const uint64_t block = it->first * kBlockSize;
      if (block >= end) break;
      const uint64_t first = std::max(block, offset), last = std::min(block + kBlockSize, end);
      uint8_t* place = static_cast<uint8_t*>(v.iov_base) + (first - offset);
      if (it->second)
        std::memcpy(place, it->second->data() + (first - block), last - first);
      else
        std::memset(place, 0, last - first);
    }
    offset = end;
  }
  return true;
}

// The block's bytes for writing. One that will not be written as a whole gets its old bytes first; null if
// they cannot be read.
SnapshotOverlay::Bytes* SnapshotOverlay::writable_block(uint64_t index, bool whole) {
  const auto found = blocks_.find(index);
  if (found != blocks_.end() && found->second) {
    if (found->second.use_count() > 1) found->second = std::make_shared<Bytes>(*found->second);
    return found->second.get();
  }
  auto fresh = std::make_shared<Bytes>();
  if (found == blocks_.end() && !whole) {
    const uint64_t at = index * kBlockSize;
    const iovec old{fresh->data(), std::min(kBlockSize, size() - at)};
    if (!below_->read(at, {&old, 1})) return nullptr;
  }
  return (blocks_[index] = std::move(fresh)).get();
}

bool SnapshotOverlay::write_run(uint64_t offset, const uint8_t* from, size_t size) {
  while (size > 0) {
    const uint64_t inside = offset % kBlockSize;
    const size_t n = std::min<size_t>(size, kBlockSize - inside);
    Bytes* bytes = writable_block(offset / kBlockSize, n == kBlockSize);
    if (!bytes) return false;
    std::memcpy(bytes->data() + inside, from, n);
    offset += n;
    from += n;
    size -= n;
  }
  return true;
}

bool SnapshotOverlay::write(uint64_t offset, std::span<const iovec> from) {
  for (const iovec& v : from) {
    if (!write_run(offset, static_cast<const uint8_t*>(v.iov_base), v.iov_len)) return false;
    offset += v.iov_len;
  }
  return true;
}

bool SnapshotOverlay::write_zeroes(uint64_t offset, uint64_t size, bool) {
  static constexpr uint8_t kZeroes[kBlockSize] = {};
  while (size > 0) {
    const uint64_t n = std::min(size, kBlockSize - offset % kBlockSize);
    if (n == kBlockSize)
      blocks_[offset / kBlockSize] = nullptr;
    else if (!write_run(offset, kZeroes, n))
      return false;
    offset += n;
    size -= n;
  }
  return true;
}

// Gives memory back: the blocks that lie in the range read as zero from now on.
bool SnapshotOverlay::discard(uint64_t offset, uint64_t size) {
  const uint64_t first = (offset + kBlockSize - 1) / kBlockSize, end = (offset + size) / kBlockSize;
  for (auto it = blocks_.lower_bound(first); it != blocks_.end() && it->first < end; ++it)
    it->second = nullptr;
  return true;
}

bool SnapshotOverlay::serialize_shared(core::Archive& ar) {
  std::shared_ptr<const void> part;
  if (!ar.shares()) return false;
  if (!ar.loading()) part = std::make_shared<const Blocks>(blocks_);
  ar.share(part);
  if (ar.loading()) blocks_ = *static_cast<const Blocks*>(part.get());
  return true;
}

void SnapshotOverlay::serialize(core::Archive& ar) {
  below_->serialize(ar);
  if (serialize_shared(ar)) return;
  uint64_t count = blocks_.size();
  ar.field("overlay_blocks", count);
  const uint64_t limit = (size() + kBlockSize - 1) / kBlockSize;
  if (count > limit) return ar.fail("the overlay has more blocks than its disk");
  if (!ar.loading()) {
    for (auto& [index, block] : blocks_) {
      uint64_t number = index;
      bool zero = !block;
      ar.field("block", number);
      ar.field("zero", zero);
      if (block) ar.bytes("bytes", std::as_writable_bytes(std::span(*block)));
    }
    return;
  }
  blocks_.clear();
  for (uint64_t i = 0; i < count && ar.good(); ++i) {
    uint64_t number = 0;
    bool zero = false;
    ar.field("block", number);
    ar.field("zero", zero);
    if (number >= limit) return ar.fail("a block of the overlay lies beyond its disk");
    Block& block = blocks_[number];
    if (zero) continue;
    block = std::make_shared<Bytes>();
    ar.bytes("bytes", std::as_writable_bytes(std::span(*block)));
  }
}

}  // namespace vitrine::devices
