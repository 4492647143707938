// SPDX-License-Identifier: MIT
// The texts of --help.
#pragma once

#include <string>

namespace vitrine::app {

std::string short_help(const std::string& program);  // six lines
std::string run_help();                              // a screen, and so are the others
std::string bisect_help(const std::string& program);
std::string explain_help(const std::string& program);
std::string debug_help(const std::string& program);
std::string dap_help(const std::string& program);
std::string replay_help(const std::string& program);
std::string inspect_help(const std::string& program);
std::string classes_help(const std::string& program);
std::string lab_help(const std::string& program);
std::string suite_help(const std::string& program);
std::string doctor_help();

}  // namespace vitrine::app
