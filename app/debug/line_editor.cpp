// SPDX-License-Identifier: MIT
// Lines from a terminal.
#include "app/debug/line_editor.h"

#include <cstdio>
#include <iostream>

namespace vitrine::app::debug {

struct LineEditor::Library {};

LineEditor::LineEditor(State&) {}
LineEditor::~LineEditor() = default;

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  std::fputs(prompt.c_str(), stdout);
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  return line;
}

}  // namespace vitrine::app::debug
