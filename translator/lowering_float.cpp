// SPDX-License-Identifier: MIT
// Floating-point instructions as SSE code.
#include "translator/lowering_float.h"

namespace vitrine::translator {

bool can_lower_float(const riscv::Insn&, const HostAbilities&) { return false; }

unsigned lower_float(asmjit::x86::Assembler&, const riscv::Insn&, const asmjit::Label&) { return 0; }

}  // namespace vitrine::translator
