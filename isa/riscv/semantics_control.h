// SPDX-License-Identifier: MIT
// Semantic bodies: branches and jumps. Vocabulary and rules: semantics_integer.h.
#pragma once

#include "isa/riscv/operands.h"

namespace vitrine::riscv {

// Conditional branches (2.5.2).
template <class B>
void sem_beq(B& b, const Operands& i) {
  b.branch(b.eq(b.x(i.rs1), b.x(i.rs2)), i.imm);
}
template <class B>
void sem_bne(B& b, const Operands& i) {
  b.branch(b.ne(b.x(i.rs1), b.x(i.rs2)), i.imm);
}
template <class B>
void sem_blt(B& b, const Operands& i) {
  b.branch(b.lt(b.x(i.rs1), b.x(i.rs2)), i.imm);
}
template <class B>
void sem_bge(B& b, const Operands& i) {
  b.branch(b.ge(b.x(i.rs1), b.x(i.rs2)), i.imm);
}
template <class B>
void sem_bltu(B& b, const Operands& i) {
  b.branch(b.ltu(b.x(i.rs1), b.x(i.rs2)), i.imm);
}
template <class B>
void sem_bgeu(B& b, const Operands& i) {
  b.branch(b.geu(b.x(i.rs1), b.x(i.rs2)), i.imm);
}

// Jumps (2.5.1). The target is taken before rd is written (rd may be rs1), and a target that is not aligned
// traps here, with rd untouched; one that cannot be fetched faults at the target.
template <class B>
void sem_jal(B& b, const Operands& i) {
  const auto link = b.pc_relative(i.length);
  b.jump(b.pc_relative(i.imm));
  if (!b.ok()) return;
  b.set_x(i.rd, link);
}
template <class B>
void sem_jalr(B& b, const Operands& i) {
  const auto link = b.pc_relative(i.length);
  const auto target = b.and_(b.add(b.x(i.rs1), b.constant(i.imm)), b.constant(-2));
  b.jump(target);
  if (!b.ok()) return;
  b.set_x(i.rd, link);
}

}  // namespace vitrine::riscv
