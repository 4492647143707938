// SPDX-License-Identifier: MIT
// Semantic bodies: integer instructions (I, M, Zba, Zbb, Zbs, Zbc, Zbkb, Zbkx, Zicond).
// A body is written once, over a vocabulary with two implementations: in the interpreter a value is a number
// (numbers.h), in the translator it is an IR node. Expressions are pure; each statement has one effect.
// Section numbers are those of the rows (instruction_rows.inc). Next: semantics_memory.h,
// semantics_control.h, semantics_float.h, semantics_system.h.
#pragma once

#include "isa/riscv/operands.h"

namespace vitrine::riscv {

// RV64I, register and immediate (2.4.1, 4.2.1).
template <class B>
void sem_lui(B& b, const Operands& i) {
  b.set_x(i.rd, b.constant(i.imm));
}
template <class B>
void sem_auipc(B& b, const Operands& i) {
  b.set_x(i.rd, b.pc_relative(i.imm));
}
template <class B>
void sem_addi(B& b, const Operands& i) {
  b.set_x(i.rd, b.add(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_slti(B& b, const Operands& i) {
  b.set_x(i.rd, b.lt(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_sltiu(B& b, const Operands& i) {
  b.set_x(i.rd, b.ltu(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_xori(B& b, const Operands& i) {
  b.set_x(i.rd, b.xor_(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_ori(B& b, const Operands& i) {
  b.set_x(i.rd, b.or_(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_andi(B& b, const Operands& i) {
  b.set_x(i.rd, b.and_(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_slli(B& b, const Operands& i) {
  b.set_x(i.rd, b.sll(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_srli(B& b, const Operands& i) {
  b.set_x(i.rd, b.srl(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_srai(B& b, const Operands& i) {
  b.set_x(i.rd, b.sra(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_addiw(B& b, const Operands& i) {
  b.set_x(i.rd, b.sext32(b.add(b.x(i.rs1), b.constant(i.imm))));
}
template <class B>
void sem_slliw(B& b, const Operands& i) {
  b.set_x(i.rd, b.sllw(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_srliw(B& b, const Operands& i) {
  b.set_x(i.rd, b.srlw(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_sraiw(B& b, const Operands& i) {
  b.set_x(i.rd, b.sraw(b.x(i.rs1), b.constant(i.imm)));
}

// RV64I, register and register (2.4.2, 4.2.2).
template <class B>
void sem_add(B& b, const Operands& i) {
  b.set_x(i.rd, b.add(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_sub(B& b, const Operands& i) {
  b.set_x(i.rd, b.sub(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_sll(B& b, const Operands& i) {
  b.set_x(i.rd, b.sll(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_slt(B& b, const Operands& i) {
  b.set_x(i.rd, b.lt(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_sltu(B& b, const Operands& i) {
  b.set_x(i.rd, b.ltu(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_xor_(B& b, const Operands& i) {
  b.set_x(i.rd, b.xor_(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_srl(B& b, const Operands& i) {
  b.set_x(i.rd, b.srl(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_sra(B& b, const Operands& i) {
  b.set_x(i.rd, b.sra(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_or_(B& b, const Operands& i) {
  b.set_x(i.rd, b.or_(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_and_(B& b, const Operands& i) {
  b.set_x(i.rd, b.and_(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_addw(B& b, const Operands& i) {
  b.set_x(i.rd, b.sext32(b.add(b.x(i.rs1), b.x(i.rs2))));
}
template <class B>
void sem_subw(B& b, const Operands& i) {
  b.set_x(i.rd, b.sext32(b.sub(b.x(i.rs1), b.x(i.rs2))));
}
template <class B>
void sem_sllw(B& b, const Operands& i) {
  b.set_x(i.rd, b.sllw(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_srlw(B& b, const Operands& i) {
  b.set_x(i.rd, b.srlw(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_sraw(B& b, const Operands& i) {
  b.set_x(i.rd, b.sraw(b.x(i.rs1), b.x(i.rs2)));
}

// M (13).
template <class B>
void sem_mul(B& b, const Operands& i) {
  b.set_x(i.rd, b.mul(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_mulh(B& b, const Operands& i) {
  b.set_x(i.rd, b.mulh(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_mulhsu(B& b, const Operands& i) {
  b.set_x(i.rd, b.mulhsu(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_mulhu(B& b, const Operands& i) {
  b.set_x(i.rd, b.mulhu(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_div(B& b, const Operands& i) {
  b.set_x(i.rd, b.div(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_divu(B& b, const Operands& i) {
  b.set_x(i.rd, b.divu(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_rem(B& b, const Operands& i) {
  b.set_x(i.rd, b.rem(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_remu(B& b, const Operands& i) {
  b.set_x(i.rd, b.remu(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_divw(B& b, const Operands& i) {
  b.set_x(i.rd, b.divw(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_divuw(B& b, const Operands& i) {
  b.set_x(i.rd, b.divuw(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_remw(B& b, const Operands& i) {
  b.set_x(i.rd, b.remw(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_remuw(B& b, const Operands& i) {
  b.set_x(i.rd, b.remuw(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_mulw(B& b, const Operands& i) {
  b.set_x(i.rd, b.sext32(b.mul(b.x(i.rs1), b.x(i.rs2))));
}

// Zba: addresses.
template <class B>
void sem_add_uw(B& b, const Operands& i) {
  b.set_x(i.rd, b.add(b.zext32(b.x(i.rs1)), b.x(i.rs2)));
}
template <class B>
void sem_sh1add(B& b, const Operands& i) {
  b.set_x(i.rd, b.add(b.sll(b.x(i.rs1), b.constant(1)), b.x(i.rs2)));
}
template <class B>
void sem_sh1add_uw(B& b, const Operands& i) {
  b.set_x(i.rd, b.add(b.sll(b.zext32(b.x(i.rs1)), b.constant(1)), b.x(i.rs2)));
}
template <class B>
void sem_sh2add(B& b, const Operands& i) {
  b.set_x(i.rd, b.add(b.sll(b.x(i.rs1), b.constant(2)), b.x(i.rs2)));
}
template <class B>
void sem_sh2add_uw(B& b, const Operands& i) {
  b.set_x(i.rd, b.add(b.sll(b.zext32(b.x(i.rs1)), b.constant(2)), b.x(i.rs2)));
}
template <class B>
void sem_sh3add(B& b, const Operands& i) {
  b.set_x(i.rd, b.add(b.sll(b.x(i.rs1), b.constant(3)), b.x(i.rs2)));
}
template <class B>
void sem_sh3add_uw(B& b, const Operands& i) {
  b.set_x(i.rd, b.add(b.sll(b.zext32(b.x(i.rs1)), b.constant(3)), b.x(i.rs2)));
}
template <class B>
void sem_slli_uw(B& b, const Operands& i) {
  b.set_x(i.rd, b.sll(b.zext32(b.x(i.rs1)), b.constant(i.imm)));
}

// Zbb and Zbkb: basic bit manipulation.
template <class B>
void sem_andn(B& b, const Operands& i) {
  b.set_x(i.rd, b.and_(b.x(i.rs1), b.not_(b.x(i.rs2))));
}
template <class B>
void sem_orn(B& b, const Operands& i) {
  b.set_x(i.rd, b.or_(b.x(i.rs1), b.not_(b.x(i.rs2))));
}
template <class B>
void sem_xnor(B& b, const Operands& i) {
  b.set_x(i.rd, b.not_(b.xor_(b.x(i.rs1), b.x(i.rs2))));
}
template <class B>
void sem_min(B& b, const Operands& i) {
  b.set_x(i.rd, b.select(b.lt(b.x(i.rs1), b.x(i.rs2)), b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_minu(B& b, const Operands& i) {
  b.set_x(i.rd, b.select(b.ltu(b.x(i.rs1), b.x(i.rs2)), b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_max(B& b, const Operands& i) {
  b.set_x(i.rd, b.select(b.ge(b.x(i.rs1), b.x(i.rs2)), b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_maxu(B& b, const Operands& i) {
  b.set_x(i.rd, b.select(b.geu(b.x(i.rs1), b.x(i.rs2)), b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_clz(B& b, const Operands& i) {
  b.set_x(i.rd, b.clz(b.x(i.rs1)));
}
template <class B>
void sem_ctz(B& b, const Operands& i) {
  b.set_x(i.rd, b.ctz(b.x(i.rs1)));
}
template <class B>
void sem_cpop(B& b, const Operands& i) {
  b.set_x(i.rd, b.cpop(b.x(i.rs1)));
}
template <class B>
void sem_clzw(B& b, const Operands& i) {
  b.set_x(i.rd, b.clz32(b.x(i.rs1)));
}
template <class B>
void sem_ctzw(B& b, const Operands& i) {
  b.set_x(i.rd, b.ctz32(b.x(i.rs1)));
}
template <class B>
void sem_sext_b(B& b, const Operands& i) {
  b.set_x(i.rd, b.sext8(b.x(i.rs1)));
}
template <class B>
void sem_sext_h(B& b, const Operands& i) {
  b.set_x(i.rd, b.sext16(b.x(i.rs1)));
}
template <class B>
void sem_orc_b(B& b, const Operands& i) {
  b.set_x(i.rd, b.or_combine(b.x(i.rs1)));
}
template <class B>
void sem_rev8(B& b, const Operands& i) {
  b.set_x(i.rd, b.byte_swap(b.x(i.rs1)));
}
template <class B>
void sem_brev8(B& b, const Operands& i) {
  b.set_x(i.rd, b.reverse_bits_in_bytes(b.x(i.rs1)));
}
template <class B>
void sem_cpopw(B& b, const Operands& i) {
  b.set_x(i.rd, b.cpop(b.zext32(b.x(i.rs1))));
}
template <class B>
void sem_ror(B& b, const Operands& i) {
  b.set_x(i.rd, b.rotr(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_rol(B& b, const Operands& i) {
  b.set_x(i.rd, b.rotr(b.x(i.rs1), b.sub(b.constant(0), b.x(i.rs2))));
}
template <class B>
void sem_rori(B& b, const Operands& i) {
  b.set_x(i.rd, b.rotr(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_rorw(B& b, const Operands& i) {
  b.set_x(i.rd, b.rotrw(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_rolw(B& b, const Operands& i) {
  b.set_x(i.rd, b.rotrw(b.x(i.rs1), b.sub(b.constant(0), b.x(i.rs2))));
}
template <class B>
void sem_roriw(B& b, const Operands& i) {
  b.set_x(i.rd, b.rotrw(b.x(i.rs1), b.constant(i.imm)));
}
template <class B>
void sem_pack(B& b, const Operands& i) {
  b.set_x(i.rd, b.or_(b.zext32(b.x(i.rs1)), b.sll(b.x(i.rs2), b.constant(32))));
}
template <class B>
void sem_packh(B& b, const Operands& i) {
  b.set_x(i.rd, b.or_(b.zext8(b.x(i.rs1)), b.sll(b.zext8(b.x(i.rs2)), b.constant(8))));
}
template <class B>
void sem_packw(B& b, const Operands& i) {
  b.set_x(i.rd, b.sext32(b.or_(b.zext16(b.x(i.rs1)), b.sll(b.x(i.rs2), b.constant(16)))));
}

// Zbs: single bits.
template <class B>
void sem_bclr(B& b, const Operands& i) {
  b.set_x(i.rd, b.and_(b.x(i.rs1), b.not_(b.sll(b.constant(1), b.x(i.rs2)))));
}
template <class B>
void sem_bset(B& b, const Operands& i) {
  b.set_x(i.rd, b.or_(b.x(i.rs1), b.sll(b.constant(1), b.x(i.rs2))));
}
template <class B>
void sem_binv(B& b, const Operands& i) {
  b.set_x(i.rd, b.xor_(b.x(i.rs1), b.sll(b.constant(1), b.x(i.rs2))));
}
template <class B>
void sem_bext(B& b, const Operands& i) {
  b.set_x(i.rd, b.and_(b.srl(b.x(i.rs1), b.x(i.rs2)), b.constant(1)));
}
template <class B>
void sem_bclri(B& b, const Operands& i) {
  b.set_x(i.rd, b.and_(b.x(i.rs1), b.not_(b.sll(b.constant(1), b.constant(i.imm)))));
}
template <class B>
void sem_bseti(B& b, const Operands& i) {
  b.set_x(i.rd, b.or_(b.x(i.rs1), b.sll(b.constant(1), b.constant(i.imm))));
}
template <class B>
void sem_binvi(B& b, const Operands& i) {
  b.set_x(i.rd, b.xor_(b.x(i.rs1), b.sll(b.constant(1), b.constant(i.imm))));
}
template <class B>
void sem_bexti(B& b, const Operands& i) {
  b.set_x(i.rd, b.and_(b.srl(b.x(i.rs1), b.constant(i.imm)), b.constant(1)));
}

// Zbc, Zbkc: carry-less products. Zbkx: crossbar permutations.
template <class B>
void sem_clmul(B& b, const Operands& i) {
  b.set_x(i.rd, b.clmul(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_clmulh(B& b, const Operands& i) {
  b.set_x(i.rd, b.clmulh(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_clmulr(B& b, const Operands& i) {
  b.set_x(i.rd, b.clmulr(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_xperm4(B& b, const Operands& i) {
  b.set_x(i.rd, b.xperm4(b.x(i.rs1), b.x(i.rs2)));
}
template <class B>
void sem_xperm8(B& b, const Operands& i) {
  b.set_x(i.rd, b.xperm8(b.x(i.rs1), b.x(i.rs2)));
}

// Zicond.
template <class B>
void sem_czero_eqz(B& b, const Operands& i) {
  b.set_x(i.rd, b.select(b.eq(b.x(i.rs2), b.constant(0)), b.constant(0), b.x(i.rs1)));
}
template <class B>
void sem_czero_nez(B& b, const Operands& i) {
  b.set_x(i.rd, b.select(b.eq(b.x(i.rs2), b.constant(0)), b.x(i.rs1), b.constant(0)));
}

}  // namespace vitrine::riscv
