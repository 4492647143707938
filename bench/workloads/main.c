// SPDX-License-Identifier: MIT
// Runs one workload in a process and says when, for a harness that reads this program's console from outside:
//
//   workloads run NAME ROUNDS    prepares, prints "VT-BEGIN name", runs, prints
//                                "VT-END name checksum ns=... cpu_us=... ticks=..."
//   workloads held NAME ROUNDS   the same, but waits for a line of input after each of the two lines
//
// A guest's clock may not be the host's, so the harness takes the time between the two lines by its own
// clock; since the workload waits, it does not matter when the harness comes to read them. The numbers on the
// last line are this machine's own view: its monotonic clock, the processor time of this process and the
// children that it waited for, and the RISC-V time register (0 elsewhere), which on Vitrine counts steps.
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "workload.h"

void give_up(const char* why) {
  dprintf(STDOUT_FILENO, "VT-FAILED %s\n", why);
  _exit(1);
}

void* need_memory(size_t bytes) {
  void* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) give_up("no memory");
  return memory;
}

// One write for a line, and nothing of it left in the terminal when this returns.
static void say(const char* line) {
  const size_t length = strlen(line);
  if (write(STDOUT_FILENO, line, length) != (ssize_t)length) _exit(1);
  if (isatty(STDOUT_FILENO)) tcdrain(STDOUT_FILENO);
}

static void wait_for_line(void) {
  char byte;
  do
    if (read(STDIN_FILENO, &byte, 1) != 1) _exit(1);
  while (byte != '\n');
}

struct moment {
  uint64_t nanoseconds, cpu_microseconds, ticks;
};

static uint64_t cpu_microseconds(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
         (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static struct moment now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  uint64_t ticks = 0;
#ifdef __riscv
  __asm__ volatile("rdtime %0" : "=r"(ticks));
#endif
  return (struct moment){(uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec,
                         cpu_microseconds(RUSAGE_SELF) + cpu_microseconds(RUSAGE_CHILDREN), ticks};
}

static int run(const struct workload* workload, uint64_t rounds, int held) {
  char line[256];
  workload->prepare();
  snprintf(line, sizeof line, "VT-BEGIN %s\n", workload->name);
  say(line);
  if (held) wait_for_line();
  const struct moment begin = now();
  const uint64_t checksum = workload->run(rounds);
  const struct moment end = now();
  snprintf(line, sizeof line,
           "VT-END %s %016" PRIx64 " ns=%" PRIu64 " cpu_us=%" PRIu64 " ticks=%" PRIu64 "\n", workload->name,
           checksum, end.nanoseconds - begin.nanoseconds, end.cpu_microseconds - begin.cpu_microseconds,
           end.ticks - begin.ticks);
  say(line);
  if (held) wait_for_line();
  return 0;
}

int main(int count, char** words) {
  const int held = count == 4 && !strcmp(words[1], "held");
  if (held || (count == 4 && !strcmp(words[1], "run")))
    for (size_t i = 0; i < workload_count; ++i)
      if (!strcmp(words[2], workloads[i].name)) return run(&workloads[i], strtoull(words[3], NULL, 10), held);
  if (count >= 3 && !strcmp(words[1], "child")) return child(words[2]);
  fprintf(stderr, "usage: workloads run NAME ROUNDS | held NAME ROUNDS\n");
  return 2;
}
