// SPDX-License-Identifier: MIT
// A kernel in the shape of xv6, as small as can be: an array of processes, and for each hart a pointer to its own. It runs in M
// mode and has no page tables of its own; programs run in U mode with a table that holds their page and nothing else.
// processes_test.py says what is expected.
#include <stdint.h>

typedef char name_text[16];
struct credentials {
  short group;
  const char* user;
};
struct proc {
  long lock;
  struct {
    int state;
    int pid;
  };
  struct credentials as;
  name_text name;
};
struct cpu {
  long depth;
  struct proc* proc;
};

struct cpu cpus[2];
struct proc procs[4] = {{.pid = 7, .name = "first", .as = {1, "ada"}},
                        {.pid = 70000, .name = "the second one", .as = {2, "grace"}},
                        {.pid = 8, .name = "esc\033[0m"},
                        {.pid = 9}};
struct proc* volatile single;
static struct proc* const wrong[] = {0, (struct proc*)0x10000000, (struct proc*)0x123456789abcdef0,
                                     (struct proc*)0xfffffffffffffff8, (struct proc*)3, &procs[2], &procs[3]};

// Sv39: the page at 1 GiB, for programs.
static uint64_t root[512] __attribute__((aligned(4096)));
static struct {
  uint32_t code[16];
  struct proc of_the_program;
} page __attribute__((aligned(1 << 21))) = {{0x00000073, 0xffdff06f}, {.pid = 66, .name = "forged"}};  // ecall; j .-4
static uint64_t middle[512] __attribute__((aligned(4096)));

#define PROGRAM 0x40000000ul

// An event in M mode: a read of UART register `n`, which the test finds by its address.
static void mark(int n) { (void)*(volatile uint8_t*)(0x10000000ul + n); }

void run_program(void);  // in the assembly below: to U mode, and back behind its ecall

static void as(int hart, struct proc* p) {
  cpus[hart].proc = p;
  single = p;
}

void kernel(long hart) {
  if (hart != 0) {
    as(1, &procs[1]);
    mark(3);
    for (;;) asm volatile("wfi");
  }
  mark(1);
  as(0, &procs[0]);
  mark(2);
  for (volatile int i = 0; i < 100000; i++) continue;  // hart 1 takes its turn
  root[1] = (uint64_t)middle >> 2 | 1;
  middle[0] = (uint64_t)&page >> 2 | 0xdf;  // V R W X U A D
  asm volatile("csrw satp, %0; sfence.vma" ::"r"(8ul << 60 | (uint64_t)root >> 12));
  asm volatile("csrw pmpaddr0, %0; csrw pmpcfg0, %1" ::"r"(-1l), "r"(0x1f));
  run_program();
  as(0, (struct proc*)(PROGRAM + 64));  // in the program's page: it may write there what it likes
  run_program();
  for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    as(0, wrong[i]);
    mark(4);
  }
  *(volatile uint32_t*)0x100000 = 0x5555;
}

asm(".globl _start, run_program\n"
    ".section .text.start, \"ax\"\n"
    "_start: csrr a0, mhartid; la sp, stacks; addi t0, a0, 1; slli t0, t0, 12; add sp, sp, t0; j kernel\n"
    ".text\n"
    "run_program: la t0, 1f; csrw mtvec, t0; li t0, 0x40000000; csrw mepc, t0\n"
    "  li t0, 0x1800; csrc mstatus, t0; mret\n"
    "  .balign 4\n1: ret\n"
    ".bss\n.balign 16\nstacks: .space 8192\n.text\n");
