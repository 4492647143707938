// SPDX-License-Identifier: MIT
// Headers and lengths.
#include "app/debug/dap_messages.h"

#include <fmt/format.h>

#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::dap {
namespace {

constexpr size_t kLongestHeader = 4096;
constexpr std::string_view kHeaderEnd = "\r\n\r\n", kLength = "content-length:";

// Decimal digits, with blanks around them.
std::optional<uint64_t> length_of(std::string_view text) {
  const size_t first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
  if (first == text.npos) return std::nullopt;
  text = text.substr(first, last - first + 1);
  if (text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  return parse_number(text);
}

}  // namespace

void MessageReader::read_header() {
  const size_t end = bytes_.find(kHeaderEnd);
  if (end == bytes_.npos) {
    if (bytes_.size() > kLongestHeader) problem_ = fmt::format("{} bytes came that are no header of a message", bytes_.size());
    return;
  }
  std::optional<uint64_t> length;
  for (const std::string& field : split(std::string_view(bytes_).substr(0, end), '\n'))
    if (const std::string line = lower(field); line.starts_with(kLength)) {
      const bool more = line.ends_with('\r');
      length = length_of(std::string_view(line).substr(kLength.size(), line.size() - kLength.size() - (more ? 1 : 0)));
      if (!length) problem_ = fmt::format("'{}' gives no length", core::printable(field));
    }
  if (!problem_.empty()) return;
  if (!length)
    problem_ = "a header has no Content-Length";
  else if (*length > kMostBytes)
    problem_ = fmt::format("a message of {} bytes was announced; {} are possible", *length, kMostBytes);
  else
    length_ = *length;
  bytes_.erase(0, end + kHeaderEnd.size());
}

std::optional<std::string> MessageReader::next() {
  if (!problem_.empty()) return std::nullopt;
  if (!length_) read_header();
  if (!length_ || bytes_.size() < *length_) return std::nullopt;
  std::string json = bytes_.substr(0, *length_);
  bytes_.erase(0, *length_);
  length_.reset();
  return json;
}

std::string framed(std::string_view json) { return fmt::format("Content-Length: {}\r\n\r\n{}", json.size(), json); }

}  // namespace vitrine::app::dap
