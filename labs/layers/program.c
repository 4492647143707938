// SPDX-License-Identifier: MIT
// The upper two layers: a program that prints a text, and its library, which collects characters before it asks the kernel. Both
// run in U mode. Next: the system calls, kernel.c.
#include "program.h"

#define CODE __attribute__((section(".user"), noinline))
#define DATA __attribute__((section(".user.data")))

DATA char program_text[MOST_TEXT + 1];
DATA uint64_t program_stack[128];

static DATA char buffer[MOST_BUFFER];
static DATA uint64_t used, room, calls_of_put;

// A system call: number in a7, arguments from a0.
static CODE void system_call(uint64_t number, uint64_t first, uint64_t second) {
  register uint64_t a0 asm("a0") = first;
  register uint64_t a1 asm("a1") = second;
  register uint64_t a7 asm("a7") = number;
  asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
}

// The library's layer: what is behind it, the program does not know.
static CODE void flush(void) {
  if (used != 0) system_call(CALL_WRITE, (uint64_t)buffer, used);
  used = 0;
}

static CODE void put_one(char c) {
  calls_of_put++;
  buffer[used++] = c;
  if (used == room) flush();
}

// The program's.
CODE void program(uint64_t size_of_buffer) {
  room = size_of_buffer;
  for (const char* at = program_text; *at != 0; at++) put_one(*at);
  flush();
  system_call(CALL_EXIT, calls_of_put, 0);
}
