// SPDX-License-Identifier: MIT
// Counters (privileged 3.1.10 to 3.1.12, Zihpm, Sscofpmf) on a machine that runs an endless loop of one-step instructions:
//
//   8000_0000  addi x5, x5, 1          0x00128293
//   8000_0004  j    8000_0000          0xffdff06f
//   8000_0100  j    8000_0100          0x0000006f   (mtvec: where the interrupt leads)
#include <gtest/gtest.h>

#include "app/machine.h"
#include "isa/riscv/counters.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/handler.h"

namespace vitrine::riscv {
namespace {

constexpr unsigned kMstatus = 0x300, kMie = 0x304, kMtvec = 0x305, kInhibit = 0x320, kEvent3 = 0x323, kMip = 0x344,
                   kMcycle = 0xb00, kMinstret = 0xb02, kCounter3 = 0xb03, kScountovf = 0xda0;
constexpr uint64_t kLcofi = 1 << 13, kMieBit = 1 << 3;

class Nothing : public World, public core::ByteSink, public app::MachineObserver {
  void put(uint8_t) override {}
  void notice(std::string_view) override {}
};

class CountersTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    app::MachineConfig config;
    config.bios = "none";
    config.memory = 2 << 20;
    config.caching = GetParam();
    config.cpu.sscofpmf = true;
    auto made = app::Machine::create(config, {world_, world_, world_});
    ASSERT_TRUE(made.ok()) << made.error().message;
    machine_ = std::move(*made);
    for (const auto& [at, word] : {std::pair<uint64_t, uint32_t>{0x8000'0000, 0x00128293},
                                   {0x8000'0004, 0xffdff06f},
                                   {0x8000'0100, 0x0000006f}})
      ASSERT_TRUE(machine_->ram().write_value<uint32_t>({at}, word));
    hart().pc = 0x8000'0000;
    poke(kMtvec, 0x8000'0100);
  }
  Hart& hart() { return machine_->hart(0); }
  // As between two instructions: the poke itself is none, so what would be its own retirement is taken off again.
  void poke(unsigned csr, uint64_t value) { ASSERT_TRUE(poke_csr(hart(), csr, value)); }
  uint64_t peek(unsigned csr) { return *peek_csr(hart(), csr); }
  void run(uint64_t steps) { machine_->run(machine_->clock().step() + steps); }

  Nothing world_;
  std::unique_ptr<app::Machine> machine_;
};

TEST_P(CountersTest, Instret_CountsEachStepOfAStraightLoop) {
  run(1000);
  EXPECT_EQ(peek(kMinstret), 1000u);
  EXPECT_EQ(peek(kMcycle), 1000u);
}

TEST_P(CountersTest, Inhibited_StandsStill) {
  run(10);
  poke(kInhibit, 1 << 2);
  const uint64_t frozen = peek(kMinstret);
  run(100);
  EXPECT_EQ(peek(kMinstret), frozen);
  EXPECT_GT(peek(kMcycle), frozen);
}

TEST_P(CountersTest, NoEvent_CountsNothing) {
  poke(kCounter3, 5);
  run(100);
  EXPECT_EQ(peek(kCounter3), 5u);
}

TEST_P(CountersTest, UnknownEvent_ReadsAsNone) {
  poke(kEvent3, 77);
  EXPECT_EQ(peek(kEvent3), 0u);
}

// A write at a poke counts as one instruction's (3.1.10: the write takes precedence over its own retirement), so the
// first instruction after it is the one that the counter does not see.
TEST_P(CountersTest, Overflow_InterruptsAtItsVeryStep) {
  poke(kEvent3, hpm_event::kInstructions);
  poke(kCounter3, static_cast<uint64_t>(-500));
  poke(kMie, kLcofi);
  poke(kMstatus, kMieBit);
  run(501);
  EXPECT_EQ(peek(kCounter3), 0u);
  EXPECT_EQ(hart().csr.m.cause, 0u);
  run(1);  // the entry
  EXPECT_EQ(hart().csr.m.cause, (uint64_t{1} << 63) | 13);
  EXPECT_EQ(hart().pc, 0x8000'0100u);
  EXPECT_TRUE(peek(kEvent3) & hpm_event::kOverflow);
  EXPECT_EQ(peek(kScountovf), uint64_t{1} << 3);
  EXPECT_TRUE(peek(kMip) & kLcofi);
}

TEST_P(CountersTest, OverflowFlagSet_NoSecondInterrupt) {
  poke(kEvent3, hpm_event::kInstructions | hpm_event::kOverflow);
  poke(kCounter3, static_cast<uint64_t>(-10));
  run(100);
  EXPECT_FALSE(peek(kMip) & kLcofi);
}

TEST_P(CountersTest, ModeExcluded_CountsNothing) {
  poke(kEvent3, hpm_event::kInstructions | hpm_event::kNotM);
  poke(kCounter3, 9);
  run(100);
  EXPECT_EQ(peek(kCounter3), 9u);
}

INSTANTIATE_TEST_SUITE_P(Caches, CountersTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Cached" : "Plain"; });

}  // namespace
}  // namespace vitrine::riscv
