// SPDX-License-Identifier: MIT
// A line each, in a file that is replaced as a whole.
#include "app/debug/typed_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "app/state_folder.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::debug {

TypedLines::TypedLines(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  auto bytes = core::read_file(path_, 2 * kMost * kLongest);
  if (!bytes) return;
  for (const std::string& line : split({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, '\n'))
    if (!line.empty() && core::printable(line, kLongest) == line) add(line);
  changed_ = false;
}

void TypedLines::add(const std::string& line) {
  if (line.empty() || line.size() > kLongest || (!lines_.empty() && lines_.back() == line)) return;
  lines_.push_back(line);
  if (lines_.size() > kMost) lines_.pop_front();
  changed_ = true;
}

void TypedLines::save() const {
  if (path_.empty() || !changed_ || !make_folders(path_)) return;
  std::string text, temporary = path_ + ".XXXXXX";
  for (const std::string& line : lines_) text += line + "\n";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return;
  const bool good = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if ((close(fd) == 0) && good && rename(temporary.c_str(), path_.c_str()) == 0) return;
  unlink(temporary.c_str());
}

}  // namespace vitrine::app::debug
