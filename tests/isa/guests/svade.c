// SPDX-License-Identifier: MIT
// Svade: a clear A, or a clear D when it is stored to, is a page fault, and nothing is set. RELIABILITY.md 19.
// vitrine: svade=on
// judge: none, QEMU 7.2 always sets A and D itself
#include "kit.h"

enum { V = 1, PTE_R = 2, W = 4, X = 8, A = 64, D = 128 };
static u64 root[512] __attribute__((aligned(4096))), middle[512] __attribute__((aligned(4096)));
static u64 page[512] __attribute__((aligned(4096)));
#define VA 0x40000000ul
#define LEAF(bits) ((u64)0x80000000 >> 2 | V | PTE_R | W | X | (bits))

int main(void) {
  CHECK(at_reset.menvcfg, 0);
  put(MENVCFG, ~(u64)0), CHECK(get(MENVCFG) >> 61 & 1, 0);  // no ADUE without Svadu
  put(MENVCFG, 0);
  root[2] = LEAF(A | D), root[1] = (u64)middle >> 2 | V;
  put(SATP, (u64)8 << 60 | (u64)root >> 12);
  static const unsigned bits[] = {0, A, D, A | D};
  for (unsigned level = 0; level < 2; level++)
    for (unsigned i = 0; i < 4; i++) {
      note("superpage of root, bits", level << 8 | bits[i]);
      u64* entry = level ? &root[1] : &middle[0];
      root[1] = (u64)middle >> 2 | V;
      *entry = LEAF(bits[i]);
      asm volatile("sfence.vma");
      const u64 at = VA + ((u64)page - 0x80000000);
      page[0] = EBREAK;
      f.x[A0] = at, f.x[A1] = EBREAK;
      const int accessed = bits[i] & A, dirty = bits[i] & D;
      code(LD(A2, A0, 0)), run(SUPERVISOR), CHECK(f.cause, accessed ? BREAKPOINT : LOAD_PAGE);
      if (!accessed) CHECK(f.tval, at);
      code(SD(A1, A0, 0)), run(SUPERVISOR), CHECK(f.cause, accessed && dirty ? BREAKPOINT : STORE_PAGE);
      code(AMOADD_D(A2, 0, A0)), run(SUPERVISOR), CHECK(f.cause, accessed && dirty ? BREAKPOINT : STORE_PAGE);
      code(SC_D(A2, A1, A0)), run(SUPERVISOR), CHECK(f.cause, accessed && dirty ? BREAKPOINT : STORE_PAGE);
      code(JALR(0, A0, 0)), run(SUPERVISOR), CHECK(f.cause, accessed ? BREAKPOINT : FETCH_PAGE), CHECK(f.epc, at);
      CHECK(*entry, LEAF(bits[i]));
    }
  return 0;
}
