// SPDX-License-Identifier: MIT
// Interrupts: priority, delegation, enables, vectors, what makes one pending, wfi, the PLIC's claim and complete.
// Privileged spec 3.1.9, 3.1.7, 10.1.3, 3.3.3; Sstc; RELIABILITY.md 8, 22, 23, 27. (Counter overflow: sscofpmf.c.)
#include "kit.h"

enum { SSI = 1, MSI = 3, STI = 5, MTI = 7, SEI = 9, MEI = 11 };
#define NEVER (~(u64)0)
static const unsigned numbers[] = {SSI, MSI, STI, MTI, SEI, MEI};
static const unsigned by_priority[] = {MEI, MSI, MTI, SEI, SSI, STI};  // 3.1.9
#define COUNT(array) (sizeof(array) / sizeof *(array))

// --- Ways to make each pending. The external one comes from the UART through the PLIC: "transmitter empty".
enum { UART_SOURCE = 10 };
#define PLIC_PRIORITY(source) REG32(PLIC + 4 * (source))
#define PLIC_PENDING REG32(PLIC + 0x1000)
#define PLIC_ENABLE(context) REG32(PLIC + 0x2000 + 0x80 * (context))
#define PLIC_THRESHOLD(context) REG32(PLIC + 0x200000 + 0x1000 * (context))
#define PLIC_CLAIM(context) REG32(PLIC + 0x200004 + 0x1000 * (context))
#define UART_IER (*(volatile uint8_t*)(UART + 1))
#define UART_IIR (*(volatile uint8_t*)(UART + 2))

static void external(int on) {
  if (on) {
    PLIC_PRIORITY(UART_SOURCE) = 1;
    PLIC_THRESHOLD(0) = 0;
    PLIC_ENABLE(0) = 1u << UART_SOURCE;
    UART_IER = 2;
  } else {
    UART_IER = 0;
    const u32 claimed = PLIC_CLAIM(0);
    if (claimed) PLIC_CLAIM(0) = claimed;
    PLIC_ENABLE(0) = 0;
  }
}

static void pend(unsigned number, int on) {
  switch (number) {
    case MSI:
      MSIP = on;
      break;
    case MTI:
      MTIMECMP = on ? 0 : NEVER;
      break;
    case MEI:
      external(on);
      break;
    default:
      on ? set(MIP, BIT(number)) : clear(MIP, BIT(number));
  }
}
static void quiet(void) {
  fresh();
  put(MENVCFG, get(MENVCFG) & ~BIT(63));
  for (unsigned i = 0; i < COUNT(numbers); i++) pend(numbers[i], 0);
}

// Each interrupt, from each mode, enabled or not.
static void each(void) {
  for (unsigned i = 0; i < COUNT(numbers); i++) {
    const unsigned n = numbers[i];
    for (unsigned mode = 0; mode < 4; mode++) {
      if (mode == 2) continue;
      note("interrupt, mode", n << 4 | mode);
      quiet();
      CHECK(get(MIP), 0);
      pend(n, 1);
      CHECK(get(MIP), BIT(n));
      code(NOP, NOP);
      run(mode), RAN(2);  // not enabled
      put(MIE, BIT(n)), CHECK(get(MIE), BIT(n));
      f.status = 0, run(mode);
      if (mode == MACHINE) RAN(2);  // MIE counts in M only
      else
        CHECK(f.cause, INTERRUPT | n), CHECK(f.epc, code_at()), CHECK(f.tval, 0),
            CHECK(f.mstatus & SR_MPP(3), SR_MPP(mode));
      f.status = SR_MPIE, run(mode), CHECK(f.cause, INTERRUPT | n), CHECK(f.epc, code_at());
      CHECK(f.mstatus & (SR_MIE | SR_MPIE), SR_MPIE), CHECK(f.slot, DIRECT);
      put(MTVEC, (u64)m_vector | 1), run(mode), CHECK(f.cause, INTERRUPT | n), CHECK(f.slot, n);
      put(MTVEC, m_vector), run(mode), CHECK(f.cause, INTERRUPT | n), CHECK(f.slot, 0);
      f.status = 0;
      pend(n, 0);
      CHECK(get(MIP), 0);
    }
  }
  note(0, 0);
}

// Delegated: taken in U always, in S if SIE, never in M; by S mode's handler, vectored or not.
static void delegated(void) {
  for (unsigned i = 0; i < COUNT(numbers); i++) {
    const unsigned n = numbers[i];
    note("interrupt", n);
    quiet();
    put(MIDELEG, BIT(n));
    CHECK(get(MIDELEG), n == SSI || n == STI || n == SEI ? BIT(n) : 0);  // M's own cannot be delegated here
    if (!get(MIDELEG)) continue;
    pend(n, 1), put(MIE, BIT(n));
    CHECK(get(SIP), BIT(n)), CHECK(get(SIE), BIT(n));
    code(NOP);
    f.status = SR_MPIE, run(MACHINE), RAN(1);
    f.status = SR_MPIE, run(SUPERVISOR), RAN(1);
    for (unsigned vectored = 0; vectored < 2; vectored++) {
      put(STVEC, (u64)s_landing | vectored);
      f.status = SR_SIE, run(SUPERVISOR);
      CHECK(landed(), vectored ? n : 0), CHECK(get(SCAUSE), INTERRUPT | n), CHECK(get(SEPC), code_at()),
          CHECK(get(STVAL), 0);
      CHECK(f.mstatus & (SR_SIE | SR_SPIE | SR_SPP | SR_MPP(3)), SR_SPIE | SR_SPP | SR_MPP(SUPERVISOR));
      f.status = 0, run(USER);
      CHECK(landed(), vectored ? n : 0), CHECK(get(SCAUSE), INTERRUPT | n);
      CHECK(f.mstatus & (SR_SIE | SR_SPIE | SR_SPP | SR_MPP(3)), SR_MPP(SUPERVISOR));
    }
    put(MIE, 0), CHECK(get(SIE), 0), run(USER), RAN(1);
    // sie and sip are windows on what is delegated.
    put(SIE, ~(u64)0), CHECK(get(MIE), BIT(n)), put(SIE, 0), CHECK(get(MIE), 0);
    put(MIDELEG, 0), put(MIE, BIT(n)), CHECK(get(SIP), 0), CHECK(get(SIE), 0), put(SIE, 0), CHECK(get(MIE), BIT(n));
  }
  note(0, 0);
}

// QEMU 7.2 has the order of 3.1.9 with Smaia only; without, the lowest number is first.
static unsigned first_of(unsigned high, unsigned low) { return on_judge() && low < high ? low : high; }

// Of two that can be taken, the first of 3.1.9's list; M's before S's whatever their numbers.
static void priority(void) {
  for (unsigned i = 0; i < COUNT(by_priority); i++)
    for (unsigned j = i + 1; j < COUNT(by_priority); j++) {
      const unsigned high = by_priority[i], low = by_priority[j];
      const u64 both = BIT(high) | BIT(low);
      note("higher, lower", high << 4 | low);
      quiet();
      pend(high, 1), pend(low, 1), put(MIE, both), CHECK(get(MIP), both);
      code(NOP);
      f.status = 0, run(SUPERVISOR), CHECK(f.cause, INTERRUPT | first_of(high, low));
      f.status = SR_MPIE, run(MACHINE), CHECK(f.cause, INTERRUPT | first_of(high, low));
      put(MIE, BIT(low)), run(MACHINE), CHECK(f.cause, INTERRUPT | low);
      put(MIE, both);
      // Delegate the higher: the lower, which M mode takes, comes first.
      put(MIDELEG, BIT(high));
      if (get(MIDELEG)) {
        f.status = SR_SIE, run(SUPERVISOR), CHECK(f.cause, INTERRUPT | low);
        f.status = 0, run(USER), CHECK(f.cause, INTERRUPT | low);
        put(MIDELEG, both);
        if (get(MIDELEG) == both)
          f.status = 0, run(USER), CHECK(landed(), 0), CHECK(get(SCAUSE), INTERRUPT | first_of(high, low));
      }
      put(MIDELEG, BIT(low)), f.status = SR_SIE, run(SUPERVISOR);
      CHECK(f.cause, INTERRUPT | (get(MIDELEG) ? high : first_of(high, low)));
    }
  note(0, 0);
}

// A pending one is taken right behind the write that lets it in.
static void at_once(void) {
  quiet();
  pend(MSI, 1);
  const u64 msi = BIT(MSI);
  f.x[A0] = msi, f.x[A1] = SR_MIE;
  code(CSRRS(0, MSTATUS, A1), NOP, CSRRS(0, MIE, A0), NOP, NOP), run(MACHINE);
  CHECK(f.cause, INTERRUPT | MSI), CHECK(f.epc - code_at(), 12), put(MIE, 0);
  code(CSRRS(0, MIE, A0), NOP, CSRRS(0, MSTATUS, A1), NOP), run(MACHINE);
  CHECK(f.cause, INTERRUPT | MSI), CHECK(f.epc - code_at(), 12), put(MIE, 0);
  code(CSRRW(0, MIE, A0), CSRRSI(0, MSTATUS, 8), NOP), run(MACHINE), CHECK(f.cause, INTERRUPT | MSI),
      CHECK(f.epc - code_at(), 8);
  pend(MSI, 0);
  // mip, written; sip; then mideleg, which takes it away or brings it.
  put(MIE, BIT(SSI)), f.x[A0] = BIT(SSI), f.status = SR_MPIE;
  code(NOP, CSRRS(0, MIP, A0), NOP), run(MACHINE), CHECK(f.cause, INTERRUPT | SSI), CHECK(f.epc - code_at(), 8);
  put(MIDELEG, BIT(SSI)), f.status = SR_SIE, put(MIP, 0);
  code(NOP, CSRRS(0, SIP, A0), NOP), run(SUPERVISOR), CHECK(landed(), 0), CHECK(get(SEPC) - code_at(), 8), put(MIP, 0);
  code(CSRRWI(0, SIP, 2), NOP), run(SUPERVISOR), CHECK(landed(), 0), CHECK(get(SEPC) - code_at(), 4);
  f.status = 0, put(SIE, 0);
  code(CSRRSI(0, SSTATUS, 2), CSRRSI(0, SIE, 2), NOP), run(SUPERVISOR), CHECK(landed(), 0),
      CHECK(get(SEPC) - code_at(), 8);
  code(CSRRSI(0, SSTATUS, 2), NOP), run(SUPERVISOR), CHECK(landed(), 0), CHECK(get(SEPC) - code_at(), 4);
  f.status = SR_MPIE;
  code(CSRRCI(0, MIDELEG, 2), NOP), run(MACHINE), CHECK(f.cause, INTERRUPT | SSI), CHECK(f.epc - code_at(), 4);
  // mret and sret let it in at their target.
  f.status = 0, f.x[A0] = SR_MPIE, f.x[A1] = code_at() + 16;
  code(CSRRW(0, MEPC, A1), CSRRS(0, MSTATUS, A0), MRET, NOP, NOP), run(MACHINE), CHECK(f.cause, INTERRUPT | SSI),
      CHECK(f.epc - code_at(), 16);
  put(MIDELEG, BIT(SSI)), put(SIE, BIT(SSI));
  f.x[A0] = SR_SPIE | SR_SPP;
  code(CSRRW(0, SEPC, A1), CSRRS(0, SSTATUS, A0), SRET, NOP, NOP), run(SUPERVISOR), CHECK(landed(), 0),
      CHECK(get(SEPC) - code_at(), 16);
  CHECK(get(SCAUSE), INTERRUPT | SSI);
  // The interrupted instruction did nothing: go on and it runs.
  quiet();
  pend(MSI, 1), put(MIE, msi), f.status = SR_MPIE, f.x[A0] = 5;
  code(ADDI(A0, A0, 1)), run(MACHINE), CHECK(f.x[A0], 5), CHECK(f.cause, INTERRUPT | MSI);
  pend(MSI, 0), run(MACHINE), CHECK(f.x[A0], 6), RAN(1);
  // A store to the CLINT: within a few instructions (QEMU ends its block first).
  f.x[A1] = CLINT, f.x[A2] = 1;
  code(SW(A2, A1, 0), NOP, NOP, NOP, JAL(0, 0)), run(MACHINE), CHECK(f.cause, INTERRUPT | MSI);
}

#define MORE_BITS "QEMU 7.2 has the bits of H and of Sscofpmf, which are both off"
// mip: what software can write, what is wired; csrrs of mip keeps the wire's level out of the bit.
static void pending_bits(void) {
  quiet();
  put(MIP, ~(u64)0), CHECK_CHOICE(get(MIP), 0x222, 0x2666, MORE_BITS);
  put(MIP, 0), CHECK(get(MIP), 0);
  put(MIDELEG, BIT(SSI) | BIT(STI) | BIT(SEI));
  put(SIP, ~(u64)0), CHECK(get(MIP), BIT(SSI));  // S may write SSIP only
  put(MIP, ~(u64)0), put(SIP, 0), CHECK_CHOICE(get(MIP), BIT(STI) | BIT(SEI), 0x2664, MORE_BITS);
  put(MIP, 0), set(SIP, BIT(SSI) | BIT(STI)), CHECK(get(SIP), BIT(SSI));
  set(MIP, BIT(STI)), clear(SIP, BIT(SSI) | BIT(STI)), CHECK(get(SIP), BIT(STI));
  put(MIP, 0);
  // SEIP is the PLIC's wire or software's bit.
  PLIC_PRIORITY(UART_SOURCE) = 1, PLIC_THRESHOLD(1) = 0, PLIC_ENABLE(1) = 1u << UART_SOURCE;
  UART_IER = 2;
  CHECK(get(MIP), BIT(SEI));
  set(MIP, BIT(SSI)), CHECK(get(MIP), BIT(SEI) | BIT(SSI));  // a csrrs that reads SEIP from the wire ...
  UART_IER = 0;
  const u32 claimed = PLIC_CLAIM(1);
  CHECK(claimed, UART_SOURCE), PLIC_CLAIM(1) = claimed;
  CHECK(get(MIP), BIT(SSI));  // ... does not set software's bit (3.1.9)
  PLIC_ENABLE(1) = 0;
  put(MIE, ~(u64)0), CHECK_CHOICE(get(MIE), 0xaaa, 0x2eee, MORE_BITS), put(MIE, 0);
}

// RELIABILITY.md 22.
static void timers(void) {
  quiet();
  MTIMECMP = 0, CHECK(get(MIP), BIT(MTI));
  MTIMECMP = MTIME + 100000000, CHECK(get(MIP), 0);
  MTIMECMP = MTIME, CHECK(get(MIP), BIT(MTI));
  MTIMECMP = NEVER, CHECK(get(MIP), 0);
  const u64 soon = MTIME + 200;
  MTIMECMP = soon;
  while (!(get(MIP) & BIT(MTI))) {
  }
  CHECK(MTIME >= soon, 1);
  MTIMECMP = NEVER;
  // stimecmp (Sstc): illegal below M without STCE or mcounteren.TM, and then STIP is the comparison.
  put(MCOUNTEREN, 2);
  code(CSRRS(A0, STIMECMP, 0)), run(SUPERVISOR), ILLEGAL_AT(0);
  put(MENVCFG, get(MENVCFG) | BIT(63)), CHECK(get(MENVCFG) >> 63, 1);
  put(MCOUNTEREN, 0), run(SUPERVISOR), ILLEGAL_AT(0);
  put(MCOUNTEREN, 2), run(SUPERVISOR), RAN(1), run(USER), ILLEGAL_AT(0);
  put(STIMECMP, NEVER), CHECK(get(MIP), 0), CHECK(get(STIMECMP), NEVER);
  put(STIMECMP, 0), CHECK(get(MIP), BIT(STI));
  clear(MIP, BIT(STI)), CHECK(get(MIP), BIT(STI));
  put(STIMECMP, NEVER), CHECK(get(MIP), 0);
  set(MIP, BIT(STI)), CHECK(get(MIP), 0);  // STIP is read-only while STCE (Sstc 2.1)
  put(STIMECMP, 0), put(STIMECMP, NEVER), clear(MIP, BIT(STI)), CHECK(get(MIP), 0);
  put(STIMECMP, MTIME + 200);
  while (!(get(MIP) & BIT(STI))) {
  }
  CHECK(MTIME >= get(STIMECMP), 1);
  // Taken by S mode right behind the write.
  put(STIMECMP, NEVER), put(MIDELEG, BIT(STI)), put(SIE, BIT(STI)), f.status = SR_SIE;
  code(NOP, CSRRWI(0, STIMECMP, 0), NOP, NOP), run(SUPERVISOR), CHECK(landed(), 0);
  CHECK(get(SCAUSE), INTERRUPT | STI), CHECK(get(SEPC) - code_at(), 8);
  put(STIMECMP, NEVER);
  code(NOP), run(SUPERVISOR), RAN(1);
  put(MENVCFG, get(MENVCFG) & ~BIT(63));
  // A write of menvcfg without STCE leaves software's STIP; one with STCE takes it away for good.
  set(MIP, BIT(STI)), put(MENVCFG, get(MENVCFG) ^ 1), CHECK(get(MIP), BIT(STI)), put(MENVCFG, get(MENVCFG) ^ 1),
      CHECK(get(MIP), BIT(STI));
  put(STIMECMP, NEVER), clear(MIP, BIT(STI));
  // Without STCE stimecmp keeps its value and drives nothing.
  put(STIMECMP, 0);
  CHECK_CHOICE(get(MIP), 0, BIT(STI), "QEMU 7.2 compares all the same");
  put(STIMECMP, NEVER), clear(MIP, BIT(STI));
}

enum { IN_10_MS = 100000 };  // long for a judge that translates first
// wfi goes on when an enabled interrupt is pending, taken or not; TW and U make it illegal.
static void waiting(void) {
  quiet();
  put(MIE, BIT(MSI)), MSIP = 1;
  f.status = 0, f.x[A0] = 0;
  code(WFI, ADDI(A0, A0, 1)), run(MACHINE), RAN(2), CHECK(f.x[A0], 1);  // MIE = 0: not taken, and it goes on
  f.status = SR_MPIE, code(WFI, NOP), run(MACHINE), CHECK(f.cause, INTERRUPT | MSI);
  MSIP = 0, put(MIE, BIT(MTI)), MTIMECMP = MTIME + IN_10_MS;
  f.status = SR_MPIE, code(WFI, NOP), run(MACHINE), CHECK(f.cause, INTERRUPT | MTI), CHECK(f.epc - code_at(), 4);
  MTIMECMP = MTIME + IN_10_MS;
  f.status = 0, run(SUPERVISOR), CHECK(f.cause, INTERRUPT | MTI), CHECK(f.epc - code_at(), 4);
  MTIMECMP = MTIME + IN_10_MS, put(MIDELEG, BIT(STI));
  f.status = 0, run(MACHINE), RAN(2);
  // Pending, enabled, but delegated and S's SIE is off: it goes on.
  MTIMECMP = NEVER, put(MIE, BIT(STI)), set(MIP, BIT(STI));
  f.status = 0, run(SUPERVISOR), RAN(2);
  f.status = 0, run(MACHINE), RAN(2);
  quiet();
  put(MIE, BIT(MSI)), MSIP = 1, f.status = 0;
  put(MIE, 0), MSIP = 0;
  code(WFI), run(USER), CHECK(f.cause, ILLEGAL), CHECK(f.tval, WFI);
  f.status = SR_TW, run(SUPERVISOR), ILLEGAL_AT(0), run(USER), CHECK(f.cause, ILLEGAL);
  put(MIE, BIT(MSI)), MSIP = 1, f.status = SR_TW, run(MACHINE), RAN(1), MSIP = 0;  // TW is not for M
}

#define SEES_LATER "QEMU 7.2 looks again when a priority, a threshold or a source changes, not an enable"
// RELIABILITY.md 27.
static void plic(void) {
  quiet();
  CHECK(PLIC_CLAIM(0), 0);  // nothing to claim
  PLIC_PRIORITY(UART_SOURCE) = 7, CHECK(PLIC_PRIORITY(UART_SOURCE), 7);
  PLIC_PRIORITY(0) = 3, CHECK(PLIC_PRIORITY(0), 0);  // source 0 does not exist
  PLIC_ENABLE(0) = 1u << UART_SOURCE, CHECK(PLIC_ENABLE(0), 1u << UART_SOURCE), CHECK(PLIC_ENABLE(1), 0);
  PLIC_THRESHOLD(0) = 7, CHECK(PLIC_THRESHOLD(0), 7);
  UART_IER = 2;
  CHECK(PLIC_PENDING, 1u << UART_SOURCE);
  CHECK(get(MIP), 0);  // priority must be above the threshold
  PLIC_THRESHOLD(0) = 6, CHECK(get(MIP), BIT(MEI));
  PLIC_PRIORITY(UART_SOURCE) = 0, PLIC_THRESHOLD(0) = 0, CHECK(get(MIP), 0);  // priority 0: never
  PLIC_PRIORITY(UART_SOURCE) = 1, CHECK(get(MIP), BIT(MEI));
  PLIC_ENABLE(0) = 0, CHECK_CHOICE(get(MIP), 0, BIT(MEI), SEES_LATER);
  PLIC_ENABLE(1) = 1u << UART_SOURCE, CHECK_CHOICE(get(MIP), BIT(SEI), BIT(MEI), SEES_LATER);
  PLIC_THRESHOLD(1) = 0, CHECK(get(MIP), BIT(SEI));
  CHECK(PLIC_CLAIM(0), 0);  // context 0 has not enabled it
  CHECK(PLIC_CLAIM(1), UART_SOURCE), CHECK(get(MIP), 0), CHECK(PLIC_PENDING, 0), CHECK(PLIC_CLAIM(1), 0);
  UART_IER = 0;
  PLIC_CLAIM(1) = UART_SOURCE;  // completed, and the source is quiet
  CHECK(get(MIP), 0), CHECK(PLIC_CLAIM(1), 0);
  UART_IER = 2, CHECK(get(MIP), BIT(SEI));  // and again
  // A request that comes while the one before is claimed waits until that is completed.
  CHECK(PLIC_CLAIM(1), UART_SOURCE), CHECK(UART_IIR & 15, 2);  // reading IIR quiets the UART
  *(volatile uint8_t*)UART = '\n';                             // and a byte that is gone makes it ask again
  for (volatile unsigned i = 0; i < 100000 && !(PLIC_PENDING >> UART_SOURCE & 1); i++) {
  }
  CHECK(PLIC_CLAIM(1), 0), CHECK(get(MIP), 0);
  PLIC_CLAIM(1) = UART_SOURCE, CHECK(get(MIP), BIT(SEI)), CHECK(PLIC_CLAIM(1), UART_SOURCE);
  PLIC_CLAIM(1) = UART_SOURCE + 1;  // another source's completion is not this one's
  CHECK(UART_IIR & 15, 2), UART_IER = 0;
  PLIC_CLAIM(1) = UART_SOURCE, PLIC_ENABLE(1) = 0;
  CHECK(get(MIP), 0);
}

int main(void) {
  each();
  delegated();
  priority();
  at_once();
  pending_bits();
  timers();
  waiting();
  plic();
  return 0;
}
