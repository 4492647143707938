// SPDX-License-Identifier: MIT
//
// add, sub, mul, div, sqrt, fma. Each has the same three parts, in the order of IEEE 754-2019: NaN operands
// (6.2), infinite operands and other special cases (6.1, 7.2, 7.3), and numbers (5.4): unpack, compute
// exactly, round_pack.
#include <utility>

#include "isa/riscv/softfloat/exact.h"
#include "isa/riscv/softfloat/round_pack.h"
#include "isa/riscv/softfloat/softfloat.h"

namespace vitrine::riscv::softfloat {

namespace {

/// The sign of an exact zero sum of operands of these signs (IEEE 754-2019, 6.3): theirs if they agree,
/// otherwise + in all modes but RDN.
bool zero_sum_sign(bool x, bool y, Rounding rm) { return x == y ? x : rm == Rounding::RDN; }

/// x + y. They are aligned with their top digits at the last bit but one of the word, which leaves room for a
/// carry, and zeros below: no operand has more than 53 digits in a 64-bit word (48 as a product), 106 in one
/// of 128. So
///   * the smaller loses digits (becomes sticky) only if it is shifted by more than ten. The sum then has all
///     digits of the word but two, so that bit 0, the sticky one, is far below the half of any format's last
///     digit;
///   * bit 0 of the larger is zero. So a difference comes out sticky as well: an even number less "k and
///     something" is odd after the sticky bit, and its other digits are those of the exact difference.
template <class Word>
Exact<Word> sum(Exact<Word> x, Exact<Word> y, Rounding rm) {
  if (x.significand == 0 && y.significand == 0) return {zero_sum_sign(x.sign, y.sign, rm), 0, 0};
  if (x.significand == 0) return y;
  if (y.significand == 0) return x;
  x = widen_to<Word>(x, kWidth<Word> - 1);
  y = widen_to<Word>(y, kWidth<Word> - 1);
  if (x.exponent < y.exponent) std::swap(x, y);
  y.significand = shift_right_sticky(y.significand, x.exponent - y.exponent);

  if (x.sign == y.sign) return {x.sign, x.exponent, x.significand + y.significand};
  if (x.significand == y.significand) return {zero_sum_sign(x.sign, y.sign, rm), 0, 0};
  if (x.significand > y.significand) return {x.sign, x.exponent, x.significand - y.significand};
  return {y.sign, x.exponent, y.significand - x.significand};
}

/// x * y, with all digits.
template <class F>
Exact<Wide<F>> product(const Exact<uint64_t>& x, const Exact<uint64_t>& y) {
  return {x.sign != y.sign, x.exponent + y.exponent, Wide<F>{x.significand} * y.significand};
}

/// x / y, neither zero. A dividend of 2p+2 digits by a divisor of p gives p+2 digits or one more: the one
/// that may be the half, and the sticky one below it.
template <class F>
Exact<uint64_t> quotient(const Exact<uint64_t>& x, const Exact<uint64_t>& y) {
  const Exact<Wide<F>> dividend = widen_to<Wide<F>>(x, 2 * F::kPrecision + 2);
  const Exact<uint64_t> divisor = widen_to<uint64_t>(y, F::kPrecision);
  const auto digits = static_cast<uint64_t>(dividend.significand / divisor.significand);
  const bool rest = dividend.significand != Wide<F>{digits} * divisor.significand;
  return {x.sign != y.sign, dividend.exponent - divisor.exponent, digits | uint64_t{rest}};
}

/// The square root of x > 0, to p+2 digits, the last one sticky.
template <class F>
Exact<uint64_t> square_root(const Exact<uint64_t>& x) {
  // An even exponent, and the top digit in the first pair of digits of the word.
  Exact<uint64_t> radicand = widen_to<uint64_t>(x, 64);
  if (radicand.exponent % 2 != 0) radicand = widen_to<uint64_t>(x, 63);

  // As on paper: bring down the next pair of digits; the next digit of the root is 1 if (2r+1)^2 - (2r)^2 =
  // 4r + 1 fits into what remains. No predictor guesses the digits of a root, so they are not branched on but
  // masked with.
  constexpr int kDigits = F::kPrecision + 2;
  uint64_t pairs = radicand.significand, remainder = 0, root = 0;
  for (int i = 0; i < kDigits; ++i) {
    remainder = remainder << 2 | pairs >> 62;
    pairs <<= 2;
    const uint64_t trial = root << 2 | 1;
    const auto digit = static_cast<uint64_t>(trial <= remainder);
    remainder -= trial & (0 - digit);
    root = root << 1 | digit;
  }
  // The integer root of 32 pairs would have 32 digits and the exponent halved; these are kDigits of them.
  return {false, radicand.exponent / 2 + 32 - kDigits, root | uint64_t{remainder != 0}};
}

}  // namespace

template <class F>
Bits<F> add(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags) {
  if (is_nan<F>(a) || is_nan<F>(b)) return nan_result<F>(flags, a, b);
  if (is_infinite<F>(a) && is_infinite<F>(b)) return a == b ? a : invalid_result<F>(flags);
  if (is_infinite<F>(a)) return a;
  if (is_infinite<F>(b)) return b;
  return round_pack<F>(sum(unpack<F>(a), unpack<F>(b), rm), rm, flags);
}

/// a - b is a + (-b), for NaNs as well: their sign has no meaning, and the result is the canonical one.
template <class F>
Bits<F> sub(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags) {
  return add<F>(a, negate<F>(b), rm, flags);
}

template <class F>
Bits<F> mul(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags) {
  if (is_nan<F>(a) || is_nan<F>(b)) return nan_result<F>(flags, a, b);
  if (is_infinite<F>(a) || is_infinite<F>(b)) {
    if (is_zero<F>(a) || is_zero<F>(b)) return invalid_result<F>(flags);
    return with_sign<F>(sign_of<F>(a) != sign_of<F>(b), F::kInfinity);
  }
  return round_pack<F>(product<F>(unpack<F>(a), unpack<F>(b)), rm, flags);
}

template <class F>
Bits<F> div(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags) {
  if (is_nan<F>(a) || is_nan<F>(b)) return nan_result<F>(flags, a, b);
  const bool sign = sign_of<F>(a) != sign_of<F>(b);
  if (is_infinite<F>(a))
    return is_infinite<F>(b) ? invalid_result<F>(flags) : with_sign<F>(sign, F::kInfinity);
  if (is_infinite<F>(b)) return with_sign<F>(sign, 0);
  if (is_zero<F>(b)) {
    if (is_zero<F>(a)) return invalid_result<F>(flags);
    flags |= kDZ;
    return with_sign<F>(sign, F::kInfinity);
  }
  if (is_zero<F>(a)) return with_sign<F>(sign, 0);
  return round_pack<F>(quotient<F>(unpack<F>(a), unpack<F>(b)), rm, flags);
}

template <class F>
Bits<F> sqrt(Bits<F> a, Rounding rm, Flags& flags) {
  if (is_nan<F>(a)) return nan_result<F>(flags, a);
  if (is_zero<F>(a)) return a;  // squareRoot(-0) is -0 (IEEE 754-2019, 5.4.1)
  if (sign_of<F>(a)) return invalid_result<F>(flags);
  if (is_infinite<F>(a)) return a;
  return round_pack<F>(square_root<F>(unpack<F>(a)), rm, flags);
}

template <class F>
Bits<F> fma(Bits<F> a, Bits<F> b, Bits<F> c, Rounding rm, Flags& flags) {
  // "must set the invalid operation exception flag when the multiplicands are infinity and zero, even when
  // the addend is a quiet NaN": so this case comes before the NaNs. It has none among a and b.
  if ((is_infinite<F>(a) && is_zero<F>(b)) || (is_zero<F>(a) && is_infinite<F>(b)))
    return invalid_result<F>(flags);
  if (is_nan<F>(a) || is_nan<F>(b) || is_nan<F>(c)) return nan_result<F>(flags, a, b, c);
  if (is_infinite<F>(a) || is_infinite<F>(b)) {
    const Bits<F> infinity = with_sign<F>(sign_of<F>(a) != sign_of<F>(b), F::kInfinity);
    return is_infinite<F>(c) && c != infinity ? invalid_result<F>(flags) : infinity;
  }
  if (is_infinite<F>(c)) return c;
  const Exact<uint64_t> z = unpack<F>(c);
  const Exact<Wide<F>> addend{z.sign, z.exponent, z.significand};
  return round_pack<F>(sum(product<F>(unpack<F>(a), unpack<F>(b)), addend, rm), rm, flags);
}

#define VT_INSTANTIATE(F)                                      \
  template Bits<F> add<F>(Bits<F>, Bits<F>, Rounding, Flags&); \
  template Bits<F> sub<F>(Bits<F>, Bits<F>, Rounding, Flags&); \
  template Bits<F> mul<F>(Bits<F>, Bits<F>, Rounding, Flags&); \
  template Bits<F> div<F>(Bits<F>, Bits<F>, Rounding, Flags&); \
  template Bits<F> sqrt<F>(Bits<F>, Rounding, Flags&);         \
  template Bits<F> fma<F>(Bits<F>, Bits<F>, Bits<F>, Rounding, Flags&);
VT_INSTANTIATE(Binary16)
VT_INSTANTIATE(Binary32)
VT_INSTANTIATE(Binary64)
#undef VT_INSTANTIATE

}  // namespace vitrine::riscv::softfloat
