// SPDX-License-Identifier: MIT
// A machine that is reset by the finisher begins as it did when it was switched on, whatever its hart had become. RAM is as the
// images made it; time goes on, and so tells the second life from the first.
// judge: none, a reset of QEMU 7.2 leaves mstatus, satp, medeleg, pmpcfg and others as they were
#include "kit.h"

#define SECOND_LIFE 50000000

int main(void) {
  const int second = get(TIME) > SECOND_LIFE;
  note("life", 1 + second);
  CHECK(at_reset.mstatus, (u64)10 << 32), CHECK(at_reset.misa, (u64)2 << 62 | 0x14112d), CHECK(at_reset.satp, 0);
  CHECK(at_reset.mie | at_reset.medeleg | at_reset.mideleg | at_reset.senvcfg | at_reset.mcountinhibit |
            at_reset.pmpcfg0 | at_reset.pmpcfg2,
        0);
  CHECK(at_reset.menvcfg, BIT(61)), CHECK(at_reset.stimecmp, ~(u64)0), CHECK(at_reset.mip & ~BIT(7), 0);
  CHECK(at_reset.minstret < 20000, 1);
  CHECK(get(MHPMEVENT3), 0), CHECK(get(SSCRATCH), 0), CHECK(get(MHPMCOUNTER3), 0);
  if (second) return 0;
  // As much as can be is changed.
  code(ECALL);
  for (unsigned i = 0; i < 300; i++) run(USER), run(SUPERVISOR);
  put(MHPMEVENT3, 2), code(ECALL), run(USER);
  put(MIE, BIT(7)), MTIMECMP = SECOND_LIFE + 1000;
  asm volatile("wfi");
  put(MIE, 0), MTIMECMP = ~(u64)0;
  put(MEDELEG, ~BIT(9)), put(MIDELEG, ~(u64)0), put(MENVCFG, ~(u64)0), put(SENVCFG, ~(u64)0), put(MCOUNTEREN, ~(u64)0),
      put(SSCRATCH, 5);
  put(MCOUNTINHIBIT, 4), put(MISA, get(MISA) & ~(u64)4), put(STIMECMP, 0), put(PMPCFG2, (u64)0x9f << 56),
      put(MIE, 0x2aa), set(MIP, 0x222);
  // The finisher is told from S mode, so that the privilege is another one, too.
  f.x[A0] = FINISHER, f.x[A1] = 0x7777, f.status = SR_FS(3) | SR_SUM | SR_TVM;
  code(SW(A1, A0, 0), JAL(0, 0)), run(SUPERVISOR);
  CHECK(0, 1);
  return 0;
}
