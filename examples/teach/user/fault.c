// SPDX-License-Identifier: MIT
// Forbidden things, one at a time: each but the last one ends this process and nothing else.
#include "user.h"

// In assembly, since a C compiler may do what it likes with what these do.
static void load(uint64_t address) { asm volatile("lb zero, 0(%0)" : : "r"(address) : "memory"); }
static void store(uint64_t address) { asm volatile("sb zero, 0(%0)" : : "r"(address) : "memory"); }

static void null_read(void) { load(0); }
static void text_write(void) { store((uint64_t)text_write); }
static void kernel_read(void) { load(0x80200000); }
static void jump(void) { asm volatile("jr %0" : : "r"(0x30000000UL)); }
static void illegal(void) { asm volatile(".word 0xffffffff"); }  // all ones is never an instruction
static void privileged(void) { asm volatile("csrr zero, satp"); }

// Each call needs the variable of the one above it, so that none can become a jump.
static int recurse(volatile int* above) {
  volatile int here = *above + 1;
  return here > 0 ? recurse(&here) + here : 0;
}

static void overflow(void) {
  volatile int first = 0;
  recurse(&first);
}

// Reads and writes memory of its own that is not there yet, until there is none left.
static void memory(void) {
  for (;;) {
    char* more = sbrk(4096);
    if ((int64_t)more < 0) exit(failed("sbrk", (int64_t)more));
    store((uint64_t)more);
  }
}

static uint32_t faults_so_far(void) {
  struct process_info p;
  find_process(getpid(), &p);
  return p.faults;
}

static void demand(void) {
  enum { PAGES = 16, PAGE_BYTES = 4096 };
  uint64_t heap = (uint64_t)sbrk(PAGES * PAGE_BYTES);
  uint32_t before = faults_so_far();
  for (int i = 0; i < PAGES; i += 2) store(heap + (uint64_t)i * PAGE_BYTES);
  uint32_t after = faults_so_far();
  printf("16 pages of heap asked for, every second one written to: %u page faults, all mended\n",
         after - before);
}

static const struct {
  const char* name;
  void (*act)(void);
  const char* text;
} kinds[] = {
    {"null", null_read, "read through a null pointer"},
    {"text", text_write, "write to the program's own instructions"},
    {"kernel", kernel_read, "read the kernel's memory"},
    {"jump", jump, "jump to where nothing is"},
    {"illegal", illegal, "execute what is not an instruction"},
    {"privileged", privileged, "read the root of the page table"},
    {"stack", overflow, "recurse until the stack is full"},
    {"memory", memory, "take memory until there is none left"},
    {"demand", demand, "touch memory that is not there yet (allowed)"},
};

int main(int argc, char** argv) {
  const int count = sizeof kinds / sizeof kinds[0];
  for (int i = 0; argc == 2 && i < count; i++) {
    if (strcmp(argv[1], kinds[i].name) != 0) continue;
    printf("fault: about to %s\n", kinds[i].text);
    kinds[i].act();
    return 0;
  }
  printf("usage: fault KIND, where KIND is one of\n");
  for (int i = 0; i < count; i++) printf("  %-12s%s\n", kinds[i].name, kinds[i].text);
  return 1;
}
