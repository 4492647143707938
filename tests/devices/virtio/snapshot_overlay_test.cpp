// SPDX-License-Identifier: MIT
// Writes in memory over an image: against a plain array under random requests.
#include "devices/virtio/snapshot_overlay.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/devices/virtio/memory_disk.h"

namespace vitrine::devices::test {
namespace {

constexpr uint64_t kSectors = 101;  // the last block of 4 KiB is not whole

struct OverlayTest : testing::Test {
  MemoryDisk* below = new MemoryDisk(kSectors);
  SnapshotOverlay overlay{std::unique_ptr<BlockBackend>(below)};
  std::vector<uint8_t> model;

  OverlayTest() {
    std::mt19937_64 random(3);
    for (uint8_t& byte : below->bytes) byte = static_cast<uint8_t>(random());
    model = below->bytes;
  }
  static std::vector<uint8_t> all_of(BlockBackend& disk) {
    std::vector<uint8_t> bytes(disk.sectors() * 512, 0xaa);
    const iovec parts[] = {{bytes.data(), 700}, {bytes.data() + 700, bytes.size() - 700}};
    EXPECT_TRUE(disk.read(0, parts));
    return bytes;
  }
  // One random request to the overlay and to the array.
  void act(SnapshotOverlay& disk, std::vector<uint8_t>& bytes, std::mt19937_64& random) {
    const uint64_t first = random() % kSectors, count = 1 + random() % (kSectors - first);
    const uint64_t at = first * 512, size = count * 512;
    if (random() % 3 == 0) {
      EXPECT_TRUE(disk.write_zeroes(at, size, random() % 2));
      std::fill_n(bytes.begin() + static_cast<long>(at), size, 0);
      return;
    }
    std::vector<uint8_t> data(size);
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
    const uint64_t cut = random() % size;
    const iovec parts[] = {{data.data(), cut}, {data.data() + cut, size - cut}};
    EXPECT_TRUE(disk.write(at, parts));
    std::copy(data.begin(), data.end(), bytes.begin() + static_cast<long>(at));
  }
};

TEST_F(OverlayTest, RandomRequests_ReadAsAnArrayAndLeaveTheImageAlone) {
  const auto image = below->bytes;
  std::mt19937_64 random(1);
  for (unsigned i = 0; i < 300; ++i) {
    act(overlay, model, random);
    ASSERT_EQ(all_of(overlay), model) << i;
  }
  EXPECT_EQ(below->bytes, image);
  EXPECT_EQ(below->log.find_first_not_of('r'), std::string::npos);
  EXPECT_LE(overlay.blocks(), (kSectors * 512 + 4095) / 4096);
}

TEST_F(OverlayTest, PartialReads_StayInsideTheirBuffers) {
  std::mt19937_64 random(2);
  for (unsigned i = 0; i < 10; ++i) act(overlay, model, random);
  for (unsigned i = 0; i < 300; ++i) {
    const uint64_t first = random() % kSectors,
                   count = 1 + random() % std::min<uint64_t>(12, kSectors - first);
    const uint64_t size = count * 512, cut = random() % size;
    std::vector<uint8_t> a(cut + 1024, 0xc5), b(size - cut + 1024, 0xc5);  // 512 bytes on either side
    const iovec parts[] = {{a.data() + 512, cut}, {b.data() + 512, size - cut}};
    ASSERT_TRUE(overlay.read(first * 512, parts));
    const auto expected = model.begin() + static_cast<long>(first * 512);
    EXPECT_TRUE(std::equal(expected, expected + static_cast<long>(cut), a.begin() + 512)) << i;
    EXPECT_TRUE(
        std::equal(expected + static_cast<long>(cut), expected + static_cast<long>(size), b.begin() + 512))
        << i;
    for (const auto* side : {&a, &b}) {
      EXPECT_EQ(std::count(side->begin(), side->begin() + 512, 0xc5), 512) << i;
      EXPECT_EQ(std::count(side->end() - 512, side->end(), 0xc5), 512) << i;
    }
  }
}

TEST_F(OverlayTest, SmallWrite_KeepsItsBlocksOtherBytes) {
  uint8_t sector[512] = {1, 2, 3};
  const iovec part{sector, sizeof sector};
  EXPECT_TRUE(overlay.write(9 * 512, {&part, 1}));
  std::copy(sector, sector + 512, model.begin() + 9 * 512);
  EXPECT_EQ(all_of(overlay), model);
  EXPECT_EQ(overlay.blocks(), 1u);
}

TEST_F(OverlayTest, UnreadableImage_FailsASmallWriteAndChangesNothing) {
  uint8_t sector[512] = {};
  const iovec part{sector, sizeof sector};
  below->fail = true;
  EXPECT_FALSE(overlay.write(0, {&part, 1}));
  EXPECT_FALSE(overlay.read(0, {&part, 1}));
  below->fail = false;
  EXPECT_EQ(all_of(overlay), model);
}

TEST_F(OverlayTest, Discard_TouchesOnlyWrittenWholeBlocks) {
  std::vector<uint8_t> ones(3 * 4096, 1);
  const iovec part{ones.data(), ones.size()};
  EXPECT_TRUE(overlay.write(4096, {&part, 1}));
  std::copy(ones.begin(), ones.end(), model.begin() + 4096);
  EXPECT_TRUE(overlay.discard(512, 2 * 4096));  // whole: block 1 only
  std::fill_n(model.begin() + 4096, 4096, 0);
  EXPECT_EQ(all_of(overlay), model);
  EXPECT_TRUE(overlay.flush());
}

TEST_F(OverlayTest, State_HoldsTheWrites) {
  std::mt19937_64 random(5);
  std::vector<uint8_t> data(512, 'w');
  const iovec part{data.data(), data.size()};
  EXPECT_TRUE(overlay.write(20 * 512, {&part, 1}));
  EXPECT_TRUE(overlay.write_zeroes(40 * 512, 16 * 512, false));
  std::fill_n(model.begin() + 20 * 512, 512, 'w');
  std::fill_n(model.begin() + 40 * 512, 16 * 512, 0);
  core::StateWriter writer;
  overlay.serialize(writer);

  auto* other_below = new MemoryDisk(kSectors);
  other_below->bytes = below->bytes;
  SnapshotOverlay other{std::unique_ptr<BlockBackend>(other_below)};
  std::vector<uint8_t> other_model = below->bytes;
  for (unsigned i = 0; i < 10; ++i) act(other, other_model, random);
  core::StateReader reader(writer.data());
  other.serialize(reader);
  ASSERT_TRUE(reader.good()) << reader.error();
  EXPECT_EQ(all_of(other), model);

  core::StateHasher a, b;
  overlay.serialize(a), other.serialize(b);
  EXPECT_EQ(a.digest(), b.digest());
  act(other, other_model, random);
  core::StateHasher c;
  other.serialize(c);
  EXPECT_NE(a.digest(), c.digest());
}

TEST_F(OverlayTest, State_Damaged) {
  std::mt19937_64 random(5);
  act(overlay, model, random);
  core::StateWriter writer;
  overlay.serialize(writer);
  auto bytes = writer.data();
  for (size_t cut = 0; cut < bytes.size(); cut += 97) {
    std::vector<std::byte> part(bytes.begin(), bytes.begin() + static_cast<long>(cut));
    SnapshotOverlay other{std::make_unique<MemoryDisk>(kSectors)};
    core::StateReader reader(part);
    other.serialize(reader);
    EXPECT_FALSE(reader.good());
  }
}

}  // namespace
}  // namespace vitrine::devices::test
