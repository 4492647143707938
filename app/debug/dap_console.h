// SPDX-License-Identifier: MIT
// What a new run's guest prints, on its way to the client: a pipe, and a thread that reads it while the guest runs.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/result.h"

namespace vitrine::app::dap {

class ConsolePipe {
 public:
  // `told` is called by either thread, one at a time, with text that ends in no half of a UTF-8 character.
  static core::Result<std::unique_ptr<ConsolePipe>> open(std::function<void(std::string text)> told);
  // Its writer is gone by then.
  ~ConsolePipe();
  ConsolePipe(const ConsolePipe&) = delete;
  ConsolePipe& operator=(const ConsolePipe&) = delete;

  // Where the guest's output goes.
  [[nodiscard]] int writer() const { return write_; }
  // All that was written is told when this returns; at the end the beginning of a character, too.
  void drain(bool end = false);

 private:
  ConsolePipe() = default;
  void read_all();
  bool read_some(bool end);

  int read_ = -1, write_ = -1, stop_ = -1;
  std::function<void(std::string)> told_;
  std::mutex mutex_;
  std::string rest_;  // the beginning of a character
  std::thread thread_;
};

// How many bytes at the end of a text are the beginning of a UTF-8 character that goes on.
size_t unfinished(std::string_view text);

}  // namespace vitrine::app::dap
