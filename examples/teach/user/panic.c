// SPDX-License-Identifier: MIT
// Asks the kernel to panic.
#include "user.h"

int main(int argc, char** argv) { panic(argc > 1 ? argv[1] : "somebody asked for it"); }
