// SPDX-License-Identifier: MIT
// Parsing of words.
#include "app/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <numeric>

namespace vitrine::app {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::optional<uint64_t> parse_number(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (c != '_' && c != '\'') digits += c;
  const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
  const char* begin = digits.data() + (hex ? 2 : 0);
  const char* end = digits.data() + digits.size();
  uint64_t value = 0;
  const auto [stop, problem] = std::from_chars(begin, end, value, hex ? 16 : 10);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_size(std::string_view text, uint64_t unit) {
  const size_t letters = std::find_if(text.begin(), text.end(),
                                      [](char c) { return std::isalpha(static_cast<unsigned char>(c)); }) -
                         text.begin();
  if (text.starts_with("0x") || text.starts_with("0X")) return parse_number(text);
  const auto number = parse_number(text.substr(0, letters));
  if (!number) return std::nullopt;
  std::string suffix = lower(text.substr(letters));
  if (!suffix.empty()) {
    static constexpr std::string_view kUnits = "bkmgt";
    const size_t power = kUnits.find(suffix[0]);
    const std::string rest = suffix.substr(1);
    if (power == std::string_view::npos || !(rest.empty() || (power > 0 && (rest == "b" || rest == "ib"))))
      return std::nullopt;
    unit = uint64_t{1} << (10 * power);
  }
  if (*number > ~uint64_t{0} / unit) return std::nullopt;
  return *number * unit;
}

std::optional<int64_t> parse_date(std::string_view text) {
  if (text == "now") return std::time(nullptr);
  if (text.starts_with("@")) {
    const auto seconds = parse_number(text.substr(1));
    if (!seconds || *seconds > INT64_MAX / 2) return std::nullopt;
    return static_cast<int64_t>(*seconds);
  }
  std::tm parts{};
  const std::string copy(text);
  for (const char* form : {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"}) {
    parts = {};
    const char* end = strptime(copy.c_str(), form, &parts);
    if (!end || *end != 0) continue;
    const std::tm asked = parts;
    const time_t seconds = timegm(&parts);
    if (parts.tm_mday != asked.tm_mday || seconds < 0) return std::nullopt;  // 31 February; before 1970
    return seconds;
  }
  return std::nullopt;
}

std::optional<double> parse_seconds(std::string_view text) {
  if (text.ends_with("s")) text.remove_suffix(1);
  double value = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  if (!(value > 0) || value > 1e9) return std::nullopt;
  return value;
}

std::optional<bool> parse_switch(std::string_view text) {
  const std::string word = lower(text);
  if (word == "on" || word == "yes" || word == "true" || word == "1") return true;
  if (word == "off" || word == "no" || word == "false" || word == "0") return false;
  return std::nullopt;
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  bool open = false;
  char quote = 0;
  for (const char c : text) {
    if (quote ? c == quote : (c == '\'' || c == '"')) {
      quote = quote ? 0 : c;
      if (!open) words.emplace_back();
      open = true;
    } else if (!quote && (c == ' ' || c == '\t' || c == '\n')) {
      open = false;
    } else {
      if (!open) words.emplace_back();
      open = true;
      words.back() += c;
    }
  }
  return words;
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=+@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

namespace {

// Edits that turn one word into the other: insert, delete, replace, swap of neighbours.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    // A beginning counts as near: --mem for --memory.
    const bool begins = word.size() >= 3 && candidate.starts_with(word);
    const size_t d = begins ? 1 : distance(word, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace vitrine::app
