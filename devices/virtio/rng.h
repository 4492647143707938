// SPDX-License-Identifier: MIT
// The virtio entropy device (virtio 1.2, section 5.4): one queue of buffers to fill. The bytes come from the
// run's seed (random_generator.h): a recording needs none of them. A chain gets at most kMaxBytes, as the
// standard allows. A reset does not start the sequence anew; only a new machine does.
#pragma once

#include "devices/virtio/model.h"
#include "devices/virtio/random_generator.h"

namespace vitrine::devices {

class VirtioRng final : public VirtioModel {
 public:
  static constexpr uint64_t kMaxBytes = 64 << 10;

  explicit VirtioRng(uint64_t seed) : generator_(seed) {}

  void attach(VirtioPort& port) override { port_ = &port; }
  [[nodiscard]] uint32_t device_id() const override { return 4; }
  [[nodiscard]] unsigned queues() const override { return 1; }
  [[nodiscard]] uint64_t features() const override { return 0; }
  [[nodiscard]] std::span<const uint8_t> config() const override { return {}; }
  [[nodiscard]] std::span<const core::RegisterRow> config_rows() const override { return {}; }
  void write_config(uint64_t, unsigned, uint64_t) override {}
  void notified(unsigned queue) override;
  void reset() override {}
  void serialize(core::Archive& ar) override { generator_.serialize(ar); }

 private:
  VirtioPort* port_ = nullptr;
  RandomGenerator generator_;
};

}  // namespace vitrine::devices
