// SPDX-License-Identifier: MIT
// The bus: an ordered list of ranges.
#include "core/bus.h"

#include <fmt/format.h>

#include <algorithm>

namespace vitrine::core {

Result<> Bus::plug(GuestPhys base, uint64_t size, Device& device) {
  if (size == 0 || base.value + size - 1 < base.value)
    return error(ErrorKind::kUsage, "{} at {:#x} with {:#x} bytes is not a range.", device.name(), base.value,
                 size);
  for (const Mapping& other : mappings_) {
    if (base.value + (size - 1) < other.base.value || other.base.value + (other.size - 1) < base.value)
      continue;
    return error(ErrorKind::kUsage, "{} at {:#x} overlaps {} at {:#x}; give it another address.",
                 device.name(), base.value, other.device->name(), other.base.value);
  }
  const auto place = std::find_if(mappings_.begin(), mappings_.end(),
                                  [&](const Mapping& m) { return m.base.value > base.value; });
  mappings_.insert(place, {base, size, &device});
  return Ok{};
}

const Bus::Mapping* Bus::find(GuestPhys at) const {
  const auto after = std::upper_bound(mappings_.begin(), mappings_.end(), at.value,
                                      [](uint64_t value, const Mapping& m) { return value < m.base.value; });
  if (after == mappings_.begin()) return nullptr;
  const Mapping& mapping = *(after - 1);
  return at.value - mapping.base.value < mapping.size ? &mapping : nullptr;
}

const Bus::Mapping* Bus::accepts(GuestPhys at, unsigned width) const {
  const Mapping* mapping = find(at);
  if (!mapping || !(mapping->device->widths() & width)) return nullptr;
  const uint64_t offset = at.value - mapping->base.value;
  if (offset % width != 0 || mapping->size - offset < width) return nullptr;
  return mapping;
}

std::optional<uint64_t> Bus::read(GuestPhys at, unsigned width) {
  const Mapping* mapping = accepts(at, width);
  if (!mapping) return std::nullopt;
  return mapping->device->read(at.value - mapping->base.value, width);
}

bool Bus::write(GuestPhys at, unsigned width, uint64_t value) {
  const Mapping* mapping = accepts(at, width);
  if (!mapping) return false;
  mapping->device->write(at.value - mapping->base.value, width, value);
  return true;
}

std::string Bus::access_text(GuestPhys at, unsigned width, uint64_t value, bool write) const {
  const Mapping* const mapping = find(at);
  if (!mapping) return fmt::format("nothing is at {:#x}", at.value);
  const uint64_t offset = at.value - mapping->base.value;
  const std::string name(mapping->device->name());
  if (!accepts(at, width)) return fmt::format("{} does not answer {} bytes at {:#x}", name, width, offset);
  return name + " " + mapping->device->access_text(offset, width, value, write);
}

std::optional<uint64_t> Bus::peek(GuestPhys at, unsigned width) const {
  const Mapping* mapping = accepts(at, width);
  if (!mapping) return std::nullopt;
  return mapping->device->peek(at.value - mapping->base.value, width);
}

}  // namespace vitrine::core
