// SPDX-License-Identifier: MIT
// Ends processes.
#include "user.h"

int main(int argc, char** argv) {
  int result = 0;
  for (int i = 1; i < argc; i++) {
    int error = kill(number(argv[i]));
    if (error < 0) result = failed(argv[i], error);
  }
  return result;
}
