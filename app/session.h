// SPDX-License-Identifier: MIT
// A session: one machine, run to its end, with its console, its clock towards the host, its limits and
// reports.
//
// The machine's thread is the caller's. World::poll is called between turns: it brings in live input, looks
// for signals and keys, and lets output go. World::idle is called when every hart waits: here guest time
// meets host time (run_options.h, ClockMode). Everything that comes from outside enters at a step that is
// recorded.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "app/console_output.h"
#include "app/crash_report.h"
#include "app/dialogue.h"
#include "app/event_log.h"
#include "app/history.h"
#include "app/htif.h"
#include "app/kept_disks.h"
#include "app/kept_world.h"
#include "app/live_input.h"
#include "app/lockstep.h"
#include "app/machine.h"
#include "app/notices.h"
#include "app/outcome.h"
#include "app/pacer.h"
#include "app/reach.h"
#include "app/run_options.h"
#include "app/terminal.h"
#include "app/wake.h"
#include "core/input.h"

namespace vitrine::app {

class Lint;

class Session final : private riscv::World, private MachineObserver {
 public:
  // Builds the machine and loads the images. Nothing is printed, and the terminal is not touched yet.
  static core::Result<std::unique_ptr<Session>> create(const MachineConfig& config,
                                                       const RunOptions& options) {
    return create(config, options, nullptr);
  }
  // The same of a run that was kept: its input comes in again, and nothing else does. `run` outlives the session.
  struct Playing {
    const KeptRun& run;
    core::ByteSink& console;  // hears what the guest says; the host does not
    // As in Machine::Outside.
    std::function<std::unique_ptr<riscv::Engine>(riscv::Engine&)> around_engine = {};
  };
  static core::Result<std::unique_ptr<Session>> create(const MachineConfig& config, const RunOptions& options,
                                                       const Playing* playing);
  ~Session() override;

  // Runs to the end; the terminal is as it was before when this returns.
  Outcome run();

  // The same in pieces, for a debugger: start() first, then advance() as often as it likes, then finish().
  std::optional<Outcome> start();
  void finish(Outcome& outcome) { end(outcome); }
  // The machine is about to be put back; and it may stand at the edge of its history again.
  void leave_edge();
  void look_for_edge() {
    if (behind() && history_->arrive()) arrive_at_edge();
  }
  // From any thread: the machine stops between two steps, and advance() returns.
  void come_in() {
    wants_in_ = true;
    wake_.ring();
  }
  // What the guest has printed goes out, if it waits for its line's end.
  void flush_output();
  // A debugger writes; refused in the past.
  core::Result<> poke(const Poke& poke);
  // Ctrl-A x was typed while the machine stood still.
  [[nodiscard]] bool quit_wanted();
  // It has a past to which it can be put back.
  [[nodiscard]] const History* history() const { return history_.get(); }

  // For comparing runs: on to this step and no further, to a stop point, or to the run's end. Nobody looks after terminals and signals.
  std::optional<Outcome> advance(core::Step until);
  // The same for one round of the machine's loop (isa/riscv/system.h).
  std::optional<Outcome> round(core::Step until);

  [[nodiscard]] Machine& machine() { return *machine_; }
  [[nodiscard]] const RunOptions& options() const { return options_; }
  [[nodiscard]] ClockMode clock_mode() const { return clock_mode_; }
  [[nodiscard]] std::string identity() const;
  // The machine without its RAM, and where its input and its dialogue are. RAM must be what it was when an archive is loaded;
  // an error: it is not a state of this session, which is good for nothing any more.
  void serialize(core::Archive& ar);
  core::Result<> restored(core::Archive& ar);
  // The same of what any run of this machine has, for snapshots (snapshot.h).
  void serialize_guest(core::Archive& ar);
  [[nodiscard]] core::InputFeeder& feeder() { return *feeder_; }
  // Where it began: all zero, or a snapshot's.
  struct Beginning {
    core::Step step = 0;
    core::Ticks ticks = 0;
    uint64_t retired = 0;  // instructions of all harts
  };
  [[nodiscard]] const Beginning& beginning() const { return beginning_; }
  // What to type for the same run again.
  [[nodiscard]] std::string replay_command() const;
  // Host seconds that run() took, and how many of them it slept because the guest had nothing to do.
  [[nodiscard]] double host_seconds() const;
  [[nodiscard]] double slept_seconds() const;
  [[nodiscard]] uint64_t resets() const { return resets_; }
  // The run is kept, and where; empty: it is not.
  [[nodiscard]] std::string kept_in() const;
  // The way in of a run that was kept; nullptr for others.
  [[nodiscard]] const ReplayingWorld* replaying() const { return replaying_.get(); }
  // Why its disks are not those of the run that was kept; or empty.
  [[nodiscard]] std::string disk_problem() const { return kept_disks_ ? kept_disks_->problem() : std::string(); }

  // A place where the host's time or live input, and not the guest alone, decided where guest time goes on:
  // at `step`, from `from` to `to`. With the bytes of live input these are all that the outside did to the
  // run: made again at the same steps, they repeat it. At most about a thousand a second.
  struct ClockMove {
    core::Step step;
    core::Ticks from, to;
  };
  [[nodiscard]] const std::vector<ClockMove>& clock_moves() const { return clock_moves_; }
  [[nodiscard]] const ConsoleOutput& console() const { return output_; }
  // nullptr: there is no dialogue; nobody counts where pc was.
  [[nodiscard]] const Dialogue* dialogue() const { return dialogue_.get(); }
  [[nodiscard]] const ReachCounter* reach() const { return reach_; }

 private:
  enum class InputKind { kNone, kFile, kLive };

  explicit Session(const RunOptions& options);
  core::Result<> choose_input();
  void choose_kept_input();
  void begin_keeping();
  void keep_place();
  void end_keeping(const Outcome& outcome);
  core::Result<> build(const MachineConfig& config);
  void stand_below_disks(Machine::Outside& outside);
  core::Result<> begin_dialogue(core::ByteSink& console);
  void open_dialogue();
  core::Result<> resume();
  void save_due_snapshots();
  void judge_snapshots(Outcome& outcome) const;
  core::Result<> count_places(Machine::Outside& outside);
  void log_execution(const MachineConfig& config, Machine::Outside& outside);
  core::Result<> open_log();
  std::optional<Outcome> advance_on(core::Step until);
  std::optional<Outcome> advance_behind(core::Step until);
  [[nodiscard]] bool behind() const { return history_ && history_->behind(); }
  void arrive_at_edge();
  void begin();
  void end(Outcome& outcome);

  // riscv::World
  void poll() override;
  core::Ticks idle(core::Ticks when) override;
  // MachineObserver
  void notice(std::string_view text) override;

  void say(std::string_view text);
  void tell_missing_shadow();
  void look_outside();
  void look_inside();
  void obey(unsigned commands);
  void take_input();
  void serve_htif();
  void look_at_clock();
  void keep_up(HostClock::time_point now);
  void record_move(core::Ticks to);
  core::Ticks pass_time(core::Ticks when);
  bool input_may_wake();
  [[nodiscard]] core::ByteReceiver& input_receiver();
  [[nodiscard]] int output_error() const;
  [[nodiscard]] std::string log_problem() const;
  [[nodiscard]] std::string_view panic_line() const;
  void read_keys_of_file();
  void look_for_file_end();
  core::Ticks wait_for_input();
  [[nodiscard]] bool stop_wanted();
  [[nodiscard]] bool time_is_up() const;
  static bool give_up_writing(void* session);

  std::optional<Outcome> run_machine(core::Step until);
  std::optional<Outcome> judge(riscv::StopReason reason);
  std::optional<Outcome> judge_guest_end(const GuestEnd& end);
  std::optional<Outcome> judge_request();
  [[nodiscard]] std::optional<Outcome> engines_differ() const;
  std::optional<Outcome> judge_stuck(Outcome outcome);
  std::optional<Outcome> judge_stuck_again(Outcome outcome);
  Outcome limit_outcome(Outcome::Kind kind, std::string_view what) const;
  void print_state_hash();

  RunOptions options_;
  ClockMode clock_mode_ = ClockMode::kVirtual;
  InputKind input_kind_ = InputKind::kNone;
  std::string input_file_;
  Wake wake_;
  ConsoleOutput output_;
  ConsoleOutput virtio_output_;
  std::unique_ptr<KeepingWorld> keeping_;
  std::unique_ptr<History> history_;
  std::unique_ptr<PresentSink> virtio_present_;
  std::string waiting_input_;  // that waits at the edge of the history
  std::atomic<bool> wants_in_{false};
  bool came_in_ = false;
  std::unique_ptr<KeepingDisks> keeping_disks_;
  std::unique_ptr<KeptRunWriter> kept_;
  HostClock::time_point kept_at_{};  // its last line that says how far the run has come
  std::optional<Playing> playing_;
  std::unique_ptr<ReplayingWorld> replaying_;
  std::unique_ptr<KeptDisks> kept_disks_;
  std::unique_ptr<Lockstep> lockstep_;  // if that is the engine
  std::unique_ptr<Dialogue> dialogue_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<LogFile> log_file_;
  std::unique_ptr<Processes> processes_;  // if somebody asks for their names
#ifdef VITRINE_HAS_TRANSLATOR
  std::unique_ptr<translator::TranslationObserver> block_log_;
#endif
  std::unique_ptr<EventLog> log_;  // if it was asked for
  std::unique_ptr<Lint> lint_;
  std::unique_ptr<core::InputFeeder> feeder_;
  ReachCounter* reach_ = nullptr;  // the machine's, around its engine
  std::unique_ptr<Htif> htif_;
  std::optional<GuestEnd> htif_end_;
  std::unique_ptr<Pacer> pacer_;
  std::unique_ptr<RawTerminal> terminal_;
  std::unique_ptr<LiveInput> live_;
  std::unique_ptr<StopSignals> signals_;
  std::unique_ptr<CrashReport> crash_report_;  // while it runs
  Notices notices_;

  HostClock::time_point started_{};
  std::optional<HostClock::time_point> ended_;
  std::optional<HostClock::time_point> time_limit_;
  bool quit_ = false;
  bool quit_after_file_ = false;
  bool running_ = false;
  bool told_stuck_ = false;
  core::Step stuck_at_ = core::kNever;  // of a run made again, and in how many rounds
  unsigned stuck_ = 0;
  bool look_due_ = false;
  bool told_missing_shadow_ = false;
  Beginning beginning_;
  size_t snapshots_ = 0;  // of those wanted: made, or tried
  std::string snapshot_problem_;
  std::vector<ClockMove> clock_moves_;
  unsigned polls_ = 0;
  uint64_t resets_ = 0;
  core::Step hashed_at_ = core::kNever;
};

}  // namespace vitrine::app
