// SPDX-License-Identifier: MIT
// The test finisher's three words.
#include "devices/test_finisher.h"

#include "tests/devices/bench.h"

namespace vitrine::devices::test {
namespace {

struct Requests final : FinishObserver {
  void finish_requested(FinishRequest request) override { all.push_back(request); }
  std::vector<FinishRequest> all;
};

struct FinisherTest : testing::Test {
  Bench bench;
  Requests requests;
  TestFinisher finisher{"test0", bench.scheduler, requests};
};

TEST_F(FinisherTest, Pass_IsReportedAndAsksForAttention) {
  bench.attention.wanted = false;
  finisher.write(0, 4, 0x5555);
  ASSERT_EQ(requests.all.size(), 1u);
  EXPECT_EQ(requests.all[0].kind, FinishRequest::Kind::kPass);
  EXPECT_EQ(requests.all[0].code, 0);
  EXPECT_TRUE(bench.attention.wanted);
}

TEST_F(FinisherTest, Fail_CarriesTheHighHalfAsCode) {
  finisher.write(0, 4, 0x1234'3333);
  finisher.write(0, 4, 0x0000'3333);
  ASSERT_EQ(requests.all.size(), 2u);
  EXPECT_EQ(requests.all[0].kind, FinishRequest::Kind::kFail);
  EXPECT_EQ(requests.all[0].code, 0x1234);
  EXPECT_EQ(requests.all[1].code, 0);
}

TEST_F(FinisherTest, Reset_HalfwordWriteCounts) {
  finisher.write(0, 2, 0x7777);
  ASSERT_EQ(requests.all.size(), 1u);
  EXPECT_EQ(requests.all[0].kind, FinishRequest::Kind::kReset);
}

TEST_F(FinisherTest, OtherValuesAndPlaces_DoNothing) {
  bench.attention.wanted = false;
  finisher.write(0, 4, 0x5554);
  finisher.write(0, 4, 0);
  finisher.write(4, 4, 0x5555);
  EXPECT_TRUE(requests.all.empty());
  EXPECT_FALSE(bench.attention.wanted);
  EXPECT_EQ(finisher.read(0, 4), 0u);
}

TEST_F(FinisherTest, Table_IsSound) { expect_table_is_sound(finisher); }

}  // namespace
}  // namespace vitrine::devices::test
