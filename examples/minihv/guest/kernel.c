// SPDX-License-Identifier: MIT
// A kernel with one process, one timer and one critical section. Boot arguments (shared/library.c takes them apart):
//
//   pages=P   the process touches P pages that are mapped when it does            P page faults
//   calls=C   then it makes C system calls, and one more to end                   C + 1 traps
//   rounds=N  then the kernel runs the critical section N times                   N timer interrupts
//   pv        paravirtual, where there is a hypervisor that offers it
//   tests     what a guest must not and must be able to do (tests.c), instead of P and C
//
// Everything it prints follows from these numbers, on any machine that is right.
#include "../shared/paravirtual.h"
#include "kernel.h"

uint64_t kernel_root[512] __attribute__((aligned(4096)));
uint64_t user_level1[512] __attribute__((aligned(4096)));
uint64_t text_level0[512] __attribute__((aligned(4096)));
uint64_t data_level0[512] __attribute__((aligned(4096)));
static uint64_t kernel_level1[512] __attribute__((aligned(4096)));

volatile struct shared exchange;  // with a hypervisor that offers it
volatile uint64_t timer_traps, fault_cause, fault_value;
static bool paravirtual, testing;
static uint64_t rounds, user_calls, page_faults, user_sum, exit_value;
static volatile uint64_t counter;  // the critical section's, and the timer handler's

static void map_address_space(void) {
  for (uint64_t i = 0; i < 4; i++)
    kernel_level1[i] = PTE_OF(0x80000000UL + (i << 21), PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D);
  kernel_root[LEVEL_INDEX(0x80000000UL, 2)] = PTE_OF(kernel_level1, PTE_V);
  kernel_root[0] = PTE_OF(user_level1, PTE_V);
  user_level1[LEVEL_INDEX(USER_TEXT, 1)] = PTE_OF(text_level0, PTE_V);
  user_level1[LEVEL_INDEX(USER_DATA, 1)] = PTE_OF(data_level0, PTE_V);
  for (uint64_t at = (uint64_t)user_begin, i = 0; at < (uint64_t)user_end; at += PAGE, i++)
    text_level0[i] = PTE_OF(at, PTE_V | PTE_R | PTE_X | PTE_U | PTE_A);
  csr_write(satp, SATP_SV39 | (uint64_t)kernel_root >> 12);
  fence_all();
}

// The process touched a page that it has not got yet. False: and it will not get it.
static bool map_on_demand(uint64_t va) {
  uint64_t page = (va - USER_DATA) / PAGE;
  if (va < USER_DATA || page >= MOST_PAGES || data_level0[page] != 0) return false;
  data_level0[page] = PTE_OF(FREE_PAGES + page * PAGE, PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D);
  page_faults++;
  if (paravirtual) {
    sbi_call(PARAVIRTUAL, PARAVIRTUAL_MAP, va & ~(PAGE - 1), 1);
  } else {
    fence_all();
  }
  return true;
}

static void interrupts_off(void) {
  if (paravirtual) {
    exchange.masked = 1;
  } else {
    csr_clear(sstatus, SSTATUS_SIE);
  }
}

static void interrupts_on(void) {
  if (!paravirtual) {
    csr_set(sstatus, SSTATUS_SIE);
    return;
  }
  exchange.masked = 0;
  if (exchange.pending) sbi_call(PARAVIRTUAL, PARAVIRTUAL_POLL, 0, 0);
}

// `counter` is read, then written: the timer handler, which adds to it too, must not come between. The timer is set so
// that it would. Where the first instruction of interrupts_off() does nothing, each round loses what the handler added.
// The section waits for as long as that takes; a paravirtual guest can wait for the interrupt itself, which it sees
// come, and so needs no machine that is in time.
static void critical_rounds(void) {
  for (uint64_t i = 0; i < rounds; i++) {
    uint64_t traps = timer_traps;
    interrupts_off();
    uint64_t value = counter;
    uint64_t due = time_now() + 100;
    set_timer(due);
    while (paravirtual ? !exchange.pending : time_now() < due + 100) continue;
    counter = value + 1;
    interrupts_on();
    while (timer_traps == traps) continue;
  }
}

// In S mode, with interrupts on: the sret that ended the last trap has brought us here.
static void after_user(void) {
  if (testing) tests_after_user();
  critical_rounds();
  put_value("guest.", "user-sum", user_sum);
  put_value("guest.", "user-exit", exit_value);
  put_value("guest.", "counter-should-be", 2 * rounds);
  put_value("guest.", "counter", counter);
  put_value("guest.trap.", "ecall", user_calls);
  put_value("guest.trap.", "page-fault", page_faults);
  put_value("guest.trap.", "timer", timer_traps);
  power_off(false);
}

static void system_call(struct trap_frame* frame) {
  user_calls++;
  frame->sepc += 4;
  if (frame->x[17] == SYS_ADD) {
    frame->x[10] = user_sum += frame->x[10];
  } else {
    exit_value = frame->x[10];
    frame->sepc = (uint64_t)after_user;
    frame->sstatus |= SSTATUS_SPP | SSTATUS_SPIE;
    frame->x[2] = (uint64_t)stack_top;
  }
}

// For tests.c: note the fault and go on behind the instruction; behind the call, if it led nowhere.
static void note_fault(struct trap_frame* frame, uint64_t cause, uint64_t value) {
  if (!testing) {
    put("guest: unexpected trap, cause "), put_decimal(cause), put(", value "), put_hex(value);
    put(", pc "), put_hex(frame->sepc), put("\n");
    power_off(true);
  }
  bool user = !(frame->sstatus & SSTATUS_SPP);
  fault_cause = cause;
  fault_value = value;
  if (user) {  // the user tests' own report: the cause, as if the instruction had returned it
    frame->x[10] = cause;
    fault_value = 0;
  }
  if (cause == CAUSE_FETCH_ACCESS || cause == CAUSE_FETCH_PAGE) {
    frame->sepc = frame->x[1];
  } else {
    uint64_t code = user ? frame->sepc - USER_TEXT + (uint64_t)user_begin : frame->sepc;
    frame->sepc += (*(uint16_t*)code & 3) == 3 ? 4 : 2;
  }
}

void trap(struct trap_frame* frame) {
  uint64_t cause = paravirtual ? exchange.scause : csr_read(scause);  // csr
  if (cause == CAUSE_TIMER) {
    set_timer(NEVER);
    timer_traps++;
    counter++;
    if (testing && !(frame->sstatus & SSTATUS_SPP)) ((uint64_t*)FREE_PAGES)[63] = 1;  // user.S waits for it
  } else if (cause == CAUSE_USER_CALL) {
    system_call(frame);
  } else {
    uint64_t value = paravirtual ? exchange.stval : csr_read(stval);  // csr
    bool page_fault = cause == CAUSE_LOAD_PAGE || cause == CAUSE_STORE_PAGE;
    if (!page_fault || !map_on_demand(value)) note_fault(frame, cause, value);
  }
}

void kernel_main(uint64_t hart, uint8_t* tree) {
  const char* arguments = (char*)tree_property(tree, "chosen", "bootargs");
  uint64_t pages = argument_number(arguments, "pages=", 4), calls = argument_number(arguments, "calls=", 10);
  rounds = argument_number(arguments, "rounds=", 10);
  testing = argument(arguments, "tests") != NULL;
  outside_address = argument_number(arguments, "outside=", 0);
  paravirtual = argument(arguments, "pv") != NULL && sbi_call(SBI_BASE, 3, PARAVIRTUAL, 0).value != 0;
  (void)hart;
  put("guest: a kernel with one process\n");
  if (paravirtual) {
    exchange.kernel_sp = (uint64_t)stack_top;
    sbi_call(PARAVIRTUAL, PARAVIRTUAL_SHARE, (uint64_t)&exchange, 0);
  }
  csr_write(stvec, paravirtual ? paravirtual_entry : trap_entry);
  csr_write(sscratch, 0);
  csr_write(sie, SI_TIMER);
  csr_write(scounteren, 2);  // user mode may read the time
  if (testing) tests_with_paging_off();
  map_address_space();
  if (testing) tests_with_paging_on();
  static struct trap_frame frame;  // of a trap that there never was
  frame.sepc = USER_TEXT + (uint64_t)((testing ? user_tests : user_main) - user_begin);
  frame.x[10] = pages < MOST_PAGES ? pages : MOST_PAGES;
  frame.x[11] = calls;
  if (paravirtual) paravirtual_leave_trap(&frame);
  leave_trap(&frame);
}
