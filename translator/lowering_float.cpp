// SPDX-License-Identifier: MIT
// The table of floating-point instructions that become SSE code, and which rounding modes they may have.
#include "translator/lowering_float.h"

#include <asmjit/x86.h>

namespace vitrine::translator {
namespace {

using riscv::Op;
namespace Inst = asmjit::x86::Inst;

FloatRow arithmetic(bool is_double, uint32_t id, uint32_t id_avx, bool commutes) {
  return {.kind = FloatKind::kArithmetic, .is_double = is_double, .id = id, .id_avx = id_avx, .commutes = commutes};
}
FloatRow fused(bool is_double, uint32_t id_213, uint32_t id_231) {
  return {.kind = FloatKind::kFused, .is_double = is_double, .id = id_213, .id_231 = id_231};
}
FloatRow min_max(bool is_double, uint32_t id) {
  return {.kind = FloatKind::kMinMax, .is_double = is_double, .id = id};
}
FloatRow plain(FloatKind kind, bool is_double) { return {.kind = kind, .is_double = is_double}; }
FloatRow integer(FloatKind kind, bool is_double, bool wide, bool is_signed = true) {
  return {.kind = kind, .is_double = is_double, .wide = wide, .is_signed = is_signed};
}
FloatRow sign(bool is_double, SignOf of) { return {.kind = FloatKind::kSign, .is_double = is_double, .sign = of}; }

// The rounding mode of the instruction is one that the host has in force, or that it has an instruction for.
bool rounding_fits(const riscv::Insn& insn, FloatKind kind) {
  const auto rm = static_cast<unsigned>(kind == FloatKind::kFused ? insn.imm >> 8 : insn.imm) & 7;
  switch (kind) {
    case FloatKind::kCompare:
    case FloatKind::kMinMax:
    case FloatKind::kSign: return true;
    case FloatKind::kToInteger: return rm == kRoundToZero || rm == kRoundToNearest || rm == kRoundDynamically;
    default: return rm == kRoundToNearest || rm == kRoundDynamically;
  }
}

}  // namespace

FloatRow float_row(Op op) {
  switch (op) {
    case Op::fadd_d: return arithmetic(true, Inst::kIdAddsd, Inst::kIdVaddsd, true);
    case Op::fsub_d: return arithmetic(true, Inst::kIdSubsd, Inst::kIdVsubsd, false);
    case Op::fmul_d: return arithmetic(true, Inst::kIdMulsd, Inst::kIdVmulsd, true);
    case Op::fdiv_d: return arithmetic(true, Inst::kIdDivsd, Inst::kIdVdivsd, false);
    case Op::fadd_s: return arithmetic(false, Inst::kIdAddss, Inst::kIdVaddss, true);
    case Op::fsub_s: return arithmetic(false, Inst::kIdSubss, Inst::kIdVsubss, false);
    case Op::fmul_s: return arithmetic(false, Inst::kIdMulss, Inst::kIdVmulss, true);
    case Op::fdiv_s: return arithmetic(false, Inst::kIdDivss, Inst::kIdVdivss, false);
    case Op::fsqrt_d: return plain(FloatKind::kSqrt, true);
    case Op::fsqrt_s: return plain(FloatKind::kSqrt, false);
    case Op::fmadd_d: return fused(true, Inst::kIdVfmadd213sd, Inst::kIdVfmadd231sd);
    case Op::fmsub_d: return fused(true, Inst::kIdVfmsub213sd, Inst::kIdVfmsub231sd);
    case Op::fnmsub_d: return fused(true, Inst::kIdVfnmadd213sd, Inst::kIdVfnmadd231sd);
    case Op::fnmadd_d: return fused(true, Inst::kIdVfnmsub213sd, Inst::kIdVfnmsub231sd);
    case Op::fmadd_s: return fused(false, Inst::kIdVfmadd213ss, Inst::kIdVfmadd231ss);
    case Op::fmsub_s: return fused(false, Inst::kIdVfmsub213ss, Inst::kIdVfmsub231ss);
    case Op::fnmsub_s: return fused(false, Inst::kIdVfnmadd213ss, Inst::kIdVfnmadd231ss);
    case Op::fnmadd_s: return fused(false, Inst::kIdVfnmsub213ss, Inst::kIdVfnmsub231ss);
    case Op::fmin_d: return min_max(true, Inst::kIdMinsd);
    case Op::fmax_d: return min_max(true, Inst::kIdMaxsd);
    case Op::fmin_s: return min_max(false, Inst::kIdMinss);
    case Op::fmax_s: return min_max(false, Inst::kIdMaxss);
    case Op::feq_d:
    case Op::flt_d:
    case Op::fle_d: return plain(FloatKind::kCompare, true);
    case Op::feq_s:
    case Op::flt_s:
    case Op::fle_s: return plain(FloatKind::kCompare, false);
    case Op::fcvt_w_d: return integer(FloatKind::kToInteger, true, false);
    case Op::fcvt_l_d: return integer(FloatKind::kToInteger, true, true);
    case Op::fcvt_w_s: return integer(FloatKind::kToInteger, false, false);
    case Op::fcvt_l_s: return integer(FloatKind::kToInteger, false, true);
    case Op::fcvt_d_w: return integer(FloatKind::kFromInteger, true, false);
    case Op::fcvt_d_wu: return integer(FloatKind::kFromInteger, true, false, false);
    case Op::fcvt_d_l: return integer(FloatKind::kFromInteger, true, true);
    case Op::fcvt_d_lu: return integer(FloatKind::kFromInteger, true, true, false);
    case Op::fcvt_s_w: return integer(FloatKind::kFromInteger, false, false);
    case Op::fcvt_s_wu: return integer(FloatKind::kFromInteger, false, false, false);
    case Op::fcvt_s_l: return integer(FloatKind::kFromInteger, false, true);
    case Op::fcvt_s_lu: return integer(FloatKind::kFromInteger, false, true, false);
    case Op::fcvt_d_s: return plain(FloatKind::kConvert, false);
    case Op::fcvt_s_d: return plain(FloatKind::kConvert, true);
    case Op::fsgnj_d: return sign(true, SignOf::kSecond);
    case Op::fsgnjn_d: return sign(true, SignOf::kNegated);
    case Op::fsgnjx_d: return sign(true, SignOf::kBoth);
    case Op::fsgnj_s: return sign(false, SignOf::kSecond);
    case Op::fsgnjn_s: return sign(false, SignOf::kNegated);
    case Op::fsgnjx_s: return sign(false, SignOf::kBoth);
    default: return {};
  }
}

bool can_lower_float(const riscv::Insn& insn, const HostAbilities& host) {
  const FloatRow row = float_row(insn.op);
  if (row.kind == FloatKind::kNone || (row.kind == FloatKind::kFused && !host.fma)) return false;
  return rounding_fits(insn, row.kind);
}

}  // namespace vitrine::translator
