// SPDX-License-Identifier: MIT
// Stress: for tests, caches are disturbed at moments at which they need not be, in a pattern that depends on
// nothing but how often it was asked. Nothing of it can be observed by the guest: the state hashes of a run
// are the same with and without.
#pragma once

#include <cstdint>

namespace vitrine::core {

class Stress {
 public:
  // Every so many questions are answered by yes.
  explicit Stress(uint64_t every) : every_(every), state_(every * 2 + 1) {}

  bool due() {
    if (++asked_ % every_ != 0) return false;
    ++disturbed_;
    return true;
  }
  // From 0 to n - 1 (xorshift).
  uint64_t below(uint64_t n) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ >> 11) % n;
  }
  [[nodiscard]] uint64_t disturbed() const { return disturbed_; }

 private:
  uint64_t every_;
  uint64_t state_;
  uint64_t asked_ = 0;
  uint64_t disturbed_ = 0;
};

}  // namespace vitrine::core
