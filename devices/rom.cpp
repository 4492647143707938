// SPDX-License-Identifier: MIT
// A mask ROM.
#include "devices/rom.h"

#include <utility>

namespace vitrine::devices {

Rom::Rom(std::string name, std::vector<uint8_t> bytes)
    : name_(std::move(name)),
      bytes_(std::move(bytes)),
      row_{"ROM", 0, 4, true, false, "Words of the ROM.", static_cast<uint32_t>((bytes_.size() + 3) / 4), 4} {
}

uint64_t Rom::peek(uint64_t offset, unsigned width) const {
  uint64_t value = 0;
  for (unsigned i = 0; i < width && offset + i < bytes_.size(); ++i)
    value |= uint64_t{bytes_[offset + i]} << 8 * i;
  return value;
}

void Rom::serialize(core::Archive& ar) {
  ar.section(name_);
  const uint64_t mine = core::hash_bytes(std::as_bytes(std::span(bytes_)));
  uint64_t hash = mine;
  ar.field("hash", hash);
  if (ar.loading() && ar.good() && hash != mine) ar.fail("the state is of a machine with another " + name_);
}

}  // namespace vitrine::devices
