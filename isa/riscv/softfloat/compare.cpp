// SPDX-License-Identifier: MIT
//
// eq, lt, le (RISC-V "F", "Floating-Point Compare Instructions"; IEEE 754-2019, 5.11), min and max (9.6:
// minimumNumber, maximumNumber), classify ("Floating-Point Classify Instruction").
#include "isa/riscv/softfloat/exact.h"
#include "isa/riscv/softfloat/softfloat.h"

namespace vitrine::riscv::softfloat {

namespace {

/// Integers in the order of the numbers, both zeros equal: encodings are sign and magnitude.
template <class F>
int64_t rank(Bits<F> a) {
  const auto magnitude = static_cast<int64_t>(magnitude_of<F>(a));
  return sign_of<F>(a) ? -magnitude : magnitude;
}

/// Whether a comparison has an unordered pair; raises NV on a signalling NaN, or on any NaN if the comparison
/// is a signalling one.
template <class F>
bool unordered(Bits<F> a, Bits<F> b, bool signalling, Flags& flags) {
  if (!is_nan<F>(a) && !is_nan<F>(b)) return false;
  if (signalling || is_signalling_nan<F>(a) || is_signalling_nan<F>(b)) flags |= kNV;
  return true;
}

/// minimumNumber (want_less) or maximumNumber: of a number and a NaN the number, of two NaNs the canonical
/// one.
template <class F>
Bits<F> extreme(Bits<F> a, Bits<F> b, bool want_less, Flags& flags) {
  if (unordered<F>(a, b, false, flags)) {
    if (is_nan<F>(a) && is_nan<F>(b)) return F::kCanonicalNan;
    return is_nan<F>(a) ? b : a;
  }
  // "For the purposes of these instructions only, the value -0.0 is considered to be less than the value
  // +0.0": among equals only the zeros differ, in their sign.
  const bool a_is_less = rank<F>(a) != rank<F>(b) ? rank<F>(a) < rank<F>(b) : sign_of<F>(a);
  return a_is_less == want_less ? a : b;
}

}  // namespace

template <class F>
Bits<F> min(Bits<F> a, Bits<F> b, Flags& flags) {
  return extreme<F>(a, b, true, flags);
}

template <class F>
Bits<F> max(Bits<F> a, Bits<F> b, Flags& flags) {
  return extreme<F>(a, b, false, flags);
}

template <class F>
bool eq(Bits<F> a, Bits<F> b, Flags& flags) {
  return !unordered<F>(a, b, false, flags) && rank<F>(a) == rank<F>(b);
}

template <class F>
bool lt(Bits<F> a, Bits<F> b, Flags& flags) {
  return !unordered<F>(a, b, true, flags) && rank<F>(a) < rank<F>(b);
}

template <class F>
bool le(Bits<F> a, Bits<F> b, Flags& flags) {
  return !unordered<F>(a, b, true, flags) && rank<F>(a) <= rank<F>(b);
}

template <class F>
uint32_t classify(Bits<F> a) {
  if (is_nan<F>(a)) return is_signalling_nan<F>(a) ? kClassSignallingNan : kClassQuietNan;
  const bool negative = sign_of<F>(a);
  if (is_infinite<F>(a)) return negative ? kClassNegativeInfinity : kClassPositiveInfinity;
  if (is_zero<F>(a)) return negative ? kClassNegativeZero : kClassPositiveZero;
  if (is_subnormal<F>(a)) return negative ? kClassNegativeSubnormal : kClassPositiveSubnormal;
  return negative ? kClassNegativeNormal : kClassPositiveNormal;
}

#define VT_INSTANTIATE(F)                            \
  template Bits<F> min<F>(Bits<F>, Bits<F>, Flags&); \
  template Bits<F> max<F>(Bits<F>, Bits<F>, Flags&); \
  template bool eq<F>(Bits<F>, Bits<F>, Flags&);     \
  template bool lt<F>(Bits<F>, Bits<F>, Flags&);     \
  template bool le<F>(Bits<F>, Bits<F>, Flags&);     \
  template uint32_t classify<F>(Bits<F>);
VT_INSTANTIATE(Binary16)
VT_INSTANTIATE(Binary32)
VT_INSTANTIATE(Binary64)
#undef VT_INSTANTIATE

}  // namespace vitrine::riscv::softfloat
