// SPDX-License-Identifier: MIT
// Floating-point instructions that the host's SSE unit does: which, and as what. A block that uses them runs only while FS
// is not Off and the rounding mode is RNE, so the host's default environment is the guest's. Flags accrue in MXCSR; the
// translator folds them into fflags before anybody looks. What the host does otherwise than RISC-V:
//
//   a NaN as a result            RISC-V has one NaN: it is written instead
//   a fused one with such result the slow path redoes the instruction exactly (inf * 0 + NaN)
//   a NaN in fmin and fmax,
//   a conversion that does not fit   the slow path
//   a narrow operand that is not boxed   the interpreter goes on in front of the instruction
//
// The code: emit_float.h.
#pragma once

#include <cstdint>

#include "isa/riscv/instruction.h"
#include "translator/builder.h"

namespace vitrine::translator {

enum class FloatKind : uint8_t {
  kNone, kArithmetic, kSqrt, kFused, kMinMax, kCompare, kToInteger, kFromInteger, kConvert, kSign
};
enum class SignOf : uint8_t { kSecond, kNegated, kBoth };  // the second operand's, its opposite, the product's

struct FloatRow {
  FloatKind kind = FloatKind::kNone;
  bool is_double = false;  // of the operands
  uint32_t id = 0;         // host instruction; kFused: form 213, first * second + third operand
  uint32_t id_avx = 0;     // with three operands
  uint32_t id_231 = 0;     // kFused: second * third + first operand
  bool commutes = false;
  bool wide = false;       // 64-bit integer: kToInteger, kFromInteger
  bool is_signed = true;
  SignOf sign = SignOf::kSecond;
};

inline constexpr unsigned kRoundToNearest = 0, kRoundToZero = 1, kRoundDynamically = 7;

FloatRow float_row(riscv::Op op);
bool can_lower_float(const riscv::Insn& insn, const HostAbilities& host);

}  // namespace vitrine::translator
