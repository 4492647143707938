// SPDX-License-Identifier: MIT
// Computes and never gives the hart away: it makes no system call until its time is over. Others run all the
// same, since the timer takes the hart from it.
#include "user.h"

static uint64_t time_now(void) {
  uint64_t now;
  asm volatile("csrr %0, time" : "=r"(now));
  return now;
}

// Steps of the Collatz sequence from n down to 1: work that no compiler can do beforehand.
static unsigned collatz(uint64_t n) {
  unsigned steps = 0;
  for (; n > 1; steps++) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return steps;
}

int main(int argc, char** argv) {
  uint64_t end = time_now(), n = 1, best = 1;
  int seconds = argc > 1 ? number(argv[1]) : 2;
  unsigned most = 0;
  struct process_info me;
  if (seconds < 0) return failed(argv[1], -E_INVAL);
  end += (uint64_t)seconds * TICKS_PER_SECOND;
  for (; time_now() < end; n++) {
    unsigned steps = collatz(n);
    if (steps > most) most = steps, best = n;
  }
  find_process(getpid(), &me);
  printf("spin: process %d used up %u time slices; below %lu the longest sequence starts at %lu (%u steps)\n",
         me.pid, me.slices, n, best, most);
  return 0;
}
