// SPDX-License-Identifier: MIT
// What fork promises: the child has the same memory and yet its own, and each child's end is told once.
#include "user.h"

static volatile int value;

// Each side writes and must not see the other's write. The parent does so at once, before the child has run:
// the hart must have forgotten that it could write to this page a moment ago.
static bool memory_is_separate(void) {
  value = 1;
  int status, pid = fork();
  if (pid == 0) {
    bool untouched = value == 1;
    value = 2;
    exit(untouched ? 0 : 1);
  }
  value = 3;
  return pid > 0 && wait(pid, &status, 0) == pid && status == 0 && value == 3;
}

// Children that end with their own number; in which order is the scheduler's business.
static int fill_the_table(void) {
  int children = 0, sum = 0, status, pid;
  while ((pid = fork()) > 0) children++;
  if (pid == 0) {
    sleep(30);  // until all are there, and for longer than a time slice: only an idle machine can wake them
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
    printf("forktest: FAILED: a write of one is seen by the other\n");
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
