// SPDX-License-Identifier: MIT
// Each word of opcodes.py's lists: does it trap as illegal? In M mode, so that only the encoding has a say.
#include "kit.h"

asm(".section .rodata\n.balign 8\nopcodes_16: .incbin \"opcodes_16.bin\"\n.balign 8\nopcodes_32: .incbin "
    "\"opcodes_32.bin\"\nopcodes_32_end:\n.text");
extern const uint8_t opcodes_16[65536];
extern const struct { u32 word, verdict; } opcodes_32[], opcodes_32_end[];
enum { ILLEGAL_WORD, LEGAL_WORD, LEFT_OUT, JUDGES_LEGAL, JUDGES_ILLEGAL };

// All registers point here: loads and stores find memory on both sides, jumps an ebreak.
static u32 ground[4096] __attribute__((aligned(16384)));

// 1 if the word at `at` is an instruction.
static int tried(u64 at) {
  for (unsigned r = 1; r < 32; r++) f.x[r] = (u64)&ground[2048];
  f.status = SR_FS(1);
  for (unsigned i = 2046; i < 2052; i++) ground[i] = EBREAK;
  run_at(MACHINE, at);
  return !(f.cause == ILLEGAL && f.epc == at);
}

#define SLOTS 512
static u32 page[2 * SLOTS] __attribute__((aligned(4096)));  // word and ebreak, in turn
static u32 words[SLOTS], legal[SLOTS];
static unsigned count;

static void one(u32 word, int is_legal, u64 at) {
  note("word", word);
  CHECK(tried(at), is_legal);
  if (f.cause == ILLEGAL && f.epc == at) CHECK(f.tval, word);
}
// A page of them at a time: a judge that translates does so once for each, then.
static void all(void) {
  for (unsigned i = 0; i < count; i++)
    page[2 * i] = (words[i] & 3) == 3 ? words[i] : words[i] | 0x9002 << 16,
             page[2 * i + 1] = (words[i] & 3) == 3 ? EBREAK : 0x90029002;
  asm volatile("fence.i" : : : "memory");
  for (unsigned i = 0; i < count; i++) one(words[i], legal[i], (u64)&page[2 * i]);
  count = 0;
}
static void add(u32 word, int is_legal) {
  words[count] = word, legal[count++] = is_legal;
  if (count == SLOTS) all();
}

static void sixteen(void) {
  for (unsigned i = 0; i < 1024; i++) code_words[i] = 0x90029002;  // c.ebreak, twice
  for (unsigned word = 0; word < 65536; word++) {
    const int is_legal = opcodes_16[word] == LEGAL_WORD;
    if (opcodes_16[word] == LEFT_OUT) continue;
    if ((word & 3) != 1 || word >> 13 < 5) {
      add(word, is_legal);
      continue;
    }
    // c.j, c.beqz, c.bnez: in the middle of a page of ebreaks, so that each ends well.
    code_words[512] = word | 0x9002 << 16;
    asm volatile("fence.i" : : : "memory");
    one(word, is_legal, (u64)&code_words[512]);
  }
  all();
}

static void thirty_two(void) {
  for (unsigned i = 0; &opcodes_32[i] < opcodes_32_end; i++) {
    const u32 verdict = opcodes_32[i].verdict;
    add(opcodes_32[i].word, verdict == LEGAL_WORD || verdict == (on_judge() ? JUDGES_LEGAL : JUDGES_ILLEGAL));
  }
  all();
}

// frm holds a reserved mode: what asks it is illegal, what does not is not (20.2).
static void reserved_rounding(void) {
  for (unsigned frm = 0; frm < 8; frm++) {
    note("frm", frm);
    static const u32 asks[] = {
        0x02007053 /* fadd.d */,   0x5a007053 /* fsqrt.d */,  0x02007043 /* fmadd.d */, 0xc2007553 /* fcvt.w.d */,
        0xd0007053 /* fcvt.s.w */, 0x40107053 /* fcvt.s.d */, 0x00007053 /* fadd.s */,  0x04007053 /* fadd.h */};
    static const u32 does_not[] = {0x02000053 /* fadd.d rne */, 0x22000053 /* fsgnj.d */,  0x2a000053 /* fmin.d */,
                                   0xa2002553 /* feq.d */,      0xe2001553 /* fclass.d */, 0xe2000553 /* fmv.x.d */};
    f.status = SR_FS(1);
    for (unsigned i = 0; i < 8; i++) {
      code(CSRRWI(0, FRM, frm), asks[i]), run(USER);
      if (frm < 5) RAN(2);
      else ILLEGAL_AT(1);
    }
    for (unsigned i = 0; i < 6; i++) code(CSRRWI(0, FRM, frm), does_not[i]), run(USER), RAN(2);
  }
  note(0, 0);
}

int main(void) {
  sixteen();
  thirty_two();
  fresh();
  reserved_rounding();
  return 0;
}
