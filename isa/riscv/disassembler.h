// SPDX-License-Identifier: MIT
// The disassembler: a decoded instruction as text.
// Spec: volume I, "RISC-V Assembly Programmer's Handbook" (pseudo-instructions); syntax as GNU binutils
// prints it. Next: disassembler.cpp, pseudo_rows.inc.
#pragma once

#include <cstdint>
#include <string>

#include "isa/riscv/instruction.h"

namespace vitrine::riscv {

enum class Style {
  canonical,  // the row that matched, c.* included, every operand shown: "c.li a0,1", "fadd.s
              // fa0,fa1,fa2,dyn"
  friendly,   // the instruction that runs, pseudo-instructions where there are any: "li a0, 1", "ret"
};

// One line of assembly language without a line end; one space after the mnemonic. Branch and jump targets are
// absolute, in hexadecimal; pc is the address of the instruction. What is illegal comes out as .2byte or
// .4byte.
std::string disassemble(const Insn& insn, uint64_t pc, Style style);

}  // namespace vitrine::riscv
