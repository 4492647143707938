// SPDX-License-Identifier: MIT
// Address spaces: Sv39 page tables of three levels (priv 4.4), one root for each process.
//
//   virtual address                          what                             mapped by
//   0x0000_0000_0000  ------------------
//                      nothing               a null pointer faults here
//   0x0000_0001_0000  ------------------
//                      program: text r-x,    exec copies it from the file     4 KiB pages, user;
//                      rodata r--, data rw-                                   all below root entry 0,
//                      heap, grows up        a page comes when touched        each process has its own
//                      nothing
//                      stack, grows down     a page comes when touched
//   0x0000_4000_0000  ------------------
//                      nothing                                                root entry 1: empty
//   0x0000_8000_0000  ------------------
//                      firmware              not ours: not mapped             root entry 2: one table of
//   0x0000_8020_0000   kernel: text r-x,     pages of 4 KiB                   2 MiB pages, the same for
//                      rodata r--, data rw-                                   all; global, not for user
//   0x0000_8040_0000   all other RAM rw-     pages of 2 MiB
//   0x0000_c000_0000  ------------------
//                      device registers      physical 0x0 up, one 1 GiB page  root entry 3, global
//   0x0001_0000_0000  ------------------
//
// RAM has the same address in the kernel as on the bus. So a page-table entry can be followed by reading the
// address that it holds, and the instruction that turns paging on is followed by the one after it.
//
// Three rules, with the reason in the place that follows them: a page that a process has not touched need not
// exist (demand paging); a page that two processes have not written to is shared (copy on write); the A and D
// bits may be set by the hart or left to us (priv 4.3.1 allows both), so page faults look after them as well.
#include "board.h"
#include "kernel.h"

static pte_t kernel_root[512] __attribute__((aligned(4096)));   // user half empty; copied to each process
static pte_t kernel_ram[512] __attribute__((aligned(4096)));    // 2 MiB pages, root entry 2
static pte_t kernel_pages[512] __attribute__((aligned(4096)));  // 4 KiB pages of the kernel itself

extern char kernel_start[], text_end[], rodata_end[];

static uint64_t kernel_rights(uint64_t address) {
  if (address < (uint64_t)text_end) return PTE_R | PTE_X;
  if (address < (uint64_t)rodata_end) return PTE_R;
  return PTE_R | PTE_W;
}

// The kernel's half. A and D are set from the start: nobody would mend a fault of the kernel.
void vm_init(uint64_t ram_end) {
  const uint64_t common = PTE_V | PTE_G | PTE_A | PTE_D;
  uint64_t first = (uint64_t)kernel_start;
  for (int i = 0; i < 512; i++) {
    uint64_t address = first + (uint64_t)i * PAGE;
    kernel_pages[i] = PTE_OF(address, common | kernel_rights(address));
  }
  for (uint64_t address = RAM_BASE; address < ram_end; address += LEVEL_BYTES(1)) {
    kernel_ram[LEVEL_INDEX(address, 1)] = PTE_OF(address, common | PTE_R | PTE_W);
  }
  kernel_ram[LEVEL_INDEX(RAM_BASE, 1)] = 0;  // the firmware
  kernel_ram[LEVEL_INDEX(first, 1)] = PTE_OF(kernel_pages, PTE_V);
  kernel_root[LEVEL_INDEX(RAM_BASE, 2)] = PTE_OF(kernel_ram, PTE_V);
  kernel_root[LEVEL_INDEX(DEVICE_OFFSET, 2)] = PTE_OF(0, common | PTE_R | PTE_W);
  vm_activate(kernel_root);
  fence_all();
}

void vm_activate(pte_t* root) {
  fence_all();  // what was written of the tables is in memory before they are walked
  csr_write(satp, SATP_SV39 | (uint64_t)root >> 12);
  fence_user();  // all processes have ASID 0: forget the user pages of the one before
}

pte_t* vm_new(void) {
  pte_t* root = page_alloc();
  if (root != NULL) memcpy(root, kernel_root, PAGE);
  return root;
}

static pte_t* table_at(pte_t pte) { return (pte_t*)PTE_ADDRESS(pte); }

// The entry of the last level for a user address, as in priv 4.3.2. Null when a table on the way is missing
// and is not to be made, or cannot be.
static pte_t* walk(pte_t* table, uint64_t va, bool make) {
  for (int level = 2; level > 0; level--) {
    pte_t* pte = &table[LEVEL_INDEX(va, level)];
    if (!(*pte & PTE_V)) {
      void* page = make ? page_alloc() : NULL;
      if (page == NULL) return NULL;
      *pte = PTE_OF(page, PTE_V);
    }
    table = table_at(*pte);
  }
  return &table[LEVEL_INDEX(va, 0)];
}

// Maps a page for user mode. The address space takes over the page's holder. If it is in use: fence.
int vm_map(pte_t* root, uint64_t va, void* page, uint64_t rights) {
  pte_t* pte = walk(root, va, true);
  if (pte == NULL) return -E_NOMEM;
  if (*pte & PTE_V) return -E_INVAL;
  *pte = PTE_OF(page, PTE_V | PTE_U | rights);
  return 0;
}

// The first leaf from *va on, of whatever size; *va becomes the beginning of its page. Where an entry is not
// valid, everything below it is skipped at once: that is what makes a sparse address space cheap to look at.
pte_t* vm_next_leaf(pte_t* root, uint64_t* va, uint64_t end, int* level) {
  while (*va < end) {
    pte_t* table = root;
    for (*level = 2;; --*level) {
      pte_t* pte = &table[LEVEL_INDEX(*va, *level)];
      if (!(*pte & PTE_V)) break;
      if (*pte & PTE_LEAF) {
        *va &= ~(LEVEL_BYTES(*level) - 1);
        return pte;
      }
      table = table_at(*pte);
    }
    *va = (*va | (LEVEL_BYTES(*level) - 1)) + 1;
  }
  return NULL;
}

uint32_t vm_count(pte_t* root) {
  uint32_t count = 0;
  int level;
  for (uint64_t va = 0; vm_next_leaf(root, &va, USER_END, &level) != NULL; va += PAGE) count++;
  return count;
}

// fork: the child gets the same pages, not copies of them. A page that may be written to loses that right in
// both address spaces; who writes first gets a copy of its own then (own_copy, below).
int vm_copy(pte_t* from, pte_t* to) {
  int level, error = 0;
  pte_t* pte;
  for (uint64_t va = 0; error == 0 && (pte = vm_next_leaf(from, &va, USER_END, &level)) != NULL; va += PAGE) {
    if (*pte & PTE_W) *pte = (*pte & ~PTE_W) | PTE_COW;
    void* page = (void*)PTE_ADDRESS(*pte);
    error = vm_map(to, va, page, *pte & (PTE_FLAGS & ~(PTE_V | PTE_U)));
    if (error == 0) page_share(page);
  }
  fence_user();  // the parent must not use what its hart remembers of the lost rights
  return error;
}

static void free_table(pte_t* table) {
  for (int i = 0; i < 512; i++) {
    if (!(table[i] & PTE_V)) continue;
    if (table[i] & PTE_LEAF) {
      page_free(table_at(table[i]));
    } else {
      free_table(table_at(table[i]));
    }
  }
  page_free(table);
}

// Only root entry 0 is the process's own: the kernel's tables are everybody's.
void vm_free(pte_t* root) {
  if (root[0] & PTE_V) free_table(table_at(root[0]));
  page_free(root);
}

// ---- Page faults. Each function returns null when the access may be tried again, or says why it may not.

static const char kNoMemory[] = "out of memory";

// Demand paging: the first touch of a page of the heap or of the stack brings it into being, full of zeros.
static const char* new_page(struct proc* p, uint64_t va, uint64_t right) {
  bool heap = va >= p->heap_start && PAGE_DOWN(va) < p->heap_end;
  bool stack = va >= USER_END - STACK_BYTES && va < USER_END;
  if (va >= HEAP_LIMIT && !stack) return "the stack is full";
  if (!heap && !stack) return "nothing is mapped there";
  if (right == PTE_X) return "heap and stack hold no code";
  void* page = page_alloc();
  if (page == NULL) return kNoMemory;
  if (vm_map(p->pagetable, PAGE_DOWN(va), page, PTE_R | PTE_W | PTE_A | (right == PTE_W ? PTE_D : 0)) != 0) {
    page_free(page);
    return kNoMemory;
  }
  return NULL;
}

// Copy on write: the page gets its right back, and is copied first if somebody else still holds it.
static const char* own_copy(pte_t* pte) {
  void* page = (void*)PTE_ADDRESS(*pte);
  if (page_holders(page) > 1) {
    void* copy = page_alloc();
    if (copy == NULL) return kNoMemory;
    memcpy(copy, page, PAGE);
    page_free(page);
    page = copy;
  }
  *pte = PTE_OF(page, (*pte & (PTE_FLAGS & ~PTE_COW)) | PTE_W);
  return NULL;
}

const char* vm_fault(struct proc* p, uint64_t va, uint64_t right) {
  if (va >= USER_END) return "that is not user memory";
  pte_t* pte = walk(p->pagetable, va, false);
  const char* reason = NULL;
  if (pte == NULL || !(*pte & PTE_V)) {
    reason = new_page(p, va, right);
  } else {
    if (right == PTE_W && (*pte & PTE_COW)) reason = own_copy(pte);
    if (reason == NULL && !(*pte & right)) {
      reason = right == PTE_W ? "the page may not be written to" : "the page holds no code";
    }
    if (reason == NULL) *pte |= PTE_A | (right == PTE_W ? PTE_D : 0);
  }
  fence_page(va);  // a hart may remember that an entry was not valid, too
  if (reason == NULL) p->faults++, counters.mended_faults++;
  return reason;
}
