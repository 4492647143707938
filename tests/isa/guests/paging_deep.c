// SPDX-License-Identifier: MIT
// Sv48 and Sv57: the program of paging.c.
#define DEEP
#include "paging.c"
