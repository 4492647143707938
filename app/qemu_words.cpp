// SPDX-License-Identifier: MIT
// Splitting and reading the words.
#include "app/qemu_words.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <initializer_list>

#include "core/file.h"

namespace vitrine::app {
namespace {

bool is_help(std::string_view word) { return word == "help" || word == "?"; }

// Up to the next single comma; a doubled one is one comma of the value.
std::string take_value(std::string_view& text) {
  std::string value;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == ',') {
      if (text.empty() || text.front() != ',') break;
      text.remove_prefix(1);
    }
    value += c;
  }
  return value;
}

}  // namespace

QemuKeyvals::QemuKeyvals(std::string option, std::string_view text, std::string_view implied)
    : option_(core::printable(option)) {
  bool first = true;
  while (!text.empty()) {
    const size_t key_end = std::min(text.find_first_of("=,"), text.size());
    Pair pair;
    if (key_end < text.size() && text[key_end] == '=') {
      pair.key = text.substr(0, key_end);
      text.remove_prefix(key_end + 1);
      pair.value = take_value(text);
    } else if (first && !implied.empty()) {
      pair.key = implied;
      pair.value = take_value(text);
    } else {
      pair.key = take_value(text);
      pair.value = "on";
      pair.has_value = false;
    }
    first = false;
    if (!pair.key.empty()) pairs_.push_back(std::move(pair));
  }
}

std::optional<std::string> QemuKeyvals::take(std::string_view key) {
  std::optional<std::string> value;
  for (Pair& pair : pairs_) {
    if (pair.key != key) continue;
    pair.taken = true;
    value = pair.value;
  }
  return value;
}

core::Result<bool> QemuKeyvals::take_bool(std::string_view key, bool otherwise) {
  const auto text = take(key);
  if (!text) return otherwise;
  if (const auto value = qemu_bool(*text)) return *value;
  return error("Parameter '{}' expects 'on' or 'off'", key);
}

void QemuKeyvals::ignore(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) take(key);
}

core::Result<> QemuKeyvals::finish() const {
  for (const Pair& pair : pairs_)
    if (!pair.taken) return error("Invalid parameter '{}'", core::printable(pair.key));
  return core::Ok{};
}

bool QemuKeyvals::asks_for_help() const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const Pair& pair) {
    return (!pair.has_value && is_help(pair.key)) || (&pair == pairs_.data() && is_help(pair.value));
  });
}

std::optional<bool> qemu_bool(std::string_view text) {
  for (const std::string_view yes : {"on", "yes", "true", "y"})
    if (text == yes) return true;
  for (const std::string_view no : {"off", "no", "false", "n"})
    if (text == no) return false;
  return std::nullopt;
}

std::optional<uint64_t> qemu_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint64_t> qemu_size(std::string_view text, uint64_t unit) {
  constexpr std::string_view kSuffixes = "BKMGTPE";
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (text.empty()) return std::nullopt;
  // In a hexadecimal number B and E are digits.
  const char last = static_cast<char>(std::toupper(static_cast<unsigned char>(text.back())));
  if (const size_t power = kSuffixes.find(last);
      power != std::string_view::npos && !(hex && (last == 'B' || last == 'E'))) {
    unit = uint64_t{1} << (10 * power);
    text.remove_suffix(1);
  }
  if (const auto whole = qemu_number(text)) {
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(*whole, unit, &bytes)) return std::nullopt;
    return bytes;
  }
  if (hex || text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos)
    return std::nullopt;
  double fraction = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), fraction, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const double bytes = fraction * static_cast<double>(unit);
  if (!(bytes < 0x1p64)) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

}  // namespace vitrine::app
