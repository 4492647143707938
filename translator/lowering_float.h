// SPDX-License-Identifier: MIT
// Floating-point instructions on the host's SSE unit. A block that uses them runs only while FS is not Off and the
// rounding mode is RNE, so the host's default environment is the guest's. Flags accrue in MXCSR; the translator folds
// them into fflags before anybody looks. Whatever the host does otherwise than RISC-V (a NaN as a result, an operand that
// is not boxed, a conversion that does not fit) goes to the slow path, which redoes the instruction exactly.
#pragma once

#include <asmjit/x86.h>

#include "isa/riscv/instruction.h"
#include "translator/builder.h"

namespace vitrine::translator {

bool can_lower_float(const riscv::Insn& insn, const HostAbilities& host);

// Emits the instruction; `slow` is jumped to before anything has changed but flags in MXCSR, which the
// instruction raises when it is redone, too. The x register that it writes, or 0.
unsigned lower_float(asmjit::x86::Assembler& a, const riscv::Insn& insn, const asmjit::Label& slow);

}  // namespace vitrine::translator
