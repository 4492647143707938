// SPDX-License-Identifier: MIT
// CLINT and SSWI, by the privileged specification ("Machine Timer Registers") and the ACLINT specification.
#include "devices/clint.h"

#include "devices/aclint_sswi.h"
#include "tests/devices/bench.h"

namespace vitrine::devices::test {
namespace {

constexpr uint64_t kMtimecmp0 = 0x4000, kMtime = 0xbff8;
constexpr unsigned kMsi = 3, kMti = 7;

// Wire 16 n + 3 and 16 n + 7 are MSI and MTI of hart n.
std::vector<Clint::HartLines> hart_lines(Wires& wires, unsigned harts) {
  std::vector<Clint::HartLines> lines;
  for (unsigned n = 0; n < harts; ++n)
    lines.push_back({wires.line(16 * n + kMsi), wires.line(16 * n + kMti)});
  return lines;
}

struct Offsets final : TimeObserver {
  void time_offset_changed(uint64_t offset) override { all.push_back(offset); }
  std::vector<uint64_t> all;
};

struct ClintRig {
  Bench bench;
  Clint device{"clint0", bench.scheduler, hart_lines(bench.wires, 3)};
  std::vector<uint64_t> log;
  void act(std::mt19937_64& random) {
    // Compare values near the present make events happen.
    if (random() % 2 == 0)
      device.write(kMtimecmp0 + 8 * (random() % 3), 8, device.mtime() + random() % 4000);
    else
      random_access(bench, device, random, log);
  }
  std::string seen() { return {}; }
};

struct ClintTest : testing::Test {
  Bench bench;
  Clint clint{"clint0", bench.scheduler, hart_lines(bench.wires, 8)};
};

TEST_F(ClintTest, Mtime_CountsTheClockAt10MHz) {
  bench.clock.set_step(12'345 * bench.clock.steps_per_tick());
  EXPECT_EQ(clint.read(kMtime, 8), 12'345u);
  bench.advance_to(0x1'2345'6789);
  EXPECT_EQ(clint.read(kMtime, 8), 0x1'2345'6789u);
  EXPECT_EQ(clint.read(kMtime, 4), 0x2345'6789u);
  EXPECT_EQ(clint.read(kMtime + 4, 4), 1u);
}

TEST_F(ClintTest, AtReset_TimerInterruptPendsAsOnQemusBoard) {
  EXPECT_EQ(clint.read(kMtimecmp0, 8), 0u);
  EXPECT_TRUE(bench.wires.level(kMti));
  EXPECT_FALSE(bench.wires.level(kMsi));
}

TEST_F(ClintTest, Mtimecmp_FutureLowersAndRaisesExactlyThen) {
  clint.write(kMtimecmp0, 8, 1000);
  EXPECT_FALSE(bench.wires.level(kMti));
  bench.advance_to(999);
  EXPECT_FALSE(bench.wires.level(kMti));
  bench.advance_to(1000);
  EXPECT_TRUE(bench.wires.level(kMti));
}

TEST_F(ClintTest, Mtimecmp_PastRaisesAtOnceAndFutureLowersAtOnce) {
  bench.advance_to(500);
  clint.write(kMtimecmp0, 8, ~uint64_t{0});
  EXPECT_FALSE(bench.wires.level(kMti));
  clint.write(kMtimecmp0, 8, 500);
  EXPECT_TRUE(bench.wires.level(kMti));
  clint.write(kMtimecmp0, 8, 501);
  EXPECT_FALSE(bench.wires.level(kMti));
}

// The specification's own sequence for 32-bit writes: no spurious interrupt on the way.
TEST_F(ClintTest, Mtimecmp_HalvesWrittenHighFirstWithMinusOne) {
  clint.write(kMtimecmp0, 8, ~uint64_t{0});
  bench.advance_to(0x1'0000'0000);
  const unsigned rises = bench.wires.rises[kMti];
  clint.write(kMtimecmp0, 4, 0xffff'ffff);
  clint.write(kMtimecmp0 + 4, 4, 1);
  clint.write(kMtimecmp0, 4, 10);
  EXPECT_EQ(clint.read(kMtimecmp0, 8), 0x1'0000'000au);
  EXPECT_EQ(bench.wires.rises[kMti], rises);
  bench.advance(10);
  EXPECT_EQ(bench.wires.rises[kMti], rises + 1);
}

TEST_F(ClintTest, Mtimecmp_HartsAreIndependent) {
  for (unsigned n = 0; n < 8; ++n) clint.write(kMtimecmp0 + 8 * n, 8, 100 * (n + 1));
  bench.advance_to(450);
  for (unsigned n = 0; n < 8; ++n) EXPECT_EQ(bench.wires.level(16 * n + kMti), n < 4) << n;
  bench.advance_to(800);
  EXPECT_TRUE(bench.wires.level(16 * 7 + kMti));
}

TEST_F(ClintTest, Mtimecmp_MaximumNeverComes) {
  clint.write(kMtimecmp0, 8, ~uint64_t{0});
  for (unsigned n = 1; n < 8; ++n) clint.write(kMtimecmp0 + 8 * n, 8, ~uint64_t{0} - n);
  EXPECT_FALSE(bench.wires.level(kMti));
  bench.clock.set_step(1'000'000);
  bench.scheduler.run_due();
  EXPECT_FALSE(bench.wires.level(kMti));
}

TEST_F(ClintTest, Mtime_WriteMovesTimeForEveryHart) {
  Offsets offsets;
  clint.set_time_observer(&offsets);
  bench.advance_to(1000);
  clint.write(kMtimecmp0, 8, 50'000);
  clint.write(kMtimecmp0 + 8, 8, 20'100);
  clint.write(kMtime, 8, 20'000);
  EXPECT_EQ(clint.read(kMtime, 8), 20'000u);
  EXPECT_EQ(offsets.all, std::vector<uint64_t>{19'000});
  bench.advance(99);
  EXPECT_FALSE(bench.wires.level(16 + kMti));
  bench.advance(1);
  EXPECT_TRUE(bench.wires.level(16 + kMti));
  EXPECT_FALSE(bench.wires.level(kMti));
  clint.write(kMtime, 8, 50'000);
  EXPECT_TRUE(bench.wires.level(kMti));
  clint.write(kMtime, 8, 5);  // back: both are in the future again
  EXPECT_FALSE(bench.wires.level(kMti));
  EXPECT_FALSE(bench.wires.level(16 + kMti));
  clint.write(kMtime + 4, 4, 7);
  EXPECT_EQ(clint.read(kMtime, 8), 0x7'0000'0005u);
  clint.reset();
  EXPECT_EQ(clint.read(kMtime, 8), bench.clock.ticks());
  EXPECT_EQ(offsets.all.back(), 0u);
}

TEST_F(ClintTest, Msip_OnlyBit0AndOnlyThatHart) {
  clint.write(4 * 5, 4, 0xffff'ffff);
  EXPECT_TRUE(bench.wires.level(16 * 5 + kMsi));
  EXPECT_EQ(clint.read(4 * 5, 4), 1u);
  for (unsigned n = 0; n < 8; ++n) EXPECT_EQ(bench.wires.level(16 * n + kMsi), n == 5);
  clint.write(4 * 5, 4, 0xffff'fffe);
  EXPECT_FALSE(bench.wires.level(16 * 5 + kMsi));
  clint.write(0, 8, 0x1'0000'0000);  // two registers
  EXPECT_FALSE(bench.wires.level(kMsi));
  EXPECT_TRUE(bench.wires.level(16 + kMsi));
}

TEST_F(ClintTest, PlacesOfAbsentHarts_ReadZeroAndIgnoreWrites) {
  for (uint64_t offset :
       {uint64_t{4 * 8}, kMtimecmp0 + 8 * 8, uint64_t{0xbff0}, uint64_t{0xc000}, uint64_t{0xfff8}}) {
    clint.write(offset, 8, ~uint64_t{0});
    EXPECT_EQ(clint.read(offset, 8), 0u) << offset;
  }
}

TEST_F(ClintTest, Reset_LowersSoftwareInterrupts) {
  clint.write(4, 4, 1);
  clint.write(kMtimecmp0, 8, 77);
  clint.reset();
  EXPECT_FALSE(bench.wires.level(16 + kMsi));
  EXPECT_EQ(clint.read(kMtimecmp0, 8), 0u);
}

TEST_F(ClintTest, Table_IsSound) { expect_table_is_sound(clint); }
TEST(Clint, Restore_IsExact) { expect_restore_is_exact<ClintRig>(); }
TEST(Clint, Peek_IsSilent) { expect_peek_is_silent<ClintRig>(); }

TEST(Clint, Restore_TellsTheTimeOffset) {
  ClintRig first, second;
  first.device.write(kMtime, 8, 5000);
  Offsets offsets;
  second.device.set_time_observer(&offsets);
  restore(second.bench, second.device, save(first.bench, first.device));
  ASSERT_FALSE(offsets.all.empty());
  EXPECT_EQ(offsets.all.back(), 5000u);
}

TEST(AclintSswi, WriteOfOne_IsOneEdgeEachTime) {
  Bench bench;
  AclintSswi sswi("sswi0", {bench.wires.line(1), bench.wires.line(17)});
  sswi.write(4, 4, 1);
  sswi.write(4, 4, 3);
  sswi.write(4, 4, 0xffff'fffe);
  sswi.write(8, 4, 1);  // no such hart
  EXPECT_EQ(bench.wires.rises[17], 2u);
  EXPECT_EQ(bench.wires.rises[1], 0u);
  EXPECT_FALSE(bench.wires.level(17));
  EXPECT_EQ(sswi.read(4, 4), 0u);
  expect_table_is_sound(sswi);
}

}  // namespace
}  // namespace vitrine::devices::test
