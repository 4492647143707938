// SPDX-License-Identifier: MIT
// Removes files.
#include "user.h"

int main(int argc, char** argv) {
  int result = 0;
  for (int i = 1; i < argc; i++) {
    int error = remove(argv[i]);
    if (error < 0) result = failed(argv[i], error);
  }
  return result;
}
