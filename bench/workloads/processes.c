// SPDX-License-Identifier: MIT
// Processes: a byte to and fro between two of them, fork and exit, fork and exec.
#include <unistd.h>

#include "os.h"
#include "workload.h"

enum { kTurns = 100 };

static void make_pipe(int ends[2]) {
  if (pipe(ends) != 0) give_up("no pipe");
}

static unsigned char receive(int from) {
  unsigned char byte;
  if (read(from, &byte, 1) != 1) give_up("a pipe ended");
  return byte;
}

static void send(int to, unsigned char byte) {
  if (write(to, &byte, 1) != 1) give_up("a pipe is closed");
}

void pipe_prepare(void) {}

// The child sends each byte back with 3 added; it ends when its input does.
uint64_t pipe_run(uint64_t rounds) {
  int there[2], back[2];
  make_pipe(there);
  make_pipe(back);
  const pid_t child = split();
  if (child == 0) {
    close(there[1]);
    unsigned char byte;
    while (read(there[0], &byte, 1) == 1) send(back[1], (unsigned char)(byte + 3));
    _exit(0);
  }
  close(there[0]);
  close(back[1]);
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round)
    for (int i = 0; i < kTurns; ++i) {
      send(there[1], (unsigned char)(round + (uint64_t)i));
      sum = mix(sum, receive(back[0]));
    }
  close(there[1]);
  return mix(sum, (uint64_t)wait_for(child));
}

void fork_exit_prepare(void) {}

uint64_t fork_exit_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    const pid_t child = split();
    if (child == 0) _exit((int)(round % 100));
    sum = mix(sum, (uint64_t)wait_for(child));
  }
  return sum;
}

void fork_exec_prepare(void) {}

uint64_t fork_exec_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    const pid_t child = split();
    if (child == 0) become("exit");
    sum = mix(sum, (uint64_t)wait_for(child));
  }
  return sum;
}
