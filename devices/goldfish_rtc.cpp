// SPDX-License-Identifier: MIT
// The Goldfish real-time clock.
#include "devices/goldfish_rtc.h"

#include <utility>

#include "devices/line_state.h"

namespace vitrine::devices {
namespace {

enum Offset : uint64_t {
  kTimeLow = 0x00,
  kTimeHigh = 0x04,
  kAlarmLow = 0x08,
  kAlarmHigh = 0x0c,
  kIrqEnabled = 0x10,
  kClearAlarm = 0x14,
  kAlarmStatus = 0x18,
  kClearInterrupt = 0x1c,
};

constexpr uint64_t kNsPerTick = 1'000'000'000 / core::kTicksPerSecond;

constexpr core::RegisterRow kRegisters[] = {
    {"TIME_LOW", kTimeLow, 4, true, true,
     "Low word of the time in ns since 1970; a read latches the high word."},
    {"TIME_HIGH", kTimeHigh, 4, true, true,
     "High word of the time, as latched by the last read of TIME_LOW."},
    {"ALARM_LOW", kAlarmLow, 4, true, true, "Low word of the alarm's time; a write arms it."},
    {"ALARM_HIGH", kAlarmHigh, 4, true, true, "High word of the alarm's time."},
    {"IRQ_ENABLED", kIrqEnabled, 4, true, true, "Bit 0: the alarm raises the interrupt line."},
    {"CLEAR_ALARM", kClearAlarm, 4, false, true, "A write disarms the alarm."},
    {"ALARM_STATUS", kAlarmStatus, 4, true, false, "1 while the alarm is armed."},
    {"CLEAR_INTERRUPT", kClearInterrupt, 4, false, true, "A write lowers the interrupt line."},
};

constexpr uint64_t with_low(uint64_t old, uint32_t word) { return (old & ~uint64_t{0xffff'ffff}) | word; }
constexpr uint64_t with_high(uint64_t old, uint32_t word) {
  return (old & 0xffff'ffff) | uint64_t{word} << 32;
}

}  // namespace

GoldfishRtc::GoldfishRtc(std::string name, core::Scheduler& scheduler, core::IrqLine line, uint64_t start_ns)
    : name_(std::move(name)),
      scheduler_(scheduler),
      line_(std::move(line)),
      start_ns_(start_ns),
      alarm_event_(scheduler, name_ + ".alarm", [this] { arm_alarm(); }) {}

std::span<const core::RegisterRow> GoldfishRtc::registers() const { return kRegisters; }

uint64_t GoldfishRtc::now_ns() const {
  return start_ns_ + offset_ns_ + scheduler_.clock().ticks() * kNsPerTick;
}

uint64_t GoldfishRtc::peek(uint64_t offset, unsigned) const {
  switch (offset) {
    case kTimeLow: return now_ns() & 0xffff'ffff;
    case kTimeHigh: return latched_high_;
    case kAlarmLow: return alarm_ns_ & 0xffff'ffff;
    case kAlarmHigh: return alarm_ns_ >> 32;
    case kIrqEnabled: return irq_enabled_;
    case kAlarmStatus: return alarm_armed_;
    default: return 0;
  }
}

uint64_t GoldfishRtc::read(uint64_t offset, unsigned width) {
  if (offset == kTimeLow) latched_high_ = static_cast<uint32_t>(now_ns() >> 32);
  return peek(offset, width);
}

void GoldfishRtc::write(uint64_t offset, unsigned, uint64_t value) {
  const auto word = static_cast<uint32_t>(value);
  switch (offset) {
    case kTimeLow: return set_time(with_low(now_ns(), word));
    case kTimeHigh: return set_time(with_high(now_ns(), word));
    case kAlarmHigh: alarm_ns_ = with_high(alarm_ns_, word); return;
    case kAlarmLow:
      alarm_ns_ = with_low(alarm_ns_, word);
      alarm_armed_ = true;
      return arm_alarm();
    case kIrqEnabled: irq_enabled_ = word & 1; return update_line();
    case kClearAlarm: alarm_armed_ = false; return alarm_event_.disarm();
    case kClearInterrupt: interrupt_pending_ = false; return update_line();
    default: return;
  }
}

void GoldfishRtc::set_time(uint64_t ns) {
  offset_ns_ += ns - now_ns();
  if (alarm_armed_) arm_alarm();
}

// Rings if its time has come, otherwise waits for the first tick at which it has. One beyond the clock never
// does.
void GoldfishRtc::arm_alarm() {
  const uint64_t now = now_ns();
  if (now >= alarm_ns_) {
    alarm_event_.disarm();
    alarm_armed_ = false;
    interrupt_pending_ = true;
    return update_line();
  }
  const uint64_t wait = (alarm_ns_ - now - 1) / kNsPerTick + 1;
  alarm_event_.arm(scheduler_.clock().ticks() + wait);
}

void GoldfishRtc::reset() {
  offset_ns_ = alarm_ns_ = 0;
  latched_high_ = 0;
  alarm_armed_ = irq_enabled_ = interrupt_pending_ = false;
  alarm_event_.disarm();
  update_line();
}

void GoldfishRtc::serialize(core::Archive& ar) {
  ar.section(name_);
  ar.field("offset_ns", offset_ns_);
  ar.field("alarm_ns", alarm_ns_);
  ar.field("latched_high", latched_high_);
  ar.field("alarm_armed", alarm_armed_);
  ar.field("irq_enabled", irq_enabled_);
  ar.field("interrupt_pending", interrupt_pending_);
  serialize_line(ar, "line", line_);
}

}  // namespace vitrine::devices
