// SPDX-License-Identifier: MIT
// The test finisher (sifive,test1): one register by which a guest ends the run or asks for a reset. The
// device tree names it for syscon-poweroff (value 0x5555) and syscon-reboot (0x7777), which is how Linux and
// OpenSBI power the machine off.
//
//     31            16 15             0
//    +----------------+----------------+
//    |      code      |     status     |   status: 0x5555 pass, 0x3333 fail with code, 0x7777 reset
//    +----------------+----------------+
//
// The device only reports: ending the run is its observer's business, after the current instruction.
#pragma once

#include <string>

#include "core/device.h"
#include "core/scheduler.h"

namespace vitrine::devices {

// What the guest asked for.
struct FinishRequest {
  enum class Kind : uint8_t { kPass, kFail, kReset };
  Kind kind;
  uint16_t code;  // of a fail as the guest wrote it; an exit status keeps its low 8 bits. 0 otherwise
};

class FinishObserver {
 public:
  virtual ~FinishObserver() = default;
  virtual void finish_requested(FinishRequest request) = 0;
};

class TestFinisher final : public core::Device {
 public:
  // `observer` is told inside the guest's write; the engine is asked to stop after that instruction.
  TestFinisher(std::string name, core::Scheduler& scheduler, FinishObserver& observer);

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const core::RegisterRow> registers() const override;
  [[nodiscard]] unsigned widths() const override { return 2 | 4; }
  uint64_t read(uint64_t offset, unsigned width) override;
  void write(uint64_t offset, unsigned width, uint64_t value) override;
  [[nodiscard]] uint64_t peek(uint64_t offset, unsigned width) const override;
  void reset() override {}
  void serialize(core::Archive& ar) override;

 private:
  std::string name_;
  core::Scheduler& scheduler_;
  FinishObserver& observer_;
};

}  // namespace vitrine::devices
