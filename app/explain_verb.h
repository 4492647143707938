// SPDX-License-Identifier: MIT
// What others need of `vitrine explain`: its options, for completions and their test.
#pragma once

#include <string>
#include <vector>

namespace vitrine::app {

std::vector<std::string> explain_option_names();

}  // namespace vitrine::app
