// SPDX-License-Identifier: MIT
// One instruction of each of Popek and Goldberg's classes, executed often: first by the kernel in S mode, then, the same code,
// by a process in U mode. What traps there is counted and skipped. Parameters (boot arguments):
//
//   times=N   how often each instruction is executed, in each of the modes
//   permit=1  user mode may read the clock (scounteren.TM)
//
// The code of both is code.S, in pages of its own that are mapped twice: where the kernel is, and for user mode 1 GiB below.
#include "../shared/lab.h"

enum { CAUSE_ILLEGAL = 2, INSTRUCTIONS = 5 };
#define USER_MINUS_KERNEL (0x40000000UL - 0x80000000UL)

// code.S: executes instruction `which` so often.
void execute(uint64_t which, uint64_t times);
// Goes to U mode, at `pc` with two arguments, and comes back at the process's ecall.
void run_process(uint64_t pc, uint64_t which, uint64_t times);
void process_trap(void);

static uint64_t root[512] __attribute__((aligned(4096)));
static uint64_t traps;

// Called by process_trap. True: the process has ended.
bool trap_of_process(void) {
  const uint64_t cause = csr_read(scause);
  if (csr_read(sstatus) & SSTATUS_SPP) give_up("a trap in the kernel itself, cause", cause);
  if (cause == CAUSE_USER_CALL) return true;
  if (cause != CAUSE_ILLEGAL) give_up("the process trapped, cause", cause);
  traps++;
  csr_write(sepc, csr_read(sepc) + 4);  // the instruction is skipped
  return false;
}

void lab_main(uint64_t hart, const uint8_t* tree) {
  static const char* const kNames[INSTRUCTIONS] = {"trapped_add", "trapped_sscratch", "trapped_time", "trapped_fence", "trapped_sie"};
  (void)hart;
  read_parameters(tree);
  const uint64_t times = parameter("times", 1);
  const uint64_t all = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
  root[LEVEL_INDEX(0x80000000UL, 2)] = PTE_OF(0x80000000UL, all);
  root[LEVEL_INDEX(0x40000000UL, 2)] = PTE_OF(0x80000000UL, all | PTE_U);
  csr_write(stvec, process_trap);
  csr_write(sstatus, 0);
  csr_write(scounteren, parameter("permit", 0) ? 2 : 0);
  csr_write(satp, SATP_SV39 | (uint64_t)root >> 12);
  asm volatile("sfence.vma" : : : "memory");

  for (uint64_t i = 0; i < INSTRUCTIONS; i++) execute(i, times);
  uint64_t sum = 0;
  for (uint64_t i = 0; i < INSTRUCTIONS; i++) {
    traps = 0;
    run_process((uint64_t)user_begin + USER_MINUS_KERNEL, i, times);
    report(kNames[i], traps);
    sum += traps;
  }
  report("trapped", sum);
  power_off();
}
