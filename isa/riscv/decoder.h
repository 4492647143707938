// SPDX-License-Identifier: MIT
// The decoder: instruction bits to operands.
// Spec: volume I, "Base Instruction-Length Encoding", and the instruction listings of each extension.
// Next: decoder.cpp (the tables, all built by the compiler), instruction.h (what comes out).
#pragma once

#include <cstdint>

#include "isa/riscv/instruction.h"

namespace vitrine::riscv {

// Bytes, 2 or 4, of the instruction whose first halfword this is. Encodings longer than 4 bytes are reserved;
// they count as 4 and decode to Op::illegal.
constexpr unsigned instruction_length(uint16_t first) { return (first & 3) == 3 ? 4 : 2; }

// Decodes one instruction; of a 16-bit one only the low half of bits counts. What no available row matches
// comes out as Op::illegal with its length, and its bits in imm. Never fails otherwise; a hint decodes to
// what it expands to.
Insn decode(uint32_t bits, const ExtensionSet& available) noexcept;

}  // namespace vitrine::riscv
