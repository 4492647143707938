// SPDX-License-Identifier: MIT
// The list of behaviours has 28 entries, and each has tests of its number in this program.
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace vitrine::bench {
namespace {

TEST(Behaviours, EachOfThe28_HasATest) {
  std::set<std::string> suites;
  const testing::UnitTest& program = *testing::UnitTest::GetInstance();
  for (int i = 0; i < program.total_test_suite_count(); ++i) suites.insert(program.GetTestSuite(i)->name());
  for (int number = 1; number <= 28; ++number) {
    const std::string name = std::string("Behaviour") + (number < 10 ? "0" : "") + std::to_string(number);
    EXPECT_TRUE(suites.contains(name)) << name;
  }
}

}  // namespace
}  // namespace vitrine::bench
