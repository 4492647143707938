// SPDX-License-Identifier: MIT
// The console's output on its way to the host, and what is remembered of it for diagnoses: its last line, and
// whether a Linux kernel said that it panicked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/wake.h"
#include "core/console.h"

namespace vitrine::app {

class ConsoleOutput final : public core::ByteSink {
 public:
  // `fd` -1: the bytes go nowhere. A write that blocks is given up when `give_up(context)` says so.
  using GiveUp = bool (*)(void* context);
  ConsoleOutput(int fd, GiveUp give_up, void* context) : fd_(fd), give_up_(give_up), context_(context) {}

  // What is beyond so many bytes fails, as on a full disk (EFBIG).
  void set_limit(uint64_t bytes) { left_ = bytes; }

  // Buffers; a full line goes out at once.
  void put(uint8_t byte) override;
  void flush();
  // Between turns: lets a line without an end (a prompt) go out within a few milliseconds.
  void flush_if_old(HostClock::time_point now);
  [[nodiscard]] bool pending() const { return !buffer_.empty(); }

  // The error of the write that failed; 0: all is well. Everything after it is dropped.
  [[nodiscard]] int error() const { return error_; }
  // Is the cursor at the beginning of a line?
  [[nodiscard]] bool at_line_start() const { return at_line_start_; }
  // Did the guest send escape sequences?
  [[nodiscard]] bool used_escapes() const { return used_escapes_; }

  // The last line that is not empty, as printable text.
  [[nodiscard]] std::string last_line() const;
  // Linux's "Kernel panic - not syncing: ..." if the guest printed it and little since; empty otherwise.
  [[nodiscard]] const std::string& panic_line() const { return panic_line_; }
  void forget_panic() { panic_line_.clear(); }

 private:
  void end_line();

  static constexpr size_t kBuffer = 16 << 10;
  static constexpr size_t kLineKept = 400;
  static constexpr unsigned kLinesAfterPanic = 200;  // its stack trace, and then some

  int fd_;
  GiveUp give_up_;
  void* context_;
  int error_ = 0;
  uint64_t left_ = ~uint64_t{0};  // bytes that may still be written
  std::string buffer_;
  HostClock::time_point first_seen_{};  // when flush_if_old() first saw what is in the buffer
  bool at_line_start_ = true;
  bool used_escapes_ = false;

  std::string line_;
  std::string last_line_;
  std::string panic_line_;
  unsigned lines_since_panic_ = 0;
};

}  // namespace vitrine::app
