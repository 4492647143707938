// SPDX-License-Identifier: MIT
// The virtio console with one port (virtio 1.2, section 5.3): queue 0 carries input to the guest, queue 1
// output from it. Output goes to the sink at the notification. Input comes from the feeder, waits here until
// the driver has posted a buffer, and is delivered by an event right after the current instruction, as many
// bytes at once as came.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/console.h"
#include "core/scheduler.h"
#include "devices/virtio/model.h"

namespace vitrine::devices {

class VirtioConsole final : public VirtioModel, public core::ByteReceiver {
 public:
  static constexpr size_t kInputLimit = 256;
  // Output of one event; the rest follows, so that a hostile queue cannot hold the machine.
  static constexpr uint64_t kBytesPerEvent = 1 << 20;

  VirtioConsole(std::string name, core::Scheduler& scheduler, core::ByteSink& sink);

  void attach(VirtioPort& port) override { port_ = &port; }
  [[nodiscard]] uint32_t device_id() const override { return 3; }
  [[nodiscard]] unsigned queues() const override { return 2; }
  [[nodiscard]] uint64_t features() const override;
  [[nodiscard]] std::span<const uint8_t> config() const override { return config_; }
  [[nodiscard]] std::span<const core::RegisterRow> config_rows() const override;
  void write_config(uint64_t offset, unsigned width, uint64_t value) override;
  void notified(unsigned queue) override;
  void reset() override;
  void serialize(core::Archive& ar) override;

  [[nodiscard]] unsigned room() const override { return static_cast<unsigned>(kInputLimit - input_.size()); }
  void receive(uint8_t byte) override;
  [[nodiscard]] bool listens() const override;
  void set_input_observer(core::InputObserver* observer) override { observer_ = observer; }

 private:
  void deliver_input();
  void send_output();
  void send(std::span<const Segment> segments);

  core::Scheduler& scheduler_;
  core::ByteSink& sink_;
  core::InputObserver* observer_ = nullptr;
  VirtioPort* port_ = nullptr;
  core::ScheduledEvent input_event_;
  core::ScheduledEvent output_event_;
  std::vector<uint8_t> input_;  // not yet in the guest's hands
  std::array<uint8_t, 12> config_{};
};

}  // namespace vitrine::devices
