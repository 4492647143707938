// SPDX-License-Identifier: MIT
// Running a machine to its end.
#include "app/session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "app/diagnosis.h"
#include "app/breaking.h"
#include "app/console_log.h"
#include "app/chaos_option.h"
#include "app/execution_log.h"
#include "app/identity.h"
#include "app/lint.h"
#include "app/retire_log.h"
#include "app/snapshot.h"
#include "app/statistics.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {

using core::ErrorKind;
using core::Step;
using core::Ticks;
using riscv::StopReason;
using Kind = Outcome::Kind;

namespace {

constexpr uint64_t kMaxInputFile = 64 << 20;
constexpr Step kLookEvery = 5'000'000;

constexpr const char* kKeys =
    "Ctrl-A x  quit           Ctrl-A h       this help\n"
    "Ctrl-A c  debugger       Ctrl-A Ctrl-A  sends Ctrl-A   (all other keys go to the guest)\n";

// Standard input that is a file, from where it stands.
core::Result<std::string> read_standard_input() {
  std::string bytes;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return core::error(ErrorKind::kHost, "Standard input cannot be read: {}.", strerror(errno));
    if (got == 0) return bytes;
    bytes.append(buffer.data(), static_cast<size_t>(got));
    if (bytes.size() > kMaxInputFile)
      return core::error(ErrorKind::kUsage,
                         "Standard input is a file of more than {}; input that long needs a pipe.",
                         core::size_text(kMaxInputFile));
  }
}

std::string in_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == '\n' || c == ' ';
    if (!space || (!line.empty() && line.back() != ' ')) line += space ? ' ' : c;
  }
  return line;
}

void write_error(std::string_view text) {
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

Session::Session(const RunOptions& options)
    : options_(options),
      output_(options.console, give_up_writing, this),
      virtio_output_(options.virtio_console, give_up_writing, this) {
  output_.set_limit(options.max_output);
}

Session::~Session() = default;

core::Result<std::unique_ptr<Session>> Session::create(const MachineConfig& config,
                                                       const RunOptions& options, const Playing* playing) {
  std::unique_ptr<Session> session(new Session(options));
  if (playing) session->playing_.emplace(*playing);
  if (auto done = session->choose_input(); !done) return done.error();
  if (auto done = session->build(config); !done) return done.error();
  return session;
}

core::Result<> Session::build(const MachineConfig& config) {
  riscv::World& world = *this;
  if (playing_)
    replaying_ = std::make_unique<ReplayingWorld>(world, playing_->run);
  else
    keeping_ = std::make_unique<KeepingWorld>(world);
  if (is_lockstep(config.engine)) lockstep_ = std::make_unique<Lockstep>(config);
  if (options_.console_log && !playing_) {
    if (lockstep_) return core::error(ErrorKind::kUsage, "A debugger looks at one machine, and --engine lockstep runs two.");
    history_ = std::make_unique<History>(*keeping_, world);
    options_.console_log->pass_on(output_);
    virtio_present_ = std::make_unique<PresentSink>(*history_, virtio_output_);
  }
  core::ByteSink& listener = playing_ ? playing_->console : history_ ? static_cast<core::ByteSink&>(*options_.console_log) : output_;
  if (auto done = begin_dialogue(listener); !done) return done;
  core::ByteSink& console = dialogue_ ? *dialogue_ : listener;
  core::ByteSink* const virtio = playing_ ? &playing_->console : virtio_present_ ? static_cast<core::ByteSink*>(virtio_present_.get()) : &virtio_output_;
  riscv::World& entrance = playing_ ? *replaying_ : history_ ? static_cast<riscv::World&>(*history_) : *keeping_;
  Machine::Outside outside{console, entrance, *this, options_.one_console && !playing_ ? nullptr : virtio};
  outside.images = !options_.from;
  if (playing_) outside.around_engine = playing_->around_engine;
  stand_below_disks(outside);
  if (options_.log.any()) {
    auto file = LogFile::open(options_.log.file);
    if (!file) return file.error();
    log_file_ = std::move(*file);
    log_execution(config, outside);
  }
  if (auto done = count_places(outside); !done) return done;
  MachineConfig watched = config;
  if (!options_.reach.empty()) watched.engine = EngineKind::kInterpreter;  // of blocks nothing would be left
  if (options_.lint) {
    if (lockstep_) return core::error(core::ErrorKind::kUsage, "--lint looks at one machine, and --engine lockstep runs two.");
    watched.untrack_after = 0;  // each change of a page table is seen
  }
  auto machine = Machine::create(watched, lockstep_ ? lockstep_->listen(outside) : outside);
  if (!machine) return machine.error();
  machine_ = std::move(*machine);
  if (auto done = open_log(); !done) return done;
  if (options_.lint) lint_ = std::make_unique<Lint>(*machine_, [this](std::string_view text) { say(text); });
  core::Scheduler& scheduler = machine_->scheduler();
  feeder_ = std::make_unique<core::InputFeeder>(scheduler, input_receiver());
  if (input_kind_ == InputKind::kFile) feeder_->set_file(input_file_);
  open_dialogue();
  if (reach_) reach_->watch(*machine_, options_.reach);
  const auto& kernel = machine_->boot().kernel_image;
  if (options_.htif && kernel) htif_ = Htif::create(*kernel, machine_->ram(), scheduler, outside.console);
  pacer_ = std::make_unique<Pacer>(clock_mode_, scheduler.clock(), wake_);
  if (kept_disks_) kept_disks_->watch(scheduler.clock());
  const KeptParts parts{machine_->system(), scheduler, *feeder_, machine_.get()};
  if (replaying_)
    replaying_->play_to(parts);
  else
    keeping_->watch(parts);
  if (history_) history_->watch(parts);
  if (options_.from) return resume();
  if (!lockstep_) return core::Ok{};
  const bool file = input_kind_ == InputKind::kFile;
  return lockstep_->begin(
      *machine_, {*feeder_, file ? input_file_ : std::string(), options_.input_to_virtio, options_.htif});
}

void Session::open_dialogue() {
  if (dialogue_) dialogue_->begin(*feeder_, [this] { machine_->request_stop(); });
}

// The machine of a snapshot takes the place of the one that was built. Disks of a run made again are compared as they are read.
core::Result<> Session::resume() {
  if (lockstep_) return core::error(ErrorKind::kUsage, "Two engines in lockstep begin at the machine's reset, and not with a snapshot.");
  if (auto done = options_.from->load(*this, !playing_); !done) return done;
  if (const auto& wanted = options_.snapshots; !wanted.empty() && wanted[0].step < machine_->clock().step())
    return core::error(ErrorKind::kUsage, "--snapshot-at {}: the run goes on at step {}.", wanted[0].step, machine_->clock().step());
  beginning_ = {machine_->clock().step(), machine_->clock().ticks(), 0};
  for (unsigned i = 0; i < machine_->hart_count(); ++i) beginning_.retired += machine_->hart(i).retired();
  // The limit is for this run.
  options_.max_instructions += std::min(beginning_.step, core::kNever - options_.max_instructions);
  if (htif_) htif_->watch();
  if (input_kind_ == InputKind::kFile) feeder_->replace_rest(input_file_);
  open_dialogue();
  return core::Ok{};
}

// A run that is not kept has its disks to itself.
void Session::stand_below_disks(Machine::Outside& outside) {
  if (playing_) {
    kept_disks_ = std::make_unique<KeptDisks>(playing_->run, [this] { machine_->request_stop(); });
    outside.open_disk = [this](const DiskConfig& config, devices::BlockObserver& observer) {
      return kept_disks_->open(config, observer);
    };
    return;
  }
  if ((options_.keep || options_.record) && options_.kept_words) {
    keeping_disks_ = std::make_unique<KeepingDisks>();
  }
  if (!keeping_disks_ && !history_) return;
  outside.open_disk = [this](const DiskConfig& config, devices::BlockObserver& observer) {
    return open_disk(config, observer, [&](std::unique_ptr<devices::RawFile> image) -> std::unique_ptr<devices::BlockBackend> {
      std::unique_ptr<devices::BlockBackend> disk;
      if (keeping_disks_)
        disk = keeping_disks_->keep(std::move(image), config);
      else
        disk = std::move(image);
      if (history_ && !disk->read_only()) disk = history_->stand_above(std::move(disk));
      return disk;
    });
  };
}

core::Result<> Session::begin_dialogue(core::ByteSink& console) {
  auto dialogue = Dialogue::create(options_, console);
  if (!dialogue) return dialogue.error();
  dialogue_ = std::move(*dialogue);
  if (dialogue_ && lockstep_)
    return core::error(core::ErrorKind::kUsage, "Lockstep is not for runs with a dialogue: --answer and --end-at speak with one machine.");
  return core::Ok{};
}

core::Result<> Session::count_places(Machine::Outside& outside) {
  if (options_.reach.empty()) return core::Ok{};
  if (outside.around_engine || lockstep_)
    return core::error(core::ErrorKind::kUsage, "--reach is not for runs in lockstep, nor for runs whose instructions are logged.");
  outside.around_engine = [this](riscv::Engine& engine) {
    auto made = std::make_unique<ReachCounter>(engine);
    reach_ = made.get();
    return made;
  };
  return core::Ok{};
}

// What is logged of the engine is heard from the beginning.
void Session::log_execution(const MachineConfig& config, Machine::Outside& outside) {
  const LogOptions& log = options_.log;
  if (wants_retired(log)) {
    outside.around_engine = [this](riscv::Engine& engine) {
      return make_retire_log(engine, *log_file_, [this](const riscv::Hart& hart, uint64_t address, unsigned width) {
        return machine_->look_at(hart.id, {address}, width);
      });
    };
  } else if (log.entries) {
    const bool single_steps = config.engine == EngineKind::kInterpreter;
    outside.around_engine = [this, single_steps](riscv::Engine& engine) {
      return make_entry_log(engine, single_steps, *log_file_, [this](uint64_t pc) { return symbol_text(*machine_, pc); });
    };
  }
  if (log.blocks() && config.engine == EngineKind::kInterpreter)
    options_.notes.emplace_back("-d: the interpreter translates no blocks, so none are logged.");
  if ((log.blocks() || log.entries) && is_lockstep(config.engine))
    options_.notes.emplace_back("-d: blocks are not logged while two engines run in lockstep.");
#ifdef VITRINE_HAS_TRANSLATOR
  outside.one_block = log.entries;
  if (!log.blocks()) return;
  block_log_ = make_block_log(log, *log_file_);
  outside.translations = block_log_.get();
#endif
}

core::Result<> Session::open_log() {
  const bool asked = !options_.kernel_info.empty() && !playing_;  // who plays a run asks for himself
  if (asked || options_.log.events()) {
    auto processes = Processes::open(*machine_, options_.kernel_info);
    if (!processes) return processes.error();
    processes_ = std::move(*processes);
  }
  if (!log_file_) return core::Ok{};
  log_file_->on_failure([this] { machine_->request_stop(); });
  if (options_.log.resets) log_reset(*machine_, *log_file_);
  if (!options_.log.events() || wants_retired(options_.log)) return core::Ok{};
  auto log = EventLog::create(options_.log, *machine_, *processes_, *log_file_);
  if (!log) return log.error();
  log_ = std::move(*log);
  return core::Ok{};
}

// A file is part of the run's identity and enters at fixed steps; a terminal, a pipe or a socket is live;
// anything else (/dev/null, nothing) is no input.
core::Result<> Session::choose_input() {
  if (playing_) return choose_kept_input(), core::Ok{};
  const bool goes_on = options_.from && options_.from->header().input_left != 0;  // with what the snapshot has
  if (options_.input) {
    auto bytes = core::read_file(*options_.input, kMaxInputFile);
    if (!bytes) return bytes.error();
    input_file_.assign(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    input_kind_ = InputKind::kFile;
  } else if (options_.live_input >= 0) {
    input_kind_ = InputKind::kLive;
  } else if (struct stat info{}; options_.standard_input && fstat(STDIN_FILENO, &info) == 0) {
    if (S_ISREG(info.st_mode)) {
      auto bytes = read_standard_input();
      if (!bytes) return bytes.error();
      input_file_ = std::move(*bytes);
      input_kind_ = InputKind::kFile;
      if (options_.keys == EscapeKeys::kAlways) read_keys_of_file();
    } else if (goes_on) {
    } else if (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)) {
      input_kind_ = InputKind::kLive;
    } else if (isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp()) {
      input_kind_ = InputKind::kLive;
    }
  }
  clock_mode_ =
      options_.clock.value_or(input_kind_ == InputKind::kLive ? ClockMode::kPaced : ClockMode::kVirtual);
  return core::Ok{};
}

// The guest's time was the host's then; now it is what was kept.
void Session::choose_kept_input() {
  const KeptHeader& header = playing_->run.header;
  input_file_ = header.input;
  input_kind_ = header.input_kind == KeptHeader::Input::kFile ? InputKind::kFile : InputKind::kNone;
  clock_mode_ = ClockMode::kVirtual;
}

// Our keys in a file: what is before Ctrl-A x is the guest's, and then the run ends.
void Session::read_keys_of_file() {
  KeyFilter filter;
  std::string bytes;
  for (const char c : input_file_) {
    bytes += filter.filter({&c, 1});
    quit_after_file_ = filter.take_commands() & KeyFilter::kQuit;
    if (quit_after_file_) break;
  }
  input_file_ = std::move(bytes);
}

core::ByteReceiver& Session::input_receiver() {
  core::ByteReceiver* virtio = options_.input_to_virtio ? machine_->virtio_console_input() : nullptr;
  return virtio ? *virtio : machine_->console_input();
}

// --- From beginning to end

void Session::begin() {
  for (const std::string& note : options_.notes) say(note);
  started_ = HostClock::now();
  running_ = true;
  if (options_.max_seconds)
    time_limit_ = started_ + std::chrono::nanoseconds(static_cast<int64_t>(*options_.max_seconds * 1e9));
  pacer_->start(started_);
  crash_report_ = std::make_unique<CrashReport>(*machine_, replay_command(), identity());
  restore_terminal_on_fatal_signals();
  if (options_.stop_signals) signals_ = std::make_unique<StopSignals>(wake_);
  if (machine_->config().breaks.any()) say(breaks_text(machine_->config().breaks));
  if (machine_->config().chaos.any()) say(chaos_text(machine_->config().chaos));
  if (input_kind_ != InputKind::kLive) return;
  const int input = options_.live_input >= 0 ? options_.live_input : STDIN_FILENO;
  const bool terminal = isatty(input);
  if (terminal) {
    if (options_.banner) write_error(kKeys);
    terminal_ = std::make_unique<RawTerminal>(input, options_.terminal_signals);
  }
  const bool keys =
      options_.keys == EscapeKeys::kAlways || (options_.keys == EscapeKeys::kOnTerminal && terminal);
  live_ = std::make_unique<LiveInput>(input, keys, wake_);
}

// A run that cannot be kept is no error: it is said to whoever asks for it afterwards.
void Session::begin_keeping() {
  const char* const wish = std::getenv("VITRINE_KEEP");
  const bool off = wish && std::string_view(wish) == "off" && options_.keep_file.empty();
  if (off || (!options_.keep && !options_.record) || !options_.kept_words) return;
  const std::string path = options_.keep_file.empty() ? last_run_path() : options_.keep_file;
  if (path.empty()) return;
  KeptHeader header;
  header.version = version();
  header.words = *options_.kept_words;
  std::array<char, PATH_MAX> folder{};
  header.folder = getcwd(folder.data(), folder.size()) ? folder.data() : "/";
  header.date = machine_->config().date;
  header.clock = clock_mode_;
  header.identity = identity();
  using Input = KeptHeader::Input;
  if (input_kind_ == InputKind::kFile)
    header.input_kind = input_file_.size() > kMaxKeptInput ? Input::kTooLong : Input::kFile;
  if (header.input_kind == Input::kFile) header.input = input_file_;
  if (options_.from) header.snapshot = KeptSnapshot{options_.from->path(), options_.from->checksum()};
  header.disks = keeping_disks_->headers();
  kept_ = std::make_unique<KeptRunWriter>(path, header);
  keeping_->write_to(kept_.get());
  keeping_disks_->write_to(kept_.get(), machine_->clock());
  kept_at_ = HostClock::now();
  if (!kept_->problem().empty() && !options_.keep_file.empty() && !options_.record)
    say(fmt::format("The run is not kept in '{}': {}.", core::printable(path), kept_->problem()));
}

void Session::end_keeping(const Outcome& outcome) {
  // It was quit in its past: how its last known moment looked is not known here.
  const Step step = behind() ? history_->edge() : machine_->clock().step();
  kept_->end(step, outcome, options_.record && !behind() ? std::optional(machine_->state_hash()) : std::nullopt);
  if (!options_.record) return;
  if (auto done = pack_recording(options_.keep_file); !done) say(done.error().message);
}

// Once. At the start it is known of hosts; of guests later.
void Session::tell_missing_shadow() {
  const char* const why = told_missing_shadow_ ? nullptr : machine_->why_no_shadow();
  if (!why) return;
  told_missing_shadow_ = true;
  say(fmt::format("A software TLB serves instead of shadow page tables: {}. The run is the same.", why));
}

std::optional<Outcome> Session::start() {
  begin();
  begin_keeping();
  if (!options_.record || !kept_in().empty()) return std::nullopt;
  return Outcome{Kind::kBroken, 0, fmt::format("The recording cannot be written to '{}': {}.", core::printable(options_.keep_file),
                                               kept_ ? kept_->problem() : "nothing says what was typed")};
}

Outcome Session::run() {
  if (auto outcome = start()) {
    end(*outcome);
    return std::move(*outcome);
  }
  while (true) {
    tell_missing_shadow();
    save_due_snapshots();
    Step until = options_.max_instructions;
    const Step every = options_.state_hash_every;
    const Step now = machine_->clock().step();
    if (snapshots_ < options_.snapshots.size()) until = std::min(until, options_.snapshots[snapshots_].step);
    if (every) until = std::min(until, now - now % every + every);
    // However long a turn is, the outside is looked at now and then. That ends no turn.
    auto outcome = run_machine(std::min(until, now + kLookEvery));
    look_due_ = true;
    tell_missing_shadow();
    keep_place();
    if (every && machine_->clock().step() % every == 0) print_state_hash();
    if (outcome) {
      if (outcome->kind == Kind::kInstructionLimit) save_due_snapshots();
      end(*outcome);
      judge_snapshots(*outcome);
      return std::move(*outcome);
    }
  }
}

void Session::save_due_snapshots() {
  for (; snapshots_ < options_.snapshots.size() && options_.snapshots[snapshots_].step == machine_->clock().step(); ++snapshots_) {
    const SnapshotWish& wish = options_.snapshots[snapshots_];
    flush_output();
    auto saved = save_snapshot(*this, wish.path);
    if (saved)
      say(fmt::format("The snapshot of step {} is in '{}' ({}).", wish.step, core::printable(wish.path), core::size_text(*saved)));
    else
      say(snapshot_problem_ = saved.error().message);
  }
}

// Whoever asked for a snapshot and has none is told so by the exit code, too.
void Session::judge_snapshots(Outcome& outcome) const {
  std::string problem = snapshot_problem_;
  if (snapshots_ < options_.snapshots.size())
    problem = fmt::format("The run ended at step {} and never came to step {}: there is no new snapshot '{}'.", machine_->clock().step(),
                          options_.snapshots[snapshots_].step, core::printable(options_.snapshots[snapshots_].path));
  if (problem.empty()) return;
  outcome.words += "\n  " + problem;
  if (exit_code_of(outcome) != 0) return;
  outcome.kind = Kind::kBroken;
  outcome.error = ErrorKind::kMissing;
}

std::string Session::kept_in() const {
  return !kept_ || !kept_->problem().empty() ? "" : options_.keep_file.empty() ? last_run_path() : options_.keep_file;
}

// A run that is killed has come this far.
void Session::keep_place() {
  if (!kept_) return;
  const auto now = HostClock::now();
  if (now - kept_at_ < std::chrono::seconds(1)) return;
  kept_at_ = now;
  kept_->reached(machine_->clock().step());
}

// Who looks at a machine that stands still wants to see what it printed.
std::optional<Outcome> Session::advance(Step until) {
  auto outcome = advance_on(until);
  if (history_) flush_output();
  return outcome;
}

std::optional<Outcome> Session::advance_on(Step until) {
  until = std::min(until, options_.max_instructions);
  if (behind()) {
    if (auto outcome = advance_behind(until); outcome || behind()) return outcome;
  }
  while (machine_->clock().step() < until) {
    const Step now = machine_->clock().step();
    auto outcome = run_machine(replaying_ ? std::min(until, replaying_->next_stop()) : std::min(until, now + kLookEvery));
    if (history_) keep_place();
    if (outcome || machine_->stopped() || std::exchange(came_in_, false)) return outcome;
  }
  if (history_ && until == options_.max_instructions) return judge(StopReason::kStepLimit);
  return std::nullopt;
}

// What was, is made again, up to the edge and no further; and behind its last step time passes as it did then.
std::optional<Outcome> Session::advance_behind(Step until) {
  const Step edge = history_->edge();
  while (machine_->clock().step() < std::min(until, edge)) {
    auto outcome = run_machine(std::min({until, edge, history_->next_stop()}));
    if (outcome || machine_->stopped()) return outcome;
  }
  if (machine_->clock().step() < edge) return std::nullopt;
  while (!history_->arrive()) {
    if (until == edge || machine_->clock().step() > edge) return std::nullopt;
    if (auto outcome = round(edge + 1)) return outcome;
  }
  arrive_at_edge();
  return std::nullopt;
}

bool Session::quit_wanted() {
  if (live_) obey(live_->take_commands());
  return quit_;
}

core::Result<> Session::poke(const Poke& poke) {
  if (!history_ || behind())
    return core::error(ErrorKind::kUsage, "The past cannot be changed: only where the run has come to, at step {}, can be written to.",
                       history_ ? history_->edge() : machine_->clock().step());
  if (const char* const problem = apply(poke, *machine_)) return core::error(ErrorKind::kUsage, "That cannot be written: {}.", problem);
  keeping_->note(poke);
  return core::Ok{};
}

// What has come from outside and is not in the machine yet stays where it is.
void Session::leave_edge() {
  if (history_->leave()) waiting_input_ = feeder_->take_live();
}

void Session::arrive_at_edge() {
  feeder_->give_back_live(std::exchange(waiting_input_, {}));
  pacer_->start(HostClock::now());
}

std::optional<Outcome> Session::round(Step until) {
  const auto reason = machine_->run_round(until);
  return reason ? judge(*reason) : std::nullopt;
}

std::optional<Outcome> Session::run_machine(Step until) {
  const auto reason = lockstep_ ? lockstep_->run(until) : std::optional(machine_->run(until));
  return reason ? judge(*reason) : engines_differ();
}

void Session::end(Outcome& outcome) {
  ended_ = HostClock::now();
  flush_output();
  if (kept_) end_keeping(outcome);
  if (keeping_) keeping_->write_to(nullptr);
  if (keeping_disks_) keeping_disks_->stop();
  if (options_.state_hash_every) print_state_hash();
  if (std::string problem = log_problem(); !problem.empty() && exit_code_of(outcome) == 0)
    outcome = {Kind::kBroken, 0, std::move(problem)};
  live_.reset();
  if (terminal_) {
    terminal_.reset();
    // What a full-screen program of the guest may have left behind: colours, a hidden cursor.
    if (output_.used_escapes() && isatty(options_.console)) write_error("\x1b[0m\x1b[?25h");
  }
  signals_.reset();
  crash_report_.reset();
  if (lint_) say(lint_->summary());
  if (const std::string problem = machine_->host_tools_problem(); !problem.empty()) say(problem);
  if (const std::string line = output_.last_line(); !line.empty() && exit_code_of(outcome) != 0 &&
                                                    outcome.kind != Kind::kFail &&
                                                    outcome.kind != Kind::kSignal)
    outcome.words += fmt::format("\n  The console's last line: {}", line);
}

double Session::host_seconds() const {
  return std::chrono::duration<double>(ended_.value_or(HostClock::now()) - started_).count();
}

double Session::slept_seconds() const { return std::chrono::duration<double>(pacer_->slept()).count(); }

std::string Session::identity() const {
  return identity_line(machine_->config(), machine_->boot(), clock_mode_, input_file_) + dialogue_identity(options_) +
         snapshot_identity(options_);
}

// What was typed, and the file that was standard input.
std::string Session::replay_command() const {
  std::string command = options_.command_line;
  if (input_kind_ != InputKind::kFile || options_.input) return command;
  std::array<char, PATH_MAX> path;
  const ssize_t size = readlink("/proc/self/fd/0", path.data(), path.size());
  if (size > 0) command += " < " + shell_word(std::string_view(path.data(), static_cast<size_t>(size)));
  return command;
}

void Session::serialize(core::Archive& ar) {
  if (history_ && ar.loading()) leave_edge();
  if (dialogue_) dialogue_->serialize(ar);
  serialize_guest(ar);
  uint64_t records = replaying_ ? replaying_->position() : history_ ? history_->position() : 0;
  ar.field("records", records);
  if (!ar.loading()) return;
  if (replaying_) replaying_->set_position(records);
  if (history_) history_->set_position(records);
  if (history_ && history_->lost()) ar.fail("the host has failed a disk, so nothing that came before can be made again");
}

void Session::serialize_guest(core::Archive& ar) {
  feeder_->serialize(ar);
  machine_->serialize(ar);
  ar.section("session");
  core::Scheduler& scheduler = machine_->scheduler();
  uint64_t events = scheduler.events_run();
  ar.field("events_run", events);
  ar.field("resets", resets_);
  if (ar.loading()) scheduler.set_events_run(events);
}

core::Result<> Session::restored(core::Archive& ar) {
  if (htif_) htif_->forget();
  htif_end_.reset();
  stuck_at_ = core::kNever;
  if (!history_) output_.forget_panic();
  quit_ = false;
  return machine_->restored(ar);
}

void Session::print_state_hash() {
  const Step step = machine_->clock().step();
  if (hashed_at_ == step) return;
  hashed_at_ = step;
  write_error(fmt::format("state-hash {} {:016x}\n", step, machine_->state_hash()));
}

// --- What ended this turn

std::optional<Outcome> Session::judge(StopReason reason) {
  switch (reason) {
    case StopReason::kRequested: return judge_request();
    case StopReason::kStopPoint: return std::nullopt;
    case StopReason::kStepLimit:
      if (machine_->clock().step() < options_.max_instructions) return std::nullopt;
      return limit_outcome(Kind::kInstructionLimit,
                           fmt::format("The limit of {} instructions is reached", options_.max_instructions - beginning_.step));
    case StopReason::kFaultLoop: return judge_stuck({Kind::kFaultLoop, 0, fault_loop_text(*machine_)});
    case StopReason::kNothingWakes: {
      const char* why = input_kind_ != InputKind::kLive ? "there is no live input"
                        : live_->ended()                ? "the input has ended"
                                                        : "the guest does not listen for input";
      return judge_stuck({Kind::kNothingWakes, 0, nothing_wakes_text(*machine_, why)});
    }
  }
  return std::nullopt;
}

std::optional<Outcome> Session::engines_differ() const {
  return Outcome{
      Kind::kEnginesDiffer, 0,
      fmt::format("{}\nAgain: {}\nThe run: {}", lockstep_->report(), replay_command(), identity())};
}

// Somebody asked for a stop: the guest, a signal, a key, a limit, or a console that is gone.
std::optional<Outcome> Session::judge_request() {
  if (std::string problem = disk_problem(); !problem.empty()) return Outcome{Kind::kBroken, 0, std::move(problem)};
  // A guest that was restarted goes on, but there may have been a second reason in the same turn.
  auto end = machine_->take_guest_end();
  if (!end) end = std::exchange(htif_end_, std::nullopt);
  if (end)
    if (auto outcome = judge_guest_end(*end)) return outcome;
  if (came_in_ || behind()) return std::nullopt;
  const bool all_played = replaying_ && replaying_->done() && playing_->run.end;
  if (all_played && machine_->clock().step() == playing_->run.end->step) return playing_->run.end->outcome;
  if (const int signal = StopSignals::received())
    return Outcome{Kind::kSignal, static_cast<unsigned>(signal),
                   fmt::format("Ended by {}.", strsignal(signal))};
  if (dialogue_ && !dialogue_->ended_by().empty())
    return limit_outcome(Kind::kEndText, fmt::format("The console said '{}', which ends the run", core::printable(dialogue_->ended_by())));
  if (quit_) return limit_outcome(Kind::kQuit, "Quit by Ctrl-A x");
  if (live_ && live_->hung_up()) return Outcome{Kind::kSignal, SIGHUP, "The terminal is gone."};
  if (std::string problem = log_problem(); !problem.empty()) return Outcome{Kind::kBroken, 0, std::move(problem)};
  if (output_error())
    return Outcome{Kind::kOutputGone, static_cast<unsigned>(output_error()),
                   fmt::format("The console's output cannot be written: {}.", strerror(output_error()))};
  if (time_is_up())
    return limit_outcome(Kind::kTimeLimit,
                         fmt::format("The limit of {} s is reached", *options_.max_seconds));
  return std::nullopt;
}

// A guest that panicked before it was ended by somebody else is reported as that, never as a success.
Outcome Session::limit_outcome(Kind kind, std::string_view what) const {
  if (!panic_line().empty()) return {Kind::kPanic, 0, fmt::format("The guest panicked: {}", panic_line())};
  if (kind == Kind::kQuit || kind == Kind::kEndText) return {kind, 0, std::string(what) + "."};
  return {kind, 0, fmt::format("{} at step {}:{}", what, machine_->clock().step(), harts_text(*machine_))};
}

std::optional<Outcome> Session::judge_guest_end(const GuestEnd& end) {
  const std::string_view panic = panic_line();
  if (!panic.empty() && end.kind != GuestEnd::Kind::kFail)
    return Outcome{Kind::kPanic, 0, fmt::format("The guest panicked: {}", panic)};
  switch (end.kind) {
    case GuestEnd::Kind::kPass: return Outcome{Kind::kPass, 0, "The guest ended with success."};
    case GuestEnd::Kind::kFail:
      return Outcome{Kind::kFail, end.code, fmt::format("The guest reported failure, code {}.", end.code)};
    case GuestEnd::Kind::kPanic:
      return Outcome{Kind::kPanic, 0, "The guest panicked: it shut down because of a system failure."};
    case GuestEnd::Kind::kReset: break;
  }
  if (!options_.reboot) return Outcome{Kind::kReset, 0, "The guest asked for a restart."};
  ++resets_;
  auto done = machine_->reset();
  if (done && lockstep_) done = lockstep_->reset();
  if (lint_) lint_->restarted();
  if (!done)
    return Outcome{Kind::kBroken, 0, "The restart failed. " + done.error().message, done.error().kind};
  if (htif_) htif_->watch();
  if (options_.log.resets) log_reset(*machine_, *log_file_);
  return std::nullopt;
}

// As on QEMU, if so asked: the guest stays where it is, and only the outside can end the run.
std::optional<Outcome> Session::judge_stuck(Outcome outcome) {
  if (!options_.stay_when_stuck) {
    if (!panic_line().empty()) return limit_outcome(Kind::kPanic, "");
    return outcome;
  }
  if (replaying_) return judge_stuck_again(std::move(outcome));
  if (!std::exchange(told_stuck_, true)) say(in_one_line(outcome.words));
  if (outcome.kind == Kind::kNothingWakes) {
    flush_output();
    wake_.wait(time_limit_);
  }
  return std::nullopt;
}

// What came in then comes in by one of the next rounds.
std::optional<Outcome> Session::judge_stuck_again(Outcome outcome) {
  constexpr unsigned kRounds = 4;
  if (outcome.kind != Kind::kNothingWakes) return std::nullopt;
  const Step now = machine_->clock().step();
  if (std::exchange(stuck_at_, now) != now) stuck_ = 0;
  if (replaying_->done() || ++stuck_ > kRounds) return outcome;
  return std::nullopt;
}

// --- Between turns

bool Session::give_up_writing(void* session) { return static_cast<Session*>(session)->stop_wanted(); }

bool Session::time_is_up() const { return time_limit_ && HostClock::now() >= *time_limit_; }

void Session::flush_output() {
  output_.flush();
  virtio_output_.flush();
  if (log_file_) log_file_->flush();
}

std::string Session::log_problem() const { return log_file_ ? log_file_->problem() : std::string(); }

int Session::output_error() const { return output_.error() ? output_.error() : virtio_output_.error(); }

std::string_view Session::panic_line() const {
  return options_.judge_panics ? std::string_view(output_.panic_line()) : std::string_view();
}

bool Session::stop_wanted() {
  return StopSignals::received() != 0 || wants_in_ || quit_ || output_error() != 0 || (live_ && live_->hung_up()) ||
         time_is_up();
}

// Called some thousand times a second at least, and after every slow path that asked for attention: one load
// and one counter when there is nothing.
void Session::poll() {
  if (behind()) return look_inside();
  if (wake_.rung()) look_outside();
  if (feeder_->live_waiting()) {
    feeder_->pump_live();
    take_input();
  }
  look_inside();
  if ((++polls_ & 15) == 0 || look_due_) look_at_clock();
}

// What the machine itself did.
void Session::look_inside() {
  if (htif_ && htif_->asked()) serve_htif();
  if (quit_after_file_) look_for_file_end();
}

void Session::look_for_file_end() {
  if (feeder_->file_waiting()) return;
  quit_ = true;
  machine_->request_stop();
}

void Session::look_outside() {
  wake_.clear();
  if (wants_in_.exchange(false)) {
    came_in_ = true;
    machine_->request_stop();
  }
  if (live_) {
    obey(live_->take_commands());
    take_input();
  }
  if (stop_wanted()) machine_->request_stop();
}

void Session::serve_htif() {
  const auto code = htif_->serve();
  if (!code) return;
  htif_end_ = GuestEnd{*code ? GuestEnd::Kind::kFail : GuestEnd::Kind::kPass, static_cast<unsigned>(*code)};
  machine_->request_stop();
}

// What the guest has not taken yet holds up what comes after it, and in the end the writer of the pipe.
void Session::take_input() {
  if (live_ && !feeder_->live_waiting()) feeder_->push_live(live_->take_bytes());
}

void Session::look_at_clock() {
  look_due_ = false;
  const bool wanted =
      output_.pending() || virtio_output_.pending() || time_limit_ || clock_mode_ == ClockMode::kReal;
  if (!wanted) return;
  const auto now = HostClock::now();
  output_.flush_if_old(now);
  virtio_output_.flush_if_old(now);
  keep_up(now);
  if (output_error() || (time_limit_ && now >= *time_limit_)) machine_->request_stop();
}

// Real: the guest's time follows the host's, at a step that is known.
void Session::keep_up(HostClock::time_point now) {
  const Ticks to = pacer_->keep_up(now);
  if (to == 0) return;
  record_move(to);
  machine_->scheduler().clock().jump_to(to);
}

void Session::record_move(Ticks to) {
  const core::Clock& clock = machine_->clock();
  clock_moves_.push_back({clock.step(), clock.ticks(), to});
}

void Session::obey(unsigned commands) {
  if (commands & KeyFilter::kQuit) quit_ = true;
  if (commands & KeyFilter::kHelp) say(std::string("the keys:\n") + kKeys);
  if (commands & KeyFilter::kDebugger) say("the debugger's prompt comes with a later version.");
}

// Every hart waits: for the next event, if nothing from outside decides otherwise.
Ticks Session::idle(Ticks when) {
  const Ticks to = pass_time(when);
  if (to != when && to != 0) record_move(to);
  return to;
}

Ticks Session::pass_time(Ticks when) {
  flush_output();
  if (quit_after_file_) look_for_file_end();
  if (stop_wanted()) {
    machine_->request_stop();
    return 0;
  }
  if (when == core::kNever) return wait_for_input();
  // What was typed ahead is offered again before long.
  if (feeder_->live_waiting() && clock_mode_ != ClockMode::kVirtual)
    when = std::min(when, machine_->clock().ticks() + core::InputFeeder::kLookPeriod);
  return pacer_->pass(when, time_limit_);
}

// Can input still come, and would the guest notice? 0 ends the wait for good.
Ticks Session::wait_for_input() {
  if (!input_may_wake()) return 0;
  if (!wake_.rung()) {
    const Ticks now = pacer_->wait(time_limit_);
    if (time_is_up()) machine_->request_stop();
    return std::max<Ticks>(now, 1);
  }
  look_outside();
  return std::max<Ticks>(machine_->clock().ticks(), 1);
}

bool Session::input_may_wake() {
  if (wake_.rung()) return true;
  if (!live_ || live_->ended()) return false;
  return input_receiver().listens();
}

// A hostile driver breaks its device as often as it likes.
void Session::notice(std::string_view text) {
  const unsigned times = notices_.told(text);
  if (times < Notices::kRepeats) return say(text);
  if (times == Notices::kRepeats) say(fmt::format("{} (This is not said again.)", text));
}

// A line of ours between the guest's, on a terminal that may be raw.
void Session::say(std::string_view text) {
  if (!options_.notices || playing_) return;
  std::string line = fmt::format("{}{}: {}", output_.at_line_start() || !isatty(STDERR_FILENO) ? "" : "\n",
                                 options_.program, text);
  if (line.back() != '\n') line += '\n';
  if (running_) flush_output();
  write_error(line);
}

}  // namespace vitrine::app
