// SPDX-License-Identifier: MIT
// `vitrine bisect A B [GUEST] [OPTION]...`
#include <fmt/format.h>

#include <cstdio>

#include "app/bisect.h"
#include "app/guests.h"
#include "app/help.h"
#include "app/outcome.h"
#include "app/program.h"
#include "app/text.h"

namespace vitrine::app {
namespace {

int refuse(const Program& program, const core::Error& error) {
  complain(error.message);
  if (error.kind == core::ErrorKind::kUsage)
    std::fprintf(stderr, "How it is used: %s bisect --help\n", program.name.c_str());
  return exit_code_of(error.kind);
}

// Both runs must be the same each time, and leave nothing behind.
core::Result<> make_repeatable(MachineOptions& options) {
  if (options.run.clock == ClockMode::kReal)
    return core::error(core::ErrorKind::kUsage,
                       "--clock real: guest time follows the host's, so no two runs are equal.");
  if (!options.dump_dtb.empty() || options.run.max_seconds)
    return core::error(
        core::ErrorKind::kUsage,
        "--dump-dtb and --max-seconds are not for bisect; --max-instructions limits both runs.");
  if (!options.run.log.kinds.empty())
    return core::error(core::ErrorKind::kUsage, "--log is not for bisect, which runs parts of two runs again and again.");
  options.run.clock = ClockMode::kVirtual;
  options.run.standard_input = false;
  options.run.console = -1;
  options.run.state_hash_every = 0;
  options.run.htif = true;
  options.config.keep_disks_as_they_are();
  return core::Ok{};
}

core::Result<BisectSide> make_side(const Program& program, const char* name, const std::string& own,
                                   const ParsedWords& common, const std::vector<std::string>& words) {
  auto parsed = parse_words(split_words(own), 0, common.options);
  if (!parsed) return core::error(parsed.error().kind, "{}: {}", name, parsed.error().message);
  BisectSide side{std::move(parsed->options), name, program.name + " run"};
  side.options.command = program.name;
  const bool images = !side.options.config.kernel.empty() || !side.options.config.bios.empty();
  const std::string guest = !common.words.empty() ? common.words[0] : images ? "" : "teach";
  if (!guest.empty())
    if (auto done = use_guest(guest, side.options); !done) return done.error();
  if (auto done = make_repeatable(side.options); !done) return done.error();
  for (const std::string& word : words) side.command += " " + shell_word(word);
  for (const std::string& word : split_words(own)) side.command += " " + shell_word(word);
  return side;
}

}  // namespace

int bisect_verb(const Program& program, std::vector<std::string> words) {
  for (const std::string& word : words)
    if (word == "--help" || word == "-h")
      return std::fputs(bisect_help(program.name).c_str(), stdout), exit_code::kSuccess;
  if (words.size() < 2) {
    complain("bisect wants two sets of options, each in quotes, then a guest.");
    return std::fputs(bisect_help(program.name).c_str(), stderr), exit_code::kUsage;
  }
  const std::string a = words[0], b = words[1];
  words.erase(words.begin(), words.begin() + 2);
  if (!words.empty() && words[0] == "--") words.erase(words.begin());
  auto common = parse_words(words, 1);
  if (!common) return refuse(program, common.error());
  auto side_a = make_side(program, "A", a, *common, words);
  if (!side_a) return refuse(program, side_a.error());
  auto side_b = make_side(program, "B", b, *common, words);
  if (!side_b) return refuse(program, side_b.error());
  auto answer = Bisect({std::move(*side_a), std::move(*side_b)}).run();
  if (!answer) return refuse(program, answer.error());
  std::printf("%s\n", answer->text.c_str());
  return answer->equal ? exit_code::kSuccess : 1;
}

}  // namespace vitrine::app
