// SPDX-License-Identifier: MIT
// What the program and its kernel agree on: the ABI, and how the kernel starts it.
#pragma once
#include <stdint.h>

enum { CALL_WRITE = 1, CALL_EXIT = 2 };  // a7; a0, a1: address and length, or the exit value
enum { MOST_TEXT = 400, MOST_BUFFER = 256 };

extern char program_text[];  // what it prints, put there by the kernel
extern uint64_t program_stack[];
void program(uint64_t size_of_buffer);
