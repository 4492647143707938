// SPDX-License-Identifier: MIT
// The real-time clock (google,goldfish-rtc): nanoseconds since 1970, and one alarm. Where that stands: the
// Android emulator's "Goldfish virtual hardware" description.
//
//     0x00 TIME_LOW       read: the time's low word, and latches the high one; write: sets the low word
//     0x04 TIME_HIGH      read: the latched high word; write: sets the high word
//     0x08 ALARM_LOW      write: sets the low word and arms the alarm
//     0x0c ALARM_HIGH     write: sets the high word (write it first)
//     0x10 IRQ_ENABLED    bit 0: the alarm raises the line
//     0x14 CLEAR_ALARM    write: disarms
//     0x18 ALARM_STATUS   read: 1 while armed
//     0x1c CLEAR_INTERRUPT write: lowers the line
//
// The host's date is no part of a run: the clock starts at a date that the constructor gets, and advances
// with the guest's own clock. Setting it is an offset, dropped by a reset. Reading ALARM_* shows what was
// written.
#pragma once

#include <string>

#include "core/device.h"
#include "core/irq_line.h"
#include "core/scheduler.h"

namespace vitrine::devices {

class GoldfishRtc final : public core::Device {
 public:
  // `start_ns`: the date at tick 0 of the clock, in nanoseconds since 1970-01-01 00:00 UTC.
  GoldfishRtc(std::string name, core::Scheduler& scheduler, core::IrqLine line, uint64_t start_ns);

  // The date now, as the guest would read it.
  [[nodiscard]] uint64_t now_ns() const;

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const core::RegisterRow> registers() const override;
  [[nodiscard]] unsigned widths() const override { return 4; }
  uint64_t read(uint64_t offset, unsigned width) override;
  void write(uint64_t offset, unsigned width, uint64_t value) override;
  [[nodiscard]] uint64_t peek(uint64_t offset, unsigned width) const override;
  void reset() override;
  void serialize(core::Archive& ar) override;

 private:
  void set_time(uint64_t ns);
  void arm_alarm();
  void update_line() { line_.set(interrupt_pending_ && irq_enabled_); }

  std::string name_;
  core::Scheduler& scheduler_;
  core::IrqLine line_;
  const uint64_t start_ns_;
  core::ScheduledEvent alarm_event_;

  uint64_t offset_ns_ = 0;  // by which the guest moved the time, modulo 2^64
  uint64_t alarm_ns_ = 0;
  uint32_t latched_high_ = 0;
  bool alarm_armed_ = false;
  bool irq_enabled_ = false;
  bool interrupt_pending_ = false;
};

}  // namespace vitrine::devices
