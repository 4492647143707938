// SPDX-License-Identifier: MIT
// The linear shadow page table: what is set is found, what is cleared is gone, and clearing more than was ever set costs and
// changes nothing.
#include "mmu/shadow_table.h"

#include <gtest/gtest.h>

namespace vitrine::mmu {
namespace {

constexpr uint64_t kPage = core::kPageSize;
constexpr uint64_t kUpper = 0xffff'ffc0'0000'0000;  // the first address of the upper half

class ShadowTableTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(table_.reserve()) << "the host gives no address space"; }
  ShadowTable table_;
};

TEST_F(ShadowTableTest, Fresh_Empty) {
  for (const uint64_t address : {uint64_t{0}, kPage, uint64_t{0x3f'ffff'f000}})
    EXPECT_EQ(table_.at(address), 0u) << std::hex << address;
}

TEST_F(ShadowTableTest, Set_FoundInThatPageOnly) {
  table_.set(0x8000'0000, 0x1234);
  EXPECT_EQ(table_.at(0x8000'0000), 0x1234u);
  EXPECT_EQ(table_.at(0x8000'0fff), 0x1234u);
  EXPECT_EQ(table_.at(0x8000'1000), 0u);
  EXPECT_EQ(table_.at(0x7fff'ffff), 0u);
}

TEST_F(ShadowTableTest, OfTheUpperHalf_FirstAndLastPage) {
  table_.set(kUpper, 2);
  table_.set(~uint64_t{0}, 3);
  EXPECT_EQ(table_.at(kUpper), 2u);
  EXPECT_EQ(table_.at(kUpper + kPage), 0u);
  EXPECT_EQ(table_.at(~kPage), 0u);
  EXPECT_EQ(table_.at(~uint64_t{0}), 3u);
  EXPECT_EQ(ShadowTable::half(kUpper), 1u);
  EXPECT_EQ(ShadowTable::half(0x3f'ffff'f000), 0u);
}

TEST_F(ShadowTableTest, Clear_ThatPageOnly) {
  table_.set(kPage, 1);
  table_.set(2 * kPage, 2);
  table_.clear(kPage);
  table_.clear(0x10'0000'0000);  // nothing was ever set there
  EXPECT_EQ(table_.at(kPage), 0u);
  EXPECT_EQ(table_.at(2 * kPage), 2u);
}

TEST_F(ShadowTableTest, ClearRange_ItsPagesOnly) {
  constexpr uint64_t kFirst = 500 * kPage, kPages = 1100;  // parts of four pages of the table
  table_.set(kFirst - kPage, 1);
  for (uint64_t i = 0; i < kPages; ++i) table_.set(kFirst + i * kPage, 2);
  table_.set(kFirst + kPages * kPage, 3);
  table_.clear_range(kFirst, kPages);
  EXPECT_EQ(table_.at(kFirst - kPage), 1u);
  for (uint64_t i = 0; i < kPages; ++i) ASSERT_EQ(table_.at(kFirst + i * kPage), 0u) << i;
  EXPECT_EQ(table_.at(kFirst + kPages * kPage), 3u);
}

// Of an upper table with four levels: as many pages as the table has, from its middle on.
TEST_F(ShadowTableTest, ClearRange_BeyondTheEnd_StopsThere) {
  constexpr uint64_t kMiddle = 0x20'0000'0000;
  table_.set(0, 1);
  table_.set(kMiddle, 2);
  table_.clear_range(kMiddle, ShadowTable::kEntries);
  EXPECT_EQ(table_.at(0), 1u);
  EXPECT_EQ(table_.at(kMiddle), 0u);
}

class ClearAll : public ShadowTableTest, public testing::WithParamInterface<unsigned> {};

// Few pages of the table are written with zeros, many are given back: the same for who looks.
TEST_P(ClearAll, Empty_AndUsableAgain) {
  for (unsigned round = 0; round < 2; ++round) {
    for (uint64_t i = 0; i < GetParam(); ++i) table_.set(i << 21, i + 1);
    for (uint64_t i = 0; i < GetParam(); ++i) ASSERT_EQ(table_.at(i << 21), i + 1);
    table_.clear_all();
    for (uint64_t i = 0; i < GetParam(); ++i) ASSERT_EQ(table_.at(i << 21), 0u) << i;
  }
}
INSTANTIATE_TEST_SUITE_P(FewAndMany, ClearAll, testing::Values(1, 10, 5000));

TEST(ShadowTable, Canonical_BitsAbove38AreEqual) {
  for (const uint64_t good : {uint64_t{0}, uint64_t{0x3f'ffff'ffff}, kUpper, ~uint64_t{0}})
    EXPECT_TRUE(ShadowTable::canonical(good)) << std::hex << good;
  for (const uint64_t bad : {uint64_t{0x40'0000'0000}, kUpper - 1, uint64_t{1} << 39, uint64_t{1} << 63, uint64_t{0x7fff'ffff'ffff'ffff}})
    EXPECT_FALSE(ShadowTable::canonical(bad)) << std::hex << bad;
}

TEST(ShadowTable, NotReserved_ClearingDoesNothing) {
  ShadowTable table;
  table.clear(0);
  table.clear_range(0, 512);
  table.clear_all();
  EXPECT_EQ(table.entries(), nullptr);
}

}  // namespace
}  // namespace vitrine::mmu
