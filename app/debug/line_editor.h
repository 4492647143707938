// SPDX-License-Identifier: MIT
// A line from a terminal, with completion of what the verbs want and a history that stays (libedit; without it, plain lines).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/debug/state.h"

namespace vitrine::app::debug {

class LineEditor {
 public:
  // The state outlives this.
  explicit LineEditor(State& state);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // Nothing: the end of the input. An empty line is the line before once more, if that moved the machine.
  std::optional<std::string> read(const std::string& prompt);

 private:
  struct Library;
  std::unique_ptr<Library> library_;
  std::string last_;
};

}  // namespace vitrine::app::debug
