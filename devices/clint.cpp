// SPDX-License-Identifier: MIT
// The CLINT. A level is re-evaluated at once on every write that can change it, and by one event per hart.
#include "devices/clint.h"

#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "devices/line_state.h"

namespace vitrine::devices {
namespace {

constexpr uint64_t kMsip = 0;
constexpr uint64_t kMtimecmp = 0x4000;
constexpr uint64_t kMtime = 0xbff8;

constexpr uint64_t with_word(uint64_t old, bool high, uint32_t word) {
  return high ? (old & 0xffff'ffff) | uint64_t{word} << 32 : (old & ~uint64_t{0xffff'ffff}) | word;
}
constexpr uint32_t word_of(uint64_t value, bool high) {
  return static_cast<uint32_t>(value >> (high ? 32 : 0));
}

}  // namespace

Clint::Clint(std::string name, core::Scheduler& scheduler, std::vector<HartLines> lines)
    : name_(std::move(name)), scheduler_(scheduler) {
  VT_ASSERT(!lines.empty() && lines.size() <= kMaxHarts, "a CLINT serves 1 to 4095 harts");
  harts_.resize(lines.size());
  for (size_t n = 0; n < harts_.size(); ++n) {
    harts_[n].lines = lines[n];
    harts_[n].event = std::make_unique<core::ScheduledEvent>(
        scheduler_, name_ + ".mtimecmp" + std::to_string(n), [this, n] { compare(harts_[n]); });
  }
  const auto count = static_cast<uint32_t>(harts_.size());
  registers_ = {
      {"msip", kMsip, 4, true, true, "Bit 0 is the hart's machine software interrupt.", count, 4},
      {"mtimecmp", kMtimecmp, 8, true, true, "The machine timer interrupt is pending from this mtime on.",
       count, 8},
      {"mtime", kMtime, 8, true, true, "Time in ticks of 100 ns."},
  };
  reset();
}

uint32_t Clint::read_word(uint64_t offset) const {
  const bool high = offset & 4;
  if (offset < kMtimecmp) {
    const uint64_t n = offset / 4;
    return n < harts_.size() && harts_[n].lines.software.level();
  }
  if (offset >= kMtime) return offset < kMtime + 8 ? word_of(mtime(), high) : 0;
  const uint64_t n = (offset - kMtimecmp) / 8;
  return n < harts_.size() ? word_of(harts_[n].mtimecmp, high) : 0;
}

uint64_t Clint::peek(uint64_t offset, unsigned width) const {
  const uint64_t low = read_word(offset);
  return width == 4 ? low : low | uint64_t{read_word(offset + 4)} << 32;
}

void Clint::write_word(uint64_t offset, uint32_t value) {
  const bool high = offset & 4;
  if (offset < kMtimecmp) {
    const uint64_t n = offset / 4;
    if (n < harts_.size()) harts_[n].lines.software.set(value & 1);
  } else if (offset >= kMtime) {
    if (offset < kMtime + 8) write_mtime(with_word(mtime(), high, value));
  } else if (const uint64_t n = (offset - kMtimecmp) / 8; n < harts_.size()) {
    write_mtimecmp(harts_[n], with_word(harts_[n].mtimecmp, high, value));
  }
}

// An 8-byte write of a 64-bit register is one write: halves written one after the other would show the timer
// an mtimecmp that the guest never wrote.
void Clint::write(uint64_t offset, unsigned width, uint64_t value) {
  if (width == 4) return write_word(offset, static_cast<uint32_t>(value));
  if (offset == kMtime) return write_mtime(value);
  if (offset >= kMtimecmp && offset < kMtime) {
    const uint64_t n = (offset - kMtimecmp) / 8;
    if (n < harts_.size()) write_mtimecmp(harts_[n], value);
    return;
  }
  write_word(offset, word_of(value, false));
  write_word(offset + 4, word_of(value, true));
}

void Clint::write_mtimecmp(Hart& hart, uint64_t value) {
  hart.mtimecmp = value;
  compare(hart);
}

void Clint::write_mtime(uint64_t value) {
  set_offset(value - scheduler_.clock().ticks());
  for (Hart& hart : harts_) compare(hart);
}

void Clint::set_offset(uint64_t offset) {
  offset_ = offset;
  if (observer_) observer_->time_offset_changed(offset);
}

// The line has the level mtime >= mtimecmp, now and at the event. A time beyond the end of the clock never
// comes.
void Clint::compare(Hart& hart) {
  const uint64_t now = mtime();
  const uint64_t when = hart.mtimecmp + std::min(late_, ~hart.mtimecmp);
  hart.lines.timer.set(now >= when);
  const uint64_t ticks = scheduler_.clock().ticks();
  const uint64_t wait = when - now;
  if (now >= when || wait >= core::kNever - ticks) return hart.event->disarm();
  hart.event->arm(ticks + wait);
}

void Clint::reset() {
  set_offset(0);
  for (Hart& hart : harts_) {
    hart.lines.software.set(false);
    write_mtimecmp(hart, 0);
  }
}

void Clint::serialize(core::Archive& ar) {
  ar.section(name_);
  ar.field("time_offset", offset_);
  for (Hart& hart : harts_) {
    ar.field("mtimecmp", hart.mtimecmp);
    serialize_line(ar, "msip", hart.lines.software);
    serialize_line(ar, "mtip", hart.lines.timer);
  }
  if (ar.loading()) set_offset(offset_);
}

}  // namespace vitrine::devices
