// SPDX-License-Identifier: MIT
// Time travel in a kept run of our teaching kernel. Judge: the same run made from its start without checkpoints. However a step is
// reached, the state there is the same, and the run's end, too.
#include <random>

#include "debugger/timeline.h"
#include "tests/app/travel_case.h"

namespace vitrine::app {
namespace {

class TravelTest : public TravelCase {};

TEST_P(TravelTest, AnyStepInAnyOrder_SameStates) {
  std::mt19937_64 random(GetParam());
  const core::Step last = kept.end->step;
  std::vector<core::Step> steps;
  for (int i = 0; i < 40; ++i) steps.push_back(random() % last);
  for (core::Step near = 0; near < 8; ++near) steps.push_back(last - near);
  std::sort(steps.begin(), steps.end());
  const auto hashes = hashes_at(steps, EngineKind::kInterpreter);
  ASSERT_NE(hashes.front(), hashes.back());
  for (const EngineKind engine : {EngineKind::kInterpreter, kDefaultEngine}) {
    auto travelling = replay(engine);
    Travel travel(*travelling);
    debugger::Timeline timeline(travel, {.budget = 4 << 20, .least_spacing = 100'000});
    for (int i = 0; i < 150; ++i) {
      const size_t chosen = random() % steps.size();
      ASSERT_TRUE(timeline.go_to(steps[chosen]));
      ASSERT_EQ(travelling->machine().clock().step(), steps[chosen]);
      ASSERT_EQ(travelling->machine().state_hash(), hashes[chosen])
          << "jump " << i << " to step " << steps[chosen] << " of " << last;
    }
    EXPECT_GT(timeline.checkpoints().size(), 10u);
    EXPECT_LE(timeline.bytes(), 8u << 20) << "the budget, and what the first and the last need";
    // The end is the one that it was.
    ASSERT_TRUE(timeline.go_to(last));
    ASSERT_TRUE(travelling->finish());
    EXPECT_EQ(travelling->outcome()->kind, Kind::kPass);
    EXPECT_EQ(travelling->machine().state_hash(), hashes.back());
  }
}

TEST_P(TravelTest, OneStepBackAndAgain_SameStates) {
  auto travelling = replay(kDefaultEngine);
  Travel travel(*travelling);
  debugger::Timeline timeline(travel);
  core::Step at = kept.end->step / 2;
  ASSERT_TRUE(timeline.go_to(at));
  std::vector<uint64_t> hashes;
  for (int i = 0; i < 50; ++i) {
    hashes.push_back(travelling->machine().state_hash());
    ASSERT_TRUE(timeline.go_to(--at));
  }
  for (; !hashes.empty(); hashes.pop_back()) {
    ASSERT_TRUE(timeline.go_to(++at));
    ASSERT_EQ(travelling->machine().state_hash(), hashes.back()) << "step " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Harts, TravelTest, testing::Values(1, 3));

}  // namespace
}  // namespace vitrine::app
