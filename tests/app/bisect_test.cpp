// SPDX-License-Identifier: MIT
// Bisection finds the step that was counted by hand. Each guest begins with six steps in the reset ROM.
#include "app/bisect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/app/bare_machine.h"
#include "tests/app/guests.h"

namespace vitrine::app {
namespace {

using test::Words;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// Counts t1 down, then reads the clock: the low word of the RTC's nanoseconds, which --date decides.
//   80000000  lui  t0, 0x101       the RTC
//   80000004  t1 = rounds          one instruction
//   80000008  addi t1, t1, -1
//   8000000c  bnez t1, 80000008
//   80000010  lw   a0, 0(t0)       behind 6 + 2 + 2 * rounds steps
//   80000014  j    .
Words reads_clock_after(uint32_t load_rounds) {
  return {0x001012b7, load_rounds, 0xfff30313, 0xfe031ee3, 0x0002a503, 0x0000006f};
}
constexpr uint32_t kLi1000 = 0x3e800313;       // li  t1, 1000
constexpr uint32_t kLui3Million = 0x002dc337;  // lui t1, 0x2dc: 0x2dc000 = 2,998,272 rounds

class BisectTest : public testing::Test {
 protected:
  // Two sides of the same guest; what the second one has otherwise is up to `change`.
  Bisect::Answer answer(const Words& words, core::Step limit,
                        const std::function<void(MachineConfig&)>& change) {
    image_ = test::raw_image(words);
    MachineOptions options;
    options.config = test::bare_machine("test", image_);
    options.config.engine = EngineKind::kInterpreter;
    options.run = test::silent_run();
    options.run.max_instructions = limit;
    BisectSide a{options, "A", "vitrine run test"}, b{options, "B", "vitrine run test --other"};
    change(b.options.config);
    auto found = Bisect({a, b}).run();
    EXPECT_TRUE(found.ok());
    return *found;
  }
  std::vector<std::byte> image_;
};

TEST_F(BisectTest, TwoEngines_EqualToTheLimit) {
  const auto found =
      answer(reads_clock_after(kLui3Million), 9'000'000, [](MachineConfig& b) { b.engine = kDefaultEngine; });
  EXPECT_TRUE(found.equal);
  EXPECT_EQ(found.step, 9'000'000u);
  EXPECT_THAT(found.text,
              HasSubstr("Equal in all 9000000 steps. The limit of 9000000 instructions is reached"));
}

TEST_F(BisectTest, AnotherDate_FoundWhereTheClockIsRead) {
  const auto found = answer(reads_clock_after(kLi1000), 10'000, [](MachineConfig& b) { b.date += 1; });
  EXPECT_FALSE(found.equal);
  EXPECT_EQ(found.step, 6u + 2 + 2 * 1000 + 1);
  EXPECT_THAT(found.text, HasSubstr("A and B differ behind step 2009; behind step 2008 they are equal."));
  EXPECT_THAT(found.text, HasSubstr("hart 0, M mode at 0x80000010: lw a0, 0(t0)\n"));
  EXPECT_THAT(found.text, ContainsRegex("\n> hart0\\.a0 +0x0 +0x[0-9a-f]+ +0x[0-9a-f]+\n"));
  EXPECT_THAT(found.text, ContainsRegex("\n  hart0\\.pc +0x80000010 +0x80000014 +0x80000014\n"));
  EXPECT_THAT(found.text, HasSubstr("\nB: vitrine run test --other --max-instructions 2009"));
}

TEST_F(BisectTest, FarFromTheBeginning_FoundToTheStepOnEitherEngine) {
  for (const EngineKind engine : {EngineKind::kInterpreter, kDefaultEngine}) {
    const auto found = answer(reads_clock_after(kLui3Million), 20'000'000, [&](MachineConfig& b) {
      b.date += 1;
      b.engine = engine;
    });
    EXPECT_FALSE(found.equal);
    EXPECT_EQ(found.step, 6u + 2 + 2 * 0x2dc000 + 1);
  }
}

// At the end, where the first comparison is made, memory alone differs.
TEST_F(BisectTest, OnlyMemoryDiffersLater_TheReadIsFoundAllTheSame) {
  const Words words = {0x001012b7,   // lui   t0, 0x101
                       0x0002a503,   // lw    a0, 0(t0)      step 8
                       0x00001317,   // auipc t1, 1
                       0x00a32223,   // sw    a0, 4(t1)      0x8000100c
                       0x00000513,   // li    a0, 0
                       0x0000006f};  // j     .
  const auto found = answer(words, 1000, [](MachineConfig& b) { b.date += 1; });
  EXPECT_EQ(found.step, 8u);
}

// The kernel's words stand in the device tree, in RAM, and nobody reads them.
TEST_F(BisectTest, WhatDiffersBeforeTheFirstStep_IsLeftOutAndSaid) {
  const auto found =
      answer(reads_clock_after(kLi1000), 5'000, [](MachineConfig& b) { b.append = "other words"; });
  EXPECT_TRUE(found.equal);
  EXPECT_THAT(found.text,
              ContainsRegex("Left out, since it differs before the first step:.* memory 0x80[0-9a-f]+ to"));
}

TEST_F(BisectTest, BothEnd_EqualToTheEnd) {
  const Words words = test::kPass;  // lui, addi, lui, sw: it ends behind 6 + 4 steps
  const auto found = answer(words, 1000, [&](MachineConfig&) {});
  EXPECT_TRUE(found.equal);
  EXPECT_EQ(found.step, 10u);
  EXPECT_THAT(found.text, HasSubstr("Equal in all 10 steps. The guest ended with success."));
}

}  // namespace
}  // namespace vitrine::app
