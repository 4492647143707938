// SPDX-License-Identifier: MIT
// A signal that a process sends to itself: delivery, handler, return.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workload.h"

enum { kTurns = 100 };

static volatile sig_atomic_t handled;

static void handler(int number) { handled += number == SIGUSR1; }

void signal_prepare(void) {
  struct sigaction action = {.sa_handler = handler};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGUSR1, &action, NULL) != 0) give_up("sigaction failed");
}

uint64_t signal_run(uint64_t rounds) {
  const long self = syscall(SYS_getpid);
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    handled = 0;
    for (int i = 0; i < kTurns; ++i) syscall(SYS_kill, self, SIGUSR1);
    sum = mix(sum, (uint64_t)handled);
  }
  return sum;
}
