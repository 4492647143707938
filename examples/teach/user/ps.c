// SPDX-License-Identifier: MIT
// The process table. "pages" are the pages of user memory that exist, "faults" the page faults that the
// kernel mended, "slices" the time slices that a process used up to their end.
#include "user.h"

int main(void) {
  struct process_info p;
  int found;
  printf("  pid  parent  state     waits for    pages  faults  slices  name\n");
  for (int i = 0; (found = procinfo(i, &p)) >= 0; i++) {
    if (found == 0) continue;
    printf("%5d  %6d  %-8s  %-11s  %5u  %6u  %6u  %s\n", p.pid, p.parent, p.state, p.waits_for, p.pages,
           p.faults, p.slices, p.name);
  }
  return 0;
}
