// SPDX-License-Identifier: MIT
// The CLINT (riscv,clint0): the machine timer and the machine software interrupts of all harts. Where that
// stands: RISC-V privileged specification, "Machine Timer Registers (mtime and mtimecmp)"; the layout is
// SiFive's.
//
//     0x0000 + 4 n   msip[n]      bit 0 drives the hart's MSI (3)
//     0x4000 + 8 n   mtimecmp[n]  MTI (7) of the hart is pending while mtime >= mtimecmp, unsigned
//     0xbff8         mtime        10 MHz
//
// mtime is the step clock plus an offset, which a write of mtime changes (as QEMU does since 7.1). The offset
// is also part of what the `time` CSR shows and of what `stimecmp` is compared with, so whoever owns these is
// told through TimeObserver. A reset drops the offset: time then is the machine's clock again, which never
// goes back. mtimecmp resets to 0 as on QEMU's board, so MTI is pending from reset until the guest sets a
// time. Next to read: devices/aclint_sswi.h, the supervisor's software interrupts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/breaks.h"
#include "core/device.h"
#include "core/irq_line.h"
#include "core/scheduler.h"

namespace vitrine::devices {

// Told when the guest moved mtime: from now on mtime = clock ticks + offset (modulo 2^64). Also told on reset
// and on restore.
class TimeObserver {
 public:
  virtual ~TimeObserver() = default;
  virtual void time_offset_changed(uint64_t offset) = 0;
};

class Clint final : public core::Device {
 public:
  static constexpr unsigned kMaxHarts = 4095;  // what the layout has room for

  // The two wires to one hart.
  struct HartLines {
    core::IrqLine software;  // MSI
    core::IrqLine timer;     // MTI
  };

  // Hart n of the layout is lines[n]. The lines are driven at once (see reset above): their sinks are alive.
  Clint(std::string name, core::Scheduler& scheduler, std::vector<HartLines> lines);

  Clint(const Clint&) = delete;  // its events know where it is
  Clint& operator=(const Clint&) = delete;

  [[nodiscard]] uint64_t mtime() const { return scheduler_.clock().ticks() + offset_; }
  [[nodiscard]] uint64_t time_offset() const { return offset_; }
  void set_time_observer(TimeObserver* observer) { observer_ = observer; }
  void set_breaks(core::BreakSet breaks) { late_ = breaks.has(core::Break::kTimerLate) ? core::kLateTicks : 0; }

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const core::RegisterRow> registers() const override { return registers_; }
  [[nodiscard]] unsigned widths() const override { return 4 | 8; }
  uint64_t read(uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(uint64_t offset, unsigned width, uint64_t value) override;
  [[nodiscard]] uint64_t peek(uint64_t offset, unsigned width) const override;
  void reset() override;
  void serialize(core::Archive& ar) override;

 private:
  struct Hart {
    HartLines lines;
    uint64_t mtimecmp = 0;
    std::unique_ptr<core::ScheduledEvent> event;  // when mtime reaches mtimecmp
  };

  [[nodiscard]] uint32_t read_word(uint64_t offset) const;
  void write_word(uint64_t offset, uint32_t value);
  void write_mtimecmp(Hart& hart, uint64_t value);
  void write_mtime(uint64_t value);
  void set_offset(uint64_t offset);
  void compare(Hart& hart);

  std::string name_;
  core::Scheduler& scheduler_;
  TimeObserver* observer_ = nullptr;
  std::vector<Hart> harts_;
  std::vector<core::RegisterRow> registers_;
  uint64_t offset_ = 0;
  uint64_t late_ = 0;  // ticks by which a timer interrupt is late
};

}  // namespace vitrine::devices
