// SPDX-License-Identifier: MIT
// Everything that enters the kernel: system calls, faults and interrupts, told apart by scause (priv 4.1.8),
// and the PLIC, which says which device interrupted (PLIC specification 1.0.0). entry.S draws the way to
// here.
#include "board.h"
#include "kernel.h"

extern char trap_entry[];

struct system_info counters;
static uint64_t plic_context;  // the PLIC's name for this hart in supervisor mode

// PLIC registers: what a line is worth, which lines a context wants, its threshold, its next line.
#define PLIC_PRIORITY(line) (PLIC + 4UL * (line))
#define PLIC_ENABLE(line) (PLIC + 0x2000 + 0x80 * plic_context + 4UL * ((line) / 32))
#define PLIC_THRESHOLD (PLIC + 0x200000 + 0x1000 * plic_context)
#define PLIC_CLAIM (PLIC_THRESHOLD + 4)

void plic_enable(int line) {
  write32(PLIC_PRIORITY(line), 1);
  write32(PLIC_ENABLE(line), read32(PLIC_ENABLE(line)) | 1u << line % 32);
}

void trap_init(uint64_t hart) {
  plic_context = 2 * hart + 1;  // two for each hart: machine mode, supervisor mode
  write32(PLIC_THRESHOLD, 0);
  csr_write(sscratch, 0);  // we are in the kernel
  csr_write(stvec, trap_entry);
  csr_write(scounteren, SCOUNTEREN_TIME);
  csr_write(sie, SIE_TIMER | SIE_EXTERNAL);
}

// A device asks. Claiming takes the line; completing it lets the device ask again.
static void external_interrupt(void) {
  uint32_t line = read32(PLIC_CLAIM);
  if (line == 0) return;  // somebody else took it
  if (line == UART_LINE) {
    counters.console_interrupts++;
    console_interrupt();
  } else if (virtio_interrupt((int)line)) {
    counters.disk_interrupts++;
  }
  write32(PLIC_CLAIM, line);
}

static void timer_interrupt(void) {
  sbi_set_timer(TIMER_NEVER);  // withdraws this one; schedule() sets the next
  counters.timer_interrupts++;
}

static const char* const cause_names[] = {
    "misaligned instruction address",
    "instruction access fault",
    "illegal instruction",
    "breakpoint",
    "misaligned load",
    "load access fault",
    "misaligned store",
    "store access fault",
    "system call",
    "supervisor call",
    "reserved",
    "machine call",
    "instruction page fault",
    "load page fault",
    "reserved",
    "store page fault",
};

static const char* cause_name(uint64_t cause) {
  return cause < sizeof cause_names / sizeof cause_names[0] ? cause_names[cause] : "unknown";
}

// A process did what it may not do. That is its end, and nobody else's.
static void kill_process(uint64_t cause, uint64_t value, uint64_t pc, const char* reason) {
  kprintf("kernel: pid %d (%s) killed by: %s, ", current->pid, current->name, cause_name(cause));
  if (cause == CAUSE_ILLEGAL) {
    kprintf("instruction 0x%lx", value);
  } else {
    kprintf("address 0x%lx", value);
  }
  kprintf(", pc 0x%lx%s%s\n", pc, *reason != 0 ? ": " : "", reason);
  current->killed = true;
}

static void user_fault(uint64_t cause, uint64_t value, uint64_t pc) {
  const char* reason = "";
  if (cause == CAUSE_FETCH_PAGE || cause == CAUSE_LOAD_PAGE || cause == CAUSE_STORE_PAGE) {
    uint64_t right = cause == CAUSE_FETCH_PAGE ? PTE_X : cause == CAUSE_LOAD_PAGE ? PTE_R : PTE_W;
    reason = vm_fault(current, value, right);
    if (reason == NULL) return;  // mended: the instruction is tried again
  }
  kill_process(cause, value, pc, reason);
}

void trap(struct trap_frame* frame) {
  uint64_t cause = csr_read(scause);
  bool from_user = (frame->sstatus & SSTATUS_SPP) == 0;
  bool slice_over = false;
  if (cause == (CAUSE_INTERRUPT | CAUSE_TIMER)) {
    timer_interrupt();
    slice_over = true;
  } else if (cause == (CAUSE_INTERRUPT | CAUSE_EXTERNAL)) {
    external_interrupt();
  } else if (!from_user) {
    panic("%s in the kernel, pc 0x%lx, address 0x%lx, ra 0x%lx, sp 0x%lx", cause_name(cause), frame->sepc,
          csr_read(stval), frame->x[REG_RA], frame->x[REG_SP]);
  } else if (cause == CAUSE_USER_CALL) {
    frame->sepc += 4;  // the result is for the instruction after ecall
    syscall(frame);
  } else {
    user_fault(cause, csr_read(stval), frame->sepc);
  }
  if (!from_user) return;  // the window in idle(): schedule() looks around itself
  if (current->killed) proc_exit(KILLED_STATUS);
  if (slice_over) {
    current->slices++;
    current->state = RUNNABLE;
    schedule();
    if (current->killed) proc_exit(KILLED_STATUS);
  }
}
