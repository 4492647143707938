// SPDX-License-Identifier: MIT
// `vitrine replay [RUN] [--engine NAME] [--snapshot-at STEP:F]`: a kept run or a recording, made again for whoever wants to see it.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "app/debug/gdb_server.h"
#include "app/program.h"
#include "app/replay.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

constexpr std::string_view kOptions[] = {"--engine", "--gdb", "--snapshot-at", "--help"};
constexpr int kCut = 1;

struct Wish {
  std::string run;  // empty: the last one
  std::optional<EngineKind> engine;
  std::vector<SnapshotWish> snapshots;
  std::optional<std::string> gdb;  // where it can connect
};

struct Console final : core::ByteSink {
  void put(uint8_t byte) override {
    std::fputc(byte, stdout);
    at_line_start = byte == '\n';
    if (at_line_start) std::fflush(stdout);
  }
  bool at_line_start = true;
};

int fail(const core::Error& error) {
  complain(error.message);
  return exit_code_of(error.kind);
}

core::Result<Wish> parse(const std::vector<std::string>& words) {
  using core::ErrorKind;
  Wish wish;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--engine" || word == "--snapshot-at") {
      if (++i == words.size()) return core::error(ErrorKind::kUsage, "{} wants a value behind it.", word);
      MachineOptions before;
      before.run.snapshots = std::move(wish.snapshots);
      auto read = parse_words({word, words[i]}, 0, std::move(before));
      if (!read) return read.error();
      if (word == "--engine") wish.engine = read->options.config.engine;
      wish.snapshots = std::move(read->options.run.snapshots);
    } else if (word == "--gdb" || word.starts_with("--gdb=")) {
      wish.gdb = word.substr(std::min(word.size(), std::string_view("--gdb=").size()));
    } else if (word.starts_with("-")) {
      const std::string_view meant = nearest(word, kOptions);
      return core::error(ErrorKind::kUsage, "There is no option {}{}", core::printable(word),
                         meant.empty() ? "." : fmt::format("; did you mean {}?", meant));
    } else if (!wish.run.empty()) {
      return core::error(ErrorKind::kUsage, "There is one word too many: '{}'.", core::printable(word));
    } else {
      wish.run = word;
    }
  }
  for (SnapshotWish& snapshot : wish.snapshots) snapshot.path = std::filesystem::absolute(snapshot.path);  // the run may have been made in another folder
  return wish;
}

core::Result<> make_snapshots(Replay& replay, const std::vector<SnapshotWish>& wishes) {
  for (const SnapshotWish& wish : wishes) {
    const core::Step first = replay.machine().clock().step();
    if (auto done = replay.advance(wish.step); !done) return done;
    const core::Step now = replay.machine().clock().step();
    if (now != wish.step)
      return core::error(core::ErrorKind::kMissing, "The run goes from step {} to step {} and has no step {}: there is no new snapshot '{}'.",
                         first, now, wish.step, core::printable(wish.path));
    auto saved = replay.save(wish.path);
    if (!saved) return saved.error();
    complain(fmt::format("The snapshot of step {} is in '{}' ({}).", now, core::printable(wish.path), core::size_text(*saved)));
  }
  return core::Ok{};
}

// Of a recording the state at the end is known, too.
int conclude(const KeptRun& run, Replay& replay) {
  Machine& machine = replay.machine();
  if (!replay.outcome()) {
    complain(fmt::format("Made again up to step {}, where what was kept ends.", machine.clock().step()));
    return kCut;
  }
  std::string same;
  if (const auto then = run.end ? run.end->state_hash : std::nullopt) {
    const uint64_t now = machine.state_hash();
    if (now != *then)
      return fail(core::error(core::ErrorKind::kHost,
                              "The run made again ends in another state, {:016x} and not {:016x}: this is a "
                              "bug of Vitrine's; please "
                              "report it with the recording.",
                              now, *then));
    same = fmt::format(" The state at the end is the same, {:016x}.", now);
  }
  const std::string& words = replay.outcome()->words;
  const char between = words.find('\n') == words.npos ? ' ' : '\n';
  complain(fmt::format("{}{}Made again: {} steps.{}", words, between, machine.clock().step(), same));
  return exit_code_of(*replay.outcome());
}

// What the guest prints was printed: gdb has the terminal to itself.
int replay_for_gdb(KeptRun run, const Wish& wish) {
  auto debuggee = Debuggee::of_kept(std::move(run), wish.engine);
  if (!debuggee) return fail(debuggee.error());
  gdb::ServerOptions options;
  options.address = *wish.gdb;
  auto outcome = gdb::serve(**debuggee, options);
  if (!outcome) return fail(outcome.error());
  return outcome->kind == Outcome::Kind::kSignal ? exit_code_of(*outcome) : exit_code::kSuccess;
}

}  // namespace

std::vector<std::string> replay_option_names() { return {"--engine", "--gdb", "--snapshot-at"}; }

int replay_verb(const Program& program, const std::vector<std::string>& words) {
  auto wish = parse(words);
  if (!wish) {
    complain(wish.error().message);
    std::fprintf(stderr, "How it is used: %s replay --help\n", program.name.c_str());
    return exit_code_of(wish.error().kind);
  }
  auto run = open_kept_run(wish->run);
  if (!run) return fail(run.error());
  if (wish->gdb) return replay_for_gdb(std::move(*run), *wish);
  Console console;
  auto replay = Replay::create(*run, console, wish->engine);
  if (!replay) return fail(replay.error());
  auto done = make_snapshots(**replay, wish->snapshots);
  if (done) done = (*replay)->finish();
  if (!console.at_line_start) std::fputc('\n', stdout);
  std::fflush(stdout);
  if (!done) return fail(done.error());
  return conclude(*run, **replay);
}

}  // namespace vitrine::app
