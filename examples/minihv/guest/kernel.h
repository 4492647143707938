// SPDX-License-Identifier: MIT
// A guest kernel as small as the questions of the lab allow. It runs on the machine itself, in S mode on SBI, and
// unchanged under the hypervisor. Read next: kernel.c.
#pragma once
#include "../shared/riscv.h"

//   virtual                                 physical
//   0x1000_0000  the user program  r-x u    where the image has it
//   0x2000_0000  its data          rw- u    from 0x8040_0000, page by page as it touches them
//   0x3000_0000  for tests.c
//   0x8000_0000  the kernel        rwx      the same, in pages of 2 MiB
#define USER_TEXT 0x10000000UL
#define USER_DATA 0x20000000UL
#define TEST_VA 0x30000000UL
#define FREE_PAGES 0x80400000UL
#define MOST_PAGES 512UL

struct trap_frame {
  uint64_t x[32], sepc, sstatus;
};
enum { SYS_ADD = 1, SYS_EXIT = 2 };  // in a7; a0 is the argument and the result

// entry.S
extern char trap_entry[], paravirtual_entry[], stack_top[], user_begin[], user_end[];
_Noreturn void leave_trap(struct trap_frame* frame);
_Noreturn void paravirtual_leave_trap(struct trap_frame* frame);
// kernel.c
extern uint64_t kernel_root[512], user_level1[512], text_level0[512], data_level0[512];
extern volatile uint64_t timer_traps, fault_cause, fault_value;
static inline uint64_t time_now(void) { return csr_read(time); }
static inline void fence_all(void) { asm volatile("sfence.vma" : : : "memory"); }
// tests.c
extern uint64_t outside_address;
void tests_with_paging_off(void);
void tests_with_paging_on(void);
void tests_after_user(void);
// user.S
extern char user_main[], user_tests[];
