// SPDX-License-Identifier: MIT
// The texts of --help.
#pragma once

#include <string>

namespace vitrine::app {

std::string short_help(const std::string& program);  // six lines
std::string run_help();
std::string bisect_help();                              // a screen

}  // namespace vitrine::app
