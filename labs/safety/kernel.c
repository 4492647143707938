// SPDX-License-Identifier: MIT
// A hostile guest. It tries to get at what is not its own, in every way that it has, and counts what stopped it.
// Parameters (boot arguments):
//
//   tries=N    so often in each way
//
//   a process (U mode) loads from its kernel's pages, and stores to them
//   the kernel (S mode) loads from and stores to addresses where nothing is
//   the kernel tells a virtio disk to write where there is no RAM, or only half of it
//
// What traps is skipped: each instruction that tries has four bytes. attack.S has them.
#include "../shared/disk.h"
#include "../shared/lab.h"

enum { CAUSE_LOAD_ACCESS = 5, CAUSE_STORE_ACCESS = 7, CAUSE_LOAD_PAGE = 13, A0 = 10, A1 = 11 };
#define USER 0x40000000UL
#define NOTHING 0x1f000000UL  // between the virt board's devices
enum { SECRET = 42 };

void attack(void);  // in the process's page
void load_from(uint64_t at);
void store_to(uint64_t at);

static uint64_t root[512] __attribute__((aligned(4096)));
static uint64_t middle[512] __attribute__((aligned(4096)));
static uint64_t leaves[512] __attribute__((aligned(4096)));
static volatile uint64_t secret __attribute__((aligned(4096))) = SECRET;
static uint64_t process[32];
static uint64_t loads_stopped, stores_stopped;
static volatile uint64_t wild_loads_stopped, wild_stores_stopped;
static uint64_t tries;

// RAM has no R, W, X for U mode but in the process's page; devices and nothing lie below.
static void map(void) {
  const uint64_t kernel = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
  root[0] = PTE_OF(0, kernel & ~PTE_X);
  root[LEVEL_INDEX(0x80000000UL, 2)] = PTE_OF(0x80000000UL, kernel);
  root[LEVEL_INDEX(USER, 2)] = PTE_OF(middle, PTE_V);
  middle[0] = PTE_OF(leaves, PTE_V);
  leaves[0] = PTE_OF(user_begin, PTE_V | PTE_R | PTE_X | PTE_U | PTE_A);
  csr_write(satp, SATP_SV39 | (uint64_t)root >> 12);
  asm volatile("sfence.vma" : : : "memory");
}

static void __attribute__((interrupt("supervisor"), aligned(4))) stopped_in_kernel(void) {
  const uint64_t cause = csr_read(scause);
  if (cause == CAUSE_LOAD_ACCESS)
    wild_loads_stopped++;
  else if (cause == CAUSE_STORE_ACCESS)
    wild_stores_stopped++;
  else
    give_up("a trap in the kernel, cause", cause);
  csr_write(sepc, csr_read(sepc) + 4);
}

static void go_wild(void) {
  csr_write(stvec, stopped_in_kernel);
  for (uint64_t i = 0; i < tries; i++) load_from(NOTHING + 8 * i);
  for (uint64_t i = 0; i < tries; i++) store_to(NOTHING + 8 * i);
}

// Below RAM; at its end and beyond; where the sum with the length comes round to 0.
static uint64_t misuse_the_disk(uint64_t end_of_ram) {
  const uint64_t targets[] = {0, NOTHING, end_of_ram, end_of_ram - 256, ~0UL - 255, 1UL << 55};
  uint64_t refused = 0;
  for (uint64_t i = 0; i < tries; i++) {
    start_disk();
    refused += disk_refuses(targets[i % 6]);
  }
  return refused;
}

static void end(void) {
  report("loads_stopped", loads_stopped);
  report("stores_stopped", stores_stopped);
  report("secret_changed", secret != SECRET);
  power_off();
}

void trap(void) {
  const uint64_t cause = csr_read(scause);
  if (csr_read(sstatus) & SSTATUS_SPP) give_up("a trap in the kernel, cause", cause);
  if (cause == CAUSE_USER_CALL) end();
  if (cause == CAUSE_LOAD_PAGE)
    loads_stopped++;
  else if (cause == CAUSE_STORE_PAGE)
    stores_stopped++;
  else
    give_up("the process trapped, cause", cause);
  process[0] += 4;
  resume(process);
}

void lab_main(uint64_t hart, const uint8_t* tree) {
  (void)hart;
  read_parameters(tree);
  tries = parameter("tries", 1);
  uint32_t length;
  const uint8_t* const memory = tree_property(tree, "memory@80000000", "reg", &length);
  uint64_t size = 0;
  for (uint32_t i = 8; i < 16 && length == 16; i++) size = size << 8 | memory[i];
  if (size == 0) give_up("the device tree does not say how much RAM there is", length);
  map();

  go_wild();
  report("wild_loads_stopped", wild_loads_stopped);
  report("wild_stores_stopped", wild_stores_stopped);
  report("dma_refused", misuse_the_disk(0x80000000UL + size));
  start_disk();
  read_blocks(1, 1, NULL);
  report("works_again", disk_counts.told == 1 && disk_counts.failed == 0);

  csr_write(stvec, trap_entry);
  csr_write(sstatus, 0);
  process[0] = (uint64_t)attack - (uint64_t)user_begin + USER;
  process[A0] = (uint64_t)&secret;
  process[A1] = tries;
  resume(process);
}
