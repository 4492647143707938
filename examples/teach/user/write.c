// SPDX-License-Identifier: MIT
// Creates a file: from the words after its name, or from the lines that are typed until Ctrl-D.
#include "user.h"

static int64_t put(int fd, const char* text) { return write(fd, text, strlen(text)); }

static int64_t write_words(int fd, char** words) {
  int64_t n = 0;
  for (; *words != NULL && n >= 0; words++) {
    n = put(fd, *words);
    if (n >= 0) n = put(fd, words[1] != NULL ? " " : "\n");
  }
  return n;
}

static int64_t write_lines(int fd) {
  char bytes[128];
  int64_t n, written = 0;
  while (written >= 0 && (n = read(0, bytes, sizeof bytes)) > 0) written = write(fd, bytes, (size_t)n);
  return written;
}

int main(int argc, char** argv) {
  if (argc < 2) {
    printf("usage: write FILE [WORDS]\n");
    return 1;
  }
  int fd = open(argv[1], OPEN_WRITE);
  if (fd < 0) return failed(argv[1], fd);
  int64_t error = argc > 2 ? write_words(fd, argv + 2) : write_lines(fd);
  close(fd);
  return error < 0 ? failed(argv[1], error) : 0;
}
