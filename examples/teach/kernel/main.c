// SPDX-License-Identifier: MIT
// From the first C statement to the first program. Read this first; README.md says what comes after.
#include "board.h"
#include "kernel.h"

static void greet(uint64_t hart, uint64_t ram_end) {
  kprintf("\n");
  kprintf("   .---------.\n");
  kprintf("   |  teach  |   a small kernel in a glass case\n");
  kprintf("   '---------'   hart %lu, %lu MiB, Sv39\n", hart, (ram_end - RAM_BASE) >> 20);
  kprintf("\n");
}

static void mount(void) {
  const char* problem = "there is none";
  if (virtio_init()) {
    block_use(VIRTIO_DISK);
    problem = fs_mount();
    if (problem != NULL) kprintf("kernel: the disk is not used: %s\n", problem);
  }
  if (problem != NULL) {
    block_use(RAM_DISK);
    problem = fs_mount();
    if (problem != NULL) panic("no file system: %s", problem);
  }
}

// Process 1, still in the kernel. It can wait for the disk, which kernel_main() could not: sleep_on() needs a
// process that sleeps.
static void first_process(void) {
  mount();
  int error = exec("init", 0);
  if (error < 0) panic("the program init does not start: error %d", error);
}

// `hart` is the one that runs us, whichever the firmware chose; it keeps all others stopped until somebody
// asks for them (SBI, hart state management), and nobody does.
void kernel_main(uint64_t hart, const void* tree) {
  uint64_t ram_end = fdt_ram_end(tree);
  sbi_init();
  greet(hart, ram_end);
  vm_init(ram_end);  // from here on addresses are virtual; RAM looks the same
  trap_init(hart);
  console_init();
  page_init(ram_end);
  proc_first(first_process);
  schedule();
  panic("nothing left to run");
}
