// SPDX-License-Identifier: MIT
// The virtio block device (virtio 1.2, section 5.2): one queue of requests
//
//     | type 4 | reserved 4 | sector 8 |  data the device reads ...  |  data the device writes ... | status 1
//     |
//
// Requests are done at an event a fixed time after the notification, in the order of the queue, and complete
// in that event: never at a time that the host's disk decides. A failed request is VIRTIO_BLK_S_IOERR. The
// status is written last. Every byte that the device may write is written (with zeroes, where there is no
// data), so that `used.len` is exact and no host failure leaves bytes of chance in guest RAM.
//
// Durability (5.2.6.2): a driver that accepted VIRTIO_BLK_F_FLUSH gets a volatile write cache and asks for
// FLUSH; for any other, each write is on stable storage before it completes.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "core/scheduler.h"
#include "devices/virtio/block_backend.h"
#include "devices/virtio/model.h"

namespace vitrine::devices {

class VirtioBlk final : public VirtioModel {
 public:
  static constexpr core::Ticks kLatency = 100;  // 10 us from notification to completion
  // An event does requests until it moved this many bytes (a descriptor counts kDescriptorCost); the rest waits for the next event, so that a
  // hostile queue cannot hold the machine.
  static constexpr uint64_t kBytesPerEvent = 16 << 20;
  static constexpr uint32_t kMaxSegments = 254;
  static constexpr uint32_t kMaxDiscardSectors = 0x3f'ffff;
  static constexpr uint32_t kMaxZeroSectors = 0x2'0000;  // 64 MiB, since they may have to be written
  static constexpr unsigned kIdSize = 20;

  // `id` is what GET_ID answers, cut to 20 bytes.
  VirtioBlk(std::string name, core::Scheduler& scheduler, std::unique_ptr<BlockBackend> backend,
            std::string id);

  [[nodiscard]] BlockBackend& backend() { return *backend_; }

  void attach(VirtioPort& port) override { port_ = &port; }
  [[nodiscard]] uint32_t device_id() const override { return 2; }
  [[nodiscard]] unsigned queues() const override { return 1; }
  [[nodiscard]] uint64_t features() const override;
  [[nodiscard]] std::span<const uint8_t> config() const override { return config_; }
  [[nodiscard]] std::span<const core::RegisterRow> config_rows() const override;
  void write_config(uint64_t, unsigned, uint64_t) override {}
  void notified(unsigned queue) override;
  void reset() override { event_.disarm(); }
  void serialize(core::Archive& ar) override { backend_->serialize(ar); }

 private:
  enum class Status : uint8_t { kOk = 0, kIoError = 1, kUnsupported = 2 };
  struct Header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
  };
  struct Extent {  // of DISCARD and WRITE_ZEROES
    uint64_t sector;
    uint32_t sectors;
    uint32_t flags;
  };

  void run_requests();
  uint64_t run_request(const Chain& chain);
  Status dispatch(const Header& header, std::span<const Segment> out, std::span<const Segment> in,
                  uint64_t& written);
  Status read(uint64_t sector, std::span<const Segment> in, uint64_t& written);
  Status write(uint64_t sector, std::span<const Segment> out);
  Status get_id(std::span<const Segment> in, uint64_t& written);
  Status erase(bool zeroes, std::span<const Segment> out);
  Status made_durable(bool done);
  [[nodiscard]] bool inside(uint64_t sector, uint64_t bytes) const;

  std::unique_ptr<BlockBackend> backend_;
  VirtioPort* port_ = nullptr;
  core::Scheduler& scheduler_;
  core::ScheduledEvent event_;
  std::array<uint8_t, 60> config_{};
  std::array<char, kIdSize> id_{};
};

}  // namespace vitrine::devices
