// SPDX-License-Identifier: MIT
// The library of the programs: printing, reading a line, and words for errors.
#include "user.h"

// Text is collected and written in pieces, so that two processes that print do not mix letters.
struct output {
  char text[128];
  size_t n;
};

static void flush(struct output* out) {
  if (out->n > 0) write(1, out->text, out->n);
  out->n = 0;
}

static void put(void* to, char c) {
  struct output* out = to;
  out->text[out->n++] = c;
  if (c == '\n' || out->n == sizeof out->text) flush(out);
}

void printf(const char* text, ...) {
  struct output out = {.n = 0};
  va_list arguments;
  va_start(arguments, text);
  format(put, &out, text, arguments);
  va_end(arguments);
  flush(&out);
}

int read_line(char* to, size_t room) {
  int64_t n = read(0, to, room - 1);
  if (n <= 0) return -1;
  if (to[n - 1] == '\n') n--;
  to[n] = 0;
  return (int)n;
}

int number(const char* text) {
  int value = 0;
  if (*text == 0) return -1;
  for (; *text != 0; text++) {
    if (*text < '0' || *text > '9' || value > 100000000) return -1;
    value = value * 10 + (*text - '0');
  }
  return value;
}

const char* error_text(int64_t error) {
  static const char* const texts[] = {
#define ERROR(number, name, text) [number] = text,
      ERRORS(ERROR)
#undef ERROR
  };
  bool known = error < 0 && -error < (int64_t)(sizeof texts / sizeof texts[0]);
  return known ? texts[-error] : "unknown error";
}

int failed(const char* what, int64_t error) {
  printf("%s: %s\n", what, error_text(error));
  return 1;
}

bool find_process(int pid, struct process_info* out) {
  int found;
  for (int i = 0; (found = procinfo(i, out)) >= 0; i++) {
    if (found > 0 && out->pid == pid) return true;
  }
  return false;
}
