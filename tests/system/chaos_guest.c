// SPDX-License-Identifier: MIT
// Two harts that are right, or lack one thing: chaos_test.py builds it as it is and with -DFAULT=... Each fault is one that
// most machines forgive most of the time. Built freestanding, for S mode on SBI; ends by a system reset, with reason 1
// (system failure) if something went wrong.
#include <stdint.h>

#define NONE 0
#define NO_LOCK 1           // the counter is incremented without the lock
#define RELEASE_UNORDERED 2  // the lock is given back by a plain store
#define MESSAGE_UNORDERED 3  // the flag is set without a fence behind the data
#define SC_ONCE 4           // sc is believed to succeed
#define NOT_CLEARED 5       // memory that nothing was loaded to is believed to be zero
#ifndef FAULT
#define FAULT NONE
#endif
enum { ROUNDS = 200, MESSAGES = 32 };

static volatile uint32_t lock;
static volatile uint64_t counter, in_order, ready, finished;
static volatile uint64_t data[8], flag, received;
static volatile uint32_t atomically;
static volatile uint64_t* const not_cleared = (volatile uint64_t*)0x80800000;

static uint64_t sbi(uint64_t extension, uint64_t function, uint64_t a, uint64_t b, uint64_t c) {
  register uint64_t a0 asm("a0") = a, a1 asm("a1") = b, a2 asm("a2") = c, a6 asm("a6") = function, a7 asm("a7") = extension;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
  return a0;
}

static void take(void) {
  uint32_t held;
  do asm volatile("amoswap.w.aq %0, %2, %1" : "=r"(held), "+A"(lock) : "r"(1u) : "memory");
  while (held != 0);
}

static void give(void) {
  if (FAULT == RELEASE_UNORDERED)
    lock = 0;
  else
    asm volatile("amoswap.w.rl zero, zero, %0" : "+A"(lock) : : "memory");
}

static void add_atomically(void) {
  uint32_t old, failed;
  do asm volatile("lr.w %0, %2\n addi %0, %0, 1\n sc.w %1, %0, %2" : "=&r"(old), "=&r"(failed), "+A"(atomically) : : "memory");
  while (failed != 0 && FAULT != SC_ONCE);
}

static void work(void) {
  for (int i = 0; i < ROUNDS; i++) {
    if (FAULT != NO_LOCK) take();
    counter = counter + 1;
    if (FAULT != NO_LOCK) give();
    add_atomically();
  }
}

// Hart 1 sends, hart 0 looks: a flag that is up says that its data are there.
static void send(void) {
  for (uint64_t i = 1; i <= MESSAGES; i++) {
    data[i % 8] = i;
    if (FAULT != MESSAGE_UNORDERED) asm volatile("fence w, w" : : : "memory");
    flag = i;
    while (received != i) {
    }
  }
}
static void receive(void) {
  for (uint64_t i = 1; i <= MESSAGES; i++) {
    while (flag != i) {
    }
    asm volatile("fence r, r" : : : "memory");
    in_order += data[i % 8] == i;
    asm volatile("fence rw, w" : : : "memory");
    received = i;
  }
}

void second(void) {
  ready = 1;
  work();
  send();
  asm volatile("fence rw, w" : : : "memory");
  finished = 1;
  for (;;) asm volatile("wfi");
}

extern void second_start(void);
extern char bss_start[], bss_end[];

void first(uint64_t hart) {
  for (char* at = bss_start; at != bss_end; at++) *at = 0;
  if (FAULT != NOT_CLEARED) *not_cleared = 0;
  asm volatile("fence rw, rw" : : : "memory");
  sbi(0x48534D, 0, 1 - hart, (uint64_t)second_start, 0);
  while (ready == 0) {
  }
  work();
  receive();
  while (finished == 0) {
  }
  asm volatile("fence r, rw" : : : "memory");
  const int good = counter == 2 * ROUNDS && atomically == 2 * ROUNDS && in_order == MESSAGES && *not_cleared == 0;
  sbi(0x53525354, 0, 0, good ? 0 : 1, 0);
}

asm(".section .text.entry, \"ax\"\n"
    ".globl _start, second_start\n"
    "_start: la sp, stack_0\n j first\n"
    "second_start: la sp, stack_1\n j second\n"
    ".section .stacks, \"aw\", @nobits\n"
    ".balign 16\n .zero 4096\nstack_0: .zero 4096\nstack_1:\n"
    ".text\n");
