// SPDX-License-Identifier: MIT
// Semantic bodies: F, D, Zfh. f<Format>() unboxes (a value that is not boxed reads as the canonical NaN),
// set_f<Format>() boxes and makes FS dirty, operations accrue their flags, and round(i) takes the
// instruction's rounding mode, or fcsr's: with a reserved one the instruction is illegal (20.2). That FS is
// not Off has been checked before the body runs. Vocabulary and rules: semantics_integer.h; what the
// operations are: softfloat/softfloat.h.
#pragma once

#include <cstdint>

#include "isa/riscv/operands.h"
#include "isa/riscv/softfloat/softfloat.h"

namespace vitrine::riscv {

template <class F, class B, class Operation>
void unary(B& b, const Operands& i, Operation operation) {
  b.round(i.imm);
  if (!b.ok()) return;
  b.template set_f<F>(i.rd, operation(b, b.template f<F>(i.rs1)));
}

template <class F, class B, class Operation>
void binary(B& b, const Operands& i, Operation operation) {
  b.round(i.imm);
  if (!b.ok()) return;
  b.template set_f<F>(i.rd, operation(b, b.template f<F>(i.rs1), b.template f<F>(i.rs2)));
}

// rs1 * rs2 + rs3, with the product and the addend negated as the four instructions want (20.6): imm is rs3 |
// rm << 8.
template <class F, bool kNegateProduct, bool kNegateAddend, class B>
void fused(B& b, const Operands& i) {
  b.round(i.imm >> 8);
  if (!b.ok()) return;
  auto left = b.template f<F>(i.rs1);
  auto addend = b.template f<F>(i.imm & 31);
  if constexpr (kNegateProduct) left = b.template fneg<F>(left);
  // fnmadd is -(rs1 * rs2) - rs3, fnmsub is -(rs1 * rs2) + rs3.
  if constexpr (kNegateAddend) addend = b.template fneg<F>(addend);
  b.template set_f<F>(i.rd, b.template fma<F>(left, b.template f<F>(i.rs2), addend));
}

// 32-bit results are sign-extended, those of fcvt.wu too (20.7).
template <class F, class Int, class B>
void to_integer(B& b, const Operands& i) {
  b.round(i.imm);
  if (!b.ok()) return;
  b.set_x(i.rd, b.template fcvt_to<F, Int>(b.template f<F>(i.rs1)));
}

template <class F, class Int, class B>
void from_integer(B& b, const Operands& i) {
  b.round(i.imm);
  if (!b.ok()) return;
  b.template set_f<F>(i.rd, b.template fcvt_from<F, Int>(b.x(i.rs1)));
}

template <class To, class From, class B>
void convert(B& b, const Operands& i) {
  b.round(i.imm);
  if (!b.ok()) return;
  b.template set_f<To>(i.rd, b.template fcvt<To, From>(b.template f<From>(i.rs1)));
}

// Zfh (23).
template <class B>
void sem_fadd_h(B& b, const Operands& i) {
  binary<softfloat::Binary16>(
      b, i, [](auto& o, auto l, auto r) { return o.template fadd<softfloat::Binary16>(l, r); });
}
template <class B>
void sem_fsub_h(B& b, const Operands& i) {
  binary<softfloat::Binary16>(
      b, i, [](auto& o, auto l, auto r) { return o.template fsub<softfloat::Binary16>(l, r); });
}
template <class B>
void sem_fmul_h(B& b, const Operands& i) {
  binary<softfloat::Binary16>(
      b, i, [](auto& o, auto l, auto r) { return o.template fmul<softfloat::Binary16>(l, r); });
}
template <class B>
void sem_fdiv_h(B& b, const Operands& i) {
  binary<softfloat::Binary16>(
      b, i, [](auto& o, auto l, auto r) { return o.template fdiv<softfloat::Binary16>(l, r); });
}
template <class B>
void sem_fsqrt_h(B& b, const Operands& i) {
  unary<softfloat::Binary16>(b, i, [](auto& o, auto v) { return o.template fsqrt<softfloat::Binary16>(v); });
}
template <class B>
void sem_fmadd_h(B& b, const Operands& i) {
  fused<softfloat::Binary16, false, false>(b, i);
}
template <class B>
void sem_fmsub_h(B& b, const Operands& i) {
  fused<softfloat::Binary16, false, true>(b, i);
}
template <class B>
void sem_fnmsub_h(B& b, const Operands& i) {
  fused<softfloat::Binary16, true, false>(b, i);
}
template <class B>
void sem_fnmadd_h(B& b, const Operands& i) {
  fused<softfloat::Binary16, true, true>(b, i);
}
template <class B>
void sem_fsgnj_h(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary16>(
      i.rd, b.template fsgnj<softfloat::Binary16>(b.template f<softfloat::Binary16>(i.rs1),
                                                  b.template f<softfloat::Binary16>(i.rs2)));
}
template <class B>
void sem_fsgnjn_h(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary16>(
      i.rd, b.template fsgnjn<softfloat::Binary16>(b.template f<softfloat::Binary16>(i.rs1),
                                                   b.template f<softfloat::Binary16>(i.rs2)));
}
template <class B>
void sem_fsgnjx_h(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary16>(
      i.rd, b.template fsgnjx<softfloat::Binary16>(b.template f<softfloat::Binary16>(i.rs1),
                                                   b.template f<softfloat::Binary16>(i.rs2)));
}
template <class B>
void sem_fmin_h(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary16>(
      i.rd, b.template fmin<softfloat::Binary16>(b.template f<softfloat::Binary16>(i.rs1),
                                                 b.template f<softfloat::Binary16>(i.rs2)));
}
template <class B>
void sem_fmax_h(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary16>(
      i.rd, b.template fmax<softfloat::Binary16>(b.template f<softfloat::Binary16>(i.rs1),
                                                 b.template f<softfloat::Binary16>(i.rs2)));
}
template <class B>
void sem_feq_h(B& b, const Operands& i) {
  b.set_x(i.rd, b.template feq<softfloat::Binary16>(b.template f<softfloat::Binary16>(i.rs1),
                                                    b.template f<softfloat::Binary16>(i.rs2)));
}
template <class B>
void sem_flt_h(B& b, const Operands& i) {
  b.set_x(i.rd, b.template flt<softfloat::Binary16>(b.template f<softfloat::Binary16>(i.rs1),
                                                    b.template f<softfloat::Binary16>(i.rs2)));
}
template <class B>
void sem_fle_h(B& b, const Operands& i) {
  b.set_x(i.rd, b.template fle<softfloat::Binary16>(b.template f<softfloat::Binary16>(i.rs1),
                                                    b.template f<softfloat::Binary16>(i.rs2)));
}
template <class B>
void sem_fclass_h(B& b, const Operands& i) {
  b.set_x(i.rd, b.template fclass<softfloat::Binary16>(b.template f<softfloat::Binary16>(i.rs1)));
}
template <class B>
void sem_fcvt_w_h(B& b, const Operands& i) {
  to_integer<softfloat::Binary16, int32_t>(b, i);
}
template <class B>
void sem_fcvt_h_w(B& b, const Operands& i) {
  from_integer<softfloat::Binary16, int32_t>(b, i);
}
template <class B>
void sem_fcvt_wu_h(B& b, const Operands& i) {
  to_integer<softfloat::Binary16, uint32_t>(b, i);
}
template <class B>
void sem_fcvt_h_wu(B& b, const Operands& i) {
  from_integer<softfloat::Binary16, uint32_t>(b, i);
}
template <class B>
void sem_fcvt_l_h(B& b, const Operands& i) {
  to_integer<softfloat::Binary16, int64_t>(b, i);
}
template <class B>
void sem_fcvt_h_l(B& b, const Operands& i) {
  from_integer<softfloat::Binary16, int64_t>(b, i);
}
template <class B>
void sem_fcvt_lu_h(B& b, const Operands& i) {
  to_integer<softfloat::Binary16, uint64_t>(b, i);
}
template <class B>
void sem_fcvt_h_lu(B& b, const Operands& i) {
  from_integer<softfloat::Binary16, uint64_t>(b, i);
}

// F (20).
template <class B>
void sem_fadd_s(B& b, const Operands& i) {
  binary<softfloat::Binary32>(
      b, i, [](auto& o, auto l, auto r) { return o.template fadd<softfloat::Binary32>(l, r); });
}
template <class B>
void sem_fsub_s(B& b, const Operands& i) {
  binary<softfloat::Binary32>(
      b, i, [](auto& o, auto l, auto r) { return o.template fsub<softfloat::Binary32>(l, r); });
}
template <class B>
void sem_fmul_s(B& b, const Operands& i) {
  binary<softfloat::Binary32>(
      b, i, [](auto& o, auto l, auto r) { return o.template fmul<softfloat::Binary32>(l, r); });
}
template <class B>
void sem_fdiv_s(B& b, const Operands& i) {
  binary<softfloat::Binary32>(
      b, i, [](auto& o, auto l, auto r) { return o.template fdiv<softfloat::Binary32>(l, r); });
}
template <class B>
void sem_fsqrt_s(B& b, const Operands& i) {
  unary<softfloat::Binary32>(b, i, [](auto& o, auto v) { return o.template fsqrt<softfloat::Binary32>(v); });
}
template <class B>
void sem_fmadd_s(B& b, const Operands& i) {
  fused<softfloat::Binary32, false, false>(b, i);
}
template <class B>
void sem_fmsub_s(B& b, const Operands& i) {
  fused<softfloat::Binary32, false, true>(b, i);
}
template <class B>
void sem_fnmsub_s(B& b, const Operands& i) {
  fused<softfloat::Binary32, true, false>(b, i);
}
template <class B>
void sem_fnmadd_s(B& b, const Operands& i) {
  fused<softfloat::Binary32, true, true>(b, i);
}
template <class B>
void sem_fsgnj_s(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary32>(
      i.rd, b.template fsgnj<softfloat::Binary32>(b.template f<softfloat::Binary32>(i.rs1),
                                                  b.template f<softfloat::Binary32>(i.rs2)));
}
template <class B>
void sem_fsgnjn_s(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary32>(
      i.rd, b.template fsgnjn<softfloat::Binary32>(b.template f<softfloat::Binary32>(i.rs1),
                                                   b.template f<softfloat::Binary32>(i.rs2)));
}
template <class B>
void sem_fsgnjx_s(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary32>(
      i.rd, b.template fsgnjx<softfloat::Binary32>(b.template f<softfloat::Binary32>(i.rs1),
                                                   b.template f<softfloat::Binary32>(i.rs2)));
}
template <class B>
void sem_fmin_s(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary32>(
      i.rd, b.template fmin<softfloat::Binary32>(b.template f<softfloat::Binary32>(i.rs1),
                                                 b.template f<softfloat::Binary32>(i.rs2)));
}
template <class B>
void sem_fmax_s(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary32>(
      i.rd, b.template fmax<softfloat::Binary32>(b.template f<softfloat::Binary32>(i.rs1),
                                                 b.template f<softfloat::Binary32>(i.rs2)));
}
template <class B>
void sem_feq_s(B& b, const Operands& i) {
  b.set_x(i.rd, b.template feq<softfloat::Binary32>(b.template f<softfloat::Binary32>(i.rs1),
                                                    b.template f<softfloat::Binary32>(i.rs2)));
}
template <class B>
void sem_flt_s(B& b, const Operands& i) {
  b.set_x(i.rd, b.template flt<softfloat::Binary32>(b.template f<softfloat::Binary32>(i.rs1),
                                                    b.template f<softfloat::Binary32>(i.rs2)));
}
template <class B>
void sem_fle_s(B& b, const Operands& i) {
  b.set_x(i.rd, b.template fle<softfloat::Binary32>(b.template f<softfloat::Binary32>(i.rs1),
                                                    b.template f<softfloat::Binary32>(i.rs2)));
}
template <class B>
void sem_fclass_s(B& b, const Operands& i) {
  b.set_x(i.rd, b.template fclass<softfloat::Binary32>(b.template f<softfloat::Binary32>(i.rs1)));
}
template <class B>
void sem_fcvt_w_s(B& b, const Operands& i) {
  to_integer<softfloat::Binary32, int32_t>(b, i);
}
template <class B>
void sem_fcvt_s_w(B& b, const Operands& i) {
  from_integer<softfloat::Binary32, int32_t>(b, i);
}
template <class B>
void sem_fcvt_wu_s(B& b, const Operands& i) {
  to_integer<softfloat::Binary32, uint32_t>(b, i);
}
template <class B>
void sem_fcvt_s_wu(B& b, const Operands& i) {
  from_integer<softfloat::Binary32, uint32_t>(b, i);
}
template <class B>
void sem_fcvt_l_s(B& b, const Operands& i) {
  to_integer<softfloat::Binary32, int64_t>(b, i);
}
template <class B>
void sem_fcvt_s_l(B& b, const Operands& i) {
  from_integer<softfloat::Binary32, int64_t>(b, i);
}
template <class B>
void sem_fcvt_lu_s(B& b, const Operands& i) {
  to_integer<softfloat::Binary32, uint64_t>(b, i);
}
template <class B>
void sem_fcvt_s_lu(B& b, const Operands& i) {
  from_integer<softfloat::Binary32, uint64_t>(b, i);
}

// D (21).
template <class B>
void sem_fadd_d(B& b, const Operands& i) {
  binary<softfloat::Binary64>(
      b, i, [](auto& o, auto l, auto r) { return o.template fadd<softfloat::Binary64>(l, r); });
}
template <class B>
void sem_fsub_d(B& b, const Operands& i) {
  binary<softfloat::Binary64>(
      b, i, [](auto& o, auto l, auto r) { return o.template fsub<softfloat::Binary64>(l, r); });
}
template <class B>
void sem_fmul_d(B& b, const Operands& i) {
  binary<softfloat::Binary64>(
      b, i, [](auto& o, auto l, auto r) { return o.template fmul<softfloat::Binary64>(l, r); });
}
template <class B>
void sem_fdiv_d(B& b, const Operands& i) {
  binary<softfloat::Binary64>(
      b, i, [](auto& o, auto l, auto r) { return o.template fdiv<softfloat::Binary64>(l, r); });
}
template <class B>
void sem_fsqrt_d(B& b, const Operands& i) {
  unary<softfloat::Binary64>(b, i, [](auto& o, auto v) { return o.template fsqrt<softfloat::Binary64>(v); });
}
template <class B>
void sem_fmadd_d(B& b, const Operands& i) {
  fused<softfloat::Binary64, false, false>(b, i);
}
template <class B>
void sem_fmsub_d(B& b, const Operands& i) {
  fused<softfloat::Binary64, false, true>(b, i);
}
template <class B>
void sem_fnmsub_d(B& b, const Operands& i) {
  fused<softfloat::Binary64, true, false>(b, i);
}
template <class B>
void sem_fnmadd_d(B& b, const Operands& i) {
  fused<softfloat::Binary64, true, true>(b, i);
}
template <class B>
void sem_fsgnj_d(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary64>(
      i.rd, b.template fsgnj<softfloat::Binary64>(b.template f<softfloat::Binary64>(i.rs1),
                                                  b.template f<softfloat::Binary64>(i.rs2)));
}
template <class B>
void sem_fsgnjn_d(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary64>(
      i.rd, b.template fsgnjn<softfloat::Binary64>(b.template f<softfloat::Binary64>(i.rs1),
                                                   b.template f<softfloat::Binary64>(i.rs2)));
}
template <class B>
void sem_fsgnjx_d(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary64>(
      i.rd, b.template fsgnjx<softfloat::Binary64>(b.template f<softfloat::Binary64>(i.rs1),
                                                   b.template f<softfloat::Binary64>(i.rs2)));
}
template <class B>
void sem_fmin_d(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary64>(
      i.rd, b.template fmin<softfloat::Binary64>(b.template f<softfloat::Binary64>(i.rs1),
                                                 b.template f<softfloat::Binary64>(i.rs2)));
}
template <class B>
void sem_fmax_d(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary64>(
      i.rd, b.template fmax<softfloat::Binary64>(b.template f<softfloat::Binary64>(i.rs1),
                                                 b.template f<softfloat::Binary64>(i.rs2)));
}
template <class B>
void sem_feq_d(B& b, const Operands& i) {
  b.set_x(i.rd, b.template feq<softfloat::Binary64>(b.template f<softfloat::Binary64>(i.rs1),
                                                    b.template f<softfloat::Binary64>(i.rs2)));
}
template <class B>
void sem_flt_d(B& b, const Operands& i) {
  b.set_x(i.rd, b.template flt<softfloat::Binary64>(b.template f<softfloat::Binary64>(i.rs1),
                                                    b.template f<softfloat::Binary64>(i.rs2)));
}
template <class B>
void sem_fle_d(B& b, const Operands& i) {
  b.set_x(i.rd, b.template fle<softfloat::Binary64>(b.template f<softfloat::Binary64>(i.rs1),
                                                    b.template f<softfloat::Binary64>(i.rs2)));
}
template <class B>
void sem_fclass_d(B& b, const Operands& i) {
  b.set_x(i.rd, b.template fclass<softfloat::Binary64>(b.template f<softfloat::Binary64>(i.rs1)));
}
template <class B>
void sem_fcvt_w_d(B& b, const Operands& i) {
  to_integer<softfloat::Binary64, int32_t>(b, i);
}
template <class B>
void sem_fcvt_d_w(B& b, const Operands& i) {
  from_integer<softfloat::Binary64, int32_t>(b, i);
}
template <class B>
void sem_fcvt_wu_d(B& b, const Operands& i) {
  to_integer<softfloat::Binary64, uint32_t>(b, i);
}
template <class B>
void sem_fcvt_d_wu(B& b, const Operands& i) {
  from_integer<softfloat::Binary64, uint32_t>(b, i);
}
template <class B>
void sem_fcvt_l_d(B& b, const Operands& i) {
  to_integer<softfloat::Binary64, int64_t>(b, i);
}
template <class B>
void sem_fcvt_d_l(B& b, const Operands& i) {
  from_integer<softfloat::Binary64, int64_t>(b, i);
}
template <class B>
void sem_fcvt_lu_d(B& b, const Operands& i) {
  to_integer<softfloat::Binary64, uint64_t>(b, i);
}
template <class B>
void sem_fcvt_d_lu(B& b, const Operands& i) {
  from_integer<softfloat::Binary64, uint64_t>(b, i);
}

// Conversions between formats.
template <class B>
void sem_fcvt_h_s(B& b, const Operands& i) {
  convert<softfloat::Binary16, softfloat::Binary32>(b, i);
}
template <class B>
void sem_fcvt_h_d(B& b, const Operands& i) {
  convert<softfloat::Binary16, softfloat::Binary64>(b, i);
}
template <class B>
void sem_fcvt_s_h(B& b, const Operands& i) {
  convert<softfloat::Binary32, softfloat::Binary16>(b, i);
}
template <class B>
void sem_fcvt_s_d(B& b, const Operands& i) {
  convert<softfloat::Binary32, softfloat::Binary64>(b, i);
}
template <class B>
void sem_fcvt_d_h(B& b, const Operands& i) {
  convert<softfloat::Binary64, softfloat::Binary16>(b, i);
}
template <class B>
void sem_fcvt_d_s(B& b, const Operands& i) {
  convert<softfloat::Binary64, softfloat::Binary32>(b, i);
}

// Moves of bits between register files: x takes the low bits sign-extended, f takes them boxed (20.7, 21.5).
template <class B>
void sem_fmv_x_h(B& b, const Operands& i) {
  b.set_x(i.rd, b.sext16(b.f_raw(i.rs1)));
}
template <class B>
void sem_fmv_h_x(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary16>(i.rd, b.x(i.rs1));
}
template <class B>
void sem_fmv_x_w(B& b, const Operands& i) {
  b.set_x(i.rd, b.sext32(b.f_raw(i.rs1)));
}
template <class B>
void sem_fmv_w_x(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary32>(i.rd, b.x(i.rs1));
}
template <class B>
void sem_fmv_x_d(B& b, const Operands& i) {
  b.set_x(i.rd, b.f_raw(i.rs1));
}
template <class B>
void sem_fmv_d_x(B& b, const Operands& i) {
  b.template set_f<softfloat::Binary64>(i.rd, b.x(i.rs1));
}

}  // namespace vitrine::riscv
