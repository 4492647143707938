// SPDX-License-Identifier: MIT
// The user's terminal, and that it is given back as it was however we end: by return, by a signal, by a bug.
// What restores it can run in a signal handler: it only calls tcsetattr(3) and write(2).
#pragma once

#include <atomic>

#include "app/wake.h"

namespace vitrine::app {

// Puts a terminal into raw mode (keys arrive one by one, none makes a signal unless so asked) while it lives.
// Only one at a time. Does nothing for a descriptor that is no terminal of ours (a pipe, a terminal where we
// are in the background).
class RawTerminal {
 public:
  RawTerminal(int fd, bool keep_signals);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  [[nodiscard]] bool active() const { return active_; }

 private:
  bool active_ = false;
};

// Back to what the terminal was; async-signal-safe; nothing happens if no RawTerminal lives.
void restore_terminal() noexcept;

// From here on a signal that would kill us restores the terminal first. Host faults (SIGSEGV and its kin) are
// crash_report.h's.
void restore_terminal_on_fatal_signals();

// SIGINT, SIGTERM and SIGHUP ask the run to end while this lives; a second one ends the process at once.
class StopSignals {
 public:
  explicit StopSignals(Wake& wake);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  // The signal that came, or 0.
  [[nodiscard]] static int received();
};

}  // namespace vitrine::app
