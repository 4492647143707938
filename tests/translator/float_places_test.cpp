// SPDX-License-Identifier: MIT
// Where f registers are: in host registers from the first block that wants them, in the hart whenever C++ looks. Everything
// that can come between two floating-point instructions does so here. What the instructions compute:
// float_rows_test.cpp.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"
#include "tests/translator/guest_code.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly
using insn::kD;
constexpr uint32_t kSingle = insn::kS;

// Two that the translator keeps in host registers, one that it keeps in memory.
constexpr unsigned fa5 = 15, fa0 = 10, ft3 = 3;
constexpr uint64_t kOne = 0x3ff0'0000'0000'0000, kTwo = 0x4000'0000'0000'0000, kHundred = 0x4059'0000'0000'0000;
constexpr uint64_t kBox = 0xffff'ffff'0000'0000;
constexpr uint64_t kNan = 0x7ff8'0000'0000'0000;

void float_on(Bench& b) {
  b.set_bits(csr::mstatus, status::kFsInitial);
  b.set_f(fa0, kOne);
  b.set_f(ft3, kOne);
}
uint64_t double_of(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// Sums in a loop whose blocks are floating point, integer, floating point; the run ends at every place in it.
TEST(FloatPlaces, IntegerBlocksBetween) {
  for (uint64_t steps = 1; steps <= 12; ++steps)
    like_the_interpreter([&](Bench& b) {
      float_on(b);
      b.put(kCode, {insn::fadd(kD, fa5, fa5, fa0), insn::fadd(kD, ft3, ft3, fa0), insn::jal(zero, 0x38)});
      b.put(kCode + 0x40, {insn::addi(a0, a0, 1), insn::addi(t0, t0, 2), insn::jal(zero, 0x38)});
      b.put(kCode + 0x80, {insn::fmul(kD, fa0, fa0, fa0), insn::fmv_x(kD, a1, fa5), insn::jal(zero, -0x88)});
      b.run(9 * 50);
      EXPECT_EQ(b.f(fa5), double_of(50));
      EXPECT_EQ(b.f(ft3), double_of(51));
      for (unsigned i = 0; i < 10; ++i) b.run(steps);
    });
}

// What takes the slow path, between two sums of one block. Each leaves fa5 alone.
TEST(FloatPlaces, SlowPathInTheMiddle) {
  const uint32_t slow[] = {
      insn::fclass(kD, a1, fa5),                      // a helper that reads an f register
      insn::fmul(kD, 8, ft3, ft3, insn::kRtz),        // one that writes one
      insn::r_type(5, a0, a0, 1, a1, 0x33),           // clmul: one that does not
      insn::ld(a1, 0, a2), insn::fld(8, 0, a2),       // across two pages
      insn::sd(a1, 0, a2), insn::fsd(fa5, 0, a2),     //
      insn::lw(a1, 0, a3),                            // a device
      insn::fcvt_int(insn::kW, kD, a1, 9),            // a NaN
      insn::fmadd(kD, 8, 9, fa5, fa5),                // a NaN
      insn::csrrs(zero, csr::sstatus, a4),            // SUM changes: behind it a block of its own begins
      insn::csrrw(zero, csr::mscratch, a4),           // nothing slow at all
  };
  for (const uint32_t instruction : slow) {
    SCOPED_TRACE(std::to_string(instruction));
    like_the_interpreter([&](Bench& b) {
      float_on(b);
      b.put(kCode, {insn::fadd(kD, fa5, fa5, fa0), instruction, insn::fadd(kD, fa5, fa5, fa0),
                    insn::fadd(kD, ft3, ft3, fa0), insn::fsd(fa5, 0, gp), insn::kNop, insn::jal(zero, -24)});
      b.set_f(9, kNan);
      b.set_x(gp, kData);
      b.set_x(a2, kData + 0xffc);
      b.set_x(a3, kClint + 0x4000);
      b.set_x(a4, status::kSum);
      b.run(7 * 50);
      EXPECT_EQ(b.f(fa5), double_of(100));
      EXPECT_EQ(b.f(ft3), double_of(51));
      EXPECT_EQ(b.read64(kData), double_of(100));
    });
  }
}

// The last floating-point instruction of the block is behind the slow path, or in front of it, or is itself slow.
TEST(FloatPlaces, SlowPathAtEitherEnd) {
  const std::vector<Word> bodies[] = {
      {insn::fclass(kD, a1, fa5), insn::fadd(kD, fa5, fa5, fa0)},
      {insn::fadd(kD, fa5, fa5, fa0), insn::fclass(kD, a1, fa5)},
      {insn::fadd(kD, fa5, fa5, fa0), insn::fmadd(kD, 8, 9, 9, 9)},
      {insn::fmadd(kD, 8, 9, 9, 9), insn::fadd(kD, fa5, fa5, fa0)},
  };
  for (const std::vector<Word>& body : bodies)
    like_the_interpreter([&](Bench& b) {
      float_on(b);
      b.set_f(9, kNan);
      b.put(b.put(kCode, body), {insn::addi(a0, a0, 1), insn::jal(zero, -12)});
      b.run(4 * 50);
      EXPECT_EQ(b.f(fa5), double_of(50));
      EXPECT_EQ(b.x(a0), 50u);
    });
}

// A load traps between two sums; the handler reads and changes f registers that the block uses again.
TEST(FloatPlaces, TrapInTheMiddle_HandlerUsesThem) {
  like_the_interpreter([](Bench& b) {
    float_on(b);
    constexpr uint64_t kHandler = kRam + 0x8000;
    b.put(kHandler, {insn::csrr(t3, csr::mepc), insn::addi(t3, t3, 4), insn::csrw(csr::mepc, t3),
                     insn::fadd(kD, ft3, fa5, fa0), insn::fsd(fa5, 0, gp), insn::fmv_f(kD, fa5, zero), insn::kMret});
    b.set_csr(csr::mtvec, kHandler);
    b.put(kCode, {insn::fadd(kD, fa5, fa0, fa0), insn::ld(a1, 0, a2), insn::fadd(kD, fa5, fa5, fa0), insn::fsd(fa5, 8, gp),
                  insn::jal(zero, -16)});
    b.set_x(gp, kData);
    b.set_x(a2, 8);  // nothing is there
    b.run((5 + 7 + 1) * 50);
    EXPECT_EQ(b.read64(kData), kTwo);
    EXPECT_EQ(b.read64(kData + 8), kOne) << "the handler's 0, and 1";
    EXPECT_EQ(b.f(ft3), double_of(3));
  });
}

// The handler cannot use them: FS is Off in it. The loop is Linux's way into a system call and back.
TEST(FloatPlaces, SwitchedOffAndOn_KeepTheirValues) {
  like_the_interpreter([](Bench& b) {
    skip_traps(b);
    float_on(b);
    b.put(kCode, {insn::fadd(kD, fa5, fa5, fa0), insn::csrrc(a1, csr::sstatus, a2), insn::addi(a0, a0, 1),
                  insn::fadd(kD, fa5, fa5, fa5), insn::csrrw(zero, csr::sstatus, a1), insn::fadd(kD, fa5, fa5, fa0),
                  insn::jal(zero, -24)});
    b.set_x(a2, status::kFs);
    b.start(kCode, kS);
    b.run((7 + 5) * 50);
    EXPECT_EQ(b.x(s4), 50u);
    EXPECT_EQ(b.f(fa5), double_of(100)) << "what is illegal adds nothing";
    EXPECT_EQ(b.csr(csr::sstatus) & status::kFs, status::kFsDirty);
  });
}

// Off in one block, on in another, and integer code that leaves generated code in between.
TEST(FloatPlaces, SwitchedOffWhenCppLooks) {
  for (uint64_t steps = 1; steps <= 8; ++steps)
    like_the_interpreter([&](Bench& b) {
      float_on(b);
      b.put(kCode, {insn::fadd(kD, fa5, fa5, fa0), insn::csrrc(a1, csr::sstatus, a2), insn::jal(zero, 0x38)});
      b.put(kCode + 0x40, {insn::r_type(5, a0, a0, 1, a3, 0x33), insn::lw(a4, 0, a5), insn::addi(a0, a0, 1),
                           insn::csrrw(zero, csr::sstatus, a1), insn::jal(zero, -0x50)});
      b.set_x(a2, status::kFs);
      b.set_x(a5, kClint + 0x4000);
      b.start(kCode, kS);
      b.run(8 * 50);
      EXPECT_EQ(b.f(fa5), double_of(50));
      for (unsigned i = 0; i < 8; ++i) b.run(steps);
    });
}

// A block that was entered round-to-nearest again and again is entered with another mode.
TEST(FloatPlaces, RoundingModeChanges) {
  static constexpr uint64_t kThirdDown = 0x3fd5'5555'5555'5555;
  like_the_interpreter([](Bench& b) {
    float_on(b);
    b.put(kCode, {insn::csrrw(zero, csr::frm, a2), insn::jal(ra, 0x3c), insn::fmv_x(kD, a3, fa5),
                  insn::csrrwi(zero, csr::frm, insn::kRne), insn::jal(ra, 0x30), insn::fmv_x(kD, a4, fa5),
                  insn::jal(zero, -24)});
    b.put(kCode + 0x40, {insn::fdiv(kD, fa5, fa0, ft3), insn::jalr(zero, 0, ra)});
    b.set_f(ft3, double_of(3));
    b.set_x(a2, insn::kRup);
    b.run(11 * 50);
    EXPECT_EQ(b.x(a3), kThirdDown + 1);
    EXPECT_EQ(b.x(a4), kThirdDown);
  });
}

// The debugger, or a device: f registers are changed between two runs.
TEST(FloatPlaces, ChangedBetweenRuns) {
  like_the_interpreter([](Bench& b) {
    float_on(b);
    b.put(kCode, {insn::fadd(kD, fa5, fa5, fa0), insn::fadd(kD, ft3, ft3, fa0), insn::jal(zero, -8)});
    b.run(300);
    b.set_f(fa5, kHundred);
    b.set_f(ft3, kHundred);
    b.run(300);
    EXPECT_EQ(b.f(fa5), double_of(200));
    EXPECT_EQ(b.f(ft3), double_of(200));
  });
}

// A timer interrupt at every step of a block of floating point; its handler has sums of its own.
TEST(FloatPlaces, InterruptAtEveryStep) {
  Board board;
  board.steps_per_tick = 1;
  for (uint64_t deadline = 51; deadline <= 51 + 8; ++deadline) {
    SCOPED_TRACE(deadline);
    like_the_interpreter(board, [&](Bench& b) {
      float_on(b);
      constexpr uint64_t kHandler = kRam + 0x8000;
      b.put(kHandler, {insn::fsd(fa5, 0, gp), insn::fadd(kD, ft3, ft3, fa0), insn::sd(a1, 0, a0), insn::kMret});
      b.set_csr(csr::mtvec, kHandler);
      b.put(kCode, {insn::fadd(kD, fa5, fa5, fa0), insn::fadd(kD, fa5, fa5, fa0), insn::fld(8, 8, gp), insn::addi(t0, t0, 1),
                    insn::fadd(kD, fa5, fa5, fa0), insn::fmv_x(kD, a3, fa5), insn::jal(zero, -24)});
      b.set_x(gp, kData);
      b.set_x(a0, kClint + 0x4000);
      b.set_x(a1, ~uint64_t{0});
      b.set_csr(csr::mie, 1 << 7);
      b.set_bits(csr::mstatus, status::kMie);
      b.run(50);
      b.clint().write(0x4000, 8, deadline);
      b.run(50);
      EXPECT_EQ(b.f(ft3), kTwo) << "one interrupt";
      b.run(50);
    });
  }
}

// Each hart has f registers of its own; they take turns in the middle of blocks.
TEST(FloatPlaces, HartsInTurn) {
  Board board;
  board.harts = 2;
  board.slice = 7;
  like_the_interpreter(board, [](Bench& b) {
    b.put(kCode, {insn::fadd(kD, fa5, fa5, fa0), insn::addi(a0, a0, 1), insn::fadd(kD, fa5, fa5, fa0), insn::jal(zero, -12)});
    for (unsigned id = 0; id < 2; ++id) {
      b.hart(id).f[fa0] = id ? kTwo : kOne;
      b.start(kCode, kM, 0, id);
      b.set_csr(csr::mstatus, b.csr(csr::mstatus, id) | status::kFsInitial, id);
    }
    b.run(7 * 8 * 20);
    EXPECT_EQ(b.hart(0).f[fa5], double_of(280));
    EXPECT_EQ(b.hart(1).f[fa5], double_of(560));
  });
}

// Self-modifying code in a block of floating point: the block is left behind the store.
TEST(FloatPlaces, BlockDropsItself) {
  like_the_interpreter([](Bench& b) {
    float_on(b);
    b.put(kCode, {insn::fadd(kD, fa5, fa5, fa0), insn::sw(a0, 8, a2), insn::kNop, insn::fadd(kD, fa5, fa5, fa0),
                  insn::jal(zero, -16)});
    b.set_x(a0, insn::addi(a1, a1, 1));
    b.set_x(a2, kCode);
    b.run(5 * 60);
    EXPECT_EQ(b.f(fa5), double_of(120));
    EXPECT_EQ(b.x(a1), 60u);
  });
}

// --- Boxes: what is known of a register

// fa5 is known to hold a single; then something makes it a double, whose low half looks like one.
TEST(FloatBoxes, KnownUntilADoubleIsWritten) {
  const uint32_t writers[] = {
      insn::fmul(kD, fa5, fa0, fa0, insn::kRtz),  // a helper
      insn::fld(fa5, 8, gp), insn::fmul(kD, fa5, fa0, fa0), insn::fmv_f(kD, fa5, a0), insn::fsgnj(kD, fa5, fa0, fa0),
      insn::fcvt(kD, kSingle, fa5, 9), insn::fcvt_from(kD, insn::kL, fa5, a0), insn::fmadd(kD, fa5, fa0, fa0, fa0),
      insn::fmin(kD, fa5, fa0, fa0), insn::fsqrt(kD, fa5, fa0)};
  for (const uint32_t writer : writers) {
    SCOPED_TRACE(std::to_string(writer));
    like_the_interpreter([&](Bench& b) {
      float_on(b);
      b.set_f(9, kBox | 0x3f80'0000);
      b.write64(kData, 0x3f80'0000);
      b.write64(kData + 8, kOne);
      b.set_x(gp, kData);
      b.put(kCode, {insn::flw(fa5, 0, gp), insn::fadd(kSingle, 8, fa5, fa5), writer, insn::fadd(kSingle, 18, fa5, fa5),
                    insn::fmv_x(kD, a1, 8), insn::fmv_x(kD, a2, 18), insn::jal(zero, -24)});
      b.run(7 * 50);
      EXPECT_EQ(b.x(a1), kBox | 0x4000'0000) << "1 + 1";
      EXPECT_EQ(b.x(a2), kBox | 0x7fc0'0000) << "no box: the NaN";
    });
  }
}

// What makes a single, so that the next operation takes it.
TEST(FloatBoxes, EveryWriterBoxes) {
  const uint32_t writers[] = {
      insn::flw(fa5, 0, gp), insn::fadd(kSingle, fa5, 9, 9), insn::fmul(kSingle, fa5, fa5, 9), insn::fmul(kSingle, fa5, 9, fa5),
      insn::fsub(kSingle, fa5, 9, 8), insn::fmv_f(kSingle, fa5, a0), insn::fsgnj(kSingle, fa5, 9, 9), insn::fsgnj(kSingle, fa5, 9, 9, 1),
      insn::fsgnj(kSingle, fa5, 9, 8, 2), insn::fcvt(kSingle, kD, fa5, fa0), insn::fcvt_from(kSingle, insn::kW, fa5, a0),
      insn::fcvt_from(kSingle, insn::kLu, fa5, a0), insn::fmadd(kSingle, fa5, 9, 9, 9), insn::fmax(kSingle, fa5, 9, 8),
      insn::fsqrt(kSingle, fa5, 9), insn::fdiv(kSingle, fa5, 9, 8)};
  for (const uint32_t writer : writers) {
    SCOPED_TRACE(std::to_string(writer));
    for (const unsigned rd : {fa5, ft3})
      like_the_interpreter([&](Bench& b) {
        float_on(b);
        b.set_f(8, kBox | 0x4000'0000);
        b.set_f(9, kBox | 0x3f80'0000);
        b.set_f(rd, kBox | 0x3f80'0000);
        b.write64(kData, 0x3f80'0000);
        b.set_x(gp, kData);
        b.put(kCode, {(writer & ~0xf80u) | rd << 7, insn::fadd(kSingle, 18, rd, rd), insn::fmv_x(kD, a1, rd), insn::fsd(rd, 16, gp),
                      insn::fsw(rd, 24, gp), insn::jal(zero, -20)});
        b.run(6 * 50);
        EXPECT_EQ(b.x(a1) >> 32, 0xffff'ffffu);
        EXPECT_EQ(b.read64(kData + 16), b.x(a1));
        EXPECT_EQ(b.read64(kData + 24), b.x(a1) & 0xffff'ffff);
      });
  }
}

// The first operation's operand has no box, so it is the NaN; the second's has none either.
TEST(FloatBoxes, NotBoxed_EveryTime) {
  like_the_interpreter([](Bench& b) {
    float_on(b);
    b.set_f(8, 0x3f80'0000);
    b.put(kCode, {insn::addi(t0, t0, 1), insn::fadd(kSingle, fa5, 8, 8), insn::fmul(kSingle, ft3, 8, 8), insn::addi(t0, t0, 1),
                  insn::jal(zero, -16)});
    b.run(5 * 100);
    EXPECT_EQ(b.f(fa5), kBox | 0x7fc0'0000);
    EXPECT_EQ(b.f(ft3), kBox | 0x7fc0'0000);
    EXPECT_EQ(b.x(t0), 200u);
  });
}

}  // namespace
}  // namespace vitrine::bench
