// SPDX-License-Identifier: MIT
// Sscofpmf: mode filters of the event counters, overflow, LCOFI and its place in the order, scountovf.
// vitrine: sscofpmf=on
// judge: none, QEMU 7.2 counts its own cycles unless -icount, and instructions by blocks
#include "kit.h"

#define EVENT(n) (MHPMEVENT3 - 3 + (n))
#define COUNTER(n) (MCYCLE + (n))
#define OF BIT(63)
#define NOT_M BIT(62)
#define NOT_S BIT(61)
#define NOT_U BIT(60)
enum { SCOUNTOVF = 0xda0, LCOFI = 13, SEI = 9, SSI = 1, STI = 5, INSTRUCTIONS = 2 };

static u64 counted(unsigned mode, u64 filter) {
  put(EVENT(3), filter | INSTRUCTIONS), put(COUNTER(3), 0);
  code(NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, ECALL), run(mode);
  put(MCOUNTINHIBIT, BIT(3));
  const u64 count = get(COUNTER(3));
  put(MCOUNTINHIBIT, 0);
  return count;
}

int main(void) {
  fresh();
  put(MCOUNTINHIBIT, 0), put(MCOUNTEREN, ~(u64)0);
  put(EVENT(3), ~(u64)0 & ~OF), CHECK(get(EVENT(3)), NOT_M | NOT_S | NOT_U);  // no such event
  put(EVENT(3), OF | NOT_M | NOT_S | NOT_U | INSTRUCTIONS),
      CHECK(get(EVENT(3)), OF | NOT_M | NOT_S | NOT_U | INSTRUCTIONS);
  put(EVENT(3), 0);
  // Ten instructions in the mode under test, the kit's in M.
  CHECK(counted(USER, NOT_M), 10), CHECK(counted(USER, NOT_M | NOT_S), 10), CHECK(counted(USER, NOT_M | NOT_U), 0);
  CHECK(counted(SUPERVISOR, NOT_M), 10), CHECK(counted(SUPERVISOR, NOT_M | NOT_U), 10),
      CHECK(counted(SUPERVISOR, NOT_M | NOT_S), 0);
  const u64 kits = counted(USER, NOT_U);
  CHECK(kits > 0, 1), CHECK(counted(USER, 0), kits + 10), CHECK(counted(SUPERVISOR, NOT_S), kits),
      CHECK(counted(SUPERVISOR, NOT_U | NOT_M | NOT_S), 0);

  // Overflow: OF, scountovf, LCOFIP; once, until OF is cleared.
  put(MIDELEG, BIT(LCOFI) | BIT(SSI) | BIT(STI) | BIT(SEI)), CHECK(get(MIDELEG), 0x2222);
  put(MIE, ~(u64)0), CHECK(get(MIE), 0x2aaa), put(MIE, 0);
  for (unsigned n = 3; n <= 18; n += 15) {
    note("counter", n);
    f.x[A0] = ~(u64)0 - 3, f.x[A1] = NOT_M | INSTRUCTIONS;
    code(CSRRW(0, EVENT(n), A1), CSRRW(0, COUNTER(n), A0)), run(MACHINE);
    code(NOP, NOP, NOP), run(SUPERVISOR);
    CHECK(get(MIP) & BIT(LCOFI), 0), CHECK(get(SCOUNTOVF), 0);
    code(NOP, NOP), run(SUPERVISOR);
    CHECK(get(MIP) & BIT(LCOFI), BIT(LCOFI)), CHECK(get(SCOUNTOVF), BIT(n)), CHECK(get(SIP), BIT(LCOFI));
    code(CSRRS(A0, EVENT(n), 0), CSRRS(A1, COUNTER(n), 0)), run(MACHINE), CHECK(f.x[A0], OF | NOT_M | INSTRUCTIONS),
        CHECK(f.x[A1], 1);
    // In S, scountovf shows what mcounteren lets it.
    code(CSRRS(A0, SCOUNTOVF, 0)), run(SUPERVISOR), RAN(1), CHECK(f.x[A0], BIT(n)), run(USER), ILLEGAL_AT(0);
    put(MCOUNTEREN, ~BIT(n)), run(SUPERVISOR), CHECK(f.x[A0], 0), run(MACHINE), CHECK(f.x[A0], BIT(n)),
        put(MCOUNTEREN, ~(u64)0);
    code(CSRRWI(0, SCOUNTOVF, 0)), run(MACHINE), ILLEGAL_AT(0);
    // S clears its LCOFIP; the next overflow asks again only if OF is clear.
    f.x[A2] = BIT(LCOFI), code(CSRRC(0, SIP, A2)), run(SUPERVISOR), CHECK(get(MIP) & BIT(LCOFI), 0);
    f.x[A0] = ~(u64)0 - 3, code(CSRRW(0, COUNTER(n), A0)), run(MACHINE), code(NOP, NOP, NOP, NOP, NOP, NOP, NOP),
    run(SUPERVISOR);
    CHECK(get(MIP) & BIT(LCOFI), 0);
    f.x[A1] = NOT_M | INSTRUCTIONS, f.x[A0] = ~(u64)0 - 3;
    code(CSRRW(0, EVENT(n), A1), CSRRW(0, COUNTER(n), A0)), run(MACHINE);
    code(NOP, NOP, NOP, NOP, NOP, NOP, NOP);
    put(STVEC, (u64)s_landing | 1), put(SIE, BIT(LCOFI)), f.status = SR_SIE, run(SUPERVISOR);
    CHECK(landed(), LCOFI), CHECK(get(SCAUSE), INTERRUPT | LCOFI), CHECK(get(SEPC) - code_at(), 16);
    // Last of all in the order.
    static const unsigned others[] = {SEI, SSI, STI};
    for (unsigned i = 0; i < 3; i++) {
      put(SIE, BIT(LCOFI) | BIT(others[i])), set(MIP, BIT(others[i]) | BIT(LCOFI)), f.status = SR_SIE, code(NOP),
                                                                                    run(SUPERVISOR);
      CHECK(landed(), others[i]), clear(MIP, BIT(others[i]));
    }
    put(MIDELEG, 0x222), f.status = 0, put(MIE, BIT(LCOFI)), run(SUPERVISOR), CHECK(f.cause, INTERRUPT | LCOFI),
                         put(MIDELEG, 0x2222);
    put(MIE, 0), put(MIP, 0), f.status = 0;
    code(CSRRWI(0, EVENT(n), 0)), run(MACHINE), CHECK(get(SCOUNTOVF), 0);
  }
  // At the very step, in a long run, and when the counter has counted before.
  note(0, 0);
  static u32 nops[200];
  for (unsigned i = 0; i < 200; i++) nops[i] = NOP;
  static const unsigned before[] = {0, 1, 50, 99};
  for (unsigned i = 0; i < 4; i++) {
    note("counted before", before[i]);
    put(MIDELEG, BIT(LCOFI)), put(MIE, 0), put(MIP, 0), f.status = 0;
    f.x[A0] = ~(u64)0 - 99, f.x[A1] = NOT_M | INSTRUCTIONS;
    code(CSRRW(0, EVENT(4), A1), CSRRW(0, COUNTER(4), A0)), run(MACHINE);
    code_of(before[i], nops), run(SUPERVISOR), CHECK(get(SCOUNTOVF), 0);
    put(STVEC, s_landing), put(SIE, BIT(LCOFI)), f.status = SR_SIE;
    code_of(200, nops), run(SUPERVISOR), CHECK(landed(), 0), CHECK(get(SCAUSE), INTERRUPT | LCOFI),
        CHECK((get(SEPC) - code_at()) / 4, 100 - before[i]);
    code(CSRRWI(0, EVENT(4), 0)), run(MACHINE);
    // In a mode that it does not count it never comes.
    put(MIP, 0), f.x[A1] = NOT_M | NOT_S | INSTRUCTIONS, f.status = SR_SIE;
    code(CSRRW(0, EVENT(4), A1), CSRRW(0, COUNTER(4), A0)), run(MACHINE), code_of(200, nops), run(SUPERVISOR), RAN(200);
    f.status = 0, run(USER), CHECK(landed(), 0), CHECK((get(SEPC) - code_at()) / 4, 100);
    code(CSRRWI(0, EVENT(4), 0)), run(MACHINE);
  }
  // The event is chosen last.
  put(MIP, 0);
  f.x[A0] = ~(u64)0 - 99, f.x[A1] = NOT_M | INSTRUCTIONS, f.status = 0;
  code(CSRRWI(0, EVENT(5), 0), CSRRW(0, COUNTER(5), A0), CSRRW(0, EVENT(5), A1)), run(MACHINE);
  f.status = SR_SIE, code_of(200, nops), run(SUPERVISOR), CHECK((get(SEPC) - code_at()) / 4, 100),
  code(CSRRWI(0, EVENT(5), 0)), run(MACHINE);
  put(MIE, 0), put(MIP, 0), f.status = 0;
  // An inhibited counter does not overflow.
  note(0, 0);
  f.x[A0] = ~(u64)0, f.x[A1] = NOT_M | INSTRUCTIONS;
  code(CSRRW(0, EVENT(3), A1), CSRRW(0, COUNTER(3), A0)), run(MACHINE);
  put(MCOUNTINHIBIT, BIT(3)), code(NOP, NOP, NOP), run(SUPERVISOR), CHECK(get(SCOUNTOVF), 0),
      CHECK(get(COUNTER(3)), ~(u64)0);
  put(MCOUNTINHIBIT, 0), run(SUPERVISOR), CHECK(get(SCOUNTOVF), BIT(3));
  return 0;
}
