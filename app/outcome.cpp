// SPDX-License-Identifier: MIT
// Exit codes of `vitrine run`.
#include "app/outcome.h"

#include <algorithm>
#include <csignal>

namespace vitrine::app {

const char* outcome_name(Outcome::Kind kind) {
  using Kind = Outcome::Kind;
  switch (kind) {
    case Kind::kPass: return "pass";
    case Kind::kFail: return "fail";
    case Kind::kPanic: return "panic";
    case Kind::kReset: return "reset";
    case Kind::kFaultLoop: return "fault-loop";
    case Kind::kNothingWakes: return "nothing-wakes";
    case Kind::kInstructionLimit: return "instruction-limit";
    case Kind::kTimeLimit: return "time-limit";
    case Kind::kQuit: return "quit";
    case Kind::kSignal: return "signal";
    case Kind::kEnginesDiffer: return "engines-differ";
    case Kind::kOutputGone: return "output-gone";
    case Kind::kBroken: return "broken";
    case Kind::kEndText: return "end-text";
  }
  return "";
}

int exit_code_of(const Outcome& outcome) {
  using Kind = Outcome::Kind;
  switch (outcome.kind) {
    case Kind::kPass:
    case Kind::kReset:
    case Kind::kEndText:
    case Kind::kQuit: return exit_code::kSuccess;
    // A failure with code 0 is still a failure.
    case Kind::kFail: return static_cast<int>(std::clamp(outcome.code, 1u, 99u));
    case Kind::kPanic: return exit_code::kGuestPanic;
    case Kind::kFaultLoop: return exit_code::kFaultLoop;
    case Kind::kNothingWakes: return exit_code::kNothingWakes;
    case Kind::kInstructionLimit: return exit_code::kInstructionLimit;
    case Kind::kTimeLimit: return exit_code::kTimeLimit;
    case Kind::kSignal: return exit_code::kSignalBase + static_cast<int>(outcome.code);
    case Kind::kOutputGone: return exit_code::kSignalBase + SIGPIPE;
    case Kind::kBroken: return exit_code_of(outcome.error);
    case Kind::kEnginesDiffer: return exit_code::kBugOfOurs;
  }
  return exit_code::kBugOfOurs;
}

int exit_code_of(core::ErrorKind kind) {
  switch (kind) {
    case core::ErrorKind::kUsage: return exit_code::kUsage;
    case core::ErrorKind::kBadImage: return exit_code::kBadImage;
    case core::ErrorKind::kMissing:
    case core::ErrorKind::kHost: return exit_code::kMissing;
  }
  return exit_code::kBugOfOurs;
}

}  // namespace vitrine::app
