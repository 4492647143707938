// SPDX-License-Identifier: MIT
// The kit's C half: console, verdicts, running code.
#include "kit.h"

struct frame f;
u32 code_words[1024] __attribute__((aligned(4096)));

static unsigned checks, failures;
static const char* note_text;
static u64 note_value;

void print(const char* text) {
  for (; *text; text++) {
    while (!(*(volatile uint8_t*)(UART + 5) & 0x20)) {
    }
    *(volatile uint8_t*)UART = *text;
  }
}

static void print_number(u64 value, unsigned base) {
  char digits[20], *at = digits + sizeof digits;
  *--at = 0;
  do *--at = "0123456789abcdef"[value % base];
  while ((value /= base) != 0);
  print(at);
}
void print_hex(u64 value) { print("0x"), print_number(value, 16); }

int on_judge(void) { return get(MARCHID) != 0; }

void note(const char* text, u64 value) { note_text = text, note_value = value; }

void check(const char* where, const char* what, u64 seen, u64 expected) {
  enum { SHOWN = 40 };
  checks++;
  if (seen == expected) return;
  if (++failures > SHOWN) return;
  print("FAIL "), print_number(checks, 10), print(" "), print(where), print(": "), print(what);
  if (note_text) print(" ["), print(note_text), print(" "), print_hex(note_value), print("]");
  print(": seen "), print_hex(seen), print(", expected "), print_hex(expected), print("\n");
}

static void end_with(u32 code) {
  REG32(FINISHER) = code;
  for (;;) {
  }
}

void finish(void) {
  print_number(checks, 10), print(" checks, "), print_number(failures, 10), print(" failed\n");
  end_with(failures || !checks ? 1u << 16 | 0x3333 : 0x5555);
}

void kit_trapped(u64 cause, u64 epc, u64 value) {
  print("FAIL: the kit trapped: cause "), print_hex(cause), print(", pc "), print_hex(epc), print(", value "),
      print_hex(value);
  if (note_text) print(" ["), print(note_text), print(" "), print_hex(note_value), print("]");
  print("\n");
  end_with(2u << 16 | 0x3333);
}

void code_of(unsigned count, const u32* words) {
  for (unsigned i = 0; i < count; i++) code_words[i] = words[i];
  code_words[count] = EBREAK;
  asm volatile("fence.i" : : : "memory");
}

void run_at(unsigned mode, u64 pc) {
  f.status = (f.status & ~SR_MPP(3)) | SR_MPP(mode);
  f.pc = pc;
  go(&f);
}
void run(unsigned mode) { run_at(mode, code_at()); }

u64 landed(void) {
  const u64 at = f.epc - (u64)s_landing;
  return f.cause == BREAKPOINT && at < 256 ? at / 4 : ~(u64)0;
}

// What only some machines have is asked for with a trap at hand.
static int no_pmp;
static u64 asked(unsigned csr) {
  code(CSRRS(A0, csr, 0)), run(MACHINE);
  return f.cause == BREAKPOINT ? f.x[A0] : 0;
}

struct reset_state at_reset;
void remember(void) {
  at_reset = (struct reset_state){get(MSTATUS),
                                  get(MISA),
                                  get(MIE),
                                  get(MEDELEG),
                                  get(MIDELEG),
                                  get(MENVCFG),
                                  get(SENVCFG),
                                  get(MCOUNTINHIBIT),
                                  0,
                                  0,
                                  get(SATP),
                                  get(MCAUSE),
                                  get(MCOUNTEREN),
                                  get(SCOUNTEREN),
                                  0,
                                  get(MIP),
                                  get(MINSTRET)};
  put(MTVEC, m_direct);
  at_reset.pmpcfg0 = asked(PMPCFG0), no_pmp = f.cause != BREAKPOINT;
  at_reset.pmpcfg2 = asked(PMPCFG2), at_reset.stimecmp = asked(STIMECMP);
}

void fresh(void) {
  put(MTVEC, m_direct);
  put(SATP, 0);
  put(MSTATUS, 0);
  put(MIE, 0);
  put(MIP, 0);
  MTIMECMP = ~(u64)0;
  put(MEDELEG, 0);
  put(MIDELEG, 0);
  put(STVEC, s_landing);
  if (!no_pmp) put(PMPADDR0, ~(u64)0), put(PMPCFG0, 0x1f);
  for (unsigned i = 0; i < 32; i++) f.x[i] = 0;
  f.status = 0;
}
