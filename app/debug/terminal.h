// SPDX-License-Identifier: MIT
// The debugger's prompt: reads verbs from a terminal or from whatever else standard input is, and prints what they say. Next: verbs.h.
#pragma once

#include <string>
#include <vector>

#include "app/debug/state.h"

namespace vitrine::app::debug {

struct Script {
  std::vector<std::string> lines;  // done first
  bool goes_on = true;             // standard input follows
};

// The exit code of `vitrine debug`: 1 if a verb failed, unless a person sits there.
int converse(State& state, const Script& script);

}  // namespace vitrine::app::debug
