// SPDX-License-Identifier: MIT
//
// Table tests of add, sub, mul, div, sqrt: special operands, rounding of ties, overflow, the edge of the
// subnormals. Expected values are derived by hand; where the derivation is not obvious it stands beside the
// row.
#include "tests/isa/riscv/softfloat/values.h"

namespace vitrine::riscv::softfloat {
namespace {

constexpr Flags kInexactOverflow = kOF | kNX;
constexpr Flags kInexactUnderflow = kUF | kNX;

template <class F>
class Arithmetic : public SoftfloatTest<F> {};
TYPED_TEST_SUITE(Arithmetic, AllFormats);

#define USING_FIXTURE          \
  using V = Values<TypeParam>; \
  [[maybe_unused]] auto neg = [](auto x) { return TestFixture::neg(x); }

TYPED_TEST(Arithmetic, Add_ExactSums_NoFlags) {
  USING_FIXTURE;
  this->expect_add(V::kOne, V::kOne, same_in_all_modes({V::kTwo, 0}));
  this->expect_add(V::kOne, V::kTwo, same_in_all_modes({V::kThree, 0}));
  this->expect_add(V::kFour, neg(V::kOne), same_in_all_modes({V::kThree, 0}));
  this->expect_add(V::kZero, V::kOne, same_in_all_modes({V::kOne, 0}));
  this->expect_add(neg(V::kZero), neg(V::kMinSubnormal), same_in_all_modes({neg(V::kMinSubnormal), 0}));
}

TYPED_TEST(Arithmetic, Add_OppositeNumbers_PlusZeroButMinusZeroInRdn) {
  USING_FIXTURE;
  const Outcome plus{V::kZero, 0}, minus{neg(V::kZero), 0};
  const ByMode expected{plus, plus, minus, plus, plus};
  this->expect_add(V::kOne, neg(V::kOne), expected);
  this->expect_add(V::kMaxFinite, neg(V::kMaxFinite), expected);
  this->expect_add(V::kMinSubnormal, neg(V::kMinSubnormal), expected);
  this->expect_add(V::kZero, neg(V::kZero), expected);
  this->expect_add(V::kZero, V::kZero, same_in_all_modes(plus));
  this->expect_add(neg(V::kZero), neg(V::kZero), same_in_all_modes(minus));
}

TYPED_TEST(Arithmetic, Add_Subnormals_ExactAndNeverUnderflow) {
  USING_FIXTURE;
  this->expect_add(V::kMinSubnormal, V::kMinSubnormal, same_in_all_modes({2, 0}));
  this->expect_add(V::kMaxSubnormal, V::kMinSubnormal, same_in_all_modes({V::kMinNormal, 0}));
  this->expect_add(V::kMinNormal, neg(V::kMinSubnormal), same_in_all_modes({V::kMaxSubnormal, 0}));
}

TYPED_TEST(Arithmetic, Add_Infinities) {
  USING_FIXTURE;
  this->expect_add(V::kInfinity, V::kOne, same_in_all_modes({V::kInfinity, 0}));
  this->expect_add(neg(V::kInfinity), V::kMaxFinite, same_in_all_modes({neg(V::kInfinity), 0}));
  this->expect_add(V::kInfinity, V::kInfinity, same_in_all_modes({V::kInfinity, 0}));
  this->expect_add(neg(V::kInfinity), neg(V::kInfinity), same_in_all_modes({neg(V::kInfinity), 0}));
  this->expect_add(V::kInfinity, neg(V::kInfinity), same_in_all_modes({V::kCanonicalNan, kNV}));
}

TYPED_TEST(Arithmetic, AllOperations_NanOperand_CanonicalAndInvalidOnlyIfSignalling) {
  USING_FIXTURE;
  const ByMode quiet = same_in_all_modes({V::kCanonicalNan, 0});
  const ByMode signalling = same_in_all_modes({V::kCanonicalNan, kNV});
  for (auto other : {V::kZero, V::kOne, V::kInfinity, V::kPayloadNan, neg(V::kInfinity)}) {
    this->expect_add(V::kPayloadNan, other, quiet);
    this->expect_mul(V::kPayloadNan, other, quiet);
    this->expect_div(V::kPayloadNan, other, quiet);
    this->expect_div(other, V::kPayloadNan, quiet);
    this->expect_add(V::kSignallingNan, other, signalling);
    this->expect_mul(neg(V::kSignallingNan), other, signalling);
    this->expect_div(V::kSignallingNan, other, signalling);
    this->expect_div(other, V::kSignallingNan, signalling);
  }
  this->expect_sqrt(V::kPayloadNan, quiet);
  this->expect_sqrt(neg(V::kPayloadNan), quiet);
  this->expect_sqrt(V::kSignallingNan, signalling);
}

TYPED_TEST(Arithmetic, Add_HalfAnUlp_TiesAsTheModeSays) {
  USING_FIXTURE;
  const auto up = V::kOne + 1u, up2 = V::kOne + 2u;
  this->expect_add(V::kOne, V::kHalfUlpOfOne,
                   {{V::kOne, kNX}, {V::kOne, kNX}, {V::kOne, kNX}, {up, kNX}, {up, kNX}});
  this->expect_add(up, V::kHalfUlpOfOne, {{up2, kNX}, {up, kNX}, {up, kNX}, {up2, kNX}, {up2, kNX}});
  this->expect_add(
      neg(V::kOne), neg(V::kHalfUlpOfOne),
      {{neg(V::kOne), kNX}, {neg(V::kOne), kNX}, {neg(up), kNX}, {neg(V::kOne), kNX}, {neg(up), kNX}});
}

TYPED_TEST(Arithmetic, Add_NearATie_IsNoTie) {
  USING_FIXTURE;
  const auto up = V::kOne + 1u;
  // Just above and just below half an ulp: the nearest modes agree.
  this->expect_add(V::kOne, V::kHalfUlpOfOne + 1,
                   {{up, kNX}, {V::kOne, kNX}, {V::kOne, kNX}, {up, kNX}, {up, kNX}});
  this->expect_add(V::kOne, V::kHalfUlpOfOne - 1,
                   {{V::kOne, kNX}, {V::kOne, kNX}, {V::kOne, kNX}, {up, kNX}, {V::kOne, kNX}});
}

TYPED_TEST(Arithmetic, Add_VastlySmallerOperand_StillDirectsTheRounding) {
  USING_FIXTURE;
  const Outcome one{V::kOne, kNX}, up{V::kOne + 1u, kNX}, down{V::kOne - 1u, kNX};
  this->expect_add(V::kOne, V::kMinSubnormal, {one, one, one, up, one});
  this->expect_add(V::kOne, neg(V::kMinSubnormal), {one, down, down, one, one});
  const Outcome max{V::kMaxFinite, kNX}, inf{V::kInfinity, kInexactOverflow};
  this->expect_add(V::kMaxFinite, V::kMinSubnormal, {max, max, max, inf, max});
}

TYPED_TEST(Arithmetic, Add_Overflow_InfinityOrLargestByModeAndSign) {
  USING_FIXTURE;
  const Outcome inf{V::kInfinity, kInexactOverflow}, max{V::kMaxFinite, kInexactOverflow};
  const Outcome minus_inf{neg(V::kInfinity), kInexactOverflow},
      minus_max{neg(V::kMaxFinite), kInexactOverflow};
  this->expect_add(V::kMaxFinite, V::kMaxFinite, {inf, max, max, inf, inf});
  this->expect_add(neg(V::kMaxFinite), neg(V::kMaxFinite),
                   {minus_inf, minus_max, minus_inf, minus_max, minus_inf});
}

TYPED_TEST(Arithmetic, Add_MaxPlusHalfUlp_OverflowsOnlyIfRoundedUp) {
  USING_FIXTURE;
  // The tie lies between the largest finite number, which is odd, and 2^(emax+1), which overflows. Rounded
  // down, the unbounded result is the largest finite number itself: inexact, no overflow.
  const Outcome inf{V::kInfinity, kInexactOverflow}, max{V::kMaxFinite, kNX};
  this->expect_add(V::kMaxFinite, V::kHalfUlpOfMax, {inf, max, max, inf, inf});
  this->expect_add(V::kMaxFinite, V::kHalfUlpOfMax - 1, {max, max, max, inf, max});
}

TYPED_TEST(Arithmetic, Mul_ZerosAndInfinities) {
  USING_FIXTURE;
  this->expect_mul(V::kOne, neg(V::kZero), same_in_all_modes({neg(V::kZero), 0}));
  this->expect_mul(neg(V::kMaxFinite), neg(V::kZero), same_in_all_modes({V::kZero, 0}));
  this->expect_mul(V::kInfinity, neg(V::kTwo), same_in_all_modes({neg(V::kInfinity), 0}));
  this->expect_mul(neg(V::kInfinity), neg(V::kInfinity), same_in_all_modes({V::kInfinity, 0}));
  this->expect_mul(V::kInfinity, V::kZero, same_in_all_modes({V::kCanonicalNan, kNV}));
  this->expect_mul(neg(V::kInfinity), V::kZero, same_in_all_modes({V::kCanonicalNan, kNV}));
}

TYPED_TEST(Arithmetic, Mul_HalfTheSmallestSubnormal_TieBetweenZeroAndIt) {
  USING_FIXTURE;
  const Outcome zero{V::kZero, kInexactUnderflow}, least{V::kMinSubnormal, kInexactUnderflow};
  const Outcome minus_zero{neg(V::kZero), kInexactUnderflow},
      minus_least{neg(V::kMinSubnormal), kInexactUnderflow};
  this->expect_mul(V::kMinSubnormal, V::kHalf, {zero, zero, zero, least, least});
  this->expect_mul(neg(V::kMinSubnormal), V::kHalf,
                   {minus_zero, minus_zero, minus_least, minus_zero, minus_least});
  this->expect_mul(V::kMinSubnormal, V::kMinSubnormal, {zero, zero, zero, least, zero});
  // 1.5 quanta: a tie between 1 (odd) and 2.
  const Outcome two{2, kInexactUnderflow};
  this->expect_mul(3, V::kHalf, {two, least, least, two, two});
}

TYPED_TEST(Arithmetic, Mul_JustBelowSmallestNormal_TininessIsDetectedAfterRounding) {
  USING_FIXTURE;
  // (1 - 2^-p) * 2^emin has p digits: it is its own rounding with an unbounded exponent, and below 2^emin. So
  // it is tiny in every mode, though the nearest modes and RUP deliver 2^emin.
  const Outcome normal_tiny{V::kMinNormal, kInexactUnderflow}, below{V::kMaxSubnormal, kInexactUnderflow};
  this->expect_mul(V::kOne - 1, V::kMinNormal, {normal_tiny, below, below, normal_tiny, normal_tiny});
  // (1 + u)(1 - u) * 2^emin = (1 - u^2) * 2^emin with u = 2^-(p-1): rounded to p digits it is 2^emin in the
  // nearest modes and in RUP, hence not tiny, and no underflow.
  const Outcome normal{V::kMinNormal, kNX};
  this->expect_mul(V::kOne + 1, V::kMaxSubnormal, {normal, below, below, normal, normal});
  const Outcome minus_normal{neg(V::kMinNormal), kNX}, minus_below{neg(V::kMaxSubnormal), kInexactUnderflow};
  this->expect_mul(V::kOne + 1, neg(V::kMaxSubnormal),
                   {minus_normal, minus_below, minus_normal, minus_below, minus_normal});
}

TYPED_TEST(Arithmetic, Mul_ExactSubnormal_NoUnderflow) {
  USING_FIXTURE;
  this->expect_mul(V::kMinNormal, V::kHalf, same_in_all_modes({V::kMinNormal / 2u, 0}));
  this->expect_mul(V::kMinSubnormal, V::kTwo, same_in_all_modes({2, 0}));
}

TYPED_TEST(Arithmetic, Mul_Overflow) {
  USING_FIXTURE;
  const Outcome inf{V::kInfinity, kInexactOverflow}, max{V::kMaxFinite, kInexactOverflow};
  const Outcome minus_inf{neg(V::kInfinity), kInexactOverflow},
      minus_max{neg(V::kMaxFinite), kInexactOverflow};
  this->expect_mul(V::kMaxFinite, V::kTwo, {inf, max, max, inf, inf});
  this->expect_mul(V::kMaxFinite, neg(V::kMaxFinite),
                   {minus_inf, minus_max, minus_inf, minus_max, minus_inf});
}

TYPED_TEST(Arithmetic, Div_SpecialOperands) {
  USING_FIXTURE;
  this->expect_div(V::kOne, V::kZero, same_in_all_modes({V::kInfinity, kDZ}));
  this->expect_div(neg(V::kMinSubnormal), V::kZero, same_in_all_modes({neg(V::kInfinity), kDZ}));
  this->expect_div(V::kOne, neg(V::kZero), same_in_all_modes({neg(V::kInfinity), kDZ}));
  this->expect_div(V::kInfinity, V::kZero, same_in_all_modes({V::kInfinity, 0}));
  this->expect_div(V::kZero, V::kZero, same_in_all_modes({V::kCanonicalNan, kNV}));
  this->expect_div(V::kInfinity, neg(V::kInfinity), same_in_all_modes({V::kCanonicalNan, kNV}));
  this->expect_div(neg(V::kOne), V::kInfinity, same_in_all_modes({neg(V::kZero), 0}));
  this->expect_div(neg(V::kZero), V::kThree, same_in_all_modes({neg(V::kZero), 0}));
  this->expect_div(V::kZero, neg(V::kInfinity), same_in_all_modes({neg(V::kZero), 0}));
  this->expect_div(neg(V::kInfinity), V::kTwo, same_in_all_modes({neg(V::kInfinity), 0}));
}

TYPED_TEST(Arithmetic, Div_ExactAndUnderflowingAndOverflowing) {
  USING_FIXTURE;
  this->expect_div(V::kFour, V::kTwo, same_in_all_modes({V::kTwo, 0}));
  this->expect_div(V::kMinNormal, V::kTwo, same_in_all_modes({V::kMinNormal / 2u, 0}));
  const Outcome zero{V::kZero, kInexactUnderflow}, least{V::kMinSubnormal, kInexactUnderflow};
  this->expect_div(V::kMinSubnormal, V::kTwo, {zero, zero, zero, least, least});
  this->expect_div(V::kMinSubnormal, V::kMaxFinite, {zero, zero, zero, least, zero});
  const Outcome inf{V::kInfinity, kInexactOverflow}, max{V::kMaxFinite, kInexactOverflow};
  this->expect_div(V::kMaxFinite, V::kMinSubnormal, {inf, max, max, inf, inf});
}

// 1/3 = 1.0101...b * 2^-2; sqrt(2) = 1.6A09E667F3BCC908...h. The digits after the last one kept decide.
TEST(Arithmetic16, Div_OneThird_Sqrt_Two) {
  const Outcome low{0x3555, kNX}, high{0x3556, kNX};  // 0101010101|0101
  Checks<Binary16>::expect_div(0x3c00, 0x4200, {low, low, low, high, low});
  const Outcome root{0x3da8, kNX}, root_up{0x3da9, kNX};  // 0110101000|001001
  Checks<Binary16>::expect_sqrt(0x4000, {root, root, root, root_up, root});
  Checks<Binary16>::expect_sqrt(0x0001, same_in_all_modes({0x0c00, 0}));  // 2^-24 -> 2^-12
}

TEST(Arithmetic32, Div_OneThird_Sqrt_Two) {
  const Outcome low{0x3eaaaaaa, kNX}, high{0x3eaaaaab, kNX};  // ...01010|1010
  Checks<Binary32>::expect_div(0x3f800000, 0x40400000, {high, low, low, high, high});
  const Outcome root{0x3fb504f3, kNX}, root_up{0x3fb504f4, kNX};  // 6A09E6|67
  Checks<Binary32>::expect_sqrt(0x40000000, {root, root, root, root_up, root});
  const Outcome tiny{0x1a3504f3, kNX}, tiny_up{0x1a3504f4, kNX};  // 2^-149 = 2 * 2^-150 -> sqrt(2) * 2^-75
  Checks<Binary32>::expect_sqrt(0x00000001, {tiny, tiny, tiny, tiny_up, tiny});
}

TEST(Arithmetic64, Div_OneThird_Sqrt_Two) {
  const Outcome low{0x3fd5555555555555, kNX}, high{0x3fd5555555555556, kNX};  // ...0101|0101
  Checks<Binary64>::expect_div(0x3ff0000000000000, 0x4008000000000000, {low, low, low, high, low});
  const Outcome root{0x3ff6a09e667f3bcc, kNX}, root_up{0x3ff6a09e667f3bcd, kNX};  // 6A09E667F3BCC|908
  Checks<Binary64>::expect_sqrt(0x4000000000000000, {root_up, root, root, root_up, root_up});
  Checks<Binary64>::expect_sqrt(1, same_in_all_modes({0x1e60000000000000, 0}));  // 2^-1074 -> 2^-537
}

TYPED_TEST(Arithmetic, Sqrt_SpecialOperandsAndSquares) {
  USING_FIXTURE;
  this->expect_sqrt(V::kFour, same_in_all_modes({V::kTwo, 0}));
  this->expect_sqrt(V::kOne, same_in_all_modes({V::kOne, 0}));
  this->expect_sqrt(V::kZero, same_in_all_modes({V::kZero, 0}));
  this->expect_sqrt(neg(V::kZero), same_in_all_modes({neg(V::kZero), 0}));
  this->expect_sqrt(V::kInfinity, same_in_all_modes({V::kInfinity, 0}));
  this->expect_sqrt(neg(V::kInfinity), same_in_all_modes({V::kCanonicalNan, kNV}));
  this->expect_sqrt(neg(V::kOne), same_in_all_modes({V::kCanonicalNan, kNV}));
  this->expect_sqrt(neg(V::kMinSubnormal), same_in_all_modes({V::kCanonicalNan, kNV}));
  // (1 + u)^2 = 1 + 2u + u^2 lies above 1 + 2u, whose root is therefore a little less than 1 + u.
  const Outcome below{V::kOne, kNX}, above{V::kOne + 1u, kNX};
  this->expect_sqrt(V::kOne + 2, {above, below, below, above, above});
}

TYPED_TEST(Arithmetic, Flags_AccrueAndAreNeverCleared) {
  USING_FIXTURE;
  for (int before = 0; before < 32; ++before) {
    auto flags = static_cast<Flags>(before);
    add<TypeParam>(V::kOne, V::kOne, Rounding::RNE, flags);
    EXPECT_EQ(flags, before) << "an exact operation raises nothing and clears nothing";
    add<TypeParam>(V::kMaxFinite, V::kMaxFinite, Rounding::RNE, flags);
    EXPECT_EQ(flags, before | kInexactOverflow);
    div<TypeParam>(V::kOne, V::kZero, Rounding::RNE, flags);
    EXPECT_EQ(flags, before | kInexactOverflow | kDZ);
  }
}

TEST(SignInjection, Nans_KeepTheirPayloadAndRaiseNothing) {
  EXPECT_EQ(sgnj<Binary32>(0x7f800001, 0x80000000), 0xff800001u);
  EXPECT_EQ(sgnj<Binary32>(0xbf800000, 0x00000000), 0x3f800000u);
  EXPECT_EQ(sgnjn<Binary64>(0x3ff0000000000000, 0x3ff0000000000000), 0xbff0000000000000u);
  EXPECT_EQ(sgnjn<Binary64>(0x7ff000000000002a, 0x8000000000000000), 0x7ff000000000002au);
  EXPECT_EQ(sgnjx<Binary16>(0x8001, 0xfc00), 0x0001);
  EXPECT_EQ(sgnjx<Binary16>(0x7c01, 0xbc00), 0xfc01);
  EXPECT_EQ(negate<Binary16>(0x0000), 0x8000);
  EXPECT_EQ(negate<Binary64>(0xfff8000000000000), 0x7ff8000000000000u);
}

}  // namespace
}  // namespace vitrine::riscv::softfloat
