// SPDX-License-Identifier: MIT
// The smallest program: one system call to say something, one to end.
#include "user.h"

int main(void) {
  printf("Hello from user mode. I am process %d.\n", getpid());
  return 0;
}
