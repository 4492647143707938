// SPDX-License-Identifier: MIT
//
// When host_fast.h takes the host and when the reference. That both give the same is for softfloat_judge
// --judge fast; here it is shown that the fast path is taken at all, and that its edges lie where its head
// says.
#include "isa/riscv/softfloat/host_fast.h"
#include "tests/isa/riscv/softfloat/values.h"

namespace vitrine::riscv::softfloat {
namespace {

template <class F>
class Fast : public SoftfloatTest<F> {};
using HostFormats = testing::Types<Binary32, Binary64>;
TYPED_TEST_SUITE(Fast, HostFormats);

TYPED_TEST(Fast, OrdinaryNumbers_TakeTheHost) {
  using V = Values<TypeParam>;
  Bits<TypeParam> r;
  EXPECT_TRUE(fast::try_add<TypeParam>(V::kOne, V::kTwo, r) && r == V::kThree);
  EXPECT_TRUE(fast::try_sub<TypeParam>(V::kFour, V::kOne, r) && r == V::kThree);
  EXPECT_TRUE(fast::try_mul<TypeParam>(V::kTwo, V::kTwo, r) && r == V::kFour);
  EXPECT_TRUE(fast::try_div<TypeParam>(V::kFour, V::kTwo, r) && r == V::kTwo);
  EXPECT_TRUE(fast::try_sqrt<TypeParam>(V::kFour, r) && r == V::kTwo);
  EXPECT_TRUE(fast::try_fma<TypeParam>(V::kOne, V::kTwo, V::kOne, r) && r == V::kThree);
}

TYPED_TEST(Fast, ExactZeros_TakeTheHost) {
  using V = Values<TypeParam>;
  Bits<TypeParam> r;
  EXPECT_TRUE(fast::try_add<TypeParam>(V::kOne, this->neg(V::kOne), r) && r == V::kZero);
  EXPECT_TRUE(fast::try_mul<TypeParam>(V::kOne, this->neg(V::kZero), r) && r == this->neg(V::kZero));
  EXPECT_TRUE(fast::try_div<TypeParam>(V::kZero, V::kThree, r) && r == V::kZero);
  EXPECT_TRUE(fast::try_sqrt<TypeParam>(this->neg(V::kZero), r) && r == this->neg(V::kZero));
}

TYPED_TEST(Fast, SubnormalSums_AreExactAndTakeTheHost) {
  using V = Values<TypeParam>;
  Bits<TypeParam> r;
  EXPECT_TRUE(fast::try_add<TypeParam>(V::kMinSubnormal, V::kMinSubnormal, r) && r == 2);
  EXPECT_TRUE(fast::try_sub<TypeParam>(V::kMinNormal, V::kMinSubnormal, r) && r == V::kMaxSubnormal);
}

TYPED_TEST(Fast, ResultsThatMayRaiseAFlag_AreRefused) {
  using V = Values<TypeParam>;
  Bits<TypeParam> r;
  EXPECT_FALSE(fast::try_add<TypeParam>(V::kMaxFinite, V::kMaxFinite, r)) << "overflow";
  EXPECT_FALSE(fast::try_add<TypeParam>(V::kInfinity, V::kOne, r)) << "an infinity may hide an overflow";
  EXPECT_FALSE(fast::try_sub<TypeParam>(V::kInfinity, V::kInfinity, r)) << "invalid";
  EXPECT_FALSE(fast::try_add<TypeParam>(V::kPayloadNan, V::kOne, r)) << "the payload would survive";
  EXPECT_FALSE(fast::try_mul<TypeParam>(V::kOne - 1, V::kMinNormal, r)) << "2^emin, but tiny";
  EXPECT_FALSE(fast::try_mul<TypeParam>(V::kMinSubnormal, V::kMinSubnormal, r)) << "underflow to zero";
  EXPECT_FALSE(fast::try_div<TypeParam>(V::kOne, V::kZero, r)) << "division by zero";
  EXPECT_FALSE(fast::try_div<TypeParam>(V::kMinSubnormal, V::kMaxFinite, r)) << "underflow to zero";
  EXPECT_FALSE(fast::try_sqrt<TypeParam>(this->neg(V::kOne), r)) << "invalid";
  EXPECT_FALSE(fast::try_fma<TypeParam>(V::kMinSubnormal, V::kHalf, V::kZero, r)) << "underflow to zero";
  EXPECT_FALSE(fast::try_fma<TypeParam>(V::kInfinity, V::kZero, V::kPayloadNan, r)) << "invalid";
}

TYPED_TEST(Fast, WithoutNxSet_InexactResultRaisesIt) {
  using V = Values<TypeParam>;
  Flags flags = kDZ;
  EXPECT_EQ(fast::add<TypeParam>(V::kOne, V::kMinSubnormal, Rounding::RNE, flags), V::kOne);
  EXPECT_EQ(flags, kDZ | kNX);
}

TYPED_TEST(Fast, DirectedModes_AreHonoured) {
  using V = Values<TypeParam>;
  Flags flags = kNX;
  EXPECT_EQ(fast::add<TypeParam>(V::kOne, V::kMinSubnormal, Rounding::RUP, flags), V::kOne + 1);
  EXPECT_EQ(fast::add<TypeParam>(V::kOne, V::kHalfUlpOfOne, Rounding::RMM, flags), V::kOne + 1);
}

}  // namespace
}  // namespace vitrine::riscv::softfloat
