// SPDX-License-Identifier: MIT
// How often a sentence about the machine was told. What a guest can cause it can cause without end, and standard error must
// not fill a disk: a sentence is told a few times, and there is an end to different ones.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace vitrine::app {

class Notices {
 public:
  static constexpr unsigned kRepeats = 3;
  static constexpr size_t kDifferent = 100;

  // How often `text` was told before; more than kRepeats for a new one where there were too many different ones.
  unsigned told(std::string_view text) {
    const auto known = times_.find(text);
    if (known != times_.end()) return known->second > kRepeats ? known->second : known->second++;
    if (times_.size() == kDifferent) return kRepeats + 1;
    times_.emplace(text, 1);
    return 0;
  }

 private:
  std::map<std::string, unsigned, std::less<>> times_;
};

}  // namespace vitrine::app
