// SPDX-License-Identifier: MIT
// The program on the ABI: a process of the teaching kernel (examples/teach), its first and only one. It has the user instructions and
// system calls: one to read its parameters, one for each line, one to end the machine. A child of it tries an instruction of
// the system ISA.
#include "../work.h"
#include "user.h"

void say(const char* name, uint64_t value) { printf("%s=%d\n", name, (int)value); }

// "20000 5": decimal numbers with a space between.
static const char* read_number(const char* at, uint64_t* value) {
  for (*value = 0; *at >= '0' && *at <= '9'; at++) *value = *value * 10 + (uint64_t)(*at - '0');
  while (*at == ' ') at++;
  return at;
}

int main(void) {
  if (fork() == 0) {
    asm volatile("csrci sstatus, 2");
    exit(0);
  }
  int status;
  wait(WAIT_ANY, &status, 0);

  char line[64];
  if (read_line(line, sizeof line) < 0) return 1;
  uint64_t limit, lines;
  read_number(read_number(line, &limit), &lines);
  work(limit, lines);
  poweroff(0);
}
