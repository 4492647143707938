// SPDX-License-Identifier: MIT
// Synchronous traps: what xcause, xepc, xtval and the stack of mstatus hold; delegation; nested traps; xRET.
// Privileged spec 3.1.6 to 3.1.16, 3.3.2, 10.1. RELIABILITY.md 5, 12, 16, 17.
#include "kit.h"

static const unsigned modes[] = {USER, SUPERVISOR, MACHINE};
#define MPRV_STAYS "3.1.6.3; QEMU 7.2 does not clear MPRV at a return to less than M"
#define OUTSIDE 0x1000000ul  // nothing is there

static void causes(void) {
  for (unsigned i = 0; i < 3; i++) {
    const unsigned mode = modes[i];
    note("mode", mode);
    fresh();
    code(ECALL), run(mode);
    TRAPPED(ECALL_U + mode, 0, 0);
    CHECK(f.mstatus & SR_MPP(3), SR_MPP(mode));
    CHECK(f.slot, DIRECT);
    code(NOP, EBREAK), run(mode);
    CHECK(f.cause, BREAKPOINT), CHECK(f.epc - code_at(), 4);
    CHECK_CHOICE(f.tval, f.epc, 0, "3.1.16: the address of the ebreak, or 0");
    code(NOP, 0xffffffff), run(mode), ILLEGAL_AT(1);
    code(0x00000000), run(mode), TRAPPED(ILLEGAL, 0, 0);
    code(0x9c419002), run(mode);  // c.ebreak in the lower half
    CHECK(f.cause, BREAKPOINT), CHECK(f.epc - code_at(), 0);
    code(0x8c410001), run(mode), CHECK(f.epc - code_at(), 4);  // c.nop, c.sub
    code(0x80000001), run(mode);  // c.nop; a reserved word of quadrant 0 at +2: xtval is its 16 bits
    CHECK(f.cause, ILLEGAL), CHECK(f.epc - code_at(), 2), CHECK(f.tval, 0x8000);
    f.x[A0] = OUTSIDE, f.x[A1] = 77;
    code(LD(A1, A0, 8)), run(mode), TRAPPED(LOAD_ACCESS, 0, OUTSIDE + 8), CHECK(f.x[A1], 77);
    code(SD(A1, A0, 16)), run(mode), TRAPPED(STORE_ACCESS, 0, OUTSIDE + 16);
    code(AMOADD_W(A1, A1, A0)), run(mode), TRAPPED(OF_AMO(STORE_ACCESS), 0, OUTSIDE), CHECK(f.x[A1], 77);
    code(LR_D(A1, A0)), run(mode), TRAPPED(LOAD_ACCESS, 0, OUTSIDE), CHECK(f.x[A1], 77);
    code(LD(0, A0, 0)), run(mode), TRAPPED(LOAD_ACCESS, 0, OUTSIDE);  // rd = x0 accesses all the same
    code(AMOADD_D(0, A1, A0)), run(mode), TRAPPED(OF_AMO(STORE_ACCESS), 0, OUTSIDE);
    f.x[A0] = (u64)&code_words[512] + 1;
    code(LR_W(A1, A0)), run(mode), TRAPPED(LOAD_MISALIGNED, 0, f.x[A0]), CHECK(f.x[A1], 77);
    code(SC_W(A1, A1, A0)), run(mode);
    CHECK_CHOICE(f.cause, STORE_MISALIGNED, BREAKPOINT,
                 "QEMU 7.2: an sc without a reservation fails before its address is looked at");
    CHECK_CHOICE(f.x[A1], 77, 1, "likewise"), f.x[A1] = 77;
    f.x[A0] -= 1, f.x[A0] += 2;
    code(AMOADD_W(A1, A1, A0)), run(mode), TRAPPED(OF_AMO(STORE_MISALIGNED), 0, f.x[A0]), CHECK(f.x[A1], 77);
    f.x[A0] += 2;
    code(AMOADD_D(A1, A1, A0)), run(mode), TRAPPED(OF_AMO(STORE_MISALIGNED), 0, f.x[A0]);
    // A jump to where nothing can be fetched: the trap is the target's, and the link is written.
    f.x[A0] = OUTSIDE;
    code(NOP, JALR(A1, A0, 5)), run(mode);
    CHECK(f.cause, FETCH_ACCESS), CHECK(f.epc, OUTSIDE + 4), CHECK(f.tval, OUTSIDE + 4), CHECK(f.x[A1], code_at() + 8);
    f.x[A0] = code_at() + 12;
    code(JALR(A0, A0, 1), 0xffffffff, 0xffffffff, EBREAK), run(mode);  // rd = rs1; bit 0 of the target is cleared
    CHECK(f.cause, BREAKPOINT), CHECK(f.epc, code_at() + 12), CHECK(f.x[A0], code_at() + 4);
  }
  note(0, 0);
}

// misa.C off: jumps to what is only 2-aligned trap, on the jump. QEMU 7.2's misa is read-only, so it judges none of this.
static void without_c(void) {
  fresh();
  put(MISA, get(MISA) & ~(u64)4);
  CHECK_CHOICE(get(MISA) >> 2 & 1, 0, 1, "3.1.1: misa is WARL, may be read-only");
  if (get(MISA) & 4) return;
  f.x[A1] = 77, f.x[A0] = code_at() + 6;
  code(NOP, JALR(A1, A0, 0)), run(USER), TRAPPED(FETCH_MISALIGNED, 1, code_at() + 6), CHECK(f.x[A1], 77);
  code(JAL(A1, 10)), run(USER), TRAPPED(FETCH_MISALIGNED, 0, code_at() + 10), CHECK(f.x[A1], 77);
  code(BEQ(A0, A0, 14)), run(USER), TRAPPED(FETCH_MISALIGNED, 0, code_at() + 14);
  code(BEQ(A0, A1, 14)), run(USER), RAN(1);              // not taken: no trap
  code(0x00010001), run(USER), CHECK(f.cause, ILLEGAL);  // c.nop is no instruction now
  put(MEPC, 0x80000006), CHECK(get(MEPC), 0x80000004);   // IALIGN = 32: bit 1 reads as 0
  put(SEPC, 0x80000006), CHECK(get(SEPC), 0x80000004);
  // mret to an mepc with bit 1 set goes to the aligned address.
  f.x[A0] = code_at() + 14;
  code(CSRRW(0, MEPC, A0), MRET, NOP, ECALL), run(MACHINE), CHECK(f.cause, ECALL_U), CHECK(f.epc - code_at(), 12);
  put(MISA, get(MISA) | 4);
  CHECK(get(MISA) >> 2 & 1, 1);
  CHECK(get(MEPC) & 3, 0);
  put(MEPC, 0x80000006), CHECK(get(MEPC), 0x80000006);
  // "If C is off and the next instruction is misaligned, the write is suppressed": c.nop, then csrrc at +2.
  f.x[A0] = 4;
  const u32 misa_off = CSRRC(A1, MISA, A0), misa_on = CSRRS(A2, MISA, A0);
  code(misa_off << 16 | 0x0001, misa_off >> 16 | 0x0001 << 16, misa_on), run(MACHINE), RAN(3);
  CHECK(f.x[A1] >> 2 & 1, 1), CHECK(f.x[A2] >> 2 & 1, 1);
  code(misa_off, CSRRS(A2, MISA, A0)), run(MACHINE), RAN(2);  // and this one is not
  CHECK(f.x[A1] >> 2 & 1, 1), CHECK(f.x[A2] >> 2 & 1, 0);
  CHECK(get(MISA) >> 2 & 1, 1);
}

// mstatus before and after: xPIE takes xIE, xIE takes 0, xPP the mode; and back.
static void status_stack(void) {
  for (unsigned i = 0; i < 3; i++) {
    note("mode", modes[i]);
    for (unsigned on = 0; on < 2; on++) {
      fresh();
      f.status = on ? SR_MPIE : 0;
      code(ECALL), run(modes[i]);
      CHECK(f.mstatus & (SR_MIE | SR_MPIE | SR_MPP(3)), (on ? SR_MPIE : 0) | SR_MPP(modes[i]));
      f.status = SR_SIE | SR_SPP | SR_SPIE;  // S's bits are not touched by a trap into M
      code(ECALL), run(modes[i]);
      CHECK(f.mstatus & (SR_SIE | SR_SPP | SR_SPIE), SR_SIE | SR_SPP | SR_SPIE);
    }
  }
  note(0, 0);
  fresh();
  // mret leaves MPP = U and MPIE = 1.
  f.status = 0;
  code(CSRRS(A0, MSTATUS, 0)), run(MACHINE);
  CHECK(f.x[A0] & (SR_MIE | SR_MPIE | SR_MPP(3)), SR_MPIE);
  f.status = SR_MPIE;
  run(MACHINE), CHECK(f.x[A0] & (SR_MIE | SR_MPIE | SR_MPP(3)), SR_MIE | SR_MPIE);
  // sret, from M mode, from S mode; to S and to U.
  for (unsigned from = SUPERVISOR; from <= MACHINE; from += 2)
    for (unsigned spp = 0; spp < 2; spp++)
      for (unsigned spie = 0; spie < 2; spie++) {
        note("from, SPP, SPIE", from << 8 | spp << 4 | spie);
        fresh();
        f.status = (spp ? SR_SPP : 0) | (spie ? SR_SPIE : 0) | (spie ? 0 : SR_SIE);
        f.x[A0] = code_at() + 16;
        code(CSRRW(0, SEPC, A0), SRET, NOP, NOP, ECALL), run(from);
        CHECK(f.cause, ECALL_U + spp), CHECK(f.epc - code_at(), 16);
        CHECK(f.mstatus & (SR_SIE | SR_SPIE | SR_SPP), SR_SPIE | (spie ? SR_SIE : 0));
      }
  // MPRV: cleared by xret to less than M, kept by mret to M. (MPP is U after go's mret.)
  note(0, 0);
  for (unsigned to = 0; to < 4; to++) {
    if (to == 2) continue;
    note("to", to);
    fresh();
    f.x[A0] = SR_MPRV | SR_MPP(to), f.x[A1] = SR_MPP(3), f.x[A2] = code_at() + 20;
    code(CSRRW(0, MEPC, A2), CSRRC(0, MSTATUS, A1), CSRRS(0, MSTATUS, A0), MRET, NOP, ECALL), run(MACHINE);
    CHECK(f.cause, ECALL_U + to), CHECK_CHOICE(f.mstatus & SR_MPRV, to == MACHINE ? SR_MPRV : 0, SR_MPRV, MPRV_STAYS);
  }
  for (unsigned spp = 0; spp < 2; spp++) {
    note("SPP", spp);
    fresh();
    f.x[A0] = SR_MPRV | (spp ? SR_SPP : 0), f.x[A2] = code_at() + 20;
    code(CSRRW(0, SEPC, A2), CSRRS(0, MSTATUS, A0), SRET, NOP, NOP, ECALL), run(MACHINE);
    CHECK(f.cause, ECALL_U + spp), CHECK_CHOICE(f.mstatus & SR_MPRV, 0, SR_MPRV, MPRV_STAYS);
  }
  note(0, 0);
}

// One exception of each kind, and whether medeleg sends it to S.
static const struct {
  unsigned cause;
  u32 word;
  u64 a0;
} kinds[] = {
    {FETCH_ACCESS, JALR(0, A0, 0), OUTSIDE},
    {ILLEGAL, 0xffffffff, 0},
    {LOAD_MISALIGNED, LR_W(A1, A0), 0x80001001},
    {LOAD_ACCESS, LD(A1, A0, 0), OUTSIDE},
    {STORE_MISALIGNED, AMOADD_W(A1, A1, A0), 0x80001002},
    {STORE_ACCESS, SD(A1, A0, 0), OUTSIDE},
    {ECALL_U, ECALL, 0},
};
static void delegation(void) {
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
    for (unsigned mode = USER; mode <= SUPERVISOR; mode++)
      for (unsigned vectored = 0; vectored < 2; vectored++) {
        const unsigned cause = kinds[i].cause == ECALL_U            ? ECALL_U + mode
                               : kinds[i].cause == STORE_MISALIGNED ? OF_AMO(STORE_MISALIGNED)
                                                                    : kinds[i].cause;
        note("cause, mode", cause << 4 | mode);
        fresh();
        put(MEDELEG, BIT(cause)), put(STVEC, (u64)s_landing | vectored);
        f.x[A0] = kinds[i].a0;
        f.status = mode == USER ? SR_SIE : 0;
        code(kinds[i].word), run(mode);
        CHECK(landed(), 0);  // exceptions are never vectored
        CHECK(f.mstatus & SR_MPP(3), SR_MPP(SUPERVISOR));
        CHECK(get(SCAUSE), cause);
        CHECK(get(SEPC), cause == FETCH_ACCESS ? OUTSIDE : code_at());
        CHECK(get(STVAL), cause == ILLEGAL ? 0xffffffff : kinds[i].a0);
        CHECK(f.mstatus & (SR_SIE | SR_SPIE | SR_SPP), mode == USER ? SR_SPIE : SR_SPP);
        put(MEDELEG, ~BIT(cause) & ~BIT(BREAKPOINT));  // all but this one
        run(mode), CHECK(f.cause, cause), CHECK(landed(), ~(u64)0);
        // In M mode nothing is delegated.
        put(MEDELEG, ~BIT(BREAKPOINT)), run(MACHINE), CHECK(f.cause, cause == ECALL_U + mode ? ECALL_M : cause);
      }
  note(0, 0);
  // ebreak, delegated; S mode's landing is an ecall then.
  fresh();
  put(MEDELEG, BIT(BREAKPOINT)), put(STVEC, code_at() + 16);
  code(NOP, EBREAK, NOP, NOP, ECALL), run(USER);
  CHECK(f.cause, ECALL_S), CHECK(f.epc - code_at(), 16), CHECK(get(SCAUSE), BREAKPOINT),
      CHECK(get(SEPC) - code_at(), 4);
}

// A trap in S mode's handler: sepc and scause are the second trap's, SPP is S; then one more in M mode's.
static void nested(void) {
  fresh();
  put(MEDELEG, BIT(ECALL_U) | BIT(ILLEGAL)), put(STVEC, code_at() + 32);
  f.status = SR_SPIE;
  f.x[A3] = code_at() + 64;
  code(ECALL, NOP, NOP, NOP, NOP, NOP, NOP, NOP,  // U
       CSRRS(A0, SEPC, 0), CSRRS(A1, SCAUSE, 0), CSRRW(0, STVEC, A3), CSRRSI(0, SSTATUS, 2), 0xffffffff, NOP, NOP,
       NOP,                                                                      // S
       CSRRS(A4, SSTATUS, 0), CSRRS(A5, SEPC, 0), CSRRS(A6, SCAUSE, 0), ECALL);  // S, in the second handler
  run(USER);
  CHECK(f.cause, ECALL_S), CHECK(f.epc - code_at(), 19 * 4);
  CHECK(f.x[A0], code_at()), CHECK(f.x[A1], ECALL_U);
  CHECK(f.x[A4] & (SR_SIE | SR_SPIE | SR_SPP), SR_SPIE | SR_SPP), CHECK(f.x[A5] - code_at(), 48),
      CHECK(f.x[A6], ILLEGAL);
  // And back: the second handler returns into the first, behind what trapped, and the first to U mode.
  put(STVEC, code_at() + 32);
  f.x[A3] = code_at() + 64, f.x[A2] = code_at() + 44, f.x[A7] = code_at() + 4;
  code(ECALL, EBREAK, NOP, NOP, NOP, NOP, NOP, NOP, CSRRW(0, STVEC, A3), CSRRS(A0, SSTATUS, 0), 0xffffffff,
       CSRRS(A1, SSTATUS, 0), CSRRC(0, SSTATUS, A5), CSRRW(0, SEPC, A7), SRET, NOP, CSRRW(0, SEPC, A2), SRET);
  f.x[A5] = SR_SPP, f.status = SR_SPIE;
  run(USER);
  RAN(1), CHECK(f.mstatus & SR_MPP(3), SR_MPP(USER));
  CHECK(f.x[A0] & (SR_SIE | SR_SPIE | SR_SPP), 0), CHECK(f.x[A1] & (SR_SIE | SR_SPIE | SR_SPP), SR_SPIE);
}

// Where handlers are: tvec in direct mode, from any mode.
static void bases(void) {
  fresh();
  put(MTVEC, m_vector), code(ECALL), run(USER), CHECK(f.slot, 0);
  put(MTVEC, (u64)m_vector | 1), code(ECALL), run(USER), CHECK(f.slot, 0);  // exceptions are never vectored
  put(MTVEC, (u64)m_vector | 1), code(0xffffffff), run(SUPERVISOR), CHECK(f.slot, 0);
  put(MTVEC, (u64)m_vector | 1), code(EBREAK), run(MACHINE), CHECK(f.slot, 0);
}

int main(void) {
  causes();
  status_stack();
  delegation();
  nested();
  bases();
  without_c();
  return 0;
}
