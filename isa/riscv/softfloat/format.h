// SPDX-License-Identifier: MIT
//
// The three IEEE 754 binary interchange formats that RISC-V computes in, as bit patterns: their parameters
// (IEEE 754-2019, table 3.5), the rounding modes and exception flags of `fcsr` (RISC-V unprivileged, chapter
// "F", "Floating-Point Control and Status Register"), and what can be said of a value by looking at its bits.
//
//       sign   biased exponent   fraction           binary16   binary32   binary64
//      +------+-----------------+----------------+
//      |  1   |  kExponentBits  | kFractionBits  |   1+5+10     1+8+23    1+11+52
//      +------+-----------------+----------------+
//
// Nothing here rounds, and nothing here uses the host's floating point. Read next: softfloat.h (the
// operations), then exact.h and round_pack.h (how they work).
#pragma once

#include <cstdint>

namespace vitrine::riscv::softfloat {

/// Rounding directions, numbered as in `frm` and in the rm field of an instruction. The values 5 and 6 are
/// reserved and 7 means "take frm": the caller resolves or refuses them, they never come here.
enum class Rounding : uint8_t {
  RNE = 0,  ///< to nearest, ties to even
  RTZ = 1,  ///< towards zero
  RDN = 2,  ///< down, towards minus infinity
  RUP = 3,  ///< up, towards plus infinity
  RMM = 4,  ///< to nearest, ties to max magnitude (away from zero)
};

/// Accrued exceptions, in the bit order of `fflags`. Operations only ever set bits.
using Flags = uint8_t;
inline constexpr Flags kNX = 1 << 0;  ///< inexact
inline constexpr Flags kUF = 1 << 1;  ///< underflow: tiny after rounding, and inexact
inline constexpr Flags kOF = 1 << 2;  ///< overflow
inline constexpr Flags kDZ = 1 << 3;  ///< divide by zero
inline constexpr Flags kNV = 1 << 4;  ///< invalid operation

/// What follows from the widths of the two fields. p (kPrecision), emin and emax are IEEE 754's.
template <class Storage, int ExponentBits, int FractionBits>
struct BinaryFormat {
  using Bits = Storage;
  static constexpr int kExponentBits = ExponentBits;
  static constexpr int kFractionBits = FractionBits;
  static constexpr int kPrecision = FractionBits + 1;
  static constexpr int kMaxExponent = (1 << (ExponentBits - 1)) - 1;
  static constexpr int kMinExponent = 1 - kMaxExponent;

  static constexpr uint64_t kExponentMask = (uint64_t{1} << ExponentBits) - 1;
  static constexpr uint64_t kFractionMask = (uint64_t{1} << FractionBits) - 1;
  static constexpr Bits kSignBit = static_cast<Bits>(uint64_t{1} << (ExponentBits + FractionBits));
  static constexpr Bits kQuietBit = static_cast<Bits>(uint64_t{1} << (FractionBits - 1));
  static constexpr Bits kInfinity = static_cast<Bits>(kExponentMask << FractionBits);
  static constexpr Bits kMaxFinite = static_cast<Bits>(kInfinity - 1);
  static constexpr Bits kMinNormal = static_cast<Bits>(uint64_t{1} << FractionBits);
  /// "The canonical NaN has a positive sign and all significand bits clear except the MSB, a.k.a. the quiet
  /// bit."
  static constexpr Bits kCanonicalNan = static_cast<Bits>(kInfinity | kQuietBit);
};

struct Binary16 : BinaryFormat<uint16_t, 5, 10> {};
struct Binary32 : BinaryFormat<uint32_t, 8, 23> {};
struct Binary64 : BinaryFormat<uint64_t, 11, 52> {};

template <class F>
using Bits = typename F::Bits;

template <class F>
constexpr bool sign_of(Bits<F> a) {
  return (a & F::kSignBit) != 0;
}

template <class F>
constexpr Bits<F> magnitude_of(Bits<F> a) {
  return static_cast<Bits<F>>(a & ~F::kSignBit);
}

template <class F>
constexpr bool is_nan(Bits<F> a) {
  return magnitude_of<F>(a) > F::kInfinity;
}

/// A NaN is signalling when its quiet bit, the first of the fraction, is clear.
template <class F>
constexpr bool is_signalling_nan(Bits<F> a) {
  return is_nan<F>(a) && (a & F::kQuietBit) == 0;
}

template <class F>
constexpr bool is_infinite(Bits<F> a) {
  return magnitude_of<F>(a) == F::kInfinity;
}

template <class F>
constexpr bool is_zero(Bits<F> a) {
  return magnitude_of<F>(a) == 0;
}

template <class F>
constexpr bool is_subnormal(Bits<F> a) {
  return !is_zero<F>(a) && magnitude_of<F>(a) < F::kMinNormal;
}

/// A magnitude (an encoding without its sign) with a sign put on it.
template <class F>
constexpr Bits<F> with_sign(bool sign, uint64_t magnitude) {
  return static_cast<Bits<F>>(magnitude | (sign ? F::kSignBit : 0));
}

}  // namespace vitrine::riscv::softfloat
