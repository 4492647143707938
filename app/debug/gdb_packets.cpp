// SPDX-License-Identifier: MIT
// Packets of gdb's remote protocol.
#include "app/debug/gdb_packets.h"

#include <fmt/format.h>

namespace vitrine::app::gdb {
namespace {

constexpr uint8_t kInterruptByte = 0x03, kEscape = '}', kEscapeBit = 0x20;

int digit_of(uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

bool is_special(char c) { return c == '$' || c == '#' || c == '}' || c == '*'; }

}  // namespace

void PacketReader::put(std::string_view bytes) {
  for (const char c : bytes) put(static_cast<uint8_t>(c));
}

std::optional<Item> PacketReader::next() {
  if (items_.empty()) return std::nullopt;
  Item item = std::move(items_.front());
  items_.pop_front();
  return item;
}

void PacketReader::begin() {
  place_ = Place::kData;
  data_.clear();
  escaped_ = too_long_ = false;
  sum_ = 0;
}

void PacketReader::put(uint8_t byte) {
  switch (place_) {
    case Place::kBetween:
      if (byte == '$') begin();
      if (byte == kInterruptByte) items_.push_back({Item::Kind::kInterrupt, {}});
      if (byte == '-') items_.push_back({Item::Kind::kAgain, {}});
      return;
    case Place::kData:
      // A '$' is never inside: the packet before it was cut.
      if (byte == '$') return begin();
      if (byte == '#') {
        place_ = Place::kSum1;
        return;
      }
      sum_ = static_cast<uint8_t>(sum_ + byte);
      return add(byte);
    case Place::kSum1:
      high_digit_ = digit_of(byte);
      place_ = Place::kSum2;
      return;
    case Place::kSum2:
      place_ = Place::kBetween;
      if (const int low = digit_of(byte); high_digit_ < 0 || low < 0 || high_digit_ * 16 + low != sum_) too_long_ = true;
      return end();
  }
}

void PacketReader::add(uint8_t byte) {
  if (!escaped_ && byte == kEscape) {
    escaped_ = true;
    return;
  }
  const uint8_t meant = escaped_ ? byte ^ kEscapeBit : byte;
  escaped_ = false;
  if (data_.size() == kPacketSize)
    too_long_ = true;
  else
    data_ += static_cast<char>(meant);
}

void PacketReader::end() {
  if (too_long_ || escaped_)
    items_.push_back({Item::Kind::kDamaged, {}});
  else
    items_.push_back({Item::Kind::kPacket, std::move(data_)});
}

// "The printable characters '#' and '$' or with a numeric value greater than 126 must not be used" as a count, which is the
// number of repeats plus 29; so six and seven repeats are written as five, and the rest again.
std::string framed(std::string_view data) {
  constexpr size_t kLeast = 3, kMost = 126 - 29;
  std::string body;
  for (size_t i = 0; i < data.size();) {
    const char c = data[i];
    if (is_special(c)) {
      body += {static_cast<char>(kEscape), static_cast<char>(c ^ kEscapeBit)};
      ++i;
      continue;
    }
    size_t repeats = 0;
    while (repeats < kMost && i + repeats + 1 < data.size() && data[i + repeats + 1] == c) ++repeats;
    if (repeats == '#' - 29 || repeats == '$' - 29) repeats = '"' - 29;
    body += c;
    if (repeats < kLeast) repeats = 0;
    if (repeats != 0) body += {'*', static_cast<char>(repeats + 29)};
    i += repeats + 1;
  }
  uint8_t sum = 0;
  for (const char c : body) sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(c));
  return fmt::format("${}#{:02x}", body, sum);
}

std::string to_hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (size_t i = 0; i < digits.size(); i += 2) {
    const int high = digit_of(static_cast<uint8_t>(digits[i])), low = digit_of(static_cast<uint8_t>(digits[i + 1]));
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::optional<uint64_t> take_hex(std::string_view& text) {
  uint64_t value = 0;
  size_t length = 0;
  for (; length < text.size(); ++length) {
    const int digit = digit_of(static_cast<uint8_t>(text[length]));
    if (digit < 0) break;
    if (value >> 60 != 0) return std::nullopt;
    value = value << 4 | static_cast<uint64_t>(digit);
  }
  if (length == 0) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

}  // namespace vitrine::app::gdb
