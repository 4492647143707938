// SPDX-License-Identifier: MIT
// Guests that mean harm: random register writes of any width over RAM full of almost valid rings, for each
// model and both versions. There is nothing to compare; the device must return, stay inside RAM (the
// sanitizer builds watch that) and be usable again after a reset.
#include "devices/virtio/blk.h"
#include "devices/virtio/console.h"
#include "devices/virtio/mmio.h"
#include "devices/virtio/rng.h"
#include "tests/devices/virtio/driver.h"
#include "tests/devices/virtio/memory_disk.h"

namespace vitrine::devices::test {
namespace {

constexpr uint64_t kSmallRam = 64 << 10;

struct Attack {
  Attack(int kind, VirtioVersion version)
      : slot("dev", *ram, bench.wires.line(1), make(kind), version), version(version) {}

  std::unique_ptr<VirtioModel> make(int kind) {
    if (kind == 0)
      return std::make_unique<VirtioBlk>("dev", bench.scheduler, std::make_unique<MemoryDisk>(64), "id");
    if (kind == 1) return std::make_unique<VirtioRng>(1);
    return std::make_unique<VirtioConsole>("dev", bench.scheduler, output);
  }
  // An address that is mostly in RAM, sometimes at its edge, sometimes anywhere.
  uint64_t address(std::mt19937_64& random) {
    switch (random() % 8) {
      case 0: return random();
      case 1: return kRamBase + kSmallRam - random() % 64;
      default: return kRamBase + random() % kSmallRam;
    }
  }
  void scribble(std::mt19937_64& random) {
    for (unsigned i = 0; i < 32; ++i) {
      const auto flags = static_cast<uint16_t>(random() % 8);
      const auto size = static_cast<uint32_t>(random() % 8 ? random() % 600 : random());
      rings.describe_at(kRamBase + 16 * (random() % 0x400), address(random), size, flags, random() % 10);
    }
    rings.describe_at(kRamBase + 16 * (random() % 8), kRamBase + 0x3000, 16, kNext, random() % 8);
    rings.put<uint16_t>(rings.available + 2, static_cast<uint16_t>(random() % 12));
    for (unsigned i = 0; i < 8; ++i) rings.put<uint16_t>(rings.available + 4 + 2 * i, random() % 9);
    rings.put(kRamBase + 0x3000, static_cast<uint32_t>(random() % 16));  // a block request's header
    rings.put(kRamBase + 0x3008, random() % 2 ? random() % 70 : random());
  }
  void start(std::mt19937_64& random) {
    slot.write(reg::kStatus, 4, 0);
    if (version == VirtioVersion::kModern)
      return start_modern(slot, random() & 0x1'3000'0000, {&rings, &rings});
    const auto out = [&](uint64_t at, uint64_t value) { slot.write(at, 4, value); };
    out(reg::kDriverFeatures, random() & 0x3000'0000);
    out(reg::kGuestPageSize, 4096);
    for (unsigned queue = 0; queue < 2; ++queue) {
      out(reg::kQueueSel, queue);
      out(reg::kQueueNum, 8);
      out(reg::kQueueAlign, 4096);
      out(reg::kQueuePfn, kRamBase >> 12);
    }
  }
  void act(std::mt19937_64& random) {
    switch (random() % 8) {
      case 0: start(random); break;
      case 1: scribble(random); break;
      case 2: bench.advance(random() % 300); break;
      case 4:
        if (auto* console = dynamic_cast<VirtioConsole*>(&slot.model()); console && console->room())
          console->receive('x');
        break;
      case 3: {
        const unsigned width = 1 << random() % 4;
        const uint64_t at = random() % 0x140 & ~uint64_t{width - 1};
        slot.write(at, width, random() >> random() % 64);
        slot.read(at, width);
        break;
      }
      default: slot.write(reg::kQueueNotify, 4, random() % 3); break;
    }
  }

  Bench bench;
  Output output;
  std::unique_ptr<core::GuestRam> ram = make_ram(kSmallRam);
  Rings rings{*ram, 8, kRamBase};
  VirtioMmio slot;
  VirtioVersion version;
};

class VirtioHostile : public testing::TestWithParam<std::tuple<int, VirtioVersion>> {};

TEST_P(VirtioHostile, RandomWritesAndRings_NeverHangAndResetHeals) {
  const auto [kind, version] = GetParam();
  std::mt19937_64 random(static_cast<unsigned>(kind) + 1);
  unsigned broken = 0, used = 0;
  for (unsigned round = 0; round < 300; ++round) {
    Attack attack(kind, version);
    for (unsigned i = 0; i < 100; ++i) {
      attack.act(random);
      broken += (attack.slot.read(reg::kStatus, 4) & kNeedsReset) != 0;
      used += attack.slot.read(reg::kInterruptStatus, 4) & 1;
      attack.output.text.clear();
    }
    attack.slot.write(reg::kStatus, 4, 0);
    ASSERT_EQ(attack.slot.read(reg::kStatus, 4), 0u);
    ASSERT_FALSE(attack.bench.wires.level(1));
  }
  EXPECT_GT(broken, 100u) << "the attacks reached the checks";
  EXPECT_GT(used, 100u) << "and the work behind them";
}

INSTANTIATE_TEST_SUITE_P(AllModels, VirtioHostile,
                         testing::Combine(testing::Values(0, 1, 2),
                                          testing::Values(VirtioVersion::kLegacy, VirtioVersion::kModern)));

}  // namespace
}  // namespace vitrine::devices::test
