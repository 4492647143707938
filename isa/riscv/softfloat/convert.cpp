// SPDX-License-Identifier: MIT
//
// Conversions between formats, and to and from integers: RISC-V "F", "Floating-Point Conversion and Move
// Instructions", and the like sections of "D" and "Zfh"; IEEE 754-2019, 5.4.1 and 5.8.
#include <limits>

#include "isa/riscv/softfloat/exact.h"
#include "isa/riscv/softfloat/round_pack.h"
#include "isa/riscv/softfloat/softfloat.h"

namespace vitrine::riscv::softfloat {

namespace {

/// The spec's table "Domains of float-to-integer conversions and behavior for invalid inputs".
template <class Int>
Int saturated(bool upper, Flags& flags) {
  flags |= kNV;
  return upper ? std::numeric_limits<Int>::max() : std::numeric_limits<Int>::min();
}

}  // namespace

template <class F, class Int>
Int to_integer(Bits<F> a, Rounding rm, Flags& flags) {
  using Limits = std::numeric_limits<Int>;
  if (is_nan<F>(a)) return saturated<Int>(true, flags);
  if (is_infinite<F>(a)) return saturated<Int>(!sign_of<F>(a), flags);
  const Exact<uint64_t> x = unpack<F>(a);
  if (x.exponent + bit_width(x.significand) > 64) return saturated<Int>(!x.sign, flags);  // 2^64 and more

  // The largest magnitude of that sign. For INT64_MIN that is 2^63, by wrap-around.
  const Rounded<uint64_t> rounded = round_to_quantum(x, 0, rm);
  const uint64_t bound =
      x.sign ? 0 - static_cast<uint64_t>(Limits::min()) : static_cast<uint64_t>(Limits::max());
  if (rounded.units > bound) return saturated<Int>(!x.sign, flags);
  if (rounded.inexact) flags |= kNX;
  return static_cast<Int>(x.sign ? 0 - rounded.units : rounded.units);
}

template <class F, class Int>
Bits<F> from_integer(Int value, Rounding rm, Flags& flags) {
  const bool negative = value < 0;
  const auto digits = static_cast<uint64_t>(value);
  return round_pack<F>(Exact<uint64_t>{negative, 0, negative ? 0 - digits : digits}, rm, flags);
}

template <class To, class From>
Bits<To> convert(Bits<From> a, Rounding rm, Flags& flags) {
  if (is_nan<From>(a)) {
    if (is_signalling_nan<From>(a)) flags |= kNV;
    return To::kCanonicalNan;
  }
  if (is_infinite<From>(a)) return with_sign<To>(sign_of<From>(a), To::kInfinity);
  return round_pack<To>(unpack<From>(a), rm, flags);
}

#define VT_INSTANTIATE_INTEGER(F, Int)                        \
  template Int to_integer<F, Int>(Bits<F>, Rounding, Flags&); \
  template Bits<F> from_integer<F, Int>(Int, Rounding, Flags&);
#define VT_INSTANTIATE(F, Other1, Other2)                              \
  VT_INSTANTIATE_INTEGER(F, int32_t)                                   \
  VT_INSTANTIATE_INTEGER(F, uint32_t)                                  \
  VT_INSTANTIATE_INTEGER(F, int64_t)                                   \
  VT_INSTANTIATE_INTEGER(F, uint64_t)                                  \
  template Bits<F> convert<F, Other1>(Bits<Other1>, Rounding, Flags&); \
  template Bits<F> convert<F, Other2>(Bits<Other2>, Rounding, Flags&);
VT_INSTANTIATE(Binary16, Binary32, Binary64)
VT_INSTANTIATE(Binary32, Binary16, Binary64)
VT_INSTANTIATE(Binary64, Binary16, Binary32)
#undef VT_INSTANTIATE
#undef VT_INSTANTIATE_INTEGER

}  // namespace vitrine::riscv::softfloat
