// SPDX-License-Identifier: MIT
//
// Table tests of the conversions: the saturation table of RISC-V "F" ("Domains of float-to-integer
// conversions and behavior for invalid inputs"), ties to and from integers, narrowing to the edge of the
// subnormals, widening.
#include <limits>

#include "tests/isa/riscv/softfloat/values.h"

namespace vitrine::riscv::softfloat {
namespace {

constexpr Flags kInexactOverflow = kOF | kNX;
constexpr Flags kInexactUnderflow = kUF | kNX;

template <class F, class Int>
void expect_integer(Bits<F> a, const ByMode& expected) {
  Checks<F>::expect(
      "to_integer", expected,
      [&](Rounding rm, Flags& f) { return static_cast<uint64_t>(to_integer<F, Int>(a, rm, f)); }, a);
}

template <class F, class Int>
void expect_from(Int value, const ByMode& expected) {
  Checks<F>::expect(
      "from_integer", expected, [&](Rounding rm, Flags& f) { return from_integer<F>(value, rm, f); }, value);
}

template <class To, class From>
void expect_convert(Bits<From> a, const ByMode& expected) {
  Checks<To>::expect(
      "convert", expected, [&](Rounding rm, Flags& f) { return convert<To, From>(a, rm, f); }, a);
}

/// An outcome whose bits are an integer, sign-extended as static_cast<uint64_t> does it.
template <class Int>
Outcome integer(Int value, Flags flags) {
  return {static_cast<uint64_t>(value), flags};
}

template <class F>
class ToInteger : public SoftfloatTest<F> {
 protected:
  using V = Values<F>;

  template <class Int>
  static void expect_saturation() {
    const Outcome top = integer(std::numeric_limits<Int>::max(), kNV);
    const Outcome bottom = integer(std::numeric_limits<Int>::min(), kNV);
    for (auto nan : {V::kCanonicalNan, V::kPayloadNan, V::kSignallingNan, Checks<F>::neg(V::kSignallingNan)})
      expect_integer<F, Int>(nan, same_in_all_modes(top));
    expect_integer<F, Int>(V::kInfinity, same_in_all_modes(top));
    expect_integer<F, Int>(Checks<F>::neg(V::kInfinity), same_in_all_modes(bottom));
    expect_integer<F, Int>(V::kZero, same_in_all_modes({0, 0}));
    expect_integer<F, Int>(Checks<F>::neg(V::kZero), same_in_all_modes({0, 0}));
    expect_integer<F, Int>(V::kThree, same_in_all_modes({3, 0}));
    expect_integer<F, Int>(V::kMinSubnormal, {{0, kNX}, {0, kNX}, {0, kNX}, {1, kNX}, {0, kNX}});
    expect_integer<F, Int>(V::kHalf, {{0, kNX}, {0, kNX}, {0, kNX}, {1, kNX}, {1, kNX}});
  }
};
TYPED_TEST_SUITE(ToInteger, AllFormats);

TYPED_TEST(ToInteger, NansInfinitiesZerosAndFractions) {
  TestFixture::template expect_saturation<int32_t>();
  TestFixture::template expect_saturation<uint32_t>();
  TestFixture::template expect_saturation<int64_t>();
  TestFixture::template expect_saturation<uint64_t>();
}

TYPED_TEST(ToInteger, NegativeToUnsigned_InvalidIfItRoundsToMinusOneOrLess) {
  using V = Values<TypeParam>;
  const Outcome zero{0, kNX}, invalid{0, kNV};
  expect_integer<TypeParam, uint32_t>(this->neg(V::kHalf), {zero, zero, invalid, zero, invalid});
  expect_integer<TypeParam, uint64_t>(this->neg(V::kHalf), {zero, zero, invalid, zero, invalid});
  expect_integer<TypeParam, uint64_t>(this->neg(V::kMinSubnormal), {zero, zero, invalid, zero, zero});
  expect_integer<TypeParam, uint32_t>(this->neg(V::kOne), same_in_all_modes(invalid));
  expect_integer<TypeParam, uint64_t>(this->neg(V::kMaxFinite), same_in_all_modes(invalid));
}

TEST(ToInteger32, Ties_EvenOrAway) {
  auto expect = [](uint32_t a, int rne, int rtz, int rdn, int rup, int rmm) {
    expect_integer<Binary32, int32_t>(
        a, {integer(rne, kNX), integer(rtz, kNX), integer(rdn, kNX), integer(rup, kNX), integer(rmm, kNX)});
  };
  expect(0x3fc00000, 2, 1, 1, 2, 2);       // 1.5
  expect(0x40200000, 2, 2, 2, 3, 3);       // 2.5
  expect(0xc0200000, -2, -2, -3, -2, -3);  // -2.5
  expect(0x4019999a, 2, 2, 2, 3, 2);       // 2.4
  expect(0xc0266666, -3, -2, -3, -2, -3);  // -2.6
}

TEST(ToInteger32, EdgesOfTheRange) {
  const Outcome max = integer(INT32_MAX, kNV), min = integer(INT32_MIN, kNV);
  expect_integer<Binary32, int32_t>(0x4effffff, same_in_all_modes(integer(2147483520, 0)));  // 2^31 - 128
  expect_integer<Binary32, int32_t>(0x4f000000, same_in_all_modes(max));                     // 2^31
  expect_integer<Binary32, int32_t>(0xcf000000, same_in_all_modes(integer(INT32_MIN, 0)));   // -2^31
  expect_integer<Binary32, int32_t>(0xcf000001, same_in_all_modes(min));                     // -2^31 - 256
  expect_integer<Binary32, uint32_t>(0x4f7fffff, same_in_all_modes({0xffffff00, 0}));        // 2^32 - 256
  expect_integer<Binary32, uint32_t>(0x4f800000, same_in_all_modes({0xffffffff, kNV}));      // 2^32
  expect_integer<Binary32, int64_t>(0x5effffff, same_in_all_modes({0x7fffff8000000000, 0}));
  expect_integer<Binary32, int64_t>(0x5f000000, same_in_all_modes({0x7fffffffffffffff, kNV}));
  expect_integer<Binary32, int64_t>(0xdf000000, same_in_all_modes({0x8000000000000000, 0}));
  expect_integer<Binary32, int64_t>(0xdf000001, same_in_all_modes({0x8000000000000000, kNV}));
  expect_integer<Binary32, uint64_t>(0x5f7fffff, same_in_all_modes({0xffffff0000000000, 0}));
  expect_integer<Binary32, uint64_t>(0x5f800000, same_in_all_modes({0xffffffffffffffff, kNV}));
  expect_integer<Binary32, uint64_t>(0x7f7fffff, same_in_all_modes({0xffffffffffffffff, kNV}));
}

TEST(ToInteger64, EdgesOfTheRange_RoundingDecides) {
  const Outcome max = integer(INT32_MAX, kNV), max_nx = integer(INT32_MAX, kNX);
  expect_integer<Binary64, int32_t>(0x41dfffffffc00000, same_in_all_modes(integer(INT32_MAX, 0)));
  expect_integer<Binary64, int32_t>(0x41dfffffffe00000, {max, max_nx, max_nx, max, max});  // 2^31 - 0.5
  const Outcome min = integer(INT32_MIN, kNV), min_nx = integer(INT32_MIN, kNX);
  expect_integer<Binary64, int32_t>(0xc1e0000000100000, {min_nx, min_nx, min, min_nx, min});  // -2^31 - 0.5
  expect_integer<Binary64, int32_t>(0xc1e0000000200000, same_in_all_modes(min));              // -2^31 - 1
  const Outcome all{0xffffffff, kNV}, all_nx{0xffffffff, kNX};
  expect_integer<Binary64, uint32_t>(0x41efffffffe00000, same_in_all_modes({0xffffffff, 0}));
  expect_integer<Binary64, uint32_t>(0x41effffffff00000, {all, all_nx, all_nx, all, all});  // 2^32 - 0.5
  expect_integer<Binary64, int64_t>(0x43dfffffffffffff, same_in_all_modes({0x7ffffffffffffc00, 0}));
  expect_integer<Binary64, int64_t>(0x43e0000000000000, same_in_all_modes({0x7fffffffffffffff, kNV}));
  expect_integer<Binary64, int64_t>(0xc3e0000000000000, same_in_all_modes({0x8000000000000000, 0}));
  expect_integer<Binary64, int64_t>(0xc3e0000000000001, same_in_all_modes({0x8000000000000000, kNV}));
  expect_integer<Binary64, uint64_t>(0x43efffffffffffff, same_in_all_modes({0xfffffffffffff800, 0}));
  expect_integer<Binary64, uint64_t>(0x43f0000000000000, same_in_all_modes({0xffffffffffffffff, kNV}));
  expect_integer<Binary64, uint64_t>(0x7fefffffffffffff, same_in_all_modes({0xffffffffffffffff, kNV}));
}

TEST(ToInteger16, LargestFinite_FitsEverywhere) {
  expect_integer<Binary16, int32_t>(0x7bff, same_in_all_modes({65504, 0}));
  expect_integer<Binary16, uint64_t>(0x7bff, same_in_all_modes({65504, 0}));
  expect_integer<Binary16, int64_t>(0xfbff, same_in_all_modes(integer(-65504, 0)));
}

TEST(FromInteger, Zero_IsPlusZeroInEveryMode) {
  expect_from<Binary16>(int32_t{0}, same_in_all_modes({0, 0}));
  expect_from<Binary32>(uint64_t{0}, same_in_all_modes({0, 0}));
  expect_from<Binary64>(int64_t{0}, same_in_all_modes({0, 0}));
}

TEST(FromInteger, ExactValues) {
  expect_from<Binary32>(int32_t{-1}, same_in_all_modes({0xbf800000, 0}));
  expect_from<Binary32>(INT32_MIN, same_in_all_modes({0xcf000000, 0}));
  expect_from<Binary64>(INT32_MIN, same_in_all_modes({0xc1e0000000000000, 0}));
  expect_from<Binary64>(UINT32_MAX, same_in_all_modes({0x41efffffffe00000, 0}));
  expect_from<Binary64>(INT64_MIN, same_in_all_modes({0xc3e0000000000000, 0}));
  expect_from<Binary16>(uint32_t{3}, same_in_all_modes({0x4200, 0}));
}

TEST(FromInteger, InexactValues_RoundAsTheModeSays) {
  // 2^24 + 1 is a tie between 2^24 and 2^24 + 2.
  const Outcome low{0x4b800000, kNX}, high{0x4b800001, kNX};
  expect_from<Binary32>(int32_t{16777217}, {low, low, low, high, high});
  const Outcome minus_low{0xcb800000, kNX}, minus_high{0xcb800001, kNX};
  expect_from<Binary32>(int32_t{-16777217}, {minus_low, minus_low, minus_high, minus_low, minus_high});
  // 2^64 - 1 lies just below 2^64.
  const Outcome below{0x5f7fffff, kNX}, above{0x5f800000, kNX};
  expect_from<Binary32>(UINT64_MAX, {above, below, below, above, above});
  const Outcome below64{0x43efffffffffffff, kNX}, above64{0x43f0000000000000, kNX};
  expect_from<Binary64>(UINT64_MAX, {above64, below64, below64, above64, above64});
  const Outcome below63{0x43dfffffffffffff, kNX}, above63{0x43e0000000000000, kNX};
  expect_from<Binary64>(INT64_MAX, {above63, below63, below63, above63, above63});
}

TEST(FromInteger, ToBinary16_MayOverflow) {
  const Outcome max{0x7bff, kNX}, inf{0x7c00, kInexactOverflow}, max_over{0x7bff, kInexactOverflow};
  expect_from<Binary16>(int32_t{65519}, {max, max, max, inf, max});
  expect_from<Binary16>(int32_t{65520}, {inf, max, max, inf, inf});  // the tie between 65504 and 65536
  expect_from<Binary16>(int32_t{65536}, {inf, max_over, max_over, inf, inf});
  expect_from<Binary16>(UINT64_MAX, {inf, max_over, max_over, inf, inf});
  const Outcome minus_max{0xfbff, kNX}, minus_inf{0xfc00, kInexactOverflow};
  expect_from<Binary16>(int64_t{-65520}, {minus_inf, minus_max, minus_inf, minus_max, minus_inf});
}

TEST(Convert, Widening_IsExact) {
  expect_convert<Binary32, Binary16>(0x0001, same_in_all_modes({0x33800000, 0}));  // 2^-24
  expect_convert<Binary32, Binary16>(0xfbff, same_in_all_modes({0xc77fe000, 0}));  // -65504
  expect_convert<Binary64, Binary16>(0x03ff, same_in_all_modes({0x3f0ff80000000000, 0}));
  expect_convert<Binary64, Binary32>(0x00000001, same_in_all_modes({0x36a0000000000000, 0}));  // 2^-149
  expect_convert<Binary64, Binary32>(0x80000000, same_in_all_modes({0x8000000000000000, 0}));
  expect_convert<Binary64, Binary32>(0xff800000, same_in_all_modes({0xfff0000000000000, 0}));
}

TEST(Convert, Nans_BecomeCanonical) {
  expect_convert<Binary32, Binary16>(0xfe2a, same_in_all_modes({0x7fc00000, 0}));
  expect_convert<Binary64, Binary16>(0x7c01, same_in_all_modes({0x7ff8000000000000, kNV}));
  expect_convert<Binary64, Binary32>(0xffc0002a, same_in_all_modes({0x7ff8000000000000, 0}));
  expect_convert<Binary16, Binary32>(0x7f800001, same_in_all_modes({0x7e00, kNV}));
  expect_convert<Binary32, Binary64>(0xfff0000000000001, same_in_all_modes({0x7fc00000, kNV}));
  expect_convert<Binary16, Binary64>(0x7ff8000000000001, same_in_all_modes({0x7e00, 0}));
}

TEST(Convert, Narrowing_Overflows) {
  const Outcome inf{0x7c00, kInexactOverflow}, max{0x7bff, kNX}, max_over{0x7bff, kInexactOverflow};
  expect_convert<Binary16, Binary32>(0x477fe000, same_in_all_modes({0x7bff, 0}));  // 65504
  expect_convert<Binary16, Binary32>(0x477fefff, {max, max, max, inf, max});
  expect_convert<Binary16, Binary32>(0x477ff000, {inf, max, max, inf, inf});  // 65520
  expect_convert<Binary16, Binary32>(0x47800000, {inf, max_over, max_over, inf, inf});
  expect_convert<Binary16, Binary64>(0x7fefffffffffffff, {inf, max_over, max_over, inf, inf});
  const Outcome minus_inf{0xff800000, kInexactOverflow}, minus_max{0xff7fffff, kInexactOverflow};
  expect_convert<Binary32, Binary64>(0xffefffffffffffff,
                                     {minus_inf, minus_max, minus_inf, minus_max, minus_inf});
  expect_convert<Binary16, Binary32>(0xff800000, same_in_all_modes({0xfc00, 0}));
}

TEST(Convert, Narrowing_Underflows) {
  const Outcome zero{0, kInexactUnderflow}, least{1, kInexactUnderflow};
  expect_convert<Binary16, Binary32>(0x33000000,
                                     {zero, zero, zero, least, least});  // 2^-25, half of the smallest
  expect_convert<Binary16, Binary32>(0x33000001, {least, zero, zero, least, least});
  expect_convert<Binary16, Binary32>(0x32ffffff, {zero, zero, zero, least, zero});
  expect_convert<Binary16, Binary32>(0x00000001, {zero, zero, zero, least, zero});
  expect_convert<Binary16, Binary32>(0x33800000, same_in_all_modes({1, 0}));
  expect_convert<Binary32, Binary64>(0x36a0000000000000, same_in_all_modes({1, 0}));
  expect_convert<Binary32, Binary64>(0x3690000000000000, {zero, zero, zero, least, least});
  expect_convert<Binary16, Binary64>(0x8000000000000000, same_in_all_modes({0x8000, 0}));
}

// With p digits and an unbounded exponent, the numbers next below 2^emin are half a subnormal apart. What
// lies within a quarter below 2^emin rounds to it in the nearest modes and is not tiny; the quarter itself is
// a tie, to even.
TEST(Convert, Narrowing_TininessAfterRounding) {
  const Outcome normal{0x0400, kNX}, tiny{0x0400, kInexactUnderflow}, below{0x03ff, kInexactUnderflow};
  expect_convert<Binary16, Binary32>(0x387fffff, {normal, below, below, normal, normal});
  expect_convert<Binary16, Binary32>(0x387ff000, {normal, below, below, normal, normal});  // 2^-14 - 2^-26
  // RUP goes to 2^emin in either rounding; RNE and RMM go to 2^emin - 2^-25 first, so are tiny.
  expect_convert<Binary16, Binary32>(0x387fefff, {tiny, below, below, normal, tiny});
  expect_convert<Binary16, Binary32>(0x387fe000, {tiny, below, below, tiny, tiny});  // 2^-14 - 2^-25
  const Outcome normal32{0x00800000, kNX}, tiny32{0x00800000, kInexactUnderflow},
      below32{0x007fffff, kInexactUnderflow};
  expect_convert<Binary32, Binary64>(0x380ffffff0000000, {normal32, below32, below32, normal32, normal32});
  expect_convert<Binary32, Binary64>(0x380fffffefffffff, {tiny32, below32, below32, normal32, tiny32});
}

}  // namespace
}  // namespace vitrine::riscv::softfloat
