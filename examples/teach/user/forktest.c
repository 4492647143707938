// SPDX-License-Identifier: MIT
// What fork promises: the child has the same memory and yet its own, and each child's end is told once.
#include "user.h"

static volatile int shared_or_not = 1;

static bool memory_is_separate(void) {
  int status, pid = fork();
  if (pid == 0) {
    shared_or_not = 2;  // copy on write: from here on the child has this page to itself
    exit(shared_or_not == 2 ? 0 : 1);
  }
  return pid > 0 && wait(pid, &status, 0) == pid && status == 0 && shared_or_not == 1;
}

// Children that end with their own number; in which order is the scheduler's business.
static int fill_the_table(void) {
  int children = 0, sum = 0, status, pid;
  while ((pid = fork()) > 0) children++;
  if (pid == 0) {
    sleep(10);
    exit(children);
  }
  if (pid != -E_AGAIN) return -1;
  for (int i = 0; i < children; i++) {
    if (wait(WAIT_ANY, &status, 0) < 0) return -1;
    sum += status;
  }
  bool all = sum == children * (children - 1) / 2 && wait(WAIT_ANY, &status, 0) == -E_CHILD;
  return all ? children : -1;
}

int main(void) {
  struct system_info before, after;
  if (!memory_is_separate()) {
    printf("forktest: FAILED: the child's write is seen by the parent\n");
    return 1;
  }
  printf("forktest: parent and child share pages until one of them writes\n");
  sysinfo(&before);
  int children = fill_the_table();
  sysinfo(&after);
  if (children < 0 || before.free_pages != after.free_pages) {
    printf("forktest: FAILED: %d children, %ld pages lost\n", children,
           (int64_t)(before.free_pages - after.free_pages));
    return 1;
  }
  printf("forktest: %d children at once, each came back with its number, no page was lost\n", children);
  return 0;
}
