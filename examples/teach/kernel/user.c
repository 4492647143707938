// SPDX-License-Identifier: MIT
// Memory of the current process, as seen by the kernel. An address that a program passes in is not to be
// trusted: it may point nowhere, or into the kernel. So the kernel does not use it, but walks the page table
// itself, checks the rights that user mode would have, and uses the address of the page in RAM.
#include "kernel.h"

// The kernel's address for user address `va`, if the process itself might use it so; *count is cut to what
// lies in the same page. Pages that are not there yet come now, as if the process had touched them. A read or
// write by way of the kernel sets A and D as one by the hart would.
uint8_t* user_bytes(uint64_t va, uint64_t right, uint64_t* count) {
  uint64_t page = PAGE_DOWN(va), wanted = PTE_V | PTE_U | PTE_A | right | (right == PTE_W ? PTE_D : 0);
  for (int attempt = 0; attempt < 2; attempt++) {
    int level;
    uint64_t at = page;
    pte_t* pte = va < USER_END ? vm_next_leaf(current->pagetable, &at, page + PAGE, &level) : NULL;
    if (pte != NULL && (*pte & wanted) == wanted) {
      if (*count > PAGE - (va - page)) *count = PAGE - (va - page);
      return (uint8_t*)PTE_ADDRESS(*pte) + (va - page);
    }
    if (vm_fault(current, va, right) != NULL) return NULL;
  }
  return NULL;
}

int copy_in(void* to, uint64_t from, uint64_t n) {
  for (uint8_t* t = to; n > 0;) {
    uint64_t count = n;
    uint8_t* bytes = user_bytes(from, PTE_R, &count);
    if (bytes == NULL) return -E_FAULT;
    memcpy(t, bytes, count);
    t += count, from += count, n -= count;
  }
  return 0;
}

int copy_out(uint64_t to, const void* from, uint64_t n) {
  for (const uint8_t* f = from; n > 0;) {
    uint64_t count = n;
    uint8_t* bytes = user_bytes(to, PTE_W, &count);
    if (bytes == NULL) return -E_FAULT;
    memcpy(bytes, f, count);
    f += count, to += count, n -= count;
  }
  return 0;
}

int copy_in_string(char* to, uint64_t from, size_t room) {
  for (size_t i = 0; i < room; i++) {
    int error = copy_in(&to[i], from + i, 1);
    if (error != 0 || to[i] == 0) return error;
  }
  return -E_TOOBIG;
}
