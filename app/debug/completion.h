// SPDX-License-Identifier: MIT
// What a word of a verb that is being typed can become, by the table of verbs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/debug/state.h"

namespace vitrine::app::debug {

struct Completion {
  size_t begin = 0;                     // of the word, in the line
  std::vector<std::string> candidates;  // whole words, sorted, at most kMost
  static constexpr size_t kMost = 1000;

  // What all of them begin with.
  [[nodiscard]] std::string common() const;
  // The only one is a whole word: a blank may follow. A folder, or "pc:", goes on.
  [[nodiscard]] bool final() const;
};

// `line`: up to where something is typed.
Completion complete(State& state, std::string_view line);

}  // namespace vitrine::app::debug
