// SPDX-License-Identifier: MIT
// The lower layers: a kernel with one process, and what it prints by. Parameters (boot arguments):
//
//   text=T     what the program prints
//   buffer=B   its library collects so many characters before it asks the kernel
//   by=1       the kernel prints by SBI calls (one for each system call); otherwise by the UART's registers, character by character
//
// Where things are, in Sv39: 0 to 1 GiB as it is (devices, kernel only), the process's pages from 1 GiB on, RAM as it is.
#include "program.h"

#include "../shared/lab.h"

enum { CAUSE_LOAD_PAGE = 13, A0 = 10, A1 = 11, A7 = 17, SP = 2 };
#define SSTATUS_SUM (1UL << 18)
#define USER 0x40000000UL

static uint64_t root[512] __attribute__((aligned(4096)));
static uint64_t middle[512] __attribute__((aligned(4096)));
static uint64_t leaves[512] __attribute__((aligned(4096)));
static uint64_t process[32];
static volatile uint8_t* uart;
static uint64_t writes, bytes;
static bool by_sbi;
static volatile uint64_t refused;

static uint64_t in_process(const void* at) { return (uint64_t)at - (uint64_t)user_begin + USER; }

static void map(void) {
  const uint64_t kernel = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
  root[0] = PTE_OF(0, kernel & ~PTE_X);
  root[LEVEL_INDEX(0x80000000UL, 2)] = PTE_OF(0x80000000UL, kernel);
  root[LEVEL_INDEX(USER, 2)] = PTE_OF(middle, PTE_V);
  middle[LEVEL_INDEX(USER, 1)] = PTE_OF(leaves, PTE_V);
  for (char* page = user_begin; page < user_end; page += PAGE)
    leaves[LEVEL_INDEX(in_process(page), 0)] = PTE_OF(page, kernel | PTE_U);
  csr_write(satp, SATP_SV39 | (uint64_t)root >> 12);
  asm volatile("sfence.vma" : : : "memory");
}

// The wall between the layers: the kernel reads a process's memory only when it says that it means to (SUM). It tries once
// without, at an instruction of four bytes, which is skipped.
static void __attribute__((interrupt("supervisor"), aligned(4))) look_refused(void) {
  if (csr_read(scause) != CAUSE_LOAD_PAGE) give_up("a trap in the kernel, cause", csr_read(scause));
  refused++;
  csr_write(sepc, csr_read(sepc) + 4);
}
static void try_the_wall(void) {
  csr_write(stvec, look_refused);
  asm volatile(".option push\n.option norvc\nlb t0, 0(%0)\n.option pop" : : "r"(in_process(program_text)) : "t0", "memory");
}

// The lowest layer that a kernel knows: a device's registers (NS16550A: THR at 0, LSR at 5, bit 5 of it: there is room).
static void put_by_uart(char c) {
  while (!(uart[5] & 1 << 5)) {
  }
  uart[0] = (uint8_t)c;
}

static void write_call(uint64_t from, uint64_t length) {
  static char copy[MOST_BUFFER];
  if (from < USER || length > MOST_BUFFER || from + length > in_process(user_end)) give_up("a process wrote from", from);
  asm volatile("csrs sstatus, %0" : : "r"(SSTATUS_SUM) : "memory");
  for (uint64_t i = 0; i < length; i++) copy[i] = ((const char*)from)[i];
  asm volatile("csrc sstatus, %0" : : "r"(SSTATUS_SUM) : "memory");
  writes++;
  bytes += length;
  if (by_sbi) {
    if (sbi_call(SBI_CONSOLE, 0, length, (uint64_t)copy).error != 0) give_up("the firmware has no debug console", 0);
  } else {
    for (uint64_t i = 0; i < length; i++) put_by_uart(copy[i]);
  }
}

static void end(uint64_t calls_of_put) {
  put("\n");
  report("puts", calls_of_put);
  report("writes", writes);
  report("bytes", bytes);
  report("refused", refused);
  power_off();
}

void trap(void) {
  const uint64_t cause = csr_read(scause);
  if (cause != CAUSE_USER_CALL || csr_read(sstatus) & SSTATUS_SPP) give_up("a trap, cause", cause);
  process[0] += 4;
  if (process[A7] == CALL_EXIT) end(process[A0]);
  if (process[A7] != CALL_WRITE) give_up("there is no system call", process[A7]);
  write_call(process[A0], process[A1]);
  resume(process);
}

// stdout-path is "/soc/serial@10000000": the UART is where its name says.
static uint64_t uart_address(const uint8_t* tree) {
  uint32_t length;
  const char* at = (const char*)tree_property(tree, "chosen", "stdout-path", &length);
  uint64_t address = 0;
  bool behind = false;
  for (uint32_t i = 0; i < length && at[i] != 0 && at[i] != ':'; i++) {
    if (behind) address = address * 16 + (uint64_t)(at[i] <= '9' ? at[i] - '0' : at[i] - 'a' + 10);
    behind |= at[i] == '@';
  }
  return address;
}

void lab_main(uint64_t hart, const uint8_t* tree) {
  (void)hart;
  read_parameters(tree);
  by_sbi = parameter("by", 0);
  uart = (volatile uint8_t*)uart_address(tree);
  if (uart == NULL) give_up("the device tree names no console", 0);
  parameter_text("text", program_text, MOST_TEXT + 1);
  map();
  try_the_wall();

  csr_write(stvec, trap_entry);
  csr_write(sstatus, 0);  // resume() leads to U mode
  process[0] = in_process((const void*)program);
  process[SP] = in_process(program_stack + 128);
  process[A0] = smaller(larger(parameter("buffer", 1), 1), MOST_BUFFER);
  resume(process);
}
