// SPDX-License-Identifier: MIT
// Runs one workload in M mode without a kernel or paging, with the lines of ../workloads/main.c on the
// board's UART. What is measured is the engine alone. Compiled once for each workload that WORKLOAD names,
// with ROUNDS.
#include "../workloads/workload.h"

#define PASTE(a, b) a##b
#define NAME_OF(workload, part) PASTE(workload, part)
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

void NAME_OF(WORKLOAD, _prepare)(void);
uint64_t NAME_OF(WORKLOAD, _run)(uint64_t rounds);

// The virt board: a 16550A, and the finisher.
static volatile uint8_t* const uart = (volatile uint8_t*)0x10000000;
static volatile uint32_t* const finisher = (volatile uint32_t*)0x100000;
enum { kData = 0, kLineStatus = 5, kDataReady = 1, kTransmitterEmpty = 0x20, kPass = 0x5555 };

static void say(const char* text) {
  for (; *text; ++text) {
    while (!(uart[kLineStatus] & kTransmitterEmpty)) continue;
    uart[kData] = (uint8_t)*text;
  }
}

static void say_number(uint64_t number, unsigned base, int digits) {
  char text[24];
  int at = sizeof text - 1;
  text[at] = 0;
  do text[--at] = "0123456789abcdef"[number % base];
  while ((number /= base) || (int)sizeof text - 1 - at < digits);
  say(text + at);
}

static void wait_for_line(void) {
  do
    while (!(uart[kLineStatus] & kDataReady)) continue;
  while (uart[kData] != '\n');
}

_Noreturn void give_up(const char* why) {
  say("VT-FAILED ");
  say(why);
  say("\n");
  for (;;) *finisher = 1 << 16 | 0x3333;
}

// Never freed; RAM of the machine is zero at the start.
void* need_memory(size_t bytes) {
  extern char free_memory[];
  static size_t used;
  void* memory = free_memory + used;
  used += (bytes + 4095) & ~(size_t)4095;
  return memory;
}

static inline uint64_t retired(void) {
  uint64_t count;
  __asm__ volatile("csrr %0, minstret" : "=r"(count));
  return count;
}

int main(void) {
  NAME_OF(WORKLOAD, _prepare)();
  say("VT-BEGIN " TEXT(WORKLOAD) "\n");
  wait_for_line();
  const uint64_t begin = retired();
  const uint64_t checksum = NAME_OF(WORKLOAD, _run)(ROUNDS);
  const uint64_t end = retired();
  say("VT-END " TEXT(WORKLOAD) " ");
  say_number(checksum, 16, 16);
  say(" instructions=");
  say_number(end - begin, 10, 1);
  say("\n");
  wait_for_line();
  for (;;) *finisher = kPass;
}
