// SPDX-License-Identifier: MIT
// Accesses to devices in words, by the table of registers that each device has.
#include "core/device.h"

#include <fmt/format.h>

namespace vitrine::core {

std::string access_text(std::string_view name, uint64_t value, bool write) {
  return fmt::format("{} {} {:#x}", name, write ? "<-" : "->", value);
}

std::string Device::access_text(uint64_t offset, unsigned, uint64_t value, bool write) const {
  const RegisterRow* const row = find_register(registers(), offset);
  if (!row) return core::access_text(fmt::format("offset {:#x}", offset), value, write);
  const uint64_t distance = offset - row->offset, stride = row->stride ? row->stride : row->width;
  std::string name(row->name);
  if (row->count > 1) name += fmt::format("[{}]", distance / stride);
  if (distance % stride != 0) name += fmt::format(" + {}", distance % stride);
  return core::access_text(name, value, write);
}

}  // namespace vitrine::core
