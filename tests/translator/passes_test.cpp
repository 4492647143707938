// SPDX-License-Identifier: MIT
// Each pass alone, on blocks written by hand, with the result written by hand. What all of them must keep (a
// block that verify() accepts) is tried on random code at the end. Next: lowering_test.cpp, where the whole
// chain is run.
#include "translator/passes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>
#include <stdexcept>

#include "core/address.h"
#include "isa/riscv/decoder.h"
#include "tests/isa/riscv/bench/encode.h"
#include "tests/translator/guest_page.h"
#include "tests/translator/ir_text.h"

namespace vitrine::translator {
namespace {

const Pass& pass_named(std::string_view name) {
  const auto found =
      std::find_if(passes().begin(), passes().end(), [&](const Pass& p) { return p.name == name; });
  if (found == passes().end()) throw std::runtime_error("no such pass");
  return *found;
}

std::string run_pass(std::string_view name, std::string_view text) {
  ir::Block block = block_from(text);
  EXPECT_EQ(ir::verify(block), "") << "the test's own block";
  pass_named(name).run(block);
  EXPECT_EQ(ir::verify(block), "");
  return plain_text(block);
}

void expect_pass(std::string_view name, std::string_view before, std::string_view after,
                 int line = __builtin_LINE()) {  // clang 14 has no std::source_location
  const testing::ScopedTrace trace(__FILE__, line, "the block of this test");
  EXPECT_EQ(run_pass(name, before), plain_text(after));
}

// --- fold: constants

// Folds one operation on constants; what it becomes.
std::optional<int64_t> folded(const std::string& operation, const std::string& a, const std::string& b = "") {
  ir::Block block =
      block_from(";\n v0 = const " + a + "\n v1 = const " + (b.empty() ? "0" : b) + "\n v2 = " + operation +
                 (b.empty() ? " v0" : " v0, v1") + "\n set a0, v2\n jump 0x1004");
  pass_named("fold").run(block);
  EXPECT_EQ(ir::verify(block), "");
  const ir::Ref result = block.nodes[3].in[0];
  if (!block.is_constant(result)) return std::nullopt;
  return block.nodes[result].imm;
}

TEST(Fold, EveryOperation_OnConstants) {
  EXPECT_EQ(folded("add", "0x7fffffffffffffff", "1"), INT64_MIN) << "wraps";
  EXPECT_EQ(folded("sub", "3", "5"), -2);
  EXPECT_EQ(folded("and", "0xff", "0x3c"), 0x3c);
  EXPECT_EQ(folded("or", "0xf0", "0x3c"), 0xfc);
  EXPECT_EQ(folded("xor", "0xf0", "0x3c"), 0xcc);
  EXPECT_EQ(folded("not", "0"), -1);
  EXPECT_EQ(folded("shl", "1", "65"), 0x2) << "the amount counts modulo 64";
  EXPECT_EQ(folded("shr", "-1", "60"), 0xf);
  EXPECT_EQ(folded("sar", "-256", "4"), -16);
  EXPECT_EQ(folded("shlw", "1", "31"), -2147483648);
  EXPECT_EQ(folded("shlw", "1", "33"), 0x2) << "the amount counts modulo 32";
  EXPECT_EQ(folded("shrw", "0xffffffff80000000", "31"), 0x1);
  EXPECT_EQ(folded("sarw", "0x80000000", "4"), -134217728);
  EXPECT_EQ(folded("sext8", "0x180"), -128);
  EXPECT_EQ(folded("sext16", "0x18000"), -32768);
  EXPECT_EQ(folded("sext32", "0x180000000"), -2147483648);
  EXPECT_EQ(folded("zext8", "-1"), 0xff);
  EXPECT_EQ(folded("zext16", "-1"), 0xffff);
  EXPECT_EQ(folded("zext32", "-1"), 0xffffffff);
  EXPECT_EQ(folded("eq", "4", "4"), 0x1);
  EXPECT_EQ(folded("ne", "4", "4"), 0x0);
  EXPECT_EQ(folded("lt", "-1", "0"), 0x1);
  EXPECT_EQ(folded("ge", "-1", "0"), 0x0);
  EXPECT_EQ(folded("ltu", "-1", "0"), 0x0);
  EXPECT_EQ(folded("geu", "-1", "0"), 0x1);
  EXPECT_EQ(folded("mul", "-3", "7"), -21);
}

TEST(Fold, WhatItDoesNotKnow_IsLeft) {
  EXPECT_EQ(folded("div", "6", "0"), std::nullopt);
  EXPECT_EQ(folded("clz", "6"), std::nullopt);
}

TEST(Fold, LuiAddiw_OneConstant) {
  // lui a0, 0x80000; addiw a0, a0, -1: 0x7fffffff, as GNU as makes it.
  expect_pass("fold", R"(
    ;
    v0 = const 0xffffffff80000000
         set a0, v0
    ;
    v2 = const -1
    v3 = add v0, v2
    v4 = sext32 v3
         set a0, v4
         jump 0x1008)",
              R"(
    ;
    v0 = const 0xffffffff80000000
         set a0, v0
    ;
    v2 = const -1
    v3 = const 0xffffffff7fffffff
    v4 = const 0x7fffffff
         set a0, v4
         jump 0x1008)");
}

TEST(Fold, AuipcJalr_DirectJump) {
  expect_pass("fold", R"(
    ; auipc ra, 0x2
    v0 = const 0x3000
         set ra, v0
    ; jalr ra, 16(ra)
    v2 = const 0x1008
    v3 = const 16
    v4 = add v0, v3
    v5 = const -2
    v6 = and v4, v5
         set ra, v2
         jump_to v6)",
              R"(
    ;
    v0 = const 0x3000
         set ra, v0
    ;
    v2 = const 0x1008
    v3 = const 16
    v4 = const 0x3010
    v5 = const -2
    v6 = const 0x3010
         set ra, v2
         jump 0x3010)");
}

// --- fold: identities

// What the result of `operation` on a register v0 and a constant v1 is replaced by; "" if it stays.
std::string same_as(const std::string& operation, const std::string& constant) {
  ir::Block block = block_from(";\n v0 = get a0\n v1 = const " + constant + "\n v2 = " + operation +
                               "\n set a1, v2\n jump 0x1004");
  pass_named("fold").run(block);
  EXPECT_EQ(ir::verify(block), "");
  const ir::Ref set = block.nodes[3].in[0];
  return set == 2 ? "" : "v" + std::to_string(set);
}

TEST(Fold, NeutralOperands_ValueItself) {
  for (const char* op : {"add", "or", "xor"}) {
    EXPECT_EQ(same_as(std::string(op) + " v0, v1", "0"), "v0") << op;
    EXPECT_EQ(same_as(std::string(op) + " v1, v0", "0"), "v0") << op;
    EXPECT_EQ(same_as(std::string(op) + " v0, v1", "1"), "") << op;
  }
  for (const char* op : {"sub", "shl", "shr", "sar", "rotr"}) {
    EXPECT_EQ(same_as(std::string(op) + " v0, v1", "0"), "v0") << op;
    EXPECT_EQ(same_as(std::string(op) + " v1, v0", "0"), "") << op << ": 0 on the left is not neutral";
    EXPECT_EQ(same_as(std::string(op) + " v0, v1", "1"), "") << op;
  }
  EXPECT_EQ(same_as("and v0, v1", "-1"), "v0");
  EXPECT_EQ(same_as("and v1, v0", "-1"), "v0");
  EXPECT_EQ(same_as("and v0, v1", "0xffffffff"), "");
  EXPECT_EQ(same_as("and v0, v1", "0"), "");
  // A 32-bit shift by 0 still extends the sign.
  for (const char* op : {"shlw", "shrw", "sarw", "rotrw"})
    EXPECT_EQ(same_as(std::string(op) + " v0, v1", "0"), "") << op;
}

TEST(Fold, Select_ConditionKnownOrChoicesEqual) {
  EXPECT_EQ(same_as("select v1, v0, v1", "1"), "v0");
  EXPECT_EQ(same_as("select v1, v1, v0", "0"), "v0");
  EXPECT_EQ(same_as("select v1, v0, v1", "-1"), "v0") << "any value but 0";
  EXPECT_EQ(same_as("select v0, v1, v1", "5"), "v1");
  EXPECT_EQ(same_as("select v0, v0, v1", "5"), "");
}

// The value v1 is made by `source` from v0; does `extension` of it disappear?
bool disappears(const std::string& source, const std::string& extension) {
  ir::Block block = block_from(";\n v0 = get a0\n v1 = " + source + "\n v2 = " + extension +
                               " v1\n set a1, v2\n jump 0x1004");
  pass_named("fold").run(block);
  EXPECT_EQ(ir::verify(block), "");
  return block.nodes[3].in[0] == 1;
}

TEST(Fold, SignExtension_DroppedWhereTheValueHasIt) {
  for (const char* source :
       {"load v0, +0, s32", "load v0, +0, s16", "load v0, +0, u16", "load v0, +0, u8", "shlw v0, v0",
        "sarw v0, v0", "divw v0, v0", "remuw v0, v0", "sext8 v0", "sext16 v0", "sext32 v0", "zext8 v0",
        "zext16 v0", "ltu v0, v0", "cpop v0", "clz32 v0"})
    EXPECT_TRUE(disappears(source, "sext32")) << source;
  for (const char* source : {"load v0, +0, u32", "load v0, +0, s64", "zext32 v0", "add v0, v0", "shl v0, v0",
                             "div v0, v0", "rotr v0, v0", "bswap v0", "not v0", "mulh v0, v0"})
    EXPECT_FALSE(disappears(source, "sext32")) << source;
}

TEST(Fold, ZeroExtension_DroppedWhereTheValueHasIt) {
  for (const char* source : {"load v0, +0, u8", "zext8 v0", "eq v0, v0"})
    for (const char* extension : {"zext8", "zext16", "zext32"})
      EXPECT_TRUE(disappears(source, extension)) << source;
  EXPECT_FALSE(disappears("load v0, +0, u16", "zext8"));
  EXPECT_TRUE(disappears("load v0, +0, u16", "zext16"));
  EXPECT_TRUE(disappears("load v0, +0, u16", "zext32"));
  EXPECT_FALSE(disappears("load v0, +0, u32", "zext16"));
  EXPECT_TRUE(disappears("load v0, +0, u32", "zext32"));
  EXPECT_FALSE(disappears("load v0, +0, u64", "zext32"));
  EXPECT_FALSE(disappears("zext32 v0", "zext16"));
  for (const char* source :
       {"load v0, +0, s8", "load v0, +0, s32", "sext8 v0", "shrw v0, v0", "divuw v0, v0"})
    for (const char* extension : {"zext8", "zext16", "zext32"})
      EXPECT_FALSE(disappears(source, extension)) << source;
}

TEST(Fold, FiveFlags_MaskOfFiveBitsDropped) {
  const auto stays = [](const std::string& value, const std::string& mask) {
    ir::Block block = block_from(";\n v0 = " + value + "\n v1 = const " + mask + "\n v2 = and v0, v1\n set a1, v2\n jump 0x1004");
    pass_named("fold").run(block);
    return block.nodes[3].in[0] == 2;
  };
  EXPECT_FALSE(stays("getfflags", "31"));
  EXPECT_TRUE(stays("getfflags", "15"));
  EXPECT_TRUE(stays("get a0", "31"));
}

// --- fold: addresses

TEST(Fold, BasePlusConstant_GoesIntoTheAccess) {
  expect_pass("fold", R"(
    ; ld a1, 40(a0)
    v0 = get a0
    v1 = const 40
    v2 = add v0, v1
    v3 = load v2, +0, s64
         set a1, v3
    ; sb a1, -3(a2)
    v5 = get a2
    v6 = const -3
    v7 = add v5, v6
         store v7, v3, +0, u8
         jump 0x1008)",
              R"(
    ;
    v0 = get a0
    v1 = const 40
    v2 = add v0, v1
    v3 = load v0, +40, s64
         set a1, v3
    ;
    v5 = get a2
    v6 = const -3
    v7 = add v5, v6
         store v5, v3, -3, u8
         jump 0x1008)");
}

// addi a0, a0, 8; ld a1, 0(a0): the value of a0 before the addition stands nowhere any more.
TEST(Fold, SumOfAnEarlierInstruction_IsLeft) {
  constexpr const char* kBlock = R"(
    ;
    v0 = get a0
    v1 = const 8
    v2 = add v0, v1
         set a0, v2
    ;
    v4 = load v2, +0, s64
         set a1, v4
         jump 0x1008)";
  expect_pass("fold", kBlock, kBlock);
}

TEST(Fold, SumBeyond32Bits_IsLeft) {
  constexpr const char* kBlock = R"(
    ;
    v0 = get a0
    v1 = const 0x7fffffff
    v2 = add v0, v1
    v3 = load v2, +1, s64
         set a1, v3
         jump 0x1004)";
  expect_pass("fold", kBlock, kBlock);
}

// --- drop_dead: writes

TEST(DropDeadWrites, OverwrittenUnseen_Dropped) {
  expect_pass("drop_dead", R"(
    ; lui a0, 1
    v0 = const 0x1000
         set a0, v0
    ; addi a0, a0, 1
    v2 = const 0x1001
         set a0, v2
         jump 0x1008)",
              R"(
    ;
    ;
    v0 = const 0x1001
         set a0, v0
         jump 0x1008)");
}

// A read whose value nobody wants is no read; and what only a dropped write used goes with it.
TEST(DropDeadWrites, ReadByNobodyInBetween_Dropped) {
  expect_pass("drop_dead", R"(
    ;
    v0 = get a1
    v1 = not v0
         set a0, v1
    ;
    v3 = get a0
    v4 = not v3
         set a2, v4
    ;
    v6 = const 2
         set a0, v6
    ;
    v8 = const 3
         set a2, v8
         jump 0x1010)",
              R"(
    ;
    ;
    ;
    v0 = const 2
         set a0, v0
    ;
    v2 = const 3
         set a2, v2
         jump 0x1010)");
}

// Whoever leaves the block, or may trap, or runs C++, sees every register.
TEST(DropDeadWrites, ObservedInBetween_Kept) {
  for (const char* observer :
       {"v4 = load v0, +0, s64", "store v0, v0, +0, u64", "exit_if v0, 0x1100", "helper", "float"}) {
    const std::string block = std::string(";\n v0 = get a1\n set a5, v0\n v2 = const 1\n set a0, v2\n;\n ") + observer +
                              "\n;\n v5 = const 2\n set a0, v5\n jump 0x100c";
    expect_pass("drop_dead", block, block);
  }
}

TEST(DropDeadWrites, ReadInBetween_Kept) {
  constexpr const char* kBlock = R"(
    ;
    v0 = const 1
         set a0, v0
    ;
    v2 = get a0
         set a1, v2
    ;
    v4 = const 2
         set a0, v4
         jump 0x100c)";
  expect_pass("drop_dead", kBlock, kBlock);
}

TEST(DropDeadWrites, AnotherRegister_Kept) {
  constexpr const char* kBlock = ";\n v0 = const 1\n set a0, v0\n;\n v2 = const 2\n set a1, v2\n jump 0x1008";
  expect_pass("drop_dead", kBlock, kBlock);
}

TEST(DropDeadWrites, LastBeforeTheEnd_Kept) {
  constexpr const char* kBlock = ";\n v0 = get a1\n set a0, v0\n jump_to v0";
  expect_pass("drop_dead", kBlock, kBlock);
}

// a0's value is used by the third instruction: it has to stand somewhere, and a0 is the place.
TEST(DropDeadWrites, ValueUsedLater_KeepsItsRegister) {
  constexpr const char* kBlock = R"(
    ;
    v0 = get a1
    v1 = not v0
         set a0, v1
    ;
    v3 = add v1, v1
         set a2, v3
    ;
    v5 = const 2
         set a0, v5
         jump 0x100c)";
  expect_pass("drop_dead", kBlock, kBlock);
}

// --- drop_dead: values

TEST(DropDeadValues, ChainsGo_InputsToo) {
  expect_pass("drop_dead", R"(
    ;
    v0 = get a0
    v1 = const 40
    v2 = add v0, v1
    v3 = sext32 v2
    v4 = get a1
         set a2, v4
    ;
    v6 = const 9
         jump 0x1008)",
              R"(
    ;
    v0 = get a1
         set a2, v0
    ;
         jump 0x1008)");
}

// A load whose value nobody wants (rd is x0) is an access all the same: it may fault, and devices hear of it.
TEST(DropDeadValues, Load_Stays) {
  constexpr const char* kBlock = ";\n v0 = get a0\n v1 = load v0, +0, s64\n jump 0x1004";
  expect_pass("drop_dead", kBlock, kBlock);
}

TEST(DropDeadValues, InputsOfWhatStays_Stay) {
  constexpr const char* kBlock = R"(
    ;
    v0 = get a0
    v1 = get a1
         store v0, v1, +0, u64
    ;
    v3 = get a2
         exit_if v3, 0x1100
    ;
    v5 = getf fa0
         setf fa1, v5
    ;
    v7 = get a3
         jump_to v7)";
  expect_pass("drop_dead", kBlock, kBlock);
}

// --- All of them

TEST(Optimise, LuiAddiwSw_AConstantStored) {
  ir::Block block = block_from(R"(
    ; lui a0, 0x12345
    v0 = const 0x12345000
         set a0, v0
    ; addiw a0, a0, 0x678
    v2 = const 0x678
    v3 = add v0, v2
    v4 = sext32 v3
         set a0, v4
    ; sw a0, 8(a1)
    v6 = get a1
    v7 = const 8
    v8 = add v6, v7
         store v8, v4, +0, u32
         jump 0x100c)");
  optimise(block);
  EXPECT_EQ(plain_text(block), plain_text(std::string_view(R"(
    ;
    ;
    v0 = const 0x12345678
         set a0, v0
    ;
    v2 = get a1
         store v2, v0, +8, u32
         jump 0x100c)")));
}

TEST(Optimise, OrderOfThePasses) {
  std::vector<std::string_view> names;
  for (const Pass& pass : passes()) names.push_back(pass.name);
  EXPECT_EQ(names, (std::vector<std::string_view>{"fold", "drop_dead", "share_checks"}));
}

TEST(Optimise, Twice_ChangesNothingMore) {
  ir::Block block = block_from(R"(
    ;
    v0 = get a0
    v1 = const 0
    v2 = add v0, v1
         set a1, v2
    ;
         jump_to v2)");
  optimise(block);
  const std::string once = plain_text(block);
  optimise(block);
  EXPECT_EQ(plain_text(block), once);
}

// Random code: any bits, with a liking for instructions that exist and for a few registers.
void fill_randomly(uint8_t (&page)[core::kPageSize], std::mt19937_64& random) {
  for (size_t at = 0; at + 4 <= sizeof page; at += 4) {
    auto word = static_cast<uint32_t>(random());
    if (random() % 4 != 0) {  // an instruction of 32 bits whose registers are x8 to x15
      const riscv::Row& row = riscv::kRows[1 + random() % (riscv::kOpCount - 1)];
      if (row.length == 4) word = (word & ~row.mask & ~0x01f0'8c00u) | 0x0084'0400u | row.match;
    }
    std::memcpy(page + at, &word, sizeof word);
  }
}

TEST(Optimise, RandomCode_EveryPassLeavesGoodIr) {
  std::mt19937_64 random(3);
  uint8_t page[core::kPageSize];
  ir::Block block;
  uint64_t blocks = 0, instructions = 0;
  for (unsigned round = 0; round < 30; ++round) {
    fill_randomly(page, random);
    for (uint64_t pc = 0x8000'0000; pc < 0x8000'0000 + sizeof page; pc += 2) {
      build(block, {pc, page, riscv::Privilege::kMachine, riscv::ExtensionSet::standard()},
            HostAbilities::of_this_host());
      ++blocks;
      instructions += block.insns.size();
      ASSERT_EQ(ir::verify(block), "") << "as built\n" << ir::to_text(block);
      for (const Pass& pass : passes()) {
        const std::string before = ir::to_text(block);
        pass.run(block);
        ASSERT_EQ(ir::verify(block), "") << "after " << pass.name << ", before it:\n" << before;
      }
    }
  }
  EXPECT_GT(blocks, 60'000u);
  EXPECT_GT(instructions, 2 * blocks) << "blocks of one instruction prove nothing";
}

}  // namespace
}  // namespace vitrine::translator
