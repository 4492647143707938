// SPDX-License-Identifier: MIT
// Making a program that fails smaller, while it fails: as few chunks, actions, steps and instructions as will
// do. What is not needed becomes c.nop or 0, so that everything else stays at its address. The method is
// delta debugging: large parts first, then halves of them. Next: program_comparison.h,
// random_programs_test.cpp, user_programs_test.cpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "tests/isa/riscv/test_program.h"

namespace vitrine::bench {

// Time that shrinking may take; afterwards nothing is tried any more.
class Patience {
 public:
  explicit Patience(double seconds)
      : end_(std::chrono::steady_clock::now() +
             std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000))) {}
  [[nodiscard]] bool over() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

// Drops items as long as `still(the rest)` is true. What is left cannot spare any single item, unless
// patience is over.
template <typename Item, typename Still>
void drop_items(std::vector<Item>& items, const Patience& patience, Still still) {
  for (size_t size = items.size(); size > 0;) {
    bool dropped = false;
    for (size_t at = 0; at < items.size();) {
      if (patience.over()) return;
      const auto begin = items.begin() + static_cast<ptrdiff_t>(at);
      const auto end = items.begin() + static_cast<ptrdiff_t>(std::min(at + size, items.size()));
      std::vector<Item> rest(items.begin(), begin);
      rest.insert(rest.end(), end, items.end());
      if (still(rest)) {
        items = std::move(rest);
        dropped = true;
      } else {
        at += size;
      }
    }
    if (size == 1 && !dropped) return;
    size = size == 1 ? 1 : size / 2;
  }
}

// `fails(program)` is true.
TestProgram shrink(TestProgram program, const std::function<bool(const TestProgram&)>& fails, double seconds);

}  // namespace vitrine::bench
