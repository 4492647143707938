// SPDX-License-Identifier: MIT
// Powers the machine off.
#include "user.h"

int main(int argc, char** argv) {
  int code = argc > 1 ? number(argv[1]) : 0;
  if (code < 0) return failed(argv[1], -E_INVAL);
  poweroff(code);
}
