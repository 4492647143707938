// SPDX-License-Identifier: MIT
// How a run ended, and what `vitrine run` tells the shell. One row an exit code; docs/vitrine.1 repeats the
// table, and a test compares the two.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace vitrine::app {

struct Outcome {
  enum class Kind {
    kPass,              // the guest powered off
    kFail,              // the guest reported a failure, with a code
    kPanic,             // the guest said that it cannot go on
    kReset,             // the guest asked for a restart, and --no-reboot was given
    kFaultLoop,         // its trap handler traps at its first instruction, again and again
    kNothingWakes,      // every hart waits, and nothing can happen any more
    kInstructionLimit,  // --max-instructions
    kTimeLimit,         // --max-seconds
    kQuit,              // the user's keys
    kSignal,            // SIGINT, SIGTERM or SIGHUP
    kOutputGone,        // nobody takes the console's output any more
    kBroken,            // a restart failed: an image is gone; or a log cannot be written
    kEnginesDiffer,     // --engine lockstep found a bug of ours
    kEndText,           // the console said what ends the run (dialogue.h)
  } kind;
  unsigned code = 0;  // kFail: the guest's; kSignal: its number; kOutputGone: errno
  std::string words;  // what happened, for people: full sentences, lines without a final newline
  core::ErrorKind error = core::ErrorKind::kHost;  // kBroken
};

namespace exit_code {
inline constexpr int kSuccess = 0;
inline constexpr int kLargestGuestCode = 99;
inline constexpr int kGuestPanic = 100;
inline constexpr int kFaultLoop = 101;
inline constexpr int kNothingWakes = 102;
inline constexpr int kInstructionLimit = 103;
inline constexpr int kTimeLimit = 104;
inline constexpr int kUsage = 110;
inline constexpr int kBadImage = 111;
inline constexpr int kMissing = 112;
inline constexpr int kBugOfOurs = 120;
inline constexpr int kSignalBase = 128;  // as shells have it: 128 + number
}  // namespace exit_code

// "pass", "fault-loop": for programs.
const char* outcome_name(Outcome::Kind kind);

// The exit code of `vitrine run` (`vitrine qemu` has QEMU's own).
int exit_code_of(const Outcome& outcome);
int exit_code_of(core::ErrorKind kind);

}  // namespace vitrine::app
