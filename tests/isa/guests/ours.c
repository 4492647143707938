// SPDX-License-Identifier: MIT
// What QEMU 7.2 does not have: Zicbom, Zicboz, Zicbop, Zawrs, Zicond; and our promise that no fence is ever needed: changed
// page-table entries and changed code count for the very next access and fetch. RELIABILITY.md 9, 10.
// judge: none, QEMU 7.2 has none of these extensions and needs the fences
#include "kit.h"

#define CBO(n) I(0x0f, 2, 0, A0, n)
enum { INVAL, CLEAN, FLUSH, ZERO = 4, CBIE_FLUSH = 1 << 4, CBIE_INVAL = 3 << 4, CBCFE = 1 << 6, CBZE = 1 << 7 };
static u64 block[64] __attribute__((aligned(4096)));

static void cache_blocks(void) {
  static const struct {
    unsigned operation;
    u64 enable;
  } operations[] = {{INVAL, CBIE_FLUSH}, {INVAL, CBIE_INVAL}, {CLEAN, CBCFE}, {FLUSH, CBCFE}, {ZERO, CBZE}};
  for (unsigned i = 0; i < 5; i++) {
    fresh();
    const unsigned operation = operations[i].operation;
    const u64 enable = operations[i].enable, others = 0xf0 & ~(operation == INVAL ? CBIE_INVAL : enable);
    note("operation, enable", operation << 8 | enable);
    for (unsigned m = 0; m < 2; m++)
      for (unsigned s = 0; s < 2; s++) {
        put(MENVCFG, m ? enable : others), put(SENVCFG, s ? enable : others);
        for (unsigned j = 0; j < 16; j++) block[j] = 0x1111 + j;
        f.x[A0] = (u64)&block[1];  // inside the block
        code(CBO(operation));
        run(MACHINE), RAN(1);
        run(SUPERVISOR);
        if (m) RAN(1);
        else ILLEGAL_AT(0);
        run(USER);
        if (m && s) RAN(1);
        else ILLEGAL_AT(0);
        CHECK(block[0], operation == ZERO ? 0 : 0x1111), CHECK(block[7], operation == ZERO ? 0 : 0x1118),
            CHECK(block[8], 0x1119);
      }
    // Faults are store faults; management needs a load's or a store's permission, zero a store's. PMP: nothing, R, RW.
    put(MENVCFG, enable), put(SENVCFG, enable);
    for (unsigned bits = 0; bits < 4; bits++) {
      if (bits == 2) continue;
      note("operation, R and W", operation << 4 | bits);
      put(PMPADDR0, (u64)block >> 2 | 0x1ff), put(PMPADDR0 + 1, ~(u64)0), put(PMPCFG0, 0x1f18 | bits);
      run(USER);
      if (bits == 3 || (bits == 1 && operation != ZERO)) RAN(1);
      else TRAPPED(STORE_ACCESS, 0, (u64)&block[1]);
    }
  }
  put(MENVCFG, BIT(61)), put(SENVCFG, 0);
  fresh();
  // A prefetch never traps, wherever it points to.
  f.x[A0] = 0x1000;
  code(I(0x13, 6, 0, A0, 0), I(0x13, 6, 0, A0, 1), I(0x13, 6, 0, A0, 3)), run(USER), RAN(3);
  note(0, 0);
}

static void waits(void) {
  fresh();
  const u32 nto = 0x00d00073, sto = 0x01d00073, pause = 0x0100000f;
  code(nto, sto, pause), run(USER), RAN(3), run(SUPERVISOR), RAN(3), run(MACHINE), RAN(3);
  f.status = SR_TW, code(sto, pause), run(USER), RAN(2), run(SUPERVISOR), RAN(2);
  code(nto), run(USER), ILLEGAL_AT(0), run(SUPERVISOR), ILLEGAL_AT(0), run(MACHINE), RAN(1);
  f.status = 0;
}

// RELIABILITY.md 9, without sfence.vma: often enough for every engine to have kept the old.
static u64 root[512] __attribute__((aligned(4096))), middle[512] __attribute__((aligned(4096))),
    leaf[512] __attribute__((aligned(4096))), pages[2][512] __attribute__((aligned(4096)));
static void unfenced(void) {
  fresh();
  root[2] = (u64)0x80000000 >> 2 | 0xcf, root[1] = (u64)middle >> 2 | 1, middle[0] = (u64)leaf >> 2 | 1;
  leaf[5] = (u64)pages[0] >> 2 | 0xcf, leaf[6] = (u64)pages[0] >> 2 | 0xcf;  // two names of one page
  pages[0][0] = 100, pages[1][0] = 101;
  put(SATP, (u64)8 << 60 | (u64)root >> 12);
  f.x[A0] = 0x40005000, f.x[A1] = 0x40006000, f.x[A2] = (u64)&leaf[5], f.x[A3] = (u64)pages[0] >> 2 | 0xcf,
  f.x[A4] = (u64)pages[1] >> 2 | 0xcf;
  f.x[S0] = 0, f.x[S1] = 0, f.x[S2] = 200;
  // 200 times: map page 1, add what is read; map page 0, add what is read, through the alias as well.
  code(SD(A4, A2, 0), LD(A5, A0, 0), ADD(S0, S0, A5), SD(A3, A2, 0), LD(A5, A0, 0), ADD(S1, S1, A5), LD(A5, A1, 0),
       ADD(S1, S1, A5), ADDI(S2, S2, -1), BEQ(S2, X0, 8), JAL(X0, -40));
  run(SUPERVISOR), CHECK(f.cause, BREAKPOINT), CHECK(f.x[S0], 200 * 101), CHECK(f.x[S1], 400 * 100);
  // A store through one name is seen through the other.
  f.x[S2] = 50;
  code(SD(S2, A0, 8), LD(A5, A1, 8), ADD(S3, S3, A5), ADDI(S2, S2, -1), BEQ(S2, X0, 8), JAL(X0, -20)), f.x[S3] = 0;
  run(SUPERVISOR), CHECK(f.x[S3], 50 * 51 / 2);
  // An entry that is taken away; A that is cleared is set again.
  f.x[A3] = 0, code(LD(A5, A0, 0), SD(A3, A2, 0), LD(A5, A0, 0)), run(SUPERVISOR), TRAPPED(LOAD_PAGE, 2, 0x40005000);
  leaf[5] = (u64)pages[0] >> 2 | 0x0f, code(LD(A5, A0, 0)), run(SUPERVISOR), CHECK(leaf[5] & 0xff, 0x4f);
  leaf[5] &= ~(u64)0x40, run(SUPERVISOR), CHECK(leaf[5] & 0xff, 0x4f);
  // satp: another space, without a fence, with the same ASID.
  static u64 other[512] __attribute__((aligned(4096))), other_middle[512] __attribute__((aligned(4096))),
      other_leaf[512] __attribute__((aligned(4096)));
  other[2] = root[2], other[1] = (u64)other_middle >> 2 | 1, other_middle[0] = (u64)other_leaf >> 2 | 1,
  other_leaf[5] = (u64)pages[1] >> 2 | 0xcf;
  f.x[A1] = get(SATP), f.x[A2] = (u64)8 << 60 | (u64)other >> 12, f.x[S2] = 100, f.x[S0] = 0;
  code(LD(A5, A0, 0), ADD(S0, S0, A5), CSRRW(0, SATP, A2), LD(A5, A0, 0), ADD(S0, S0, A5), CSRRW(0, SATP, A1),
       ADDI(S2, S2, -1), BEQ(S2, X0, 8), JAL(X0, -32));
  run(SUPERVISOR), CHECK(f.x[S0], 100 * 201);
  put(SATP, 0);
}

// RELIABILITY.md 10, without fence.i: a loop that rewrites an instruction of its own.
static void rewritten(void) {
  fresh();
  f.x[A0] = code_at() + 12, f.x[A1] = ADDI(S0, S0, 1), f.x[A2] = ADDI(S0, S0, 2), f.x[S2] = 100, f.x[S0] = 0;
  code(SW(A1, A0, 0), ADD(A3, A1, X0), ADD(A1, A2, X0), NOP /* rewritten */, ADD(A2, A3, X0), ADDI(S2, S2, -1),
       BEQ(S2, X0, 8), JAL(X0, -28));
  run(USER), CHECK(f.cause, BREAKPOINT), CHECK(f.x[S0], 150);
  // The very next instruction.
  f.x[A0] = code_at() + 4, f.x[A1] = ADDI(S0, X0, 7), code(SW(A1, A0, 0), EBREAK), run(USER), RAN(2), CHECK(f.x[S0], 7);
}

int main(void) {
  cache_blocks();
  waits();
  unfenced();
  rewritten();
  return 0;
}
