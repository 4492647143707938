// SPDX-License-Identifier: MIT
// Steps: a run of n steps makes n steps, wherever in a block that ends; and an interrupt is taken at the very
// step at which the interpreter takes it, wherever in a superblock its deadline lies, and also if the block
// itself moves it.
#include <gtest/gtest.h>

#include <vector>

#include "tests/translator/against_interpreter.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

// One superblock with side exits, loads, stores, a call to another block and one to another page, and round
// again.
constexpr uint64_t kFar = kCode + 0x3000;

void put_program(Bench& b) {
  b.put(kCode, {
                   insn::addi(a0, a0, 1),        // 0
                   insn::ld(a1, 0, gp),          // 4
                   insn::beq(a1, a5, 0x2c),      // 8: to the call, when it is set up so
                   insn::sd(a0, 8, gp),          // 12
                   insn::c_addi(t0, 3),          // 16
                   insn::c_addi(a5, 1),          // 18
                   insn::bne(zero, zero, 0x20),  // 20: never
                   insn::lw(t1, 8, gp),          // 24
                   insn::blt(t1, a0, 0x18),      // 28: never, they are equal
                   insn::sb(t0, 16, gp),         // 32
                   insn::muldiv(4, a2, a0, a1),  // 36
                   insn::bge(a0, a4, 0x14),      // 40: to the call, every time once a0 is large
                   insn::amoadd_d(a3, a0, gp),   // 44
                   insn::addi(t2, t2, 1),        // 48
                   insn::addi(t2, t2, 1),        // 52
                   insn::addi(t2, t2, 1),        // 56
                   insn::jal(ra, 0x40),          // 60: 0x3c -> 0x7c
                   insn::jalr(ra, 0, s1),        // 64: another page
                   insn::jal(zero, -68),         // 68
               });
  b.put(kCode + 0x7c, {insn::sub(a3, a3, a0), insn::jalr(zero, 0, ra)});
  b.put(kFar, {insn::addi(s0, s0, 1), insn::jalr(zero, 0, ra)});
  b.set_x(gp, kData);
  b.set_x(a4, 5);
  b.set_x(s1, kFar);
  b.write64(kData, 2);  // the first branch is taken in round 2
}
constexpr uint64_t kLongest = 25;  // steps of a round, and a few more

// Where the interpreter stands after each step, while nothing interrupts.
std::vector<uint64_t> undisturbed(uint64_t steps, Privilege mode) {
  Bench b(Board{}, Caches::kNone);
  put_program(b);
  b.start(kCode, mode);
  std::vector<uint64_t> pcs = {b.pc()};
  for (uint64_t i = 0; i < steps; ++i) {
    b.run();
    pcs.push_back(b.pc());
  }
  return pcs;
}

TEST(ExactSteps, FirstRun_EveryLength) {
  for (uint64_t steps = 1; steps <= kLongest; ++steps) {
    SCOPED_TRACE(steps);
    like_the_interpreter([&](Bench& b) {
      put_program(b);
      b.run(steps);
      b.run(kLongest);
    });
  }
}

// Blocks exist and are linked when the run of that length comes.
TEST(ExactSteps, LaterRun_EveryLength) {
  for (uint64_t steps = 1; steps <= kLongest; ++steps) {
    SCOPED_TRACE(steps);
    like_the_interpreter([&](Bench& b) {
      put_program(b);
      b.run(200);
      for (unsigned i = 0; i < 20; ++i) b.run(steps);
    });
  }
}

// A side exit gives back what it does not use: the loop's steps are counted by the guest itself.
TEST(ExactSteps, SideExitEveryRound_StepsAreInstructions) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::beq(zero, zero, 16), insn::kNop, insn::kNop, insn::kNop,
                  insn::jal(zero, -20)});
    b.run(3000);
    EXPECT_EQ(b.x(t0), 1000u);
    EXPECT_EQ(b.pc(), kCode);
    EXPECT_EQ(b.csr(csr::minstret), 3000u);
  });
}

// csrr in the block reads the number of its own step: time, cycle and instret.
TEST(ExactSteps, CountersReadInABlock_AreOfThatStep) {
  Board board;
  board.steps_per_tick = 1;
  like_the_interpreter(board, [](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::csrr(a0, csr::instret), insn::kNop, insn::csrr(a1, csr::cycle),
                  insn::csrr(a2, csr::time), insn::jal(zero, -20)});
    b.run(6 * 50 + 5);
    EXPECT_EQ(b.x(a0), 6u * 50 + 1);
    EXPECT_EQ(b.x(a1), 6u * 50 + 3);
    EXPECT_EQ(b.x(a2), 6u * 50 + 4);
  });
}

// --- Deadlines. One tick a step, so that a deadline can be put at any step.

Board fine_clock() {
  Board board;
  board.steps_per_tick = 1;
  return board;
}

void allow_supervisor_timer(Bench& b) {
  b.set_csr(csr::menvcfg, b.csr(csr::menvcfg) | uint64_t{1} << 63);
  b.set_csr(csr::mcounteren, 7);
  b.set_csr(csr::mideleg, 1 << 5);
  b.set_csr(csr::mie, 1 << 5);
  b.set_bits(csr::mstatus, status::kSie);
}
void allow_machine_timer(Bench& b) {
  b.set_csr(csr::mie, 1 << 7);
  b.set_bits(csr::mstatus, status::kMie);
}

TEST(Deadlines, Stimecmp_AtEveryStepOfTheSuperblock) {
  const std::vector<uint64_t> pcs = undisturbed(80, kS);
  for (const uint64_t warm : {uint64_t{0}, uint64_t{50}})
    for (uint64_t deadline = warm + 1; deadline <= warm + kLongest; ++deadline) {
      SCOPED_TRACE(deadline);
      like_the_interpreter(fine_clock(), [&](Bench& b) {
        put_program(b);
        allow_supervisor_timer(b);
        b.set_csr(csr::stimecmp, ~uint64_t{0});
        b.start(kCode, kS);
        b.run(warm);
        b.set_csr(csr::stimecmp, deadline);
        b.run(deadline + 1 - warm);
        EXPECT_EQ(b.supervisor_trap(), (Trap{cause::kInterrupt | 5, pcs[deadline], 0}));
        EXPECT_EQ(b.pc(), kSupervisorHandler) << "the interrupt is the step after the deadline's";
      });
    }
}

TEST(Deadlines, Mtimecmp_AtEveryStepOfTheSuperblock) {
  const std::vector<uint64_t> pcs = undisturbed(80, kM);
  for (uint64_t deadline = 51; deadline <= 50 + kLongest; ++deadline) {
    SCOPED_TRACE(deadline);
    like_the_interpreter(fine_clock(), [&](Bench& b) {
      put_program(b);
      allow_machine_timer(b);
      b.run(50);
      b.clint().write(0x4000, 8, deadline);
      b.run(deadline + 1 - 50);
      b.expect_machine_trap({cause::kInterrupt | 7, pcs[deadline], 0});
    });
  }
}

// The block stores a deadline that lies inside itself. The run is longer than the block, so that nothing but
// the store itself ends it there.
TEST(Deadlines, StoreToMtimecmpInTheBlock_InterruptInTheBlock) {
  for (uint64_t deadline = 3; deadline <= 14; ++deadline) {
    SCOPED_TRACE(deadline);
    like_the_interpreter(fine_clock(), [&](Bench& b) {
      std::vector<Word> program = {insn::addi(t0, t0, 1), insn::sd(a1, 0, a0)};
      for (unsigned i = 0; i < 20; ++i) program.emplace_back(insn::addi(t0, t0, 1));
      b.put(kCode, program);
      b.set_x(a0, kClint + 0x4000);
      b.set_x(a1, deadline);
      allow_machine_timer(b);
      b.run(60);
      b.expect_machine_trap({cause::kInterrupt | 7, kCode + 4 * deadline, 0});
      EXPECT_EQ(b.x(t0), deadline - 1);
    });
  }
}

// A deadline that has passed already: the interrupt comes before the next instruction.
TEST(Deadlines, StoreOfAPastMtimecmp_InterruptAtOnce) {
  like_the_interpreter(fine_clock(), [](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::sd(zero, 0, a0), insn::addi(t0, t0, 1), insn::addi(t0, t0, 1),
                  insn::kSelf});
    b.set_x(a0, kClint + 0x4000);
    allow_machine_timer(b);
    b.run(20);
    b.expect_machine_trap({cause::kInterrupt | 7, kCode + 8, 0});
    EXPECT_EQ(b.x(t0), 1u);
  });
}

TEST(Deadlines, CsrwStimecmpInTheBlock_InterruptInTheBlock) {
  for (uint64_t deadline = 3; deadline <= 14; ++deadline) {
    SCOPED_TRACE(deadline);
    like_the_interpreter(fine_clock(), [&](Bench& b) {
      std::vector<Word> program = {insn::addi(t0, t0, 1), insn::csrw(csr::stimecmp, a1)};
      for (unsigned i = 0; i < 20; ++i) program.emplace_back(insn::addi(t0, t0, 1));
      b.put(kCode, program);
      allow_supervisor_timer(b);
      b.set_csr(csr::stimecmp, ~uint64_t{0});
      b.set_x(a1, deadline);
      b.start(kCode, kS);
      b.run(60);
      b.expect_supervisor_trap({cause::kInterrupt | 5, kCode + 4 * deadline, 0});
    });
  }
}

// --- Interrupts without a clock

TEST(Interrupts, MsipStoredInTheBlock_TakenBeforeTheNextInstruction) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::sw(a1, 0, a0), insn::addi(t0, t0, 1), insn::addi(t0, t0, 1),
                  insn::kSelf});
    b.set_x(a0, kClint);
    b.set_x(a1, 1);
    b.set_csr(csr::mie, 1 << 3);
    b.set_bits(csr::mstatus, status::kMie);
    b.run(20);
    b.expect_machine_trap({cause::kInterrupt | 3, kCode + 8, 0});
  });
}

TEST(Interrupts, LetInByCsrrs_TakenBeforeTheNextInstruction) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::csrrsi(zero, csr::mstatus, status::kMie),
                  insn::addi(t0, t0, 1), insn::kSelf});
    b.set_csr(csr::mie, 1 << 3);
    b.set_line(3, true);
    b.run(20);
    b.expect_machine_trap({cause::kInterrupt | 3, kCode + 8, 0});
    EXPECT_EQ(b.x(t0), 1u);
  });
}

// A wire rises between two runs, while the hart is in the middle of a block's instructions.
TEST(Interrupts, WireRisesBetweenRuns_TakenAtOnce) {
  const std::vector<uint64_t> pcs = undisturbed(80, kM);
  for (uint64_t steps = 50; steps < 50 + kLongest; ++steps) {
    like_the_interpreter([&](Bench& b) {
      put_program(b);
      b.set_csr(csr::mie, 1 << 11);
      b.set_bits(csr::mstatus, status::kMie);
      b.run(steps);
      b.set_line(11, true);
      b.run(1);
      b.expect_machine_trap({cause::kInterrupt | 11, pcs[steps], 0});
    });
  }
}

// Harts take turns at the same steps.
TEST(ExactSteps, FourHarts_SameTurns) {
  Board board;
  board.harts = 4;
  board.slice = 7;
  like_the_interpreter(board, [](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::amoadd_d(a0, t0, gp), insn::ld(a1, 0, gp), insn::sd(a1, 8, gp),
                  insn::beq(a1, zero, 8), insn::jal(zero, -20)});
    for (unsigned id = 0; id < 4; ++id) {
      b.set_x(gp, kData, id);
      b.set_x(t0, id, id);
      b.start(kCode, kM, 0, id);
    }
    for (unsigned i = 0; i < 20; ++i) b.run(97);
  });
}

}  // namespace
}  // namespace vitrine::bench
