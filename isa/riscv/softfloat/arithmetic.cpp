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
/// otherwise +, "except under roundTowardNegative".
bool zero_sum_sign(bool x, bool y, Rounding rm) { return x == y ? x : rm == Rounding::RDN; }

/// x + y. Both significands have at most 106 digits. They are aligned with their top digit at bit 126, so
/// that the larger one has 21 zeros at its end. A smaller one that loses digits (becomes sticky) is shifted
/// by more than 21, so that the sum has at least 126 digits: its sticky bit 0 is far below the half of any
/// format's last digit. For a difference as well: the larger one is even, so taking away "k and something",
/// 2k+1 halves, leaves an odd bit 0.
Exact sum(Exact x, Exact y, Rounding rm) {
  if (x.significand == 0 && y.significand == 0) return {zero_sum_sign(x.sign, y.sign, rm), 0, 0};
  if (x.significand == 0) return y;
  if (y.significand == 0) return x;
  x = widen_to(x, 127);
  y = widen_to(y, 127);
  if (x.exponent < y.exponent) std::swap(x, y);
  y.significand = shift_right_sticky(y.significand, x.exponent - y.exponent);

  if (x.sign == y.sign) return {x.sign, x.exponent, x.significand + y.significand};
  if (x.significand == y.significand) return {zero_sum_sign(x.sign, y.sign, rm), 0, 0};
  if (x.significand > y.significand) return {x.sign, x.exponent, x.significand - y.significand};
  return {y.sign, x.exponent, y.significand - x.significand};
}

/// x * y, at most 106 digits.
Exact product(const Exact& x, const Exact& y) {
  return {x.sign != y.sign, x.exponent + y.exponent, x.significand * y.significand};
}

/// x / y, neither zero. With both top digits at bit 63 the quotient of the significands lies between 1/2 and
/// 2; 63 more digits make the integer quotient 63 or 64 digits long, ten more than binary64 keeps. Sticky:
/// the remainder.
Exact quotient(const Exact& x, const Exact& y) {
  const Exact n = widen_to(x, 64);
  const Exact d = widen_to(y, 64);
  const Wide dividend = n.significand << 63;
  const auto divisor = static_cast<uint64_t>(d.significand);
  const auto digits = static_cast<uint64_t>(dividend / divisor);
  const bool rest = dividend != Wide{digits} * divisor;
  return {x.sign != y.sign, n.exponent - d.exponent - 63, digits | rest};
}

/// The square root of x > 0 to `digits` digits, the last one sticky.
Exact square_root(const Exact& x, int digits) {
  // An even exponent, and a radicand of 2 * digits or one less: its root has exactly `digits`.
  Exact radicand = widen_to(x, 2 * digits);
  if (radicand.exponent % 2 != 0) radicand = widen_to(x, 2 * digits - 1);

  // Digit by digit, as on paper. The digit of weight 2^i is 1 if the square stays within the radicand, that
  // is if (root + 2^i)^2 - root^2 = (2 * root + 2^i) * 2^i fits into what remains. `twice` is 2 * root.
  Wide remainder = radicand.significand;
  Wide twice = 0;
  for (int i = digits - 1; i >= 0; --i) {
    const Wide step = (twice + (Wide{1} << i)) << i;
    if (step > remainder) continue;
    remainder -= step;
    twice += Wide{1} << (i + 1);
  }
  return {false, radicand.exponent / 2, twice >> 1 | (remainder != 0)};
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
  return round_pack<F>(product(unpack<F>(a), unpack<F>(b)), rm, flags);
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
  return round_pack<F>(quotient(unpack<F>(a), unpack<F>(b)), rm, flags);
}

template <class F>
Bits<F> sqrt(Bits<F> a, Rounding rm, Flags& flags) {
  if (is_nan<F>(a)) return nan_result<F>(flags, a);
  if (is_zero<F>(a)) return a;  // squareRoot(-0) is -0 (IEEE 754-2019, 5.4.1)
  if (sign_of<F>(a)) return invalid_result<F>(flags);
  if (is_infinite<F>(a)) return a;
  // Two digits beyond the precision: the one that may be the half, and the sticky one below it.
  return round_pack<F>(square_root(unpack<F>(a), F::kPrecision + 2), rm, flags);
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
  return round_pack<F>(sum(product(unpack<F>(a), unpack<F>(b)), unpack<F>(c), rm), rm, flags);
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
