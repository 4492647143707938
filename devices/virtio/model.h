// SPDX-License-Identifier: MIT
// What kind of virtio device sits behind a transport (virtio 1.2, section 5), and what it may ask of the
// transport. A model knows its feature bits, its configuration bytes and what the chains of its queues mean;
// it sees neither rings nor registers nor interrupts. Next to read: devices/virtio/blk.h.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/device.h"
#include "core/guest_ram.h"
#include "core/state.h"
#include "devices/virtio/queue.h"

namespace vitrine::devices {

// The transport, as its model sees it.
class VirtioPort {
 public:
  virtual ~VirtioPort() = default;
  // The next chain of a queue. False if there is none, the driver has not started the device, or the queue is
  // broken (which then is dealt with).
  virtual bool take(unsigned queue, Chain& chain) = 0;
  [[nodiscard]] virtual bool waiting(unsigned queue) const = 0;
  virtual void give_back(unsigned queue, const Chain& chain, uint32_t written) = 0;
  // After one or more give_back(): interrupts the guest if it wants that.
  virtual void interrupt(unsigned queue) = 0;
  // The driver did what it must not do, and the request cannot be answered: NEEDS_RESET. `why` is static.
  virtual void give_up(std::string_view why) = 0;
  [[nodiscard]] virtual bool negotiated(unsigned feature_bit) const = 0;
  [[nodiscard]] virtual core::GuestRam& ram() = 0;
};

class VirtioModel {
 public:
  virtual ~VirtioModel() = default;
  // Called once, before anything else. The port outlives the model's use of it.
  virtual void attach(VirtioPort& port) = 0;

  [[nodiscard]] virtual uint32_t device_id() const = 0;
  [[nodiscard]] virtual unsigned queues() const = 0;
  // Bits of this kind of device; the transport adds its own (indirect descriptors, event index, version 1).
  [[nodiscard]] virtual uint64_t features() const = 0;
  // The configuration space, and its rows with offsets from 0.
  [[nodiscard]] virtual std::span<const uint8_t> config() const = 0;
  [[nodiscard]] virtual std::span<const core::RegisterRow> config_rows() const = 0;
  virtual void write_config(uint64_t offset, unsigned width, uint64_t value) = 0;

  // The driver says that a queue has new chains.
  virtual void notified(unsigned queue) = 0;
  // The driver or the machine resets the device: requests in flight are forgotten.
  virtual void reset() = 0;
  virtual void serialize(core::Archive& ar) = 0;
};

}  // namespace vitrine::devices
