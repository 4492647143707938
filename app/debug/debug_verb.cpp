// SPDX-License-Identifier: MIT
// `vitrine debug [RUN | GUEST [OPTION]...] [-e VERB]... [-x FILE]`
#include "app/debug/debug_verb.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "app/debug/terminal.h"
#include "app/help.h"
#include "app/kept_run.h"
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

// Of a kept run: its file, and the engine that makes it again. Nothing: it is a new run that is asked for.
struct Past {
  std::string run;  // empty: the last one
  std::optional<EngineKind> engine;
};
core::Result<std::optional<Past>> past_of(const std::vector<std::string>& words) {
  Past past;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--engine" && i + 1 < words.size()) {
      auto read = parse_words({"--engine", words[++i]}, 0);
      if (!read) return read.error();
      past.engine = read->options.config.engine;
    } else if (past.run.empty() && looks_like_kept_run(words[i])) {
      past.run = words[i];
    } else if (past.run.empty()) {
      return std::optional<Past>();
    } else {
      return core::error(ErrorKind::kUsage, "'{}': a kept run is made again as it was; --engine alone may be another one.", core::printable(words[i]));
    }
  }
  return std::optional(past);
}

// The descriptors of a pipe: what is written to [1] is the console's input.
core::Result<std::array<int, 2>> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return core::error(ErrorKind::kMissing, "The host gives no pipe.");
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  return ends;
}

core::Result<std::unique_ptr<Debuggee>> begin_new(const Program& program, const std::vector<std::string>& words, int& input) {
  auto parsed = read_run_words(program.name, words);
  if (!parsed) return parsed.error();
  RunOptions& run = parsed->options.run;
  run.command_line = command_line(program);
  run.kept_words = KeptWords{false, program.name, words, {}};
  run.stop_signals = false;
  run.banner = false;
  run.keys = EscapeKeys::kNever;
  if (!run.input) {
    auto ends = make_pipe();
    if (!ends) return ends.error();
    run.live_input = (*ends)[0];
    input = (*ends)[1];
  }
  return Debuggee::of_new(parsed->options);
}

core::Result<std::unique_ptr<Debuggee>> begin(const Program& program, const std::vector<std::string>& words, int& input) {
  auto past = past_of(words);
  if (!past) return past.error();
  if (!*past) return begin_new(program, words, input);
  auto run = open_kept_run((*past)->run);
  if (!run) return run.error();
  return Debuggee::of_kept(std::move(*run), (*past)->engine);
}

}  // namespace

std::vector<std::string> debug_option_names() { return {"-e", "-x", "--batch"}; }

int debug_verb(const Program& program, const std::vector<std::string>& words) {
  auto wish = parse(words);
  if (!wish) return fail(program, wish.error());
  int input = -1;
  std::error_code gone;  // there may be none
  const std::filesystem::path folder = std::filesystem::current_path(gone);
  auto debuggee = begin(program, wish->words, input);
  if (!debuggee) return fail(program, debuggee.error());
  debug::State state(**debuggee);
  state.input = input;
  state.folder = folder;
  state.prompted = true;
  return debug::converse(state, wish->script);
}

}  // namespace vitrine::app
