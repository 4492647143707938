// SPDX-License-Identifier: MIT
// The pass share_checks alone: which accesses share a check, on blocks written by hand. What becomes of them at run time:
// shared_checks_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/translator/ir_text.h"
#include "translator/passes.h"

namespace vitrine::translator {
namespace {

// "0 - 1 0 [-8 16] [0 24]": of each access the check that it shares, then the checks.
std::string shared_in(ir::Block block) {
  EXPECT_EQ(ir::verify(block), "") << "the test's own block";
  const auto pass = std::find_if(passes().begin(), passes().end(), [](const Pass& p) { return p.name == "share_checks"; });
  pass->run(block);
  EXPECT_EQ(ir::verify(block), "");
  std::string text;
  for (const ir::Node& node : block.nodes)
    if (node.op == ir::Op::load || node.op == ir::Op::store)
      text += (text.empty() ? "" : " ") + (node.check ? std::to_string(node.check - 1) : "-");
  for (const ir::Check& check : block.checks) text += " [" + std::to_string(check.low) + " " + std::to_string(check.high) + "]";
  return text;
}
std::string shared_in(std::string_view text) { return shared_in(block_from(text)); }

TEST(ShareChecks, OneBase_OneCheck) {
  EXPECT_EQ(shared_in(R"(
    ;
    v0 = get sp
    v1 = load v0, +16, s64
         set a0, v1
    ;
    v3 = load v0, +8, s32
         set a1, v3
    ;
    v5 = load v0, +40, u8
         set a2, v5
    ;
         jump 0x2000)"), "0 0 0 [-8 24]");
}

TEST(ShareChecks, LoadsAndStoresApart_OtherBasesApart_SingleOnesNotAtAll) {
  EXPECT_EQ(shared_in(R"(
    ;
    v0 = get sp
    v1 = get a0
    v2 = load v0, +0, s64
         set a1, v2
    ;
         store v0, v2, +8, u64
    ;
    v5 = load v1, +0, s64
         set a2, v5
    ;
         store v0, v2, +16, u64
    ;
    v8 = load v0, +8, s64
         set a3, v8
    ;
         jump 0x2000)"), "0 1 - 1 0 [0 8] [0 8]");
}

TEST(ShareChecks, BasePlusConstant_SameBase) {
  EXPECT_EQ(shared_in(R"(
    ;
    v0 = get a0
    v1 = load v0, +0, s64
         set a1, v1
    ;
    v3 = const 16
    v4 = add v0, v3
         set a0, v4
    ;
    v6 = load v4, +8, s64
         set a2, v6
    ;
    v8 = const -32
    v9 = add v4, v8
         set a0, v9
    ;
    v11 = load v9, +0, s64
         set a3, v11
    ;
         jump 0x2000)"), "0 0 0 [-16 24]");
}

TEST(ShareChecks, FarAway_ItsOwn) {
  EXPECT_EQ(shared_in(R"(
    ;
    v0 = get a0
    v1 = load v0, +0, s64
         set a1, v1
    ;
    v3 = load v0, +513, s64
         set a2, v3
    ;
    v5 = load v0, +512, s64
         set a3, v5
    ;
    v7 = load v0, +1, s64
         set a4, v7
    ;
         jump 0x2000)"), "0 - 0 0 [0 512]");
}

TEST(ShareChecks, BehindAHelper_Anew) {
  EXPECT_EQ(shared_in(R"(
    ;
    v0 = get a0
    v1 = load v0, +0, s64
         set a1, v1
    ;
    v3 = load v0, +8, s64
         set a2, v3
    ;
         helper
    ;
    v6 = get a0
    v7 = load v6, +16, s64
         set a3, v7
    ;
         jump 0x2000)"), "0 0 - [0 8]");
}

TEST(ShareChecks, Apart_TheOthersShare) {
  constexpr std::string_view kText = R"(
    ;
    v0 = get a0
    v1 = load v0, +0, s64
         set a1, v1
    ;
    v3 = load v0, +8, s64
         set a2, v3
    ;
    v5 = load v0, +16, s64
         set a3, v5
    ;
         jump 0x2000)";
  ir::Block block = block_from(kText);
  block.apart = {0};
  EXPECT_EQ(shared_in(block), "- 0 0 [0 8]");
  block.apart = {4};
  EXPECT_EQ(shared_in(block), "0 - 0 [0 16]");
  block.all_apart = true;
  EXPECT_EQ(shared_in(block), "- - -");
}

TEST(ShareChecks, Text) {
  ir::Block block = block_from(R"(
    ;
    v0 = get a0
    v1 = load v0, +8, s64
         set a1, v1
    ;
    v3 = load v0, +0, s64
         set a2, v3
    ;
         jump 0x2000)");
  optimise(block);
  EXPECT_NE(plain_text(block).find("load v0, +8, s64, check 0 of -8 to +0\n"), std::string::npos) << plain_text(block);
  EXPECT_NE(plain_text(block).find("load v0, +0, s64, check 0\n"), std::string::npos) << plain_text(block);
}

// The verifier knows what lowering counts on.
TEST(ShareChecks, WrongOnes_Refused) {
  ir::Block good = block_from(R"(
    ;
    v0 = get a0
    v1 = load v0, +8, s64
         set a1, v1
    ;
         helper
    ;
    v4 = load v0, +0, s64
         set a2, v4
    ;
         store v0, v4, +0, u64
    ;
         jump 0x2000)");
  const auto verdict = [&](ir::Ref leader, std::initializer_list<ir::Ref> members) {
    ir::Block block = good;
    block.checks = {{leader, -8, 0}};
    for (const ir::Ref r : members) block.nodes[r].check = 1;
    return ir::verify(block);
  };
  EXPECT_EQ(verdict(1, {1}), "");
  EXPECT_NE(verdict(1, {1, 4}), "") << "a helper between";
  EXPECT_NE(verdict(4, {4, 6}), "") << "a load and a store";
  EXPECT_NE(verdict(4, {1, 4}), "") << "a check that comes later";
  EXPECT_NE(verdict(1, {1, 2}), "") << "no access";
  good.nodes[1].check = 2;
  EXPECT_NE(ir::verify(good), "") << "no such check";
}

}  // namespace
}  // namespace vitrine::translator
