// SPDX-License-Identifier: MIT
// The table of verbs, and finding in it.
#include "app/debug/verbs.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::debug {

std::span<const VerbGroup> verb_groups() {
  static const VerbGroup kGroups[] = {
      {"Motion", motion_verbs()},   {"Stop points", stop_verbs()}, {"Memory and code", memory_verbs()},
      {"The machine", machine_verbs()}, {"Page tables", table_verbs()},  {"Shadows of page tables", shadow_verbs()},    {"Interrupts and devices", device_verbs()},
      {"What happens", event_verbs()}, {"Translated code", translation_verbs()},
#ifdef VITRINE_HAS_TRANSLATOR
      {"Inside a block", block_verbs()},
#endif
      {"The session", session_verbs()},
  };
  return kGroups;
}

core::Result<const Verb*> find_verb(std::string_view word) {
  std::vector<const Verb*> beginning;
  std::vector<std::string_view> names;
  for (const VerbGroup& group : verb_groups())
    for (const Verb& verb : group.verbs) {
      if (word == verb.name || (!verb.brief.empty() && word == verb.brief)) return &verb;
      if (verb.name.starts_with(word)) beginning.push_back(&verb);
      names.push_back(verb.name);
    }
  if (beginning.size() == 1) return beginning[0];
  if (beginning.size() > 1) {
    std::string which;
    for (const Verb* verb : beginning) which += fmt::format("{}{}", which.empty() ? "" : ", ", verb->name);
    return core::error(core::ErrorKind::kUsage, "'{}' can be several verbs: {}.", core::printable(word), which);
  }
  const std::string_view meant = nearest(word, names);
  return core::error(core::ErrorKind::kUsage, "'{}' is not a verb{} All verbs: help", core::printable(word),
                     meant.empty() ? "." : fmt::format("; did you mean {}?", meant));
}

Answer obey(State& state, std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t");
  if (begin == line.npos || line[begin] == '#') return std::string();
  Words words = split_words(line);
  if (words.empty()) return std::string();
  auto verb = find_verb(std::string_view(words[0]).substr(0, words[0].find('/')));
  if (!verb) return verb.error();
  return (*verb)->run(state, words);
}

}  // namespace vitrine::app::debug
