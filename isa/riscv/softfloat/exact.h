// SPDX-License-Identifier: MIT
//
// Internal to softfloat: a finite number on its way from an operand to round_pack.
//
// IEEE 754-2019, 5.1: an operation "shall be performed as if it first produced an intermediate result correct
// to infinite precision and with unbounded range, and then rounded that intermediate result". `Exact` is that
// intermediate result. Where infinitely many digits would be needed (quotients, roots, far-apart sums) the
// digits below bit 0 are replaced by one: bit 0 is set if any of them is not zero. This "sticky" bit is
// harmless as long as it stays below the half of the last digit kept, for rounding only asks: is the rest
// zero, below half, half, above? Every producer of a sticky bit says how far below it is.
//
// Read next: round_pack.h, then arithmetic.cpp.
#pragma once

#include <bit>
#include <cstdint>

#include "isa/riscv/softfloat/format.h"

namespace vitrine::riscv::softfloat {

/// Holds the product of two binary64 significands (106 bits) with room to shift.
__extension__ typedef unsigned __int128 Wide;

/// The number (-1)^sign * significand * 2^exponent. Any significand is allowed; zero has a sign, too.
struct Exact {
  bool sign;
  int exponent;
  Wide significand;
};

/// Digits of x, 0 for 0.
constexpr int bit_width(Wide x) {
  const auto high = static_cast<uint64_t>(x >> 64);
  return high != 0 ? 64 + std::bit_width(high) : std::bit_width(static_cast<uint64_t>(x));
}

/// x / 2^distance, its lost digits or-ed into bit 0.
constexpr Wide shift_right_sticky(Wide x, int distance) {
  if (distance <= 0) return x;
  if (distance >= 128) return x != 0;
  return x >> distance | ((x << (128 - distance)) != 0);
}

/// The same number with `width` significand digits; it must not be zero nor have more digits than that.
constexpr Exact widen_to(const Exact& x, int width) {
  const int shift = width - bit_width(x.significand);
  return {x.sign, x.exponent - shift, x.significand << shift};
}

/// The number that a finite encoding stands for (IEEE 754-2019, 3.4).
template <class F>
constexpr Exact unpack(Bits<F> a) {
  const auto biased = static_cast<int>(magnitude_of<F>(a) >> F::kFractionBits);
  const uint64_t fraction = a & F::kFractionMask;
  constexpr int kSmallestQuantum = F::kMinExponent - F::kFractionBits;
  if (biased == 0) return {sign_of<F>(a), kSmallestQuantum, fraction};
  return {sign_of<F>(a), kSmallestQuantum + biased - 1, fraction | F::kMinNormal};
}

/// The result of an operation with a NaN among its operands, which the caller found to be so.
template <class F, class... Operands>
constexpr Bits<F> nan_result(Flags& flags, Operands... operands) {
  if ((is_signalling_nan<F>(operands) || ...)) flags |= kNV;
  return F::kCanonicalNan;
}

/// The result of an invalid operation on numbers, such as inf - inf.
template <class F>
constexpr Bits<F> invalid_result(Flags& flags) {
  flags |= kNV;
  return F::kCanonicalNan;
}

}  // namespace vitrine::riscv::softfloat
