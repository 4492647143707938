// SPDX-License-Identifier: MIT
// virtio over memory-mapped registers (virtio 1.2, section 4.2): one slot of 0x1000 bytes with a device
// behind it. Version 2 is the standard; version 1 ("legacy", 4.2.4) is what QEMU's board offers unless told
// otherwise.
//
// Rules of negotiation: version 2 refuses FEATURES_OK when the driver accepted a bit that was not offered;
// version 1 has no such step and keeps the offered ones. A driver that does not accept VIRTIO_F_VERSION_1
// from version 2 is served all the same, since xv6 is one. Queues of a version 2 device are served from
// DRIVER_OK on.
//
// A broken queue or an impossible request sets DEVICE_NEEDS_RESET: no queue is served until the driver
// resets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/breaks.h"
#include "core/device.h"
#include "core/guest_ram.h"
#include "core/irq_line.h"
#include "devices/virtio/model.h"
#include "devices/virtio/queue.h"

namespace vitrine::devices {

enum class VirtioVersion : uint8_t { kLegacy = 1, kModern = 2 };

// Told when a guest broke a device, for logs.
class VirtioObserver {
 public:
  virtual ~VirtioObserver() = default;
  virtual void device_needs_reset(std::string_view device, std::string_view why) = 0;
};

class VirtioMmio final : public core::Device, private VirtioPort {
 public:
  static constexpr unsigned kFeatureIndirect = 28, kFeatureEventIndex = 29, kFeatureVersion1 = 32;

  VirtioMmio(std::string name, core::GuestRam& ram, core::IrqLine line, std::unique_ptr<VirtioModel> model,
             VirtioVersion version);

  VirtioMmio(const VirtioMmio&) = delete;  // the model knows where its transport is
  VirtioMmio& operator=(const VirtioMmio&) = delete;

  void set_observer(VirtioObserver* observer) { observer_ = observer; }
  void set_breaks(core::BreakSet breaks) { forgets_length_ = breaks.has(core::Break::kUsedLenWrong); }
  [[nodiscard]] VirtioModel& model() { return *model_; }

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const core::RegisterRow> registers() const override { return rows_; }
  [[nodiscard]] unsigned widths() const override { return 1 | 2 | 4 | 8; }
  uint64_t read(uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(uint64_t offset, unsigned width, uint64_t value) override;
  [[nodiscard]] uint64_t peek(uint64_t offset, unsigned width) const override;
  void reset() override;
  void serialize(core::Archive& ar) override;

 private:
  // QueueAlign of the legacy interface until it is written, as on QEMU: xv6 of 2019 and its children never do.
  static constexpr uint32_t kLegacyAlign = 4096;
  // What the driver wrote of a queue; the queue gets it when it becomes ready.
  struct QueueRegisters {
    QueueLayout layout;
    uint32_t align = kLegacyAlign;
    uint32_t pfn = 0;  // legacy
  };

  // VirtioPort
  bool take(unsigned queue, Chain& chain) override;
  [[nodiscard]] bool waiting(unsigned queue) const override;
  void give_back(unsigned queue, const Chain& chain, uint32_t written) override;
  void interrupt(unsigned queue) override;
  void give_up(std::string_view why) override;
  [[nodiscard]] bool negotiated(unsigned feature_bit) const override { return accepted_ >> feature_bit & 1; }
  [[nodiscard]] core::GuestRam& ram() override { return ram_; }

  [[nodiscard]] bool legacy() const { return version_ == VirtioVersion::kLegacy; }
  [[nodiscard]] bool serving() const;
  [[nodiscard]] uint64_t offered() const;
  [[nodiscard]] uint64_t read_config(uint64_t offset, unsigned width) const;
  [[nodiscard]] uint32_t read_register(uint64_t offset) const;
  [[nodiscard]] uint32_t read_queue_register(uint64_t offset) const;
  void write_register(uint64_t offset, uint32_t value);
  void write_queue_register(uint64_t offset, uint32_t value);
  void write_driver_features(uint32_t value);
  void write_status(uint32_t value);
  void reset_device();  // by the driver
  void set_ready(unsigned queue, bool ready);
  void set_pfn(unsigned queue, uint32_t pfn);
  void notify(uint32_t queue);
  void raise(uint32_t cause);

  std::string name_;
  core::GuestRam& ram_;
  core::IrqLine line_;
  std::unique_ptr<VirtioModel> model_;
  const VirtioVersion version_;
  VirtioObserver* observer_ = nullptr;
  bool forgets_length_ = false;  // of what the device wrote into a chain
  std::vector<core::RegisterRow> rows_;

  uint32_t device_features_sel_ = 0, driver_features_sel_ = 0;
  uint64_t driver_features_ = 0;  // as written
  uint64_t accepted_ = 0;         // as agreed
  uint32_t status_ = 0;
  uint32_t interrupt_status_ = 0;
  uint32_t guest_page_size_ = 0;  // legacy
  uint32_t queue_sel_ = 0;
  std::vector<QueueRegisters> queue_registers_;
  std::vector<VirtQueue> queues_;
};

}  // namespace vitrine::devices
