// SPDX-License-Identifier: MIT
// Every CSR: who may read and write which of the 4,096 numbers, what each keeps of what is written, and Zicsr's own rules.
// Privileged spec 2.1 and the section of each CSR; unprivileged spec 7.1; RELIABILITY.md 7, 20, 23, 25, 26 (there is no V).
#include "kit.h"

#define ONES (~(u64)0)

// --- Which numbers there are. Least privilege and read-only stand in the number.
static const struct {
  u16 first, last;
} present[] = {{FFLAGS, FCSR},
               {SSTATUS, SSTATUS},
               {SIE, SCOUNTEREN},
               {SENVCFG, SENVCFG},
               {SSCRATCH, SIP},
               {STIMECMP, STIMECMP},
               {SATP, SATP},
               {MSTATUS, MCOUNTEREN},
               {MENVCFG, MENVCFG},
               {MCOUNTINHIBIT, MCOUNTINHIBIT},
               {MHPMEVENT3, MHPMEVENT3 + 15},
               {MSCRATCH, MIP},
               {PMPCFG0, PMPCFG0},
               {PMPCFG2, PMPCFG2},
               {PMPADDR0, PMPADDR0 + 15},
               {TSELECT, TDATA3},
               {MCYCLE, MCYCLE},
               {MINSTRET, MHPMCOUNTER3 + 15},
               {CYCLE, HPMCOUNTER3 + 15},
               {MVENDORID, MCONFIGPTR}};
// What QEMU 7.2 has besides, or leaves out.
static const struct {
  u16 first, last;
  const char* why;
} judges_own[] = {
    {MHPMEVENT3 + 16, MHPMEVENT3 + 28, "the events of 29 counters, of which it has 16"},
    {0x24d, 0x24d, "vstimecmp, with h=off"},
    {0x7a4, 0x7a4, "tinfo"},
};
static int is_present(unsigned csr) {
  for (unsigned i = 0; i < sizeof present / sizeof *present; i++)
    if (csr >= present[i].first && csr <= present[i].last) return 1;
  return 0;
}
static int only_judges(unsigned csr) {
  for (unsigned i = 0; i < sizeof judges_own / sizeof *judges_own; i++)
    if (csr >= judges_own[i].first && csr <= judges_own[i].last) return on_judge();
  return 0;
}
static int may(unsigned csr, unsigned mode, int writes) {
  return (is_present(csr) || only_judges(csr)) && mode >= (csr >> 8 & 3) && !(writes && csr >> 10 == 3);
}

// Each number, from each mode, read (csrrs with x0) and written (csrrc of no bits by a register, which is a write of the same).
static void numbers(void) {
  fresh();
  put(MCOUNTEREN, ONES), put(SCOUNTEREN, ONES), put(MENVCFG, get(MENVCFG) | BIT(63));
  f.status = SR_FS(1), f.x[A1] = 0;
  for (unsigned csr = 0; csr < 4096; csr++)
    for (unsigned mode = 0; mode < 4; mode++) {
      if (mode == 2) continue;
      note("CSR, mode", csr << 4 | mode);
      for (unsigned writes = 0; writes < 2; writes++) {
        if (writes && csr == MSCRATCH && mode == MACHINE) continue;  // the kit's while code runs; below
        f.x[A1] = csr >> 10 == 3;                                    // QEMU 7.2 takes no bits for no write
        code(writes ? CSRRC(A0, csr, A1) : CSRRS(A0, csr, 0)), run(mode);
        if (may(csr, mode, writes)) RAN(1);
        else TRAPPED(ILLEGAL, 0, code_words[0]);
      }
    }
  note(0, 0);
  put(MENVCFG, get(MENVCFG) & ~BIT(63));
}

// --- WARL: what a write leaves, beginning from another value.
struct row {
  u16 csr;
  u64 before, written, ours, judges;
  const char* why;  // of a difference, or what is special
};
#define SAME(csr, before, written, read) \
  { csr, before, written, read, read, 0 }
#define VALUES(csr) \
  SAME(csr, 0, ONES, ONES), SAME(csr, ONES, 0, 0), SAME(csr, 0, 0x123456789abcdef0, 0x123456789abcdef0)
static const struct row rows[] = {
    SAME(FFLAGS, 0, ONES, 0x1f),
    SAME(FFLAGS, ONES, 0, 0),
    SAME(FRM, 0, ONES, 7),
    SAME(FRM, ONES, 0, 0),
    SAME(FRM, 0, 5, 5),
    SAME(FCSR, 0, ONES, 0xff),
    SAME(FCSR, 0, 0x3f5, 0xf5),
    {SSTATUS, 0, ONES, BIT(63) | (u64)2 << 32 | 0xc6122, BIT(63) | (u64)3 << 32 | 0xc6722,
     "10.1.1; QEMU 7.2 writes UXL, and VS without V"},
    SAME(SSTATUS, SR_FS(3), SR_FS(1), (u64)2 << 32 | SR_FS(1)),
    SAME(SSTATUS, 0, SR_FS(2), (u64)2 << 32 | SR_FS(2)),
    {SSTATUS, ONES, 0, (u64)2 << 32, (u64)3 << 32, "likewise: no UXL 0"},
    SAME(SSTATUS, 0, SR_FS(3), BIT(63) | (u64)2 << 32 | SR_FS(3)),
    SAME(MSTATUS, 0, 0, (u64)10 << 32),
    {MSTATUS, 0, ONES & ~SR_MIE & ~SR_MPRV & ~SR_MPP(1), BIT(63) | (u64)10 << 32 | 0x7c61a2,
     BIT(63) | (u64)0xcb << 32 | 0x7c77a2,
     "MPP = 2 is no mode: it stays 0. QEMU 7.2 keeps it, has VS, MPV and GVA, and writes UXL"},
    SAME(MSTATUS, 0, SR_MPP(3), (u64)10 << 32 | SR_MPP(3)),
    SAME(MSTATUS, 0, SR_MPP(1), (u64)10 << 32 | SR_MPP(1)),
    {MSTATUS, SR_MPP(3), SR_MPP(2), (u64)10 << 32 | SR_MPP(3), (u64)10 << 32 | SR_MPP(2), "WARL; QEMU 7.2 keeps 2"},
    {MSTATUS, SR_MPP(1), SR_MPP(2) | SR_TW, (u64)10 << 32 | SR_MPP(1) | SR_TW, (u64)10 << 32 | SR_MPP(2) | SR_TW,
     "the other fields are written"},
    {MEDELEG, 0, ONES, 0xb3ff, 0xf0bfff, "all exceptions but ecall from M; QEMU 7.2 has that, and H's with h=off"},
    SAME(MEDELEG, ONES, 0, 0),
    {MEDELEG, 0, 0x800, 0, 0x800, "3.1.8: read-only 0 for what cannot be taken in less than M; QEMU 7.2 keeps it"},
    SAME(MEDELEG, 0, 0x100, 0x100),
    {MIDELEG, 0, ONES, 0x222, 0x2666, "the supervisor's; QEMU 7.2 has H's, and LCOFI"},
    SAME(MIDELEG, ONES, 0, 0),
    {MIE, 0, ONES, 0xaaa, 0x2eee, "likewise"},
    SAME(MIE, ONES, 0, 0),
    SAME(SIE, 0, ONES, 0),
    SAME(MTVEC, 0x80001000, 0x90002001, 0x90002001),
    SAME(MTVEC, 0x80001001, 0x90002002, 0x80001001),
    SAME(MTVEC, 0x80001000, 0x90002003, 0x80001000),
    SAME(MTVEC, 0, 0xfffffffffffffffc, 0xfffffffffffffffc),
    SAME(STVEC, 0x80001000, 0x90002001, 0x90002001),
    SAME(STVEC, 0x80001001, 0x90002002, 0x80001001),
    SAME(STVEC, 0x80001000, 0x90002003, 0x80001000),
    SAME(STVEC, 0, 0xfffffffffffffffc, 0xfffffffffffffffc),
    SAME(STVEC, 0, 0x80001234, 0x80001234),
    {MCOUNTEREN, 0, ONES, 0x7ffff, ONES, "19 counters; QEMU 7.2 keeps 64 bits"},
    SAME(MCOUNTEREN, ONES, 0, 0),
    {SCOUNTEREN, 0, ONES, 0x7ffff, ONES, "likewise"},
    SAME(SCOUNTEREN, ONES, 0, 0),
    {MCOUNTINHIBIT, 0, ONES, 0x7fffd, ONES, "time cannot be stopped (3.1.12); QEMU 7.2 keeps all"},
    SAME(MCOUNTINHIBIT, ONES, 0, 0),
    {MENVCFG, 0, ONES, 0xe0000000000000f1, 0xc0000000000000f1, "3.1.18; QEMU 7.2 has no ADUE"},
    SAME(MENVCFG, 0, BIT(63), BIT(63)),
    SAME(MENVCFG, ONES, 0, 0),
    {MENVCFG, 0x30, 0x20, 0x30, 0x20, "CBIE = 2 is reserved; ours keeps the old"},
    {MENVCFG, 0x10, 0xa1, 0x91, 0xa1, "the other fields are written"},
    {SENVCFG, 0, ONES, 0xf1, 0xf1, "10.1.10"},
    SAME(SENVCFG, ONES, 0, 0),
    {SENVCFG, 0x10, 0x20, 0x10, 0x20, "CBIE = 2"},
    {SENVCFG, 0, 0xe1, 0xc1, 0xe1, "the other fields are written"},
    VALUES(SSCRATCH),
    VALUES(SCAUSE),
    VALUES(STVAL),
    VALUES(MCAUSE),
    VALUES(MTVAL),
    VALUES(STIMECMP),
    {SEPC, 0, ONES, ONES - 1, ONES, "bit 0 is always 0 (10.1.7); QEMU 7.2 keeps it"},
    SAME(SEPC, ONES, 0, 0),
    {SEPC, 0, 0x80001235, 0x80001234, 0x80001235, "likewise"},
    SAME(SEPC, 0, 0x80001236, 0x80001236),
    {MEPC, 0, ONES, ONES - 1, ONES, "bit 0 is always 0 (3.1.14); QEMU 7.2 keeps it"},
    SAME(MEPC, ONES, 0, 0),
    {MEPC, 0, 0x80001235, 0x80001234, 0x80001235, "likewise"},
    SAME(MEPC, 0, 0x80001236, 0x80001236),
    {MIP, 0, ONES, 0x222, 0x2666, "SSIP, STIP, SEIP; the rest are wires. QEMU 7.2 has H's and LCOFI"},
    SAME(SIP, 0, ONES, 0),
    SAME(SATP, 0, (u64)9 << 60 | 5, (u64)9 << 60 | 5),
    SAME(SATP, (u64)8 << 60 | 7, (u64)1 << 60, (u64)8 << 60 | 7),
    SAME(SATP, (u64)8 << 60 | 7, (u64)11 << 60, (u64)8 << 60 | 7),
    SAME(SATP, (u64)8 << 60 | 7, 0, 0),
    SAME(SATP, 0, (u64)8 << 60 | 0xabc123456789abc, (u64)8 << 60 | 0xabc123456789abc),
    SAME(TSELECT, 0, 0, 0),
    {TSELECT, 0, ONES, 0, 0, "there are no triggers; QEMU 7.2 has some"},
    {TDATA2, 0, ONES, 0, ONES, "likewise"},
    {TDATA1, 0, ONES, 0, BIT(61), "likewise"},
    SAME(TDATA3, 0, ONES, 0),
    {MHPMEVENT3, 0, 1, 1, 1, "cycles"},
    {MHPMEVENT3, 0, 2, 2, 2, "instructions"},
    {MHPMEVENT3 + 15, 0, 2, 2, 2, "the last"},
    {MHPMEVENT3, 2, 3, 0, 3, "no such event: ours is none; QEMU keeps what it does not know"},
    {MHPMEVENT3, 1, BIT(63) | BIT(62) | 2, 2, BIT(63) | BIT(62) | 2, "no filters without Sscofpmf; QEMU keeps them"},
    {MISA, ONES, ONES, (u64)2 << 62 | 0x14112d, (u64)2 << 62 | 0x14112d, "A C D F I M S U"},
};
static void values(void) {
  fresh();
  f.status = SR_FS(1);
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    const struct row* row = &rows[i];
    note(row->why ? row->why : "CSR", row->csr);
    f.x[A0] = row->before, f.x[A1] = row->written;
    // What was there comes back, since some of it is the kit's.
    code(CSRRW(A3, row->csr, A0), CSRRW(A4, row->csr, A1), CSRRS(A2, row->csr, 0), CSRRW(0, row->csr, A3));
    if (row->csr == MCOUNTINHIBIT || row->csr == MIE || row->csr == MIP) f.status = SR_FS(1);
    run(MACHINE), RAN(4);
    CHECK(f.x[A2], on_judge() ? row->judges : row->ours);
  }
  note(0, 0);
  for (unsigned i = 0; i < 16; i++) {
    note("pmpaddr", i);
    f.x[A0] = 0x123456789abcde;
    code(CSRRW(A3, PMPADDR0 + i, A0), CSRRW(A2, PMPADDR0 + i, A3)), run(MACHINE), RAN(2),
        CHECK(f.x[A2], 0x3456789abcde | (u64)0x12 << 48);
    note("mhpmcounter", i);
    f.x[A0] = 0xfedcba9876543210;
    code(CSRRW(0, MHPMEVENT3 + i, 0), CSRRW(0, MHPMCOUNTER3 + i, A0), CSRRS(A2, MHPMCOUNTER3 + i, 0),
         CSRRS(A4, HPMCOUNTER3 + i, 0)),
        run(MACHINE);
    CHECK_CHOICE(f.x[A2], f.x[A0], f.x[A2], "QEMU 7.2 has nothing where no event was chosen"), CHECK(f.x[A4], f.x[A2]);
  }
  note(0, 0);
  // mscratch is the kit's: here by itself. Each bit.
  for (unsigned bit = 0; bit < 64; bit++) put(MSCRATCH, BIT(bit)), CHECK(get(MSCRATCH), BIT(bit));
  put(MSCRATCH, 0);
  CHECK(get(MVENDORID), 0), CHECK(get(MIMPID) == 0 || on_judge(), 1), CHECK(get(MHARTID), 0), CHECK(get(MCONFIGPTR), 0);
}

// Zicsr: which forms read and write.
static void forms(void) {
  fresh();
  // csrrs and csrrc with x0 or 0 do not write: read-only CSRs may be read so; any other register writes, even one that holds 0.
  f.x[A1] = 0;
  const u32 reads[] = {CSRRS(A0, MHARTID, 0), CSRRC(A0, MHARTID, 0), CSRRSI(A0, MHARTID, 0), CSRRCI(A0, MHARTID, 0)};
  const u32 writes[] = {CSRRS(A0, MHARTID, A1), CSRRC(A0, MHARTID, A1), CSRRW(A0, MHARTID, 0), CSRRWI(A0, MHARTID, 0),
                        CSRRSI(A0, MHARTID, 1), CSRRCI(A0, MHARTID, 1), CSRRW(0, MHARTID, A1)};
  for (unsigned i = 0; i < 4; i++) f.x[A0] = 55, code(reads[i]), run(MACHINE), RAN(1), CHECK(f.x[A0], 0);
  for (unsigned i = 0; i < 7; i++) {
    if (on_judge() && i < 2) continue;  // QEMU 7.2 looks at the register's value instead of its number
    f.x[A0] = 55, code(writes[i]), run(MACHINE), ILLEGAL_AT(0), CHECK(f.x[A0], 55);
  }
  // What each does, with rd, without, and with rd = rs1.
  static const struct {
    u32 word;
    u64 rd, csr;
  } does[] = {{CSRRW(A0, SSCRATCH, A1), 0xf0, 0x3c},  {CSRRS(A0, SSCRATCH, A1), 0xf0, 0xfc},
              {CSRRC(A0, SSCRATCH, A1), 0xf0, 0xc0},  {CSRRWI(A0, SSCRATCH, 21), 0xf0, 21},
              {CSRRSI(A0, SSCRATCH, 21), 0xf0, 0xf5}, {CSRRCI(A0, SSCRATCH, 16), 0xf0, 0xe0},
              {CSRRWI(A0, SSCRATCH, 0), 0xf0, 0},     {CSRRS(A0, SSCRATCH, 0), 0xf0, 0xf0},
              {CSRRC(A0, SSCRATCH, 0), 0xf0, 0xf0},   {CSRRW(A0, SSCRATCH, 0), 0xf0, 0},
              {CSRRW(0, SSCRATCH, A1), 77, 0x3c},     {CSRRS(0, SSCRATCH, A1), 77, 0xfc},
              {CSRRC(0, SSCRATCH, A1), 77, 0xc0},     {CSRRW(A1, SSCRATCH, A1), 77, 0x3c},
              {CSRRS(A1, SSCRATCH, A1), 77, 0xfc},    {CSRRC(A1, SSCRATCH, A1), 77, 0xc0}};
  for (unsigned i = 0; i < sizeof does / sizeof *does; i++) {
    note("form", does[i].word);
    put(SSCRATCH, 0xf0), f.x[A0] = 77, f.x[A1] = 0x3c;
    code(does[i].word), run(MACHINE), RAN(1), CHECK(f.x[A0], does[i].rd), CHECK(get(SSCRATCH), does[i].csr);
    CHECK(f.x[A1], (does[i].word >> 7 & 31) == A1 ? 0xf0 : 0x3c);
  }
  note(0, 0);
}

// FS: Off makes every access of F illegal, from all modes; a write makes it Dirty, and SD follows. RELIABILITY.md 4.
static void float_state(void) {
  static const u32 words[] = {CSRRS(A0, FFLAGS, 0),
                              CSRRW(0, FRM, A1),
                              CSRRS(A0, FCSR, 0),
                              CSRRWI(0, FFLAGS, 0),
                              0xf2000053 /* fmv.d.x f0, x0 */,
                              0xe2000553 /* fmv.x.d a0, f0 */,
                              0x02007053 /* fadd.d f0, f0, f0 */,
                              0x00007053 /* fadd.s */,
                              0x0005b007 /* fld f0, (a1) */,
                              0x0005b027 /* fsd f0, (a1) */,
                              0x22000053 /* fsgnj.d */,
                              0xa2002553 /* feq.d a0, f0, f0 */,
                              0x02007043 /* fmadd.d */,
                              0x00002188 /* c.fld f10, (a1) */,
                              0xe2001553 /* fclass.d */};
  static const int dirties[] = {0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0};
  enum { COMPARISON = 11 };
  static u64 memory[2];
  for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
    for (unsigned mode = 0; mode < 4; mode++) {
      if (mode == 2) continue;
      note("instruction", words[i]);
      fresh();
      f.x[A1] = (u64)memory, code(words[i] == 0x2188 ? words[i] | 0x00010000 : words[i]);
      f.status = 0, run(mode);
      CHECK(f.cause, ILLEGAL), CHECK(f.tval, words[i]), CHECK(f.epc, code_at()),
          CHECK(f.mstatus & (SR_FS(3) | SR_SD), 0);
      for (unsigned fs = 1; fs < 4; fs++) {
        f.status = SR_FS(fs), f.x[A1] = (u64)memory, run(mode), RAN(1);
        // 3.1.6.6: FS may be Dirty although nothing changed; ours is behind what may raise a flag.
        if (on_judge() && i == COMPARISON) continue;
        CHECK(f.mstatus & (SR_FS(3) | SR_SD), fs == 3 || dirties[i] ? SR_FS(3) | SR_SD : SR_FS(fs));
      }
    }
  note(0, 0);
  f.status = 0;
}

static void illegal_here(u32 word) {
  CHECK(f.cause, ILLEGAL), CHECK(f.epc, code_at());
  CHECK_CHOICE(f.tval, word, word >> 25 == 11 ? 0 : word,
               "3.1.16: the bits, or 0; QEMU 7.2 does not know those of sinval.vma");
}

// Who may what by mstatus, envcfg, counteren. RELIABILITY.md 23.
static void permissions(void) {
  fresh();
  put(SEPC, code_at() + 4);
  static const struct {
    u32 word;
    u64 bit;
    int below_m_only;
  } traps[] = {{SFENCE_VMA(0, 0), SR_TVM, 0},
               {SFENCE_VMA(A0, A1), SR_TVM, 0},
               {SINVAL_VMA(A0, A1), SR_TVM, 0},
               {CSRRS(A0, SATP, 0), SR_TVM, 0},
               {CSRRW(0, SATP, 0), SR_TVM, 0},
               {WFI, SR_TW, 0},
               {SRET, SR_TSR, 0}};
  static const u64 bits[] = {SR_TVM, SR_TW, SR_TSR};
  for (unsigned i = 0; i < sizeof traps / sizeof *traps; i++) {
    note("instruction", traps[i].word);
    put(MIE, BIT(3)), REG32(CLINT) = 1;  // wfi does not wait
    for (unsigned b = 0; b < 3; b++) {
      f.status = bits[b] | SR_SPP, put(MIE, 0), code(traps[i].word);
      if (traps[i].word == WFI) REG32(CLINT) = 0;
      const int waits = traps[i].word == WFI && bits[b] != SR_TW;
      if (!waits) {
        run(SUPERVISOR);
        if (bits[b] == traps[i].bit) illegal_here(traps[i].word);
        else RAN(1);
        f.x[A0] = 0, f.status = bits[b] | SR_SPP;
        if (traps[i].word != WFI) run(MACHINE), RAN(1);  // M mode may always
      }
      f.status = bits[b], run(USER), illegal_here(traps[i].word);  // U never
    }
  }
  note(0, 0);
  REG32(CLINT) = 0, put(MIE, 0), f.status = 0;
  code(MRET), run(SUPERVISOR), ILLEGAL_AT(0), run(USER), ILLEGAL_AT(0);
  for (unsigned i = 0; i < 2; i++) {
    code(i ? SFENCE_W_INVAL : SFENCE_INVAL_IR), run(MACHINE), RAN(1), run(USER);
    CHECK_CHOICE(f.cause, ILLEGAL, BREAKPOINT, "Svinval: illegal in U; QEMU 7.2 permits it");
    f.status = SR_TVM, run(SUPERVISOR), RAN(1), f.status = 0;  // TVM is not for these
  }
  // sstatus in U: each way to write each of its bits.
  for (unsigned bit = 0; bit < 20; bit++) {
    note("bit of sstatus, from U", bit);
    f.x[A1] = BIT(bit);
    code(CSRRS(0, SSTATUS, A1)), run(USER), ILLEGAL_AT(0), code(CSRRC(0, SSTATUS, A1)), run(USER), ILLEGAL_AT(0),
        code(CSRRW(0, SSTATUS, A1)), run(USER), ILLEGAL_AT(0);
    if (bit < 5)
      code(CSRRSI(0, SSTATUS, 1 << bit)), run(USER), ILLEGAL_AT(0), code(CSRRCI(0, SSTATUS, 1 << bit)), run(USER),
          ILLEGAL_AT(0);
  }
  note(0, 0);
  // Counters: mcounteren for S and U, scounteren for U only.
  for (unsigned n = 0; n < 19; n++)
    for (unsigned m = 0; m < 2; m++)
      for (unsigned s = 0; s < 2; s++) {
        note("counter, mcounteren, scounteren", n << 8 | m << 4 | s);
        put(MCOUNTEREN, m ? BIT(n) : ~BIT(n)), put(SCOUNTEREN, s ? BIT(n) : ~BIT(n));
        code(CSRRS(A0, CYCLE + n, 0));
        run(MACHINE), RAN(1);
        run(SUPERVISOR);
        if (m) RAN(1);
        else ILLEGAL_AT(0);
        run(USER);
        if (m && s) RAN(1);
        else ILLEGAL_AT(0);
      }
  note(0, 0);
  put(MCOUNTEREN, 0), put(SCOUNTEREN, 0);
}

// 3.4: the privilege is M; MIE, MPRV and the A and L of PMP are 0; misa says all that there is. The rest is our choice.
static void reset(void) {
  CHECK(at_reset.mstatus, (u64)10 << 32), CHECK(at_reset.misa, (u64)2 << 62 | 0x14112d);
  CHECK(at_reset.mie | at_reset.medeleg | at_reset.senvcfg | at_reset.mcountinhibit | at_reset.pmpcfg0 |
            at_reset.pmpcfg2 | at_reset.satp | at_reset.mcause,
        0);
  CHECK(at_reset.mideleg, 0);
  CHECK(at_reset.mcounteren | at_reset.scounteren, 0);
  CHECK_CHOICE(at_reset.menvcfg, BIT(61), 0, "ADUE, so that A and D are set as on QEMU, which has no such bit");
  CHECK_CHOICE(at_reset.stimecmp, ~(u64)0, 0, "no timer interrupt before software asks for one");
  if (!on_judge()) CHECK(at_reset.minstret < 40000, 1);
}

int main(void) {
  reset();
  values();
  forms();
  float_state();
  permissions();
  numbers();
  return 0;
}
