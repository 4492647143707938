// SPDX-License-Identifier: MIT
// Snapshots: a run that goes on from one is the run that made it; what is damaged is refused. Judge of the
// first: the run that was never interrupted. What scripts and people see of it: snapshot_test.py.
#include "app/snapshot.h"

#include <sys/stat.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <tuple>

#include "app/program.h"
#include "app/replay.h"
#include "tests/app/session_case.h"

namespace vitrine::app {
namespace {

namespace fs = std::filesystem;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
}

class SnapshotTest : public SessionTest {
 protected:
  SnapshotTest() { fs::create_directory(folder); }
  ~SnapshotTest() override {
    session.reset();
    fs::remove_all(folder);
  }
  [[nodiscard]] std::string in_folder(const std::string& name) const { return folder + "/" + name; }

  // Words of a machine that starts this guest in M mode.
  std::vector<std::string> words(const Words& guest, std::vector<std::string> more = {}) {
    const auto image = test::raw_image(guest);
    write_file(in_folder("guest.bin"), {reinterpret_cast<const char*>(image.data()), image.size()});
    more.insert(more.begin(), {"--kernel", in_folder("guest.bin"), "--bios", "none", "--memory", "8M"});
    return more;
  }
  std::unique_ptr<Session> make(const std::vector<std::string>& typed,
                                const std::function<void(RunOptions&)>& change = {}) {
    auto made = try_to_make(typed, change);
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : nullptr;
  }
  core::Result<std::unique_ptr<Session>> try_to_make(const std::vector<std::string>& typed,
                                                     const std::function<void(RunOptions&)>& change = {}) {
    auto read = read_run_words("vitrine", typed);
    if (!read) return read.error();
    RunOptions run = read->options.run;
    run.kept_words = KeptWords{false, "vitrine", typed, {}};
    run.keep = false;
    run.standard_input = false;
    run.console = screen.fd();
    run.notices = false;
    if (change) change(run);
    return Session::create(read->options.config, run);
  }
  void save(Session& from, const std::string& path) {
    auto saved = save_snapshot(from, path);
    ASSERT_TRUE(saved) << saved.error().message;
    EXPECT_EQ(*saved, fs::file_size(path));
  }
  // Why this cannot be run.
  std::string refusal(const std::vector<std::string>& typed) {
    auto made = try_to_make(typed);
    return made ? "it was not refused" : made.error().message;
  }

  const std::string folder = testing::TempDir() + "snapshot_test." + std::to_string(getpid());
};

// Each of four harts adds to a word that they share and to one of its own, and takes a timer interrupt now
// and then.
const Words kFourBusyHarts = {
    0xf1402573,  // csrr a0, mhartid
    0x00000297,  // auipc t0, 0
    0x04828293,  // addi t0, t0, 0x48        the handler, at 0x4c
    0x30529073,  // csrw mtvec, t0
    0x400085b7,  // lui  a1, 0x40008
    0x00159593,  // slli a1, a1, 1           0x8001_0000
    0x00c51613,  // slli a2, a0, 12
    0x00c58633,  // add  a2, a1, a2
    0x020046b7,  // lui  a3, 0x2004          mtimecmp
    0x00351713,  // slli a4, a0, 3
    0x00e686b3,  // add  a3, a3, a4
    0x08000313,  // li   t1, 0x80
    0x30431073,  // csrw mie, t1
    0x30046073,  // csrsi mstatus, 8
    // loop, at 0x38
    0x00100393,  // li   t2, 1
    0x0075b02f,  // amoadd.d x0, t2, (a1)
    0x00863e03,  // ld   t3, 8(a2)
    0x007e0e33,  // add  t3, t3, t2
    0xff1ff06f,  // j    loop
    // handler, at 0x4c: the next one in 50 ticks and some more, other for each hart
    0xc0102ef3,  // rdtime t4
    0x032e8e93,  // addi t4, t4, 50
    0x00ae8eb3,  // add  t4, t4, a0
    0x01d6b023,  // sd   t4, 0(a3)
    0x01c63423,  // sd   t3, 8(a2)
    0x30200073,  // mret
};

TEST_F(SnapshotTest, FourHarts_GoOnOnEachEngine_SameStates) {
  const std::vector<std::string> typed =
      words(kFourBusyHarts, {"--harts", "4", "--steps-per-tick", "7", "--slice", "997"});
  std::vector<core::Step> steps = {1, 2, 900, 997, 10'000, 123'457, 400'000};
  auto straight = make(typed);
  std::vector<uint64_t> hashes;
  for (const core::Step step : steps) {
    straight->advance(step);
    hashes.push_back(straight->machine().state_hash());
  }
  EXPECT_NE(straight->machine().hart(3).pc, 0u);
  uint64_t sum = 0;
  ASSERT_TRUE(straight->machine().ram().read_value(core::GuestPhys{0x8001'0000}, sum));
  ASSERT_GT(sum, 10'000u) << "the guest does what it is for";
  for (const char* const first : {"interpreter", "translator"}) {
    std::vector<std::string> with_engine = typed;
    with_engine.insert(with_engine.end(), {"--engine", first});
#ifndef VITRINE_HAS_TRANSLATOR
    if (std::string_view(first) == "translator") continue;
#endif
    auto run = make(with_engine);
    for (size_t i = 0; i + 1 < steps.size(); ++i) {
      run->advance(steps[i]);
      save(*run, in_folder("at"));
      for (const EngineKind engine : {EngineKind::kInterpreter, kDefaultEngine}) {
        auto on = make(
            {in_folder("at"), "--engine", engine == EngineKind::kInterpreter ? "interpreter" : "translator"});
        ASSERT_EQ(on->machine().clock().step(), steps[i]);
        ASSERT_EQ(on->machine().state_hash(), hashes[i]) << "loaded, " << steps[i];
        for (size_t j = i + 1; j < steps.size(); ++j) {
          on->advance(steps[j]);
          ASSERT_EQ(on->machine().state_hash(), hashes[j]) << "from " << steps[i] << " at " << steps[j];
        }
      }
    }
  }
}

// The chain: a snapshot of a machine that went on from a snapshot.
TEST_F(SnapshotTest, SnapshotOfSnapshot_SameStates) {
  const auto typed = words(kFourBusyHarts, {"--harts", "2"});
  auto straight = make(typed);
  straight->advance(90'000);
  auto run = make(typed);
  run->advance(30'000);
  save(*run, in_folder("a"));
  auto second = make({in_folder("a")});
  second->advance(60'000);
  save(*second, in_folder("a"));  // in the place of the one that it came from
  auto third = make({in_folder("a")});
  EXPECT_EQ(third->machine().clock().step(), 60'000u);
  third->advance(90'000);
  EXPECT_EQ(third->machine().state_hash(), straight->machine().state_hash());
}

TEST_F(SnapshotTest, Input_RestGoesOnOrIsReplaced) {
  const auto typed = words(test::echo(test::kPass), {"--input", in_folder("keys"), "--steps-per-tick", "4"});
  write_file(in_folder("keys"), "abcdefghijq");
  auto straight = make(typed);
  ASSERT_EQ(straight->run().kind, Kind::kPass);
  const core::Step end = straight->machine().clock().step();
  const std::string said = screen.text();
  ASSERT_EQ(said, "abcdefghijq");

  auto run = make(typed);
  run->advance(end / 2);
  const uint64_t left = run->feeder().file_left();
  ASSERT_GT(left, 1u);
  ASSERT_LT(left, 11u);
  save(*run, in_folder("half"));
  auto on = make({in_folder("half")});
  const size_t before = screen.text().size();
  EXPECT_EQ(on->run().kind, Kind::kPass);
  EXPECT_EQ(on->machine().clock().step(), end);
  EXPECT_EQ(on->machine().state_hash(), straight->machine().state_hash());
  // At most the byte that was in the device comes before what is new.
  on.reset();
  write_file(in_folder("others"), "XYZq");
  auto other = make({in_folder("half"), "--input", in_folder("others")});
  const size_t from = screen.text().size();
  EXPECT_GT(from, before);
  EXPECT_EQ(other->run().kind, Kind::kPass);
  const std::string now = screen.text().substr(from);
  EXPECT_EQ(now.substr(now.size() - 4), "XYZq");
  EXPECT_LE(now.size(), 5u);
}

// A run that went on from a snapshot is kept as any other, and made again with the same snapshot only.
TEST_F(SnapshotTest, KeptRun_MadeAgainFromSameSnapshotOnly) {
  const auto typed = words(test::echo(test::kPass), {"--steps-per-tick", "4"});
  auto run = make(typed);
  run->advance(5000);
  save(*run, in_folder("s"));
  write_file(in_folder("keys"), "hello q");
  auto on = make({in_folder("s"), "--input", in_folder("keys")}, [&](RunOptions& options) {
    options.keep = true;
    options.keep_file = in_folder("kept");
  });
  ASSERT_EQ(on->run().kind, Kind::kPass);
  const uint64_t hash = on->machine().state_hash();
  auto kept = read_kept_run(in_folder("kept"));
  ASSERT_TRUE(kept) << kept.error().message;
  struct Heard final : core::ByteSink {
    void put(uint8_t byte) override { text += static_cast<char>(byte); }
    std::string text;
  };
  for (const EngineKind engine : {EngineKind::kInterpreter, kDefaultEngine}) {
    Heard heard;
    auto replay = Replay::create(*kept, heard, engine);
    ASSERT_TRUE(replay) << replay.error().message;
    ASSERT_TRUE((*replay)->finish());
    EXPECT_EQ((*replay)->outcome()->kind, Kind::kPass);
    EXPECT_EQ((*replay)->machine().state_hash(), hash);
    EXPECT_EQ(heard.text, "hello q");
  }
  run->advance(6000);
  save(*run, in_folder("s"));
  Heard heard;
  auto replay = Replay::create(*kept, heard);
  ASSERT_FALSE(replay);
  EXPECT_NE(replay.error().message.find("is another one now"), std::string::npos) << replay.error().message;
  fs::remove(in_folder("s"));
  EXPECT_FALSE(Replay::create(*kept, heard));
}

TEST_F(SnapshotTest, Steps_MadeOnTheWayOrTold) {
  const auto typed = words(test::busy_200_ms(test::kPass), {"--steps-per-tick", "1"});
  const auto wanted = [&](std::vector<SnapshotWish> wishes) {
    return [wishes](RunOptions& options) { options.snapshots = wishes; };
  };
  auto run = make(typed, wanted({{0, in_folder("0")}, {1000, in_folder("1000")}}));
  ASSERT_EQ(run->run().kind, Kind::kPass);
  const core::Step end = run->machine().clock().step();
  for (const char* const name : {"0", "1000"}) {
    auto on = make({in_folder(name)});
    EXPECT_EQ(std::to_string(on->machine().clock().step()), name);
    EXPECT_EQ(on->run().kind, Kind::kPass);
    EXPECT_EQ(on->machine().state_hash(), run->machine().state_hash());
  }
  auto never = make(typed, wanted({{end + 5, in_folder("never")}}));
  const Outcome outcome = never->run();
  EXPECT_EQ(exit_code_of(outcome), exit_code::kMissing) << "a success without what was asked for is none";
  EXPECT_NE(outcome.words.find("never came to step"), std::string::npos) << outcome.words;
  EXPECT_FALSE(fs::exists(in_folder("never")));
  auto cut = make(typed, [&](RunOptions& options) {
    options.snapshots = {{500, in_folder("500")}};
    options.max_instructions = 500;
  });
  EXPECT_EQ(cut->run().kind, Kind::kInstructionLimit);
  EXPECT_EQ(make({in_folder("500")})->machine().clock().step(), 500u);
  auto nowhere = make(typed, wanted({{500, in_folder("no/such/folder")}}));
  EXPECT_EQ(exit_code_of(nowhere->run()), exit_code::kMissing);
  EXPECT_NE(refusal({in_folder("1000"), "--snapshot-at", "5:" + in_folder("x")}).find("goes on at step 1000"),
            std::string::npos);
}

TEST_F(SnapshotTest, AnotherMachine_Refused) {
  auto run = make(words(test::kLoop));
  run->advance(100);
  save(*run, in_folder("s"));
  for (const char* const option : {"--memory", "--harts", "--append", "--disk", "--seed", "--slice"})
    EXPECT_NE(refusal({in_folder("s"), option, "2"}).find("would make another machine"), std::string::npos)
        << option;
  EXPECT_NE(refusal({in_folder("s"), "--memory=9M"}).find("would make another machine"), std::string::npos);
  EXPECT_NE(refusal({in_folder("s"), "--rng"}).find("would make another machine"), std::string::npos);
  EXPECT_NE(refusal({in_folder("s"), "--mmu", "shadow-lazy"}).find("would make another machine"),
            std::string::npos);
  EXPECT_NE(refusal({in_folder("s"), "--lint"}).find("from its beginning"), std::string::npos);
  EXPECT_NE(refusal({in_folder("s"), "--engine", "lockstep"}).find("lockstep"), std::string::npos);
  words(test::kWaitForever);  // another kernel in its place
  EXPECT_NE(refusal({in_folder("s")}).find("kernel was guest.bin"), std::string::npos)
      << refusal({in_folder("s")});
  fs::remove(in_folder("guest.bin"));
  EXPECT_NE(refusal({in_folder("s")}).find("guest.bin"), std::string::npos) << refusal({in_folder("s")});
}

TEST_F(SnapshotTest, Disks_KnownByTimeOrContents) {
  std::string image(3 << 20, '\0');
  image[5] = 'x';
  image[(2 << 20) + 7] = 'y';
  write_file(in_folder("d.img"), image);
  const auto set_time = [&](const char* name, time_t seconds) {
    const timespec times[2] = {{seconds, 123}, {seconds, 123}};
    ASSERT_EQ(utimensat(AT_FDCWD, in_folder(name).c_str(), times, 0), 0);
  };
  set_time("d.img", 1'000'000);
  for (const char* const how : {",ro", ",snapshot", ""}) {
    SCOPED_TRACE(how);
    auto run = make(words(test::kLoop, {"--disk", in_folder("d.img") + how}));
    run->advance(100);
    save(*run, in_folder("s"));
    run.reset();
    EXPECT_TRUE(make({in_folder("s")})) << "untouched";
    set_time("d.img", 2'000'000);
    EXPECT_TRUE(make({in_folder("s")})) << "another time, the same contents";
    std::string changed = image;
    changed[(1 << 20) + 3] = 'z';
    write_file(in_folder("d.img"), changed);
    const std::string why = refusal({in_folder("s")});
    EXPECT_NE(why.find("bytes 0x100000 to 0x1fffff are others"), std::string::npos) << why;
    EXPECT_EQ(why.find("writes to this disk") != std::string::npos, std::string_view(how).empty()) << why;
    write_file(in_folder("d.img"), image + image);
    EXPECT_NE(refusal({in_folder("s")}).find("3145728 bytes, and has 6291456"), std::string::npos);
    fs::remove(in_folder("d.img"));
    EXPECT_NE(refusal({in_folder("s")}).find("d.img"), std::string::npos);
    write_file(in_folder("d.img"), image);
    set_time("d.img", 1'000'000);
  }
}

// A file whose last change is just going on has no time that could be trusted.
TEST_F(SnapshotTest, Disk_ChangedInTheSameMoment_Noticed) {
  write_file(in_folder("d.img"), std::string(8192, 'a'));
  auto run = make(words(test::kLoop, {"--disk", in_folder("d.img") + ",ro"}));
  run->advance(10);
  save(*run, in_folder("s"));
  struct stat info {};
  ASSERT_EQ(stat(in_folder("d.img").c_str(), &info), 0);
  write_file(in_folder("d.img"), std::string(8192, 'b'));
  const timespec times[2] = {info.st_mtim, info.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, in_folder("d.img").c_str(), times, 0), 0);
  EXPECT_NE(refusal({in_folder("s")}).find("has changed since"), std::string::npos);
}

// --- Damage

class DamageTest : public SnapshotTest {
 protected:
  DamageTest() {
    auto run = make(words(kFourBusyHarts, {"--harts", "4", "--rng"}));
    run->advance(50'000);
    // Pages that cannot be made small: more than one section of them.
    std::mt19937_64 random(1);
    for (uint64_t page = 0; page < 1100; ++page) {
      const uint64_t word = random();
      EXPECT_TRUE(run->machine().ram().write_value(core::GuestPhys{0x8002'0000 + page * 4096}, word));
    }
    save(*run, in_folder("good"));
    good = contents(in_folder("good"));
  }
  // Of a file with these bytes; what is loaded is thrown away.
  std::string result_of(std::string_view bytes) {
    EXPECT_EQ(ftruncate(memory, 0), 0);
    EXPECT_EQ(pwrite(memory, bytes.data(), bytes.size(), 0), std::ssize(bytes));
    auto opened = Snapshot::open("/proc/self/fd/" + std::to_string(memory));
    if (!opened) return opened.error().message;
    if (!target) target = make(words(kFourBusyHarts, {"--harts", "4", "--rng"}));
    auto loaded = (*opened)->load(*target, true);
    if (loaded) return {};
    if (loaded.error().message.find("The state") != std::string::npos) target.reset();
    return loaded.error().message;
  }
  // Of each section: where it begins, and where its bytes do.
  [[nodiscard]] std::vector<size_t> borders() const {
    std::vector<size_t> all = {0, 16, 20, 24};
    for (size_t at = 24; at < good.size();) {
      uint64_t length = 0;
      std::memcpy(&length, good.data() + at + 8, sizeof length);
      for (const size_t part : {4, 8, 16, 24}) all.push_back(at + part);
      at += 24 + length;
      all.push_back(at);
    }
    return all;
  }
  static bool is_clear(const std::string& message) {
    return message.find("is damaged: ") != std::string::npos ||
           message.find("is no snapshot") != std::string::npos ||
           message.find("of another version") != std::string::npos;
  }

  ~DamageTest() override { close(memory); }

  const int memory = memfd_create("bad", MFD_CLOEXEC);
  std::string good;
  std::unique_ptr<Session> target;
};

TEST_F(DamageTest, EachTruncation_Refused) {
  ASSERT_EQ(result_of(good), "");
  for (const size_t border : borders()) {
    for (const size_t cut : {border - 1, border, border + 1}) {
      if (cut >= good.size()) continue;  // border 0 wraps, too
      EXPECT_TRUE(is_clear(result_of(std::string_view(good).substr(0, cut)))) << cut << " of " << good.size();
    }
  }
  EXPECT_TRUE(is_clear(result_of(good + '\0')));
  EXPECT_TRUE(is_clear(result_of(good + good)));
}

TEST_F(DamageTest, TenThousandMutations_Refused) {
#ifdef __SANITIZE_ADDRESS__
  constexpr int kMutations = 2'000;
#else
  constexpr int kMutations = 10'000;
#endif
  std::mt19937_64 random(2);
  const auto places = borders();
  for (int i = 0; i < kMutations; ++i) {
    std::string bad = good;
    // Half of them where lengths, kinds and checksums stand.
    const auto place = [&] {
      return random() % 2 == 0 ? random() % bad.size()
                               : std::min(places[random() % places.size()] + random() % 8, bad.size() - 1);
    };
    const size_t at = place(), other = place(), size = 1 + random() % 16;
    switch (random() % 5) {
      case 0: bad[at] = static_cast<char>(bad[at] ^ 1 << random() % 8); break;
      case 1: bad[at] = static_cast<char>(random()); break;
      case 2: bad.erase(at, size); break;
      case 3: bad.insert(at, good.substr(other, size)); break;
      case 4: bad.replace(at, size, good.substr(other, size)); break;
    }
    if (bad == good) continue;
    const std::string message = result_of(bad);
    ASSERT_TRUE(is_clear(message)) << "mutation " << i << ": '" << message << "'";
  }
}

// Whoever makes checksums of his own can make any state. It is refused, or it is a machine that runs.
TEST_F(DamageTest, ForgedStates_RefusedOrRun) {
#ifdef __SANITIZE_ADDRESS__
  constexpr int kStates = 100;
#else
  constexpr int kStates = 300;
#endif
  auto reader = SnapshotReader::open(in_folder("good"));
  ASSERT_TRUE(reader);
  std::vector<std::vector<std::byte>> sections;
  size_t at = 0;
  for (const auto& section : (*reader)->sections()) {
    if (std::string_view(section.kind.data(), 4) == "stat") at = sections.size();
    sections.push_back(*(*reader)->read(section, good.size()));
  }
  const size_t size = ZSTD_getFrameContentSize(sections[at].data(), sections[at].size());
  std::vector<std::byte> state(size), packed(ZSTD_compressBound(size + 64));
  ASSERT_EQ(ZSTD_decompress(state.data(), size, sections[at].data(), sections[at].size()), size);
  std::mt19937_64 random(3);
  int ran = 0;
  for (int i = 0; i < kStates; ++i) {
    std::vector<std::byte> forged = state;
    for (uint64_t n = 1 + random() % 4; n-- > 0;)
      forged[random() % size] = static_cast<std::byte>(random() % 3 == 0 ? 0xff : random());
    auto writer = SnapshotWriter::create(in_folder("forged"));
    ASSERT_TRUE(writer);
    for (size_t j = 0; j < sections.size(); ++j) {
      if (j != at) {
        (*writer)->add((*reader)->sections()[j].kind, sections[j]);
        continue;
      }
      const size_t length = ZSTD_compress(packed.data(), packed.size(), forged.data(), size, 1);
      (*writer)->add((*reader)->sections()[j].kind, std::span(packed).first(length));
    }
    ASSERT_TRUE((*writer)->finish());
    auto made = try_to_make({in_folder("forged"), "--engine", i % 2 == 0 ? "interpreter" : "translator"});
    if (!made) {
      EXPECT_TRUE(is_clear(made.error().message)) << made.error().message;
      continue;
    }
    ++ran;
    const core::Step now = (*made)->machine().clock().step();
    if (now < core::kNever - 5000) (*made)->advance(now + 5000);
    std::ignore = (*made)->machine().state_hash();
  }
  EXPECT_GT(ran, 20) << "too few states were machines";
}

}  // namespace
}  // namespace vitrine::app
