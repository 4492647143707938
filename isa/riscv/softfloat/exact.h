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
#include <type_traits>

#include "isa/riscv/softfloat/format.h"

namespace vitrine::riscv::softfloat {

__extension__ typedef unsigned __int128 uint128_t;

/// The word for a product of two significands of F, or for a dividend (2p+2 digits). For all else 64 bits
/// will do.
template <class F>
using Wide = std::conditional_t<2 * F::kPrecision + 2 <= 64, uint64_t, uint128_t>;

template <class Word>
inline constexpr int kWidth = static_cast<int>(8 * sizeof(Word));

/// The number (-1)^sign * significand * 2^exponent. Any significand is allowed; zero has a sign, too.
template <class Word>
struct Exact {
  bool sign;
  int exponent;
  Word significand;
};

/// Digits of x, 0 for 0.
constexpr int bit_width(uint64_t x) { return std::bit_width(x); }
constexpr int bit_width(uint128_t x) {
  const auto high = static_cast<uint64_t>(x >> 64);
  return high != 0 ? 64 + std::bit_width(high) : std::bit_width(static_cast<uint64_t>(x));
}

/// x / 2^distance, its lost digits or-ed into bit 0.
template <class Word>
constexpr Word shift_right_sticky(Word x, int distance) {
  if (distance <= 0) return x;
  if (distance >= kWidth<Word>) return x != 0;
  return x >> distance | Word{(x << (kWidth<Word> - distance)) != 0};
}

/// The same number with `digits` significand digits, in a word that has them. It must not be zero nor have
/// more.
template <class Word, class Narrow>
constexpr Exact<Word> widen_to(const Exact<Narrow>& x, int digits) {
  const int shift = digits - bit_width(x.significand);
  return {x.sign, x.exponent - shift, Word{x.significand} << shift};
}

/// The number that a finite encoding stands for (IEEE 754-2019, 3.4).
template <class F>
constexpr Exact<uint64_t> unpack(Bits<F> a) {
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
