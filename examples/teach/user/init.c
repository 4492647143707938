// SPDX-License-Identifier: MIT
// Process 1. It keeps a shell running and collects the processes whose parents are gone.
#include "user.h"

static int start_shell(void) {
  char* argv[] = {"sh", NULL};
  int pid = fork();
  if (pid == 0) {
    int error = exec("sh", argv);
    exit(failed("sh", error));
  }
  return pid;
}

int main(void) {
  printf("Type \"help\" for the commands.\n\n");
  int shell = start_shell();
  for (;;) {
    int status, pid = wait(WAIT_ANY, &status, 0);
    if (pid == shell) {
      printf("init: the shell ended, here is another one\n");
      shell = start_shell();
    }
  }
}
