// SPDX-License-Identifier: MIT
// What the kernel says: kprintf for messages, panic for its last words.
#include "kernel.h"

static void to_console(void* unused, char c) {
  (void)unused;
  console_put(c);
}

void kprintf(const char* text, ...) {
  va_list arguments;
  va_start(arguments, text);
  format(to_console, NULL, text, arguments);
  va_end(arguments);
}

struct line {
  char* at;
  size_t room;
};

static void to_line(void* to, char c) {
  struct line* line = to;
  if (line->room > 1) *line->at++ = c, line->room--;
}

void ksnprintf(char* to, size_t room, const char* text, ...) {
  struct line line = {to, room};
  va_list arguments;
  va_start(arguments, text);
  format(to_line, &line, text, arguments);
  va_end(arguments);
  *line.at = 0;
}

// Something that must not be: nothing the kernel knows can be trusted now, so it stops the machine.
void panic(const char* text, ...) {
  va_list arguments;
  csr_clear(sstatus, SSTATUS_SIE);
  kprintf("\nkernel panic: ");
  va_start(arguments, text);
  format(to_console, NULL, text, arguments);
  va_end(arguments);
  if (current != NULL && current->pid != 0)
    kprintf("\nwhile running pid %d (%s)", current->pid, current->name);
  kprintf("\n");
  sbi_power_off(true);
}
