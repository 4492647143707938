// SPDX-License-Identifier: MIT
// Physical memory, by the page: everything between the end of the kernel and the end of RAM.
//
//   0x8020_0000            first_page            next_new              ram_end
//   |  kernel  |  holders  |  were in use before  |  never in use yet  |
//
// A page has as many holders as page tables that map it: one at first, more when fork shares it (vm.c). Free
// pages that were in use before are a list, linked through their own first words. That pages which were never
// needed are not even touched at boot keeps a machine with much memory as quick as one with little.
#include "board.h"
#include "kernel.h"

struct free_page {
  struct free_page* next;
};

static struct free_page* free_list;
static uint8_t* holders;  // one byte for each page of RAM; NPROC fits
static uint64_t first_page, next_new, end_of_ram, free_count;

extern char kernel_end[];

static uint8_t* holders_of(const void* page) {
  uint64_t address = (uint64_t)page;
  if (address < first_page || address >= next_new || address % PAGE != 0) panic("not a page: 0x%lx", address);
  return &holders[(address - RAM_BASE) / PAGE];
}

void page_init(uint64_t ram_end) {
  uint64_t bytes = (ram_end - RAM_BASE) / PAGE;
  holders = (uint8_t*)kernel_end;
  memset(holders, 0, bytes);
  first_page = next_new = PAGE_UP((uint64_t)kernel_end + bytes);
  end_of_ram = ram_end;
  free_count = (end_of_ram - first_page) / PAGE;
}

void* page_alloc(void) {
  void* page = free_list;
  if (page != NULL) {
    free_list = free_list->next;
  } else if (next_new < end_of_ram) {
    page = (void*)next_new;
    next_new += PAGE;
  } else {
    return NULL;
  }
  free_count--;
  *holders_of(page) = 1;
  return memset(page, 0, PAGE);  // what one process left behind is nobody else's business
}

void page_share(void* page) { ++*holders_of(page); }

void page_free(void* page) {
  uint8_t* n = holders_of(page);
  if (*n == 0) panic("page freed twice: 0x%lx", (uint64_t)page);
  if (--*n > 0) return;
  struct free_page* f = page;
  f->next = free_list;
  free_list = f;
  free_count++;
}

unsigned page_holders(void* page) { return *holders_of(page); }
uint64_t page_total(void) { return (end_of_ram - first_page) / PAGE; }
uint64_t page_unused(void) { return free_count; }
