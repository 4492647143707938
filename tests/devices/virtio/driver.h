// SPDX-License-Identifier: MIT
// A small virtio driver for tests: it lays out a queue in guest RAM, makes chains and reads what came back,
// straight by the standard's offsets and with none of the device's code.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/guest_ram.h"
#include "tests/devices/bench.h"

namespace vitrine::devices::test {

inline constexpr uint64_t kRamBase = 0x8000'0000;
inline constexpr uint64_t kRamSize = 1 << 20;

inline std::unique_ptr<core::GuestRam> make_ram(uint64_t size = kRamSize) {
  auto ram = core::GuestRam::create({kRamBase}, size);
  EXPECT_TRUE(ram.ok());
  return std::move(ram.value());
}

enum : uint16_t { kNext = 1, kWrite = 2, kIndirect = 4 };

struct Buffer {
  uint64_t at;
  uint32_t size;
  bool device_writes;
};

// The three areas of one queue, and the driver's side of them.
class Rings {
 public:
  Rings(core::GuestRam& ram, uint32_t size, uint64_t at = kRamBase + 0x1000)
      : size(size),
        descriptors(at),
        available(at + 16 * size),
        used((available + 6 + 2 * size + 4095) & ~uint64_t{4095}),
        ram_(&ram) {}

  template <typename T>
  void put(uint64_t at, T value) {
    ASSERT_TRUE(ram_->write_value({at}, value));
  }
  template <typename T>
  T get(uint64_t at) {
    T value{};
    EXPECT_TRUE(ram_->read_value({at}, value));
    return value;
  }

  void describe(uint16_t index, uint64_t at, uint32_t bytes, uint16_t flags, uint16_t next = 0) {
    describe_at(descriptors + 16 * index, at, bytes, flags, next);
  }
  void describe_at(uint64_t place, uint64_t at, uint32_t bytes, uint16_t flags, uint16_t next) {
    put(place, at);
    put(place + 8, bytes);
    put(place + 12, flags);
    put(place + 14, next);
  }
  // Puts a chain of these buffers into the table from `head` on, without offering it.
  void chain(uint16_t head, const std::vector<Buffer>& buffers) {
    for (size_t i = 0; i < buffers.size(); ++i) {
      const bool more = i + 1 < buffers.size();
      const auto flags = static_cast<uint16_t>((buffers[i].device_writes ? kWrite : 0) | (more ? kNext : 0));
      describe(static_cast<uint16_t>(head + i), buffers[i].at, buffers[i].size, flags,
               static_cast<uint16_t>(more ? head + i + 1 : 0));
    }
  }
  void offer(uint16_t head) {
    put<uint16_t>(available + 4 + 2 * (offered_ % size), head);
    put<uint16_t>(available + 2, ++offered_);
  }
  [[nodiscard]] uint16_t used_index() { return get<uint16_t>(used + 2); }
  [[nodiscard]] uint32_t used_id(uint16_t n) { return get<uint32_t>(used + 4 + 8 * (n % size)); }
  [[nodiscard]] uint32_t used_len(uint16_t n) { return get<uint32_t>(used + 8 + 8 * (n % size)); }
  void set_flags(uint16_t flags) { put(available, flags); }
  void set_used_event(uint16_t index) { put(available + 4 + 2 * size, index); }
  [[nodiscard]] uint16_t avail_event() { return get<uint16_t>(used + 4 + 8 * size); }

  uint32_t size;
  uint64_t descriptors, available, used;

 private:
  core::GuestRam* ram_;
  uint16_t offered_ = 0;
};

inline void put_text(core::GuestRam& ram, uint64_t at, const std::string& text) {
  ASSERT_TRUE(ram.write({at}, text.data(), text.size()));
}
inline std::string get_text(core::GuestRam& ram, uint64_t at, size_t size) {
  std::string text(size, '\0');
  EXPECT_TRUE(ram.read({at}, text.data(), size));
  return text;
}

// Register offsets of virtio-mmio.
namespace reg {
enum : uint64_t {
  kMagic = 0x00,
  kVersion = 0x04,
  kDeviceId = 0x08,
  kVendor = 0x0c,
  kDeviceFeatures = 0x10,
  kDeviceFeaturesSel = 0x14,
  kDriverFeatures = 0x20,
  kDriverFeaturesSel = 0x24,
  kGuestPageSize = 0x28,
  kQueueSel = 0x30,
  kQueueNumMax = 0x34,
  kQueueNum = 0x38,
  kQueueAlign = 0x3c,
  kQueuePfn = 0x40,
  kQueueReady = 0x44,
  kQueueNotify = 0x50,
  kInterruptStatus = 0x60,
  kInterruptAck = 0x64,
  kStatus = 0x70,
  kDesc = 0x80,
  kDriver = 0x90,
  kDevice = 0xa0,
  kShmSel = 0xac,
  kShmLen = 0xb0,
  kShmBase = 0xb8,
  kConfigGeneration = 0xfc,
  kConfig = 0x100,
};
}  // namespace reg

enum : uint32_t { kAcknowledge = 1, kDriver = 2, kDriverOk = 4, kFeaturesOk = 8, kNeedsReset = 64 };

// Brings a version 2 device up to DRIVER_OK as 3.1.1 says.
inline void start_modern(core::Device& device, uint64_t features, const std::vector<Rings*>& queues) {
  const auto out = [&](uint64_t offset, uint64_t value) { device.write(offset, 4, value & 0xffff'ffff); };
  out(reg::kStatus, 0);
  out(reg::kStatus, kAcknowledge);
  out(reg::kStatus, kAcknowledge | kDriver);
  for (unsigned half = 0; half < 2; ++half) {
    out(reg::kDriverFeaturesSel, half);
    out(reg::kDriverFeatures, features >> 32 * half);
  }
  out(reg::kStatus, kAcknowledge | kDriver | kFeaturesOk);
  ASSERT_TRUE(device.read(reg::kStatus, 4) & kFeaturesOk);
  for (size_t n = 0; n < queues.size(); ++n) {
    out(reg::kQueueSel, n);
    out(reg::kQueueNum, queues[n]->size);
    const std::pair<uint64_t, uint64_t> areas[] = {{reg::kDesc, queues[n]->descriptors},
                                                   {reg::kDriver, queues[n]->available},
                                                   {reg::kDevice, queues[n]->used}};
    for (auto [offset, address] : areas) out(offset, address), out(offset + 4, address >> 32);
    out(reg::kQueueReady, 1);
  }
  out(reg::kStatus, kAcknowledge | kDriver | kFeaturesOk | kDriverOk);
}

inline constexpr uint64_t kVersion1 = uint64_t{1} << 32;
inline constexpr uint64_t kEventIndex = uint64_t{1} << 29;
inline constexpr uint64_t kIndirectDescriptors = uint64_t{1} << 28;

}  // namespace vitrine::devices::test
