// SPDX-License-Identifier: MIT
// Kept runs made again, by what nobody can type: the console's bytes, records that were tampered with, runs of another machine.
// What scripts and people see of it: kept_run_test.py.
#include "app/replay.h"

#include <filesystem>
#include <fstream>
#include <random>

#include "app/program.h"
#include "tests/app/session_case.h"

namespace vitrine::app {
namespace {

struct Heard final : core::ByteSink {
  void put(uint8_t byte) override { text += static_cast<char>(byte); }
  std::string text;
};

class ReplayTest : public SessionTest {
 protected:
  ReplayTest() { options.standard_input = true; }
  ~ReplayTest() override {
    std::filesystem::remove(kernel);
    std::filesystem::remove(kept);
  }

  // A guest that echoes what comes by a pipe, until `q`; kept.
  void run_echo() {
    Pipe pipe;
    const StandardInput input(pipe.reader());
    const auto image = test::raw_image(test::echo(test::kPass));
    std::ofstream(kernel, std::ios::binary).write(reinterpret_cast<const char*>(image.data()), std::streamsize(image.size()));
    auto read = read_run_words("vitrine", words());
    ASSERT_TRUE(read) << read.error().message;
    read->options.run.kept_words = KeptWords{false, "vitrine", words(), {}};
    read->options.run.keep_file = kept;
    read->options.run.console = screen.fd();
    auto made = Session::create(read->options.config, read->options.run);
    ASSERT_TRUE(made) << made.error().message;
    pipe.write("hello, who is there? q");
    ASSERT_EQ((*made)->run().kind, Kind::kPass);
    end_step = (*made)->machine().clock().step();
    end_hash = (*made)->machine().state_hash();
  }
  std::vector<std::string> words() const {
    return {"--kernel", kernel, "--bios", "none", "--memory", "16M", "--steps-per-tick", "4"};
  }
  KeptRun read() const {
    auto run = read_kept_run(kept);
    EXPECT_TRUE(run.ok()) << (run.ok() ? "" : run.error().message);
    return std::move(*run);
  }
  // Of a run that is not the one that was made.
  static void expect_another_run(const KeptRun& run) {
    Heard heard;
    auto replay = Replay::create(run, heard);
    ASSERT_TRUE(replay) << replay.error().message;
    const auto done = (*replay)->finish();
    ASSERT_FALSE(done.ok());
    EXPECT_NE(done.error().message.find("another one"), std::string::npos) << done.error().message;
  }

  const std::string kernel = testing::TempDir() + "replay_test.bin." + std::to_string(getpid());
  const std::string kept = testing::TempDir() + "replay_test.run." + std::to_string(getpid());
  core::Step end_step = 0;
  uint64_t end_hash = 0;
};

TEST_F(ReplayTest, EachEngine_SameBytesSameState) {
  run_echo();
  const KeptRun run = read();
  for (const EngineKind engine : {kDefaultEngine, EngineKind::kInterpreter}) {
    Heard heard;
    auto replay = Replay::create(run, heard, engine);
    ASSERT_TRUE(replay) << replay.error().message;
    ASSERT_TRUE((*replay)->finish());
    EXPECT_EQ(heard.text, screen.text());
    EXPECT_EQ(heard.text, "hello, who is there? q");
    EXPECT_EQ((*replay)->machine().clock().step(), end_step);
    EXPECT_EQ((*replay)->machine().state_hash(), end_hash);
    EXPECT_EQ((*replay)->outcome()->kind, Kind::kPass);
  }
}

// However the way there is cut: in steps of a random size, and one step at a time.
TEST_F(ReplayTest, InPieces_SameState) {
  run_echo();
  const KeptRun run = read();
  std::mt19937 dice(3);
  for (unsigned longest : {7u, 1000u}) {
    Heard heard;
    auto replay = Replay::create(run, heard);
    ASSERT_TRUE(replay);
    for (unsigned i = 0; i < 3000 && !(*replay)->at_end(); ++i) {
      ASSERT_TRUE((*replay)->advance((*replay)->machine().clock().step() + 1 + dice() % longest));
      if (dice() % 4 == 0) {
        ASSERT_TRUE((*replay)->make_step([] {}));
      }
    }
    ASSERT_TRUE((*replay)->finish());
    EXPECT_EQ((*replay)->machine().state_hash(), end_hash);
    EXPECT_EQ(heard.text, screen.text());
  }
}

TEST_F(ReplayTest, RecordOfAMomentThatNeverComes_AnotherRun) {
  run_echo();
  KeptRun run = read();
  ASSERT_FALSE(run.records.empty());
  run.records[0].key.ticks += 1;
  expect_another_run(run);
}

TEST_F(ReplayTest, RecordWithOtherBytes_AnotherRunOrItsOwnEnd) {
  run_echo();
  KeptRun run = read();
  for (KeptRecord& record : run.records)
    for (char& c : record.bytes)
      if (c != 'q') c = 'q';  // it ends too early
  expect_another_run(run);
}

TEST_F(ReplayTest, StandardInputTooLongToKeep_SaysSo) {
  run_echo();
  KeptRun run = read();
  run.header.input_kind = KeptHeader::Input::kTooLong;
  Heard heard;
  auto replay = Replay::create(run, heard);
  ASSERT_FALSE(replay.ok());
  EXPECT_NE(replay.error().message.find("not kept"), std::string::npos);
}

}  // namespace
}  // namespace vitrine::app
