// SPDX-License-Identifier: MIT
// Words of `vitrine debug` and of whoever else begins to debug.
#include "app/debug/begin.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <system_error>

#include "app/kept_run.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::debug {
namespace {

using core::ErrorKind;

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

core::Result<std::unique_ptr<Debuggee>> begin_new(const Program& program, const std::vector<std::string>& words, Beginning& how) {
  auto parsed = read_run_words(program.name, words);
  if (!parsed) return parsed.error();
  RunOptions& run = parsed->options.run;
  run.command_line = command_line(program);
  run.kept_words = KeptWords{false, program.name, words, {}};
  run.stop_signals = false;
  run.banner = false;
  run.keys = EscapeKeys::kNever;
  run.console = how.console;
  if (!run.input) {
    auto ends = make_pipe();
    if (!ends) return ends.error();
    run.live_input = (*ends)[0];
    how.input = (*ends)[1];
  }
  return Debuggee::of_new(parsed->options);
}

}  // namespace

core::Result<std::unique_ptr<Debuggee>> begin(const Program& program, const std::vector<std::string>& words, Beginning& how) {
  std::error_code gone;
  how.folder = std::filesystem::current_path(gone);
  auto past = past_of(words);
  if (!past) return past.error();
  if (!*past) return begin_new(program, words, how);
  auto run = open_kept_run((*past)->run);
  if (!run) return run.error();
  return Debuggee::of_kept(std::move(*run), (*past)->engine);
}

}  // namespace vitrine::app::debug
