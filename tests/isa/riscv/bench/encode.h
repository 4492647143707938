// SPDX-License-Identifier: MIT
// Instructions as numbers, for guest test programs: one constexpr function an instruction, written from the
// base formats of the unprivileged spec (2.2, 2.3, 26.2) and not from the decoder's rows, which are what such
// programs test. encode_test.cpp holds them against words that GNU as made. Next: program.h.
#pragma once

#include <cstdint>

namespace vitrine::bench {

// ABI names of the registers used most.
namespace reg {
inline constexpr unsigned zero = 0, ra = 1, sp = 2, gp = 3, tp = 4, t0 = 5, t1 = 6, t2 = 7, s0 = 8, s1 = 9,
                          a0 = 10, a1 = 11, a2 = 12, a3 = 13, a4 = 14, a5 = 15, a6 = 16, a7 = 17, s2 = 18,
                          s3 = 19, s4 = 20, s5 = 21, t3 = 28, t4 = 29, t5 = 30, t6 = 31;
}

namespace insn {

// --- The formats (2.2, 2.3)
// -----------------------------------------------------------------------------------
constexpr uint32_t field(int64_t value, unsigned high, unsigned low) {
  return static_cast<uint32_t>((static_cast<uint64_t>(value) >> low) &
                               ((uint64_t{1} << (high - low + 1)) - 1));
}
constexpr uint32_t r_type(uint32_t funct7, unsigned rs2, unsigned rs1, uint32_t funct3, unsigned rd,
                          uint32_t opcode) {
  return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}
constexpr uint32_t i_type(int64_t imm, unsigned rs1, uint32_t funct3, unsigned rd, uint32_t opcode) {
  return field(imm, 11, 0) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}
constexpr uint32_t s_type(int64_t imm, unsigned rs2, unsigned rs1, uint32_t funct3, uint32_t opcode) {
  return field(imm, 11, 5) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | field(imm, 4, 0) << 7 | opcode;
}
constexpr uint32_t b_type(int64_t imm, unsigned rs2, unsigned rs1, uint32_t funct3) {
  return field(imm, 12, 12) << 31 | field(imm, 10, 5) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 |
         field(imm, 4, 1) << 8 | field(imm, 11, 11) << 7 | 0x63;
}
constexpr uint32_t u_type(uint32_t upper, unsigned rd, uint32_t opcode) {
  return (upper & 0xfffff) << 12 | rd << 7 | opcode;
}

// --- RV64I (2, 4)
// ---------------------------------------------------------------------------------------------
constexpr uint32_t lui(unsigned rd, uint32_t upper) { return u_type(upper, rd, 0x37); }
constexpr uint32_t auipc(unsigned rd, uint32_t upper) { return u_type(upper, rd, 0x17); }
constexpr uint32_t jal(unsigned rd, int64_t offset) {
  return field(offset, 20, 20) << 31 | field(offset, 10, 1) << 21 | field(offset, 11, 11) << 20 |
         field(offset, 19, 12) << 12 | rd << 7 | 0x6f;
}
constexpr uint32_t jalr(unsigned rd, int64_t imm, unsigned rs1) { return i_type(imm, rs1, 0, rd, 0x67); }
constexpr uint32_t beq(unsigned a, unsigned b, int64_t offset) { return b_type(offset, b, a, 0); }
constexpr uint32_t bne(unsigned a, unsigned b, int64_t offset) { return b_type(offset, b, a, 1); }
constexpr uint32_t blt(unsigned a, unsigned b, int64_t offset) { return b_type(offset, b, a, 4); }
constexpr uint32_t bge(unsigned a, unsigned b, int64_t offset) { return b_type(offset, b, a, 5); }
constexpr uint32_t bltu(unsigned a, unsigned b, int64_t offset) { return b_type(offset, b, a, 6); }
constexpr uint32_t bgeu(unsigned a, unsigned b, int64_t offset) { return b_type(offset, b, a, 7); }

constexpr uint32_t load(uint32_t funct3, unsigned rd, int64_t imm, unsigned base) {
  return i_type(imm, base, funct3, rd, 0x03);
}
constexpr uint32_t lb(unsigned rd, int64_t imm, unsigned base) { return load(0, rd, imm, base); }
constexpr uint32_t lh(unsigned rd, int64_t imm, unsigned base) { return load(1, rd, imm, base); }
constexpr uint32_t lw(unsigned rd, int64_t imm, unsigned base) { return load(2, rd, imm, base); }
constexpr uint32_t ld(unsigned rd, int64_t imm, unsigned base) { return load(3, rd, imm, base); }
constexpr uint32_t lbu(unsigned rd, int64_t imm, unsigned base) { return load(4, rd, imm, base); }
constexpr uint32_t lhu(unsigned rd, int64_t imm, unsigned base) { return load(5, rd, imm, base); }
constexpr uint32_t lwu(unsigned rd, int64_t imm, unsigned base) { return load(6, rd, imm, base); }
constexpr uint32_t store(uint32_t funct3, unsigned source, int64_t imm, unsigned base) {
  return s_type(imm, source, base, funct3, 0x23);
}
constexpr uint32_t sb(unsigned source, int64_t imm, unsigned base) { return store(0, source, imm, base); }
constexpr uint32_t sh(unsigned source, int64_t imm, unsigned base) { return store(1, source, imm, base); }
constexpr uint32_t sw(unsigned source, int64_t imm, unsigned base) { return store(2, source, imm, base); }
constexpr uint32_t sd(unsigned source, int64_t imm, unsigned base) { return store(3, source, imm, base); }

constexpr uint32_t addi(unsigned rd, unsigned rs1, int64_t imm) { return i_type(imm, rs1, 0, rd, 0x13); }
constexpr uint32_t xori(unsigned rd, unsigned rs1, int64_t imm) { return i_type(imm, rs1, 4, rd, 0x13); }
constexpr uint32_t ori(unsigned rd, unsigned rs1, int64_t imm) { return i_type(imm, rs1, 6, rd, 0x13); }
constexpr uint32_t andi(unsigned rd, unsigned rs1, int64_t imm) { return i_type(imm, rs1, 7, rd, 0x13); }
constexpr uint32_t slli(unsigned rd, unsigned rs1, unsigned n) { return i_type(n, rs1, 1, rd, 0x13); }
constexpr uint32_t srli(unsigned rd, unsigned rs1, unsigned n) { return i_type(n, rs1, 5, rd, 0x13); }
constexpr uint32_t srai(unsigned rd, unsigned rs1, unsigned n) { return i_type(0x400 | n, rs1, 5, rd, 0x13); }
constexpr uint32_t addiw(unsigned rd, unsigned rs1, int64_t imm) { return i_type(imm, rs1, 0, rd, 0x1b); }
constexpr uint32_t add(unsigned rd, unsigned a, unsigned b) { return r_type(0, b, a, 0, rd, 0x33); }
constexpr uint32_t sub(unsigned rd, unsigned a, unsigned b) { return r_type(0x20, b, a, 0, rd, 0x33); }
constexpr uint32_t sll(unsigned rd, unsigned a, unsigned b) { return r_type(0, b, a, 1, rd, 0x33); }
constexpr uint32_t srl(unsigned rd, unsigned a, unsigned b) { return r_type(0, b, a, 5, rd, 0x33); }
constexpr uint32_t sra(unsigned rd, unsigned a, unsigned b) { return r_type(0x20, b, a, 5, rd, 0x33); }
constexpr uint32_t sllw(unsigned rd, unsigned a, unsigned b) { return r_type(0, b, a, 1, rd, 0x3b); }
constexpr uint32_t srlw(unsigned rd, unsigned a, unsigned b) { return r_type(0, b, a, 5, rd, 0x3b); }
constexpr uint32_t sraw(unsigned rd, unsigned a, unsigned b) { return r_type(0x20, b, a, 5, rd, 0x3b); }
inline constexpr uint32_t kNop = 0x00000013;
inline constexpr uint32_t kSelf = 0x0000006f;  // j .: stays where it is

// M (13): funct3 of mul, mulh, mulhsu, mulhu, div, divu, rem, remu is 0 to 7.
constexpr uint32_t muldiv(uint32_t funct3, unsigned rd, unsigned a, unsigned b) {
  return r_type(1, b, a, funct3, rd, 0x33);
}
constexpr uint32_t muldivw(uint32_t funct3, unsigned rd, unsigned a, unsigned b) {
  return r_type(1, b, a, funct3, rd, 0x3b);
}

// --- System (2.7, 2.8, 6, 7; privileged 3.3, 10.2)
// ------------------------------------------------------------
inline constexpr uint32_t kEcall = 0x00000073, kEbreak = 0x00100073, kMret = 0x30200073, kSret = 0x10200073,
                          kWfi = 0x10500073, kFenceI = 0x0000100f, kFence = 0x0ff0000f, kPause = 0x0100000f,
                          kWrsNto = 0x00d00073, kWrsSto = 0x01d00073, kSfenceWInval = 0x18000073,
                          kSfenceInvalIr = 0x18100073;
constexpr uint32_t sfence_vma(unsigned address, unsigned asid) {
  return r_type(0x09, asid, address, 0, 0, 0x73);
}
constexpr uint32_t sinval_vma(unsigned address, unsigned asid) {
  return r_type(0x0b, asid, address, 0, 0, 0x73);
}
constexpr uint32_t csrrw(unsigned rd, unsigned csr, unsigned rs1) { return i_type(csr, rs1, 1, rd, 0x73); }
constexpr uint32_t csrrs(unsigned rd, unsigned csr, unsigned rs1) { return i_type(csr, rs1, 2, rd, 0x73); }
constexpr uint32_t csrrc(unsigned rd, unsigned csr, unsigned rs1) { return i_type(csr, rs1, 3, rd, 0x73); }
constexpr uint32_t csrrwi(unsigned rd, unsigned csr, unsigned imm) { return i_type(csr, imm, 5, rd, 0x73); }
constexpr uint32_t csrrsi(unsigned rd, unsigned csr, unsigned imm) { return i_type(csr, imm, 6, rd, 0x73); }
constexpr uint32_t csrrci(unsigned rd, unsigned csr, unsigned imm) { return i_type(csr, imm, 7, rd, 0x73); }
constexpr uint32_t csrr(unsigned rd, unsigned csr) { return csrrs(rd, csr, 0); }
constexpr uint32_t csrw(unsigned csr, unsigned rs1) { return csrrw(0, csr, rs1); }

// Zicbom, Zicboz (19.7): inval 0, clean 1, flush 2, zero 4.
constexpr uint32_t cbo(uint32_t which, unsigned base) { return i_type(which, base, 2, 0, 0x0f); }
constexpr uint32_t cbo_zero(unsigned base) { return cbo(4, base); }

// --- A (14). width: 2 word, 3 doubleword; order: aq << 1 | rl
// -----------------------------------------------------
constexpr uint32_t atomic(uint32_t funct5, uint32_t width, unsigned rd, unsigned source, unsigned base,
                          uint32_t order = 0) {
  return r_type(funct5 << 2 | order, source, base, width, rd, 0x2f);
}
constexpr uint32_t lr_w(unsigned rd, unsigned base) { return atomic(2, 2, rd, 0, base); }
constexpr uint32_t lr_d(unsigned rd, unsigned base) { return atomic(2, 3, rd, 0, base); }
constexpr uint32_t sc_w(unsigned rd, unsigned source, unsigned base) {
  return atomic(3, 2, rd, source, base);
}
constexpr uint32_t sc_d(unsigned rd, unsigned source, unsigned base) {
  return atomic(3, 3, rd, source, base);
}
constexpr uint32_t amoswap_w(unsigned rd, unsigned source, unsigned base) {
  return atomic(1, 2, rd, source, base);
}
constexpr uint32_t amoswap_d(unsigned rd, unsigned source, unsigned base) {
  return atomic(1, 3, rd, source, base);
}
constexpr uint32_t amoadd_w(unsigned rd, unsigned source, unsigned base) {
  return atomic(0, 2, rd, source, base);
}
constexpr uint32_t amoadd_d(unsigned rd, unsigned source, unsigned base) {
  return atomic(0, 3, rd, source, base);
}

// --- F, D, Zfh (20, 21, 23). fmt: 0 single, 1 double, 2 half
// ------------------------------------------------------
inline constexpr uint32_t kS = 0, kD = 1, kH = 2;
inline constexpr uint32_t kRne = 0, kRtz = 1, kRdn = 2, kRup = 3, kRmm = 4, kDyn = 7;
constexpr uint32_t fp(uint32_t funct5, uint32_t fmt, unsigned rs2, unsigned rs1, uint32_t rm, unsigned rd) {
  return r_type(funct5 << 2 | fmt, rs2, rs1, rm, rd, 0x53);
}
constexpr uint32_t fadd(uint32_t fmt, unsigned rd, unsigned a, unsigned b, uint32_t rm = kDyn) {
  return fp(0, fmt, b, a, rm, rd);
}
constexpr uint32_t fsub(uint32_t fmt, unsigned rd, unsigned a, unsigned b, uint32_t rm = kDyn) {
  return fp(1, fmt, b, a, rm, rd);
}
constexpr uint32_t fmul(uint32_t fmt, unsigned rd, unsigned a, unsigned b, uint32_t rm = kDyn) {
  return fp(2, fmt, b, a, rm, rd);
}
constexpr uint32_t fdiv(uint32_t fmt, unsigned rd, unsigned a, unsigned b, uint32_t rm = kDyn) {
  return fp(3, fmt, b, a, rm, rd);
}
constexpr uint32_t fsqrt(uint32_t fmt, unsigned rd, unsigned a, uint32_t rm = kDyn) {
  return fp(11, fmt, 0, a, rm, rd);
}
// fsgnj 0, fsgnjn 1, fsgnjx 2
constexpr uint32_t fsgnj(uint32_t fmt, unsigned rd, unsigned a, unsigned b, uint32_t which = 0) {
  return fp(4, fmt, b, a, which, rd);
}
constexpr uint32_t fmin(uint32_t fmt, unsigned rd, unsigned a, unsigned b) { return fp(5, fmt, b, a, 0, rd); }
constexpr uint32_t fmax(uint32_t fmt, unsigned rd, unsigned a, unsigned b) { return fp(5, fmt, b, a, 1, rd); }
constexpr uint32_t fle(uint32_t fmt, unsigned rd, unsigned a, unsigned b) { return fp(20, fmt, b, a, 0, rd); }
constexpr uint32_t flt(uint32_t fmt, unsigned rd, unsigned a, unsigned b) { return fp(20, fmt, b, a, 1, rd); }
constexpr uint32_t feq(uint32_t fmt, unsigned rd, unsigned a, unsigned b) { return fp(20, fmt, b, a, 2, rd); }
constexpr uint32_t fclass(uint32_t fmt, unsigned rd, unsigned a) { return fp(28, fmt, 0, a, 1, rd); }
// Integers: w 0, wu 1, l 2, lu 3.
inline constexpr uint32_t kW = 0, kWu = 1, kL = 2, kLu = 3;
constexpr uint32_t fcvt_int(uint32_t integer, uint32_t fmt, unsigned rd, unsigned a, uint32_t rm = kDyn) {
  return fp(24, fmt, integer, a, rm, rd);
}
constexpr uint32_t fcvt_from(uint32_t fmt, uint32_t integer, unsigned rd, unsigned a, uint32_t rm = kDyn) {
  return fp(26, fmt, integer, a, rm, rd);
}
constexpr uint32_t fcvt(uint32_t to, uint32_t from, unsigned rd, unsigned a, uint32_t rm = kDyn) {
  return fp(8, to, from, a, rm, rd);
}
constexpr uint32_t fmv_x(uint32_t fmt, unsigned rd, unsigned a) { return fp(28, fmt, 0, a, 0, rd); }
constexpr uint32_t fmv_f(uint32_t fmt, unsigned rd, unsigned a) { return fp(30, fmt, 0, a, 0, rd); }
constexpr uint32_t fmadd(uint32_t fmt, unsigned rd, unsigned a, unsigned b, unsigned c, uint32_t rm = kDyn) {
  return c << 27 | fmt << 25 | b << 20 | a << 15 | rm << 12 | rd << 7 | 0x43;
}
// width: 1 half, 2 single, 3 double
constexpr uint32_t fload(uint32_t width, unsigned rd, int64_t imm, unsigned base) {
  return i_type(imm, base, width, rd, 0x07);
}
constexpr uint32_t fstore(uint32_t width, unsigned source, int64_t imm, unsigned base) {
  return s_type(imm, source, base, width, 0x27);
}
constexpr uint32_t flh(unsigned rd, int64_t imm, unsigned base) { return fload(1, rd, imm, base); }
constexpr uint32_t flw(unsigned rd, int64_t imm, unsigned base) { return fload(2, rd, imm, base); }
constexpr uint32_t fld(unsigned rd, int64_t imm, unsigned base) { return fload(3, rd, imm, base); }
constexpr uint32_t fsh(unsigned source, int64_t imm, unsigned base) { return fstore(1, source, imm, base); }
constexpr uint32_t fsw(unsigned source, int64_t imm, unsigned base) { return fstore(2, source, imm, base); }
constexpr uint32_t fsd(unsigned source, int64_t imm, unsigned base) { return fstore(3, source, imm, base); }

// --- C (26)
// -------------------------------------------------------------------------------------------------------
constexpr uint16_t c(uint32_t bits) { return static_cast<uint16_t>(bits); }
inline constexpr uint16_t kCNop = 0x0001, kCEbreak = 0x9002;
// funct3 | imm[5] | rd | imm[4:0] | op
constexpr uint16_t ci(uint32_t funct3, int64_t imm, unsigned rd, uint32_t op) {
  return c(funct3 << 13 | field(imm, 5, 5) << 12 | rd << 7 | field(imm, 4, 0) << 2 | op);
}
constexpr uint16_t c_addi(unsigned rd, int64_t imm) { return ci(0, imm, rd, 1); }
constexpr uint16_t c_addiw(unsigned rd, int64_t imm) { return ci(1, imm, rd, 1); }
constexpr uint16_t c_li(unsigned rd, int64_t imm) { return ci(2, imm, rd, 1); }
constexpr uint16_t c_slli(unsigned rd, unsigned n) { return ci(0, n, rd, 2); }
constexpr uint16_t cr(uint32_t funct4, unsigned rd, unsigned rs2) {
  return c(funct4 << 12 | rd << 7 | rs2 << 2 | 2);
}
constexpr uint16_t c_mv(unsigned rd, unsigned rs2) { return cr(8, rd, rs2); }
constexpr uint16_t c_add(unsigned rd, unsigned rs2) { return cr(9, rd, rs2); }
constexpr uint16_t c_jr(unsigned rs1) { return cr(8, rs1, 0); }
constexpr uint16_t c_jalr(unsigned rs1) { return cr(9, rs1, 0); }
// imm[11|4|9:8|10|6|7|3:1|5]
constexpr uint16_t c_j(int64_t o) {
  return c(5u << 13 | field(o, 11, 11) << 12 | field(o, 4, 4) << 11 | field(o, 9, 8) << 9 |
           field(o, 10, 10) << 8 | field(o, 6, 6) << 7 | field(o, 7, 7) << 6 | field(o, 3, 1) << 3 |
           field(o, 5, 5) << 2 | 1);
}

}  // namespace insn
}  // namespace vitrine::bench
