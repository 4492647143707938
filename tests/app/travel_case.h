// SPDX-License-Identifier: MIT
// A kept run of our teaching kernel for tests of time travel: typed input, processes, a disk that is written, page faults; with as
// many harts as the parameter says.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/program.h"
#include "app/travel.h"
#include "tests/app/session_case.h"

namespace vitrine::app {

struct Heard final : core::ByteSink {
  void put(uint8_t byte) override { text += static_cast<char>(byte); }
  std::string text;
};

class TravelCase : public testing::TestWithParam<unsigned> {
 protected:
  TravelCase() {
    std::filesystem::create_directory(folder);
    // Made once for all tests, which are processes of their own.
    const std::string teach = VITRINE_BINARY_DIR "/teach";
    const std::string make = "mkdir -p " + teach + " && flock " + teach + "/lock make -s -C " VITRINE_SOURCE_DIR "/examples/teach OUT=" + teach + " disk > /dev/null 2>&1";
    if (std::system("command -v riscv64-unknown-elf-gcc make > /dev/null") != 0) return;
    EXPECT_EQ(std::system(make.c_str()), 0);
    std::filesystem::copy_file(teach + "/disk.img", disk());
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
  ~TravelCase() override { std::filesystem::remove_all(folder); }

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

}  // namespace vitrine::app
