// SPDX-License-Identifier: MIT
// How often each system call was made since boot, by all processes; or (on, off) each call as it happens.
#include "user.h"

static const char* const names[SYSCALL_END] = {
#define SYSCALL(number, name, arguments) [number] = #name,
#include "../shared/syscalls.def"
#undef SYSCALL
};

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "on") == 0) return trace(true);
  if (argc == 2 && strcmp(argv[1], "off") == 0) return trace(false);
  if (argc != 1) {
    printf("usage: syscalls [on|off]\n");
    return 1;
  }
  printf("number  name             count\n");
  for (int i = 1; i < SYSCALL_END; i++) {
    int64_t count = callcount(i);
    if (count > 0) printf("%6d  %-10s  %10ld\n", i, names[i], count);
  }
  return 0;
}
