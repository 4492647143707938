// SPDX-License-Identifier: MIT
// The comparator of the engines on a whole machine: our teaching kernel boots, runs its shell on typed input,
// forks and faults, and at every 100,000th step the state (RAM, harts, devices, events) must hash as it does
// on the interpreter without caches: whatever is cached or translated, however small the caches are, however
// the run is cut into pieces.
#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

#include "app/machine.h"
#include "core/input.h"

namespace vitrine {
namespace {

constexpr core::Step kEnd = 10'000'000;
constexpr core::Step kEvery = 100'000;

class Silent : public riscv::World, public core::ByteSink, public app::MachineObserver {
 public:
  void put(uint8_t byte) override { text.push_back(static_cast<char>(byte)); }
  void notice(std::string_view) override {}
  core::Clock* clock = nullptr;  // the machine's, while it runs
  std::string text;
};

// Lets the time of the host into the machine, once: guest time moves on by so many ticks.
class HostTime final : public Silent {
 public:
  explicit HostTime(core::Ticks ticks) : ticks_(ticks) {}
  void poll() override {
    if (++polls_ == 40) clock->jump_to(clock->ticks() + ticks_);
  }

 private:
  core::Ticks ticks_;
  int polls_ = 0;
};

struct Run {
  std::vector<uint64_t> hashes;
  std::string console;
};

app::MachineConfig teach_config() {
  app::MachineConfig config;
  config.kernel = VITRINE_TEACH_IMAGE;
  config.memory = 64 << 20;
  return config;
}

// `piece`: returns how far the next piece of the run may go.
template <typename Piece>
Run run_machine(const app::MachineConfig& config, Piece piece, Silent&& world = {}) {
  auto machine = app::Machine::create(config, {world, world, world});
  EXPECT_TRUE(machine.ok()) << (machine.ok() ? "" : machine.error().message);
  world.clock = &(*machine)->scheduler().clock();
  core::InputFeeder feeder((*machine)->scheduler(), (*machine)->console_input());
  feeder.set_file("ps\nforktest\nfault null\npages\nsyscalls\n");
  Run run;
  // The run ends by itself, when the shell waits for input that never comes.
  riscv::StopReason reason = riscv::StopReason::kStepLimit;
  for (core::Step next = kEvery; next <= kEnd && reason == riscv::StopReason::kStepLimit; next += kEvery) {
    while ((*machine)->clock().step() < next && reason == riscv::StopReason::kStepLimit)
      reason = (*machine)->run(std::min(next, (*machine)->clock().step() + piece()));
    run.hashes.push_back((*machine)->state_hash());
  }
  EXPECT_EQ(reason, riscv::StopReason::kNothingWakes);
  run.console = world.text;
  return run;
}

Run run_whole(const app::MachineConfig& config, Silent&& world = {}) {
  return run_machine(
      config, [] { return kEvery; }, std::move(world));
}

void expect_equal(const Run& a, const Run& b) {
  ASSERT_EQ(a.hashes.size(), b.hashes.size());
  for (size_t i = 0; i < a.hashes.size(); ++i)
    ASSERT_EQ(a.hashes[i], b.hashes[i]) << "first difference at or before step " << (i + 1) * kEvery;
  EXPECT_EQ(a.console, b.console);
}

const Run& reference() {
  static const Run run = [] {
    app::MachineConfig plain = teach_config();
    plain.caching = false;
    return run_whole(plain);
  }();
  return run;
}

TEST(Reproducibility, TheRunIsTheOneThatWasMeant) {
  EXPECT_NE(reference().console.find("no page was lost"), std::string::npos) << reference().console;
  EXPECT_NE(reference().console.find("killed by: load page fault"), std::string::npos) << reference().console;
}

TEST(Reproducibility, HashesChange) {
  // A hash that never changed would make every comparison below pass.
  EXPECT_NE(reference().hashes.front(), reference().hashes.back());
}

TEST(Reproducibility, Caches_SameStates) { expect_equal(run_whole(teach_config()), reference()); }

TEST(Reproducibility, FourDecodedPages_SameStates) {
  app::MachineConfig small = teach_config();
  small.decoded_pages = 4;
  expect_equal(run_whole(small), reference());
}

TEST(Reproducibility, RunCutIntoRandomPieces_SameStates) {
  std::mt19937 random(7);
  expect_equal(run_machine(teach_config(), [&] { return core::Step{1 + random() % 5000}; }), reference());
}

// Harts in turn, which steal work from each other.
TEST(Reproducibility, FourHarts_SameStates) {
  app::MachineConfig four = teach_config();
  four.harts = 4;
  app::MachineConfig plain = four;
  plain.caching = false;
  const auto expected = run_whole(plain);
  EXPECT_NE(expected.hashes, reference().hashes) << "another machine, another run";
  expect_equal(run_whole(four), expected);
#ifdef VITRINE_HAS_TRANSLATOR
  four.engine = app::EngineKind::kTranslator;
  expect_equal(run_whole(four), expected);
  four.code_memory = 256 << 10;
  expect_equal(run_whole(four), expected);
#endif
}

#ifdef VITRINE_HAS_TRANSLATOR
app::MachineConfig translator_config() {
  app::MachineConfig config = teach_config();
  config.engine = app::EngineKind::kTranslator;
  return config;
}

TEST(Reproducibility, Translator_SameStates) { expect_equal(run_whole(translator_config()), reference()); }

// So little that all host code is forgotten again and again.
TEST(Reproducibility, TranslatorWithLittleCodeMemory_SameStates) {
  app::MachineConfig small = translator_config();
  small.code_memory = 256 << 10;
  expect_equal(run_whole(small), reference());
}

TEST(Reproducibility, TranslatorWithSoftwareTlb_SameStates) {
  app::MachineConfig tlb = translator_config();
  tlb.mmu = app::MmuKind::kTlb;
  expect_equal(run_whole(tlb), reference());
}

TEST(Reproducibility, TranslatorCutIntoRandomPieces_SameStates) {
  std::mt19937 random(8);
  expect_equal(run_machine(translator_config(), [&] { return core::Step{1 + random() % 5000}; }),
               reference());
}
#endif

// Caches are dropped, evicted and moved all the time, in every combination of engine, MMU and size.
TEST(Reproducibility, Stress_SameStates) {
  const std::vector<app::EngineKind> engines = {app::EngineKind::kInterpreter,
#ifdef VITRINE_HAS_TRANSLATOR
                                                app::EngineKind::kTranslator
#endif
  };
  for (const app::EngineKind engine : engines)
    for (const app::MmuKind mmu : {app::MmuKind::kShadow, app::MmuKind::kTlb})
      for (const uint64_t every : {7, 100}) {
        SCOPED_TRACE(testing::Message() << static_cast<int>(engine) << " " << app::mmu_name(mmu) << " " << every);
        app::MachineConfig config = teach_config();
        config.engine = engine;
        config.mmu = mmu;
        config.stress = every;
        if (every == 100) {
          config.decoded_pages = 8;
          config.translated_pages = 8;
        }
        expect_equal(run_whole(config), reference());
      }
}

// The lazy machines have states of their own, with what they keep of translations in them; in these, too, no
// cache and no engine can be seen.
TEST(Reproducibility, LazyMachines_SameStatesOnEveryEngine) {
  for (const app::MmuKind kind : {app::MmuKind::kShadowLazy, app::MmuKind::kTlbFenced}) {
    SCOPED_TRACE(app::mmu_name(kind));
    app::MachineConfig config = teach_config();
    config.mmu = kind;
    config.harts = 2;
    app::MachineConfig plain = config;
    plain.caching = false;
    plain.engine = app::EngineKind::kInterpreter;
    const auto expected = run_whole(plain);
    EXPECT_NE(expected.console.find("no page was lost"), std::string::npos) << expected.console;
    config.engine = app::EngineKind::kInterpreter;
    config.decoded_pages = 4;
    expect_equal(run_whole(config), expected);
#ifdef VITRINE_HAS_TRANSLATOR
    config.engine = app::EngineKind::kTranslator;
    expect_equal(run_whole(config), expected);
    config.code_memory = 256 << 10;
    config.stress = 20;
    std::mt19937 random(9);
    expect_equal(run_machine(config, [&] { return core::Step{1 + random() % 5000}; }), expected);
#endif
  }
}

TEST(Reproducibility, AnotherSeed_OtherStates) {
  app::MachineConfig other = teach_config();
  other.seed = 2;
  EXPECT_NE(run_whole(other).hashes.back(), reference().hashes.back());
}

TEST(Reproducibility, OneTickOfTheHostsTime_Detected) {
  expect_equal(run_whole(teach_config(), HostTime(0)), reference());
  const auto late = run_whole(teach_config(), HostTime(1));
  EXPECT_EQ(late.hashes.front(), reference().hashes.front()) << "before";
  EXPECT_NE(late.hashes, reference().hashes);
}

// The planted bit: a machine that differs in one bit of memory must be told apart.
TEST(Reproducibility, OneBitOfRam_Detected) {
  Silent world;
  auto machine = app::Machine::create(teach_config(), {world, world, world});
  ASSERT_TRUE(machine.ok());
  const uint64_t before = (*machine)->state_hash();
  ASSERT_TRUE((*machine)->ram().write_value<uint8_t>({0x8300'0001}, 1));
  EXPECT_NE((*machine)->state_hash(), before);
  ASSERT_TRUE((*machine)->ram().write_value<uint8_t>({0x8300'0001}, 0));
  EXPECT_EQ((*machine)->state_hash(), before);
}

}  // namespace
}  // namespace vitrine
