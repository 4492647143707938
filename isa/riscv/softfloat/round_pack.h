// SPDX-License-Identifier: MIT
//
// Internal to softfloat: the one place that rounds. IEEE 754-2019, 4.3 (rounding), 7.4 (overflow), 7.5
// (underflow), 7.6 (inexact), and the RISC-V choice that tininess is detected after rounding.
//
// A format's numbers near a value of exponent e are the multiples of a quantum: 2^(e - (p-1)), or the
// smallest one, 2^(emin - (p-1)), where subnormals begin. So rounding to a format is rounding to a multiple
// of a quantum, and rounding to an integer is the same with the quantum 2^0.
#pragma once

#include <algorithm>

#include "isa/riscv/softfloat/exact.h"

namespace vitrine::riscv::softfloat {

template <class Word>
struct Rounded {
  Word units;  ///< magnitude, in quanta
  bool inexact;
};

/// Whether a magnitude is rounded up (away from zero), given what lies between it and the multiple below.
/// `rest` is the part cut off, as a fraction of a quantum: the top bit of the word stands for one half.
template <class Word>
constexpr bool rounds_up(Rounding rm, bool sign, bool odd, Word rest) {
  constexpr Word kHalf = Word{1} << (kWidth<Word> - 1);
  switch (rm) {
    case Rounding::RNE: return rest > kHalf || (rest == kHalf && odd);
    case Rounding::RTZ: return false;
    case Rounding::RDN: return sign && rest != 0;
    case Rounding::RUP: return !sign && rest != 0;
    case Rounding::RMM: return rest >= kHalf;
  }
  return false;
}

/// Rounds x to a multiple of 2^quantum, which must fit into the word.
template <class Word>
constexpr Rounded<Word> round_to_quantum(const Exact<Word>& x, int quantum, Rounding rm) {
  constexpr int kBits = kWidth<Word>;
  const int cut = quantum - x.exponent;
  if (cut <= 0) return {x.significand << -cut, false};
  const Word below = cut < kBits ? x.significand >> cut : 0;
  // A number shifted by more than its width is less than a half; any small rest says so.
  const Word rest = cut <= kBits ? x.significand << (kBits - cut) : Word{x.significand != 0};
  return {below + rounds_up(rm, x.sign, (below & 1) != 0, rest), rest != 0};
}

/// IEEE 754-2019, 7.4: the nearest modes carry an overflow to infinity, the directed ones only in their
/// direction.
template <class F>
constexpr Bits<F> overflow_result(bool sign, Rounding rm, Flags& flags) {
  flags |= kOF | kNX;
  const bool to_max = rm == Rounding::RTZ || (rm == Rounding::RDN && !sign) || (rm == Rounding::RUP && sign);
  return with_sign<F>(sign, to_max ? F::kMaxFinite : F::kInfinity);
}

/// Tininess after rounding (IEEE 754-2019, 7.5): whether the result, "computed as though the exponent range
/// were unbounded", would lie strictly between +-2^emin. That is a second rounding, with precision p however
/// small x is. e is the exponent of x: 2^e <= |x| < 2^(e+1).
template <class F, class Word>
constexpr bool is_tiny(const Exact<Word>& x, int e, Rounding rm) {
  if (e >= F::kMinExponent) return false;
  const Rounded<Word> unbounded = round_to_quantum(x, e - F::kFractionBits, rm);
  const bool carry = (unbounded.units >> F::kPrecision) != 0;
  return e + carry < F::kMinExponent;
}

/// Rounds x to the format F and encodes it. An exact zero keeps the sign it has: operations choose it
/// beforehand. If bit 0 of the significand is sticky, it must lie below the half of the last digit of
/// precision p.
template <class F, class Word>
constexpr Bits<F> round_pack(const Exact<Word>& x, Rounding rm, Flags& flags) {
  if (x.significand == 0) return with_sign<F>(x.sign, 0);

  // 1. The exponent e (2^e <= |x| < 2^(e+1)), and from it the quantum.
  const int e = x.exponent + bit_width(x.significand) - 1;
  const int quantum = std::max(e, F::kMinExponent) - F::kFractionBits;

  // 2. Round. A carry out of the top digit leaves the power of two 2^(e+1).
  const Rounded<Word> result = round_to_quantum(x, quantum, rm);
  const bool carry = (result.units >> F::kPrecision) != 0;

  // 3. Overflow: "were the exponent range unbounded", the result would exceed the largest finite number.
  if (e + carry > F::kMaxExponent) return overflow_result<F>(x.sign, rm, flags);

  // 4. Inexact; underflow if tiny as well.
  if (result.inexact) flags |= is_tiny<F>(x, e, rm) ? kNX | kUF : kNX;

  // 5. Encode. The leading digit of a normal number is not stored: added to the biased exponent minus one
  //    it counts that field up by one. The same sum gives a subnormal the field 0, and lets a carry in.
  const int field_minus_one = quantum + F::kFractionBits - F::kMinExponent;
  const uint64_t magnitude =
      (static_cast<uint64_t>(field_minus_one) << F::kFractionBits) + static_cast<uint64_t>(result.units);
  return with_sign<F>(x.sign, magnitude);
}

}  // namespace vitrine::riscv::softfloat
