// SPDX-License-Identifier: MIT
// A hart as those see it who count an event and know of no ISA (core/events.h). The machine's loop says whose turn it is.
#pragma once

#include "core/events.h"
#include "isa/riscv/hart.h"

namespace vitrine::riscv {

class HartContext final : public core::EventContext {
 public:
  explicit HartContext(const Hart& hart) : hart_(hart) {}
  [[nodiscard]] core::EventPlace place() const noexcept override {
    return {hart_.id, static_cast<uint8_t>(hart_.privilege), hart_.pc, hart_.clock->step(), hart_.csr.satp};
  }
  [[nodiscard]] uint32_t instruction() const noexcept override {
    const uint32_t bits = hart_.memory->peek_instruction({hart_.pc});
    return instruction_length(static_cast<uint16_t>(bits)) == 4 ? bits : bits & 0xffff;
  }

 private:
  const Hart& hart_;
};

}  // namespace vitrine::riscv
