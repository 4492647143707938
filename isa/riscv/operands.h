// SPDX-License-Identifier: MIT
// The operands that a semantic body sees: those of Insn (instruction.h), without what only decoding and
// disassembly need. In the interpreter's decoded pages, a destination x0 is register number 32, which takes
// the value and is never read.
#pragma once

#include <cstdint>

#include "isa/riscv/instruction.h"

namespace vitrine::riscv {

struct Operands {
  uint8_t rd;
  uint8_t rs1;
  uint8_t rs2;
  uint8_t length;
  int32_t imm;
};

constexpr Operands operands_of(const Insn& insn) {
  return {insn.rd, insn.rs1, insn.rs2, insn.length, insn.imm};
}

}  // namespace vitrine::riscv
