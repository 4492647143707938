// SPDX-License-Identifier: MIT
// `vitrine lab`: predict, then measure.
#pragma once

#include <string>
#include <vector>

namespace vitrine::app {

// All of its options, for tests that compare them with help, manual and completion.
std::vector<std::string> lab_option_names();

}  // namespace vitrine::app
