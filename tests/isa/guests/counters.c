// SPDX-License-Identifier: MIT
// minstret, mcycle and the event counters: what counts, what a write does, mcountinhibit, what trapped is not counted.
// Privileged spec 3.1.10 to 3.1.12; unprivileged 8.1; RELIABILITY.md 16, 25.
// judge: none, QEMU 7.2 counts its own cycles unless -icount, and instructions by blocks
#include "kit.h"

#define HPM(n) (MCYCLE + (n))
#define EVENT(n) (MHPMEVENT3 - 3 + (n))
enum { CYCLES = 1, INSTRUCTIONS = 2 };

// Between two reads stand n instructions: the difference is n + 1.
static void counts(unsigned n) {
  note("counter", n);
  fresh();
  if (n > 2) put(MCOUNTINHIBIT, 0), code(CSRRWI(0, EVENT(n), INSTRUCTIONS)), run(MACHINE);
  code(CSRRS(A0, HPM(n), 0), CSRRS(A1, HPM(n), 0)), run(MACHINE), CHECK(f.x[A1] - f.x[A0], 1);
  code(CSRRS(A0, HPM(n), 0), NOP, NOP, NOP, CSRRS(A1, HPM(n), 0)), run(MACHINE), CHECK(f.x[A1] - f.x[A0], 4);
  // A write: the next instruction reads what was written (the write itself is not counted on top).
  f.x[A2] = 1000;
  code(CSRRW(0, HPM(n), A2), CSRRS(A0, HPM(n), 0), CSRRS(A1, HPM(n), 0)), run(MACHINE), CHECK(f.x[A0], 1000),
      CHECK(f.x[A1], 1001);
  code(CSRRW(0, HPM(n), A2), NOP, CSRRS(A0, HPM(n), 0)), run(MACHINE), CHECK(f.x[A0], 1001);
  f.x[A2] = ~(u64)0;
  code(CSRRW(0, HPM(n), A2), CSRRS(A0, HPM(n), 0), CSRRS(A1, HPM(n), 0)), run(MACHINE), CHECK(f.x[A0], ~(u64)0),
      CHECK(f.x[A1], 0);  // wraps
  // The read-only twin.
  code(CSRRS(A0, HPM(n), 0), CSRRS(A1, CYCLE + n, 0)), run(MACHINE), CHECK(f.x[A1] - f.x[A0], 1);
  // csrrs with x0 does not write.
  code(CSRRS(A0, HPM(n), 0), CSRRS(A3, HPM(n), 0), CSRRC(A3, HPM(n), 0), CSRRS(A1, HPM(n), 0)), run(MACHINE),
      CHECK(f.x[A1] - f.x[A0], 3);
  // Inhibited: stands still, keeps what is written, goes on afterwards. (The instruction that stops it still counts.)
  f.x[A2] = BIT(n), f.x[A3] = 500;
  code(CSRRS(A0, HPM(n), 0), CSRRS(0, MCOUNTINHIBIT, A2), NOP, CSRRS(A1, HPM(n), 0), NOP, NOP, CSRRS(A4, HPM(n), 0),
       CSRRC(0, MCOUNTINHIBIT, A2), CSRRS(A5, HPM(n), 0), CSRRS(A6, HPM(n), 0));
  run(MACHINE), RAN(10), CHECK(f.x[A1] - f.x[A0], 2), CHECK(f.x[A4], f.x[A1]), CHECK(f.x[A5], f.x[A4]),
      CHECK(f.x[A6] - f.x[A5], 1);
  code(CSRRS(0, MCOUNTINHIBIT, A2), CSRRW(0, HPM(n), A3), NOP, CSRRS(A0, HPM(n), 0), CSRRC(0, MCOUNTINHIBIT, A2), NOP,
       CSRRS(A1, HPM(n), 0));
  run(MACHINE), CHECK(f.x[A0], 500), CHECK(f.x[A1], 501);
  // Another counter's bit stops another counter.
  f.x[A2] = ~BIT(n);
  code(CSRRS(A0, HPM(n), 0), CSRRW(0, MCOUNTINHIBIT, A2), CSRRS(A1, HPM(n), 0), CSRRW(0, MCOUNTINHIBIT, 0)),
      run(MACHINE), CHECK(f.x[A1] - f.x[A0], 2);
  // What traps is not counted: ecall in U, then a few of the kit's in M. The kit's own way there and back is the same each time.
  u64 with[3];
  for (unsigned i = 0; i < 3; i++) {
    if (i == 0) code(ECALL);
    else if (i == 1) code(NOP, ECALL);
    else code(0xffffffff);
    f.status = 0, f.x[A0] = 0;
    u64 before = 0, after = 0;
    if (n == 0) before = get(MCYCLE), run(USER), after = get(MCYCLE);
    if (n == 2) before = get(MINSTRET), run(USER), after = get(MINSTRET);
    if (n == 3) before = get(MHPMCOUNTER3), run(USER), after = get(MHPMCOUNTER3);
    if (n == 18) before = get(MHPMCOUNTER3 + 15), run(USER), after = get(MHPMCOUNTER3 + 15);
    with[i] = after - before;
  }
  CHECK(with[1] - with[0], 1), CHECK(with[2], with[0]);
}

static void events(void) {
  fresh();
  for (unsigned n = 3; n <= 18; n++) {
    note("counter", n);
    f.x[A2] = 3;
    code(CSRRWI(0, EVENT(n), 0), CSRRS(A0, HPM(n), 0), NOP, NOP, CSRRS(A1, HPM(n), 0)), run(MACHINE),
        CHECK(f.x[A1], f.x[A0]);  // none
    code(CSRRWI(0, EVENT(n), CYCLES), CSRRS(A0, HPM(n), 0), NOP, NOP, CSRRS(A1, HPM(n), 0)), run(MACHINE),
        CHECK(f.x[A1] - f.x[A0], 3);
    code(CSRRWI(0, EVENT(n), 0), CSRRS(A0, HPM(n), 0)), run(MACHINE);
    const u64 was = f.x[A0];
    code(NOP, CSRRWI(0, EVENT(n), INSTRUCTIONS), CSRRS(A0, HPM(n), 0)), run(MACHINE),
        CHECK(f.x[A0], was);  // goes on where it stood
    code(CSRRW(0, EVENT(n), A2), CSRRS(A0, EVENT(n), 0)), run(MACHINE), CHECK(f.x[A0], 0);
  }
  note(0, 0);
}

static void time(void) {
  fresh();
  const u64 before = MTIME, now = get(TIME), after = MTIME;
  CHECK(before <= now && now <= after, 1);
  MTIME = 1000000000000, CHECK(get(TIME) >= 1000000000000 && get(TIME) < 1000000100000, 1);
  MTIME = 5, CHECK(get(TIME) < 100000, 1);
  f.x[A2] = 2;
  code(CSRRS(A0, TIME, 0), CSRRS(0, MCOUNTINHIBIT, A2), CSRRS(A1, MCOUNTINHIBIT, 0)), run(MACHINE), CHECK(f.x[A1], 0);
  for (volatile unsigned i = 0; i < 200; i++) {
  }
  CHECK(get(TIME) > f.x[A0], 1);
}

int main(void) {
  put(MCOUNTINHIBIT, 0);
  counts(0), counts(2), counts(3), counts(18);
  events();
  note(0, 0);
  time();
  return 0;
}
