// SPDX-License-Identifier: MIT
// Two identity lines, compared.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "app/identity.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

// The words of an identity line; quoted ones hold spaces.
std::vector<std::string> identity_words(std::string_view line) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == ' ' && !quoted)
      words.emplace_back();
    else
      words.back() += c;
  }
  return words;
}

// As identity.cpp writes them: "#SIZE@SECONDS.NANOSECONDS", with nine digits of these.
size_t length_of_times(std::string_view text) {
  size_t at = 0;
  const auto is = [&](char c) { return at < text.size() && text[at] == c && ++at; };
  const auto digits = [&] {
    const size_t from = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) ++at;
    return at - from;
  };
  if (!is('#') || digits() == 0 || !is('@')) return 0;
  is('-');
  return digits() != 0 && is('.') && digits() == 9 ? at : 0;
}

// Of disks what is read of them is compared (kept_disks.h), or their contents (snapshot_disks.h).
std::string without_times(std::string_view line) {
  std::string rest;
  while (!line.empty()) {
    if (const size_t length = length_of_times(line); length != 0) {
      line.remove_prefix(length);
    } else {
      rest += line.front();
      line.remove_prefix(1);
    }
  }
  return rest;
}

}  // namespace

std::string identity_difference(const std::string& then, const std::string& now) {
  const auto a = identity_words(without_times(then)), b = identity_words(without_times(now));
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string was = i < a.size() ? a[i] : "nothing", is = i < b.size() ? b[i] : "nothing";
    if (was == is) continue;
    return fmt::format("{} was {} then, and is {} now", core::printable(was.substr(0, was.find('='))),
                       core::printable(was.substr(was.find('=') + 1)),
                       core::printable(is.substr(is.find('=') + 1)));
  }
  return {};
}

}  // namespace vitrine::app
