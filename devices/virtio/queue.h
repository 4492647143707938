// SPDX-License-Identifier: MIT
// A split virtqueue, the device's side (virtio 1.2, section 2.7). Three areas in guest RAM, all of them the
// guest's:
//
//     descriptor table   16 bytes each:  | address 8 | length 4 | flags 2 | next 2 |
//     available ring     | flags 2 | index 2 | head of chain 2 ... | used_event 2 |    the driver writes
//     used ring          | flags 2 | index 2 | { head 4, written 4 } ... | avail_event 2 |   the device
//     writes
//
// The guest is not trusted. A descriptor is copied once and the copy is judged, since the guest may change
// the original at any time; a buffer lies in RAM as a whole or the chain is refused; a chain has at most as
// many descriptors as the queue and names at most as many bytes as there are in RAM. The first offence breaks
// the queue: it hands out nothing more until the device is reset, and says why.
//
// Next to read: devices/virtio/mmio.h, which owns the queues.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/guest_ram.h"
#include "core/state.h"

namespace vitrine::devices {

// A run of bytes that lies in guest RAM as a whole.
struct Segment {
  core::GuestPhys at;
  uint32_t size;
};

// A copied, checked chain: what the device reads, then what it writes. Empty buffers are left out.
struct Chain {
  uint16_t head = 0;
  uint32_t descriptors = 0;  // that were followed, of empty buffers too
  std::vector<Segment> readable;
  std::vector<Segment> writable;
};

// What following a descriptor counts against a device's bytes for each event: chains of empty buffers are work, too.
inline constexpr uint64_t kDescriptorCost = 64;

// Where the driver put a queue.
struct QueueLayout {
  uint32_t size = 0;  // descriptors: a power of two, at most VirtQueue::kMaxSize
  uint64_t descriptors = 0;
  uint64_t available = 0;
  uint64_t used = 0;
};

class VirtQueue {
 public:
  static constexpr uint32_t kMaxSize = 1024;

  explicit VirtQueue(core::GuestRam& ram) : ram_(&ram) {}

  // The transport's side. A layout is judged when the queue is first used.
  void enable(const QueueLayout& layout, bool indirect, bool event_index);
  void disable();
  [[nodiscard]] bool enabled() const { return enabled_; }

  enum class Take : uint8_t { kNothing, kChain, kBroken };
  // The next available chain.
  Take take(Chain& chain);
  // True if take() would not return kNothing.
  [[nodiscard]] bool waiting() const;
  // The device is done with a chain and wrote `written` bytes into it, from its first writable byte on.
  void give_back(uint16_t head, uint32_t written);
  // Whether the driver wants an interrupt for what was given back since this was last asked.
  bool interrupt_due();

  // Why the queue is broken; empty if it is not.
  [[nodiscard]] std::string_view why_broken() const { return why_broken_; }

  void serialize(core::Archive& ar);

 private:
  struct Descriptor {
    uint64_t address;
    uint32_t size;
    uint16_t flags;
    uint16_t next;
  };
  struct Table {
    uint64_t at;
    uint32_t size;
  };

  [[nodiscard]] std::string_view layout_fault() const;
  [[nodiscard]] uint16_t available_index() const;
  std::string_view walk(uint16_t head, Chain& chain) const;
  std::string_view enter_indirect(const Descriptor& d, bool inside, Table& table) const;
  std::string_view add(const Descriptor& d, Chain& chain, uint64_t& bytes) const;

  core::GuestRam* ram_;
  QueueLayout layout_;
  bool enabled_ = false;
  bool indirect_ = false;
  bool event_index_ = false;
  uint16_t next_available_ = 0;  // index of the next chain to take
  uint16_t next_used_ = 0;
  uint16_t asked_used_ = 0;      // next_used_ when interrupt_due() was last asked
  std::string_view why_broken_;  // of static storage
};

}  // namespace vitrine::devices
