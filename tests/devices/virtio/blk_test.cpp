// SPDX-License-Identifier: MIT
// The block device, by virtio 1.2 section 5.2, over a disk in memory that can be told to fail.
#include "devices/virtio/blk.h"

#include "devices/virtio/mmio.h"
#include "tests/devices/virtio/driver.h"
#include "tests/devices/virtio/memory_disk.h"

namespace vitrine::devices::test {
namespace {

enum : uint32_t { kIn = 0, kOut = 1, kFlush = 4, kGetId = 8, kDiscard = 11, kZeroes = 13 };
enum : uint8_t { kOk = 0, kIoErr = 1, kUnsupp = 2, kUntouched = 0xee };
constexpr uint64_t kFFlush = 1 << 9, kFDiscard = 1 << 13, kFZeroes = 1 << 14;
constexpr uint64_t kHeader = kRamBase + 0x2'0000, kData = kRamBase + 0x3'0000, kStatus = kRamBase + 0x2'8000;

struct BlkTest : testing::Test {
  Bench bench;
  std::unique_ptr<core::GuestRam> ram = make_ram();
  MemoryDisk* disk = new MemoryDisk(64);
  VirtioMmio slot{
      "virtio-blk0", *ram, bench.wires.line(8),
      std::make_unique<VirtioBlk>("virtio-blk0", bench.scheduler, std::unique_ptr<BlockBackend>(disk),
                                  "a serial number that is too long"),
      VirtioVersion::kModern};
  Rings rings{*ram, 16};

  void start(uint64_t features = kVersion1 | kFFlush | kFDiscard | kFZeroes) {
    start_modern(slot, features, {&rings});
  }
  void header(uint32_t type, uint64_t sector) {
    rings.put(kHeader, type);
    rings.put<uint32_t>(kHeader + 4, 0);
    rings.put(kHeader + 8, sector);
    rings.put(kStatus, kUntouched);
  }
  // Offers header, these data buffers, status; lets the device complete it; returns the status.
  uint8_t run(uint32_t type, uint64_t sector, const std::vector<Buffer>& data) {
    header(type, sector);
    std::vector<Buffer> buffers{{kHeader, 16, false}};
    buffers.insert(buffers.end(), data.begin(), data.end());
    buffers.push_back({kStatus, 1, true});
    rings.chain(0, buffers);
    rings.offer(0);
    slot.write(reg::kQueueNotify, 4, 0);
    bench.advance(VirtioBlk::kLatency);
    return rings.get<uint8_t>(kStatus);
  }
  uint32_t last_len() { return rings.used_len(static_cast<uint16_t>(rings.used_index() - 1)); }
  uint64_t config(uint64_t offset, unsigned width) { return slot.read(reg::kConfig + offset, width); }
};

TEST_F(BlkTest, Config_CapacityAndLimits) {
  EXPECT_EQ(config(0, 8), 64u);
  EXPECT_EQ(config(12, 4), 254u);
  EXPECT_EQ(config(20, 4), 512u);
  EXPECT_EQ(slot.read(reg::kDeviceId, 4), 2u);
  EXPECT_EQ(slot.read(reg::kDeviceFeatures, 4) & 0x3fff'ffff, 0x3000'6644u);
}

TEST_F(BlkTest, Read_FillsTheBuffersAndCountsThem) {
  start();
  disk->bytes[512 * 3] = 'A', disk->bytes[512 * 4 - 1] = 'B', disk->bytes[512 * 4] = 'C';
  EXPECT_EQ(run(kIn, 3, {{kData, 100, true}, {kData + 0x1000, 924, true}}), kOk);
  EXPECT_EQ(get_text(*ram, kData, 1), "A");
  EXPECT_EQ(get_text(*ram, kData + 0x1000 + 411, 2), "BC");
  EXPECT_EQ(last_len(), 1025u);
}

TEST_F(BlkTest, Write_ReachesTheDiskAndCountsOnlyTheStatus) {
  start();
  put_text(*ram, kData, std::string(512, 'x'));
  put_text(*ram, kData + 0x2000, std::string(512, 'y'));
  EXPECT_EQ(run(kOut, 10, {{kData, 512, false}, {kData + 0x2000, 512, false}}), kOk);
  EXPECT_EQ(disk->text(5119, 3), std::string("\0xx", 3));
  EXPECT_EQ(disk->text(5631, 2), "xy");
  EXPECT_EQ(last_len(), 1u);
  EXPECT_EQ(disk->flushes, 0u) << "the driver asked for a write cache";
}

TEST_F(BlkTest, Completion_IsAnEventAFixedTimeLater) {
  start();
  header(kIn, 0);
  rings.chain(0, {{kHeader, 16, false}, {kData, 512, true}, {kStatus, 1, true}});
  rings.offer(0);
  slot.write(reg::kQueueNotify, 4, 0);
  bench.advance(VirtioBlk::kLatency - 1);
  EXPECT_EQ(rings.used_index(), 0);
  EXPECT_FALSE(bench.wires.level(8));
  EXPECT_EQ(rings.get<uint8_t>(kStatus), kUntouched);
  bench.advance(1);
  EXPECT_EQ(rings.used_index(), 1);
  EXPECT_TRUE(bench.wires.level(8));
}

TEST_F(BlkTest, Framing_HeaderAndStatusAnywhere) {
  start();
  header(kIn, 1);
  disk->bytes[512] = 'Q', disk->bytes[1023] = 'Z';
  rings.chain(0,
              {{kHeader, 3, false}, {kHeader + 3, 13, false}, {kData, 400, true}, {kData + 400, 113, true}});
  rings.offer(0);
  slot.write(reg::kQueueNotify, 4, 0);
  bench.advance(VirtioBlk::kLatency);
  EXPECT_EQ(get_text(*ram, kData, 1), "Q");
  EXPECT_EQ(get_text(*ram, kData + 511, 2), std::string("Z\0", 2)) << "the status follows the data";
  EXPECT_EQ(last_len(), 513u);
}

TEST_F(BlkTest, Range_BeyondTheDiskIsAnErrorAndTouchesNothing) {
  start();
  const std::pair<uint64_t, uint32_t> cases[] = {
      {64, 512},         {63, 1024}, {0, 65 * 512}, {~uint64_t{0}, 512}, {~uint64_t{0} / 512, 1024},
      {1ull << 55, 512}, {0, 100},   {0, 513}};
  for (auto [sector, size] : cases) {
    EXPECT_EQ(run(kIn, sector, {{kData, size, true}}), kIoErr) << sector << " " << size;
    EXPECT_EQ(run(kOut, sector, {{kData, size, false}}), kIoErr) << sector << " " << size;
  }
  EXPECT_EQ(disk->calls, 0u);
  EXPECT_EQ(run(kIn, 63, {{kData, 512, true}}), kOk);
  EXPECT_EQ(run(kIn, 64, {}), kOk) << "nothing, at the very end";
}

TEST_F(BlkTest, HostError_IsIoErrAndLeavesNoBytesOfChance) {
  start();
  disk->fail = true;
  put_text(*ram, kData, std::string(512, '#'));
  EXPECT_EQ(run(kIn, 0, {{kData, 512, true}}), kIoErr);
  EXPECT_EQ(get_text(*ram, kData, 512), std::string(512, '\0'));
  EXPECT_EQ(last_len(), 513u);
  EXPECT_EQ(run(kOut, 0, {{kData, 512, false}}), kIoErr);
  EXPECT_EQ(run(kFlush, 0, {}), kIoErr);
  EXPECT_EQ(run(kZeroes, 0, {}), kIoErr);
  disk->fail = false;
  EXPECT_EQ(run(kOut, 0, {{kData, 512, false}}), kOk);
}

TEST_F(BlkTest, Durability_WithoutFlushEachWriteIsFlushedBeforeItCompletes) {
  start(kVersion1 | kFZeroes | kFDiscard);
  EXPECT_EQ(run(kOut, 0, {{kData, 512, false}}), kOk);
  EXPECT_EQ(disk->log, "wf");
  disk->fail_flush = true;
  EXPECT_EQ(run(kOut, 0, {{kData, 512, false}}), kIoErr) << "not durable, so not done";
}

TEST_F(BlkTest, Durability_FlushRequestFlushesAfterTheWritesBeforeIt) {
  start();
  run(kOut, 0, {{kData, 512, false}});
  run(kOut, 1, {{kData, 512, false}});
  EXPECT_EQ(run(kFlush, 0, {}), kOk);
  run(kOut, 2, {{kData, 512, false}});
  EXPECT_EQ(disk->log, "wwfw");
}

TEST_F(BlkTest, GetId_TwentyBytes) {
  start();
  put_text(*ram, kData, std::string(32, '#'));
  EXPECT_EQ(run(kGetId, 0, {{kData, 20, true}}), kOk);
  EXPECT_EQ(get_text(*ram, kData, 21), "a serial number that#");
  EXPECT_EQ(last_len(), 21u);
  EXPECT_EQ(run(kGetId, 0, {{kData, 5, true}}), kOk);
  EXPECT_EQ(last_len(), 6u);
}

struct Extent {
  uint64_t sector;
  uint32_t sectors, flags;
};

TEST_F(BlkTest, DiscardAndWriteZeroes) {
  start();
  std::fill(disk->bytes.begin(), disk->bytes.end(), 'd');
  const auto erase = [&](uint32_t type, Extent extent, uint32_t size = 16) {
    rings.put(kData, extent);
    return run(type, 0, {{kData, size, false}});
  };
  EXPECT_EQ(erase(kZeroes, {2, 3, 0}), kOk);
  EXPECT_EQ(disk->text(1023, 2), std::string("d\0", 2));
  EXPECT_EQ(disk->text(2559, 2), std::string("\0d", 2));
  EXPECT_EQ(erase(kZeroes, {10, 1, 1}), kOk) << "may unmap";
  EXPECT_EQ(erase(kDiscard, {20, 2, 0}), kOk);
  EXPECT_EQ(disk->log, "zzd");
  EXPECT_EQ(erase(kDiscard, {20, 2, 1}), kUnsupp) << "unmap is no flag of a discard";
  EXPECT_EQ(erase(kZeroes, {20, 2, 2}), kUnsupp);
  EXPECT_EQ(erase(kZeroes, {63, 2, 0}), kIoErr);
  EXPECT_EQ(erase(kZeroes, {~uint64_t{0}, 2, 0}), kIoErr);
  EXPECT_EQ(erase(kDiscard, {0, 0xffff'ffff, 0}), kIoErr);
  EXPECT_EQ(erase(kZeroes, {0, 1, 0}, 8), kIoErr) << "half an extent";
  EXPECT_EQ(disk->log, "zzd");
}

TEST_F(BlkTest, NotNegotiatedAndUnknown_AreUnsupported) {
  start(kVersion1);
  rings.put(kData, Extent{0, 1, 0});
  EXPECT_EQ(run(kDiscard, 0, {{kData, 16, false}}), kUnsupp);
  EXPECT_EQ(run(kZeroes, 0, {{kData, 16, false}}), kUnsupp);
  EXPECT_EQ(run(99, 0, {{kData, 16, true}}), kUnsupp);
  EXPECT_EQ(last_len(), 17u);
}

TEST_F(BlkTest, ReadOnlyDisk_SaysSoAndRefusesWrites) {
  Bench other;
  auto* fixed = new MemoryDisk(8);
  fixed->fixed = true;
  VirtioMmio rom{
      "blk", *ram, other.wires.line(1),
      std::make_unique<VirtioBlk>("blk", other.scheduler, std::unique_ptr<BlockBackend>(fixed), ""),
      VirtioVersion::kModern};
  EXPECT_EQ(rom.read(reg::kDeviceFeatures, 4) & 0x3fff'ffff, 0x3000'0664u);
  start_modern(rom, kVersion1, {&rings});
  header(kOut, 0);
  rings.chain(0, {{kHeader, 16, false}, {kData, 512, false}, {kStatus, 1, true}});
  rings.offer(0);
  rom.write(reg::kQueueNotify, 4, 0);
  other.advance(1000);
  EXPECT_EQ(rings.get<uint8_t>(kStatus), kIoErr);
  EXPECT_EQ(fixed->calls, 0u);
}

TEST_F(BlkTest, Hostile_NoHeaderOrNoStatusNeedsReset) {
  const std::vector<Buffer> chains[] = {{{kHeader, 15, false}, {kStatus, 1, true}},
                                        {{kHeader, 16, false}, {kData, 512, false}},
                                        {{kStatus, 1, true}}};
  for (const auto& buffers : chains) {
    rings = Rings(*ram, 16, kRamBase + 0x1000);
    ram->clear();
    start();
    rings.chain(0, buffers);
    rings.offer(0);
    slot.write(reg::kQueueNotify, 4, 0);
    bench.advance(VirtioBlk::kLatency);
    EXPECT_TRUE(slot.read(reg::kStatus, 4) & kNeedsReset);
    EXPECT_EQ(rings.used_index(), 0);
  }
}

TEST_F(BlkTest, Hostile_ReadOverItsOwnRingsEnds) {
  start();
  std::fill(disk->bytes.begin(), disk->bytes.end(), 0xff);
  run(kIn, 0, {{rings.descriptors, 8192, true}});
  bench.advance(1'000'000);
  SUCCEED();
}

// More bytes than one event may move: the rest comes with the next, and nothing is lost.
TEST_F(BlkTest, LongQueue_IsDoneInPortions) {
  auto large = make_ram(64 << 20);
  auto* wide = new MemoryDisk((20 << 20) / 512);
  VirtioMmio device{
      "blk", *large, bench.wires.line(1),
      std::make_unique<VirtioBlk>("blk", bench.scheduler, std::unique_ptr<BlockBackend>(wide), ""),
      VirtioVersion::kModern};
  Rings queue(*large, 16);
  start_modern(device, kVersion1, {&queue});
  queue.put(kHeader, uint32_t{kIn});
  for (uint16_t n = 0; n < 3; ++n) {
    queue.chain(static_cast<uint16_t>(4 * n),
                {{kHeader, 16, false}, {kRamBase + (1 << 20), 9 << 20, true}, {kStatus, 1, true}});
    queue.offer(static_cast<uint16_t>(4 * n));
  }
  device.write(reg::kQueueNotify, 4, 0);
  bench.advance(VirtioBlk::kLatency);
  EXPECT_EQ(queue.used_index(), 2);
  bench.advance(VirtioBlk::kLatency);
  EXPECT_EQ(queue.used_index(), 3);
}

// Following descriptors of nothing is work as well: 600 requests of 1,024 each are not one event's.
TEST_F(BlkTest, EmptyDescriptors_CountAgainstTheEvent) {
  rings = Rings(*ram, 1024);
  start();
  header(kIn, 0);
  rings.describe(0, kHeader, 16, kNext, 1);
  for (uint16_t i = 1; i < 1023; ++i) rings.describe(i, 0, 0, kNext, static_cast<uint16_t>(i + 1));
  rings.describe(1023, kStatus, 1, kWrite);
  for (unsigned i = 0; i < 600; ++i) rings.offer(0);
  slot.write(reg::kQueueNotify, 4, 0);
  bench.advance(VirtioBlk::kLatency);
  EXPECT_GT(rings.used_index(), 0);
  EXPECT_LT(rings.used_index(), 300);
  bench.advance(3 * VirtioBlk::kLatency);
  EXPECT_EQ(rings.used_index(), 600);
}

TEST_F(BlkTest, Reset_ForgetsRequestsInFlight) {
  start();
  header(kIn, 0);
  rings.chain(0, {{kHeader, 16, false}, {kData, 512, true}, {kStatus, 1, true}});
  rings.offer(0);
  slot.write(reg::kQueueNotify, 4, 0);
  slot.write(reg::kStatus, 4, 0);
  bench.advance(10 * VirtioBlk::kLatency);
  EXPECT_EQ(rings.get<uint8_t>(kStatus), kUntouched);
  EXPECT_EQ(disk->calls, 0u);
}

TEST_F(BlkTest, Reset_LaterRequestsHaveTheirOwnTime) {
  start();
  header(kIn, 0);
  rings.chain(0, {{kHeader, 16, false}, {kData, 512, true}, {kStatus, 1, true}});
  rings.offer(0);
  slot.write(reg::kQueueNotify, 4, 0);
  bench.advance(VirtioBlk::kLatency / 2);
  Rings fresh(*ram, 16, kRamBase + 0x8000);
  start_modern(slot, kVersion1, {&fresh});
  fresh.chain(0, {{kHeader, 16, false}, {kData, 512, true}, {kStatus, 1, true}});
  fresh.offer(0);
  slot.write(reg::kQueueNotify, 4, 0);
  bench.advance(VirtioBlk::kLatency - 1);
  EXPECT_EQ(fresh.used_index(), 0);
  bench.advance(1);
  EXPECT_EQ(fresh.used_index(), 1);
}

// DMA is announced: a page that a cache depends on is reported before and after, and reservations end.
TEST_F(BlkTest, Dma_IsAnnounced) {
  struct Listener final : core::RamListener {
    void before_write(core::GuestPhys at, size_t size) noexcept override {
      log.push_back({'b', at.value, size});
    }
    void after_write(core::GuestPhys at, size_t size, uint8_t) noexcept override {
      log.push_back({'a', at.value, size});
    }
    void dma_wrote(core::GuestPhys at, size_t size) noexcept override {
      dma.push_back({'d', at.value, size});
    }
    struct Entry {
      char what;
      uint64_t at;
      size_t size;
      bool operator==(const Entry&) const = default;
    };
    std::vector<Entry> log, dma;
  } listener;
  start();
  ram->add_listener(&listener);
  ram->set_flag({kData}, core::kCode);
  run(kIn, 0, {{kData, 512, true}});
  const std::vector<Listener::Entry> expected = {{'b', kData, 512}, {'a', kData, 512}};
  EXPECT_EQ(listener.log, expected);
  EXPECT_NE(std::find(listener.dma.begin(), listener.dma.end(), (Listener::Entry{'d', kData, 512})),
            listener.dma.end());
}

}  // namespace
}  // namespace vitrine::devices::test
