// SPDX-License-Identifier: MIT
// A virtio-mmio slot with nothing in it: the board has eight slots, and "DeviceID 0" tells a driver that this
// one is empty (virtio 1.2, 4.2.2).
#pragma once

#include <string>

#include "core/device.h"
#include "devices/virtio/mmio.h"

namespace vitrine::devices {

class VirtioEmptySlot final : public core::Device {
 public:
  VirtioEmptySlot(std::string name, VirtioVersion version);

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const core::RegisterRow> registers() const override;
  [[nodiscard]] unsigned widths() const override { return 1 | 2 | 4 | 8; }
  uint64_t read(uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(uint64_t, unsigned, uint64_t) override {}
  [[nodiscard]] uint64_t peek(uint64_t offset, unsigned width) const override;
  void reset() override {}
  void serialize(core::Archive& ar) override { ar.section(name_); }

 private:
  std::string name_;
  VirtioVersion version_;
};

}  // namespace vitrine::devices
