// SPDX-License-Identifier: MIT
// Reading kernel.toml: keys, kinds of values, ranges. The first mistake is told, with its line.
#include "app/kernel_info.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/text.h"
#include "app/toml.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;
using core::Result;

constexpr uint64_t kMaxOffset = 1 << 20;  // of a member: beyond that somebody made a mistake
constexpr uint64_t kMaxName = 256;

bool is_c_name(std::string_view text) {
  const auto good = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '$'; };
  return !text.empty() && !std::isdigit(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.end(), good);
}

// Keeps the first error, and goes on with empty values after it.
class Reader {
 public:
  explicit Reader(std::string file) { info_.file = std::move(file); }

  Result<KernelInfo> read(std::string_view text) {
    toml::parse_result parsed = toml::parse(text, info_.file);
    if (!parsed)
      return core::error(ErrorKind::kBadImage, "{}:{}: {}.", core::printable(info_.file),
                         parsed.error().source().begin.line, core::printable(parsed.error().description()));
    const toml::table& root = parsed.table();
    only(root, {"current", "type", "name", "pid"});
    if (const toml::node* const node = wanted(root, "current")) read_currents(*node);
    if (const toml::node* const node = root.get("type")) read_type(*node);
    if (const toml::node* const node = wanted(root, "name")) info_.name = field(*node, "name", kMaxName);
    if (const toml::node* const node = root.get("pid")) info_.pid = field(*node, "pid", 8);
    if (error_) return *error_;
    return std::move(info_);
  }

 private:
  static unsigned line_of(const toml::node& at) {
    uint32_t line = at.source().begin.line;
    if (line == 0 && at.is_table() && !at.as_table()->empty())
      line = at.as_table()->begin()->second.source().begin.line;
    return std::max(line, 1u);
  }
  void bad(const toml::node& at, std::string_view what) {
    if (!error_)
      error_ = core::error(ErrorKind::kBadImage, "{}:{}: {}.", core::printable(info_.file), line_of(at),
                           core::printable(what));
  }
  const toml::node* wanted(const toml::table& table, const char* key) {
    const toml::node* const node = table.get(key);
    if (!node) bad(table, fmt::format("'{}' is missing", key));
    return node;
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
  uint64_t number(const toml::table& table, const char* key, uint64_t least, uint64_t most) {
    const toml::node* const node = table.get(key);
    if (!node) return 0;
    const auto value = node->value_exact<int64_t>();
    if (value && *value >= 0 && static_cast<uint64_t>(*value) >= least &&
        static_cast<uint64_t>(*value) <= most)
      return static_cast<uint64_t>(*value);
    bad(*node, fmt::format("'{}' must be a whole number from {} to {}", key, least, most));
    return 0;
  }
  std::string text(const toml::node& node, const char* key) {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty()) bad(node, fmt::format("'{}' must be a text", key));
    return value.value_or("");
  }

  void read_currents(const toml::node& node) {
    const toml::array* const list = node.as_array();
    if (!list) return info_.current.push_back(current(node));
    if (list->empty()) bad(node, "'current' is an empty list");
    for (const toml::node& each : *list) info_.current.push_back(current(each));
  }

  KernelInfo::Current current(const toml::node& node) {
    KernelInfo::Current current;
    if (const toml::table* const table = node.as_table())
      current = current_by_numbers(*table);
    else if (node.is_string())
      current = current_by_words(node);
    else
      bad(node, "'current' is a text such as \"cpus[hart].proc\", or a table with a symbol or a register");
    current.line = line_of(node);
    return current;
  }

  KernelInfo::Current current_by_numbers(const toml::table& table) {
    only(table, {"symbol", "offset", "stride", "register"});
    KernelInfo::Current current;
    if (const toml::node* const name = table.get("register")) {
      current.reg = text(*name, "register");
      if (table.size() != 1) bad(table, "a register stands alone");
      return current;
    }
    current.by_numbers = true;
    if (const toml::node* const symbol = wanted(table, "symbol")) current.symbol = text(*symbol, "symbol");
    current.offset = number(table, "offset", 0, kMaxOffset);
    current.stride = number(table, "stride", 1, kMaxOffset);
    return current;
  }

  // NAME, NAME[hart], with members behind.
  KernelInfo::Current current_by_words(const toml::node& node) {
    constexpr std::string_view kHart = "[hart]";
    KernelInfo::Current current;
    const std::string given = text(node, "current");
    std::vector<std::string> words = split(given, '.');
    current.symbol = words[0];
    if (current.symbol.ends_with(kHart)) {
      current.per_hart = true;
      current.symbol.resize(current.symbol.size() - kHart.size());
    }
    current.members.assign(words.begin() + 1, words.end());
    const bool good =
        is_c_name(current.symbol) && std::all_of(current.members.begin(), current.members.end(), is_c_name);
    if (!good) bad(node, fmt::format("'{}' is no VARIABLE, VARIABLE.MEMBER or VARIABLE[hart].MEMBER", given));
    return current;
  }

  void read_type(const toml::node& node) {
    info_.type = text(node, "type");
    info_.type_line = line_of(node);
    if (info_.type.starts_with("struct ")) info_.type.erase(0, 7);
    if (!is_c_name(info_.type)) bad(node, "'type' is the name of a structure, such as \"struct proc\"");
  }

  KernelInfo::Field field(const toml::node& node, const char* key, uint64_t most) {
    KernelInfo::Field field;
    field.line = line_of(node);
    if (const toml::table* const table = node.as_table()) return field_by_numbers(*table, field, key, most);
    field.member = text(node, key);
    const std::vector<std::string> members = split(field.member, '.');
    if (!std::all_of(members.begin(), members.end(), is_c_name))
      bad(node, fmt::format("'{}' is no member of a structure", field.member));
    return field;
  }

  KernelInfo::Field field_by_numbers(const toml::table& table, KernelInfo::Field field, const char* key,
                                     uint64_t most) {
    const bool is_name = std::string_view(key) == "name";
    only(table, is_name ? std::vector<std::string_view>{"offset", "size", "pointer"}
                        : std::vector<std::string_view>{"offset", "size"});
    wanted(table, "offset");
    field.offset = number(table, "offset", 0, kMaxOffset);
    field.size = number(table, "size", 1, most);
    if (const toml::node* const node = table.get("pointer")) {
      const auto value = node->value_exact<bool>();
      if (!value) bad(*node, "'pointer' is true or false");
      field.pointer = value.value_or(false);
    }
    if (field.pointer == (field.size != 0))
      bad(table, is_name ? fmt::format("'{}' wants a size, or pointer = true", key)
                         : fmt::format("'{}' wants a size", key));
    return field;
  }

  KernelInfo info_;
  std::optional<core::Error> error_;
};

}  // namespace

Result<KernelInfo> parse_kernel_info(std::string_view text, const std::string& file) {
  return Reader(file).read(text);
}

}  // namespace vitrine::app
