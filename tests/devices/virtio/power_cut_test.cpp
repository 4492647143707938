// SPDX-License-Identifier: MIT
// The whole path from a guest's request to the host's disk, with the power cut after every completion: a host
// that keeps what was written since the last fdatasync may lose any part of it. By virtio 1.2 section 5.2.6.1
// and .2
// ("Device Operation"): with VIRTIO_BLK_F_FLUSH a completed flush makes all writes completed before it
// durable; without, a completed write is durable. tests/app/disk_test.py kills whole machines.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "devices/virtio/blk.h"
#include "devices/virtio/mmio.h"
#include "devices/virtio/raw_file.h"
#include "tests/devices/virtio/driver.h"

namespace vitrine::devices::test {
namespace {

constexpr uint64_t kSectors = 64;
using Sector = uint32_t;  // the number of the write that filled it

// A host whose cache never writes back by itself: the worst one.
struct LazyHost final : FileCalls {
  ssize_t pwritev(int fd, const iovec* from, int count, off_t offset) override {
    const ssize_t n = FileCalls::pwritev(fd, from, count, offset);
    ++writes;
    return n;
  }
  int fdatasync(int fd) override {
    for (uint64_t s = 0; s < kSectors; ++s)
      EXPECT_EQ(::pread(fd, &durable[s], sizeof(Sector), static_cast<off_t>(s * kSectorSize)), 4);
    ++syncs;
    return 0;
  }
  int fallocate(int, int, off_t, off_t) override {
    errno = EOPNOTSUPP;
    return -1;
  }
  std::vector<Sector> durable = std::vector<Sector>(kSectors);
  unsigned writes = 0, syncs = 0;
};

constexpr uint32_t kOut = 1, kFlush = 4, kZeroes = 13;
constexpr uint64_t kFFlush = 1 << 9, kFZeroes = 1 << 14;
constexpr uint64_t kHeaders = kRamBase + 0x2'0000, kStatuses = kRamBase + 0x2'8000,
                   kData = kRamBase + 0x3'0000;

struct PowerCutTest : testing::TestWithParam<bool> {
  struct Request {
    uint32_t type;
    uint64_t sector = 0;
    uint32_t sectors = 0;
    Sector fill = 0;
  };

  std::string path = testing::TempDir() + "vitrine_power_" + std::to_string(getpid()) + ".img";
  Bench bench;
  std::unique_ptr<core::GuestRam> ram = make_ram();
  Rings rings{*ram, 64};
  LazyHost host;
  // What each sector may hold after a power cut: what was promised last, and all that was written since.
  std::vector<std::set<Sector>> allowed = std::vector<std::set<Sector>>(kSectors, {0});
  std::vector<Sector> newest = std::vector<Sector>(kSectors);
  std::mt19937_64 random{1};
  Sector next_fill = 1;

  ~PowerCutTest() override { std::filesystem::remove(path); }

  void put_request(unsigned n, const Request& request) {
    const uint64_t header = kHeaders + 16 * n, data = kData + 0x2000 * n;
    rings.put(header, request.type);
    rings.put<uint32_t>(header + 4, 0);
    rings.put(header + 8, request.sector);
    rings.put<uint8_t>(kStatuses + n, 0xee);
    std::vector<Buffer> buffers{{header, 16, false}};
    if (request.type == kOut) {
      const auto bytes = static_cast<uint32_t>(request.sectors * kSectorSize);
      for (uint32_t at = 0; at < bytes; at += 4) rings.put(data + at, request.fill);
      const uint32_t cut = static_cast<uint32_t>(random() % (bytes - 1)) + 1;
      buffers.push_back({data, cut, false});
      buffers.push_back({data + cut, bytes - cut, false});
    } else if (request.type == kZeroes) {
      rings.put(data, request.sector);
      rings.put(data + 8, request.sectors);
      rings.put<uint32_t>(data + 12, 0);
      buffers.push_back({data, 16, false});
    }
    buffers.push_back({kStatuses + n, 1, true});
    rings.chain(static_cast<uint16_t>(8 * n), buffers);
    rings.offer(static_cast<uint16_t>(8 * n));
  }

  Request some_request() {
    const uint64_t sector = random() % kSectors;
    const auto sectors = static_cast<uint32_t>(1 + random() % std::min<uint64_t>(16, kSectors - sector));
    switch (random() % 6) {
      case 0: return {kFlush};
      case 1: return {kZeroes, sector, sectors, 0};
      default: return {kOut, sector, sectors, next_fill++};
    }
  }

  // What the guest may believe once it saw this request succeed.
  void believe(const Request& request, bool flush_negotiated) {
    for (uint64_t s = request.sector; s < request.sector + request.sectors; ++s) {
      newest[s] = request.fill;
      allowed[s].insert(request.fill);
      if (!flush_negotiated) allowed[s] = {request.fill};
    }
    if (request.type == kFlush)
      for (uint64_t s = 0; s < kSectors; ++s) allowed[s] = {newest[s]};
  }

  void check_after_power_cut() {
    for (uint64_t s = 0; s < kSectors; ++s)
      ASSERT_TRUE(allowed[s].count(host.durable[s])) << "sector " << s << " would hold " << host.durable[s];
  }
};

TEST_P(PowerCutTest, WhatTheGuestSawDurableIsDurable) {
  const bool flush_negotiated = GetParam();
  std::ofstream(path, std::ios::binary) << std::string(kSectors * kSectorSize, '\0');
  auto file = RawFile::open(path, RawFile::Access::kReadWrite, nullptr, host);
  ASSERT_TRUE(file.ok()) << file.error().message;
  VirtioMmio slot{"blk", *ram, bench.wires.line(8),
                  std::make_unique<VirtioBlk>("blk", bench.scheduler, std::move(file.value()), ""),
                  VirtioVersion::kModern};
  start_modern(slot, kVersion1 | kFZeroes | (flush_negotiated ? kFFlush : 0), {&rings});

  for (int round = 0; round < 1000; ++round) {
    std::vector<Request> requests(1 + random() % 6);
    for (unsigned n = 0; n < requests.size(); ++n) put_request(n, requests[n] = some_request());
    slot.write(reg::kQueueNotify, 4, 0);
    bench.advance(VirtioBlk::kLatency);
    for (unsigned n = 0; n < requests.size(); ++n) {
      ASSERT_EQ(rings.get<uint8_t>(kStatuses + n), 0);
      believe(requests[n], flush_negotiated);
    }
    ASSERT_NO_FATAL_FAILURE(check_after_power_cut());
  }
  EXPECT_GT(host.writes, 1000u);
  EXPECT_GT(host.syncs, 100u);
  if (flush_negotiated) {
    EXPECT_LT(host.syncs, host.writes) << "durability is paid for when it is asked for";
  }
}

INSTANTIATE_TEST_SUITE_P(, PowerCutTest, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "WithFlush" : "WithoutFlush"; });

}  // namespace
}  // namespace vitrine::devices::test
