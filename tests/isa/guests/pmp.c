// SPDX-License-Identifier: MIT
// Physical memory protection: OFF, TOR, NA4, NAPOT of every size, priority, partial matches, locks, M mode, MPRV.
// Privileged spec 3.7.1; RELIABILITY.md 18.
#include "kit.h"

enum { PMP_R = 1, PMP_W = 2, PMP_X = 4, TOR = 8, NA4 = 16, NAPOT = 24, LOCK = 128 };
static u64 memory[2048] __attribute__((aligned(16384)));

static void entry(unsigned n, unsigned config, u64 address) {
  switch (n) {
    case 0:
      put(PMPADDR0, address);
      break;
    case 1:
      put(PMPADDR0 + 1, address);
      break;
    case 2:
      put(PMPADDR0 + 2, address);
      break;
    case 15:
      put(PMPADDR0 + 15, address);
      break;
  }
  if (n < 8) put(PMPCFG0, (get(PMPCFG0) & ~((u64)0xff << 8 * n)) | (u64)config << 8 * n);
  else put(PMPCFG2, (get(PMPCFG2) & ~((u64)0xff << 8 * (n - 8))) | (u64)config << 8 * (n - 8));
}
static void begin(void) {
  fresh();
  put(PMPCFG0, 0), put(PMPCFG2, 0);
  entry(15, NAPOT | PMP_R | PMP_W | PMP_X, ~(u64)0);  // all else is permitted
}
static u64 result(void) { return f.cause == BREAKPOINT ? 0 : f.cause; }
static u64 read_at(unsigned mode, u64 at) { return f.x[A0] = at, code(LD(A1, A0, 0)), run(mode), result(); }
static u64 byte_at(unsigned mode, u64 at) { return f.x[A0] = at, code(LBU(A1, A0, 0)), run(mode), result(); }
static u64 write_at(unsigned mode, u64 at) {
  return f.x[A0] = at, f.x[A1] = EBREAK, code(SW(A1, A0, 0)), run(mode), result();
}
static u64 fetch_at(unsigned mode, u64 at) {
  return *(volatile u32*)at = EBREAK, f.x[A0] = at, code(JALR(0, A0, 0)), run(mode), result();
}
#define AT(offset) ((u64)memory + (offset))

static void permissions(void) {
  for (unsigned bits = 0; bits < 8; bits++)
    for (unsigned mode = 0; mode < 4; mode++) {
      if (mode == 2 || (bits & 3) == 2) continue;
      note("permissions, mode", bits << 4 | mode);
      begin();
      entry(0, NAPOT | bits, AT(0) >> 2 | 0x1ff);
      CHECK(read_at(mode, AT(8)), mode == MACHINE || bits & 1 ? 0 : LOAD_ACCESS);
      CHECK(write_at(mode, AT(8)), mode == MACHINE || bits & 2 ? 0 : STORE_ACCESS);
      CHECK(fetch_at(mode, AT(8)), mode == MACHINE || bits & 4 ? 0 : FETCH_ACCESS);
      if (mode != MACHINE && !(bits & 4)) CHECK(f.epc, AT(8)), CHECK(f.tval, AT(8));
      // MPRV: M mode's data by the rules of MPP.
      f.x[A0] = AT(8), f.x[A2] = SR_MPRV | SR_MPP(mode);
      code(CSRRS(0, MSTATUS, A2), LD(A1, A0, 0)), run(MACHINE),
          CHECK(result(), mode == MACHINE || bits & 1 ? 0 : LOAD_ACCESS);
      code(CSRRS(0, MSTATUS, A2), SD(A1, A0, 0)), run(MACHINE),
          CHECK(result(), mode == MACHINE || bits & 2 ? 0 : STORE_ACCESS);
    }
  note(0, 0);
  // W without R is reserved.
  begin(), entry(0, NAPOT | PMP_W, AT(0) >> 2 | 0x1ff);
  CHECK_CHOICE(get(PMPCFG0) & 0xff, NAPOT, NAPOT | PMP_W, "3.7.1: WARL; ours clears both, QEMU 7.2 keeps them");
}

// Just inside and just outside, for each size.
static void sizes(void) {
  for (unsigned ones = 0; ones < 10; ones++) {
    const u64 size = (u64)8 << ones, base = AT(0x2000);
    note("NAPOT of", size);
    begin();
    entry(0, NAPOT, base >> 2 | (((u64)1 << ones) - 1));
    CHECK(byte_at(USER, base), LOAD_ACCESS), CHECK(byte_at(USER, base + size - 1), LOAD_ACCESS),
        CHECK(byte_at(USER, base - 1), 0);
    CHECK(byte_at(USER, base + size), 0), CHECK(read_at(USER, base), LOAD_ACCESS), CHECK(read_at(USER, base - 8), 0),
        CHECK(read_at(USER, base + size), 0);
    // Partly inside: nobody may, whatever the entry permits, M mode too.
    entry(0, NAPOT | PMP_R | PMP_W | PMP_X, base >> 2 | (((u64)1 << ones) - 1));
    CHECK(read_at(USER, base), 0);
    // (These two are misaligned: 3.7.1 lets them be taken apart, which both do at the end of a page.)
    CHECK(read_at(USER, base + size - 4), size < 4096 ? LOAD_ACCESS : 0);
    CHECK_CHOICE(read_at(USER, base - 4), 0, LOAD_ACCESS, "taken apart or not");
  }
  note("NA4", 0);
  begin(), entry(0, NA4, AT(16) >> 2);
  CHECK(byte_at(USER, AT(15)), 0), CHECK(byte_at(USER, AT(16)), LOAD_ACCESS), CHECK(byte_at(USER, AT(19)), LOAD_ACCESS),
      CHECK(byte_at(USER, AT(20)), 0);
  CHECK(read_at(USER, AT(16)), LOAD_ACCESS), CHECK(read_at(MACHINE, AT(16)), LOAD_ACCESS);
  begin(), entry(0, NA4 | PMP_R | PMP_W, AT(20) >> 2);
  CHECK(read_at(USER, AT(16)), LOAD_ACCESS), CHECK(read_at(MACHINE, AT(16)), LOAD_ACCESS),
      CHECK(write_at(USER, AT(20)), 0), CHECK(byte_at(USER, AT(16)), 0);
  note("TOR", 0);
  begin(), entry(0, 0, AT(32) >> 2), entry(1, TOR, AT(64) >> 2);
  CHECK(byte_at(USER, AT(31)), 0), CHECK(byte_at(USER, AT(32)), LOAD_ACCESS), CHECK(byte_at(USER, AT(63)), LOAD_ACCESS),
      CHECK(byte_at(USER, AT(64)), 0);
  CHECK(read_at(USER, AT(24)), 0), CHECK(read_at(USER, AT(64)), 0), CHECK(read_at(USER, AT(28)), LOAD_ACCESS),
      CHECK(read_at(USER, AT(60)), LOAD_ACCESS);
  note("TOR of entry 0 begins at 0", 0);
  begin(), entry(0, TOR, AT(0) >> 2), CHECK(fetch_at(USER, AT(0)), FETCH_ACCESS),
      CHECK(f.epc, code_at() < AT(0) ? code_at() : AT(0));
  note("TOR that is empty", 0);
  begin(), entry(0, 0, AT(64) >> 2), entry(1, TOR, AT(64) >> 2), CHECK(byte_at(USER, AT(63)), 0),
      CHECK(byte_at(USER, AT(64)), 0);
  entry(1, TOR, AT(32) >> 2), CHECK(byte_at(USER, AT(40)), 0), CHECK(byte_at(USER, AT(31)), 0);
  note("NAPOT of everything", 0);
  begin(), entry(0, NAPOT | PMP_R | PMP_X, ((u64)1 << 54) - 1), CHECK(read_at(USER, AT(0)), 0),
      CHECK(write_at(USER, AT(0)), STORE_ACCESS);
  entry(0, NAPOT | PMP_R | PMP_X, ((u64)1 << 53) - 1), CHECK(read_at(USER, AT(0)), 0),
      CHECK(write_at(USER, AT(0)), STORE_ACCESS);
  note(0, 0);
}

#define NO_RULES "3.7.1: U and S may nothing; in QEMU 7.2 mret refuses to go there"
// 3.7.2 asks for a fence behind a change; Vitrine needs none, and says so.
static void changed(void) {
  if (on_judge()) asm volatile("sfence.vma" : : : "memory");
}

// The first entry that matches decides; without one, M may and others may not.
static void order(void) {
  begin();
  entry(0, NAPOT | PMP_R, AT(0) >> 2 | 0x1f), entry(1, NAPOT | PMP_R | PMP_W, AT(0) >> 2 | 0x1ff);
  CHECK(write_at(USER, AT(0)), STORE_ACCESS), CHECK(write_at(USER, AT(255)), STORE_ACCESS),
      CHECK(write_at(USER, AT(256)), 0);
  CHECK(read_at(USER, AT(0)), 0);
  entry(0, NAPOT | PMP_R | PMP_W, AT(0) >> 2 | 0x1f), entry(1, NAPOT | PMP_R, AT(0) >> 2 | 0x1ff);
  CHECK(write_at(USER, AT(0)), 0), CHECK(write_at(USER, AT(256)), STORE_ACCESS);
  entry(0, 0, AT(0) >> 2 | 0x1f), CHECK(write_at(USER, AT(0)), STORE_ACCESS);  // OFF matches nothing
  put(PMPCFG2, 0), put(PMPCFG0, 0);
  CHECK(byte_at(MACHINE, AT(0)), 0), CHECK_CHOICE(byte_at(USER, AT(0)), FETCH_ACCESS, ILLEGAL, NO_RULES);
  CHECK_CHOICE(byte_at(SUPERVISOR, AT(0)), FETCH_ACCESS, ILLEGAL, NO_RULES);
  if (!on_judge()) CHECK(f.epc, code_at());
  // A change of pmpcfg, or of pmpaddr, counts for the next access.
  begin();
  for (unsigned round = 0; round < 20; round++) {
    entry(0, NAPOT | (round & 1 ? PMP_R : 0), AT(0) >> 2 | 0x1f);
    changed(), CHECK(read_at(USER, AT(0)), round & 1 ? 0 : LOAD_ACCESS);
    put(PMPADDR0, AT(4096) >> 2 | 0x1f), changed(), CHECK(read_at(USER, AT(0)), 0);
    put(PMPADDR0, AT(0) >> 2 | 0x1f), changed(), CHECK(read_at(USER, AT(0)), round & 1 ? 0 : LOAD_ACCESS);
  }
}

// Last, since nothing unlocks.
static void locked(void) {
  begin();
  entry(0, 0, AT(4096) >> 2), entry(1, LOCK | TOR | PMP_R, AT(8192) >> 2);
  CHECK(read_at(MACHINE, AT(4096)), 0), CHECK(write_at(MACHINE, AT(4096)), STORE_ACCESS),
      CHECK(write_at(MACHINE, AT(4092)), 0);
  CHECK(write_at(USER, AT(4096)), STORE_ACCESS);
  f.x[A0] = AT(4096), code(JALR(0, A0, 0)), run(MACHINE), CHECK(f.cause, FETCH_ACCESS);
  const u64 config = get(PMPCFG0);
  CHECK(config >> 8 & 0xff, LOCK | TOR | PMP_R);
  put(PMPCFG0, 0), CHECK(get(PMPCFG0), config & 0xff00);
  put(PMPADDR0 + 1, 0), CHECK(get(PMPADDR0 + 1), AT(8192) >> 2);
  put(PMPADDR0, 0), CHECK(get(PMPADDR0), AT(4096) >> 2);  // below a locked TOR
  put(PMPADDR0 + 2, 5), CHECK(get(PMPADDR0 + 2), 5);
  entry(2, LOCK | NAPOT, AT(0) >> 2 | 0x1f);
  CHECK(read_at(MACHINE, AT(0)), LOAD_ACCESS), CHECK(fetch_at(MACHINE, AT(256)), 0);
  put(PMPADDR0 + 1, 7), put(PMPADDR0 + 2, 7), CHECK(get(PMPADDR0 + 2), AT(0) >> 2 | 0x1f);
  put(PMPCFG0, (u64)0x1f << 24 | (u64)0x1f << 16),
      CHECK(get(PMPCFG0), (u64)0x1f << 24 | (u64)(LOCK | NAPOT) << 16 | (LOCK | TOR | PMP_R) << 8);
  put(PMPADDR0 + 3, 9), CHECK(get(PMPADDR0 + 3), 9);  // a locked NAPOT below locks nothing else
}

int main(void) {
  // Registers: 54 bits of address, eight configurations each, odd ones are not there.
  put(PMPCFG0, 0), put(PMPADDR0, ~(u64)0),
      CHECK_CHOICE(get(PMPADDR0), ((u64)1 << 54) - 1, ~(u64)0,
                   "3.7.1: bits 55:2 of an address; QEMU 7.2 keeps 64 bits");
  put(PMPCFG2, 0x7f7f7f7f7f7f7f7f), CHECK_CHOICE(get(PMPCFG2), 0x1f1f1f1f1f1f1f1f, 0x7f7f7f7f7f7f7f7f,
                                                 "bits 5 and 6 are WARL 0; QEMU 7.2 keeps them");
  put(PMPCFG2, 0);
  permissions();
  sizes();
  order();
  locked();
  return 0;
}
