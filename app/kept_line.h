// SPDX-License-Identifier: MIT
// Lines of kept runs: how they are marked and how bytes stand in them. Shared by kept_run.cpp and kept_run_reader.cpp.
#pragma once

#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/state.h"

namespace vitrine::app::kept {

inline constexpr std::string_view kMagic = "vitrine-kept-run";
inline constexpr unsigned kFormat = 2;

// Of a line and of all lines before it.
inline uint64_t line_hash(std::string_view text, uint64_t before) {
  return core::hash_bytes(std::as_bytes(std::span(text)), before);
}

// Bytes as one word: what is no visible ASCII, and the backslash, is \xNN; nothing at all is a lone backslash.
std::string escaped(std::string_view bytes);
std::optional<std::string> unescaped(std::string_view word);

// Base64 (RFC 4648, section 4), without line ends.
std::string base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view word);

// --- Taking a line apart; false: that is not what stands there.

// Up to the next space, which goes, too.
inline std::string_view next_word(std::string_view& text) {
  const size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  return word;
}
template <typename Number>
bool read_number(std::string_view word, Number& to, int base = 10) {
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), to, base);
  return problem == std::errc() && end == word.data() + word.size() && !word.empty();
}
inline bool read_hexadecimal(std::string_view word, uint64_t& to) { return read_number(word, to, 16); }
inline bool read_text(std::string_view word, std::string& to) {
  auto bytes = unescaped(word);
  if (bytes) to = std::move(*bytes);
  return bytes.has_value();
}

}  // namespace vitrine::app::kept
