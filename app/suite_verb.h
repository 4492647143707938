// SPDX-License-Identifier: MIT
// `vitrine suite run | report | plan`. Next: suite.h.
#pragma once

#include <string>
#include <vector>

namespace vitrine::app {

struct Program;
int suite_verb(const Program& program, const std::vector<std::string>& words);

// All of its own options, for tests of what repeats them.
std::vector<std::string> suite_option_names();

}  // namespace vitrine::app
