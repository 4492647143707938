// SPDX-License-Identifier: MIT
// A new run of our teaching kernel that is put back and forth while it is typed to and writes its disk. Judge: the run that was
// kept of it, made again from its start on the other engine without any of that.
#include "app/debuggee.h"

#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <thread>

#include "tests/app/travel_case.h"

namespace vitrine::app {
namespace {

using core::Step;
using debugger::Stop;

class DebuggeeTest : public TravelCase {
 protected:
  MachineOptions options(EngineKind engine) {
    std::vector<std::string> typed = {"--kernel", VITRINE_SOURCE_DIR "/examples/teach/teach.elf", "--memory", "32M", "--harts", std::to_string(GetParam()),
                                      "--disk", disk(), "--clock", "virtual"};
    auto read = read_run_words("vitrine", typed);
    EXPECT_TRUE(read) << read.error().message;
    MachineOptions options = std::move(read->options);
    options.config.engine = engine;
    options.run.kept_words = KeptWords{false, "vitrine", typed, {}};
    options.run.keep_file = folder + "/live";
    options.run.console = -1;
    options.run.notices = false;
    options.run.stop_signals = false;
    options.run.live_input = keys.reader();
    return options;
  }
  std::unique_ptr<Debuggee> start(EngineKind engine) {
    auto made = Debuggee::of_new(options(engine));
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  // On until the guest has printed this. Where it waits for keys, somebody comes in.
  static void run_until_printed(Debuggee& it, std::string_view text) {
    const auto printed = [&] { return it.console().text().find(text) != std::string_view::npos; };
    std::atomic<bool> done{false};
    std::thread clock([&] {
      while (!done) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        it.interrupt();
      }
    });
    std::optional<core::Result<Stop>> stop;
    for (int i = 0; i < 3000 && !printed(); ++i) {
      stop = it.run();
      if (!*stop || (*stop)->kind != Stop::Kind::kInterrupted) break;
    }
    done = true;
    clock.join();
    ASSERT_TRUE(printed()) << it.console().text();
  }
  // To any moment, and to the edge again; a moment that was seen before is the same.
  void wander(Debuggee& it) {
    for (int i = 0; i < 12; ++i) {
      const Step target = i % 4 == 3 ? it.last() : random() % (it.last() + 1);
      auto stop = it.go_to(target);
      ASSERT_TRUE(stop) << stop.error().message;
      ASSERT_EQ(it.now(), target);
      const uint64_t hash = it.machine().state_hash();
      const auto [known, fresh] = seen.try_emplace(target, hash);
      EXPECT_EQ(known->second, hash) << "step " << target << " of " << it.last();
    }
    auto stop = it.go_to(it.last());
    ASSERT_TRUE(stop);
  }

  Pipe keys;
  std::mt19937_64 random{GetParam()};
  std::map<Step, uint64_t> seen;
};

TEST_P(DebuggeeTest, LiveRun_BackAndForth_IsTheRunThatWasKept) {
  for (const EngineKind engine : {EngineKind::kInterpreter, kDefaultEngine}) {
    seen.clear();
    auto it = start(engine);
    EXPECT_TRUE(it->at_edge());
    run_until_printed(*it, "teach$ ");
    wander(*it);
    keys.write("write note one two\n");
    const Step typed = it->now();
    run_until_printed(*it, "note");
    wander(*it);
    keys.write("cat note\n");
    run_until_printed(*it, "one two");
    wander(*it);
    // What was printed behind a moment is not printed there.
    ASSERT_TRUE(it->go_to(typed));
    EXPECT_FALSE(it->at_edge());
    EXPECT_EQ(it->console().text().find("note"), std::string_view::npos);
    EXPECT_NE(it->console().all().find("one two"), std::string_view::npos);
    keys.write("halt\n");
    auto end = it->run();
    while (end && end->kind == Stop::Kind::kInterrupted) end = it->run();  // of the clock above
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->kind, Stop::Kind::kEnd);
    ASSERT_TRUE(it->outcome());
    EXPECT_EQ(it->outcome()->kind, Kind::kPass) << it->outcome()->words;
    const uint64_t last_hash = it->machine().state_hash();
    wander(*it);
    // The end is there again.
    end = it->run();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->kind, Stop::Kind::kEnd);
    EXPECT_EQ(it->machine().state_hash(), last_hash);
    const std::string printed(it->console().all());
    it.reset();

    auto live = read_kept_run(folder + "/live");
    ASSERT_TRUE(live) << live.error().message;
    ASSERT_TRUE(live->end);
    auto again = Debuggee::of_kept(std::move(*live), engine == kDefaultEngine ? EngineKind::kInterpreter : kDefaultEngine);
    ASSERT_TRUE(again) << again.error().message;
    for (const auto& [step, hash] : seen) {
      auto stop = (*again)->go_to(step);
      ASSERT_TRUE(stop) << stop.error().message;
      EXPECT_EQ((*again)->machine().state_hash(), hash) << "step " << step;
    }
    auto last = (*again)->run();
    ASSERT_TRUE(last) << last.error().message;
    EXPECT_EQ((*again)->console().all(), printed);
  }
}

INSTANTIATE_TEST_SUITE_P(Harts, DebuggeeTest, testing::Values(1, 3));

}  // namespace
}  // namespace vitrine::app
