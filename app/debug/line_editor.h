// SPDX-License-Identifier: MIT
// Lines that a person types at a terminal: edited, completed by Tab, remembered from one session to the next. libedit does the
// editing; it is loaded when the first line is wanted, so that no other start of the program pays for it, and where it is not
// installed lines are plain.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/debug/completion.h"
#include "app/debug/typed_lines.h"

namespace vitrine::app::debug {

class LineEditor {
 public:
  using Complete = std::function<Completion(const std::string& line)>;
  LineEditor(TypedLines& lines, Complete complete);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // The next line of standard input; one that Ctrl-C gives up is none. Nothing: it has ended.
  std::optional<std::string> read(const std::string& prompt);

 private:
  class Editor;
  std::unique_ptr<Editor> editor_;  // nullptr: lines are plain
};

}  // namespace vitrine::app::debug
