// SPDX-License-Identifier: MIT
// Kept runs as sessions.
#include "app/replay.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>

#include "app/identity.h"
#include "app/program.h"
#include "app/qemu.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {

using core::ErrorKind;

namespace {

// Nothing that the guest sees changes by this.
void leave_no_trace(MachineOptions& options) {
  MachineConfig& config = options.config;
  config.host_tools = {};
  config.stress = 0;
  RunOptions& run = options.run;
  run.console = run.virtio_console = -1;
  run.standard_input = false;
  run.input.reset();
  run.max_seconds.reset();
  run.state_hash_every = 0;
  run.keep = run.record = false;
  run.log = {};
  run.lint = false;
  run.facts = -1;
  run.reach.clear();
  run.console_log = nullptr;
  run.snapshots.clear();
}

// A run that began with a snapshot begins with the same one again.
core::Result<> check_snapshot(const KeptRun& run, const RunOptions& options) {
  const auto& then = run.header.snapshot;
  if (then.has_value() == (options.from != nullptr) && (!then || then->checksum == options.from->checksum())) return core::Ok{};
  const std::string& path = then ? then->path : options.from->path();
  if (access(path.c_str(), F_OK) != 0)
    return core::error(ErrorKind::kMissing, "The run cannot be made again: the snapshot '{}', with which it began, is not there any more.",
                       core::printable(path));
  return core::error(ErrorKind::kUsage, "The run cannot be made again: the snapshot '{}', with which it began, is another one now.",
                     core::printable(path));
}

}  // namespace

core::Result<MachineOptions> kept_options(const KeptHeader& header, bool images_only) {
  const KeptWords& words = header.words;
  MachineOptions options;
  if (words.qemu) {
    auto read = read_qemu_words(words);
    if (!read) return read.error();
    options = std::move(*read);
  } else {
    MachineOptions base;
    base.quiet = true;
    base.images_only = images_only;
    auto read = read_run_words(words.program, words.words, std::move(base));
    if (!read) return read.error();
    options = std::move(read->options);
  }
  options.config.date = header.date;
  options.run.kept_words = words;
  return options;
}

core::Result<std::unique_ptr<Replay>> Replay::create(const KeptRun& run, core::ByteSink& console,
                                                     std::optional<EngineKind> engine, AroundEngine around) {
  if (run.header.input_kind == KeptHeader::Input::kTooLong)
    return core::error(ErrorKind::kUsage,
                       "The run cannot be made again: its console input was a file of more than {}, which is not kept.",
                       core::size_text(kMaxKeptInput));
  const std::string& folder = run.header.folder;
  // Given away, it is made where the images are.
  if (chdir(folder.c_str()) != 0 && errno != ENOENT)
    return core::error(ErrorKind::kMissing, "The run was made in the folder '{}', which cannot be entered: {}.",
                       core::printable(folder), strerror(errno));
  auto options = kept_options(run.header);
  if (!options) return core::error(options.error().kind, "The run cannot be made again. {}", options.error().message);
  if (auto same = check_snapshot(run, options->run); !same) return same.error();
  const MachineConfig config = options->config;
  leave_no_trace(*options);
  EngineKind& used = options->config.engine;
  if (is_lockstep(used)) used = kDefaultEngine;
  used = engine.value_or(used);
  std::unique_ptr<Replay> replay(new Replay(run));
  const Session::Playing playing{run, console, std::move(around)};
  auto session = Session::create(options->config, options->run, &playing);
  if (!session) return core::error(session.error().kind, "The run cannot be made again. {}", session.error().message);
  replay->session_ = std::move(*session);
  const std::string now =
      identity_line(config, replay->machine().boot(), run.header.clock, run.header.input) + dialogue_identity(options->run) +
      snapshot_identity(options->run);
  if (const std::string what = identity_difference(run.header.identity, now); !what.empty())
    return core::error(ErrorKind::kUsage, "The run cannot be made again: {}.", what);
  return replay;
}

core::Step Replay::last_step() const {
  if (run_.end) return run_.end->step;
  return run_.full_at.value_or(run_.reached);
}

core::Result<> Replay::check() const {
  if (const std::string problem = session_->disk_problem(); !problem.empty())
    return core::error(ErrorKind::kUsage, "The run cannot be made again: {}.", problem);
  const ReplayingWorld* world = session_->replaying();
  const core::Step now = machine().clock().step();
  const bool early = outcome_ && now < last_step();
  if (!world->lost() && !early) return core::Ok{};
  return core::error(ErrorKind::kHost,
                     "The run made again is another one, at step {} or before. Either the host's files were changed in a "
                     "way that does not show, or this is a bug of Vitrine's; please report it with the kept run.",
                     now);
}

core::Result<> Replay::advance(core::Step until) {
  until = std::min(until, last_step());
  if (!outcome_ && machine().clock().step() < until) outcome_ = session_->advance(until);
  return check();
}

core::Result<> Replay::make_step(const std::function<void()>& look) {
  const core::Step now = machine().clock().step();
  // What comes in at this step, and what is due, is there before anybody looks.
  for (int i = 0; i < 2 && !outcome_; ++i) outcome_ = session_->round(now);
  while (!outcome_ && machine().clock().step() == now) {
    look();
    outcome_ = session_->round(now + 1);
  }
  return check();
}

// Not every end is a step: what waits for ever, or is stopped while it waits, ends behind its last one.
core::Result<> Replay::finish() {
  if (auto done = advance(last_step()); !done) return done;
  if (!run_.end) return check();
  const core::Step now = machine().clock().step();
  const bool by_itself = run_.end->outcome.kind != Outcome::Kind::kEnginesDiffer && session_->options().max_instructions > now;
  while (by_itself && !outcome_ && machine().clock().step() == now) outcome_ = session_->round(now + 1);
  if (machine().clock().step() == run_.end->step) outcome_ = run_.end->outcome;
  return check();
}

}  // namespace vitrine::app
