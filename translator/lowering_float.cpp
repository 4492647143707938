// SPDX-License-Identifier: MIT
// Floating-point instructions as SSE code. f registers are read from and written to the hart; xmm0 to xmm2 and the
// temporaries rax, rcx are free at the beginning of an instruction.
#include "translator/lowering_float.h"

#include "translator/registers.h"

namespace vitrine::translator {
namespace {

using riscv::Hart;
using riscv::Insn;
using riscv::Op;
namespace a86 = asmjit::x86;
using a86::Mem;
using asmjit::Imm;
using asmjit::Label;

enum class Kind : uint8_t { kNone, kArithmetic, kSqrt, kFused, kCompare, kToInteger, kFromInteger, kConvert, kSign };

struct FloatRow {
  Kind kind = Kind::kNone;
  bool is_double = false;  // of the operands
  uint32_t id = 0;         // host instruction: kArithmetic, kFused
  bool wide = false;       // 64-bit integer: kToInteger, kFromInteger
  bool is_signed = true;
};

FloatRow row_for(Op op) {
  namespace Inst = a86::Inst;
  switch (op) {
    case Op::fadd_d: return {Kind::kArithmetic, true, Inst::kIdAddsd};
    case Op::fsub_d: return {Kind::kArithmetic, true, Inst::kIdSubsd};
    case Op::fmul_d: return {Kind::kArithmetic, true, Inst::kIdMulsd};
    case Op::fdiv_d: return {Kind::kArithmetic, true, Inst::kIdDivsd};
    case Op::fadd_s: return {Kind::kArithmetic, false, Inst::kIdAddss};
    case Op::fsub_s: return {Kind::kArithmetic, false, Inst::kIdSubss};
    case Op::fmul_s: return {Kind::kArithmetic, false, Inst::kIdMulss};
    case Op::fdiv_s: return {Kind::kArithmetic, false, Inst::kIdDivss};
    case Op::fsqrt_d: return {Kind::kSqrt, true};
    case Op::fsqrt_s: return {Kind::kSqrt, false};
    // 213: first * second + third operand.
    case Op::fmadd_d: return {Kind::kFused, true, Inst::kIdVfmadd213sd};
    case Op::fmsub_d: return {Kind::kFused, true, Inst::kIdVfmsub213sd};
    case Op::fnmsub_d: return {Kind::kFused, true, Inst::kIdVfnmadd213sd};
    case Op::fnmadd_d: return {Kind::kFused, true, Inst::kIdVfnmsub213sd};
    case Op::fmadd_s: return {Kind::kFused, false, Inst::kIdVfmadd213ss};
    case Op::fmsub_s: return {Kind::kFused, false, Inst::kIdVfmsub213ss};
    case Op::fnmsub_s: return {Kind::kFused, false, Inst::kIdVfnmadd213ss};
    case Op::fnmadd_s: return {Kind::kFused, false, Inst::kIdVfnmsub213ss};
    case Op::feq_d:
    case Op::flt_d:
    case Op::fle_d: return {Kind::kCompare, true};
    case Op::feq_s:
    case Op::flt_s:
    case Op::fle_s: return {Kind::kCompare, false};
    case Op::fcvt_w_d: return {Kind::kToInteger, true, 0, false};
    case Op::fcvt_l_d: return {Kind::kToInteger, true, 0, true};
    case Op::fcvt_w_s: return {Kind::kToInteger, false, 0, false};
    case Op::fcvt_l_s: return {Kind::kToInteger, false, 0, true};
    case Op::fcvt_d_w: return {Kind::kFromInteger, true, 0, false};
    case Op::fcvt_d_wu: return {Kind::kFromInteger, true, 0, false, false};
    case Op::fcvt_d_l: return {Kind::kFromInteger, true, 0, true};
    case Op::fcvt_s_w: return {Kind::kFromInteger, false, 0, false};
    case Op::fcvt_s_wu: return {Kind::kFromInteger, false, 0, false, false};
    case Op::fcvt_s_l: return {Kind::kFromInteger, false, 0, true};
    case Op::fcvt_d_s: return {Kind::kConvert, false};
    case Op::fcvt_s_d: return {Kind::kConvert, true};
    case Op::fsgnj_s:
    case Op::fsgnjn_s:
    case Op::fsgnjx_s: return {Kind::kSign, false};
    default: return {};
  }
}

constexpr unsigned kRne = 0, kRtz = 1, kDyn = 7;

// The rounding mode of the instruction is one that the host has in force, or that it has an instruction for.
bool rounding_fits(const Insn& insn, Kind kind) {
  const auto rm = static_cast<unsigned>(kind == Kind::kFused ? insn.imm >> 8 : insn.imm) & 7;
  switch (kind) {
    case Kind::kCompare:
    case Kind::kSign: return true;
    case Kind::kToInteger: return rm == kRtz || rm == kRne || rm == kDyn;
    default: return rm == kRne || rm == kDyn;
  }
}

class FloatEmitter {
 public:
  FloatEmitter(a86::Assembler& a, const Insn& insn, const FloatRow& row, const Label& slow)
      : a(a), insn_(insn), row_(row), slow_(slow) {}

  unsigned emit() {
    switch (row_.kind) {
      case Kind::kArithmetic: return arithmetic();
      case Kind::kSqrt: return sqrt();
      case Kind::kFused: return fused();
      case Kind::kCompare: return compare();
      case Kind::kToInteger: return to_integer();
      case Kind::kFromInteger: return from_integer();
      case Kind::kConvert: return convert();
      case Kind::kSign: return sign();
      case Kind::kNone: break;
    }
    return 0;
  }

 private:
  static Mem f_at(unsigned r, unsigned size, unsigned offset = 0) { return at(offsetof(Hart, f) + 8 * r + offset, size); }
  Mem operand(unsigned r) const { return f_at(r, row_.is_double ? 8 : 4); }
  void load(const a86::Xmm& to, unsigned r) { row_.is_double ? a.movsd(to, operand(r)) : a.movss(to, operand(r)); }

  // A narrow operand that is not boxed reads as a NaN: the slow path knows.
  void boxed(unsigned r) {
    if (row_.is_double) return;
    a.cmp(f_at(r, 4, 4), Imm(-1));
    a.jne(slow_);
  }
  // xmm0 is the result. NaNs must be the canonical one.
  void finish(bool result_is_double) {
    result_is_double ? a.ucomisd(a86::xmm0, a86::xmm0) : a.ucomiss(a86::xmm0, a86::xmm0);
    a.jp(slow_);
    store(result_is_double);
  }
  void store(bool is_double) {
    if (is_double) {
      a.movsd(f_at(insn_.rd, 8), a86::xmm0);
      return;
    }
    a.movss(f_at(insn_.rd, 4), a86::xmm0);
    a.mov(f_at(insn_.rd, 4, 4), Imm(-1));
  }
  unsigned set_x(const a86::Gp& value) {
    if (insn_.rd == 0) return 0;
    const a86::Gp host = host_register(insn_.rd);
    host.isValid() ? a.mov(host, value) : a.mov(x_at(insn_.rd), value);
    return insn_.rd;
  }

  unsigned arithmetic() {
    boxed(insn_.rs1);
    boxed(insn_.rs2);
    load(a86::xmm0, insn_.rs1);
    a.emit(row_.id, a86::xmm0, operand(insn_.rs2));
    finish(row_.is_double);
    return 0;
  }
  unsigned sqrt() {
    boxed(insn_.rs1);
    row_.is_double ? a.sqrtsd(a86::xmm0, operand(insn_.rs1)) : a.sqrtss(a86::xmm0, operand(insn_.rs1));
    finish(row_.is_double);
    return 0;
  }
  unsigned fused() {
    const auto rs3 = static_cast<unsigned>(insn_.imm & 31);
    boxed(insn_.rs1);
    boxed(insn_.rs2);
    boxed(rs3);
    load(a86::xmm0, insn_.rs1);
    load(a86::xmm1, insn_.rs2);
    a.emit(row_.id, a86::xmm0, a86::xmm1, operand(rs3));
    finish(row_.is_double);
    return 0;
  }
  // feq raises NV for signalling NaNs only (ucomis), flt and fle for all (comis). Unordered is false.
  unsigned compare() {
    boxed(insn_.rs1);
    boxed(insn_.rs2);
    const bool equal = insn_.op == Op::feq_d || insn_.op == Op::feq_s;
    if (equal) {
      load(a86::xmm0, insn_.rs1);
      row_.is_double ? a.ucomisd(a86::xmm0, operand(insn_.rs2)) : a.ucomiss(a86::xmm0, operand(insn_.rs2));
      a.setnp(a86::al);
      a.sete(a86::cl);
      a.and_(a86::al, a86::cl);
    } else {
      load(a86::xmm0, insn_.rs2);  // rs2 > rs1: above is false when unordered
      row_.is_double ? a.comisd(a86::xmm0, operand(insn_.rs1)) : a.comiss(a86::xmm0, operand(insn_.rs1));
      const bool less = insn_.op == Op::flt_d || insn_.op == Op::flt_s;
      less ? a.seta(a86::al) : a.setae(a86::al);
    }
    a.movzx(a86::eax, a86::al);
    return set_x(a86::rax);
  }
  // The host answers what does not fit with the smallest integer, and raises IE: the slow path saturates.
  unsigned to_integer() {
    boxed(insn_.rs1);
    const bool truncate = (insn_.imm & 7) == static_cast<int>(kRtz);
    namespace Inst = a86::Inst;
    const uint32_t id = row_.is_double ? (truncate ? Inst::kIdCvttsd2si : Inst::kIdCvtsd2si)
                                       : (truncate ? Inst::kIdCvttss2si : Inst::kIdCvtss2si);
    if (row_.wide) {
      a.emit(id, a86::rax, operand(insn_.rs1));
      a.mov(a86::rcx, INT64_MIN);
      a.cmp(a86::rax, a86::rcx);
    } else {
      a.emit(id, a86::eax, operand(insn_.rs1));
      a.cmp(a86::eax, INT32_MIN);
    }
    a.je(slow_);
    if (!row_.wide) a.movsxd(a86::rax, a86::eax);
    return set_x(a86::rax);
  }
  unsigned from_integer() {
    const a86::Gp host = host_register(insn_.rs1);
    a.xorps(a86::xmm0, a86::xmm0);
    const bool wide = row_.wide || !row_.is_signed;
    if (!row_.is_signed) {
      host.isValid() ? a.mov(a86::eax, host.r32()) : a.mov(a86::eax, x_at(insn_.rs1, 4));
    } else if (host.isValid()) {
      wide ? a.mov(a86::rax, host) : a.mov(a86::eax, host.r32());
    } else {
      wide ? a.mov(a86::rax, x_at(insn_.rs1)) : a.mov(a86::eax, x_at(insn_.rs1, 4));
    }
    const a86::Gp from = wide ? a86::Gp(a86::rax) : a86::Gp(a86::eax);
    row_.is_double ? a.cvtsi2sd(a86::xmm0, from) : a.cvtsi2ss(a86::xmm0, from);
    store(row_.is_double);
    return 0;
  }
  unsigned convert() {
    boxed(insn_.rs1);
    if (row_.is_double)
      a.cvtsd2ss(a86::xmm0, operand(insn_.rs1));
    else
      a.cvtss2sd(a86::xmm0, operand(insn_.rs1));
    finish(!row_.is_double);
    return 0;
  }
  unsigned sign() {
    boxed(insn_.rs1);
    boxed(insn_.rs2);
    a.mov(a86::eax, f_at(insn_.rs1, 4));
    a.mov(a86::ecx, f_at(insn_.rs2, 4));
    if (insn_.op == Op::fsgnjn_s) a.not_(a86::ecx);
    a.and_(a86::ecx, INT32_MIN);
    if (insn_.op == Op::fsgnjx_s) {
      a.xor_(a86::eax, a86::ecx);
    } else {
      a.and_(a86::eax, INT32_MAX);
      a.or_(a86::eax, a86::ecx);
    }
    a.mov(f_at(insn_.rd, 4), a86::eax);
    a.mov(f_at(insn_.rd, 4, 4), Imm(-1));
    return 0;
  }

  a86::Assembler& a;
  const Insn& insn_;
  const FloatRow& row_;
  const Label& slow_;
};

}  // namespace

bool can_lower_float(const Insn& insn, const HostAbilities& host) {
  const FloatRow row = row_for(insn.op);
  if (row.kind == Kind::kNone || (row.kind == Kind::kFused && !host.fma)) return false;
  return rounding_fits(insn, row.kind);
}

unsigned lower_float(a86::Assembler& a, const Insn& insn, const Label& slow) {
  const FloatRow row = row_for(insn.op);
  return FloatEmitter(a, insn, row, slow).emit();
}

}  // namespace vitrine::translator
