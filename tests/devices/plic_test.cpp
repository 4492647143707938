// SPDX-License-Identifier: MIT
// The PLIC, by the RISC-V PLIC specification 1.0.0.
#include "devices/plic.h"

#include "tests/devices/bench.h"

namespace vitrine::devices::test {
namespace {

constexpr uint64_t priority(unsigned source) { return 4 * source; }
constexpr uint64_t pending(unsigned source) { return 0x1000 + source / 32 * 4; }
constexpr uint64_t enable(unsigned context, unsigned source) {
  return 0x2000 + 0x80 * context + source / 32 * 4;
}
constexpr uint64_t threshold(unsigned context) { return 0x200000 + 0x1000 * context; }
constexpr uint64_t claim(unsigned context) { return 0x200004 + 0x1000 * context; }

std::vector<core::IrqLine> context_lines(Wires& wires, unsigned count) {
  std::vector<core::IrqLine> lines;
  for (unsigned c = 0; c < count; ++c) lines.push_back(wires.line(c));
  return lines;
}

template <Plic::Senses gateways>
struct PlicRig {
  Bench bench;
  Plic device{"plic0", 96, context_lines(bench.wires, 4), gateways};
  std::vector<uint64_t> log;
  void act(std::mt19937_64& random) {
    const auto context = static_cast<unsigned>(random() % 4);
    switch (random() % 4) {
      case 0: device.irq_changed(1 + static_cast<unsigned>(random() % 96), random() % 2); break;
      case 1: log.push_back(device.read(claim(context), 4)); break;
      case 2: device.write(claim(context), 4, random() % 100); break;
      default: random_access(bench, device, random, log); break;
    }
  }
  std::string seen() { return {}; }
};

struct PlicTest : testing::Test {
  explicit PlicTest(Plic::Senses gateways = Plic::Senses::kLevels)
      : plic("plic0", 96, context_lines(bench.wires, 4), gateways) {}
  Bench bench;
  Plic plic;

  void set_up(unsigned context, unsigned source, unsigned level) {
    plic.write(priority(source), 4, level);
    const uint64_t at = enable(context, source);
    plic.write(at, 4, plic.read(at, 4) | uint64_t{1} << source % 32);
  }
  bool is_pending(unsigned source) { return plic.read(pending(source), 4) >> source % 32 & 1; }
};

struct EdgePlicTest : PlicTest {
  EdgePlicTest() : PlicTest(Plic::Senses::kEdges) { set_up(1, 10, 1); }
};

TEST_F(PlicTest, ClaimOfNothing_IsZero) {
  EXPECT_EQ(plic.read(claim(0), 4), 0u);
  plic.irq_changed(10, true);  // pending, but no context has it enabled
  EXPECT_EQ(plic.read(claim(0), 4), 0u);
  EXPECT_TRUE(is_pending(10));
}

TEST_F(PlicTest, LevelSource_LifeOfAnInterrupt) {
  set_up(1, 10, 1);
  plic.irq_changed(10, true);
  EXPECT_TRUE(bench.wires.level(1));
  EXPECT_FALSE(bench.wires.level(0));
  EXPECT_TRUE(is_pending(10));

  EXPECT_EQ(plic.read(claim(1), 4), 10u);
  EXPECT_FALSE(is_pending(10));
  EXPECT_FALSE(bench.wires.level(1)) << "claimed: nothing else is pending";
  EXPECT_EQ(plic.read(claim(1), 4), 0u);

  plic.write(claim(1), 4, 10);  // the line is still high
  EXPECT_TRUE(is_pending(10));
  EXPECT_TRUE(bench.wires.level(1));

  EXPECT_EQ(plic.read(claim(1), 4), 10u);
  plic.irq_changed(10, false);
  plic.write(claim(1), 4, 10);
  EXPECT_FALSE(is_pending(10));
  EXPECT_FALSE(bench.wires.level(1));
}

TEST_F(PlicTest, LineThatFallsBeforeTheClaim_StaysPending) {
  set_up(0, 3, 1);
  plic.irq_changed(3, true);
  plic.irq_changed(3, false);
  EXPECT_EQ(plic.read(claim(0), 4), 3u);
  plic.write(claim(0), 4, 3);
  EXPECT_FALSE(is_pending(3));
}

TEST_F(PlicTest, LineThatRisesAgainDuringService_PendsOnlyAfterCompletion) {
  set_up(0, 3, 1);
  plic.irq_changed(3, true);
  EXPECT_EQ(plic.read(claim(0), 4), 3u);
  plic.irq_changed(3, false);
  plic.irq_changed(3, true);
  EXPECT_FALSE(is_pending(3));
  plic.write(claim(0), 4, 3);
  EXPECT_TRUE(is_pending(3));
}

// The line may stay high for ever: one rise, one interrupt.
TEST_F(EdgePlicTest, LineThatStaysHigh_InterruptsOnce) {
  plic.irq_changed(10, true);
  EXPECT_EQ(plic.read(claim(1), 4), 10u);
  plic.write(claim(1), 4, 10);
  EXPECT_FALSE(is_pending(10));
  EXPECT_FALSE(bench.wires.level(1));
  plic.irq_changed(10, false);
  EXPECT_FALSE(is_pending(10));
  plic.irq_changed(10, true);
  EXPECT_TRUE(bench.wires.level(1));
}

TEST_F(EdgePlicTest, RisesDuringService_PendOnceAfterCompletion) {
  plic.irq_changed(10, true);
  EXPECT_EQ(plic.read(claim(1), 4), 10u);
  for (const bool level : {false, true, false, true, false}) plic.irq_changed(10, level);
  EXPECT_FALSE(is_pending(10));
  plic.write(claim(1), 4, 10);
  EXPECT_TRUE(is_pending(10));
  EXPECT_EQ(plic.read(claim(1), 4), 10u);
  plic.write(claim(1), 4, 10);
  EXPECT_FALSE(is_pending(10));
}

TEST_F(EdgePlicTest, Reset_ForgetsARiseDuringService) {
  plic.irq_changed(10, true);
  EXPECT_EQ(plic.read(claim(1), 4), 10u);
  plic.irq_changed(10, false);
  plic.irq_changed(10, true);
  plic.reset();
  set_up(1, 10, 1);
  plic.write(claim(1), 4, 10);
  EXPECT_FALSE(is_pending(10));
}

TEST_F(PlicTest, MostUrgentFirst_ThenLowestNumber) {
  set_up(0, 40, 2), set_up(0, 7, 2), set_up(0, 96, 5), set_up(0, 1, 1);
  for (unsigned s : {40u, 7u, 96u, 1u}) plic.irq_changed(s, true);
  EXPECT_EQ(plic.read(claim(0), 4), 96u);
  EXPECT_EQ(plic.read(claim(0), 4), 7u);
  EXPECT_EQ(plic.read(claim(0), 4), 40u);
  EXPECT_EQ(plic.read(claim(0), 4), 1u);
  EXPECT_EQ(plic.read(claim(0), 4), 0u);
}

TEST_F(PlicTest, PriorityZero_NeverInterrupts) {
  set_up(0, 5, 0);
  plic.irq_changed(5, true);
  EXPECT_FALSE(bench.wires.level(0));
  EXPECT_EQ(plic.read(claim(0), 4), 0u);
  plic.write(priority(5), 4, 1);
  EXPECT_TRUE(bench.wires.level(0));
}

TEST_F(PlicTest, Threshold_MasksPrioritiesUpToItself) {
  set_up(0, 5, 3);
  plic.irq_changed(5, true);
  plic.write(threshold(0), 4, 3);
  EXPECT_FALSE(bench.wires.level(0));
  EXPECT_EQ(plic.read(claim(0), 4), 0u) << "as on QEMU's board, a claim honours the threshold";
  plic.write(threshold(0), 4, 2);
  EXPECT_TRUE(bench.wires.level(0));
  EXPECT_EQ(plic.read(threshold(0), 4), 2u);
}

TEST_F(PlicTest, TwoContexts_OnlyOneGetsTheClaim) {
  set_up(0, 8, 1), set_up(3, 8, 1);
  plic.irq_changed(8, true);
  EXPECT_TRUE(bench.wires.level(0) && bench.wires.level(3));
  EXPECT_EQ(plic.read(claim(3), 4), 8u);
  EXPECT_FALSE(bench.wires.level(0));
  EXPECT_EQ(plic.read(claim(0), 4), 0u);
}

TEST_F(PlicTest, CompletionOfASourceNotEnabledHere_IsIgnored) {
  set_up(0, 8, 1);
  plic.irq_changed(8, true);
  EXPECT_EQ(plic.read(claim(0), 4), 8u);
  plic.write(claim(1), 4, 8);
  EXPECT_FALSE(is_pending(8)) << "context 1 has not enabled it";
  plic.write(enable(0, 8), 4, 0);
  plic.write(claim(0), 4, 8);
  EXPECT_FALSE(is_pending(8)) << "nor has context 0 any more";
  plic.write(enable(0, 8), 4, 1u << 8);
  for (uint64_t nonsense : {uint64_t{0}, uint64_t{97}, uint64_t{1023}, uint64_t{0xffff'ffff}})
    plic.write(claim(0), 4, nonsense);
  EXPECT_FALSE(is_pending(8));
  plic.write(claim(0), 4, 8);
  EXPECT_TRUE(is_pending(8));
}

TEST_F(PlicTest, CompletionWithoutClaim_KeepsAPendingRequest) {
  set_up(0, 8, 1);
  plic.irq_changed(8, true);
  plic.write(claim(0), 4, 8);
  EXPECT_EQ(plic.read(claim(0), 4), 8u);
}

TEST_F(PlicTest, Registers_LegaliseWrites) {
  plic.write(priority(9), 4, 0xffff'ffff);
  EXPECT_EQ(plic.read(priority(9), 4), 7u);
  plic.write(threshold(2), 4, 0xffff'ffff);
  EXPECT_EQ(plic.read(threshold(2), 4), 7u);
  plic.write(enable(2, 0), 4, 0xffff'ffff);
  EXPECT_EQ(plic.read(enable(2, 0), 4), 0xffff'fffeu) << "source 0 does not exist";
  plic.write(enable(2, 96), 4, 0xffff'ffff);
  EXPECT_EQ(plic.read(enable(2, 96), 4), 1u) << "96 is the last source";
  plic.write(priority(0), 4, 7);
  EXPECT_EQ(plic.read(priority(0), 4), 0u);
  plic.write(pending(0), 4, 0xffff'ffff);
  EXPECT_EQ(plic.read(pending(0), 4), 0u);
}

TEST_F(PlicTest, BeyondTheLastSourceAndContext_ReadsZeroAndIgnoresWrites) {
  for (uint64_t offset :
       {priority(97), priority(1023), uint64_t{0x1010}, uint64_t{0x1ffc}, uint64_t{0x2010}, uint64_t{0x207c},
        enable(4, 0), uint64_t{0x1ffffc}, threshold(4), claim(4), uint64_t{0x200008}, uint64_t{0x5ffffc}}) {
    plic.write(offset, 4, 0xffff'ffff);
    EXPECT_EQ(plic.read(offset, 4), 0u) << std::hex << offset;
  }
}

TEST_F(PlicTest, Reset_ForgetsRequestsAndEnables) {
  set_up(0, 8, 1);
  plic.irq_changed(8, true);
  plic.reset();
  EXPECT_FALSE(bench.wires.level(0));
  plic.irq_changed(8, false);
  set_up(0, 8, 1);
  EXPECT_FALSE(bench.wires.level(0));
  plic.irq_changed(8, true);
  EXPECT_TRUE(bench.wires.level(0));
}

TEST_F(PlicTest, Peek_OfClaimDoesNotClaim) {
  set_up(0, 8, 1);
  plic.irq_changed(8, true);
  EXPECT_EQ(plic.peek(claim(0), 4), 8u);
  EXPECT_TRUE(bench.wires.level(0));
  EXPECT_EQ(plic.read(claim(0), 4), 8u);
}

TEST_F(PlicTest, Table_IsSound) { expect_table_is_sound(plic); }
TEST(Plic, Restore_IsExact) { expect_restore_is_exact<PlicRig<Plic::Senses::kLevels>>(); }
TEST(Plic, Restore_IsExactWithEdges) { expect_restore_is_exact<PlicRig<Plic::Senses::kEdges>>(); }
TEST(Plic, Peek_IsSilent) { expect_peek_is_silent<PlicRig<Plic::Senses::kLevels>>(); }

}  // namespace
}  // namespace vitrine::devices::test
