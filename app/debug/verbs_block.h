// SPDX-License-Identifier: MIT
// Inside a block (block_stepper.h), as verbs.
#pragma once

#include "app/debug/verbs.h"

namespace vitrine::app::debug {

// "step ir", "back host".
[[nodiscard]] bool names_level(const Words& words);
Answer step_inside(State& state, const Words& words);
Answer back_inside(State& state, const Words& words);

}  // namespace vitrine::app::debug
