// SPDX-License-Identifier: MIT
// What the kernel and the programs agree on: the application binary interface, seen from both sides.
// Read syscalls.def first; then kernel/syscall.c answers the calls and user/lib.c makes them.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
#define SYSCALL(number, name, arguments) SYS_##name = number,
#include "syscalls.def"
#undef SYSCALL
  SYSCALL_END  // one past the last
};

// A call that fails returns the negative of one of these.
#define ERRORS(ERROR)                            \
  ERROR(1, NOENT, "no such file")                \
  ERROR(2, NOMEM, "out of memory")               \
  ERROR(3, NOEXEC, "not a program")              \
  ERROR(4, FAULT, "bad address")                 \
  ERROR(5, INVAL, "invalid argument")            \
  ERROR(6, CHILD, "no such child")               \
  ERROR(7, AGAIN, "no room for another process") \
  ERROR(8, SRCH, "no such process")              \
  ERROR(9, NOSPC, "file system is full")         \
  ERROR(10, BUSY, "file is open")                \
  ERROR(11, BADF, "file is not open")            \
  ERROR(12, IO, "disk error")                    \
  ERROR(13, INTR, "interrupted")                 \
  ERROR(14, TOOBIG, "arguments are too long")    \
  ERROR(15, MFILE, "too many open files")

enum {
#define ERROR(number, name, text) E_##name = number,
  ERRORS(ERROR)
#undef ERROR
};

enum { OPEN_READ = 0, OPEN_WRITE = 1 };  // OPEN_WRITE creates the file, or empties it
enum { LINE_BYTES = 128 };               // the longest line of the console, with its newline
enum { WAIT_ANY = -1 };                  // first argument of wait
enum { WAIT_NOHANG = 1 };                // third argument: do not wait, return 0
enum { KILLED_STATUS = 256 };            // wait's status of a killed process; exit codes are 0 to 255

#define TICKS_PER_SECOND 10000000UL  // of the time CSR, which user mode may read too

// list(): one file.
struct file_info {
  char name[24];
  uint32_t size;
};

// procinfo(): one process.
struct process_info {
  int pid, parent;
  char state[12], waits_for[12], name[16];
  uint32_t pages;   // user pages that exist
  uint32_t faults;  // page faults mended; first touches by the kernel for the process count too
  uint32_t slices;  // time slices used up: each ended by the timer
};

// pageinfo(): a run of equal mappings, both sides contiguous.
struct page_info {
  uint64_t va, pa, bytes;
  uint64_t page_size;  // 4 KiB, 2 MiB or 1 GiB
  char flags[12];      // "rwxugadc", a dash for each that is not set
};

// sysinfo(): the machine since boot.
struct system_info {
  uint64_t microseconds;
  uint64_t pages, free_pages;
  uint64_t switches;  // from one process to another
  uint64_t timer_interrupts, console_interrupts, disk_interrupts;
  uint64_t mended_faults;
};
