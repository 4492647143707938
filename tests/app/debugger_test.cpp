// SPDX-License-Identifier: MIT
// Stop points forwards and backwards in a kept run of our teaching kernel, on both engines. Judge: the same run on the interpreter,
// made step by step without stop points, where each step is looked at.
#include "debugger/debugger.h"

#include "app/diagnosis.h"
#include "isa/riscv/handler.h"
#include "tests/app/travel_case.h"

namespace vitrine::app {
namespace {

using core::Step;
using debugger::Debugger;
using debugger::Stop;

class DebuggerTest : public TravelCase {
 protected:
  static constexpr Step kLength = 400'000;  // steps that the judge looks at
  [[nodiscard]] Step end() const { return kept.end->step * 9 / 10; }
  [[nodiscard]] Step begin() const { return end() - kLength; }

  static uint64_t address_of(Machine& machine, std::string_view name) {
    const auto address = symbol_at(machine, name);
    EXPECT_TRUE(address) << name;
    return address.value_or(0);
  }
  // The moments at which the next step executes the instruction at `pc`.
  std::vector<Step> moments_at(uint64_t pc) {
    std::vector<Step> moments;
    look_at_steps([&](Machine& machine) {
      const riscv::Hart* const hart = machine.system().next();
      if (hart && hart->pc == pc && riscv::interrupt_to_take(*hart) < 0) moments.push_back(machine.clock().step());
    });
    return moments;
  }
  // The moments behind a step that changed these bytes of RAM.
  static constexpr uint64_t kWatched = 64;
  std::vector<Step> changes_of(uint64_t at) {
    std::vector<Step> moments;
    std::optional<std::array<uint8_t, kWatched>> last;
    look_at_steps([&](Machine& machine) {
      std::array<uint8_t, kWatched> bytes{};
      ASSERT_TRUE(machine.ram().read({at}, bytes.data(), bytes.size()));
      if (last && *last != bytes) moments.push_back(machine.clock().step());
      last = bytes;
    });
    return moments;
  }
  template <typename Look>
  void look_at_steps(Look look) {
    auto judge = replay(EngineKind::kInterpreter);
    ASSERT_TRUE(judge->advance(begin()));
    while (judge->machine().clock().step() < end()) {
      look(judge->machine());
      ASSERT_TRUE(judge->advance(judge->machine().clock().step() + 1));
    }
    look(judge->machine());
  }
  static std::vector<Step> hits_forward(Debugger& debugger, Step until, Stop::Kind kind) {
    std::vector<Step> moments;
    while (true) {
      auto stop = debugger.run(until);
      EXPECT_TRUE(stop);
      if (!stop || stop->kind != kind) break;
      EXPECT_EQ(stop->step, debugger.now());
      moments.push_back(stop->step);
    }
    EXPECT_EQ(debugger.now(), until);
    return moments;
  }
  static std::vector<Step> hits_back(Debugger& debugger, Step until, Stop::Kind kind) {
    std::vector<Step> moments;
    while (true) {
      auto stop = debugger.run_back();
      EXPECT_TRUE(stop);
      if (!stop || stop->kind != kind || stop->step < until) break;
      moments.push_back(stop->step);
    }
    std::reverse(moments.begin(), moments.end());
    return moments;
  }
};

constexpr EngineKind kBoth[] = {EngineKind::kInterpreter, kDefaultEngine};

TEST_P(DebuggerTest, BreakPoint_AtEachExecutionForwardsAndBack) {
  std::vector<Step> expected;
  for (const EngineKind engine : kBoth) {
    auto travelling = replay(engine);
    Travel travel(*travelling);
    Debugger debugger(travel, {.least_spacing = 50'000});
    const uint64_t pc = address_of(travelling->machine(), "trap");
    if (expected.empty()) expected = moments_at(pc);
    ASSERT_GT(expected.size(), 3u);
    ASSERT_TRUE(debugger.go_to(begin()));
    debugger.set_stop_points({pc}, {});
    EXPECT_EQ(hits_forward(debugger, end(), Stop::Kind::kBreak), expected);
    ASSERT_TRUE(debugger.go_to(end()));
    EXPECT_EQ(hits_back(debugger, begin(), Stop::Kind::kBreak), expected);
  }
}

TEST_P(DebuggerTest, WatchPoint_BehindEachChange) {
  std::vector<Step> expected;
  for (const EngineKind engine : kBoth) {
    auto travelling = replay(engine);
    Travel travel(*travelling);
    Debugger debugger(travel, {.least_spacing = 50'000});
    const uint64_t at = address_of(travelling->machine(), "counters");
    if (expected.empty()) expected = changes_of(at);
    ASSERT_TRUE(debugger.go_to(begin()));
    debugger.set_stop_points({}, {{{at}, kWatched}});
    // A store of the same bytes is an access, too.
    const auto forward = hits_forward(debugger, end(), Stop::Kind::kStore);
    EXPECT_TRUE(std::includes(forward.begin(), forward.end(), expected.begin(), expected.end()));
    EXPECT_FALSE(expected.empty());
    ASSERT_TRUE(debugger.go_to(end()));
    auto back = hits_back(debugger, begin(), Stop::Kind::kStore);
    for (Step& moment : back) ++moment;  // each stands before its step
    EXPECT_EQ(back, forward);
  }
}

TEST_P(DebuggerTest, StopPoints_ChangeNothing) {
  const auto undisturbed = hashes_at({end()}, EngineKind::kInterpreter);
  for (const EngineKind engine : kBoth) {
    auto travelling = replay(engine);
    Travel travel(*travelling);
    Debugger debugger(travel);
    Machine& machine = travelling->machine();
    ASSERT_TRUE(debugger.go_to(begin()));
    for (int i = 0; i < 20; ++i) {
      debugger.set_stop_points({address_of(machine, "trap"), address_of(machine, "schedule")},
                               {{{address_of(machine, "counters")}, kWatched, i % 2 == 0, true}});
      const Step target = begin() + static_cast<Step>(i) * kLength / 20;
      while (debugger.now() < target) ASSERT_TRUE(debugger.run(target));
      ASSERT_TRUE(debugger.step(0));
      ASSERT_TRUE(debugger.step_back(GetParam() - 1));
      ASSERT_TRUE(debugger.run_back());
      ASSERT_TRUE(debugger.go_to(target));
    }
    debugger.set_stop_points({}, {});
    ASSERT_TRUE(debugger.run(end()));
    EXPECT_EQ(machine.state_hash(), undisturbed.front());
  }
}

TEST_P(DebuggerTest, StepBack_UndoesStep) {
  auto travelling = replay(kDefaultEngine);
  Travel travel(*travelling);
  Debugger debugger(travel);
  ASSERT_TRUE(debugger.go_to(begin()));
  for (int i = 0; i < 30; ++i) {
    const riscv::Hart* const next = travelling->machine().system().next();
    ASSERT_TRUE(next);
    const unsigned hart = next->id;
    auto stop = debugger.step(hart);
    ASSERT_TRUE(stop);
    ASSERT_EQ(stop->kind, Stop::Kind::kStep);
    const uint64_t steps = travel.steps_of(hart);
    auto back = debugger.step_back(hart);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->kind, Stop::Kind::kStep);
    EXPECT_EQ(debugger.now() + 1, stop->step);
    EXPECT_EQ(travel.steps_of(hart), steps - 1);
    ASSERT_TRUE(debugger.step(hart));
  }
}

INSTANTIATE_TEST_SUITE_P(Harts, DebuggerTest, testing::Values(1, 3));

}  // namespace
}  // namespace vitrine::app
