// SPDX-License-Identifier: MIT
// Lines from a terminal.
#include "app/debug/line_editor.h"

#include <cstdio>
#include <iostream>

namespace vitrine::app::debug {

std::optional<std::string> read_line(const std::string& prompt) {
  std::fputs(prompt.c_str(), stdout);
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  return line;
}

}  // namespace vitrine::app::debug
