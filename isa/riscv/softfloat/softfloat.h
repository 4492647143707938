// SPDX-License-Identifier: MIT
//
// The floating-point operations of RISC-V (F, D, Zfh; not Zfa), bit-exact, on bit patterns.
//
// Where it stands in the spec: RISC-V unprivileged, chapters "F", "D" and "Zfh", which rest on IEEE 754-2019
// and fix what that standard leaves open:
//   * a NaN result is the canonical NaN, whatever NaNs came in ("NaN Generation and Propagation");
//   * tininess is detected after rounding ("Subnormal Arithmetic");
//   * min and max are minimumNumber and maximumNumber (F 2.2 and later);
//   * a conversion to an integer saturates, NaN to the largest value ("Conversion and Move Instructions").
//
// The contract of every function: pure; operands and results are encodings in the low bits of an unsigned
// integer (NaN boxing is the register file's business, and so is the sign extension of fcvt.wu results); `rm`
// is resolved; exceptions are or-ed into `flags`. No function uses the host's floating point, so that none
// depends on or changes the host's rounding mode and exception state, and results are the same on every host.
//
//   Flags flags = 0;
//   uint64_t third = softfloat::div<Binary64>(0x3ff0000000000000, 0x4008000000000000, Rounding::RNE, flags);
//
// Read next: exact.h. A faster way to the same bits, on hosts that have IEEE hardware, is host_fast.h.
#pragma once

#include <cstdint>

#include "isa/riscv/softfloat/format.h"

namespace vitrine::riscv::softfloat {

// ---- Computational operations (arithmetic.cpp): F is Binary16, Binary32 or Binary64. ----

template <class F>
Bits<F> add(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags);
template <class F>
Bits<F> sub(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags);
template <class F>
Bits<F> mul(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags);
template <class F>
Bits<F> div(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags);
template <class F>
Bits<F> sqrt(Bits<F> a, Rounding rm, Flags& flags);

/// a * b + c, rounded once: fmadd. The other three are this one with operands negated first:
///   fmsub(a, b, c) = fma(a, b, -c),   fnmsub(a, b, c) = fma(-a, b, c),   fnmadd(a, b, c) = fma(-a, b, -c).
///
/// Infinity times zero raises NV even when c is a quiet NaN (the spec's choice of what IEEE 754 leaves open).
template <class F>
Bits<F> fma(Bits<F> a, Bits<F> b, Bits<F> c, Rounding rm, Flags& flags);

// ---- Comparisons, minimum, maximum, classification (compare.cpp): never inexact, so no rounding mode. ----

template <class F>
Bits<F> min(Bits<F> a, Bits<F> b, Flags& flags);  ///< -0 < +0; a number beats a NaN; NV on a signalling NaN
template <class F>
Bits<F> max(Bits<F> a, Bits<F> b, Flags& flags);

template <class F>
bool eq(Bits<F> a, Bits<F> b, Flags& flags);  ///< quiet: NV on a signalling NaN only
template <class F>
bool lt(Bits<F> a, Bits<F> b, Flags& flags);  ///< signalling: NV on any NaN
template <class F>
bool le(Bits<F> a, Bits<F> b, Flags& flags);  ///< signalling: NV on any NaN

/// The mask of fclass: exactly one of the ten bits below is set.
template <class F>
uint32_t classify(Bits<F> a);

inline constexpr uint32_t kClassNegativeInfinity = 1 << 0;
inline constexpr uint32_t kClassNegativeNormal = 1 << 1;
inline constexpr uint32_t kClassNegativeSubnormal = 1 << 2;
inline constexpr uint32_t kClassNegativeZero = 1 << 3;
inline constexpr uint32_t kClassPositiveZero = 1 << 4;
inline constexpr uint32_t kClassPositiveSubnormal = 1 << 5;
inline constexpr uint32_t kClassPositiveNormal = 1 << 6;
inline constexpr uint32_t kClassPositiveInfinity = 1 << 7;
inline constexpr uint32_t kClassSignallingNan = 1 << 8;
inline constexpr uint32_t kClassQuietNan = 1 << 9;

// ---- Conversions (convert.cpp). ----

/// fcvt.{w,wu,l,lu}.*: Int is int32_t, uint32_t, int64_t or uint64_t. A value out of range after rounding
/// gives the nearest bound, a NaN the upper one; then NV is raised and NX is not.
template <class F, class Int>
Int to_integer(Bits<F> a, Rounding rm, Flags& flags);

/// fcvt.*.{w,wu,l,lu}. Zero gives +0 in every rounding mode.
template <class F, class Int>
Bits<F> from_integer(Int value, Rounding rm, Flags& flags);

/// fcvt between two different formats. Exact when it widens. NV on a signalling NaN.
template <class To, class From>
Bits<To> convert(Bits<From> a, Rounding rm, Flags& flags);

// ---- Sign injection and negation: bit operations, also on NaNs, which are not canonicalised; no flags. ----

template <class F>
constexpr Bits<F> sgnj(Bits<F> a, Bits<F> b) {
  return with_sign<F>(sign_of<F>(b), magnitude_of<F>(a));
}
template <class F>
constexpr Bits<F> sgnjn(Bits<F> a, Bits<F> b) {
  return with_sign<F>(!sign_of<F>(b), magnitude_of<F>(a));
}
template <class F>
constexpr Bits<F> sgnjx(Bits<F> a, Bits<F> b) {
  return with_sign<F>(sign_of<F>(a) != sign_of<F>(b), magnitude_of<F>(a));
}
template <class F>
constexpr Bits<F> negate(Bits<F> a) {
  return sgnjn<F>(a, a);
}

}  // namespace vitrine::riscv::softfloat
