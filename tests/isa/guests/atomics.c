// SPDX-License-Identifier: MIT
// lr and sc: when sc fails, what it does then; permissions that a failing sc still needs; AMOs' faults.
// Unprivileged spec 14.2 to 14.4; RELIABILITY.md 3, 24. What AMOs compute is in the generated operands.
#include "kit.h"

static volatile u64 words[64] __attribute__((aligned(4096)));

static void pairs(void) {
  fresh();
  for (unsigned mode = USER; mode <= SUPERVISOR; mode++) {
    note("mode", mode);
    words[0] = 5, f.x[A0] = (u64)words, f.x[A1] = 7;
    code(LR_D(A2, A0), SC_D(A3, A1, A0), SC_D(A4, A1, A0)), run(mode);
    RAN(3), CHECK(f.x[A2], 5), CHECK(f.x[A3], 0), CHECK(f.x[A4], 1), CHECK(words[0], 7);
    code(LR_W(A2, A0), SC_W(A3, A1, A0)), words[0] = 0x1234567887654321, run(mode);
    RAN(2), CHECK(f.x[A2], 0xffffffff87654321), CHECK(f.x[A3], 0), CHECK(words[0], 0x1234567800000007);
    code(SC_W(A3, A1, A0)), words[0] = 1, run(mode), RAN(1), CHECK(f.x[A3], 1), CHECK(words[0], 1);  // no reservation
    // Another address, and another width: may succeed on none of ours.
    f.x[A4] = (u64)&words[8];
    code(LR_D(A2, A0), SC_D(A3, A1, A4)), words[8] = 3, run(mode), CHECK(f.x[A3], 1), CHECK(words[8], 3);
    code(LR_D(A2, A0), SC_D(A3, A1, A4), SC_D(A5, A1, A0)), run(mode), CHECK(f.x[A3], 1),
        CHECK(f.x[A5], 1);  // any sc ends it
    // A later lr takes the place of an earlier.
    code(LR_D(A2, A0), LR_D(A2, A4), SC_D(A3, A1, A0)), run(mode), CHECK(f.x[A3], 1);
    code(LR_D(A2, A0), LR_D(A2, A4), SC_D(A3, A1, A4)), run(mode), CHECK(f.x[A3], 0), CHECK(words[8], 7);
    // rd = rs2, rd = rs1, rd = x0.
    f.x[A1] = 9, code(LR_D(A2, A0), SC_D(A1, A1, A0)), run(mode), CHECK(f.x[A1], 0), CHECK(words[0], 9);
    f.x[A1] = 11, f.x[A5] = (u64)words, code(LR_D(A5, A5), SC_D(A0, A1, A0)), run(mode), CHECK(f.x[A5], 9),
    CHECK(f.x[A0], 0), CHECK(words[0], 11);
    f.x[A0] = (u64)words, code(LR_D(0, A0), SC_D(0, A1, A0)), words[0] = 0, run(mode), CHECK(words[0], 11);
  }
  note(0, 0);
  // A trap between the two ends the reservation: our choice and QEMU's; the architecture permits both.
  f.x[A0] = (u64)words, f.x[A1] = 7, words[0] = 5;
  code(LR_D(A2, A0), ECALL, SC_D(A3, A1, A0)), run(USER), CHECK(f.cause, ECALL_U);
  run_at(USER, code_at() + 8);
  CHECK(f.x[A3], 1);
}

// A failing sc faults all the same where it may not store; PMP, so that it needs no tables.
static void permissions(void) {
  fresh();
  put(PMPADDR0, (u64)words >> 2 | 0x1ff), put(PMPADDR0 + 1, ~(u64)0), put(PMPCFG0, 0x1f19);  // words: R and no W
  f.x[A0] = (u64)words, f.x[A1] = 7, f.x[A3] = 77;
  words[0] = 5;
  code(LR_D(A2, A0)), run(USER), RAN(1), CHECK(f.x[A2], 5);
  code(LR_D(A2, A0), SC_D(A3, A1, A0)), run(USER), TRAPPED(STORE_ACCESS, 1, (u64)words), CHECK(f.x[A3], 77);
  code(SC_D(A3, A1, A0)), run(USER);
  CHECK_CHOICE(f.cause, STORE_ACCESS, BREAKPOINT, "14.2: may fault; QEMU 7.2: fails before its address is looked at"),
      f.x[A3] = 77;
  code(AMOADD_D(A3, A1, A0)), run(USER), TRAPPED(STORE_ACCESS, 0, (u64)words), CHECK(f.x[A3], 77), CHECK(words[0], 5);
  code(AMOADD_D(0, 0, A0)), run(USER), TRAPPED(STORE_ACCESS, 0, (u64)words);
  put(PMPCFG0, 0x1f18);  // neither
  code(AMOADD_D(A3, A1, A0)), run(USER), CHECK(f.cause, OF_AMO(STORE_ACCESS)), CHECK(f.tval, (u64)words),
      CHECK(f.x[A3], 77);
  code(LR_D(A3, A0)), run(USER), TRAPPED(LOAD_ACCESS, 0, (u64)words), CHECK(f.x[A3], 77);
}

int main(void) {
  pairs();
  permissions();
  return 0;
}
