// SPDX-License-Identifier: MIT
// A file for a tool of the host: made anew, written through at once, since the process may end at any moment.
#pragma once

#include <cstddef>
#include <string>

#include "core/result.h"

namespace vitrine::x86 {

class ToolFile {
 public:
  // A file of that name that is ours is replaced; a link is not followed, since the folder may be
  // everybody's.
  static core::Result<ToolFile> create(const std::string& path);
  ToolFile(ToolFile&& other) noexcept;
  ~ToolFile();

  [[nodiscard]] int descriptor() const { return fd_; }
  // After the first failure (a full disk) nothing is written any more.
  void write(const void* bytes, size_t size) noexcept;
  // From the beginning again.
  void empty() noexcept;
  // A sentence, or empty: all is well.
  [[nodiscard]] std::string problem() const;

 private:
  ToolFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
  int error_ = 0;
};

}  // namespace vitrine::x86
