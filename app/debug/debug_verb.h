// SPDX-License-Identifier: MIT
// What others need of `vitrine debug`: its options besides those of machines, for completions and their test.
#pragma once

#include <string>
#include <vector>

namespace vitrine::app {

std::vector<std::string> debug_option_names();

}  // namespace vitrine::app
