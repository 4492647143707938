// SPDX-License-Identifier: MIT
// State of an interrupt line as its device saves it: the level that the device last drove. What stands at the
// other end (PLIC, hart) saves its own view of the line, so a restore tells it nothing.
#pragma once

#include <string_view>

#include "core/irq_line.h"
#include "core/state.h"

namespace vitrine::devices {

inline void serialize_line(core::Archive& ar, std::string_view field, core::IrqLine& line) {
  bool level = line.level();
  ar.field(field, level);
  if (ar.loading()) line.restore_level(level);
}

}  // namespace vitrine::devices
