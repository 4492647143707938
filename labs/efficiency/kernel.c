// SPDX-License-Identifier: MIT
// A kernel that works in the five ways of work.S. Parameters (boot arguments):
//
//   arithmetic=A masks=M enables=E devices=D writes=W   how often each
//   no_devices=1   there are none here (the mini hypervisor's machine): D is taken as 0
//   idle=1         all five are taken as 0: what is counted then is the rest, to be subtracted
//
// Then it looks twice whether the machine does what it should: `seen` is what it reads behind a page-table entry that was
// changed and fenced (2), `enabled` whether interrupts can be enabled at all (1).
#include "../shared/lab.h"

#define WINDOW 0x40000000UL  // guest-virtual, a page
static volatile uint8_t* const kUart = (uint8_t*)0x10000000;  // of the virt board

static uint64_t root[512] __attribute__((aligned(4096)));
static uint64_t level1[512] __attribute__((aligned(4096)));
static volatile uint64_t level0[512] __attribute__((aligned(4096)));
static volatile uint64_t pages[2][512] __attribute__((aligned(4096)));

uint64_t work(uint64_t arithmetic, uint64_t masks, uint64_t enables, uint64_t devices, uint64_t writes, volatile uint8_t* device,
              volatile uint64_t* entry);

static void fence(void) { asm volatile("sfence.vma" : : : "memory"); }

// The kernel and the devices where they are; the window through all three levels.
static void map(void) {
  const uint64_t all = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
  root[LEVEL_INDEX(0x10000000UL, 2)] = PTE_OF(0, all);
  root[LEVEL_INDEX(0x80000000UL, 2)] = PTE_OF(0x80000000UL, all);
  root[LEVEL_INDEX(WINDOW, 2)] = PTE_OF(level1, PTE_V);
  level1[0] = PTE_OF(level0, PTE_V);
  level0[0] = PTE_OF(pages[0], all & ~PTE_X);
  csr_write(satp, SATP_SV39 | (uint64_t)root >> 12);
  fence();
}

static uint64_t read_behind_a_change(void) {
  level0[0] = PTE_OF(pages[1], PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
  fence();
  return *(volatile uint64_t*)WINDOW;
}

static uint64_t enable_interrupts(void) {  // sie is 0: none comes
  csr_set(sstatus, SSTATUS_SIE);
  const uint64_t enabled = (csr_read(sstatus) & SSTATUS_SIE) != 0;
  csr_clear(sstatus, SSTATUS_SIE);
  return enabled;
}

void lab_main(uint64_t hart, const uint8_t* tree) {
  (void)hart;
  read_parameters(tree);
  const uint64_t some = parameter("idle", 0) == 0, there = parameter("no_devices", 0) == 0;
  const uint64_t arithmetic = some * parameter("arithmetic", 1), masks = some * parameter("masks", 1);
  const uint64_t enables = some * parameter("enables", 1), writes = some * parameter("writes", 1);
  const uint64_t devices = some * there * parameter("devices", 1);
  csr_write(sie, 0);
  pages[0][0] = 1;
  pages[1][0] = 2;
  map();
  (void)*(volatile uint64_t*)WINDOW;  // from now on level0 is a table that is in use
  if (there) (void)kUart[5];
  report("ran", work(arithmetic, masks, enables, devices, writes, kUart, &level0[1]));
  report("seen", read_behind_a_change());
  report("enabled", enable_interrupts());
  power_off();
}
