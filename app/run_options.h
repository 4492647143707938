// SPDX-License-Identifier: MIT
// How a machine is run: clock, console, limits, reports. Nothing in here but the clock's mode and the input
// can change what the guest sees; that is in machine_config.h. No option parsing in here: `vitrine run` and
// `vitrine qemu` both fill this in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/scheduler.h"

namespace vitrine::app {

// What an idle jump of guest time (every hart waits for the next event) costs the host:
//   paced    it sleeps what the jump skips; live input that arrives meanwhile shortens the jump
//   virtual  nothing
//   real     as paced; besides, guest time is moved on to the host's time when it lags behind, and sleeps
//   when it
//            is ahead. Each such move is recorded with its step.
enum class ClockMode : uint8_t { kPaced, kVirtual, kReal };

// Where Ctrl-A is ours.
enum class EscapeKeys : uint8_t { kNever, kOnTerminal, kAlways };

// The event log (app/event_log.h) and its form.
enum class LogFormat : uint8_t { kText, kJson, kSpike };
struct LogOptions {
  std::string kinds;   // "csr-access,faults"; empty: no events
  std::string filter;  // "hart=0,mode=U"
  std::string file;    // empty: stderr
  std::optional<LogFormat> format;  // not given: JSON if the file's name ends in .ndjson, text otherwise
  // What QEMU's -d asks for besides (app/qemu_log.cpp): accesses that no device answers, whatever the kinds; resets; parts of
  // each block that is translated; entries into blocks.
  bool unanswered = false;
  bool resets = false;
  bool guest_code = false, ir = false, ir_optimised = false, host_code = false;
  bool entries = false;
  [[nodiscard]] bool events() const { return !kinds.empty() || unanswered; }
  [[nodiscard]] bool blocks() const { return guest_code || ir || ir_optimised || host_code; }
  [[nodiscard]] bool any() const { return events() || resets || blocks() || entries; }
};

// What was typed, so that it can be parsed again.
struct KeptWords {
  bool qemu = false;    // words of `vitrine qemu`; otherwise of `vitrine run`
  std::string program;  // as it was called
  std::vector<std::string> words;
  std::string environment;  // VITRINE_OPTS, for `vitrine qemu`
};

class Snapshot;
struct SnapshotWish {
  core::Step step = 0;
  std::string path;
};

struct RunOptions {
  std::optional<ClockMode> clock;    // not given: paced with live input, otherwise virtual
  std::optional<std::string> input;  // a file, instead of standard input
  bool standard_input = true;        // false: the console has no input
  int console = 1;                   // descriptor for the console's output, -1: none
  int virtio_console = -1;           // the same for a virtio console
  bool one_console = false;          // its output goes to the console, too
  bool input_to_virtio = false;      // what is typed goes to the virtio console, not to the UART
  EscapeKeys keys = EscapeKeys::kOnTerminal;
  bool terminal_signals = false;  // Ctrl-C and Ctrl-Z of a terminal stay signals
  bool notices = true;            // false: what we would say on stderr in the middle of a run is not said
  bool banner = true;             // on a terminal: the keys at the start, a summary at the end

  core::Step max_instructions = core::kNever;  // steps
  std::optional<double> max_seconds;           // of the host
  core::Step state_hash_every = 0;             // 0: never
  bool lint = false;  // tell of what would not work on a real machine (lint.h)
  bool stats = false;
  std::string stats_json;  // a file, or empty
  LogOptions log;
  std::string kernel_info;  // where the kernel keeps its processes (kernel_info.h); empty: what is known of it
  std::vector<std::string> notes;  // to be said when the run begins

  bool htif = false;                // a kernel with a symbol `tohost` may end the run through it (htif.h)
  bool reboot = true;               // a restart that the guest asks for is done; false: it ends the run
  bool judge_panics = true;         // a guest that said it panicked, and then ended in order, has panicked
  bool stay_when_stuck = false;     // a guest that can never go on is reported once and stays, as on QEMU
  std::string program = "vitrine";  // how messages of ours begin
  std::string command_line;         // for hints and reports: what to type to run this again

  // For whoever runs this as a test (suite.h).
  std::vector<std::string> answers;  // what is typed when the console says something (dialogue.h)
  std::vector<std::string> end_at;   // what the console says at the end of the run
  std::vector<std::string> reach;    // symbols, addresses: how often pc is there (facts.h)
  std::vector<std::string> look;     // NAME:BYTES of memory at the end
  uint64_t max_output = ~uint64_t{0};  // bytes of the console
  int facts = -1;                    // the descriptor that gets what came of the run

  std::optional<std::string> gdb;  // gdb can connect, there (app/debug/gdb_listener.h)
  bool freeze = false;             // the guest waits for it
  bool stop_signals = true;        // SIGINT, SIGTERM and the like end the run
  class ConsoleLog* console_log = nullptr;  // not null: a debugger may put the run back to moments of its past (history.h)
  int live_input = -1;             // live console input comes from this descriptor, and not from standard input
  bool keep = true;                // the run is kept, if `kept_words` are there (kept_run.h)
  std::string keep_file;           // there, and not as the last run
  bool record = false;             // that file is to be given away: without it there is no run
  std::optional<KeptWords> kept_words;

  std::shared_ptr<const Snapshot> from;  // the run goes on from there (snapshot.h)
  std::vector<SnapshotWish> snapshots;   // to be made, in the order of their steps
};

}  // namespace vitrine::app
