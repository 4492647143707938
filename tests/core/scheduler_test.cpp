// SPDX-License-Identifier: MIT
// The step clock and its events: times, order, idle jumps, state.
#include "core/scheduler.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

namespace vitrine::core {
namespace {

TEST(Clock, Ticks_AreStepsDividedPlusIdle) {
  Clock clock(100, 5000);
  EXPECT_EQ(clock.ticks(), 5000u);
  clock.set_step(99);
  EXPECT_EQ(clock.ticks(), 5000u);
  clock.set_step(100);
  EXPECT_EQ(clock.ticks(), 5001u);
  clock.jump_to(6000);
  EXPECT_EQ(clock.ticks(), 6000u);
  EXPECT_EQ(clock.idle(), 999u);
  EXPECT_EQ(clock.step(), 100u);
  clock.set_step(250);
  EXPECT_EQ(clock.ticks(), 6001u);
}

TEST(Clock, JumpBack_DoesNothing) {
  Clock clock(100, 5000);
  clock.jump_to(4000);
  clock.jump_to(5000);
  EXPECT_EQ(clock.ticks(), 5000u);
  EXPECT_EQ(clock.idle(), 0u);
}

TEST(Clock, StepAt_KnownValues) {
  Clock clock(100);
  clock.set_step(250);  // tick 2
  EXPECT_EQ(clock.step_at(0), 250u) << "past: now";
  EXPECT_EQ(clock.step_at(2), 250u);
  EXPECT_EQ(clock.step_at(3), 300u);
  clock.jump_to(10);  // eight idle ticks
  EXPECT_EQ(clock.step_at(11), 300u);
  EXPECT_EQ(clock.step_at(kNever - 1), kNever) << "beyond 64 bits of steps";
}

// The definition, tried out: at step_at(when) the time has come, one step earlier it has not.
TEST(Clock, StepAt_IsTheFirstStep) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t per_tick = 1 + random() % 300;
    Clock clock(per_tick, random() % 1000);
    clock.set_step(random() % 100'000);
    clock.jump_to(random() % 3000);
    const Ticks when = random() % 5000;
    const Step now = clock.step();
    const Step at = clock.step_at(when);
    ASSERT_GE(at, now);
    clock.set_step(at);
    ASSERT_GE(clock.ticks(), when);
    if (at == now) continue;
    clock.set_step(at - 1);
    ASSERT_LT(clock.ticks(), when);
  }
}

class SchedulerTest : public ::testing::Test {
 protected:
  std::unique_ptr<ScheduledEvent> event(const std::string& name) {
    return std::make_unique<ScheduledEvent>(scheduler_, name, [this, name] { log_ += name; });
  }
  // Lets the time come and returns what happened.
  std::string run_at(Ticks when) {
    clock_.jump_to(when);
    scheduler_.run_due();
    return std::exchange(log_, {});
  }
  Clock clock_{100};
  Attention attention_;
  Scheduler scheduler_{clock_, attention_};
  std::string log_;
};

TEST_F(SchedulerTest, Events_HappenOnceAtTheirTime) {
  const auto a = event("a");
  a->arm(10);
  EXPECT_EQ(run_at(9), "");
  EXPECT_TRUE(a->armed());
  EXPECT_EQ(run_at(10), "a");
  EXPECT_FALSE(a->armed());
  EXPECT_EQ(run_at(1000), "");
}

TEST_F(SchedulerTest, Order_IsTimeThenConstruction) {
  const auto a = event("a"), b = event("b"), c = event("c");
  c->arm(10);
  b->arm(20);
  a->arm(20);
  EXPECT_EQ(run_at(30), "cab") << "armed in the order c, b, a";
}

TEST_F(SchedulerTest, ArmedAgain_Moves) {
  const auto a = event("a");
  a->arm(10);
  a->arm(20);
  EXPECT_EQ(scheduler_.next_when(), 20u);
  EXPECT_EQ(run_at(15), "");
  EXPECT_EQ(run_at(20), "a");
}

TEST_F(SchedulerTest, Disarmed_DoesNotHappen) {
  const auto a = event("a"), b = event("b");
  a->arm(10);
  b->arm(20);
  a->disarm();
  EXPECT_EQ(scheduler_.next_when(), 20u);
  EXPECT_EQ(run_at(30), "b");
}

TEST_F(SchedulerTest, Destroyed_DoesNotHappen) {
  auto a = event("a");
  a->arm(10);
  a.reset();
  EXPECT_EQ(scheduler_.next_when(), kNever);
  EXPECT_EQ(run_at(30), "");
}

TEST_F(SchedulerTest, ArmedInThePast_HappensAtTheNextLook) {
  const auto a = event("a");
  clock_.jump_to(100);
  a->arm(50);
  EXPECT_EQ(scheduler_.next_step(), clock_.step());
  EXPECT_EQ(run_at(0), "a");
}

TEST_F(SchedulerTest, NextStep_FollowsTheClock) {
  const auto a = event("a");
  EXPECT_EQ(scheduler_.next_step(), kNever);
  a->arm(10);
  EXPECT_EQ(scheduler_.next_step(), 1000u);
  clock_.jump_to(4);
  EXPECT_EQ(scheduler_.next_step(), 600u);
}

TEST_F(SchedulerTest, ArmedForNever_DoesNotHappen) {
  const auto a = event("a");
  a->arm(kNever);
  EXPECT_EQ(scheduler_.next_step(), kNever);
  EXPECT_EQ(run_at(uint64_t{1} << 63), "");
}

TEST_F(SchedulerTest, Actions_MayArmThemselvesAndOthers) {
  const auto late = event("l");
  int left = 3;
  std::unique_ptr<ScheduledEvent> periodic;
  periodic = std::make_unique<ScheduledEvent>(scheduler_, "p", [&] {
    log_ += 'p';
    if (--left != 0) periodic->arm(clock_.ticks() + 10);
    if (left == 2) late->arm(clock_.ticks());
  });
  periodic->arm(10);
  EXPECT_EQ(run_at(10), "pl") << "an event armed for now happens now";
  EXPECT_EQ(run_at(20), "p");
  EXPECT_EQ(run_at(29), "");
  EXPECT_EQ(run_at(30), "p");
  EXPECT_EQ(scheduler_.next_when(), kNever);
}

// A late look at the clock (a long instruction, an idle jump beyond) runs what was missed, in order.
TEST_F(SchedulerTest, LateLook_SeesTheTimeOfTheLook) {
  Ticks seen = 0;
  ScheduledEvent a(scheduler_, "a", [&] { seen = clock_.ticks(); });
  a.arm(10);
  (void)run_at(12);
  EXPECT_EQ(seen, 12u);
  EXPECT_EQ(a.when(), 0u) << "not armed: no time";
}

TEST_F(SchedulerTest, Changes_AskForAttention) {
  const auto a = event("a");
  const auto wanted = [&] { return std::exchange(attention_.wanted, false); };
  (void)wanted();
  a->arm(10);
  EXPECT_TRUE(wanted());
  a->arm(10);
  EXPECT_FALSE(wanted()) << "nothing changed";
  a->arm(5);
  EXPECT_TRUE(wanted());
  a->disarm();
  EXPECT_TRUE(wanted());
  a->disarm();
  EXPECT_FALSE(wanted());
  scheduler_.want_attention();
  EXPECT_TRUE(wanted());
}

TEST_F(SchedulerTest, State_RoundTrip) {
  const auto a = event("a"), b = event("b");
  a->arm(10);
  clock_.set_step(700);
  clock_.jump_to(9);
  StateWriter writer;
  clock_.serialize(writer);
  scheduler_.serialize(writer);

  Clock clock{100};
  Attention attention;
  Scheduler scheduler{clock, attention};
  ScheduledEvent a2(scheduler, "a", [] {}), b2(scheduler, "b", [] {});
  b2.arm(3);
  attention.wanted = false;
  StateReader reader(writer.data());
  clock.serialize(reader);
  scheduler.serialize(reader);
  ASSERT_TRUE(reader.good()) << reader.error();
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(clock.step(), 700u);
  EXPECT_EQ(clock.ticks(), 9u);
  EXPECT_TRUE(a2.armed());
  EXPECT_EQ(a2.when(), 10u);
  EXPECT_FALSE(b2.armed());
  EXPECT_EQ(scheduler.next_step(), scheduler_.next_step());
  EXPECT_TRUE(attention.wanted);
}

}  // namespace
}  // namespace vitrine::core
