// SPDX-License-Identifier: MIT
// What readers of our TOML files share: a first mistake that is told with its line, keys that must exist,
// values of one kind. A reader derives from it, and goes on with empty values behind the first mistake.
// lab_file.cpp, suite_file.cpp.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/text.h"
#include "app/toml.h"
#include "core/file.h"
#include "core/result.h"

namespace vitrine::app {

class TomlReader {
 protected:
  explicit TomlReader(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] core::Error syntax_error(const toml::parse_error& problem) const {
    if (problem.source().begin.line == 0)
      return core::error(core::ErrorKind::kMissing, "{} cannot be read: {}.", core::printable(path_),
                         core::printable(problem.description()));
    return core::error(core::ErrorKind::kBadImage, "{}:{}: {}.", core::printable(path_),
                       problem.source().begin.line, core::printable(problem.description()));
  }

  void bad(const toml::node& at, std::string what) {
    if (error_) return;
    while (what.ends_with('.')) what.pop_back();
    // A table that begins at no place of its own begins with what is in it.
    uint32_t line = at.source().begin.line;
    if (line == 0 && at.is_table() && !at.as_table()->empty())
      line = at.as_table()->begin()->second.source().begin.line;
    error_ = core::error(core::ErrorKind::kBadImage, "{}:{}: {}.", core::printable(path_), std::max(line, 1u),
                         core::printable(what));
  }

  void only(const toml::table& table, std::vector<std::string_view> keys) {
    for (const auto& [key, node] : table) {
      if (std::find(keys.begin(), keys.end(), key.str()) != keys.end()) continue;
      const std::string_view meant = nearest(key.str(), keys);
      bad(node, fmt::format("there is no key '{}' here; {}", key.str(),
                            meant.empty() ? fmt::format("there are: {}", fmt::join(keys, ", "))
                                          : fmt::format("did you mean {}?", meant)));
    }
  }

  // Values of a table. `key` missing is an error unless there is a default.
  const toml::node* wanted(const toml::table& table, const char* key) {
    const toml::node* const node = table.get(key);
    if (!node) bad(table, fmt::format("'{}' is missing", key));
    return node;
  }
  std::string text(const toml::table& table, const char* key) {
    const toml::node* const node = wanted(table, key);
    if (!node) return "";
    const auto value = node->value_exact<std::string>();
    if (!value || value->empty()) bad(*node, fmt::format("'{}' must be a text", key));
    return trimmed(value.value_or(""));
  }
  std::string text_or(const toml::table& table, const char* key, const std::string& otherwise) {
    return table.contains(key) ? text(table, key) : otherwise;
  }
  std::vector<std::string> texts_or(const toml::table& table, const char* key,
                                    std::vector<std::string> otherwise) {
    const toml::node* const node = table.get(key);
    if (!node) return otherwise;
    std::vector<std::string> all;
    if (const toml::array* const array = node->as_array())
      for (const toml::node& element : *array) {
        const auto value = element.value_exact<std::string>();
        if (!value) bad(element, fmt::format("'{}' is a list of texts", key));
        all.push_back(value.value_or(""));
      }
    else
      bad(*node, fmt::format("'{}' is a list of texts", key));
    return all;
  }
  static std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
  }

  std::string path_;
  std::optional<core::Error> error_;
};

}  // namespace vitrine::app
