// SPDX-License-Identifier: MIT
// Where a log goes: a file, or stderr. Lines are streamed through a small buffer, however long the run is; a
// line for stderr goes out at once, so that it stands where it belongs among the console's. After a write
// that fails everything is dropped, and whoever runs the machine is told.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace vitrine::app {

class LogFile {
 public:
  // Empty path: stderr. `failed` is called once, from inside write().
  static core::Result<std::unique_ptr<LogFile>> open(const std::string& path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  void on_failure(std::function<void()> failed) { failed_ = std::move(failed); }
  void write(std::string_view line);
  void flush();
  // "The log cannot be written to 'F': No space left on device.", or empty.
  [[nodiscard]] std::string problem() const;

 private:
  explicit LogFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
  int error_ = 0;
  std::string buffer_;
  std::function<void()> failed_;
};

}  // namespace vitrine::app
