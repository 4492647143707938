// SPDX-License-Identifier: MIT
// A mask ROM: bytes that are fixed when the machine is built (the reset vector and what it points to). Reads
// of any width, writes are ignored, beyond its bytes it reads 0.
#pragma once

#include <string>
#include <vector>

#include "core/device.h"

namespace vitrine::devices {

class Rom final : public core::Device {
 public:
  Rom(std::string name, std::vector<uint8_t> bytes);

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const core::RegisterRow> registers() const override { return {&row_, 1}; }
  [[nodiscard]] unsigned widths() const override { return 1 | 2 | 4 | 8; }
  uint64_t read(uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(uint64_t, unsigned, uint64_t) override {}
  [[nodiscard]] uint64_t peek(uint64_t offset, unsigned width) const override;
  void reset() override {}
  // The bytes come from the machine's options; a state of another ROM is refused.
  void serialize(core::Archive& ar) override;

 private:
  std::string name_;
  std::vector<uint8_t> bytes_;
  core::RegisterRow row_;
};

}  // namespace vitrine::devices
