// SPDX-License-Identifier: MIT
// `vitrine run [GUEST] [OPTION]...`
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/event_filter.h"
#include "app/debug/gdb_server.h"
#include "app/facts.h"
#include "app/help.h"
#include "app/breaking.h"
#include "app/identity.h"
#include "app/options.h"
#include "app/outcome.h"
#include "app/program.h"
#include "app/session.h"
#include "app/statistics.h"
#include "app/text.h"
#include "core/file.h"
#include "isa/riscv/decoder.h"

namespace vitrine::app {
namespace {

int fail(const core::Error& error) {
  complain(error.message);
  return exit_code_of(error.kind);
}

int refuse(const Program& program, const core::Error& error) {
  complain(error.message);
  if (error.kind == core::ErrorKind::kUsage)
    std::fprintf(stderr, "The options: %s run --help\n", program.name.c_str());
  return exit_code_of(error.kind);
}

int dump_tree(const MachineOptions& options) {
  auto plan = plan_boot(options.config);
  if (!plan) return fail(plan.error());
  std::FILE* file = std::fopen(options.dump_dtb.c_str(), "we");
  const std::vector<uint8_t>& tree = plan->tree;
  const bool good = file && std::fwrite(tree.data(), 1, tree.size(), file) == tree.size();
  if ((file && std::fclose(file) != 0) || !good)
    return fail(core::error(core::ErrorKind::kMissing, "The device tree cannot be written to '{}': {}.",
                            core::printable(options.dump_dtb), strerror(errno)));
  return exit_code::kSuccess;
}

// A raw kernel has no magic: is it code at all?
core::Result<> check_raw_kernel(Machine& machine) {
  const auto& image = machine.boot().kernel_image;
  if (!image || image->kind != core::ImageKind::kRaw) return core::Ok{};
  uint32_t first = 0;
  const bool there = machine.ram().read(core::GuestPhys{machine.boot().kernel_at}, &first, sizeof first);
  if (there && riscv::decode(first, riscv::ExtensionSet::standard()).op != riscv::Op::illegal)
    return core::Ok{};
  return core::error(
      core::ErrorKind::kBadImage,
      "'{0}' is raw data that does not begin with an instruction, so it is no kernel. A disk is given "
      "with --disk {1}, beside a kernel.",
      core::printable(image->path), shell_word(image->path));
}

// What was done with a file that says nothing of itself, for an end that is no success.
std::string raw_kernel_line(Session& session) {
  const BootPlan& boot = session.machine().boot();
  if (!boot.kernel_image || boot.kernel_image->kind != core::ImageKind::kRaw) return "";
  return fmt::format("\n  '{}' has no format that says what it is: it was taken for machine code at {:#x}.",
                     core::printable(boot.kernel_image->path), boot.kernel_at);
}

// What to type next, when somebody sits there.
std::string next_hint(const Program& program, const Session& session, const Outcome& outcome, const std::string& guest) {
  if (exit_code_of(outcome) != 0) {
    const std::string again = "Again: " + command_line(program);
    if (session.kept_in().empty()) return again;
    const std::string& file = session.options().keep_file;
    return fmt::format("Why: {} explain {}last-trap. {}", program.name, file.empty() ? "" : shell_word(file) + " ", again);
  }
  if (guest == "teach") return fmt::format("Next: {} run linux", program.name);
  if (guest == "linux") return fmt::format("Next: {} run linux-disk", program.name);
  return "Again: " + command_line(program);
}

// For scripts: nothing when all went well. For people: one line at the end, after the diagnosis if there is
// one.
void conclude(const Program& program, Session& session, const Outcome& outcome, const std::string& guest) {
  const RunOptions& options = session.options();
  const bool told = options.stats || (isatty(STDIN_FILENO) && isatty(STDERR_FILENO));
  if (!session.console().at_line_start() && isatty(STDERR_FILENO)) std::fputc('\n', stderr);
  if (!told) {
    if (exit_code_of(outcome) != 0) complain(outcome.words);
    return;
  }
  if (options.stats) std::fputs(statistics_text(session).c_str(), stderr);
  const bool diagnosis = outcome.words.find('\n') != std::string::npos;
  complain(fmt::format("{}{}{}. {}{}", outcome.words, diagnosis ? "\n" : " ", summary_text(session),
                       next_hint(program, session, outcome, guest), options.stats ? "" : "; every exit and guest trap: --stats"));
}

core::Result<> create(const MachineOptions& options, std::unique_ptr<Debuggee>& debuggee, std::unique_ptr<Session>& alone) {
  if (options.run.gdb) {
    auto made = Debuggee::of_new(options);
    if (!made) return made.error();
    debuggee = std::move(*made);
  } else {
    auto made = Session::create(options.config, options.run);
    if (!made) return made.error();
    alone = std::move(*made);
  }
  return core::Ok{};
}

}  // namespace

int run_verb(const Program& program, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    if (word == "--help" || word == "-h") return std::fputs(run_help().c_str(), stdout), exit_code::kSuccess;
  auto parsed = read_run_words(program.name, words);
  if (!parsed) return refuse(program, parsed.error());
  MachineOptions& options = parsed->options;
  options.run.command_line = command_line(program);
  if (options.run.log.kinds == "help") return std::fputs(log_help().c_str(), stdout), exit_code::kSuccess;
  options.run.kept_words = KeptWords{false, program.name, words, {}};
  if (options.list_breaks) return std::fputs(breaks_help().c_str(), stdout), exit_code::kSuccess;
  if (!options.dump_dtb.empty()) return dump_tree(options);
  if (!options.run.stats_json.empty())
    if (auto done = check_statistics_path(options.run.stats_json); !done) return fail(done.error());

  if (options.run.freeze && !options.run.gdb)
    return refuse(program, core::error(core::ErrorKind::kUsage, "--freeze holds the guest back until gdb lets it go: it wants --gdb beside it."));
  std::unique_ptr<Debuggee> debuggee;  // if somebody shall look at the run
  std::unique_ptr<Session> alone;
  if (auto done = create(options, debuggee, alone); !done) return fail(done.error());
  Session* const session = debuggee ? debuggee->session() : alone.get();
  if (options.run.state_hash_every) std::fprintf(stderr, "%s\n", session->identity().c_str());
  if (!options.run.from)
    if (auto done = check_raw_kernel(session->machine()); !done) return fail(done.error());
  auto ended = debuggee ? gdb::run(*debuggee, {}) : session->run();
  if (!ended) return fail(ended.error());
  Outcome outcome = std::move(*ended);
  if (outcome.kind == Outcome::Kind::kFaultLoop || outcome.kind == Outcome::Kind::kNothingWakes)
    outcome.words += raw_kernel_line(*session);
  if (const core::BreakSet breaks = options.config.breaks; breaks.any() && outcome.words.find('\n') != outcome.words.npos)
    outcome.words += "\n  " + breaks_text(breaks);
  if (options.run.facts >= 0) {
    if (auto done = write_facts(*session, outcome); !done) return fail(done.error());
  } else {
    conclude(program, *session, outcome, parsed->guest);
  }
  if (!options.run.stats_json.empty())
    if (auto done = write_statistics_json(*session, outcome); !done) return fail(done.error());
  return exit_code_of(outcome);
}

}  // namespace vitrine::app
