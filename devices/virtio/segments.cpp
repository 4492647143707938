// SPDX-License-Identifier: MIT
// Bytes of a chain.
#include "devices/virtio/segments.h"

#include <algorithm>
#include <cstring>

namespace vitrine::devices {

uint64_t total_size(std::span<const Segment> segments) {
  uint64_t total = 0;
  for (const Segment& s : segments) total += s.size;
  return total;
}

std::vector<Segment> part_of(std::span<const Segment> segments, uint64_t from, uint64_t size) {
  std::vector<Segment> part;
  for (const Segment& s : segments) {
    if (size == 0) break;
    if (from >= s.size) {
      from -= s.size;
      continue;
    }
    const auto take = static_cast<uint32_t>(std::min<uint64_t>(s.size - from, size));
    part.push_back({s.at + from, take});
    from = 0;
    size -= take;
  }
  return part;
}

uint64_t copy_from(const core::GuestRam& ram, std::span<const Segment> segments, void* to, uint64_t size) {
  uint64_t done = 0;
  for (const Segment& s : segments) {
    const uint64_t n = std::min<uint64_t>(s.size, size - done);
    std::memcpy(static_cast<uint8_t*>(to) + done, ram.host(s.at), n);
    done += n;
  }
  return done;
}

uint64_t copy_to(core::GuestRam& ram, std::span<const Segment> segments, const void* from, uint64_t size) {
  uint64_t done = 0;
  for (const Segment& s : segments) {
    const uint64_t n = std::min<uint64_t>(s.size, size - done);
    if (n == 0) break;
    const core::GuestRam::DmaScope scope(ram, s.at, n);
    std::memcpy(ram.host(s.at), static_cast<const uint8_t*>(from) + done, n);
    done += n;
  }
  return done;
}

void fill_zero(core::GuestRam& ram, std::span<const Segment> segments) {
  for (const Segment& s : segments) {
    const core::GuestRam::DmaScope scope(ram, s.at, s.size);
    std::memset(ram.host(s.at), 0, s.size);
  }
}

}  // namespace vitrine::devices
