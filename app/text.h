// SPDX-License-Identifier: MIT
// Words of a command line: numbers, sizes, dates, and what was probably meant. Each parser returns nothing
// for a text that is not wholly what it should be; the message is the caller's, who knows the option's name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::app {

// Decimal, or hexadecimal after 0x; `_` and `'` may group digits: 1'000'000.
std::optional<uint64_t> parse_number(std::string_view text);
// A number with K, M, G or T (powers of 1024; also KiB, MB ...), in either case. A bare number counts `unit`
// bytes.
std::optional<uint64_t> parse_size(std::string_view text, uint64_t unit = 1);
// "2026-01-31", "2026-01-31T12:30:00" (UTC), "@1767225600", "now" (the host's clock).
std::optional<int64_t> parse_date(std::string_view text);
// Seconds with a fraction, greater than 0: "1.5".
std::optional<double> parse_seconds(std::string_view text);
// on, yes, true, 1; off, no, false, 0.
std::optional<bool> parse_switch(std::string_view text);

std::vector<std::string> split(std::string_view text, char at);
// Words as a shell splits them, without its expansions.
std::vector<std::string> split_words(std::string_view text);
std::string lower(std::string_view text);
// For a shell: quoted if it has to be.
std::string shell_word(std::string_view text);

// Quoted, as JSON has it.
std::string json_string(std::string_view text);

// The candidate that `word` is most likely a slip of the pen for; empty if none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace vitrine::app
