// SPDX-License-Identifier: MIT
// `vitrine debug [RUN | GUEST [OPTION]...] [-e VERB]... [-x FILE]`
#include "app/debug/debug_verb.h"

#include <cstdio>

#include "app/debug/begin.h"
#include "app/debug/terminal.h"
#include "app/help.h"
#include "app/outcome.h"
#include "app/program.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;

constexpr uint64_t kLargestScript = 1 << 20;

struct Wish {
  debug::Script script;
  std::vector<std::string> words;  // all others
};

int fail(const Program& program, const core::Error& error) {
  complain(error.message);
  if (error.kind == ErrorKind::kUsage) std::fprintf(stderr, "How it is used: %s debug --help\n", program.name.c_str());
  return exit_code_of(error.kind);
}

core::Result<> add_file(const std::string& path, std::vector<std::string>& lines) {
  auto bytes = core::read_file(path, kLargestScript);
  if (!bytes) return bytes.error();
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  for (std::string& line : split(text, '\n'))
    if (!line.empty()) lines.push_back(std::move(line));
  return core::Ok{};
}

core::Result<Wish> parse(const std::vector<std::string>& words) {
  Wish wish;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--batch") {
      wish.script.goes_on = false;
    } else if (word == "-e" || word == "-x") {
      if (++i == words.size()) return core::error(ErrorKind::kUsage, "{} wants a value behind it.", word);
      if (word == "-e") {
        wish.script.lines.push_back(words[i]);
      } else if (auto done = add_file(words[i], wish.script.lines); !done) {
        return done.error();
      }
    } else {
      wish.words.push_back(word);
    }
  }
  return wish;
}

}  // namespace

std::vector<std::string> debug_option_names() { return {"-e", "-x", "--batch", "--dap"}; }

int debug_verb(const Program& program, const std::vector<std::string>& words) {
  if (!words.empty() && words[0] == "--dap") return dap_verb(program, {words.begin() + 1, words.end()});
  auto wish = parse(words);
  if (!wish) return fail(program, wish.error());
  debug::Beginning beginning;
  auto debuggee = debug::begin(program, wish->words, beginning);
  if (!debuggee) return fail(program, debuggee.error());
  debug::State state(**debuggee);
  state.input = beginning.input;
  state.folder = beginning.folder;
  state.prompted = true;
  return debug::converse(state, wish->script);
}

}  // namespace vitrine::app
