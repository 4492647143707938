// SPDX-License-Identifier: MIT
// Instruction fetch: code that is rewritten and fenced, hints that do nothing, jumps' targets and links, division's corners
// (RELIABILITY.md 10, 11, 12, 28), misaligned loads and stores in RAM, device space.
#include "kit.h"

static void fetch_anew(void) { asm volatile("fence.i" : : : "memory"); }

static void rewritten(void) {
  fresh();
  for (unsigned i = 1; i < 100; i++) {
    note("round", i);
    f.x[A0] = 0, code(ADDI(A0, A0, i), ADDI(A0, A0, i)), run(i & 1), RAN(2), CHECK(f.x[A0], 2 * i);
  }
  note(0, 0);
  // A loop that rewrites itself, with fence.i.
  f.x[A0] = code_at() + 16, f.x[A1] = ADDI(S0, S0, 1), f.x[A2] = ADDI(S0, S0, 2), f.x[S2] = 60, f.x[S0] = 0;
  code(SW(A1, A0, 0), FENCE_I, ADD(A3, A1, X0), ADD(A1, A2, X0), NOP /* rewritten */, ADD(A2, A3, X0), ADDI(S2, S2, -1),
       BEQ(S2, X0, 8), JAL(X0, -32));
  run(USER), CHECK(f.cause, BREAKPOINT), CHECK(f.x[S0], 90);
  // fence with any operands, fence.tso, reserved modes: all are fences (2.7). fence.i too.
  code(0x0ff0000f, 0x8330000f, 0x0000000f, 0xfff0000f, 0x0ff5050f, 0x0000100f, 0xfff5150f), run(USER), RAN(7);
}

static void jumps(void) {
  fresh();
  code(JAL(RA, 12), EBREAK, EBREAK, NOP), run(USER), RAN(4), CHECK(f.x[RA] - code_at(), 4);
  code(JAL(0, 8), EBREAK, NOP), run(USER), RAN(3);
  f.x[A0] = code_at() + 0x7ff, code(JALR(RA, A0, -0x7ff + 8), EBREAK, NOP), run(USER), RAN(3),
  CHECK(f.x[RA] - code_at(), 4);
  f.x[A0] = code_at() + 9, code(JALR(A0, A0, 0), EBREAK, NOP), run(USER), RAN(3), CHECK(f.x[A0] - code_at(), 4);
  f.x[A0] = code_at() + 9, code(JALR(0, A0, 0), EBREAK, NOP), run(USER), RAN(3);
  static const struct {
    unsigned f3;
    u64 a, b;
    int taken;
  } branches[] = {{0, 5, 5, 1},          {0, 5, 6, 0},          {1, 5, 5, 0},          {1, 5, 6, 1},
                  {4, -1, 1, 1},         {4, 1, -1, 0},         {4, 3, 3, 0},          {5, -1, 1, 0},
                  {5, 1, -1, 1},         {5, 3, 3, 1},          {6, -1, 1, 0},         {6, 1, -1, 1},
                  {6, 3, 3, 0},          {7, -1, 1, 1},         {7, 1, -1, 0},         {7, 3, 3, 1},
                  {0, 1ull << 32, 0, 0}, {1, 1ull << 32, 0, 1}, {6, 0, 1ull << 32, 1}, {4, BIT(63), 0, 1}};
  for (unsigned i = 0; i < sizeof branches / sizeof *branches; i++) {
    note("branch", i);
    f.x[A0] = branches[i].a, f.x[A1] = branches[i].b, f.x[A2] = 1;
    code(BEQ(A0, A1, 8) | branches[i].f3 << 12, ADDI(A2, X0, 0), NOP), run(USER), RAN(3),
        CHECK(f.x[A2], branches[i].taken);
  }
  note(0, 0);
  // As far as it goes in a page, both ways.
  for (int at = 0; at < 1024; at++) code_words[at] = EBREAK;
  code_words[1023] = BEQ(X0, X0, -4092), fetch_anew(), run_at(USER, code_at() + 4092), CHECK(f.epc, code_at());
  code_words[1023] = JAL(RA, -4092), fetch_anew(), run_at(USER, code_at() + 4092), CHECK(f.epc, code_at());
  code_words[0] = BEQ(X0, X0, 4092), code_words[1023] = EBREAK, fetch_anew(), run(USER), CHECK(f.epc, code_at() + 4092);
}

static u64 bytes[16] __attribute__((aligned(64)));
static void misaligned(void) {
  fresh();
  for (unsigned at = 0; at < 16; at++) {
    note("offset", at);
    for (unsigned i = 0; i < 16; i++) bytes[i] = 0x0807060504030201 + i * 0x1010101010101010ull;
    const uint8_t* b = (const uint8_t*)bytes + at;
    u64 expected = 0;
    for (unsigned i = 8; i-- > 0;) expected = expected << 8 | b[i];
    f.x[A0] = (u64)b;
    code(LD(A1, A0, 0), LW(A2, A0, 0), LH(A3, A0, 0), LOAD(6, A4, A0, 0), LOAD(5, A5, A0, 0), LB(A6, A0, 0),
         LBU(A7, A0, 0)),
        run(USER), RAN(7);
    CHECK(f.x[A1], expected), CHECK(f.x[A2], (u64)(int64_t)(int32_t)expected),
        CHECK(f.x[A3], (u64)(int64_t)(int16_t)expected);
    CHECK(f.x[A4], (u32)expected), CHECK(f.x[A5], (u16)expected), CHECK(f.x[A6], (u64)(int64_t)(int8_t)expected),
        CHECK(f.x[A7], (uint8_t)expected);
    f.x[A1] = 0xfedcba9876543210;
    code(SD(A1, A0, 0), LD(A2, A0, 0), SW(A0, A0, 8), LOAD(6, A3, A0, 8), SH(A1, A0, 16), LOAD(5, A4, A0, 16),
         SB(A1, A0, 19), LBU(A5, A0, 19)),
        run(USER), RAN(8);
    CHECK(f.x[A2], 0xfedcba9876543210), CHECK(f.x[A3], (u32)f.x[A0]), CHECK(f.x[A4], 0x3210), CHECK(f.x[A5], 0x10);
  }
  note(0, 0);
  f.x[A0] = (u64)bytes + 2040, code(LD(A1, A0, -2040), LD(A2, A0, -2048)), bytes[0] = 4711, run(USER), RAN(2),
  CHECK(f.x[A1], 4711);
}

// Hints of the 32-bit space: rd = x0 of what computes. They run, and write nothing.
static void hints(void) {
  static const u32 words[] = {0x00000037, 0xfffff037, 0x00000017, 0x00150013, 0x00002013, 0x00003013, 0x00004013,
                              0x00006013, 0x00007013, 0x00001013, 0x00005013, 0x40005013, 0x00a50033, 0x40a50033,
                              0x00a51033, 0x00a52033, 0x00a53033, 0x00a54033, 0x00a55033, 0x40a55033, 0x00a56033,
                              0x00a57033, 0x0000001b, 0x0000101b, 0x00a5003b, 0x02a54033, 0x02a5003b, 0x0100000f,
                              0x00007013, 0x00200033, 0x0140000f};
  for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
    note("hint", words[i]);
    fresh();
    for (unsigned r = 1; r < 32; r++) f.x[r] = r * 0x123456789;
    code(words[i]), run(USER), RAN(1);
    u64 changed = 0;
    for (unsigned r = 1; r < 32; r++) changed |= f.x[r] ^ r * 0x123456789;
    CHECK(changed, 0);
  }
  note(0, 0);
}

// The test finisher, the CLINT and the PLIC take the widths that they are made for; where nothing is, an access fault.
static void holes(void) {
  fresh();
  static const u64 nowhere[] = {0, 0x1000000, BIT(40), BIT(56) - 8, BIT(63)};
  for (unsigned i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
    note("address", nowhere[i]);
    f.x[A0] = nowhere[i];
    code(LD(A1, A0, 0)), run(MACHINE), CHECK(f.cause, LOAD_ACCESS), CHECK(f.tval, nowhere[i]);
    code(SD(A1, A0, 0)), run(MACHINE), CHECK(f.cause, STORE_ACCESS), CHECK(f.tval, nowhere[i]);
    code(JALR(0, A0, 0)), run(MACHINE), CHECK(f.cause, FETCH_ACCESS), CHECK(f.tval, nowhere[i]),
        CHECK(f.epc, nowhere[i]);
  }
  note(0, 0);
}

int main(void) {
  rewritten();
  jumps();
  misaligned();
  hints();
  holes();
  return 0;
}
