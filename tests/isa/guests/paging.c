// SPDX-License-Identifier: MIT
// Address translation: Sv39, Sv48 and Sv57 at every level, each way in which an entry may be refused, U, SUM, MXR, MPRV, A and D,
// changed entries, satp. Privileged spec 10.3 to 10.6; Svnapot, Svpbmt; RELIABILITY.md 1, 2, 5, 6, 9, 19, 20, 21, 24.
#include "kit.h"

enum { V = 1, PTE_R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
#define RWXAD (V | PTE_R | W | X | A | D)
#define NAPOT BIT(63)
#define PBMT(n) ((u64)(n) << 61)
#define PTE_OF(address, flags) (((u64)(address) >> 12 << 10) | (flags))

static u64 tables[5][512] __attribute__((aligned(4096)));  // [level]: level 0 is the last
static u64 page[3][512] __attribute__((aligned(65536)));   // what is mapped; 64 KiB aligned for Svnapot
static u64 other_table[512] __attribute__((aligned(4096)));

static unsigned levels;  // 3, 4, 5
static u64 va;           // of page[0], in the upper part of what a table maps

#define INDEX(address, level) ((address) >> (12 + 9 * (level)) & 511)
static u64* entry(unsigned level) { return &tables[level][INDEX(va, level)]; }

// Tables down to the last level, where page[0] and page[1] are; the code is where it is, by the root's entries for low memory.
static void map(u64 flags) {
  for (unsigned i = 0; i < levels - 1; i++) *entry(i + 1) = PTE_OF(tables[i], V);
  *entry(0) = PTE_OF(page[0], flags);
  entry(0)[1] = PTE_OF(page[1], flags);
}
static void on(unsigned count) {
  fresh();
  levels = count;
  for (unsigned i = 0; i < 5; i++)
    for (unsigned j = 0; j < 512; j++) tables[i][j] = 0;
  va = 0x5678ull << 12 | (u64)3 << 30 | (count > 3 ? (u64)5 << 39 : 0) | (count > 4 ? (u64)7 << 48 : 0);
  // 0x80000000 for S, and at 0x40000000 the same for U: a gigapage each, at level 2.
  for (unsigned i = 3; i < count; i++) tables[i][0] = PTE_OF(tables[i - 1], V);
  tables[2][2] = PTE_OF(0x80000000, RWXAD | G), tables[2][1] = PTE_OF(0x80000000, RWXAD | U);
  map(RWXAD);
  put(SATP, (u64)(count + 5) << 60 | (u64)tables[count - 1] >> 12);
  CHECK(get(SATP), (u64)(count + 5) << 60 | (u64)tables[count - 1] >> 12);
}
static void changed(void) { asm volatile("sfence.vma" : : : "memory"); }

// Runs in S at its address, in U at the alias.
static void run_mapped(unsigned mode) { run_at(mode, mode == USER ? code_at() - 0x40000000 : code_at()); }
#define BEGIN(mode) ((mode) == USER ? code_at() - 0x40000000 : code_at())

enum { READ, WRITE, EXECUTE, AMO_KIND };
// The cause of one access to `va + offset`, or 0 (and then it did what it should).
static u64 access_at(unsigned kind, unsigned mode, u64 at) {
  f.x[A0] = at, f.x[A1] = 0x55, f.x[A2] = 0x77;
  switch (kind) {
    case READ:
      code(LD(A2, A0, 0));
      break;
    case WRITE:
      code(SD(A1, A0, 0));
      break;
    case EXECUTE:
      code(JALR(RA, A0, 0));
      break;
    default:
      code(AMOSWAP_D(A2, A1, A0));
  }
  run_mapped(mode);
  const u64 returned = f.cause == BREAKPOINT && kind != EXECUTE ? BEGIN(mode) + 4 : at;
  if (f.cause == BREAKPOINT) return f.epc == returned ? 0 : 99;
  if (f.tval != at) return 98;
  if (f.epc != (kind == EXECUTE ? at : BEGIN(mode))) return 97;
  return f.x[A2] == 0x77 ? f.cause : 96;  // rd is what it was
}
static u64 access(unsigned kind, unsigned mode) { return access_at(kind, mode, va); }
static const unsigned page_fault[] = {LOAD_PAGE, STORE_PAGE, FETCH_PAGE, STORE_PAGE};
static const unsigned access_fault[] = {LOAD_ACCESS, STORE_ACCESS, FETCH_ACCESS, STORE_ACCESS};
// QEMU's AMO reports a load's fault where the load part is what fails.
static u64 fault_of(unsigned kind, const unsigned* faults, int load_part_fails) {
  return kind == AMO_KIND && load_part_fails ? OF_AMO(faults[kind]) : faults[kind];
}
static void refused(const char* where, unsigned mode) {
  for (unsigned kind = READ; kind <= AMO_KIND; kind++)
    check(where, "refused", access(kind, mode), fault_of(kind, page_fault, 1));
}
static void permitted(const char* where, unsigned mode) {
  for (unsigned kind = READ; kind <= AMO_KIND; kind++)
    page[0][0] = EBREAK, check(where, "permitted", access(kind, mode), 0);
}
#define REFUSED(mode) refused(HERE, mode)
#define PERMITTED(mode) permitted(HERE, mode)

// All 64 combinations of V R W X U and, apart, A D: in both modes, with SUM and MXR.
static void flags(void) {
  for (unsigned bits = 0; bits < 32; bits++)
    for (unsigned mode = USER; mode <= SUPERVISOR; mode++)
      for (unsigned sum = 0; sum < 2; sum++)
        for (unsigned mxr = 0; mxr < 2; mxr++) {
          const int v = bits & V, r = bits >> 1 & 1, w = bits >> 2 & 1, x = bits >> 3 & 1, u = bits >> 4 & 1;
          note("flags, mode, SUM, MXR", bits << 12 | mode << 8 | sum << 4 | mxr);
          *entry(0) = PTE_OF(page[0], bits | A | D), changed();
          f.status = (sum ? SR_SUM : 0) | (mxr ? SR_MXR : 0);
          page[0][0] = EBREAK;
          const int leaf = v && (r || x) && (r || !w);
          const int for_mode = mode == USER ? u : !u || sum;
          const int may_read = leaf && for_mode && (r || (mxr && x)), may_write = leaf && for_mode && w;
          CHECK(access(READ, mode), may_read ? 0 : LOAD_PAGE);
          if (may_read) CHECK(f.x[A2], EBREAK);
          changed();  // QEMU would remember from a read with SUM that S may fetch, too
          CHECK(access(EXECUTE, mode), leaf && x && (mode == USER ? u : !u) ? 0 : FETCH_PAGE);
          CHECK(access(WRITE, mode), may_write ? 0 : STORE_PAGE);
          CHECK(page[0][0], may_write ? 0x55 : EBREAK);
          page[0][0] = 3;
          CHECK(access(AMO_KIND, mode), may_write ? 0 : fault_of(AMO_KIND, page_fault, !may_read));
          CHECK(page[0][0], may_write ? 0x55 : 3);
          if (may_write) CHECK(f.x[A2], 3);
        }
  f.status = 0, note(0, 0);
}

#define NOT_CHECKED "10.4.1: bits 60:54 are reserved; QEMU 7.2 looks at them without Svnapot only"
// A leaf at each level; misaligned superpages; each bit that must be 0 in an entry that points to a table.
static void each_level(void) {
  for (unsigned level = 0; level < levels; level++) {
    note("levels, level", levels << 4 | level);
    map(RWXAD);
    const u64 size = (u64)1 << (12 + 9 * level), target = (u64)page[0] & ~(size - 1);
    // The page stands at its own offset in the superpage.
    const u64 at = (va & ~(size - 1)) | ((u64)page[0] & (size - 1));
    *entry(level) = PTE_OF(target, RWXAD), changed();
    page[0][0] = EBREAK, page[0][9] = 0x99;
    CHECK(access_at(EXECUTE, SUPERVISOR, at), 0);
    CHECK(access_at(READ, SUPERVISOR, at + 72), 0), CHECK(f.x[A2], 0x99);
    CHECK(access_at(WRITE, SUPERVISOR, at + 80), 0), CHECK(page[0][10], 0x55);
    // The neighbour's entry counts for the neighbour.
    CHECK(access_at(READ, SUPERVISOR, at + size), level == 0 ? 0 : LOAD_PAGE);
    for (unsigned bit = 0; bit < 9 * level; bit++) {
      note("levels, level, ppn bit", levels << 8 | level << 4 << 4 | bit);
      *entry(level) = PTE_OF(target | (u64)1 << (12 + bit), RWXAD), changed();
      CHECK(access_at(READ, SUPERVISOR, at), LOAD_PAGE);
    }
    note("levels, level", levels << 4 | level);
    *entry(level) = 0, changed(), REFUSED(SUPERVISOR);
    *entry(level) = PTE_OF(target, RWXAD & ~V), changed(), REFUSED(SUPERVISOR);
    for (unsigned bit = 54; bit < 61; bit++) {  // reserved
      *entry(level) = PTE_OF(target, RWXAD) | BIT(bit), changed();
      CHECK_CHOICE(access_at(READ, SUPERVISOR, at), LOAD_PAGE, 0, NOT_CHECKED);
    }
    if (level == 0) {
      // The last level points to no table.
      *entry(0) = PTE_OF(page[0], V), changed(), REFUSED(SUPERVISOR);
      *entry(0) = PTE_OF(page[0], V | A | D), changed(), REFUSED(SUPERVISOR);
      continue;
    }
    // Bits of a pointer: A, D and U are reserved; G is not, nor are the two for software.
    const u64 pointer = PTE_OF(tables[level - 1], V);
    static const struct {
      u64 bits;
      int refused;
    } cases[] = {{0, 0}, {G, 0}, {0x300, 0}, {A, 1}, {D, 1}, {U, 1}, {NAPOT, 1}, {PBMT(1), 1}, {W, 1}, {BIT(54), 1}};
    put(MENVCFG, get(MENVCFG) | BIT(62));
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
      note("levels, level, pointer case", levels << 8 | level << 4 | i);
      map(RWXAD), *entry(level) = pointer | cases[i].bits, changed();
      CHECK_CHOICE(access(READ, SUPERVISOR), cases[i].refused ? LOAD_PAGE : 0,
                   cases[i].refused && cases[i].bits != BIT(54) ? LOAD_PAGE : 0, NOT_CHECKED);
    }
    put(MENVCFG, get(MENVCFG) & ~BIT(62));
    // A table that is not in RAM.
    map(RWXAD), *entry(level) = PTE_OF(0x1000000, V), changed();
    for (unsigned kind = READ; kind <= AMO_KIND; kind++)
      CHECK_CHOICE(access(kind, SUPERVISOR), access_fault[kind], fault_of(kind, page_fault, 1),
                   "10.3.2 step 2: an access fault; QEMU 7.2 reads 0 where nothing is");
  }
  note(0, 0);
  map(RWXAD), *entry(0) = PTE_OF(0x1000000, RWXAD), changed();
  for (unsigned kind = READ; kind <= AMO_KIND; kind++) CHECK(access(kind, SUPERVISOR), fault_of(kind, access_fault, 1));
  map(RWXAD), changed();
}

// Bits above the address space must equal its top bit; and in the upper half.
static void canonical(void) {
  const unsigned top = 12 + 9 * levels;  // 39, 48, 57
  map(RWXAD), changed();
  for (unsigned bit = top - 1; bit < 64; bit++) {
    note("levels, bit", levels << 8 | bit);
    CHECK(access_at(READ, SUPERVISOR, va ^ BIT(bit)), LOAD_PAGE);
    CHECK(access_at(WRITE, SUPERVISOR, va ^ BIT(bit)), STORE_PAGE);
    CHECK(access_at(EXECUTE, SUPERVISOR, va ^ BIT(bit)), FETCH_PAGE);
  }
  const u64 upper = va | ~(u64)0 << (top - 1);
  tables[levels - 1][INDEX(upper, levels - 1)] = tables[levels - 1][INDEX(va, levels - 1)], changed();
  CHECK(access_at(READ, SUPERVISOR, upper), 0), CHECK(access_at(WRITE, SUPERVISOR, upper), 0);
  CHECK(access_at(READ, SUPERVISOR, upper & ~BIT(63)), LOAD_PAGE);
  note(0, 0);
}

// A and D: set by hardware, as little as needed (RELIABILITY.md 19). QEMU 7.2 always does; svade.c is the other machine.
static void accessed_dirty(void) {
  static const unsigned expected[4][4] = {
      {A, A | D, A, A | D}, {A, A | D, A, A | D}, {A | D, A | D, A | D, A | D}, {A | D, A | D, A | D, A | D}};
  static const unsigned before[] = {0, A, D, A | D};
  for (unsigned i = 0; i < 4; i++)
    for (unsigned kind = READ; kind <= AMO_KIND; kind++) {
      note("before, kind", before[i] << 4 | kind);
      *entry(0) = PTE_OF(page[0], V | PTE_R | W | X | before[i]), changed();
      page[0][0] = EBREAK;
      CHECK(access(kind, SUPERVISOR), 0);
      CHECK(*entry(0), PTE_OF(page[0], V | PTE_R | W | X | expected[i][kind]));
    }
  note(0, 0);
  // What is refused sets nothing.
  *entry(0) = PTE_OF(page[0], V | PTE_R), changed();
  CHECK(access(WRITE, SUPERVISOR), STORE_PAGE), CHECK(*entry(0), PTE_OF(page[0], V | PTE_R));
  *entry(0) = PTE_OF(page[0], V | PTE_R | W | X), changed();
  CHECK(access(READ, USER), LOAD_PAGE), CHECK(*entry(0), PTE_OF(page[0], V | PTE_R | W | X));
  // Pointers keep theirs 0; a superpage has its own.
  map(V | PTE_R | W | X), changed(), CHECK(access(WRITE, SUPERVISOR), 0);
  CHECK(*entry(1), PTE_OF(tables[0], V)), CHECK(*entry(0) & (A | D), A | D), CHECK(entry(0)[1] & (A | D), 0);
  // PMP that forbids the update: an access fault of the access's kind.
  put(PMPADDR0, (u64)tables[0] >> 2 | 0x1ff), put(PMPADDR0 + 1, ~(u64)0), put(PMPCFG0, 0x1f19);
  *entry(0) = PTE_OF(page[0], V | PTE_R | W | X), changed();
  page[0][0] = EBREAK;
  for (unsigned kind = READ; kind <= EXECUTE; kind++) {
    if (kind == EXECUTE) page[0][0] = EBREAK;
    CHECK_CHOICE(access(kind, SUPERVISOR), access_fault[kind], 0,
                 "10.3.2 step 9; QEMU 7.2 asks PMP for the read of an entry only");
  }
  CHECK_CHOICE(*entry(0) & (A | D), 0, A | D, "likewise");
  *entry(0) = PTE_OF(page[0], RWXAD), changed(), CHECK(access(WRITE, SUPERVISOR), 0);
  // ... or the read of a table, at each level.
  for (unsigned level = 0; level < levels; level++) {
    note("table that PMP forbids", level);
    if (level == 2) continue;  // the code's own
    put(PMPADDR0, (u64)tables[level] >> 2 | 0x1ff), put(PMPCFG0, 0x1f18), changed();
    if (level < 2)
      for (unsigned kind = READ; kind <= AMO_KIND; kind++)
        CHECK(access(kind, SUPERVISOR), fault_of(kind, access_fault, 1));
  }
  note(0, 0);
  put(PMPADDR0, ~(u64)0), put(PMPCFG0, 0x1f), changed();
}

// Across two pages: the half that faults is xtval, and nothing is written (RELIABILITY.md 1, 2).
static void across(void) {
  map(RWXAD), entry(0)[1] = 0, changed();
  for (unsigned back = 1; back < 8; back++) {
    note("bytes before the end", back);
    const u64 at = va + 4096 - back;
    for (unsigned i = 0; i < 8; i++) ((uint8_t*)page[0])[4096 - 8 + i] = 0x11;
    f.x[A0] = at, f.x[A1] = 0x2222222222222222, f.x[A2] = 7;
    code(SD(A1, A0, 0)), run_mapped(SUPERVISOR);
    CHECK(f.cause, STORE_PAGE);
    CHECK(f.tval, va + 4096);  // "the portion of the access that caused the fault" (10.1.9)
    CHECK(page[0][511], 0x1111111111111111);
    code(LD(A2, A0, 0)), run_mapped(SUPERVISOR), CHECK(f.cause, LOAD_PAGE), CHECK(f.x[A2], 7);
    CHECK(f.tval, va + 4096);
  }
  note(0, 0);
  // The pages behind each other in the table are not so in memory.
  entry(0)[1] = PTE_OF(page[2], RWXAD), changed();
  page[2][0] = 0;
  f.x[A0] = va + 4096 - 3, f.x[A1] = 0x8877665544332211;
  code(SD(A1, A0, 0), LD(A2, A0, 0)), run_mapped(SUPERVISOR), RAN(2), CHECK(f.x[A2], f.x[A1]);
  CHECK(page[0][511] >> 40, 0x332211), CHECK(page[2][0], 0x8877665544);
  // A 4-byte instruction whose second half cannot be fetched.
  entry(0)[1] = 0, changed();
  ((volatile u16*)page[0])[2047] = ADDI(A2, A2, 1) & 0xffff;
  f.x[A0] = va + 4094, f.x[A2] = 7;
  code(JALR(0, A0, 0)), run_mapped(SUPERVISOR);
  CHECK(f.cause, FETCH_PAGE), CHECK(f.epc, va + 4094), CHECK(f.tval, va + 4096), CHECK(f.x[A2], 7);
  entry(0)[1] = PTE_OF(page[2], RWXAD), changed();
  page[2][0] = (u64)EBREAK << 16 | ADDI(A2, A2, 1) >> 16;
  asm volatile("fence.i");
  run_mapped(SUPERVISOR), CHECK(f.cause, BREAKPOINT), CHECK(f.epc, va + 4098), CHECK(f.x[A2], 8);
  // A jump to the last halfword of a page that cannot be fetched at all: the first half is what faults.
  *entry(0) = 0, changed(), run_mapped(SUPERVISOR), CHECK(f.cause, FETCH_PAGE), CHECK(f.epc, va + 4094),
  CHECK(f.tval, va + 4094);
}

// An entry that was changed, fenced: seen by the next access, in its alias, at each level.
static void remapped(void) {
  page[0][0] = 100, page[1][0] = 101;
  for (unsigned round = 0; round < 64; round++) {
    note("round", round);
    map(RWXAD), *entry(0) = PTE_OF(page[round & 1], RWXAD), changed();
    CHECK(access(READ, SUPERVISOR), 0), CHECK(f.x[A2], 100 + (round & 1));
    *entry(0) = 0, changed(), CHECK(access(READ, SUPERVISOR), LOAD_PAGE);
  }
  note(0, 0);
  // Taken away and given back inside one run of S mode, with sfence.vma of this address.
  map(RWXAD), changed();
  f.x[A0] = va, f.x[A3] = (u64)entry(0), f.x[A4] = PTE_OF(page[1], RWXAD);
  code(LD(A1, A0, 0), SD(A4, A3, 0), SFENCE_VMA(A0, 0), LD(A2, A0, 0)), run_mapped(SUPERVISOR);
  RAN(4), CHECK(f.x[A1], 100), CHECK(f.x[A2], 101);
  // An upper entry.
  other_table[INDEX(va, 0)] = PTE_OF(page[0], RWXAD);
  f.x[A3] = (u64)entry(1), f.x[A4] = PTE_OF(other_table, V);
  code(LD(A1, A0, 0), SD(A4, A3, 0), SFENCE_VMA(0, 0), LD(A2, A0, 0)), run_mapped(SUPERVISOR);
  RAN(4), CHECK(f.x[A1], 101), CHECK(f.x[A2], 100);
  // satp itself, to a root with another page at va; ASID 1 and 0.
  map(RWXAD), changed();
  f.x[A3] = get(SATP) | (u64)1 << 44, f.x[A4] = PTE_OF(page[1], RWXAD), f.x[A5] = (u64)entry(0), f.x[A6] = get(SATP);
  code(LD(A1, A0, 0), SD(A4, A5, 0), CSRRW(0, SATP, A3), SFENCE_VMA(0, 0), LD(A2, A0, 0), CSRRW(A7, SATP, A6)),
      run_mapped(SUPERVISOR);
  RAN(6), CHECK(f.x[A1], 100), CHECK(f.x[A2], 101), CHECK(f.x[A7], f.x[A3]);
  // satp decides where the very next instruction is fetched: in the other space the code's page is another one.
  static u64 second[512] __attribute__((aligned(4096))), second_middle[512] __attribute__((aligned(4096))),
      second_leaf[512] __attribute__((aligned(4096)));
  static u32 copy[1024] __attribute__((aligned(4096)));
  u64* top = second;
  if (levels == 3) {
    for (unsigned i = 0; i < 512; i++) {
      second_middle[i] = PTE_OF(0x80000000 + ((u64)i << 21), RWXAD),
      second_leaf[i] = PTE_OF((code_at() & ~0x1fffffull) + ((u64)i << 12), RWXAD);
    }
    top[2] = PTE_OF(second_middle, V), second_middle[INDEX(code_at(), 1)] = PTE_OF(second_leaf, V),
    second_leaf[INDEX(code_at(), 0)] = PTE_OF(copy, RWXAD);
    for (unsigned round = 0; round < 20; round++) {
      put(SATP, (u64)8 << 60 | (u64)tables[2] >> 12), changed();
      for (unsigned i = 0; i < 1024; i++) copy[i] = EBREAK;
      copy[1] = ADDI(A2, X0, 2), copy[2] = NOP;
      f.x[A0] = (u64)8 << 60 | (u64)second >> 12, f.x[A2] = 0;
      code(CSRRW(0, SATP, A0), ADDI(A2, X0, 1), EBREAK), run(SUPERVISOR);
      CHECK(f.x[A2], 2), CHECK(f.epc - code_at(), 12);
    }
  }
  // Bare: the address is physical, S and U alike.
  put(SATP, 0);
  page[0][0] = 100, f.x[A0] = (u64)page, code(LD(A1, A0, 0)), run(SUPERVISOR), RAN(1), CHECK(f.x[A1], 100), run(USER),
  RAN(1);
}

// MPRV: M mode's loads and stores by MPP, its fetches not. MXR and SUM count then, too.
static void mprv(void) {
  map(RWXAD | U), entry(0)[1] = PTE_OF(page[1], RWXAD), changed();
  page[0][0] = 100, page[1][0] = 101;
  static const struct {
    unsigned mpp, second, sum;
    u64 cause;
  } cases[] = {{USER, 0, 0, 0},       {USER, 1, 0, LOAD_PAGE}, {SUPERVISOR, 0, 0, LOAD_PAGE},
               {SUPERVISOR, 0, 1, 0}, {SUPERVISOR, 1, 0, 0},   {MACHINE, 0, 0, LOAD_ACCESS}};
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    note("case", i);
    f.x[A0] = va + 4096 * cases[i].second, f.x[A1] = SR_MPRV | SR_MPP(cases[i].mpp) | (cases[i].sum ? SR_SUM : 0),
    f.x[A2] = 7;
    f.status = 0, code(CSRRS(0, MSTATUS, A1), LD(A2, A0, 0), SD(A2, A0, 8)), run(MACHINE);
    if (cases[i].cause) TRAPPED(cases[i].cause, 1, f.x[A0]);
    else RAN(3), CHECK(f.x[A2], 100 + cases[i].second), CHECK(page[cases[i].second][1], 100 + cases[i].second);
  }
  f.x[A1] = SR_MPRV | SR_MPP(SUPERVISOR), f.x[A0] = (u64)page, f.x[A3] = SR_MPRV;
  code(CSRRS(0, MSTATUS, A1), LD(A2, A0, 0), CSRRC(0, MSTATUS, A3), LD(A2, A0, 0)), run(MACHINE), RAN(4),
      CHECK(f.x[A2], 100);
  // MXR.
  map(V | X | A | D), changed();
  f.x[A0] = va, f.x[A4] = SR_MXR;
  code(CSRRS(0, MSTATUS, A1), CSRRS(0, MSTATUS, A4), LD(A2, A0, 0), CSRRC(0, MSTATUS, A4), LD(A3, A0, 0)), run(MACHINE);
  TRAPPED(LOAD_PAGE, 4, va), CHECK(f.x[A2], 100);
  // SUM and MXR written by S mode count for the next access.
  note(0, 0);
  map(RWXAD | U), changed(), f.status = 0;
  f.x[A1] = SR_SUM;
  code(CSRRS(0, SSTATUS, A1), LD(A2, A0, 0), CSRRC(0, SSTATUS, A1), LD(A3, A0, 0)), run_mapped(SUPERVISOR),
      TRAPPED(LOAD_PAGE, 3, va);
  map(V | X | A | D), changed();
  f.x[A1] = SR_MXR, f.status = 0;
  code(CSRRS(0, SSTATUS, A1), LD(A2, A0, 0), CSRRC(0, SSTATUS, A1), LD(A3, A0, 0)), run_mapped(SUPERVISOR),
      TRAPPED(LOAD_PAGE, 3, va);
  f.status = 0;
}

// Entries beside one that is used: what is wrong with them stays wrong, whatever was filled along.
static void neighbours(void) {
  static const u64 wrong[] = {RWXAD & ~V, V | W | A | D,           V | W | X | A | D,       RWXAD | BIT(54), RWXAD | BIT(60), RWXAD | PBMT(1),
                              V,          V | A | D, RWXAD | U, RWXAD | NAPOT, V | X | A | D,    BIT(1) | A};
  for (unsigned round = 0; round < 2; round++) {
    map(RWXAD);
    u64* const first = &tables[0][64];
    const u64 at = (va & ~0x1fffffull) | 64 << 12;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
      first[2 * i] = PTE_OF(page[0], RWXAD), first[2 * i + 1] = PTE_OF(page[1], wrong[i]);
    changed();
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
      note("PTE flags", wrong[i]);
      for (unsigned again = 0; again < 3; again++) {
        CHECK(access_at(READ, SUPERVISOR, at + i * 0x2000), 0);
        if (round) CHECK(access_at(WRITE, SUPERVISOR, at + i * 0x2000), 0);
        if (on_judge() && (wrong[i] >> 54) != 0) continue;  // NOT_CHECKED, and PBMT as below
        CHECK(access_at(READ, SUPERVISOR, at + i * 0x2000 + 0x1000), LOAD_PAGE);
        CHECK(access_at(WRITE, SUPERVISOR, at + i * 0x2000 + 0x1000), STORE_PAGE);
      }
    }
  }
  note(0, 0);
}

// PMP around one entry: 8 bytes are read, no more and no fewer.
static void protected_entries(void) {
  enum { ALL = 0x1f, NAPOT_RW = 0x1b, NAPOT_NONE = 0x18 };
  map(RWXAD), changed();
  const u64 at = (u64)entry(0);
  static const struct {
    int offset;
    unsigned config;
    u64 cause;
  } cases[] = {{0, NAPOT_RW, 0}, {8, NAPOT_NONE, 0}, {-8, NAPOT_NONE, 0}, {0, NAPOT_NONE, LOAD_ACCESS}};
  for (unsigned i = 0; i < 4; i++) {
    note("case", i);
    put(PMPADDR0, (at + cases[i].offset) >> 2), put(PMPADDR0 + 1, ~(u64)0), put(PMPCFG0, ALL << 8 | cases[i].config);
    changed(), CHECK(access(READ, SUPERVISOR), cases[i].cause);
    // The same with A to be set.
    *entry(0) &= ~(u64)A;
    changed(), CHECK(access(READ, SUPERVISOR), cases[i].cause);
    *entry(0) |= A;
  }
  note(0, 0);
  put(PMPADDR0, ~(u64)0), put(PMPCFG0, 0x1f), changed();
}

// Svnapot: 64 KiB; every other encoding is reserved. Svpbmt: by menvcfg.PBMTE.
static void encodings(void) {
  on(levels);
  for (unsigned low = 0; low < 16; low++) {
    note("ppn bits 3:0", low);
    map(RWXAD), *entry(0) = PTE_OF((u64)page[0] | (u64)low << 12, RWXAD) | NAPOT, changed();
    page[0][0] = EBREAK, page[1][0] = 101, page[2][0] = 102;
    CHECK(access(READ, SUPERVISOR), low == 8 ? 0 : LOAD_PAGE);
    if (low != 8) continue;
    // Bits 15:12 come from the address: the entries of the sixteen pages are equal, va's is number 8 of them.
    for (unsigned i = 0; i < 3; i++) {
      const u64 at = (va & ~0xffffull) | i << 12;
      tables[0][INDEX(at, 0)] = *entry(0), changed();
      CHECK(access_at(READ, SUPERVISOR, at), 0), CHECK(f.x[A2], page[i][0]);
    }
    CHECK(access_at(WRITE, SUPERVISOR, (va & ~0xffffull) | 1 << 12), 0), CHECK(page[1][0], 0x55);
    tables[0][INDEX(va & ~0xffffull, 0)] = 0, tables[0][INDEX(va & ~0xffffull, 0) + 1] = 0,
                                     tables[0][INDEX(va & ~0xffffull, 0) + 2] = 0;
  }
  note("NAPOT superpage", 0);
  *entry(1) = PTE_OF(0x80000000, RWXAD) | PTE_OF(0x8000, 0) | NAPOT, changed();
  CHECK(access(READ, SUPERVISOR), LOAD_PAGE);
  *entry(1) = PTE_OF(0x80000000 & ~0x1fffffull, RWXAD) | NAPOT, changed();
  CHECK(access(READ, SUPERVISOR), LOAD_PAGE);
  for (unsigned enabled = 0; enabled < 2; enabled++)
    for (unsigned type = 0; type < 4; type++) {
      note("PBMTE, PBMT", enabled << 4 | type);
      on(levels);
      enabled ? put(MENVCFG, get(MENVCFG) | BIT(62)) : put(MENVCFG, get(MENVCFG) & ~BIT(62));
      CHECK(get(MENVCFG) >> 62 & 1, enabled);
      map(RWXAD), *entry(0) = PTE_OF(page[0], RWXAD) | PBMT(type), changed();
      CHECK_CHOICE(access(READ, SUPERVISOR), type == 0 || (enabled && type != 3) ? 0 : LOAD_PAGE, 0,
                   "Svpbmt: 3 is reserved, and all but 0 without PBMTE; QEMU 7.2 permits them");
    }
  put(MENVCFG, get(MENVCFG) & ~BIT(62));
  note(0, 0);
}

// satp: a mode that is not there leaves all of it (10.1.11).
static void satp(void) {
  on(3);
  const u64 was = get(SATP);
  for (u64 mode = 0; mode < 16; mode++) {
    note("mode", mode);
    put(SATP, was);
    put(SATP, mode << 60 | 0x12345);
    CHECK(get(SATP), mode == 0 || mode == 8 || mode == 9 || mode == 10 ? mode << 60 | 0x12345 : was);
  }
  put(SATP, (u64)8 << 60 | 0xfffffffffffffff),
      CHECK(get(SATP), (u64)8 << 60 | 0xfffffffffffffff);  // 16 bits of ASID, 44 of PPN
  put(SATP, 0);
  note(0, 0);
  // A root that is not in RAM.
  on(3);
  f.x[A0] = va, code(LD(A1, A0, 0)), put(SATP, (u64)8 << 60 | 0x1000), changed(), run(SUPERVISOR);
  CHECK_CHOICE(f.cause, FETCH_ACCESS, FETCH_PAGE, "10.3.2 step 2: an access fault; QEMU 7.2 reads 0 where nothing is");
  CHECK(f.epc, code_at()), CHECK(f.tval, code_at());
  put(SATP, 0);
}

int main(void) {
  put(MENVCFG, get(MENVCFG) | BIT(61));  // ADUE, where it exists
#ifdef DEEP                              // apart, since Vitrine's shadow page tables serve Sv39
  const unsigned first = 4, last = 5;
#else
  const unsigned first = 3, last = 3;
#endif
  for (unsigned count = first; count <= last; count++) {
    on(count);
    page[0][0] = EBREAK, PERMITTED(SUPERVISOR);
    each_level();
    canonical();
    accessed_dirty();
  }
  on(first), flags(), across();
  on(first), neighbours(), protected_entries();
  on(first), remapped();
  on(first), mprv();
  encodings();
  satp();
  return 0;
}
