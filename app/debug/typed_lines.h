// SPDX-License-Identifier: MIT
// Lines that were typed to the debugger, from one session to the next.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

namespace vitrine::app::debug {

// The lines of before, oldest first, in a file that only the user reads.
class TypedLines {
 public:
  // Empty: they are forgotten with this.
  explicit TypedLines(std::string path);
  // A line like the one before it is the same.
  void add(const std::string& line);
  [[nodiscard]] const std::deque<std::string>& lines() const { return lines_; }
  // The file has the old lines or the new ones at any moment; if it cannot be written, the old ones.
  void save() const;

 private:
  static constexpr size_t kMost = 1000, kLongest = 1000;

  std::string path_;
  std::deque<std::string> lines_;
  bool changed_ = false;
};

}  // namespace vitrine::app::debug
