// SPDX-License-Identifier: MIT
// Lockstep finds what differs: the first of the two machines is changed behind its back, in the middle of a
// run, and the report must name the place. Where nothing is changed there is no difference. That lockstep
// finds bugs of the translator is shown by planted ones (tests/translator/planted_bugs.py --lockstep).
#include "app/lockstep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/session.h"
#include "tests/app/bare_machine.h"
#include "tests/app/guests.h"

namespace vitrine::app {
namespace {

using riscv::StopReason;
using test::Words;
using testing::HasSubstr;
using testing::Not;

// 0x80000000 auipc t0, 1           t0 = 0x80001000
// 0x80000004 lw    a0, 0(t0)
// 0x80000008 addi  a0, a0, 1
// 0x8000000c sw    a0, 0(t0)
// 0x80000010 j     0x80000004
const Words kCount = {0x00001297, 0x0002a503, 0x00150513, 0x00a2a023, 0xff5ff06f};

struct Nowhere final : core::ByteSink, MachineObserver {
  void put(uint8_t) override {}
  void notice(std::string_view) override {}
};

class LockstepTest : public testing::TestWithParam<EngineKind> {
 protected:
  LockstepTest() {
    image_ = test::raw_image(kCount);
    config_ = test::bare_machine("test", image_);
    config_.engine = GetParam();
    config_.slice = 1000;
    lockstep_ = std::make_unique<Lockstep>(config_);
    auto machine = Machine::create(config_, lockstep_->listen({nowhere_, world_, nowhere_}));
    EXPECT_TRUE(machine.ok());
    machine_ = std::move(*machine);
    feeder_ = std::make_unique<core::InputFeeder>(machine_->scheduler(), machine_->console_input());
    EXPECT_TRUE(lockstep_->begin(*machine_, {*feeder_, ""}).ok());
  }
  // Equal for 100,009 steps: six in the reset ROM, the auipc, 25,000 times around, and two more. Then pc is
  // 0x8000000c and a0 25,001.
  void run_some() { ASSERT_EQ(lockstep_->run(100'009), StopReason::kStepLimit); }
  // The report of the difference that must be there soon.
  std::string report() {
    EXPECT_EQ(lockstep_->run(200'000), std::nullopt);
    return lockstep_->report();
  }

  Nowhere nowhere_;
  riscv::World world_;
  MachineConfig config_;
  std::vector<std::byte> image_;
  std::unique_ptr<Lockstep> lockstep_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<core::InputFeeder> feeder_;
};
INSTANTIATE_TEST_SUITE_P(Judges, LockstepTest,
                         testing::Values(EngineKind::kLockstep, EngineKind::kLockstepCached),
                         [](const auto& info) {
                           return info.param == EngineKind::kLockstep ? "Plain" : "Cached";
                         });

TEST_P(LockstepTest, NothingChanged_NoDifference) {
  run_some();
  EXPECT_EQ(machine_->hart(0).pc, 0x8000000cu);
  EXPECT_EQ(machine_->hart(0).x[10], 25'001u);
  EXPECT_GT(machine_->translator()->counters().blocks, 0u);
  EXPECT_GT(machine_->translator()->counters().entries, 10'000u) << "a block at a time, it should be";
  EXPECT_EQ(lockstep_->run(200'000), StopReason::kStepLimit);
}

TEST_P(LockstepTest, Register_ReportedWithItsValues) {
  run_some();
  machine_->hart(0).x[20] = 7;  // s4
  const std::string text = report();
  EXPECT_THAT(text, HasSubstr("hart 0 has other registers"));
  EXPECT_THAT(text, HasSubstr("equal at step 100009, hart 0, M mode at pc 0x8000000c"));
  EXPECT_THAT(text, HasSubstr("The interpreter's way from there:\n  0x8000000c  sw a0, 0(t0)\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\n> s4 +0x0 +0x7 +0x0\n")) << "before, translator, interpreter";
  EXPECT_THAT(text, testing::ContainsRegex("\n  t0 +0x80001000 +0x80001000 +0x80001000\n"));
}

TEST_P(LockstepTest, AddressRegister_ReportedWithTheBlock) {
  ASSERT_EQ(lockstep_->run(100'007), StopReason::kStepLimit);
  ASSERT_EQ(machine_->hart(0).pc, 0x80000004u);
  machine_->hart(0).x[5] += 4;  // t0
  const std::string text = report();
  EXPECT_THAT(text, HasSubstr("The block at 0x80000004:"));
  EXPECT_THAT(text, HasSubstr("; 0x80000004  lw a0, 0(t0)\n")) << "IR";
  EXPECT_THAT(text,
              testing::ContainsRegex("Host code, [0-9]+ bytes:\n0x[0-9a-f]+ +sub +r15, [0-9x]+ +; budget"));
}

TEST_P(LockstepTest, Csr_Reported) {
  run_some();
  machine_->hart(0).csr.m.scratch = 0x77;
  EXPECT_THAT(report(), testing::ContainsRegex("> mscratch +- +0x77 +0x0"));
}

TEST_P(LockstepTest, MemoryThatOnlyOneWrote_FoundByComparingAllOfIt) {
  run_some();
  *machine_->ram().host({0x80003004}) = 0xab;
  const std::string text = report();
  EXPECT_THAT(text,
              HasSubstr("memory differs at 0x80003004. The interpreter did not write it in this round"));
  EXPECT_THAT(text, HasSubstr("> 0x80003000  translator   00 00 00 00 ab 00"));
  EXPECT_THAT(text, HasSubstr("  0x80003000  interpreter  00 00 00 00 00 00"));
}

TEST_P(LockstepTest, Device_FoundAtTheEndOfTheSlice) {
  run_some();
  ASSERT_TRUE(machine_->bus().write(core::GuestPhys{0x10000007}, 1, 0x5a));  // the UART's scratch register
  const std::string text = report();
  EXPECT_THAT(text, HasSubstr("a device, an event or a hart whose turn it is not differs"));
  EXPECT_THAT(text, testing::ContainsRegex("> uart0\\.[a-z_]+ +0x5a +0x0"));
}

TEST_P(LockstepTest, InterruptLine_FoundBehindTheNextRound) {
  run_some();
  ASSERT_TRUE(
      machine_->bus().write(core::GuestPhys{0x2000000}, 4, 1));  // msip of hart 0; mtip is set already
  EXPECT_THAT(report(), testing::ContainsRegex("> mip_lines +- +0x88 +0x80"));
}

TEST_P(LockstepTest, Time_Reported) {
  run_some();
  machine_->scheduler().clock().jump_to(5'000'000);
  EXPECT_THAT(report(), HasSubstr("the time is 5000000 ticks and 1000"));
}

// --- In a session

TEST(LockstepSession, Difference_EndsWithOurExitCodeAndTheReplayCommand) {
  const std::vector<std::byte> image = test::raw_image(kCount);
  MachineConfig config = test::bare_machine("test", image);
  config.engine = EngineKind::kLockstep;
  RunOptions options = test::silent_run();
  options.max_instructions = 1000;
  options.command_line = "vitrine run test";
  auto equal = Session::create(config, options);
  ASSERT_TRUE(equal.ok());
  EXPECT_EQ((*equal)->run().kind, Outcome::Kind::kInstructionLimit);

  auto session = Session::create(config, options);
  ASSERT_TRUE(session.ok());
  (*session)->machine().hart(0).x[20] = 1;
  const Outcome outcome = (*session)->run();
  EXPECT_EQ(outcome.kind, Outcome::Kind::kEnginesDiffer);
  EXPECT_EQ(exit_code_of(outcome), 120);
  EXPECT_THAT(outcome.words, HasSubstr("\nAgain: vitrine run test\n"));
  EXPECT_THAT(outcome.words, HasSubstr("\nThe run: vitrine-"));
}

}  // namespace
}  // namespace vitrine::app
