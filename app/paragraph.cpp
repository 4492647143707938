// SPDX-License-Identifier: MIT
// Lines of words.
#include "app/paragraph.h"

namespace vitrine::app {

std::string paragraph(std::string_view text, std::string_view head, size_t width) {
  std::string all, line(head);
  const std::string indent(head.size(), ' ');
  bool empty = true;
  while (!text.empty()) {
    const size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (!empty && line.size() + 1 + word.size() > width) {
      all += line + '\n';
      line = indent;
      empty = true;
    }
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  return all + line + '\n';
}

}  // namespace vitrine::app
