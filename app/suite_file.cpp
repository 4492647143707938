// SPDX-License-Identifier: MIT
// Reading suite.toml and NAME.toml. Everything is checked here, as far as it does not need the guest.
#include "app/suite_file.h"

#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>

#include "app/dialogue.h"
#include "app/facts.h"
#include "app/options.h"
#include "app/suite_words.h"
#include "app/toml_reader.h"

namespace vitrine::app {
namespace {

// How a run may end that is a success if a test says so. A panic is none of them, whatever a file says.
constexpr std::array<std::string_view, 7> kEnds = {
    "pass", "fail", "reset", "fault-loop", "nothing-wakes", "instruction-limit", "end-text"};

class Reader : private TomlReader {
 public:
  Reader(const std::string& path, SuiteTest& test, std::vector<std::string>* exclude)
      : TomlReader(path),
        folder_(std::filesystem::path(path).parent_path()),
        test_(test),
        exclude_(exclude) {}

  core::Result<> read() {
    toml::parse_result parsed = toml::parse_file(path_);
    if (!parsed) return syntax_error(parsed.error());
    const toml::table& root = parsed.table();
    std::vector<std::string_view> keys = {
        "options", "append",           "initrd",      "disks",  "input",         "typed",  "dialogue",
        "end_at",  "max_instructions", "max_seconds", "ends",   "expect",        "panics", "trust",
        "rule",    "points",           "labels",      "hidden", "known_failure", "skip"};
    keys.push_back(exclude_ ? "exclude" : "kernel");
    only(root, keys);
    read_machine(root);
    read_console(root);
    read_verdict(root);
    read_rules(root);
    if (exclude_) add(*exclude_, texts_or(root, "exclude", {}));
    if (error_) return *error_;
    return core::Ok{};
  }

 private:
  static void add(std::vector<std::string>& list, const std::vector<std::string>& more) {
    list.insert(list.end(), more.begin(), more.end());
  }

  std::string beside(const std::string& name) { return (folder_ / name).lexically_normal().string(); }

  std::string file(const toml::table& table, const char* key) {
    const std::string path = beside(text(table, key));
    if (access(path.c_str(), R_OK) != 0)
      bad(*table.get(key), fmt::format("'{}': there is no file '{}' that can be read", key, path));
    return path;
  }

  std::optional<uint64_t> number(const toml::table& table, const char* key) {
    const toml::node* const node = table.get(key);
    if (!node) return std::nullopt;
    const auto value = node->value_exact<int64_t>();
    if (!value || *value < 0) bad(*node, fmt::format("'{}' must be a whole number", key));
    return static_cast<uint64_t>(value.value_or(0));
  }

  bool flag(const toml::table& table, const char* key, bool otherwise) {
    const toml::node* const node = table.get(key);
    if (!node) return otherwise;
    if (!node->is_boolean()) bad(*node, fmt::format("'{}' is true or false", key));
    return node->value_or(otherwise);
  }

  void read_machine(const toml::table& root) {
    if (!exclude_ && root.contains("kernel")) test_.kernel = file(root, "kernel");
    const std::vector<std::string> options = texts_or(root, "options", {});
    if (auto done = check_suite_words(options); !done) bad(*root.get("options"), done.error().message);
    add(test_.words, options);
    for (const char* const key : {"append", "initrd", "input"})
      if (root.contains(key))
        add(test_.words,
            {std::string("--") + key, std::string_view(key) == "append" ? text(root, key) : file(root, key)});
    if (const auto most = number(root, "max_instructions"))
      add(test_.words, {"--max-instructions", std::to_string(*most)});
    if (const toml::node* const most = root.get("max_seconds")) {
      const auto seconds = most->value<double>();
      if (!seconds || !(*seconds > 0) || !std::isfinite(*seconds)) bad(*most, "'max_seconds' is a number greater than 0");
      add(test_.words, {"--max-seconds", fmt::format("{}", seconds.value_or(1))});
    }
    for (const std::string& disk : texts_or(root, "disks", {})) read_disk(*root.get("disks"), disk);
  }

  // That it is there is seen when the test runs: a disk may be made by then.
  void read_disk(const toml::node& at, const std::string& disk) {
    auto parsed = parse_disk(disk);
    if (!parsed) return bad(at, parsed.error().message);
    add(test_.words, {"--disk", beside(parsed->path) + disk.substr(parsed->path.size())});
  }

  void read_console(const toml::table& root) {
    if (root.contains("typed")) test_.dialogue.push_back({"", untrimmed(root, "typed")});
    each(root, "dialogue", [&](const toml::table& table) {
      only(table, {"expect", "send"});
      test_.dialogue.push_back({untrimmed(table, "expect"), untrimmed(table, "send")});
    });
    add(test_.end_at, texts_or(root, "end_at", {}));
    add(test_.expect, texts_or(root, "expect", {}));
    add(test_.panics, texts_or(root, "panics", {}));
  }

  // With the newlines at its ends: they are typed, too.
  std::string untrimmed(const toml::table& table, const char* key) {
    const toml::node* const node = wanted(table, key);
    if (!node) return {};
    const auto value = node->value_exact<std::string>();
    if (!value || value->empty()) bad(*node, fmt::format("'{}' must be a text", key));
    return value.value_or("");
  }

  template <typename Read>
  void each(const toml::table& table, const char* key, Read read) {
    const toml::node* const node = table.get(key);
    const toml::array* const array = node ? node->as_array() : nullptr;
    if (node && (!array || !array->is_array_of_tables()))
      return bad(*node, fmt::format("write [[{}]]: there may be several", key));
    if (array)
      for (const toml::node& element : *array) read(*element.as_table());
  }

  void read_verdict(const toml::table& root) {
    if (root.contains("ends")) test_.ends = texts_or(root, "ends", {});
    for (const std::string& end : test_.ends)
      if (std::find(kEnds.begin(), kEnds.end(), end) == kEnds.end() && root.contains("ends"))
        bad(*root.get("ends"),
            fmt::format("'{}' is no end that can be a success; there are: {}", end, fmt::join(kEnds, ", ")));
    const std::string trust = text_or(root, "trust", test_.trust_host ? "host" : "guest");
    if (trust != "host" && trust != "guest") bad(*root.get("trust"), "'trust' is \"guest\" or \"host\"");
    test_.trust_host = trust == "host";
    if (const toml::node* const points = root.get("points")) {
      const auto value = points->value<double>();
      if (!value || !(*value >= 0) || !std::isfinite(*value)) bad(*points, "'points' is a number of at least 0");
      test_.points = value.value_or(0);
    }
    add(test_.labels, texts_or(root, "labels", {}));
    test_.hidden = flag(root, "hidden", test_.hidden);
    test_.known_failure = text_or(root, "known_failure", test_.known_failure);
    test_.skip = text_or(root, "skip", test_.skip);
  }

  // One of reached, never, memory, count; then what its value has to be.
  void read_rules(const toml::table& root) {
    each(root, "rule", [&](const toml::table& table) {
      only(table,
           {"reached", "never", "memory", "bytes", "text", "count", "equals", "at_least", "at_most", "says"});
      const int kinds = table.contains("reached") + table.contains("never") + table.contains("memory") +
                        table.contains("count");
      if (kinds != 1) return bad(table, "a rule has one of: reached, never, memory, count");
      SuiteRule rule;
      rule.says = text_or(table, "says", "");
      rule.at_least = number(table, "at_least");
      rule.at_most = number(table, "at_most");
      if (const toml::node* const equals = table.get("equals"); equals && equals->is_string())
        read_nonce(*equals, rule);
      else
        rule.equals = number(table, "equals");
      read_subject(table, rule);
      test_.rules.push_back(std::move(rule));
    });
  }

  void read_nonce(const toml::node& node, SuiteRule& rule) {
    rule.equals_nonce = node.value_or(std::string()) == "{nonce}";
    if (!rule.equals_nonce) bad(node, "'equals' is a whole number or \"{nonce}\"");
  }

  void read_subject(const toml::table& table, SuiteRule& rule) {
    const bool bounded = rule.equals || rule.equals_nonce || rule.at_least || rule.at_most;
    if (table.contains("never")) {
      rule.what = text(table, "never");
      if (bounded) bad(table, "'never' has no number beside it");
      rule.at_most = 0;
    } else if (table.contains("reached")) {
      rule.what = text(table, "reached");
      if (!bounded) rule.at_least = 1;
    } else if (table.contains("count")) {
      rule.kind = SuiteRule::Kind::kCount;
      rule.what = text(table, "count");
      if (!bounded) bad(table, "'count' wants equals, at_least or at_most beside it");
    } else {
      read_memory(table, rule, bounded);
    }
  }

  void read_memory(const toml::table& table, SuiteRule& rule, bool bounded) {
    rule.kind = SuiteRule::Kind::kMemory;
    if (table.contains("text")) rule.text = untrimmed(table, "text");
    if (bounded == rule.text.has_value())
      bad(table, "'memory' wants either text, or equals, at_least or at_most beside it");
    const uint64_t bytes = rule.text ? rule.text->size() : number(table, "bytes").value_or(8);
    if (!rule.text && bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
      bad(table, "'bytes' is 1, 2, 4 or 8");
    rule.what = fmt::format("{}:{}", text(table, "memory"), bytes);
  }

  std::filesystem::path folder_;
  SuiteTest& test_;
  std::vector<std::string>* exclude_;
};

}  // namespace

core::Result<> read_suite_file(const std::string& path, SuiteTest& test, std::vector<std::string>* exclude) {
  return Reader(path, test, exclude).read();
}

bool names_kernel(const std::string& path) {
  const toml::parse_result parsed = toml::parse_file(path);
  return parsed && parsed.table().contains("kernel");
}

}  // namespace vitrine::app
