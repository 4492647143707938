// SPDX-License-Identifier: MIT
// virtio-mmio with a disk, an entropy source or a console behind it, as the first byte says. The rest are acts of a driver
// that keeps no rule: it writes descriptors and rings anywhere and at any time, notifies, resets, pokes registers and the
// memory that the device uses. After each act, what the device did is bounded; at the end a reset makes it calm, and a
// second device beside it works.
#include "devices/virtio/blk.h"
#include "devices/virtio/console.h"
#include "devices/virtio/mmio.h"
#include "devices/virtio/rng.h"
#include "tests/devices/virtio/driver.h"
#include "tests/devices/virtio/memory_disk.h"
#include "tests/fuzz/registers.h"

using namespace vitrine;
using namespace vitrine::devices;
using namespace vitrine::devices::test;

namespace {

constexpr uint64_t kSmallRam = 64 << 10;
constexpr unsigned kQueueSize = 8;
// Of one act: an event's bytes, and one chain more, which names no more bytes than RAM has.
constexpr uint64_t kMostOutput = VirtioConsole::kBytesPerEvent + kSmallRam;
// A queue of requests, each to discard as many extents of 16 bytes as RAM has room for, and then to be durable.
constexpr uint64_t kMostRequests = kQueueSize * (kSmallRam / 16 + 2);

class Driver {
 public:
  Driver(uint8_t kind, fuzz::Input& input)
      : input_(input),
        version_(kind & 1 ? VirtioVersion::kModern : VirtioVersion::kLegacy),
        slot_("dev", *ram_, bench_.wires.line(1), model(kind >> 1 & 3), version_),
        other_("other", *other_ram_, bench_.wires.line(2), std::make_unique<VirtioRng>(1), VirtioVersion::kModern) {}

  void act() {
    const unsigned calls = disk_ ? disk_->calls : 0;
    output_.text.clear();
    one_act(input_.byte() % 14);
    fuzz::require(output_.text.size() <= kMostOutput, "the output of one act is bounded");
    fuzz::require(!disk_ || disk_->calls - calls <= kMostRequests, "the disk's work for one act is bounded");
    if (disk_) disk_->log.clear();
  }
  void end() {
    slot_.write(reg::kStatus, 4, 0);
    fuzz::require(slot_.read(reg::kStatus, 4) == 0 && !bench_.wires.level(1), "a reset device is calm");
    Rings rings(*other_ram_, kQueueSize);
    start_modern(other_, kVersion1, {&rings});
    rings.chain(0, {{kRamBase + 0x8000, 16, true}});
    rings.offer(0);
    other_.write(reg::kQueueNotify, 4, 0);
    bench_.advance(1000);
    fuzz::require(rings.used_index() == 1 && rings.used_len(0) == 16, "the other device works on");
  }

 private:
  std::unique_ptr<VirtioModel> model(unsigned kind) {
    if (kind == 1) return std::make_unique<VirtioRng>(1);
    if (kind == 2) return std::make_unique<VirtioConsole>("dev", bench_.scheduler, output_);
    auto disk = std::make_unique<MemoryDisk>(64);
    disk_ = disk.get();
    return std::make_unique<VirtioBlk>("dev", bench_.scheduler, std::move(disk), "id");
  }
  // Mostly in RAM; at its end; a device's; anywhere.
  uint64_t address() {
    switch (input_.byte() % 16) {
      case 0: return input_.take<uint64_t>();
      case 1: return kRamBase + kSmallRam - input_.byte();
      case 2: return 0x1000'0000 + input_.byte();
      default: return kRamBase + input_.take<uint16_t>();
    }
  }
  uint32_t length() {
    const uint8_t kind = input_.byte();
    return kind < 250 ? kind * 16u + (kind & 1) : input_.take<uint32_t>();
  }
  void start() {
    if (version_ == VirtioVersion::kLegacy) return start_legacy();
    slot_.write(reg::kStatus, 4, 0);
    const uint64_t offered = 0x1'3000'0000;
    start_modern(slot_, uint64_t{input_.byte()} << 25 & offered, {&rings_, &rings_});
  }
  void start_legacy() {
    const auto out = [&](uint64_t at, uint64_t value) { slot_.write(at, 4, value); };
    out(reg::kStatus, 0);
    out(reg::kDriverFeatures, uint64_t{input_.byte()} << 25 & 0x3000'0000);
    out(reg::kGuestPageSize, 4096);
    for (unsigned queue = 0; queue < 2; ++queue) {
      out(reg::kQueueSel, queue);
      out(reg::kQueueNum, kQueueSize);
      out(reg::kQueueAlign, 4096);
      out(reg::kQueuePfn, kRamBase >> 12);
    }
    out(reg::kStatus, kAcknowledge | devices::test::kDriver | kDriverOk);
  }
  void describe(uint64_t place) {
    const uint64_t at = address();
    const uint32_t bytes = length();
    const uint8_t flags = input_.byte();
    rings_.describe_at(place, at, bytes, flags & 7, flags >> 3 & 15);
  }
  void one_act(unsigned what) {
    switch (what) {
      case 0: return start();
      case 1: return describe(rings_.descriptors + 16 * (input_.byte() % kQueueSize));
      case 2: return describe(kRamBase + 16 * (input_.byte() + 0x200));  // an indirect table
      case 3: return rings_.offer(input_.byte() % (kQueueSize + 1));
      case 4: return rings_.put<uint16_t>(rings_.available + 2, input_.take<uint16_t>());
      case 5: return rings_.put<uint16_t>(rings_.available + 4 + 2 * (input_.byte() % kQueueSize), input_.byte());
      case 6: return header();
      case 7: return fuzz::access(slot_, input_, true);
      case 8: return fuzz::access(slot_, input_, false);
      case 9: return bench_.advance(input_.take<uint16_t>());
      case 10: return receive();
      case 11: return rings_.put<uint8_t>(kRamBase + input_.take<uint16_t>(), input_.byte());
      default: return slot_.write(reg::kQueueNotify, 4, input_.byte() % 3);
    }
  }
  void header() {  // of a block request, at 0x3000
    rings_.put<uint32_t>(kRamBase + 0x3000, input_.byte() % 16);
    rings_.put<uint64_t>(kRamBase + 0x3008, input_.byte() & 1 ? input_.byte() % 70 : input_.take<uint64_t>());
  }
  void receive() {
    if (disk_) {
      disk_->fail = input_.byte() & 1;
      return;
    }
    if (auto* console = dynamic_cast<VirtioConsole*>(&slot_.model()); console && console->room())
      console->receive(input_.byte());
  }

  fuzz::Input& input_;
  Bench bench_;
  Output output_;
  MemoryDisk* disk_ = nullptr;
  std::unique_ptr<core::GuestRam> ram_ = make_ram(kSmallRam), other_ram_ = make_ram(kSmallRam);
  Rings rings_{*ram_, kQueueSize, kRamBase};
  VirtioVersion version_;
  VirtioMmio slot_, other_;
};

}  // namespace

VITRINE_FUZZ_TARGET(input) {
  const uint8_t kind = input.byte();
  Driver driver(kind, input);
  while (!input.empty()) driver.act();
  driver.end();
}
