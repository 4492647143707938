// SPDX-License-Identifier: MIT
//
// Table tests of the fused multiply-add: its special operands, the sign of its zeros, and that it rounds
// once.
#include "tests/isa/riscv/softfloat/values.h"

namespace vitrine::riscv::softfloat {
namespace {

template <class F>
class Fma : public SoftfloatTest<F> {};
TYPED_TEST_SUITE(Fma, AllFormats);

#define USING_FIXTURE          \
  using V = Values<TypeParam>; \
  [[maybe_unused]] auto neg = [](auto x) { return TestFixture::neg(x); }

TYPED_TEST(Fma, InfinityTimesZero_InvalidWhateverTheAddend) {
  USING_FIXTURE;
  for (auto addend : {V::kZero, V::kOne, V::kInfinity, neg(V::kInfinity), V::kCanonicalNan, V::kPayloadNan,
                      V::kSignallingNan}) {
    this->expect_fma(V::kInfinity, V::kZero, addend, same_in_all_modes({V::kCanonicalNan, kNV}));
    this->expect_fma(neg(V::kInfinity), neg(V::kZero), addend, same_in_all_modes({V::kCanonicalNan, kNV}));
  }
}

TYPED_TEST(Fma, NanOperand_CanonicalAndInvalidOnlyIfSignalling) {
  USING_FIXTURE;
  const ByMode quiet = same_in_all_modes({V::kCanonicalNan, 0});
  const ByMode signalling = same_in_all_modes({V::kCanonicalNan, kNV});
  this->expect_fma(V::kOne, V::kOne, V::kPayloadNan, quiet);
  this->expect_fma(V::kInfinity, V::kOne, V::kPayloadNan, quiet);
  this->expect_fma(V::kPayloadNan, V::kZero, V::kInfinity, quiet);
  this->expect_fma(V::kPayloadNan, V::kInfinity, neg(V::kInfinity), quiet);
  this->expect_fma(V::kOne, V::kOne, V::kSignallingNan, signalling);
  this->expect_fma(V::kSignallingNan, V::kZero, V::kOne, signalling);
  this->expect_fma(V::kPayloadNan, V::kSignallingNan, V::kPayloadNan, signalling);
}

TYPED_TEST(Fma, Infinities) {
  USING_FIXTURE;
  this->expect_fma(V::kInfinity, V::kOne, V::kInfinity, same_in_all_modes({V::kInfinity, 0}));
  this->expect_fma(V::kInfinity, V::kOne, neg(V::kInfinity), same_in_all_modes({V::kCanonicalNan, kNV}));
  this->expect_fma(V::kInfinity, neg(V::kTwo), V::kInfinity, same_in_all_modes({V::kCanonicalNan, kNV}));
  this->expect_fma(V::kInfinity, neg(V::kTwo), V::kMaxFinite, same_in_all_modes({neg(V::kInfinity), 0}));
  this->expect_fma(V::kOne, V::kZero, neg(V::kInfinity), same_in_all_modes({neg(V::kInfinity), 0}));
  // The product is finite, however large: no invalid operation, no overflow.
  this->expect_fma(V::kMaxFinite, V::kMaxFinite, neg(V::kInfinity),
                   same_in_all_modes({neg(V::kInfinity), 0}));
}

TYPED_TEST(Fma, ExactZero_SignOfASum) {
  USING_FIXTURE;
  const Outcome plus{V::kZero, 0}, minus{neg(V::kZero), 0};
  const ByMode cancelled{plus, plus, minus, plus, plus};
  this->expect_fma(V::kOne, V::kOne, neg(V::kOne), cancelled);
  this->expect_fma(V::kTwo, V::kTwo, neg(V::kFour), cancelled);
  this->expect_fma(neg(V::kZero), V::kOne, V::kZero, cancelled);
  this->expect_fma(V::kZero, V::kMaxFinite, neg(V::kZero), cancelled);
  this->expect_fma(neg(V::kZero), V::kOne, neg(V::kZero), same_in_all_modes(minus));
  this->expect_fma(neg(V::kZero), neg(V::kOne), V::kZero, same_in_all_modes(plus));
  this->expect_fma(V::kZero, V::kZero, V::kOne, same_in_all_modes({V::kOne, 0}));
}

// (1 + u)^2 - (1 + 2u) = u^2, which a rounded product loses. u = 2^-(p-1).
TEST(FmaSingleRounding, LowHalfOfTheProduct_Survives) {
  Checks<Binary16>::expect_fma(0x3c01, 0x3c01, 0xbc02, same_in_all_modes({0x0010, 0}));  // 2^-20
  Checks<Binary32>::expect_fma(0x3f800001, 0x3f800001, 0xbf800002,
                               same_in_all_modes({0x28800000, 0}));  // 2^-46
  Checks<Binary64>::expect_fma(0x3ff0000000000001, 0x3ff0000000000001, 0xbff0000000000002,
                               same_in_all_modes({0x3970000000000000, 0}));  // 2^-104
}

TYPED_TEST(Fma, IntermediateOverflow_IsNone) {
  USING_FIXTURE;
  this->expect_fma(V::kMaxFinite, V::kTwo, neg(V::kMaxFinite), same_in_all_modes({V::kMaxFinite, 0}));
}

TYPED_TEST(Fma, Overflow) {
  USING_FIXTURE;
  constexpr Flags kFlags = kOF | kNX;
  const Outcome inf{V::kInfinity, kFlags}, max{V::kMaxFinite, kFlags};
  this->expect_fma(V::kMaxFinite, V::kMaxFinite, neg(V::kMaxFinite), {inf, max, max, inf, inf});
}

TYPED_TEST(Fma, TinyProduct_DirectsTheRounding) {
  USING_FIXTURE;
  const Outcome one{V::kOne, kNX}, up{V::kOne + 1u, kNX}, down{V::kOne - 1u, kNX};
  this->expect_fma(V::kMinSubnormal, V::kMinSubnormal, V::kOne, {one, one, one, up, one});
  this->expect_fma(V::kMinSubnormal, neg(V::kMinSubnormal), V::kOne, {one, down, down, one, one});
}

TYPED_TEST(Fma, TinyAddend_DirectsTheRounding) {
  USING_FIXTURE;
  const Outcome one{V::kOne, kNX}, up{V::kOne + 1u, kNX}, down{V::kOne - 1u, kNX};
  this->expect_fma(V::kTwo, V::kHalf, V::kMinSubnormal, {one, one, one, up, one});
  this->expect_fma(V::kTwo, V::kHalf, neg(V::kMinSubnormal), {one, down, down, one, one});
}

TYPED_TEST(Fma, ProductNearHalfAnUlp_TieOnlyIfExact) {
  USING_FIXTURE;
  const Outcome one{V::kOne, kNX}, up{V::kOne + 1u, kNX};
  this->expect_fma(V::kOne, V::kHalfUlpOfOne, V::kOne, {one, one, one, up, up});
  this->expect_fma(V::kOne + 1, V::kHalfUlpOfOne, V::kOne, {up, one, one, up, up});
  this->expect_fma(V::kOne - 1, V::kHalfUlpOfOne, V::kOne, {one, one, one, up, one});
}

TYPED_TEST(Fma, Underflow) {
  USING_FIXTURE;
  constexpr Flags kFlags = kUF | kNX;
  const Outcome zero{V::kZero, kFlags}, least{V::kMinSubnormal, kFlags}, two{2, kFlags};
  this->expect_fma(V::kMinSubnormal, V::kMinSubnormal, V::kZero, {zero, zero, zero, least, zero});
  // 1.5 quanta: a tie between one and two.
  this->expect_fma(V::kMinSubnormal, V::kHalf, V::kMinSubnormal, {two, least, least, two, two});
  // 2^emin minus a quarter of the smallest subnormal: rounded to p digits with an unbounded exponent that is
  // a tie between 2^emin and the number half a subnormal below it. Even is 2^emin, which is not tiny. Down is
  // tiny.
  const auto quarter = V::kHalf - (V::kOne - V::kHalf);
  const Outcome normal{V::kMinNormal, kNX}, below{V::kMaxSubnormal, kFlags};
  this->expect_fma(V::kMinSubnormal, neg(quarter), V::kMinNormal, {normal, below, below, normal, normal});
  // Half of it instead: exact with p digits and an unbounded exponent, so tiny in every mode.
  const Outcome normal_tiny{V::kMinNormal, kFlags};
  this->expect_fma(V::kMinSubnormal, neg(V::kHalf), V::kMinNormal,
                   {normal_tiny, below, below, normal_tiny, normal_tiny});
}

// The negated instructions negate the product and the addend, each for itself: so operands negated beforehand
// give the same, also for the sign of a zero.
TYPED_TEST(Fma, NegatedVariants_ByNegatedOperands) {
  USING_FIXTURE;
  const Outcome plus{V::kZero, 0}, minus{neg(V::kZero), 0};
  // fnmadd: -(1 * 1) - (-1) = 0, rounded as a sum of opposite numbers.
  this->expect_fma(negate<TypeParam>(V::kOne), V::kOne, negate<TypeParam>(neg(V::kOne)),
                   {plus, plus, minus, plus, plus});
  // fnmadd(0, 0, 0) = -0 - 0 = -0 in every mode.
  this->expect_fma(negate<TypeParam>(V::kZero), V::kZero, negate<TypeParam>(V::kZero),
                   same_in_all_modes(minus));
}

}  // namespace
}  // namespace vitrine::riscv::softfloat
