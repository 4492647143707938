// SPDX-License-Identifier: MIT
//
// The numbers that the table tests speak of, written out by hand for each format: so a test's expected value
// is an encoding that a reader can check against IEEE 754-2019 table 3.5, not something that the code under
// test computed.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "isa/riscv/softfloat/softfloat.h"
#include "tests/isa/riscv/softfloat/outcome.h"

namespace vitrine::riscv::softfloat {

inline constexpr Rounding kAllModes[] = {Rounding::RNE, Rounding::RTZ, Rounding::RDN, Rounding::RUP,
                                         Rounding::RMM};

template <class F>
struct Values;

template <>
struct Values<Binary16> {
  static constexpr uint16_t kZero = 0x0000, kMinSubnormal = 0x0001, kMaxSubnormal = 0x03ff,
                            kMinNormal = 0x0400;
  static constexpr uint16_t kHalf = 0x3800, kOne = 0x3c00, kTwo = 0x4000, kThree = 0x4200, kFour = 0x4400;
  static constexpr uint16_t kHalfUlpOfOne = 0x1000;  // 2^-11
  static constexpr uint16_t kHalfUlpOfMax = 0x4c00;  // 2^4
  static constexpr uint16_t kMaxFinite = 0x7bff, kInfinity = 0x7c00;
  static constexpr uint16_t kSignallingNan = 0x7c01, kCanonicalNan = 0x7e00, kPayloadNan = 0xfe2a;
  static constexpr uint16_t kSign = 0x8000;
};

template <>
struct Values<Binary32> {
  static constexpr uint32_t kZero = 0, kMinSubnormal = 1, kMaxSubnormal = 0x007fffff, kMinNormal = 0x00800000;
  static constexpr uint32_t kHalf = 0x3f000000, kOne = 0x3f800000, kTwo = 0x40000000, kThree = 0x40400000,
                            kFour = 0x40800000;
  static constexpr uint32_t kHalfUlpOfOne = 0x33800000;  // 2^-24
  static constexpr uint32_t kHalfUlpOfMax = 0x73000000;  // 2^103
  static constexpr uint32_t kMaxFinite = 0x7f7fffff, kInfinity = 0x7f800000;
  static constexpr uint32_t kSignallingNan = 0x7f800001, kCanonicalNan = 0x7fc00000, kPayloadNan = 0xffc0002a;
  static constexpr uint32_t kSign = 0x80000000;
};

template <>
struct Values<Binary64> {
  static constexpr uint64_t kZero = 0, kMinSubnormal = 1, kMaxSubnormal = 0x000fffffffffffff,
                            kMinNormal = 0x0010000000000000;
  static constexpr uint64_t kHalf = 0x3fe0000000000000, kOne = 0x3ff0000000000000, kTwo = 0x4000000000000000,
                            kThree = 0x4008000000000000, kFour = 0x4010000000000000;
  static constexpr uint64_t kHalfUlpOfOne = 0x3ca0000000000000;  // 2^-53
  static constexpr uint64_t kHalfUlpOfMax = 0x7c90000000000000;  // 2^970
  static constexpr uint64_t kMaxFinite = 0x7fefffffffffffff, kInfinity = 0x7ff0000000000000;
  static constexpr uint64_t kSignallingNan = 0x7ff0000000000001, kCanonicalNan = 0x7ff8000000000000,
                            kPayloadNan = 0xfff800000000002a;
  static constexpr uint64_t kSign = 0x8000000000000000;
};

/// What an operation gives from clear flags: outcome([&](Flags& f) { return add<F>(a, b, rm, f); }).
template <class Operation>
Outcome outcome(Operation operation) {
  Flags flags = 0;
  const uint64_t bits = operation(flags);
  return {bits, flags};
}

/// The five outcomes of one computation, in the order of `frm`.
struct ByMode {
  Outcome rne, rtz, rdn, rup, rmm;
  const Outcome& operator[](Rounding rm) const {
    const Outcome* all[] = {&rne, &rtz, &rdn, &rup, &rmm};
    return *all[static_cast<int>(rm)];
  }
};

inline ByMode same_in_all_modes(Outcome x) { return {x, x, x, x, x}; }

/// Expectations about one operation in all five modes.
template <class F>
class Checks {
 public:
  using V = Values<F>;
  using B = Bits<F>;
  /// -x, by flipping the sign bit.
  static constexpr B neg(B x) { return static_cast<B>(x ^ V::kSign); }

  static void expect_add(B a, B b, const ByMode& expected) {
    expect(
        "add", expected, [&](Rounding rm, Flags& f) { return add<F>(a, b, rm, f); }, a, b);
    expect(
        "add, swapped", expected, [&](Rounding rm, Flags& f) { return add<F>(b, a, rm, f); }, a, b);
    expect(
        "sub, negated", expected, [&](Rounding rm, Flags& f) { return sub<F>(a, neg(b), rm, f); }, a, b);
  }
  static void expect_mul(B a, B b, const ByMode& expected) {
    expect(
        "mul", expected, [&](Rounding rm, Flags& f) { return mul<F>(a, b, rm, f); }, a, b);
    expect(
        "mul, swapped", expected, [&](Rounding rm, Flags& f) { return mul<F>(b, a, rm, f); }, a, b);
  }
  static void expect_div(B a, B b, const ByMode& expected) {
    expect(
        "div", expected, [&](Rounding rm, Flags& f) { return div<F>(a, b, rm, f); }, a, b);
  }
  static void expect_sqrt(B a, const ByMode& expected) {
    expect(
        "sqrt", expected, [&](Rounding rm, Flags& f) { return sqrt<F>(a, rm, f); }, a);
  }
  static void expect_fma(B a, B b, B c, const ByMode& expected) {
    expect(
        "fma", expected, [&](Rounding rm, Flags& f) { return fma<F>(a, b, c, rm, f); }, a, b, c);
    expect(
        "fma, swapped", expected, [&](Rounding rm, Flags& f) { return fma<F>(b, a, c, rm, f); }, a, b, c);
  }

  template <class Operation, class... Operands>
  static void expect(const char* name, const ByMode& expected, Operation operation, Operands... operands) {
    for (Rounding rm : kAllModes) {
      const Outcome got = outcome([&](Flags& f) -> uint64_t { return operation(rm, f); });
      EXPECT_EQ(got, expected[rm]) << name << " in rm " << static_cast<int>(rm) << " of" << std::hex
                                   << ((" 0x" + to_hex(operands)) + ...);
    }
  }

 private:
  static std::string to_hex(uint64_t x) {
    char text[20];
    std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(x));
    return text;
  }
};

template <class F>
class SoftfloatTest : public testing::Test, public Checks<F> {};

using AllFormats = testing::Types<Binary16, Binary32, Binary64>;

}  // namespace vitrine::riscv::softfloat
