// SPDX-License-Identifier: MIT
// Calls to the firmware: the supervisor binary interface (SBI specification 2.0; all but the console call are
// in 1.0 too). What a system call is to a process, an SBI call is to a kernel; when the machine is virtual,
// it is a hypercall: the guest knows that somebody is below and asks.
#include "kernel.h"

enum {  // extension ids, most of them spelt in ASCII
  SBI_BASE = 0x10,
  SBI_TIMER = 0x54494D45,
  SBI_RESET = 0x53525354,
  SBI_DEBUG_CONSOLE = 0x4442434E,
  SBI_OLD_PUTCHAR = 1,  // from before extensions had names
};

struct sbi_result {
  int64_t error;
  uint64_t value;
};

// SBI chapter 3: extension in a7, function in a6, arguments from a0; a0 and a1 return.
static struct sbi_result sbi_call(uint64_t extension, uint64_t function, uint64_t first, uint64_t second) {
  register uint64_t a0 asm("a0") = first;
  register uint64_t a1 asm("a1") = second;
  register uint64_t a6 asm("a6") = function;
  register uint64_t a7 asm("a7") = extension;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
  return (struct sbi_result){(int64_t)a0, a1};
}

static bool has_debug_console;

static bool probe(uint64_t extension) { return sbi_call(SBI_BASE, 3, extension, 0).value != 0; }

void sbi_init(void) {
  has_debug_console = probe(SBI_DEBUG_CONSOLE);
  if (!probe(SBI_TIMER)) panic("this firmware has no timer extension: SBI 1.0 or later is needed");
}

void sbi_put(char c) {
  if (has_debug_console) {
    sbi_call(SBI_DEBUG_CONSOLE, 2, (uint8_t)c, 0);
  } else {
    sbi_call(SBI_OLD_PUTCHAR, 0, (uint8_t)c, 0);
  }
}

// The next timer interrupt comes when the time CSR reaches `time`; a pending one is withdrawn (SBI chapter
// 6).
void sbi_set_timer(uint64_t time) { sbi_call(SBI_TIMER, 0, time, 0); }

// SBI chapter 10: type 0 is shutdown; reason 1 tells a caller outside the machine that this was a failure.
void sbi_power_off(bool failed) {
  sbi_call(SBI_RESET, 0, 0, failed ? 1 : 0);
  for (;;) asm volatile("wfi");  // a firmware that cannot power off
}
