// SPDX-License-Identifier: MIT
// The machine since it was switched on.
#include "user.h"

int main(void) {
  struct system_info s;
  sysinfo(&s);
  printf("time        %lu.%06lu s\n", s.microseconds / 1000000, s.microseconds % 1000000);
  printf("memory      %lu pages of 4 KiB, %lu of them free\n", s.pages, s.free_pages);
  printf("processes   %lu switches\n", s.switches);
  printf("interrupts  %lu timer, %lu console, %lu disk\n", s.timer_interrupts, s.console_interrupts,
         s.disk_interrupts);
  printf("faults      %lu mended\n", s.mended_faults);
  return 0;
}
