// SPDX-License-Identifier: MIT
// Time travel in a kept run of our teaching kernel: typed input, processes, a disk that is written, page faults. Judge: the same
// run made from its start without checkpoints. However a step is reached, the state there is the same, and the run's end, too.
#include "app/travel.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "app/program.h"
#include "debugger/timeline.h"
#include "tests/app/session_case.h"

namespace vitrine::app {
namespace {

struct Heard final : core::ByteSink {
  void put(uint8_t byte) override { text += static_cast<char>(byte); }
  std::string text;
};

class TravelTest : public testing::TestWithParam<unsigned> {
 protected:
  TravelTest() {
    std::filesystem::create_directory(folder);
    const std::string make = "make -s -C " VITRINE_SOURCE_DIR "/examples/teach OUT=" + folder + "/teach disk > /dev/null 2>&1";
    if (std::system("command -v riscv64-unknown-elf-gcc make > /dev/null") != 0) return;
    EXPECT_EQ(std::system(make.c_str()), 0);
    std::filesystem::copy_file(folder + "/teach/disk.img", disk());
    built = true;
    std::ofstream(folder + "/keys") << "write note one two\ncat note\nforktest\nfault null\nrm note\npages\nhalt\n";
    auto read = read_run_words("vitrine", words());
    EXPECT_TRUE(read) << read.error().message;
    RunOptions run = read->options.run;
    run.kept_words = KeptWords{false, "vitrine", words(), {}};
    run.keep_file = folder + "/kept";
    run.console = -1;
    auto made = Session::create(read->options.config, run);
    EXPECT_TRUE(made) << made.error().message;
    EXPECT_EQ((*made)->run().kind, Kind::kPass);
    auto again = read_kept_run(run.keep_file);
    EXPECT_TRUE(again) << again.error().message;
    kept = std::move(*again);
  }
  void SetUp() override {
    if (!built) GTEST_SKIP() << "there is no riscv64-unknown-elf-gcc or make: the kernel's disk cannot be made";
  }
  ~TravelTest() override { std::filesystem::remove_all(folder); }

  [[nodiscard]] std::string disk() const { return folder + "/disk.img"; }
  [[nodiscard]] std::vector<std::string> words() const {
    return {"--kernel", VITRINE_SOURCE_DIR "/examples/teach/teach.elf", "--memory", "32M", "--harts", std::to_string(GetParam()),
            "--disk", disk(), "--input", folder + "/keys"};
  }
  std::unique_ptr<Replay> replay(EngineKind engine) {
    auto made = Replay::create(kept, heard, engine);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  // Of the run made from its start, at these steps.
  std::vector<uint64_t> hashes_at(const std::vector<core::Step>& steps, EngineKind engine) {
    auto straight = replay(engine);
    std::vector<uint64_t> hashes;
    for (const core::Step step : steps) {
      EXPECT_TRUE(straight->advance(step));
      hashes.push_back(straight->machine().state_hash());
    }
    return hashes;
  }

  const std::string folder = testing::TempDir() + "travel_test." + std::to_string(getpid());
  bool built = false;
  KeptRun kept;
  Heard heard;
};

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
