// SPDX-License-Identifier: MIT
// The entropy device. The generator's expected values are the published ones of its authors' algorithms
// (SplitMix64 from seed 1234567; xoshiro256** from state 1, 2, 3, 4), not computed by it.
#include "devices/virtio/rng.h"

#include "devices/virtio/mmio.h"
#include "tests/devices/virtio/driver.h"

namespace vitrine::devices::test {
namespace {

TEST(RandomGenerator, Seed_IsSpreadBySplitMix64) {
  RandomGenerator generator(1234567);
  core::StateLister lister;
  generator.serialize(lister);
  const std::vector<std::string> expected = {fmt::format(".generator = {:#x}", 6457827717110365317u),
                                             fmt::format(".generator = {:#x}", 3203168211198807973u),
                                             fmt::format(".generator = {:#x}", 9817491932198370423u),
                                             fmt::format(".generator = {:#x}", 4593380528125082431u)};
  EXPECT_EQ(lister.lines(), expected);
}

// Loads the state 1, 2, 3, 4.
struct OneTwoThreeFour final : core::Archive {
  bool loading() const override { return true; }
  void bytes(std::string_view, std::span<std::byte>) override {}
  void section(std::string_view) override {}
  void word(std::string_view, uint64_t& raw) override { raw = ++count; }
  uint64_t count = 0;
};

TEST(RandomGenerator, Sequence_IsXoshiro256StarStar) {
  RandomGenerator generator(0);
  OneTwoThreeFour state;
  generator.serialize(state);
  for (uint64_t expected : {11520u, 0u, 1509978240u}) EXPECT_EQ(generator.next(), expected);
  EXPECT_EQ(generator.next(), 1215971899390074240u);
  EXPECT_EQ(generator.next(), 1216172134540287360u);
  EXPECT_EQ(generator.next(), 607988272756665600u);
  EXPECT_EQ(generator.next(), 16172922978634559625u);
}

constexpr uint64_t kData = kRamBase + 0x2'0000;

struct RngRig {
  explicit RngRig(uint64_t seed = 42)
      : device("rng0", *ram, bench.wires.line(3), std::make_unique<VirtioRng>(seed), VirtioVersion::kModern) {
    start_modern(device, kVersion1, {&rings});
  }
  void ask(const std::vector<Buffer>& buffers) {
    rings.chain(0, buffers);
    rings.offer(0);
    device.write(reg::kQueueNotify, 4, 0);
  }
  uint32_t last_len() { return rings.used_len(static_cast<uint16_t>(rings.used_index() - 1)); }

  std::unique_ptr<core::GuestRam> ram = make_ram();
  Bench bench;
  Rings rings{*ram, 8};
  VirtioMmio device;
};

TEST(VirtioRng, Identity) {
  RngRig rig;
  EXPECT_EQ(rig.device.read(reg::kDeviceId, 4), 4u);
}

TEST(VirtioRng, FillsBuffersWithTheSeedsSequence) {
  RngRig rig;
  rig.ask({{kData, 5, true}, {kData + 100, 11, true}});
  EXPECT_EQ(rig.last_len(), 16u);
  EXPECT_TRUE(rig.bench.wires.level(3));
  RandomGenerator same(42);
  const uint64_t words[] = {same.next(), same.next()};
  std::string expected(16, '\0');
  std::memcpy(expected.data(), words, 16);
  EXPECT_EQ(get_text(*rig.ram, kData, 5) + get_text(*rig.ram, kData + 100, 11), expected);
  EXPECT_EQ(get_text(*rig.ram, kData + 5, 1), std::string(1, '\0')) << "not a byte beyond the buffer";
}

// A request draws whole words, as many as it needs: the next one begins with the word after them.
TEST(VirtioRng, EachRequestDrawsWholeWords) {
  RngRig rig;
  RandomGenerator same(42);
  for (auto [size, words] : {std::pair{8u, 1u}, {9u, 2u}, {16u, 2u}, {1u, 1u}}) {
    rig.ask({{kData, size, true}});
    EXPECT_EQ(rig.rings.get<uint8_t>(kData), same.next() & 0xff) << size;
    while (--words) same.next();
  }
}

TEST(VirtioRng, SameSeedSameBytes_OtherSeedOthers) {
  RngRig a(1), b(1), c(2);
  for (RngRig* rig : {&a, &b, &c}) rig->ask({{kData, 64, true}});
  EXPECT_EQ(get_text(*a.ram, kData, 64), get_text(*b.ram, kData, 64));
  EXPECT_NE(get_text(*a.ram, kData, 64), get_text(*c.ram, kData, 64));
}

TEST(VirtioRng, DeviceReset_DoesNotRepeatTheSequence) {
  RngRig rig;
  rig.ask({{kData, 32, true}});
  const std::string first = get_text(*rig.ram, kData, 32);
  rig.device.reset();
  Rings fresh(*rig.ram, 8, kRamBase + 0x4'0000);
  start_modern(rig.device, kVersion1, {&fresh});
  fresh.chain(0, {{kData, 32, true}});
  fresh.offer(0);
  rig.device.write(reg::kQueueNotify, 4, 0);
  EXPECT_NE(get_text(*rig.ram, kData, 32), first);
}

TEST(VirtioRng, HugeAndEmptyChains) {
  RngRig rig;
  rig.ask({{kData, 0x8'0000, true}});
  EXPECT_EQ(rig.last_len(), 0x1'0000u) << "bounded";
  rig.ask({{kData, 16, false}});
  EXPECT_EQ(rig.last_len(), 0u);
}

TEST(VirtioRng, Restore_GoesOnWithTheSequence) {
  RngRig first, second(99);
  first.ask({{kData, 8, true}});
  restore(second.bench, second.device, save(first.bench, first.device));
  // The second machine's RAM is its own; the queue goes on at index 1 in both.
  for (RngRig* rig : {&first, &second}) {
    rig->rings.chain(0, {{kData, 24, true}});
    rig->rings.put<uint16_t>(rig->rings.available + 2, 2);
    rig->device.write(reg::kQueueNotify, 4, 0);
  }
  EXPECT_EQ(get_text(*first.ram, kData, 24), get_text(*second.ram, kData, 24));
  EXPECT_NE(get_text(*second.ram, kData, 8), std::string(8, '\0'));
}

}  // namespace
}  // namespace vitrine::devices::test
