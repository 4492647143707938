// SPDX-License-Identifier: MIT
// Shows files.
#include "user.h"

static int64_t show(const char* name) {
  char bytes[512];
  int64_t n;
  int fd = open(name, OPEN_READ);
  if (fd < 0) return fd;
  while ((n = read(fd, bytes, sizeof bytes)) > 0) write(1, bytes, (size_t)n);
  close(fd);
  return n;
}

int main(int argc, char** argv) {
  int result = 0;
  for (int i = 1; i < argc; i++) {
    int64_t error = show(argv[i]);
    if (error < 0) result = failed(argv[i], error);
  }
  return result;
}
