// SPDX-License-Identifier: MIT
#include "os.h"

#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

void become(const char* role) {
  char* const words[] = {"workloads", "child", (char*)role, NULL};
  char* const environment[] = {NULL};
  execve("/proc/self/exe", words, environment);
  _exit(126);
}

pid_t split(void) {
  const pid_t child = fork();
  if (child < 0) give_up("no process");
  return child;
}

int wait_for(pid_t child) {
  int status;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) give_up("a child did not exit");
  return WEXITSTATUS(status);
}
