// SPDX-License-Identifier: MIT
// The options of `vitrine classes`, for tests of what repeats them: help, man page, completions.
#pragma once

#include <string>
#include <vector>

namespace vitrine::app {

std::vector<std::string> classes_option_names();

}  // namespace vitrine::app
