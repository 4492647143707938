// SPDX-License-Identifier: MIT
//
// Table tests of eq, lt, le, min, max and classify, over all pairs of some numbers listed in ascending order.
#include <vector>

#include "tests/isa/riscv/softfloat/values.h"

namespace vitrine::riscv::softfloat {
namespace {

template <class F>
class Compare : public SoftfloatTest<F> {
 protected:
  using V = Values<F>;
  static constexpr Bits<F> neg(Bits<F> x) { return Checks<F>::neg(x); }

  /// Ascending; the two zeros, which are equal, stand in the middle in the order that min and max give them.
  static std::vector<Bits<F>> ascending() {
    return {neg(V::kInfinity),     neg(V::kMaxFinite),    neg(V::kOne),  neg(V::kMinNormal),
            neg(V::kMaxSubnormal), neg(V::kMinSubnormal), neg(V::kZero), V::kZero,
            V::kMinSubnormal,      V::kMaxSubnormal,      V::kMinNormal, V::kOne,
            V::kMaxFinite,         V::kInfinity};
  }
};
TYPED_TEST_SUITE(Compare, AllFormats);

TYPED_TEST(Compare, AllPairsOfNumbers_OrderedAsListed) {
  const auto list = this->ascending();
  for (size_t i = 0; i < list.size(); ++i) {
    for (size_t j = 0; j < list.size(); ++j) {
      const bool both_zero = (i == 6 || i == 7) && (j == 6 || j == 7);
      auto check = [&](auto operation, bool expected, const char* name) {
        EXPECT_EQ(outcome([&](Flags& f) { return operation(list[i], list[j], f); }), (Outcome{expected, 0}))
            << name << " of list elements " << i << " and " << j;
      };
      check(eq<TypeParam>, i == j || both_zero, "eq");
      check(lt<TypeParam>, i < j && !both_zero, "lt");
      check(le<TypeParam>, i <= j || both_zero, "le");
      EXPECT_EQ(outcome([&](Flags& f) { return min<TypeParam>(list[i], list[j], f); }),
                (Outcome{list[std::min(i, j)], 0}));
      EXPECT_EQ(outcome([&](Flags& f) { return max<TypeParam>(list[i], list[j], f); }),
                (Outcome{list[std::max(i, j)], 0}));
    }
  }
}

TYPED_TEST(Compare, NanOperand_UnorderedQuietForEqSignallingForOrder) {
  using V = Values<TypeParam>;
  auto list = this->ascending();
  list.push_back(V::kPayloadNan);
  for (auto other : list) {
    for (bool swapped : {false, true}) {
      auto run = [&](auto operation, Bits<TypeParam> nan) {
        return outcome(
            [&](Flags& f) { return swapped ? operation(other, nan, f) : operation(nan, other, f); });
      };
      EXPECT_EQ(run(eq<TypeParam>, V::kPayloadNan), (Outcome{0, 0}));
      EXPECT_EQ(run(lt<TypeParam>, V::kPayloadNan), (Outcome{0, kNV}));
      EXPECT_EQ(run(le<TypeParam>, V::kPayloadNan), (Outcome{0, kNV}));
      EXPECT_EQ(run(eq<TypeParam>, V::kSignallingNan), (Outcome{0, kNV}));
      EXPECT_EQ(run(lt<TypeParam>, V::kSignallingNan), (Outcome{0, kNV}));
      EXPECT_EQ(run(le<TypeParam>, V::kSignallingNan), (Outcome{0, kNV}));
    }
  }
}

TYPED_TEST(Compare, MinMax_NumberBeatsNan_TwoNansGiveTheCanonicalOne) {
  using V = Values<TypeParam>;
  for (auto operation : {min<TypeParam>, max<TypeParam>}) {
    auto run = [&](Bits<TypeParam> a, Bits<TypeParam> b) {
      return outcome([&](Flags& f) { return operation(a, b, f); });
    };
    for (auto number : this->ascending()) {
      EXPECT_EQ(run(V::kPayloadNan, number), (Outcome{number, 0}));
      EXPECT_EQ(run(number, V::kPayloadNan), (Outcome{number, 0}));
      EXPECT_EQ(run(V::kSignallingNan, number), (Outcome{number, kNV}));
      EXPECT_EQ(run(number, V::kSignallingNan), (Outcome{number, kNV}));
    }
    EXPECT_EQ(run(V::kPayloadNan, V::kPayloadNan), (Outcome{V::kCanonicalNan, 0}));
    EXPECT_EQ(run(V::kPayloadNan, V::kSignallingNan), (Outcome{V::kCanonicalNan, kNV}));
    EXPECT_EQ(run(V::kSignallingNan, V::kPayloadNan), (Outcome{V::kCanonicalNan, kNV}));
  }
}

// The table "Format of result of FCLASS instruction", bit 0 to bit 9.
TYPED_TEST(Compare, Classify_OneBitOfTheTable) {
  using V = Values<TypeParam>;
  auto neg = [](auto x) { return TestFixture::neg(x); };
  EXPECT_EQ(classify<TypeParam>(neg(V::kInfinity)), 0x001u);
  EXPECT_EQ(classify<TypeParam>(neg(V::kMaxFinite)), 0x002u);
  EXPECT_EQ(classify<TypeParam>(neg(V::kMinNormal)), 0x002u);
  EXPECT_EQ(classify<TypeParam>(neg(V::kMaxSubnormal)), 0x004u);
  EXPECT_EQ(classify<TypeParam>(neg(V::kMinSubnormal)), 0x004u);
  EXPECT_EQ(classify<TypeParam>(neg(V::kZero)), 0x008u);
  EXPECT_EQ(classify<TypeParam>(V::kZero), 0x010u);
  EXPECT_EQ(classify<TypeParam>(V::kMinSubnormal), 0x020u);
  EXPECT_EQ(classify<TypeParam>(V::kMaxSubnormal), 0x020u);
  EXPECT_EQ(classify<TypeParam>(V::kMinNormal), 0x040u);
  EXPECT_EQ(classify<TypeParam>(V::kMaxFinite), 0x040u);
  EXPECT_EQ(classify<TypeParam>(V::kInfinity), 0x080u);
  EXPECT_EQ(classify<TypeParam>(V::kSignallingNan), 0x100u);
  EXPECT_EQ(classify<TypeParam>(neg(V::kSignallingNan)), 0x100u);
  EXPECT_EQ(classify<TypeParam>(V::kCanonicalNan), 0x200u);
  EXPECT_EQ(classify<TypeParam>(V::kPayloadNan), 0x200u);
}

}  // namespace
}  // namespace vitrine::riscv::softfloat
