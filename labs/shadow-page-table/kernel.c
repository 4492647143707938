// SPDX-License-Identifier: MIT
// A kernel that does to page tables what kernels do: it maps pages when they are touched, forks, copies pages when they
// are written, unmaps. The processes are process.S. Parameters (boot arguments):
//
//   processes=N   the first process and the N - 1 children that it forks
//   pages=P       each has P pages of data; the first process touches each once, before it forks
//   writes=W      then each process writes W times, to one page after the other in an order that the seed makes
//   unmaps=U      then each unmaps U of its pages; never more than it has
//   seed=S        in which order the pages come
//
// It counts its own doings, and says at the end what it has counted. Each space looks like this:
//
//   root ----- entry 1 --> middle --- entry 0 --> data_leaf: the P pages of data
//        \                       \--- entry 1 --> text_leaf: entry 88, the page of code
//         \--- entry 2: a leaf of 1 GiB, 0x8000_0000 as it is: the kernel's, global
#include "../shared/lab.h"

enum { MOST_PROCESSES = 4, MOST_PAGES = 512 };
enum { CALL_FORK, CALL_YIELD, CALL_UNMAP, CALL_EXIT };  // a7 of a system call; process.S
enum { A0 = 10, A7 = 17, S0 = 8, S1 = 9, S2 = 18 };
enum { FIRST_VALUE = 100 };  // what the first process writes before it forks; later process i writes FIRST_VALUE + 1 + i
#define DATA 0x40000000UL
#define TEXT 0x40258000UL

struct process {
  uint64_t pc_and_x[32];  // shared/process_door.S
  uint64_t asid;
  uint64_t* root;
  uint64_t* data_leaf;
  bool ended;
};

static uint64_t tables[4 * MOST_PROCESSES][512] __attribute__((aligned(4096)));
static struct process processes[MOST_PROCESSES];
static struct process* current;
static uint64_t tables_used, process_count, pages, seed;
static char* next_frame;
static uint64_t table_writes, faults, copies, fences, switches, wrong;

// --- Page tables: every store to one is here.

static uint64_t* new_table(void) { return tables[tables_used++]; }

static void set_entry(uint64_t* entry, uint64_t value) {
  *(volatile uint64_t*)entry = value;
  table_writes++;
}

// "Ordering of stores to the page tables" (priv 4.2.1): of one page, or of a whole address space.
static void fence_page(struct process* p, uint64_t va) {
  asm volatile("sfence.vma %0, %1" : : "r"(va), "r"(p->asid) : "memory");
  fences++;
}
static void fence_space(struct process* p) {
  asm volatile("sfence.vma zero, %0" : : "r"(p->asid) : "memory");
  fences++;
}
static void fence_all(void) { asm volatile("sfence.vma" : : : "memory"); }

static uint64_t* new_frame(void) {
  char* frame = next_frame;
  next_frame += PAGE;
  return (uint64_t*)frame;
}

// --- Address spaces

static void make_space(struct process* p) {
  p->asid = 1 + (uint64_t)(p - processes);
  p->root = new_table();
  uint64_t* const middle = new_table();
  uint64_t* const text_leaf = new_table();
  const uint64_t kernel = PTE_V | PTE_R | PTE_W | PTE_X | PTE_G | PTE_A | PTE_D;
  set_entry(&p->root[LEVEL_INDEX(0x80000000UL, 2)], PTE_OF(0x80000000UL, kernel));
  set_entry(&p->root[LEVEL_INDEX(DATA, 2)], PTE_OF(middle, PTE_V));
  set_entry(&middle[LEVEL_INDEX(TEXT, 1)], PTE_OF(text_leaf, PTE_V));
  set_entry(&text_leaf[LEVEL_INDEX(TEXT, 0)], PTE_OF(user_begin, PTE_V | PTE_R | PTE_X | PTE_U | PTE_A));
}

// The table of the data's leaves is made when there is something to put into it.
static void make_data_leaf(struct process* p) {
  p->data_leaf = new_table();
  uint64_t* const middle = (uint64_t*)PTE_ADDRESS(p->root[LEVEL_INDEX(DATA, 2)]);
  set_entry(&middle[LEVEL_INDEX(DATA, 1)], PTE_OF(p->data_leaf, PTE_V));
}

// A machine without address-space identifiers keeps satp's at 0, and wants a fence instead (priv 4.1.11).
static void switch_to(struct process* p) {
  const uint64_t satp = SATP_SV39 | SATP_ASID(p->asid) | (uint64_t)p->root >> 12;
  current = p;
  csr_write(satp, satp);
  if (csr_read(satp) != satp) fence_all();
  switches++;
}

#define DATA_FLAGS (PTE_V | PTE_R | PTE_U | PTE_A | PTE_D)

// A page of data is touched for the first time: it gets a frame.
static void map_on_demand(struct process* p, uint64_t va) {
  if (p->data_leaf == NULL) make_data_leaf(p);
  uint64_t* const frame = new_frame();
  for (uint64_t i = 0; i < 512; i++) frame[i] = 0;
  set_entry(&p->data_leaf[LEVEL_INDEX(va, 0)], PTE_OF(frame, DATA_FLAGS | PTE_W));
  fence_page(p, va);
}

// A page that a fork made read-only is written: it becomes the process's own.
static void copy_on_write(struct process* p, uint64_t va) {
  uint64_t* const entry = &p->data_leaf[LEVEL_INDEX(va, 0)];
  const uint64_t* const from = (uint64_t*)PTE_ADDRESS(*entry);
  uint64_t* const frame = new_frame();
  for (uint64_t i = 0; i < 512; i++) frame[i] = from[i];
  copies++;
  set_entry(entry, PTE_OF(frame, DATA_FLAGS | PTE_W));
  fence_page(p, va);
}

static void store_fault(struct process* p, uint64_t va) {
  const uint64_t page = (va - DATA) / PAGE;
  faults++;
  if (va < DATA || page >= pages) give_up("a process stored to", va);
  if (p->data_leaf == NULL || !(p->data_leaf[page] & PTE_V)) return map_on_demand(p, va);
  if (p->data_leaf[page] & PTE_W) give_up("a store was refused that is allowed, to", va);
  copy_on_write(p, va);
}

// --- System calls

// Each process has its own order of the pages: begin somewhere, go on by a step that has no factor in common with them.
static uint64_t random_below(uint64_t limit) {
  seed = seed * 6364136223846793005UL + 1442695040888963407UL;
  return (seed >> 33) % limit;
}
static uint64_t common_factor(uint64_t a, uint64_t b) { return b == 0 ? a : common_factor(b, a % b); }

static void set_order(struct process* p) {
  uint64_t step = 1 + random_below(pages);
  while (common_factor(step, pages) != 1) step = 1 + step % pages;
  p->pc_and_x[S2 + 2] = random_below(pages);              // s4: where it begins
  p->pc_and_x[S2 + 3] = step;                             // s5
  p->pc_and_x[S2 + 4] = FIRST_VALUE + 1 + (uint64_t)(p - processes);  // s6: what it writes
}

// The child's entries are the parent's, and both lose the right to write.
static void fork(struct process* parent) {
  struct process* const child = &processes[process_count++];
  make_space(child);
  make_data_leaf(child);
  for (uint64_t i = 0; i < pages; i++) {
    const uint64_t entry = parent->data_leaf[i];
    set_entry(&child->data_leaf[i], entry & ~PTE_W);
    if (entry & PTE_W) set_entry(&parent->data_leaf[i], entry & ~PTE_W);
  }
  fence_space(parent);
  for (unsigned i = 0; i < 32; i++) child->pc_and_x[i] = parent->pc_and_x[i];
  child->pc_and_x[A0] = 0;
  parent->pc_and_x[A0] = 1;
  set_order(child);
}

static void unmap(struct process* p, uint64_t va) {
  set_entry(&p->data_leaf[LEVEL_INDEX(va, 0)], 0);
  fence_page(p, va);
}

// Is in each page what must be there? Pages that may be written hold the process's own value, the others the first one.
// The kernel looks at the frames themselves: no page table of the processes plays a part.
static void look_at_everybodys_pages(void) {
  for (struct process* p = processes; p < processes + process_count; p++)
    for (uint64_t i = 0; i < pages; i++) {
      const uint64_t entry = p->data_leaf[i];
      if (!(entry & PTE_V)) continue;
      const uint64_t expected = entry & PTE_W ? FIRST_VALUE + 1 + (uint64_t)(p - processes) : FIRST_VALUE;
      if (*(uint64_t*)PTE_ADDRESS(entry) != expected) wrong++;
    }
}

static void say_where(struct process* p) {
  const uint64_t page = p->pc_and_x[S2 + 2];
  const uint64_t entry = p->data_leaf[page];
  put("process "), put_decimal((uint64_t)(p - processes)), put(", page "), put_decimal(page);
  put(entry & PTE_W ? " (its own): GVA " : " (shared): GVA "), put_hex(DATA + page * PAGE);
  put(" -> GPA "), put_hex(PTE_ADDRESS(entry)), put("\n");
}

static void end(void) {
  report("table_writes", table_writes);
  report("faults", faults);
  report("copies", copies);
  report("fences", fences);
  report("switches", switches);
  report("wrong", wrong);
  power_off();
}

static void next_process(void) {
  struct process* p = current;
  do p = p + 1 == processes + process_count ? processes : p + 1;
  while (p->ended && p != current);
  if (p->ended) end();
  switch_to(p);
}

static void system_call(struct process* p) {
  p->pc_and_x[0] += 4;
  switch (p->pc_and_x[A7]) {
    case CALL_FORK: return fork(p);
    case CALL_YIELD: return say_where(p), look_at_everybodys_pages(), next_process();
    case CALL_UNMAP: return unmap(p, p->pc_and_x[A0]);
    case CALL_EXIT: return p->ended = true, next_process();
    default: give_up("there is no system call", p->pc_and_x[A7]);
  }
}

void trap(void) {
  const uint64_t cause = csr_read(scause);
  if (csr_read(sstatus) & SSTATUS_SPP) give_up("a trap in the kernel itself, cause", cause);
  if (cause == CAUSE_USER_CALL)
    system_call(current);
  else if (cause == CAUSE_STORE_PAGE)
    store_fault(current, csr_read(stval));
  else
    give_up("a process trapped, cause", cause);
  resume(current->pc_and_x);
}

void lab_main(uint64_t hart, const uint8_t* tree) {
  (void)hart;
  read_parameters(tree);
  pages = larger(1, smaller(parameter("pages", 16), MOST_PAGES));
  seed = parameter("seed", 1);
  next_frame = free_memory;

  struct process* const first = &processes[process_count++];
  make_space(first);
  set_order(first);
  uint64_t* const x = first->pc_and_x;
  x[0] = TEXT;
  x[S0] = DATA;
  x[S1] = pages;
  x[S2] = parameter("writes", 10);
  x[S2 + 1] = smaller(parameter("unmaps", 4), pages);                         // s3
  x[S2 + 5] = larger(1, smaller(parameter("processes", 2), MOST_PROCESSES)) - 1;  // s7: children
  x[S2 + 6] = FIRST_VALUE;                                                    // s8

  csr_write(stvec, trap_entry);
  csr_write(sstatus, 0);  // sret leads to U mode
  fence_all();
  switch_to(first);
  resume(first->pc_and_x);
}
