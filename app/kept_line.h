// SPDX-License-Identifier: MIT
// Lines of kept runs: how they are marked and how bytes stand in them. Shared by kept_run.cpp and kept_run_reader.cpp.
#pragma once

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

}  // namespace vitrine::app::kept
