// SPDX-License-Identifier: MIT
// With the boot argument "tests": what a guest must not do, and what it may, one line each. A value is the cause of
// the trap that came of it (0: none) unless the line says what else; 100 more, if stval was wrong. What it must be
// follows from the privileged specification, and is written down in tests/system/minihv_test.py.
#include "kernel.h"

#define NOTHING_THERE 0x0f000000UL  // on the board: between the PLIC and the UART
static uint64_t test_level0[512] __attribute__((aligned(4096)));
static uint64_t test_page[512] __attribute__((aligned(4096)));
static uint64_t other_page[512] __attribute__((aligned(4096)));

uint64_t scan_me(uint64_t five), read_own(void), write_own(uint32_t instruction), rewritten(void);  // code.S
extern uint32_t rewritten_code[];

static void report(const char* name, uint64_t value) { put_value("test.", name, value); }

static void report_fault(const char* name, uint64_t at) {
  report(name, fault_cause + (fault_cause != 0 && fault_value != at ? 100 : 0));
}

static void load(const char* name, uint64_t at) {
  uint64_t value;
  fault_cause = 0;
  asm volatile("ld %0, 0(%1)" : "=r"(value) : "r"(at) : "memory");
  report_fault(name, at);
}

static void store(const char* name, uint64_t at) {
  fault_cause = 0;
  asm volatile("sd zero, 0(%0)" : : "r"(at) : "memory");
  report_fault(name, at);
}

static void call(const char* name, uint64_t at) {
  fault_cause = 0;
  asm volatile("jalr %0" : : "r"(at) : "ra", "memory");
  report_fault(name, at);
}

// The address of the boot argument outside=A: memory that a guest does not have and its hypervisor does.
uint64_t outside_address;

void tests_with_paging_off(void) {
  load("bare-load-outside", NOTHING_THERE);
  store("bare-store-outside", NOTHING_THERE);
  call("bare-fetch-outside", NOTHING_THERE);
  if (outside_address != 0) {
    load("bare-load-beyond", outside_address);
    store("bare-store-beyond", outside_address);
    call("bare-fetch-beyond", outside_address);
  }
  report("scan-sum", scan_me(5));
}

static void map_test(uint64_t pte) {
  test_level0[0] = pte;
  fence_all();
}

static void test_rights(void) {
  uint64_t all = PTE_V | PTE_A | PTE_D, page = PTE_OF(test_page, all);
  map_test(page | PTE_R);
  load("read-only-load", TEST_VA);
  store("read-only-store", TEST_VA);
  call("read-only-fetch", TEST_VA);
  map_test(page | PTE_W);
  load("write-without-read", TEST_VA);
  map_test(0);
  load("invalid", TEST_VA);
  map_test(page | PTE_R | 1UL << 54);
  load("reserved-bit", TEST_VA);
  map_test(page | PTE_X);
  load("execute-only-load", TEST_VA);
  csr_set(sstatus, SSTATUS_MXR);
  load("execute-only-load-mxr", TEST_VA);
  csr_clear(sstatus, SSTATUS_MXR);
  load("execute-only-load-again", TEST_VA);
  map_test(page | PTE_R | PTE_W | PTE_X | PTE_U);
  load("user-page-load", TEST_VA);
  csr_set(sstatus, SSTATUS_SUM);
  load("user-page-load-sum", TEST_VA);
  store("user-page-store-sum", TEST_VA);
  fence_all();  // QEMU 7.2 would take the translation that it keeps for loads
  call("user-page-fetch-sum", TEST_VA);
  csr_clear(sstatus, SSTATUS_SUM);
  load("user-page-load-again", TEST_VA);
  load("not-canonical", 1UL << 39);
  load("not-mapped", TEST_VA + PAGE);
}

// Accessed and dirty: on machines whose hardware sets them, as it is on this board.
static void test_accessed_and_dirty(void) {
  volatile uint64_t* entry = &test_level0[0];
  map_test(PTE_OF(test_page, PTE_V | PTE_R | PTE_W));
  load("fresh-load", TEST_VA);
  report("fresh-load-sets", *entry & (PTE_A | PTE_D));
  store("fresh-store", TEST_VA);
  report("fresh-store-sets", *entry & (PTE_A | PTE_D));
}

static void test_changes(void) {
  volatile uint64_t* at = (uint64_t*)TEST_VA;
  uint64_t rights = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D;
  test_page[1] = 11, other_page[1] = 22;
  map_test(PTE_OF(test_page, rights));
  report("before-change", at[1]);
  map_test(PTE_OF(other_page, rights));
  report("after-change", at[1]);
  user_level1[LEVEL_INDEX(TEST_VA, 1)] = PTE_OF(0x80200000, rights);  // 2 MiB: the kernel's own image
  fence_all();
  report("superpage-same", *(uint32_t*)(TEST_VA + PAGE) == *(uint32_t*)(0x80200000 + PAGE));
  user_level1[LEVEL_INDEX(TEST_VA, 1)] = PTE_OF(0x80201000, rights);
  fence_all();
  load("superpage-misaligned", TEST_VA);
  user_level1[LEVEL_INDEX(TEST_VA, 1)] = PTE_OF(NOTHING_THERE, PTE_V);
  fence_all();
  load("table-outside", TEST_VA);
  user_level1[LEVEL_INDEX(TEST_VA, 1)] = PTE_OF(test_level0, PTE_V);
  map_test(PTE_OF(NOTHING_THERE, rights));
  load("page-outside", TEST_VA);
  store("page-store-outside", TEST_VA);
  if (outside_address == 0) return;
  map_test(PTE_OF(outside_address, rights));
  load("page-beyond", TEST_VA);
  store("page-store-beyond", TEST_VA);
}

// Code as data, and data that becomes code: a hypervisor that patches code must hide it.
static void test_code(void) {
  report("read-own-code", read_own());
  report("read-other-code", *(uint32_t*)(uint64_t)rewritten_code);
  report("code-before", rewritten());
  csr_write(sscratch, 33);
  *rewritten_code = 0x14002573;  // csrr a0, sscratch
  asm volatile("fence.i" : : : "memory");
  report("code-written", rewritten());
  csr_write(sscratch, 44);
  report("code-writes-itself", write_own(0x14003573));  // csrrc a0, sscratch, zero
  asm volatile("amoswap.w zero, %1, (%0)" : : "r"(rewritten_code), "r"(0x02a00513) : "memory");  // li a0, 42
  asm volatile("fence.i" : : : "memory");
  report("code-swapped", rewritten());
  csr_write(sscratch, 0);
}

static void test_interrupts(void) {
  set_timer(time_now() + 100);
  while (!(csr_read(sip) & SI_TIMER)) asm volatile("wfi");
  report("timer-while-off", timer_traps);
  csr_set(sstatus, SSTATUS_SIE);
  csr_clear(sstatus, SSTATUS_SIE);
  report("timer-when-on", timer_traps);
  csr_set(sip, 2);  // the software interrupt of one's own; never enabled here
  report("sip-software", csr_read(sip) & 2);
  csr_clear(sip, 2);
}

static void test_registers(void) {
  uint64_t before = csr_read(satp);
  csr_write(satp, before | 7UL << 60);  // a mode that there is not: nothing happens
  report("satp-bad-mode-kept", csr_read(satp) == before);
  csr_write(sepc, 0x1003);
  report("sepc-bit-0", csr_read(sepc) & 1);
  csr_write(sstatus, csr_read(sstatus) | SSTATUS_SPP);
  report("spp", csr_read(sstatus) >> 8 & 1);
  fault_cause = 0;
  asm volatile("csrr zero, mstatus");
  report("machine-csr", fault_cause);
  fault_cause = 0;
  asm volatile("mret");
  report("mret", fault_cause);
  fault_cause = 0;
  asm volatile("ebreak");
  report("ebreak", fault_cause);
}

void tests_with_paging_on(void) {
  user_level1[LEVEL_INDEX(TEST_VA, 1)] = PTE_OF(test_level0, PTE_V);
  test_rights();
  test_accessed_and_dirty();
  test_changes();
  test_code();
  test_interrupts();
  test_registers();
  csr_clear(sstatus, SSTATUS_SPP);
  set_timer(time_now() + 100);  // the process waits for it
}

void tests_after_user(void) {
  static const char names[][24] = {
      "user-load-kernel", "user-store-kernel", "user-fetch-kernel", "user-csr-read", "user-csr-write", "user-sret",
      "user-fence", "user-store-text", "user-ebreak", "user-load-last-gib", "user-fetch-last-gib",
      "user-not-canonical", "user-not-mapped", "user-time", "user-cycle", "user-wrote", "user-interrupted"};
  const uint64_t* results = (uint64_t*)FREE_PAGES;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) report(names[i], results[i]);
}
