// SPDX-License-Identifier: MIT
// The port-style disk: every word by its register, and whatever a guest writes there, the back end is asked
// for what it has.
#include "devices/port_disk.h"

#include <cstring>
#include <fstream>
#include <numeric>
#include <sstream>

#include "tests/devices/bench.h"
#include "tests/devices/virtio/memory_disk.h"

namespace vitrine::devices::test {
namespace {

constexpr uint64_t kIdentity = 0x00, kSectors = 0x04, kSector = 0x08, kCommand = 0x0c, kStatus = 0x10,
                   kData = 0x14;
constexpr uint32_t kRead = 1, kWrite = 2, kFlush = 3;

struct PortDiskTest : testing::Test {
  PortDiskTest() {
    auto memory = std::make_unique<MemoryDisk>(4);
    backend = memory.get();
    std::iota(backend->bytes.begin(), backend->bytes.end(), uint8_t{0});
    backend->bytes[512] = 0xa5;
    auto made = PortDisk::create("port-disk", std::move(memory), "image");
    disk = std::move(*made);
  }
  uint64_t command(uint32_t what, uint32_t sector) {
    disk->write(kSector, 4, sector);
    disk->write(kCommand, 4, what);
    return disk->read(kStatus, 4);
  }
  std::vector<uint32_t> words() {
    std::vector<uint32_t> all;
    for (unsigned i = 0; i < 128; ++i) all.push_back(static_cast<uint32_t>(disk->read(kData, 4)));
    return all;
  }
  std::vector<uint32_t> stored(uint64_t sector) const {
    std::vector<uint32_t> all(128);
    std::memcpy(all.data(), &backend->bytes.at(sector * 512), 512);
    return all;
  }

  MemoryDisk* backend;
  std::unique_ptr<PortDisk> disk;
};

TEST_F(PortDiskTest, Identity_IsFourLettersAndTheSize) {
  EXPECT_EQ(disk->read(kIdentity, 4), uint32_t{'P'} | 'D' << 8 | 'S' << 16 | 'K' << 24);
  EXPECT_EQ(disk->read(kSectors, 4), 4u);
}

TEST_F(PortDiskTest, Read_GivesTheSectorWordByWord) {
  EXPECT_EQ(command(kRead, 1), 0u);
  EXPECT_EQ(disk->peek(kData, 4), 0x030201a5u) << "a look takes nothing";
  EXPECT_EQ(words(), stored(1));
  EXPECT_EQ(words(), stored(1)) << "behind the last word comes the first";
  EXPECT_EQ(backend->log, "r");
}

TEST_F(PortDiskTest, Write_TakesTheSectorWordByWord) {
  const std::vector<uint8_t> before = backend->bytes;
  disk->write(kSector, 4, 2);
  for (uint32_t i = 0; i < 128; ++i) disk->write(kData, 4, 0x1000'0000 + i);
  EXPECT_EQ(backend->log, "") << "nothing is written before the command";
  EXPECT_EQ(command(kWrite, 2), 0u);
  for (uint32_t i = 0; i < 128; ++i) EXPECT_EQ(stored(2)[i], 0x1000'0000 + i);
  for (const size_t sector : {0, 1, 3})
    EXPECT_EQ(std::memcmp(&backend->bytes[sector * 512], &before[sector * 512], 512), 0) << sector;
}

TEST_F(PortDiskTest, Command_BeginsAtWord0Again) {
  command(kRead, 0);
  for (unsigned i = 0; i < 5; ++i) (void)disk->read(kData, 4);
  command(kRead, 1);
  EXPECT_EQ(words(), stored(1));
}

TEST_F(PortDiskTest, SectorsThatAreNotThere_AreRefusedAndLeaveZeroes) {
  for (const uint32_t sector : {4u, 5u, 0x0080'0000u, 0x7fff'ffffu, 0x8000'0000u, 0xffff'ffffu}) {
    command(kRead, 3);
    EXPECT_EQ(command(kRead, sector), 1u) << sector;
    EXPECT_EQ(words(), std::vector<uint32_t>(128)) << sector;
    EXPECT_EQ(command(kWrite, sector), 1u) << sector;
  }
  EXPECT_EQ(backend->log, "rrrrrr") << "the back end has heard of none of them";
}

TEST_F(PortDiskTest, CommandsThatAreNone_ChangeNothing) {
  command(kRead, 1);
  for (const uint32_t none : {0u, 4u, 0x101u, 0xffff'ffffu}) EXPECT_EQ(command(none, 0), 4u) << none;
  EXPECT_EQ(words(), stored(1));
  EXPECT_EQ(backend->log, "r");
}

TEST_F(PortDiskTest, ReadOnly_RefusesWritesAlone) {
  backend->fixed = true;
  EXPECT_EQ(command(kWrite, 0), 2u);
  EXPECT_EQ(command(kWrite, 4), 1u);
  EXPECT_EQ(command(kRead, 0), 0u);
  EXPECT_EQ(backend->log, "r");
}

TEST_F(PortDiskTest, HostFailure_IsToldAndLeavesNoOldBytes) {
  command(kRead, 1);
  backend->fail = true;
  EXPECT_EQ(command(kRead, 1), 3u);
  EXPECT_EQ(words(), std::vector<uint32_t>(128));
  EXPECT_EQ(command(kWrite, 1), 3u);
  EXPECT_EQ(command(kFlush, 1), 3u);
  backend->fail = false;
  EXPECT_EQ(command(kFlush, 1), 0u);
  EXPECT_EQ(backend->log, "rrwff");
}

TEST_F(PortDiskTest, OtherPlaces_ReadZeroAndIgnoreWrites) {
  disk->write(kIdentity, 4, 7);
  disk->write(kSectors, 4, 7);
  disk->write(kStatus, 4, 7);
  disk->write(0x18, 4, 7);
  disk->write(0xffc, 4, 7);
  EXPECT_EQ(disk->read(kIdentity, 4), 0x4b53'4450u);
  EXPECT_EQ(disk->read(kSectors, 4), 4u);
  EXPECT_EQ(disk->read(kStatus, 4), 0u);
  EXPECT_EQ(disk->read(kCommand, 4), 0u);
  EXPECT_EQ(disk->read(0x18, 4), 0u);
  EXPECT_EQ(disk->read(0xffc, 4), 0u);
}

TEST_F(PortDiskTest, Reset_ForgetsTheBufferAndKeepsTheDisk) {
  command(kRead, 1);
  (void)disk->read(kData, 4);
  command(kRead, 9);
  disk->reset();
  EXPECT_EQ(disk->read(kStatus, 4), 0u);
  EXPECT_EQ(disk->read(kSector, 4), 0u);
  EXPECT_EQ(words(), std::vector<uint32_t>(128));
  EXPECT_EQ(stored(1)[0], 0x030201a5u);
}

TEST(PortDisk, SizesThatTheRegistersCannotTell_AreRefused) {
  struct Huge final : BlockBackend {
    explicit Huge(uint64_t size) : size_(size) {}
    uint64_t sectors() const override { return size_; }
    bool read_only() const override { return true; }
    bool read(uint64_t, std::span<const iovec>) override { return false; }
    bool write(uint64_t, std::span<const iovec>) override { return false; }
    bool write_zeroes(uint64_t, uint64_t, bool) override { return false; }
    bool discard(uint64_t, uint64_t) override { return false; }
    bool flush() override { return false; }
    void serialize(core::Archive&) override {}
    uint64_t size_;
  };
  const auto made = [](uint64_t sectors) {
    return PortDisk::create("d", std::make_unique<Huge>(sectors), "an\x1bimage");
  };
  EXPECT_TRUE(made(1).ok());
  EXPECT_TRUE(made(0xffff'ffff).ok());
  for (const uint64_t sectors : {uint64_t{0}, uint64_t{1} << 32, ~uint64_t{0} / 512}) {
    const auto refused = made(sectors);
    ASSERT_FALSE(refused.ok()) << sectors;
    EXPECT_EQ(refused.error().kind, core::ErrorKind::kBadImage);
    EXPECT_NE(refused.error().message.find("an\\x1bimage"), std::string::npos) << refused.error().message;
  }
}

TEST_F(PortDiskTest, StateWithAWordThatIsNotThere_IsRefused) {
  Bench bench;
  auto state = save(bench, *disk);
  const std::string text(reinterpret_cast<const char*>(state.data()), state.size());
  const size_t at = text.find("word") + 4;  // its value: eight bytes
  ASSERT_LT(at, text.size());
  state[at] = std::byte{128};
  core::StateReader reader(state);
  bench.clock.serialize(reader);
  bench.scheduler.serialize(reader);
  disk->serialize(reader);
  EXPECT_FALSE(reader.good());
}

TEST_F(PortDiskTest, Table_IsSound) { expect_table_is_sound(*disk); }

// What docs/port-disk.md says of a register is what the table says.
TEST_F(PortDiskTest, Page_HasTheTable) {
  std::ifstream file(VITRINE_SOURCE_DIR "/docs/port-disk.md");
  std::stringstream page;
  page << file.rdbuf();
  for (const core::RegisterRow& row : disk->registers()) {
    const char* const access = row.readable && row.writable ? "read, write" : row.readable ? "read" : "write";
    char line[400];
    std::snprintf(line, sizeof line, "| `0x%02x` | `%s` | %s | %s |\n", row.offset, row.name.data(), access,
                  row.doc.data());
    EXPECT_NE(page.str().find(line), std::string::npos) << line;
  }
}

struct PortDiskRig {
  static std::unique_ptr<PortDisk> made() {
    auto memory = std::make_unique<MemoryDisk>(4);
    std::iota(memory->bytes.begin(), memory->bytes.end(), uint8_t{1});
    return std::move(*PortDisk::create("port-disk", std::move(memory), "image"));
  }
  // Sectors and commands that mean something are rare among random words.
  void act(std::mt19937_64& random) {
    switch (random() % 4) {
      case 0: device.write(kSector, 4, random() % 5); break;
      case 1: device.write(kCommand, 4, random() % 5); break;
      default: random_access(bench, device, random, log);
    }
  }
  std::string seen() { return {}; }
  Bench bench;
  std::unique_ptr<PortDisk> held = made();
  PortDisk& device = *held;
  std::vector<uint64_t> log;
};
TEST(PortDisk, Restore_IsExact) { expect_restore_is_exact<PortDiskRig>(); }
TEST(PortDisk, Peek_IsSilent) { expect_peek_is_silent<PortDiskRig>(); }

}  // namespace
}  // namespace vitrine::devices::test
