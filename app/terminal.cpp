// SPDX-License-Identifier: MIT
// Raw mode and signals (termios(3), signal-safety(7)).
#include "app/terminal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace vitrine::app {
namespace {

// Written before g_raw is set, read by handlers after they saw it set.
termios g_before, g_raw_mode;
int g_fd = -1;
std::atomic<bool> g_raw{false};

std::atomic<Wake*> g_wake{nullptr};
std::atomic<int> g_stop_signal{0};

constexpr std::array kStopSignals = {SIGINT, SIGTERM, SIGHUP};
// What a program dies of at the hands of others.
constexpr std::array kDeadly = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,   SIGALRM,
                                SIGUSR1, SIGUSR2, SIGXCPU, SIGVTALRM, SIGPROF};

void set_handler(int signal, void (*handler)(int), int flags = 0) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(signal, &action, nullptr);
}

void die_of(int signal) {
  restore_terminal();
  set_handler(signal, SIG_DFL);
  raise(signal);
}

void stop(int signal) {
  if (g_stop_signal.exchange(signal) != 0) return die_of(signal);
  if (Wake* wake = g_wake.load()) wake->ring();
}

// The shell gets its terminal back while we are stopped from outside, and we take it again.
void suspend(int) {
  const int saved = errno;
  const bool raw = g_raw.load();
  if (raw) tcsetattr(g_fd, TCSADRAIN, &g_before);
  raise(SIGSTOP);
  if (raw && g_raw.load()) tcsetattr(g_fd, TCSADRAIN, &g_raw_mode);
  errno = saved;
}

}  // namespace

RawTerminal::RawTerminal(int fd, bool keep_signals) {
  if (g_raw.load() || !isatty(fd) || tcgetpgrp(fd) != getpgrp()) return;
  if (tcgetattr(fd, &g_before) != 0) return;
  g_raw_mode = g_before;
  cfmakeraw(&g_raw_mode);
  g_raw_mode.c_oflag = g_before.c_oflag;  // a guest's lone \n still begins a line
  if (keep_signals) g_raw_mode.c_lflag |= g_before.c_lflag & ISIG;
  g_fd = fd;
  g_raw.store(true);
  active_ = tcsetattr(fd, TCSADRAIN, &g_raw_mode) == 0;
  if (!active_) g_raw.store(false);
  if (active_) set_handler(SIGTSTP, suspend, SA_RESTART);
}

RawTerminal::~RawTerminal() {
  if (!active_) return;
  restore_terminal();
  set_handler(SIGTSTP, SIG_DFL);
}

void restore_terminal() noexcept {
  if (!g_raw.exchange(false)) return;
  const int saved = errno;
  tcsetattr(g_fd, TCSADRAIN, &g_before);
  errno = saved;
}

void restore_terminal_on_fatal_signals() {
  for (const int signal : kDeadly) set_handler(signal, die_of);
  set_handler(SIGPIPE, SIG_IGN);  // a write tells, and says where
  set_handler(SIGXFSZ, SIG_IGN);
  std::atexit(restore_terminal);
}

StopSignals::StopSignals(Wake& wake) {
  g_stop_signal.store(0);
  g_wake.store(&wake);
  // Without SA_RESTART: a write that blocks is interrupted too.
  for (const int signal : kStopSignals) set_handler(signal, stop);
}

StopSignals::~StopSignals() {
  for (const int signal : kStopSignals) set_handler(signal, die_of);
  g_wake.store(nullptr);
}

int StopSignals::received() { return g_stop_signal.load(); }

}  // namespace vitrine::app
