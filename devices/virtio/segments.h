// SPDX-License-Identifier: MIT
// Bytes of a chain, whatever the driver's framing: a request's header may be cut anywhere ("the device MUST
// NOT make assumptions about the particular arrangement of descriptors", virtio 1.2, 2.7.4.1). All segments
// were checked by the queue.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/guest_ram.h"
#include "devices/virtio/queue.h"

namespace vitrine::devices {

[[nodiscard]] uint64_t total_size(std::span<const Segment> segments);

// The bytes [from, from + size) of the sequence, cut off at its end.
[[nodiscard]] std::vector<Segment> part_of(std::span<const Segment> segments, uint64_t from, uint64_t size);

// Copies up to `size` bytes between the front of the sequence and the host; returns how many.
uint64_t copy_from(const core::GuestRam& ram, std::span<const Segment> segments, void* to, uint64_t size);
uint64_t copy_to(core::GuestRam& ram, std::span<const Segment> segments, const void* from, uint64_t size);

void fill_zero(core::GuestRam& ram, std::span<const Segment> segments);

}  // namespace vitrine::devices
