// SPDX-License-Identifier: MIT
// Both sides of a disk that is kept.
#include "app/kept_disks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/file.h"
#include "devices/virtio/snapshot_overlay.h"

namespace vitrine::app {
namespace {

using devices::BlockBackend;
using devices::kSectorSize;

uint64_t total_size(std::span<const iovec> parts) {
  uint64_t size = 0;
  for (const iovec& part : parts) size += part.iov_len;
  return size;
}

uint64_t block_hash(const uint8_t* bytes, uint64_t size) {
  return core::hash_bytes(std::as_bytes(std::span(bytes, size)));
}

// Blocks that bytes lie in.
struct Blocks {
  Blocks(uint64_t offset, uint64_t size)
      : first(offset / kKeptBlock), end(size == 0 ? first : (offset + size - 1) / kKeptBlock + 1) {}
  uint64_t first, end;
};

}  // namespace

// --- While the run is made

class KeepingDisks::Disk final : public BlockBackend {
 public:
  Disk(KeepingDisks& all, std::unique_ptr<BlockBackend> image, unsigned number)
      : all_(all), image_(std::move(image)), number_(number) {}

  [[nodiscard]] uint64_t sectors() const override { return image_->sectors(); }
  [[nodiscard]] bool read_only() const override { return image_->read_only(); }
  bool read(uint64_t offset, std::span<const iovec> to) override {
    keep(offset, total_size(to), false);
    return good(image_->read(offset, to));
  }
  bool write(uint64_t offset, std::span<const iovec> from) override {
    keep(offset, total_size(from), true);
    return good(image_->write(offset, from));
  }
  bool write_zeroes(uint64_t offset, uint64_t size, bool unmap) override {
    keep(offset, size, true);
    return good(image_->write_zeroes(offset, size, unmap));
  }
  // A hint that not every host takes; made again, the bytes read as zero.
  bool discard(uint64_t offset, uint64_t size) override {
    keep(offset, size, true);
    return good(image_->discard(offset, size)) && good(reads_as_zero(offset, size), true);
  }
  bool flush() override { return good(image_->flush()); }
  void serialize(core::Archive& ar) override { image_->serialize(ar); }

 private:
  [[nodiscard]] bool keeps() const { return all_.writer_ && all_.writer_->open(); }

  // A failure is the host's, and would not happen again: the run is known up to here. `done`: the guest is
  // not told.
  bool good(bool worked, bool done = false) {
    if (!worked && keeps()) all_.writer_->end_of_knowledge(all_.clock_->step());
    return worked || done;
  }

  bool reads_as_zero(uint64_t offset, uint64_t size) {
    if (!keeps() || size == 0) return true;
    for (const uint64_t at : {offset, offset + size - kSectorSize}) {
      uint8_t bytes[kSectorSize];
      const iovec part{bytes, sizeof bytes};
      if (!image_->read(at, {&part, 1}) ||
          std::any_of(std::begin(bytes), std::end(bytes), [](uint8_t b) { return b != 0; }))
        return false;
    }
    return true;
  }

  // Blocks about which everything is known that has to be are left out; the others are read once more.
  void keep(uint64_t offset, uint64_t size, bool overwritten) {
    if (!keeps()) return;
    const Blocks blocks(offset, size);
    for (uint64_t block = blocks.first; block < blocks.end && keeps();) {
      uint64_t end = block;
      while (end < blocks.end && end - block < kMaxKeptPiece && !known(end, overwritten)) ++end;
      if (end == block)
        ++block;
      else
        keep_run(std::exchange(block, end), end, overwritten);
    }
  }

  [[nodiscard]] bool known(uint64_t block, bool overwritten) const {
    return overwritten_.has(block) || (!overwritten && read_.has(block));
  }

  void keep_run(uint64_t block, uint64_t end, bool overwritten) {
    const uint64_t at = block * kKeptBlock, size = std::min(end * kKeptBlock, sectors() * kSectorSize) - at;
    bytes_.resize(size);
    const iovec part{bytes_.data(), size};
    if (!image_->read(at, {&part, 1})) return static_cast<void>(good(false));
    if (overwritten) {
      if (!all_.writer_->disk_overwritten(number_, block, bytes_)) return static_cast<void>(good(false));
    } else {
      std::vector<uint64_t> hashes;
      for (uint64_t i = 0; i < size; i += kKeptBlock)
        hashes.push_back(block_hash(bytes_.data() + i, std::min(kKeptBlock, size - i)));
      all_.writer_->disk_read(number_, block, hashes);
    }
    for (; block < end; ++block) (overwritten ? overwritten_ : read_).add(block);
  }

  KeepingDisks& all_;
  std::unique_ptr<BlockBackend> image_;
  unsigned number_;
  BlockSet read_, overwritten_;
  std::vector<uint8_t> bytes_;
};

std::unique_ptr<BlockBackend> KeepingDisks::keep(std::unique_ptr<devices::RawFile> image,
                                                 const DiskConfig& config) {
  headers_.push_back({config.path, image->sectors(), image->size()});
  return std::make_unique<Disk>(*this, std::move(image), static_cast<unsigned>(headers_.size() - 1));
}

// --- While it is made again

// The image as it was when the run began.
class KeptDisks::Image final : public BlockBackend {
 public:
  Image(KeptDisks& all, std::unique_ptr<BlockBackend> file, const KeptDiskHeader& header,
        const KeptDisk& kept)
      : all_(all), file_(std::move(file)), header_(header), kept_(kept) {}

  [[nodiscard]] uint64_t sectors() const override { return file_->sectors(); }
  [[nodiscard]] bool read_only() const override { return true; }
  bool read(uint64_t offset, std::span<const iovec> to) override {
    for (const iovec& part : to) {
      auto* into = static_cast<uint8_t*>(part.iov_base);
      for (uint64_t left = part.iov_len; left != 0;) {
        const uint64_t block = offset / kKeptBlock, inside = offset % kKeptBlock,
                       size = std::min(left, kKeptBlock - inside);
        if (!load(block)) return false;
        std::memcpy(into, bytes_.data() + inside, size);
        into += size;
        offset += size;
        left -= size;
      }
    }
    return true;
  }
  bool write(uint64_t, std::span<const iovec>) override { return false; }
  bool write_zeroes(uint64_t, uint64_t, bool) override { return false; }
  bool discard(uint64_t, uint64_t) override { return false; }
  bool flush() override { return true; }
  void serialize(core::Archive& ar) override { devices::RawFile::serialize_as(ar, header_.size, true); }

 private:
  // The block's bytes, into bytes_.
  bool load(uint64_t block) {
    if (block == loaded_) return true;
    const uint64_t at = block * kKeptBlock, size = std::min(kKeptBlock, sectors() * kSectorSize - at);
    bytes_.assign(kKeptBlock, 0);
    loaded_ = block;
    if (const KeptPiece* const piece = kept_.overwritten(block)) {
      if (piece != piece_ && !unpack_kept(*piece, piece_bytes_))
        return fail("is not as it was kept: a piece of it cannot be unpacked");
      piece_ = piece;
      const uint64_t from = (block - piece->first) * kKeptBlock;
      if (from + size > piece_bytes_.size())
        return fail("is not as it was kept: a piece of it cannot be unpacked");
      std::memcpy(bytes_.data(), piece_bytes_.data() + from, size);
      return true;
    }
    const iovec part{bytes_.data(), size};
    if (!file_->read(at, {&part, 1})) return fail("cannot be read any more");
    const auto hash = kept_.hashes.find(block);
    if (hash == kept_.hashes.end())
      return all_.known_until_now()
                 ? fail(fmt::format("is read at block {}, which the run did not read", block))
                 : true;
    if (hash->second == block_hash(bytes_.data(), size)) return true;
    return fail(fmt::format("has changed since the run: block {} (bytes {:#x} to {:#x}) is another one",
                            block, at, at + size - 1));
  }
  bool fail(const std::string& what) {
    loaded_ = ~uint64_t{0};
    all_.fail(fmt::format("the disk '{}' {}", core::printable(header_.path), what));
    return false;
  }

  KeptDisks& all_;
  std::unique_ptr<BlockBackend> file_;
  const KeptDiskHeader& header_;
  const KeptDisk& kept_;
  uint64_t loaded_ = ~uint64_t{0};
  std::vector<uint8_t> bytes_;
  const KeptPiece* piece_ = nullptr;  // that was unpacked last
  std::vector<uint8_t> piece_bytes_;
};

// A disk that the run wrote to: what it writes now stays in memory, and its state is that of a file.
class KeptDisks::Written final : public BlockBackend {
 public:
  Written(std::unique_ptr<BlockBackend> image, uint64_t size) : disk_(std::move(image)), size_(size) {}

  [[nodiscard]] uint64_t sectors() const override { return disk_.sectors(); }
  [[nodiscard]] bool read_only() const override { return false; }
  bool read(uint64_t offset, std::span<const iovec> to) override { return disk_.read(offset, to); }
  bool write(uint64_t offset, std::span<const iovec> from) override { return disk_.write(offset, from); }
  bool write_zeroes(uint64_t offset, uint64_t size, bool unmap) override {
    return disk_.write_zeroes(offset, size, unmap);
  }
  bool discard(uint64_t offset, uint64_t size) override { return disk_.write_zeroes(offset, size, true); }
  bool flush() override { return disk_.flush(); }
  void serialize(core::Archive& ar) override {
    devices::RawFile::serialize_as(ar, size_, false);
    if (ar.shares()) disk_.serialize(ar);
  }

 private:
  devices::SnapshotOverlay disk_;
  uint64_t size_;
};

core::Result<std::unique_ptr<BlockBackend>> KeptDisks::open(const DiskConfig& config,
                                                            devices::BlockObserver& observer) {
  using Access = devices::RawFile::Access;
  if (opened_ == run_.header.disks.size() || run_.header.disks[opened_].path != config.path)
    return core::error(core::ErrorKind::kBadImage, "The disk '{}' is none of those that were kept.",
                       core::printable(config.path));
  const KeptDiskHeader& header = run_.header.disks[opened_];
  auto file = devices::RawFile::open(config.path, Access::kReadOnly, &observer);
  if (!file) return file.error();
  if ((*file)->sectors() != header.sectors)
    return core::error(core::ErrorKind::kUsage,
                       "The disk '{}' has changed since the run: it had {} sectors of 512 bytes, and has {}.",
                       core::printable(config.path), header.sectors, (*file)->sectors());
  std::unique_ptr<BlockBackend> disk =
      std::make_unique<Image>(*this, std::move(*file), header, run_.disks[opened_++]);
  if (config.snapshot)
    return std::unique_ptr<BlockBackend>(std::make_unique<devices::SnapshotOverlay>(std::move(disk)));
  if (config.read_only) return disk;
  return std::unique_ptr<BlockBackend>(std::make_unique<Written>(std::move(disk), header.size));
}

void KeptDisks::fail(std::string what) {
  if (!problem_.empty()) return;
  problem_ = std::move(what);
  failed_();
}

// Behind the last step that is known, what was touched is not.
bool KeptDisks::known_until_now() const {
  const core::Step last = run_.end ? core::kNever : run_.full_at.value_or(run_.reached);
  return !clock_ || clock_->step() < last;
}

}  // namespace vitrine::app
