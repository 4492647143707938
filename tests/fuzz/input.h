// SPDX-License-Identifier: MIT
// What the fuzz targets share: an input as a row of choices, and a check whose failure is a crash that libFuzzer sees.
// Each target is one file, NAME_fuzz.cpp, that says what its bytes mean. How they are run: run.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

#include "core/assert.h"

namespace vitrine::fuzz {

// A failed VT_ASSERT ends a process by _Exit, of which libFuzzer learns nothing; it would not keep the input.
inline const core::FailureReport kBefore = core::set_failure_report({[](void*) noexcept { std::abort(); }, nullptr});

inline void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "broken rule: %s\n", what);
  std::abort();
}

// Behind its end an input goes on with zeroes.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}

  template <typename T>
  T take() {
    T value{};
    const size_t size = std::min(sizeof value, rest_.size());
    if (size != 0) std::memcpy(&value, rest_.data(), size);
    rest_ = rest_.subspan(size);
    return value;
  }
  uint8_t byte() { return take<uint8_t>(); }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return std::as_bytes(rest_); }
  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(rest_.data()), rest_.size()}; }

 private:
  std::span<const uint8_t> rest_;
};

}  // namespace vitrine::fuzz

// What libFuzzer calls: the body of a target follows, with `input`.
#define VITRINE_FUZZ_TARGET(input)                                            \
  static void fuzz_one(vitrine::fuzz::Input input);                           \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {   \
    fuzz_one({data, size});                                                   \
    return 0;                                                                 \
  }                                                                           \
  static void fuzz_one(vitrine::fuzz::Input input)
