// SPDX-License-Identifier: MIT
// The Goldfish real-time clock.
#include "devices/goldfish_rtc.h"

#include "tests/devices/bench.h"

namespace vitrine::devices::test {
namespace {

constexpr uint64_t kStart = 1'700'000'000'000'000'000;  // 2023-11-14, a date whose high word is not 0
enum : uint64_t {
  kTimeLow = 0,
  kTimeHigh = 4,
  kAlarmLow = 8,
  kAlarmHigh = 12,
  kIrqEnabled = 16,
  kClearAlarm = 20,
  kAlarmStatus = 24,
  kClearInterrupt = 28
};

struct RtcRig {
  Bench bench;
  GoldfishRtc device{"rtc0", bench.scheduler, bench.wires.line(11), kStart};
  std::vector<uint64_t> log;
  void act(std::mt19937_64& random) {
    if (random() % 3 != 0) return random_access(bench, device, random, log);
    const uint64_t soon = device.now_ns() + random() % 100'000;
    device.write(kAlarmHigh, 4, soon >> 32);
    device.write(kAlarmLow, 4, soon & 0xffff'ffff);
  }
  std::string seen() { return {}; }
};

struct RtcTest : testing::Test {
  Bench bench;
  GoldfishRtc rtc{"rtc0", bench.scheduler, bench.wires.line(11), kStart};
  uint64_t time() {
    const uint64_t low = rtc.read(kTimeLow, 4);
    return rtc.read(kTimeHigh, 4) << 32 | low;
  }
  void set_alarm(uint64_t ns) {
    rtc.write(kAlarmHigh, 4, ns >> 32);
    rtc.write(kAlarmLow, 4, ns & 0xffff'ffff);
  }
};

TEST_F(RtcTest, Time_IsStartPlus100NsATick) {
  EXPECT_EQ(time(), kStart);
  bench.advance_to(10'000'000);
  EXPECT_EQ(time(), kStart + 1'000'000'000);
}

TEST_F(RtcTest, TimeHigh_IsLatchedByTimeLow) {
  rtc.write(kTimeHigh, 4, 5);
  rtc.write(kTimeLow, 4, 0xffff'ffff);
  EXPECT_EQ(rtc.read(kTimeLow, 4), 0xffff'ffffu);
  bench.advance(1);  // the low word wraps
  EXPECT_EQ(rtc.read(kTimeHigh, 4), 5u);
  EXPECT_EQ(rtc.read(kTimeLow, 4), 99u);
  EXPECT_EQ(rtc.read(kTimeHigh, 4), 6u);
}

TEST_F(RtcTest, SetTime_IsAnOffsetUntilReset) {
  const uint64_t date = 1'000'000'000'123'456'789;
  rtc.write(kTimeHigh, 4, date >> 32);
  rtc.write(kTimeLow, 4, date & 0xffff'ffff);
  bench.advance(7);
  EXPECT_EQ(time(), date + 700);
  rtc.reset();
  EXPECT_EQ(time(), kStart + 700);
}

TEST_F(RtcTest, Alarm_RingsAtTheFirstTickNotBefore) {
  rtc.write(kIrqEnabled, 4, 1);
  set_alarm(kStart + 1050);  // between tick 10 and 11
  EXPECT_EQ(rtc.read(kAlarmStatus, 4), 1u);
  bench.advance_to(10);
  EXPECT_FALSE(bench.wires.level(11));
  bench.advance_to(11);
  EXPECT_TRUE(bench.wires.level(11));
  EXPECT_EQ(rtc.read(kAlarmStatus, 4), 0u);
  rtc.write(kClearInterrupt, 4, 1);
  EXPECT_FALSE(bench.wires.level(11));
}

TEST_F(RtcTest, Alarm_OnATickRingsAtThatTick) {
  rtc.write(kIrqEnabled, 4, 1);
  set_alarm(kStart + 1000);
  bench.advance_to(9);
  EXPECT_FALSE(bench.wires.level(11));
  bench.advance_to(10);
  EXPECT_TRUE(bench.wires.level(11));
}

TEST_F(RtcTest, Alarm_InThePastRingsAtOnce) {
  rtc.write(kIrqEnabled, 4, 1);
  set_alarm(kStart);
  EXPECT_TRUE(bench.wires.level(11));
}

TEST_F(RtcTest, Alarm_WithoutEnableIsRememberedForTheEnable) {
  set_alarm(kStart + 100);
  bench.advance(1);
  EXPECT_FALSE(bench.wires.level(11));
  rtc.write(kIrqEnabled, 4, 1);
  EXPECT_TRUE(bench.wires.level(11));
  rtc.write(kIrqEnabled, 4, 0);
  EXPECT_FALSE(bench.wires.level(11));
}

TEST_F(RtcTest, ClearAlarm_DisarmsIt) {
  rtc.write(kIrqEnabled, 4, 1);
  set_alarm(kStart + 100);
  rtc.write(kClearAlarm, 4, 1);
  bench.advance(100);
  EXPECT_FALSE(bench.wires.level(11));
  EXPECT_EQ(rtc.read(kAlarmLow, 4), (kStart + 100) & 0xffff'ffff);
  EXPECT_EQ(rtc.read(kAlarmHigh, 4), (kStart + 100) >> 32);
}

TEST_F(RtcTest, SetTime_BeyondTheAlarmRingsIt) {
  rtc.write(kIrqEnabled, 4, 1);
  set_alarm(kStart + 1'000'000'000'000);
  rtc.write(kTimeHigh, 4, (kStart >> 32) + 1000);
  EXPECT_TRUE(bench.wires.level(11));
}

TEST_F(RtcTest, Alarm_AtTheEndOfTimeDoesNotOverflow) {
  rtc.write(kIrqEnabled, 4, 1);
  set_alarm(~uint64_t{0});
  bench.advance(1'000'000);
  EXPECT_FALSE(bench.wires.level(11));
  EXPECT_EQ(rtc.read(kAlarmStatus, 4), 1u);
}

TEST_F(RtcTest, Reset_LowersTheLineAndDisarms) {
  rtc.write(kIrqEnabled, 4, 1);
  set_alarm(kStart);
  rtc.reset();
  EXPECT_FALSE(bench.wires.level(11));
  EXPECT_EQ(rtc.read(kIrqEnabled, 4), 0u);
}

TEST_F(RtcTest, Table_IsSound) { expect_table_is_sound(rtc); }
TEST(GoldfishRtc, Restore_IsExact) { expect_restore_is_exact<RtcRig>(); }
TEST(GoldfishRtc, Peek_IsSilent) { expect_peek_is_silent<RtcRig>(); }

}  // namespace
}  // namespace vitrine::devices::test
