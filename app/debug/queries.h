// SPDX-License-Identifier: MIT
// Going to moments that are looked for: by name, by what was written, by what happened. What is not found leaves the machine where
// it stood. Verbs of verbs_motion.cpp.
#pragma once

#include "app/debug/verbs.h"

namespace vitrine::app::debug {

Answer go_to_moment(State& state, const Words& words);
Answer go_to_writer(State& state, const Words& words);
Answer go_to_change(State& state, const Words& words);
// The next or previous event of a kind.
Answer go_to_event(State& state, const Words& words, bool forward);

}  // namespace vitrine::app::debug
