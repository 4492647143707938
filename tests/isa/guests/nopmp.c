// SPDX-License-Identifier: MIT
// Without PMP its registers are not there, and everything is permitted.
// vitrine: pmp=off
// judge: pmp=off
#include "kit.h"

int main(void) {
  static const unsigned csrs[] = {PMPCFG0, PMPCFG2, PMPADDR0, PMPADDR0 + 15};
  for (unsigned i = 0; i < 4; i++)
    code(CSRRS(A0, csrs[i], 0)), run(MACHINE), ILLEGAL_AT(0), code(CSRRW(0, csrs[i], A0)), run(MACHINE), ILLEGAL_AT(0);
  static u64 memory;
  f.x[A0] = (u64)&memory, f.x[A1] = 5, code(SD(A1, A0, 0), LD(A2, A0, 0)), run(USER), RAN(2), CHECK(f.x[A2], 5);
  return 0;
}
