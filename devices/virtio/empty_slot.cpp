// SPDX-License-Identifier: MIT
// An empty virtio-mmio slot.
#include "devices/virtio/empty_slot.h"

#include <utility>

#include "devices/virtio/mmio_registers.h"

namespace vitrine::devices {

using namespace virtio_mmio;

VirtioEmptySlot::VirtioEmptySlot(std::string name, VirtioVersion version)
    : name_(std::move(name)), version_(version) {}

// Magic, version, device and vendor: all that an empty slot has.
std::span<const core::RegisterRow> VirtioEmptySlot::registers() const { return std::span(kRows).first(4); }

uint64_t VirtioEmptySlot::peek(uint64_t offset, unsigned width) const {
  if (width != 4) return 0;
  switch (offset) {
    case kMagicValue: return kMagic;
    case kVersion: return static_cast<uint32_t>(version_);
    case kVendorId: return kVendor;
    default: return 0;
  }
}

}  // namespace vitrine::devices
