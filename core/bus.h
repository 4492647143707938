// SPDX-License-Identifier: MIT
// The bus: which device sits where in guest-physical memory. It checks overlap when a device is plugged in,
// and range, width and alignment on every access. RAM is not on it (core/guest_ram.h): an access first tries
// RAM, then the bus.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/address.h"
#include "core/device.h"
#include "core/result.h"

namespace vitrine::core {

class Bus {
 public:
  struct Mapping {
    GuestPhys base;
    uint64_t size;
    Device* device;
  };

  // The range must not overlap another one or wrap around. The device outlives the bus.
  Result<> plug(GuestPhys base, uint64_t size, Device& device);

  // Read or write of 1, 2, 4 or 8 bytes. nullopt / false is a bus error (to the guest: an access fault):
  // nothing there, a width that the device does not answer, or a misaligned access.
  std::optional<uint64_t> read(GuestPhys at, unsigned width);
  bool write(GuestPhys at, unsigned width, uint64_t value);
  // Without side effects, for debuggers.
  [[nodiscard]] std::optional<uint64_t> peek(GuestPhys at, unsigned width) const;

  // Somebody is there and takes accesses of this width here.
  [[nodiscard]] bool answers(GuestPhys at, unsigned width) const { return accepts(at, width) != nullptr; }
  // An access that was made, in words: "uart0 THR <- 'h'", or why nobody answered.
  [[nodiscard]] std::string access_text(GuestPhys at, unsigned width, uint64_t value, bool write) const;

  [[nodiscard]] const Mapping* find(GuestPhys at) const;
  [[nodiscard]] const std::vector<Mapping>& mappings() const { return mappings_; }

 private:
  [[nodiscard]] const Mapping* accepts(GuestPhys at, unsigned width) const;
  std::vector<Mapping> mappings_;  // in order of base
};

}  // namespace vitrine::core
