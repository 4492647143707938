// SPDX-License-Identifier: MIT
// The session: console, send, help, quit.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/debug/verbs.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::debug {

namespace {

// The last lines of what the guest has printed up to now.
Answer console(State& state, const Words& words) {
  uint64_t lines = 20;
  if (words.size() > 2) return usage(words[0], "it takes a number of lines.");
  if (words.size() == 2) {
    auto count = parse_count(words[0], words[1]);
    if (!count) return count.error();
    lines = *count;
  }
  const std::string_view all = state.it().console().text();
  if (all.empty()) return std::string("The guest has printed nothing yet.\n");
  std::vector<std::string> each = split(all, '\n');
  if (each.back().empty()) each.pop_back();
  std::string text;
  for (std::string& line : each)
    if (line.ends_with('\r')) line.pop_back();
  for (size_t i = each.size() > lines ? each.size() - lines : 0; i < each.size(); ++i) text += core::printable(each[i], 4096) + "\n";
  return text;
}

// \n, \r, \t, \e, \\ and \xNN; a line end goes behind it unless it ends in \c.
std::string unescaped(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'n': bytes += '\n'; break;
      case 'r': bytes += '\r'; break;
      case 't': bytes += '\t'; break;
      case 'e': bytes += '\x1b'; break;
      case 'c': return bytes;
      case 'x':
        if (const auto value = parse_number("0x" + std::string(text.substr(i + 1, 2)))) {
          bytes += static_cast<char>(*value);
          i += 2;
          break;
        }
        [[fallthrough]];
      default: bytes += text[i];
    }
  }
  return bytes + "\r";
}

Answer send(State& state, const Words& words) {
  if (words.size() < 2) return usage(words[0], "it wants a text.");
  if (!state.it().live()) return usage(words[0], "this run was made and kept: what it got as input is part of it. A new run takes input: vitrine debug GUEST");
  if (!state.it().at_edge()) return usage(words[0], fmt::format("the past cannot be changed. Use: goto @{}", state.it().last()));
  std::string text = words[1];
  for (size_t i = 2; i < words.size(); ++i) text += " " + words[i];
  const std::string bytes = unescaped(text);
  if (state.input < 0) return usage(words[0], "this run has no live input.");
  if (const auto written = write(state.input, bytes.data(), bytes.size()); written != static_cast<ssize_t>(bytes.size()))
    return core::error(core::ErrorKind::kHost, "The text could not be sent: {}.", written < 0 ? strerror(errno) : "the guest has not read what was sent before");
  return fmt::format("{} bytes wait to be read by the guest. Go on: continue\n", bytes.size());
}

Answer snapshot(State& state, const Words& words) {
  if (words.size() != 2) return usage(words[0], "it wants a file.");
  std::error_code gone;
  const std::string path = state.folder.empty() ? std::filesystem::absolute(words[1], gone) : state.folder / words[1];
  auto saved = state.it().save(path);
  if (!saved) return saved.error();
  return fmt::format("Step {} is in '{}' ({}). Go on from there: vitrine run {}\n", state.it().now(),
                     core::printable(path), core::size_text(*saved), shell_word(path));
}

std::string verb_line(const Verb& verb) {
  std::string head = fmt::format("{}{}", verb.name, verb.brief.empty() ? "" : fmt::format(", {}", verb.brief));
  if (!verb.arguments.empty()) head += fmt::format(" {}", verb.arguments);
  return fmt::format("  {:<28} {}\n", head, verb.sentence);
}

Answer help(State&, const Words& words) {
  std::string text;
  if (words.size() > 1) {
    auto verb = find_verb(words[1]);
    if (!verb) return verb.error();
    return verb_line(**verb);
  }
  for (const VerbGroup& group : verb_groups()) {
    text += fmt::format("{}\n", group.subject);
    for (const Verb& verb : group.verbs) text += verb_line(verb);
  }
  return text + "WHERE is a number, a symbol, a register ($a0, $sepc), or one of these and an offset: main+0x10. Verbs may be shortened.\n";
}

Answer quit(State& state, const Words&) {
  state.quit = true;
  return std::string();
}

constexpr Verb kVerbs[] = {
    {"console", "con", "[N]", "Shows the last N lines (20) that the guest has printed up to now.", Wants::kNothing, console},
    {"send", "", "TEXT", "Types a line to a new run: \\n, \\t, \\xNN; \\c at its end: without the line end.", Wants::kNothing, send},
    {"snapshot", "", "FILE", "Puts the machine as it stands now into a file, from which `vitrine run` goes on.", Wants::kFile,
     snapshot},
    {"help", "?", "[VERB]", "Shows all verbs, or one.", Wants::kVerb, help},
    {"quit", "q", "", "Ends; a new run ends with it.", Wants::kNothing, quit},
};

}  // namespace

std::span<const Verb> session_verbs() { return kVerbs; }

}  // namespace vitrine::app::debug
