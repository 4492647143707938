// SPDX-License-Identifier: MIT
// Result<T>: a value, or the message for a user's mistake: what was given, what is wrong, what to do.
// Guest faults do not use it (they are values of their own), bugs of ours do not either (VT_ASSERT).
#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>
#include <variant>

#include "core/assert.h"

namespace vitrine::core {

// What went wrong, for the exit code of the program (docs: "exit codes").
enum class ErrorKind { kUsage, kBadImage, kMissing, kHost };

struct Error {
  ErrorKind kind = ErrorKind::kUsage;
  std::string message;  // one or more full sentences, no trailing newline
};

template <typename... Args>
Error error(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return {kind, fmt::format(format, std::forward<Args>(args)...)};
}

struct Ok {};

template <typename T = Ok>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error e) : state_(std::in_place_index<1>, std::move(e)) {}
  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() {
    VT_ASSERT(ok(), "the value of a failed Result was used");
    return std::get<0>(state_);
  }
  const T& value() const { return const_cast<Result*>(this)->value(); }
  T& operator*() { return value(); }
  T* operator->() { return &value(); }
  [[nodiscard]] const Error& error() const {
    VT_ASSERT(!ok(), "the error of a good Result was used");
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

}  // namespace vitrine::core
