// SPDX-License-Identifier: MIT
//
// The same operations as softfloat.h, by the host's floating-point unit where it provably gives the same bits
// and flags, and by the reference where it does not. The functions of namespace `fast` may replace their
// namesakes anywhere; tests hold them against the reference on random operands.
//
// Why it is right. IEEE 754-2019 leaves no freedom in the result of these operations but for NaNs, and the
// host's rounding mode is RNE (see below), so only flags and NaNs need care. Reading the host's flags would
// cost more than computing in software; they are not read but ruled out:
//   * NX is not ruled out but made irrelevant: the fast path is taken only if `flags` has NX set. Programs
//     that compute run with NX set after a few operations, for hardly any result is exact.
//   * NV and DZ come with a NaN or an infinity as the result. So does OF in RNE. Any such result is thrown
//     away, and the reference redoes the operation. That also covers all NaN and infinity operands that
//     matter.
//   * UF needs a non-zero exact result below the smallest normal number. A host result of larger magnitude
//     than that number cannot come from one, whether tininess is detected before or after rounding. A result
//     equal to it, smaller, or zero goes to the reference, unless the operation cannot underflow:
//       - a sum or difference of finite numbers below the normal range is always exact (both are multiples of
//         the smallest subnormal), and so has no flag;
//       - a product or quotient that is zero since an operand is zero is exact;
//       - a square root of a number that is not zero is far inside the normal range, and that of zero is
//         exact.
//
// What the includer owes. The host computes in the default environment: round to nearest, no flush-to-zero,
// no denormals-are-zero. Its accrued flags are neither read nor kept; unmasked exceptions are not supported.
// -ffp-contract=off, which linking with vitrine_softfloat switches on, so that two neighbouring operations
// are never fused into one; never -ffast-math.
#pragma once

#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>
#include <type_traits>

#include "isa/riscv/softfloat/softfloat.h"

namespace vitrine::riscv::softfloat::fast {

#ifdef __FAST_MATH__
#error "host_fast.h needs IEEE arithmetic: do not compile with -ffast-math"
#endif
static_assert(FLT_EVAL_METHOD == 0, "float and double must be computed in their own precision (no x87)");
static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559);

namespace detail {

template <class F>
struct HostType;
template <>
struct HostType<Binary32> {
  using type = float;
};
template <>
struct HostType<Binary64> {
  using type = double;
};

template <class F>
inline constexpr bool kHasHostType = std::is_same_v<F, Binary32> || std::is_same_v<F, Binary64>;

template <class F>
auto host(Bits<F> a) {
  return std::bit_cast<typename HostType<F>::type>(a);
}

template <class F, class Host>
Bits<F> bits(Host a) {
  return std::bit_cast<Bits<F>>(a);
}

inline bool may_use_host(Rounding rm, Flags flags) { return rm == Rounding::RNE && (flags & kNX) != 0; }

/// Finite, and farther from zero than the smallest normal number. One comparison, thanks to wrap-around.
template <class F>
bool safely_normal(Bits<F> result) {
  constexpr Bits<F> kFirst = F::kMinNormal + 1;
  return static_cast<Bits<F>>(magnitude_of<F>(result) - kFirst) < static_cast<Bits<F>>(F::kInfinity - kFirst);
}

template <class F>
bool finite(Bits<F> result) {
  return magnitude_of<F>(result) < F::kInfinity;
}

}  // namespace detail

/// The attempts: each computes on the host and says whether `result` is the operation's, with no flag to
/// raise but NX. The caller has made sure that the rounding mode is RNE and that NX is set already.
template <class F>
bool try_add(Bits<F> a, Bits<F> b, Bits<F>& result) {
  result = detail::bits<F>(detail::host<F>(a) + detail::host<F>(b));
  return detail::finite<F>(result);
}

template <class F>
bool try_sub(Bits<F> a, Bits<F> b, Bits<F>& result) {
  result = detail::bits<F>(detail::host<F>(a) - detail::host<F>(b));
  return detail::finite<F>(result);
}

template <class F>
bool try_mul(Bits<F> a, Bits<F> b, Bits<F>& result) {
  result = detail::bits<F>(detail::host<F>(a) * detail::host<F>(b));
  if (detail::safely_normal<F>(result)) [[likely]]
    return true;
  return is_zero<F>(result) && (is_zero<F>(a) || is_zero<F>(b));
}

template <class F>
bool try_div(Bits<F> a, Bits<F> b, Bits<F>& result) {
  result = detail::bits<F>(detail::host<F>(a) / detail::host<F>(b));
  if (detail::safely_normal<F>(result)) [[likely]]
    return true;
  return is_zero<F>(result) && is_zero<F>(a);
}

template <class F>
bool try_sqrt(Bits<F> a, Bits<F>& result) {
  result = detail::bits<F>(std::sqrt(detail::host<F>(a)));
  return detail::finite<F>(result);
}

/// A zero result is left to the reference: it may be a product that underflowed, with a zero or an addend to
/// match.
template <class F>
bool try_fma(Bits<F> a, Bits<F> b, Bits<F> c, Bits<F>& result) {
  result = detail::bits<F>(std::fma(detail::host<F>(a), detail::host<F>(b), detail::host<F>(c)));
  return detail::safely_normal<F>(result);
}

// The operations. Binary16, which hosts do not compute in, always takes the reference.

template <class F>
Bits<F> add(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags) {
  if constexpr (detail::kHasHostType<F>) {
    Bits<F> result;
    if (detail::may_use_host(rm, flags) && try_add<F>(a, b, result)) [[likely]]
      return result;
  }
  return softfloat::add<F>(a, b, rm, flags);
}

template <class F>
Bits<F> sub(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags) {
  if constexpr (detail::kHasHostType<F>) {
    Bits<F> result;
    if (detail::may_use_host(rm, flags) && try_sub<F>(a, b, result)) [[likely]]
      return result;
  }
  return softfloat::sub<F>(a, b, rm, flags);
}

template <class F>
Bits<F> mul(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags) {
  if constexpr (detail::kHasHostType<F>) {
    Bits<F> result;
    if (detail::may_use_host(rm, flags) && try_mul<F>(a, b, result)) [[likely]]
      return result;
  }
  return softfloat::mul<F>(a, b, rm, flags);
}

template <class F>
Bits<F> div(Bits<F> a, Bits<F> b, Rounding rm, Flags& flags) {
  if constexpr (detail::kHasHostType<F>) {
    Bits<F> result;
    if (detail::may_use_host(rm, flags) && try_div<F>(a, b, result)) [[likely]]
      return result;
  }
  return softfloat::div<F>(a, b, rm, flags);
}

template <class F>
Bits<F> sqrt(Bits<F> a, Rounding rm, Flags& flags) {
  if constexpr (detail::kHasHostType<F>) {
    Bits<F> result;
    if (detail::may_use_host(rm, flags) && try_sqrt<F>(a, result)) [[likely]]
      return result;
  }
  return softfloat::sqrt<F>(a, rm, flags);
}

template <class F>
Bits<F> fma(Bits<F> a, Bits<F> b, Bits<F> c, Rounding rm, Flags& flags) {
  if constexpr (detail::kHasHostType<F>) {
    Bits<F> result;
    if (detail::may_use_host(rm, flags) && try_fma<F>(a, b, c, result)) [[likely]]
      return result;
  }
  return softfloat::fma<F>(a, b, c, rm, flags);
}

}  // namespace vitrine::riscv::softfloat::fast
