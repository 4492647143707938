// SPDX-License-Identifier: MIT
// The ACLINT's supervisor software interrupts.
#include "devices/aclint_sswi.h"

#include <utility>

namespace vitrine::devices {

AclintSswi::AclintSswi(std::string name, std::vector<core::IrqLine> lines)
    : name_(std::move(name)),
      lines_(std::move(lines)),
      row_{"SETSSIP",
           0,
           4,
           true,
           true,
           "Writing 1 sets the hart's SSIP; reads as 0.",
           static_cast<uint32_t>(lines_.size()),
           4} {}

void AclintSswi::write(uint64_t offset, unsigned, uint64_t value) {
  const uint64_t n = offset / 4;
  if (n >= lines_.size() || !(value & 1)) return;
  lines_[n].set(true);
  lines_[n].set(false);
}

}  // namespace vitrine::devices
