// SPDX-License-Identifier: MIT
// Virtio devices restored into instances with another past go on exactly as the saved ones: random chains,
// requests in flight, broken queues, resets. Guest RAM is part of what is saved here.
#include "devices/virtio/blk.h"
#include "devices/virtio/console.h"
#include "devices/virtio/mmio.h"
#include "devices/virtio/rng.h"
#include "tests/devices/virtio/driver.h"
#include "tests/devices/virtio/memory_disk.h"

namespace vitrine::devices::test {
namespace {

constexpr uint64_t kSmallRam = 64 << 10;
constexpr uint64_t kQueues = kRamBase, kArea = kRamBase + 0x8000;

// Slot and RAM as one device, so that the shared bench saves and restores both.
struct WithRam final : core::Device {
  WithRam(core::GuestRam& ram, VirtioMmio& slot) : ram(ram), slot(slot) {}
  std::string_view name() const override { return slot.name(); }
  std::span<const core::RegisterRow> registers() const override { return slot.registers(); }
  unsigned widths() const override { return slot.widths(); }
  uint64_t read(uint64_t offset, unsigned width) override { return slot.read(offset, width); }
  void write(uint64_t offset, unsigned width, uint64_t value) override { slot.write(offset, width, value); }
  uint64_t peek(uint64_t offset, unsigned width) const override { return slot.peek(offset, width); }
  void reset() override { slot.reset(); }
  void serialize(core::Archive& ar) override {
    slot.serialize(ar);
    ar.bytes("ram", {reinterpret_cast<std::byte*>(ram.host(ram.base())), ram.size()});
  }
  core::GuestRam& ram;
  VirtioMmio& slot;
};

std::unique_ptr<VirtioModel> make_model(int kind, Bench& bench, Output& output) {
  if (kind == 0)
    return std::make_unique<VirtioBlk>("dev", bench.scheduler, std::make_unique<MemoryDisk>(32), "id");
  if (kind == 1) return std::make_unique<VirtioRng>(5);
  return std::make_unique<VirtioConsole>("dev", bench.scheduler, output);
}

template <int Kind, VirtioVersion Version>
struct VirtioRig {
  VirtioRig() { restart(); }

  void restart() {
    const auto word = [&](uint64_t offset, uint32_t value) { slot.write(offset, 4, value); };
    if (Version == VirtioVersion::kModern)
      return start_modern(slot, kVersion1 | kIndirectDescriptors | kEventIndex, {&rings, &rings});
    word(reg::kStatus, 0);
    word(reg::kDriverFeatures, 1 << 29);
    word(reg::kGuestPageSize, 4096), word(reg::kQueueNum, 8), word(reg::kQueueAlign, 4096);
    word(reg::kQueuePfn, kQueues >> 12);
    word(reg::kStatus, 7);
  }

  // A chain of small random buffers, mostly legal; what a block request needs is there.
  void offer(std::mt19937_64& random) {
    const auto head = static_cast<uint16_t>(random() % 4);
    rings.put(kArea, static_cast<uint32_t>(random() % 3));
    rings.put(kArea + 8, random() % 40);
    const bool wild = random() % 50 == 0;
    rings.chain(head, {{kArea, 16, false},
                       {wild ? random() : kArea + 512 * (1 + random() % 8), 512, random() % 2 == 0},
                       {kArea + 0x1fff, 1, true}});
    const auto index = rings.get<uint16_t>(rings.available + 2);
    rings.put<uint16_t>(rings.available + 4 + 2 * (index % 8), head);
    rings.put<uint16_t>(rings.available + 2, index + 1);
    rings.set_used_event(rings.used_index());
  }

  void act(std::mt19937_64& random) {
    switch (random() % 14) {
      case 0: bench.advance(random() % 150); break;
      case 1: log.push_back(slot.read(reg::kInterruptStatus, 4)); break;
      case 2: slot.write(reg::kInterruptAck, 4, random() % 4); break;
      case 3: random_access(bench, slot, random, log); break;
      case 4:
        if (const uint64_t status = slot.read(reg::kStatus, 4);
            random() % 8 == 0 || (status & kNeedsReset) || !(status & kDriverOk)) {
          rings.put<uint16_t>(rings.available + 2, 0), rings.put<uint16_t>(rings.used + 2, 0);
          restart();
        }
        break;
      case 5:
        if (auto* console = dynamic_cast<VirtioConsole*>(&slot.model()); console && console->room())
          console->receive(static_cast<uint8_t>(random()));
        break;
      // Negotiation in steps, so that a save falls between them; every second set of features is refused.
      case 12:
        if (random() % 8 != 0) break;
        slot.write(reg::kStatus, 4, 0);
        slot.write(reg::kDriverFeatures, 4, random() % 2 ? 1 << 28 : 1 << 27);
        break;
      case 13:
        slot.write(reg::kStatus, 4, slot.read(reg::kStatus, 4) | kDriver | kFeaturesOk);
        log.push_back(slot.read(reg::kStatus, 4));
        break;
      case 6:
      case 7:
      case 8: offer(random); [[fallthrough]];
      default: slot.write(reg::kQueueNotify, 4, random() % 2); break;
    }
  }
  std::string seen() { return output.text; }

  Bench bench;
  Output output;
  std::unique_ptr<core::GuestRam> ram = make_ram(kSmallRam);
  VirtioMmio slot{"dev", *ram, bench.wires.line(1), make_model(Kind, bench, output), Version};
  Rings rings{*ram, 8, kQueues};
  WithRam device{*ram, slot};
  std::vector<uint64_t> log;
};

using BlkModern = VirtioRig<0, VirtioVersion::kModern>;
using BlkLegacy = VirtioRig<0, VirtioVersion::kLegacy>;
using RngModern = VirtioRig<1, VirtioVersion::kModern>;
using ConsoleModern = VirtioRig<2, VirtioVersion::kModern>;

TEST(VirtioRestore, Blk_IsExact) { expect_restore_is_exact<BlkModern>(); }
TEST(VirtioRestore, BlkLegacy_IsExact) { expect_restore_is_exact<BlkLegacy>(); }
TEST(VirtioRestore, Rng_IsExact) { expect_restore_is_exact<RngModern>(); }
TEST(VirtioRestore, Console_IsExact) { expect_restore_is_exact<ConsoleModern>(); }
TEST(VirtioRestore, Peek_IsSilent) { expect_peek_is_silent<BlkModern>(); }
TEST(VirtioRestore, Tables_AreSound) {
  BlkModern rig;
  expect_table_is_sound(rig.slot);
}

// The rigs do real work: requests complete, and some queues break.
TEST(VirtioRestore, Rigs_ReachCompletionsAndBrokenQueues) {
  std::mt19937_64 random(1);
  unsigned used = 0, broken = 0;
  for (unsigned round = 0; round < 50; ++round) {
    BlkModern rig;
    for (unsigned i = 0; i < 100; ++i) rig.act(random);
    used += rig.rings.used_index() != 0;
    broken += (rig.slot.read(reg::kStatus, 4) & kNeedsReset) != 0;
  }
  EXPECT_GT(used, 10u);
  EXPECT_GT(broken, 2u);
}

}  // namespace
}  // namespace vitrine::devices::test
