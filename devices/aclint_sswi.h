// SPDX-License-Identifier: MIT
// The supervisor software interrupt device of the RISC-V ACLINT specification ("SSWI"), present with
// `-machine aclint=on`. One 32-bit register SETSSIP a hart at 4 n: writing 1 to bit 0 sets the hart's SSIP,
// reads are 0. SSIP belongs to the hart, which clears it by `csrc sip`, so the wire carries an edge, not a
// level: it rises and falls within one write, and the hart's end latches the rise.
#pragma once

#include <string>
#include <vector>

#include "core/device.h"
#include "core/irq_line.h"

namespace vitrine::devices {

class AclintSswi final : public core::Device {
 public:
  // lines[n] leads to input SSI (1) of hart n.
  AclintSswi(std::string name, std::vector<core::IrqLine> lines);

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const core::RegisterRow> registers() const override { return {&row_, 1}; }
  [[nodiscard]] unsigned widths() const override { return 4; }
  uint64_t read(uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(uint64_t offset, unsigned width, uint64_t value) override;
  [[nodiscard]] uint64_t peek(uint64_t, unsigned) const override { return 0; }
  void reset() override {}
  void serialize(core::Archive& ar) override { ar.section(name_); }

 private:
  std::string name_;
  std::vector<core::IrqLine> lines_;
  core::RegisterRow row_;
};

}  // namespace vitrine::devices
