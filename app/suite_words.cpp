// SPDX-License-Identifier: MIT
// Looking at words.
#include "app/suite_words.h"

#include <algorithm>

#include "app/options.h"

namespace vitrine::app {
namespace {

constexpr std::string_view kOfOneRun[] = {"--keep",  "--record",  "--stats-json", "--log-file",  "--dump-dtb",
                                          "--facts", "--jitdump", "--kernel",     "--max-output", "--snapshot-at"};
constexpr std::string_view kDisks[] = {"--disk", "--port-disk"};

template <typename List>
bool is_one_of(const List& list, const std::string& name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

}  // namespace

core::Result<> check_suite_words(const std::vector<std::string>& words) {
  for (const std::string& word : words)
    if (const std::string name = word.substr(0, word.find('=')); is_one_of(kOfOneRun, name))
      return core::error(core::ErrorKind::kUsage, "{} is for a single run: a suite has many.", name);
  auto parsed = parse_words(words, 0);
  if (!parsed) return parsed.error();
  if (parsed->options.list_breaks || parsed->options.run.log.kinds == "help")
    return core::error(core::ErrorKind::kUsage, "Lists are printed by `run`, not by `suite run`.");
  return core::Ok{};
}

std::vector<std::string> with_snapshots(std::vector<std::string> words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    if (!is_one_of(kDisks, name) || (equals == std::string::npos && i + 1 == words.size())) continue;
    std::string& word = equals == std::string::npos ? words[++i] : words[i];
    int slot = -1;
    const auto disk =
        parse_image(name.c_str(), std::string_view(word).substr(equals == std::string::npos ? 0 : equals + 1),
                    name == "--disk" ? &slot : nullptr);
    if (disk && !disk.value().snapshot && !disk.value().read_only) word += ",snapshot";
  }
  return words;
}

}  // namespace vitrine::app
