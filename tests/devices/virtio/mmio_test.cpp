// SPDX-License-Identifier: MIT
// virtio over MMIO, by virtio 1.2 section 4.2, with a model that only records.
#include "devices/virtio/mmio.h"

#include "devices/virtio/empty_slot.h"
#include "tests/devices/virtio/driver.h"

namespace vitrine::devices::test {
namespace {

// Two queues; a notification gives back all chains with the length 7.
struct Recorder final : VirtioModel {
  void attach(VirtioPort& p) override { port = &p; }
  uint32_t device_id() const override { return 42; }
  unsigned queues() const override { return 2; }
  uint64_t features() const override { return 0x21; }
  std::span<const uint8_t> config() const override { return bytes; }
  std::span<const core::RegisterRow> config_rows() const override { return {}; }
  void write_config(uint64_t offset, unsigned width, uint64_t value) override {
    written = {offset, width, value};
  }
  void notified(unsigned queue) override {
    told.push_back(queue);
    Chain chain;
    bool any = false;
    while (port->take(queue, chain)) port->give_back(queue, chain, 7), any = true;
    if (any) port->interrupt(queue);
  }
  void reset() override { ++resets; }
  void serialize(core::Archive&) override {}

  VirtioPort* port = nullptr;
  std::vector<unsigned> told;
  std::vector<uint64_t> written;
  unsigned resets = 0;
  std::vector<uint8_t> bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
};

struct Complaints final : VirtioObserver {
  void device_needs_reset(std::string_view device, std::string_view why) override {
    all.push_back(std::string(device) + ": " + std::string(why));
  }
  std::vector<std::string> all;
};

constexpr uint64_t kOffered = kVersion1 | kEventIndex | kIndirectDescriptors | 0x21;

struct MmioTest : testing::Test {
  explicit MmioTest(VirtioVersion version = VirtioVersion::kModern)
      : slot("virtio0", *ram, bench.wires.line(1), std::make_unique<Recorder>(), version) {
    slot.set_observer(&complaints);
  }
  Recorder& model() { return static_cast<Recorder&>(slot.model()); }
  uint32_t in(uint64_t offset) { return static_cast<uint32_t>(slot.read(offset, 4)); }
  void out(uint64_t offset, uint32_t value) { slot.write(offset, 4, value); }
  bool line() { return bench.wires.level(1); }

  Bench bench;
  std::unique_ptr<core::GuestRam> ram = make_ram();
  Complaints complaints;
  VirtioMmio slot;
  Rings rings{*ram, 8}, other{*ram, 4, kRamBase + 0x8000};
};

struct LegacyTest : MmioTest {
  LegacyTest() : MmioTest(VirtioVersion::kLegacy) {}
};

TEST_F(MmioTest, Identity) {
  EXPECT_EQ(in(reg::kMagic), 0x74726976u);
  EXPECT_EQ(in(reg::kVersion), 2u);
  EXPECT_EQ(in(reg::kDeviceId), 42u);
  EXPECT_EQ(in(reg::kVendor), 0x554d4551u);
  EXPECT_EQ(in(reg::kConfigGeneration), 0u);
  EXPECT_EQ(in(reg::kStatus), 0u);
}

TEST_F(MmioTest, DeviceFeatures_ByHalves) {
  out(reg::kDeviceFeaturesSel, 0);
  EXPECT_EQ(in(reg::kDeviceFeatures), kOffered & 0xffff'ffff);
  out(reg::kDeviceFeaturesSel, 1);
  EXPECT_EQ(in(reg::kDeviceFeatures), 1u);
  out(reg::kDeviceFeaturesSel, 2);
  EXPECT_EQ(in(reg::kDeviceFeatures), 0u);
}

TEST_F(MmioTest, Features_NotOfferedAreRefused) {
  out(reg::kStatus, kAcknowledge | kDriver);
  out(reg::kDriverFeatures, 2);
  out(reg::kStatus, kAcknowledge | kDriver | kFeaturesOk);
  EXPECT_EQ(in(reg::kStatus), kAcknowledge | kDriver);
  out(reg::kDriverFeatures, 1);
  out(reg::kStatus, kAcknowledge | kDriver | kFeaturesOk);
  EXPECT_EQ(in(reg::kStatus), kAcknowledge | kDriver | kFeaturesOk);
  EXPECT_TRUE(model().port->negotiated(0));
  EXPECT_FALSE(model().port->negotiated(5));
}

TEST_F(MmioTest, Features_WrittenAfterFeaturesOkChangeNothing) {
  out(reg::kDriverFeatures, 1);
  out(reg::kStatus, kFeaturesOk);
  out(reg::kDriverFeatures, 0x20);
  EXPECT_TRUE(model().port->negotiated(0));
  EXPECT_FALSE(model().port->negotiated(5));
}

TEST_F(MmioTest, QueueRegisters_OfQueuesThatExist) {
  out(reg::kQueueSel, 1);
  EXPECT_EQ(in(reg::kQueueNumMax), 1024u);
  EXPECT_EQ(in(reg::kQueueReady), 0u);
  out(reg::kQueueReady, 1);
  EXPECT_EQ(in(reg::kQueueReady), 1u);
  out(reg::kQueueReady, 0);
  EXPECT_EQ(in(reg::kQueueReady), 0u);
  for (uint32_t none : {2u, 3u, 0xffff'ffffu}) {
    out(reg::kQueueSel, none);
    out(reg::kQueueReady, 1);
    EXPECT_EQ(in(reg::kQueueNumMax), 0u);
    EXPECT_EQ(in(reg::kQueueReady), 0u);
  }
}

TEST_F(MmioTest, Notify_ServesTheQueueAndInterrupts) {
  start_modern(slot, kOffered & ~kEventIndex, {&rings, &other});
  other.chain(2, {{kRamBase, 16, true}});
  other.offer(2);
  out(reg::kQueueNotify, 1);
  EXPECT_EQ(model().told, std::vector<unsigned>{1});
  EXPECT_EQ(other.used_index(), 1);
  EXPECT_EQ(other.used_id(0), 2u);
  EXPECT_EQ(other.used_len(0), 7u);
  EXPECT_TRUE(line());
  EXPECT_EQ(in(reg::kInterruptStatus), 1u);
  out(reg::kInterruptAck, 2);
  EXPECT_TRUE(line());
  out(reg::kInterruptAck, 1);
  EXPECT_FALSE(line());
  EXPECT_EQ(in(reg::kInterruptStatus), 0u);
  out(reg::kQueueNotify, 2);
  out(reg::kQueueNotify, 0xffff'ffff);
  EXPECT_EQ(model().told.size(), 1u) << "no such queues";
}

TEST_F(MmioTest, Notify_SuppressedInterrupt) {
  start_modern(slot, kOffered & ~kEventIndex, {&rings, &other});
  rings.set_flags(1);
  rings.chain(0, {{kRamBase, 16, true}});
  rings.offer(0);
  out(reg::kQueueNotify, 0);
  EXPECT_EQ(rings.used_index(), 1);
  EXPECT_FALSE(line());
}

TEST_F(MmioTest, Notify_BeforeDriverOkServesNothing_DriverOkDoes) {
  start_modern(slot, kOffered, {&rings, &other});
  out(reg::kStatus, kAcknowledge | kDriver | kFeaturesOk);
  rings.chain(0, {{kRamBase, 16, true}});
  rings.offer(0);
  out(reg::kQueueNotify, 0);
  EXPECT_EQ(rings.used_index(), 0);
  out(reg::kStatus, kAcknowledge | kDriver | kFeaturesOk | kDriverOk);
  EXPECT_EQ(rings.used_index(), 1);
}

TEST_F(MmioTest, BrokenQueue_NeedsResetAndStaysCalmUntilReset) {
  start_modern(slot, kOffered, {&rings, &other});
  rings.describe(0, 0, 64, kWrite);  // not in RAM
  rings.offer(0);
  out(reg::kQueueNotify, 0);
  EXPECT_EQ(in(reg::kStatus), kAcknowledge | kDriver | kFeaturesOk | kDriverOk | kNeedsReset);
  EXPECT_EQ(in(reg::kInterruptStatus), 2u) << "configuration change";
  EXPECT_TRUE(line());
  EXPECT_EQ(complaints.all, std::vector<std::string>{"virtio0: a buffer is not in RAM"});
  other.chain(0, {{kRamBase, 16, true}});
  other.offer(0);
  out(reg::kQueueNotify, 1);
  out(reg::kStatus, kAcknowledge | kDriver | kFeaturesOk | kDriverOk);
  EXPECT_TRUE(in(reg::kStatus)&kNeedsReset) << "only a reset takes it away";
  EXPECT_EQ(other.used_index(), 0);
  EXPECT_EQ(complaints.all.size(), 1u);

  out(reg::kStatus, 0);
  EXPECT_EQ(in(reg::kStatus), 0u);
  EXPECT_FALSE(line());
  Rings fresh(*ram, 8, kRamBase + 0x10000);
  start_modern(slot, kOffered, {&fresh, &other});
  fresh.chain(0, {{kRamBase, 16, true}});
  fresh.offer(0);
  out(reg::kQueueNotify, 0);
  EXPECT_EQ(fresh.used_index(), 1);
}

TEST_F(MmioTest, Reset_ClearsEverything) {
  start_modern(slot, kOffered, {&rings, &other});
  out(reg::kStatus, 0);
  out(reg::kQueueSel, 0);
  EXPECT_EQ(in(reg::kQueueReady), 0u);
  EXPECT_FALSE(model().port->negotiated(32));
  EXPECT_GE(model().resets, 2u);
}

TEST_F(MmioTest, SharedMemory_ThereIsNone) {
  out(reg::kShmSel, 0);
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(in(reg::kShmLen + 4 * i), 0xffff'ffffu);
}

TEST_F(MmioTest, Config_AnyWidthAndOnesBeyondItsEnd) {
  EXPECT_EQ(slot.read(reg::kConfig + 3, 1), 4u);
  EXPECT_EQ(slot.read(reg::kConfig + 2, 2), 0x0403u);
  EXPECT_EQ(slot.read(reg::kConfig + 4, 4), 0x08070605u);
  EXPECT_EQ(slot.read(reg::kConfig, 8), 0x0807060504030201u);
  EXPECT_EQ(slot.read(reg::kConfig + 8, 4), 0xffff0a09u);
  EXPECT_EQ(slot.read(0xff8, 8), ~uint64_t{0});
  slot.write(reg::kConfig + 4, 2, 0x1234);
  EXPECT_EQ(model().written, (std::vector<uint64_t>{4, 2, 0x1234}));
}

TEST_F(MmioTest, Registers_AreWordsOnly) {
  for (unsigned width : {1u, 2u, 8u}) {
    EXPECT_EQ(slot.read(reg::kMagic, width), 0u);
    slot.write(reg::kStatus, width, 1);
    EXPECT_EQ(in(reg::kStatus), 0u);
  }
}

// xv6 accepts no VERSION_1 and writes only the low half of the features.
TEST_F(MmioTest, DriverWithoutVersion1_IsServed) {
  start_modern(slot, 0, {&rings});
  rings.chain(0, {{kRamBase, 16, true}});
  rings.offer(0);
  out(reg::kQueueNotify, 0);
  EXPECT_EQ(rings.used_index(), 1);
  EXPECT_TRUE(line());
}

TEST_F(LegacyTest, Identity_AndNoHighFeatures) {
  EXPECT_EQ(in(reg::kVersion), 1u);
  out(reg::kDeviceFeaturesSel, 0);
  EXPECT_EQ(in(reg::kDeviceFeatures), kOffered & 0xffff'ffff);
  out(reg::kDeviceFeaturesSel, 1);
  EXPECT_EQ(in(reg::kDeviceFeatures), 0u);
}

// Layout of the legacy interface: 8 descriptors at page 5 of 0x1000 bytes, the used ring at the next page
// (2.7.2).
TEST_F(LegacyTest, QueuePfn_LaysOutOneRun) {
  Rings legacy(*ram, 8, kRamBase + 0x5000);
  legacy.used = kRamBase + 0x6000;
  out(reg::kStatus, kAcknowledge | kDriver);
  out(reg::kDriverFeatures, 0x23);  // one that was not offered is dropped
  EXPECT_TRUE(model().port->negotiated(5));
  EXPECT_FALSE(model().port->negotiated(1));
  out(reg::kGuestPageSize, 0x1000);
  out(reg::kQueueSel, 0);
  EXPECT_EQ(in(reg::kQueuePfn), 0u);
  out(reg::kQueueNum, 8);
  out(reg::kQueueAlign, 0x1000);
  out(reg::kQueuePfn, 0x80005);
  EXPECT_EQ(in(reg::kQueuePfn), 0x80005u);
  out(reg::kStatus, kAcknowledge | kDriver | kDriverOk);
  legacy.chain(1, {{kRamBase, 16, true}});
  legacy.offer(1);
  out(reg::kQueueNotify, 0);
  EXPECT_EQ(legacy.used_index(), 1);
  EXPECT_EQ(legacy.used_id(0), 1u);
  EXPECT_TRUE(line());
  EXPECT_EQ(in(reg::kQueueReady), 0u) << "no register of the legacy interface";

  out(reg::kQueuePfn, 0);
  legacy.offer(1);
  out(reg::kQueueNotify, 0);
  EXPECT_EQ(legacy.used_index(), 1) << "stopped";
}

// The order of Linux's driver: page size when the slot is found, then the device's reset.
TEST_F(LegacyTest, GuestPageSize_OutlivesTheDriversResetButNotPowerOn) {
  const auto queue_works = [&] {
    out(reg::kQueueNum, 8), out(reg::kQueueAlign, 0x1000), out(reg::kQueuePfn, 0x80005);
    Rings legacy(*ram, 8, kRamBase + 0x5000);
    legacy.put<uint16_t>(legacy.available + 2, 0);
    legacy.put<uint16_t>(legacy.used + 2, 0);
    legacy.chain(1, {{kRamBase, 16, true}});
    legacy.offer(1);
    out(reg::kQueueNotify, 0);
    return legacy.used_index() == 1;
  };
  out(reg::kGuestPageSize, 0x1000);
  out(reg::kStatus, 0);
  EXPECT_TRUE(queue_works());
  slot.reset();
  EXPECT_FALSE(queue_works());
}

TEST_F(LegacyTest, QueueAlign_OtherThanAPage) {
  out(reg::kGuestPageSize, 0x1000);
  out(reg::kQueueNum, 8);
  out(reg::kQueueAlign, 64);
  out(reg::kQueuePfn, 0x80005);
  Rings legacy(*ram, 8, kRamBase + 0x5000);
  legacy.used = kRamBase + 0x5000 + 192;  // 128 + 6 + 16 = 150, rounded up to 64
  legacy.chain(1, {{kRamBase, 16, true}});
  legacy.offer(1);
  out(reg::kQueueNotify, 0);
  EXPECT_EQ(legacy.used_index(), 1);
}

// xv6 of 2019 and what grew out of it never write QueueAlign, and set the queue up after DRIVER_OK.
TEST_F(LegacyTest, QueueAlign_IsAPageUnlessItIsWritten) {
  out(reg::kStatus, kAcknowledge | kDriver | kDriverOk);
  out(reg::kGuestPageSize, 0x1000);
  out(reg::kQueueSel, 0);
  out(reg::kQueueNum, 8);
  out(reg::kQueuePfn, 0x80005);
  Rings legacy(*ram, 8, kRamBase + 0x5000);
  legacy.used = kRamBase + 0x6000;
  legacy.chain(1, {{kRamBase, 16, true}});
  legacy.offer(1);
  out(reg::kQueueNotify, 0);
  EXPECT_EQ(legacy.used_index(), 1);
}

TEST_F(LegacyTest, Hostile_Layouts) {
  const struct {
    uint32_t page, num, align, pfn;
  } cases[] = {{0xffff'ffff, 1024, 0x8000'0000, 0xffff'ffff},
               {0x1000, 8, 0, 0x80005},
               {0x1000, 8, 3, 0x80005},
               {0, 8, 0x1000, 0x80005},
               {0x1000, 0, 0x1000, 0x80005},
               {0x1000, 0xffff'ffff, 4096, 0x80005},
               {0x1000, 8, 0x8000'0000, 0x80005},
               {0x1000, 8, 0x1000, 0x800ff}};
  for (const auto& c : cases) {
    out(reg::kStatus, 0);
    out(reg::kGuestPageSize, c.page), out(reg::kQueueNum, c.num), out(reg::kQueueAlign, c.align);
    out(reg::kQueuePfn, c.pfn);
    out(reg::kStatus, kAcknowledge | kDriver | kDriverOk);
    EXPECT_TRUE(in(reg::kStatus)&kNeedsReset) << c.page << " " << c.num << " " << c.align;
  }
}

TEST(VirtioEmptySlot, HasAMagicAndDevice0) {
  for (auto version : {VirtioVersion::kLegacy, VirtioVersion::kModern}) {
    VirtioEmptySlot slot("virtio-mmio@3", version);
    EXPECT_EQ(slot.read(reg::kMagic, 4), 0x74726976u);
    EXPECT_EQ(slot.read(reg::kVersion, 4), static_cast<uint64_t>(version));
    EXPECT_EQ(slot.read(reg::kDeviceId, 4), 0u);
    EXPECT_EQ(slot.read(reg::kVendor, 4), 0x554d4551u);
    slot.write(reg::kStatus, 4, 1);
    EXPECT_EQ(slot.read(reg::kStatus, 4), 0u);
    EXPECT_EQ(slot.read(reg::kDeviceFeatures, 4), 0u);
    expect_table_is_sound(slot);
  }
}

}  // namespace
}  // namespace vitrine::devices::test
