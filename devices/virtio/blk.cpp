// SPDX-License-Identifier: MIT
// The virtio block device: requests.
#include "devices/virtio/blk.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include "devices/virtio/segments.h"

namespace vitrine::devices {
namespace {

enum Feature : unsigned {
  kSegMax = 2,
  kReadOnly = 5,
  kBlkSize = 6,
  kFlush = 9,
  kTopology = 10,
  kDiscard = 13,
  kWriteZeroes = 14,
};

enum RequestType : uint32_t {
  kIn = 0,
  kOut = 1,
  kFlushRequest = 4,
  kGetId = 8,
  kDiscardRequest = 11,
  kWriteZeroesRequest = 13,
};
constexpr uint32_t kUnmap = 1;  // flag of an extent

constexpr core::RegisterRow kConfigRows[] = {
    {"capacity", 0, 8, true, false, "Size of the disk in sectors of 512 bytes."},
    {"size_max", 8, 4, true, false, "Largest segment; not offered."},
    {"seg_max", 12, 4, true, false, "Most data segments of a request."},
    {"geometry", 16, 4, true, false, "Cylinders, heads, sectors; not offered."},
    {"blk_size", 20, 4, true, false, "Size of a block in bytes."},
    {"physical_block_exp", 24, 1, true, false, "Blocks of a physical block, as a power of two."},
    {"alignment_offset", 25, 1, true, false, "First aligned block."},
    {"min_io_size", 26, 2, true, false, "Suggested smallest transfer in blocks."},
    {"opt_io_size", 28, 4, true, false, "Suggested largest transfer in blocks."},
    {"writeback", 32, 1, true, false, "1: the disk has a write cache."},
    {"num_queues", 34, 2, true, false, "Number of queues; not offered."},
    {"max_discard_sectors", 36, 4, true, false, "Most sectors of one discard."},
    {"max_discard_seg", 40, 4, true, false, "Most extents of one discard."},
    {"discard_sector_alignment", 44, 4, true, false, "Alignment of discards in sectors."},
    {"max_write_zeroes_sectors", 48, 4, true, false, "Most sectors of one write-zeroes."},
    {"max_write_zeroes_seg", 52, 4, true, false, "Most extents of one write-zeroes."},
    {"write_zeroes_may_unmap", 56, 1, true, false, "1: a write-zeroes may give up space."},
};

template <typename T, size_t N>
void put(std::array<uint8_t, N>& config, size_t offset, T value) {
  std::memcpy(config.data() + offset, &value, sizeof value);
}

std::vector<iovec> host_view(core::GuestRam& ram, std::span<const Segment> segments) {
  std::vector<iovec> view;
  for (const Segment& s : segments) view.push_back({ram.host(s.at), s.size});
  return view;
}

}  // namespace

VirtioBlk::VirtioBlk(std::string name, core::Scheduler& scheduler, std::unique_ptr<BlockBackend> backend,
                     std::string id)
    : backend_(std::move(backend)),
      scheduler_(scheduler),
      event_(scheduler, name + ".requests", [this] { run_requests(); }) {
  put(config_, 0, backend_->sectors());
  put(config_, 12, kMaxSegments);
  put(config_, 20, static_cast<uint32_t>(kSectorSize));
  put(config_, 26, uint16_t{1});
  put(config_, 32, uint8_t{1});
  put(config_, 34, uint16_t{1});
  put(config_, 36, kMaxDiscardSectors);
  put(config_, 40, uint32_t{1});
  put(config_, 44, uint32_t{1});
  put(config_, 48, kMaxZeroSectors);
  put(config_, 52, uint32_t{1});
  put(config_, 56, uint8_t{1});
  std::copy_n(id.begin(), std::min<size_t>(id.size(), kIdSize), id_.begin());
}

std::span<const core::RegisterRow> VirtioBlk::config_rows() const { return kConfigRows; }

uint64_t VirtioBlk::features() const {
  uint64_t bits = 1 << kSegMax | 1 << kBlkSize | 1 << kFlush | 1 << kTopology;
  return bits | (backend_->read_only() ? 1 << kReadOnly : 1 << kDiscard | 1 << kWriteZeroes);
}

void VirtioBlk::notified(unsigned) {
  if (!event_.armed()) event_.arm(scheduler_.clock().ticks() + kLatency);
}

void VirtioBlk::run_requests() {
  Chain chain;
  uint64_t moved = 0;
  bool any = false;
  while (moved < kBytesPerEvent && port_->take(0, chain)) {
    moved += run_request(chain) + kDescriptorCost * chain.descriptors;
    any = true;
  }
  if (any) port_->interrupt(0);
  if (port_->waiting(0)) notified(0);
}

// Returns how many bytes were moved or stood for moving. A chain without a whole header or a byte for the
// status cannot even be refused.
uint64_t VirtioBlk::run_request(const Chain& chain) {
  core::GuestRam& ram = port_->ram();
  Header header;
  const uint64_t writable = total_size(chain.writable);
  const uint64_t readable = total_size(chain.readable);
  if (copy_from(ram, chain.readable, &header, sizeof header) != sizeof header || writable == 0) {
    port_->give_up("a block request has no whole header or no status byte");
    return 0;
  }
  const auto out = part_of(chain.readable, sizeof header, readable);
  const auto in = part_of(chain.writable, 0, writable - 1);
  uint64_t written = 0;
  const auto status = static_cast<uint8_t>(dispatch(header, out, in, written));
  fill_zero(ram, part_of(in, written, writable));
  copy_to(ram, part_of(chain.writable, writable - 1, 1), &status, 1);
  port_->give_back(0, chain, static_cast<uint32_t>(std::min<uint64_t>(writable, ~uint32_t{0})));
  return readable + writable;
}

VirtioBlk::Status VirtioBlk::dispatch(const Header& header, std::span<const Segment> out,
                                      std::span<const Segment> in, uint64_t& written) {
  switch (header.type) {
    case kIn: return read(header.sector, in, written);
    case kOut: return write(header.sector, out);
    case kFlushRequest: return backend_->flush() ? Status::kOk : Status::kIoError;
    case kGetId: return get_id(in, written);
    case kDiscardRequest: return port_->negotiated(kDiscard) ? erase(false, out) : Status::kUnsupported;
    case kWriteZeroesRequest:
      return port_->negotiated(kWriteZeroes) ? erase(true, out) : Status::kUnsupported;
    default: return Status::kUnsupported;
  }
}

bool VirtioBlk::inside(uint64_t sector, uint64_t bytes) const {
  const uint64_t capacity = backend_->sectors();
  return bytes % kSectorSize == 0 && sector <= capacity && bytes / kSectorSize <= capacity - sector;
}

VirtioBlk::Status VirtioBlk::read(uint64_t sector, std::span<const Segment> in, uint64_t& written) {
  const uint64_t bytes = total_size(in);
  if (!inside(sector, bytes)) return Status::kIoError;
  core::GuestRam& ram = port_->ram();
  std::deque<core::GuestRam::DmaScope> scopes;
  for (const Segment& s : in) scopes.emplace_back(ram, s.at, s.size);
  if (!backend_->read(sector * kSectorSize, host_view(ram, in))) return Status::kIoError;
  written = bytes;
  return Status::kOk;
}

VirtioBlk::Status VirtioBlk::write(uint64_t sector, std::span<const Segment> out) {
  if (backend_->read_only() || !inside(sector, total_size(out))) return Status::kIoError;
  return made_durable(backend_->write(sector * kSectorSize, host_view(port_->ram(), out)));
}

VirtioBlk::Status VirtioBlk::made_durable(bool done) {
  const bool durable = done && (port_->negotiated(kFlush) || backend_->flush());
  return durable ? Status::kOk : Status::kIoError;
}

VirtioBlk::Status VirtioBlk::get_id(std::span<const Segment> in, uint64_t& written) {
  const auto place = part_of(in, 0, kIdSize);
  written = total_size(place);
  copy_to(port_->ram(), place, id_.data(), written);
  return Status::kOk;
}

// One extent a request, as the configuration space says.
VirtioBlk::Status VirtioBlk::erase(bool zeroes, std::span<const Segment> out) {
  Extent extent;
  if (total_size(out) != sizeof extent) return Status::kIoError;
  copy_from(port_->ram(), out, &extent, sizeof extent);
  if (extent.flags & ~(zeroes ? kUnmap : 0)) return Status::kUnsupported;
  const uint64_t size = uint64_t{extent.sectors} * kSectorSize;
  if (extent.sectors > (zeroes ? kMaxZeroSectors : kMaxDiscardSectors) || !inside(extent.sector, size))
    return Status::kIoError;
  const uint64_t at = extent.sector * kSectorSize;
  return made_durable(zeroes ? backend_->write_zeroes(at, size, extent.flags & kUnmap)
                             : backend_->discard(at, size));
}

}  // namespace vitrine::devices
