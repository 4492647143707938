// SPDX-License-Identifier: MIT
// The disks of a kept run: whatever a guest does to them, it finds the same when the run is made again, from
// an image that has all of it behind it. The judge is what was read the first time.
#include "app/kept_disks.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "app/identity.h"
#include "devices/virtio/snapshot_overlay.h"

namespace vitrine::app {
namespace {

using devices::BlockBackend;
using devices::RawFile;
using Bytes = std::vector<uint8_t>;

class Observer final : public devices::BlockObserver {
  void disk_failed(std::string_view) override {}
};

class KeptDisksTest : public testing::Test {
 protected:
  ~KeptDisksTest() override {
    std::filesystem::remove(image);
    std::filesystem::remove(file);
  }

  void write_image(const Bytes& bytes) const {
    std::ofstream(image, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  Bytes read_image() const {
    std::ifstream in(image, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static Bytes random_bytes(size_t size, std::mt19937& dice) {
    Bytes bytes(size);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(dice());
    return bytes;
  }

  // The first time.
  std::unique_ptr<BlockBackend> keep() {
    auto raw = RawFile::open(
        image, config.read_only || config.snapshot ? RawFile::Access::kReadOnly : RawFile::Access::kReadWrite,
        &observer);
    EXPECT_TRUE(raw.ok());
    std::unique_ptr<BlockBackend> disk = keeping.keep(std::move(*raw), config);
    KeptHeader header;
    header.version = version();
    header.disks = keeping.headers();
    writer = std::make_unique<KeptRunWriter>(file, header);
    EXPECT_EQ(writer->problem(), "");
    keeping.write_to(writer.get(), clock);
    if (config.snapshot) return std::make_unique<devices::SnapshotOverlay>(std::move(disk));
    return disk;
  }
  // The second time.
  std::unique_ptr<BlockBackend> again() {
    if (writer) writer->end(100, {});
    writer.reset();
    auto read = read_kept_run(file);
    EXPECT_TRUE(read.ok()) << read.error().message;
    run = std::move(*read);
    kept = std::make_unique<KeptDisks>(run, [this] { ++failures; });
    kept->watch(clock);
    auto disk = kept->open(config, observer);
    EXPECT_TRUE(disk.ok()) << disk.error().message;
    return std::move(*disk);
  }

  // Requests by the dice; what was read, and the state.
  static std::vector<Bytes> use(BlockBackend& disk, unsigned seed) {
    std::mt19937 dice(seed);
    std::vector<Bytes> seen;
    const uint64_t sectors = disk.sectors();
    for (int i = 0; i < 300; ++i) {
      const uint64_t first = dice() % sectors, count = 1 + dice() % std::min<uint64_t>(40, sectors - first);
      const uint64_t offset = first * 512, size = count * 512;
      Bytes bytes = random_bytes(size, dice);
      const uint64_t cut = dice() % count * 512;
      const iovec parts[] = {{bytes.data(), cut}, {bytes.data() + cut, size - cut}};
      switch (dice() % 8) {
        case 0: EXPECT_TRUE(disk.write(offset, parts) || disk.read_only()); break;
        case 1: EXPECT_TRUE(disk.write_zeroes(offset, size, dice() % 2) || disk.read_only()); break;
        case 2: EXPECT_TRUE(disk.discard(offset, size) || disk.read_only()); break;
        case 3: EXPECT_TRUE(disk.flush()); break;
        default: EXPECT_TRUE(disk.read(offset, parts)); seen.push_back(std::move(bytes));
      }
    }
    core::StateHasher hasher;
    disk.serialize(hasher);
    uint64_t hash = hasher.digest();
    const auto* begin = reinterpret_cast<const uint8_t*>(&hash);
    seen.emplace_back(begin, begin + sizeof hash);
    return seen;
  }

  const std::string image = testing::TempDir() + "kept_disks_test.img." + std::to_string(getpid());
  const std::string file = testing::TempDir() + "kept_disks_test.run." + std::to_string(getpid());
  DiskConfig config{.path = image};
  Observer observer;
  core::Clock clock{100};
  KeepingDisks keeping;
  std::unique_ptr<KeptRunWriter> writer;
  KeptRun run;
  std::unique_ptr<KeptDisks> kept;
  int failures = 0;
};

TEST_F(KeptDisksTest, AnyRequests_SameAgainAndNothingWritten) {
  std::mt19937 dice(5);
  for (const size_t size : {size_t{512}, size_t{4096}, size_t{5000}, size_t{1 << 20}, size_t{300'123}}) {
    for (const char* kind : {"", "snapshot", "ro"}) {
      SCOPED_TRACE(kind);
      config.snapshot = kind[0] == 's';
      config.read_only = kind[0] == 'r';
      write_image(random_bytes(size, dice));
      const Bytes before = read_image();
      keeping = {};
      const auto first = use(*keep(), 7);
      const Bytes behind = read_image();
      EXPECT_EQ(behind == before, config.snapshot || config.read_only);
      EXPECT_EQ(use(*again(), 7), first) << size;
      EXPECT_EQ(kept->problem(), "");
      EXPECT_EQ(read_image(), behind);
    }
  }
}

TEST_F(KeptDisksTest, ImageAsItWas_DoesAsWell) {
  std::mt19937 dice(6);
  const Bytes before = random_bytes(1 << 18, dice);
  write_image(before);
  const auto first = use(*keep(), 8);
  write_image(before);
  EXPECT_EQ(use(*again(), 8), first);
}

TEST_F(KeptDisksTest, ChangedBySomebodyElse_NamedWhereItMatters) {
  Bytes bytes(64 << 10, 'a');
  write_image(bytes);
  Bytes sector(512);
  const iovec part{sector.data(), sector.size()};
  {
    auto disk = keep();
    EXPECT_TRUE(disk->read(5 * 4096 + 512, {&part, 1}));
  }
  again();
  bytes[9 * 4096] = 'b';  // nobody read that
  write_image(bytes);
  EXPECT_TRUE(again()->read(5 * 4096 + 512, {&part, 1}));
  bytes[6 * 4096 - 1] = 'b';  // of the block, not of the sector
  write_image(bytes);
  EXPECT_FALSE(again()->read(5 * 4096 + 512, {&part, 1}));
  EXPECT_EQ(failures, 1);
  EXPECT_NE(kept->problem().find("has changed since the run: block 5 (bytes 0x5000 to 0x5fff)"),
            std::string::npos)
      << kept->problem();
  EXPECT_FALSE(again()->read(3 * 4096, {&part, 1}));
  EXPECT_NE(kept->problem().find("block 3, which the run did not read"), std::string::npos)
      << kept->problem();
}

TEST_F(KeptDisksTest, OtherSize_IsRefused) {
  write_image(Bytes(8192));
  keep();
  again();
  write_image(Bytes(8192 + 1));
  kept = std::make_unique<KeptDisks>(run, [] {});
  const auto disk = kept->open(config, observer);
  ASSERT_FALSE(disk.ok());
  EXPECT_NE(disk.error().message.find("it had 16 sectors of 512 bytes, and has 17"), std::string::npos)
      << disk.error().message;
}

// What is kept is in the file before the image changes: the file is read while the first run still holds it.
TEST_F(KeptDisksTest, KilledBehindAnyWrite_FitsTheImage) {
  std::mt19937 dice(9);
  const Bytes before = random_bytes(64 << 10, dice);
  write_image(before);
  auto disk = keep();
  for (int i = 0; i < 30; ++i) {
    Bytes bytes = random_bytes(512 * (1 + dice() % 20), dice);
    const iovec part{bytes.data(), bytes.size()};
    ASSERT_TRUE(disk->write(512 * (dice() % 108), {&part, 1}));
    auto read = read_kept_run(file);
    ASSERT_TRUE(read.ok());
    const Bytes now = read_image();
    std::vector<uint8_t> piece;
    for (uint64_t block = 0; block < 16; ++block) {
      const KeptPiece* const found = read->disks[0].overwritten(block);
      const auto* from = found && unpack_kept(*found, piece) ? piece.data() + (block - found->first) * 4096
                                                             : now.data() + block * 4096;
      ASSERT_TRUE(std::equal(from, from + 4096, before.data() + block * 4096)) << block;
    }
  }
}

TEST_F(KeptDisksTest, MoreThanIsKept_EndsThereAndTheRunGoesOn) {
  constexpr uint64_t kPiece = 1 << 20;
  std::mt19937 dice(10);
  std::filesystem::remove(image);
  write_image({});
  std::filesystem::resize_file(image, 140 * kPiece);
  {
    std::fstream out(image, std::ios::binary | std::ios::in | std::ios::out);
    const Bytes piece = random_bytes(kPiece, dice);
    for (int i = 0; i < 140; ++i) out.write(reinterpret_cast<const char*>(piece.data()), kPiece);
  }
  auto disk = keep();
  Bytes ones(kPiece, 1);
  const iovec part{ones.data(), ones.size()};
  for (uint64_t i = 0; i < 140; ++i) EXPECT_TRUE(disk->write(i * kPiece, {&part, 1}));
  EXPECT_EQ(read_image(), Bytes(140 * kPiece, 1));
  disk.reset();
  again();
  EXPECT_TRUE(run.full_at);
  EXPECT_FALSE(run.end);
  EXPECT_LT(std::filesystem::file_size(file), kMaxKeptDisks + kPiece);
  EXPECT_TRUE(run.disks[0].overwritten(90 * 256));
}

}  // namespace
}  // namespace vitrine::app
