// SPDX-License-Identifier: MIT
// Text that a signal handler may make and write: a buffer of fixed size, numbers without any library,
// write(2) (signal-safety(7)). What does not fit is cut.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace vitrine::core {

class SafeText {
 public:
  SafeText& operator<<(std::string_view text) noexcept {
    for (const char c : text)
      if (size_ < buffer_.size()) buffer_[size_++] = c;
    return *this;
  }
  SafeText& decimal(uint64_t value) noexcept { return number(value, 10); }
  SafeText& hex(uint64_t value) noexcept { return (*this << "0x").number(value, 16); }
  [[nodiscard]] std::string_view text() const noexcept { return {buffer_.data(), size_}; }
  // All of it, to a descriptor; the buffer is empty then.
  void write_to(int fd) noexcept;

 private:
  SafeText& number(uint64_t value, unsigned base) noexcept {
    char digits[20];
    unsigned count = 0;
    do digits[count++] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    while (count != 0) *this << std::string_view(&digits[--count], 1);
    return *this;
  }
  std::array<char, 1024> buffer_;
  size_t size_ = 0;
};

// A text of any length, all of it.
void write_safely(int fd, std::string_view text) noexcept;

}  // namespace vitrine::core
