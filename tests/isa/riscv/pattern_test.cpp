// SPDX-License-Identifier: MIT
// The proofs that the compiler makes about the rows, on rows that are wrong on purpose: each must be found.
#include "isa/riscv/pattern.h"

#include <gtest/gtest.h>

namespace vitrine::riscv {
namespace {

constexpr auto kLayoutR = parse_symbols("....... ttttt sssss ... ddddd .......");

Problem check(std::string_view pattern) { return check_pattern(parse_symbols(pattern), kLayoutR); }

TEST(Pattern, Fitting_NoProblem) {
  EXPECT_EQ(check("0100000 ttttt sssss 000 ddddd 0110011"), Problem::kNone);
  EXPECT_EQ(check("0010000 TTTTT SSSSS 000 ddddd 1010011"), Problem::kNone) << "f registers";
}

TEST(Pattern, BitCount_Found) {
  EXPECT_EQ(check("010000 ttttt sssss 000 ddddd 0110011"), Problem::kWrongBitCount);
  EXPECT_EQ(check("01000000 ttttt sssss 000 ddddd 0110011"), Problem::kWrongBitCount);
  EXPECT_EQ(check("000 iiiiiiii ddd 00"), Problem::kWrongBitCount) << "16 bits for a 32-bit format";
  EXPECT_EQ(check(""), Problem::kWrongBitCount);
}

TEST(Pattern, Letters_Found) {
  EXPECT_EQ(check("0100000 iiiii sssss 000 ddddd 0110011"), Problem::kUnknownLetter);
  EXPECT_EQ(check("0100000 sssss ttttt 000 ddddd 0110011"), Problem::kUnknownLetter) << "swapped fields";
  EXPECT_EQ(check("010000t ttttt sssss 000 ddddd 0110011"), Problem::kUnknownLetter);
  EXPECT_EQ(check("0100000 tttt0 sssss 000 ddddd 0110011"), Problem::kFieldIsFixed);
  EXPECT_EQ(check("0100000 tttTt sssss 000 ddddd 0110011"), Problem::kMixedCase);
  const Symbols imm = parse_symbols("iiiiiiiiiiii sssss ... ddddd .......");
  EXPECT_EQ(check_pattern(parse_symbols("IIIIIIIIIIII sssss 000 ddddd 0010011"), imm),
            Problem::kUnknownLetter)
      << "only registers can be f registers";
}

TEST(Pattern, LengthBits_Found) {
  EXPECT_EQ(check("0100000 ttttt sssss 000 ddddd 0110001"), Problem::kLengthBits);
  const Symbols ca = parse_symbols("... ... ddd .. ttt ..");
  EXPECT_EQ(check_pattern(parse_symbols("100 011 ddd 00 ttt 11"), ca), Problem::kLengthBits);
  EXPECT_EQ(check_pattern(parse_symbols("100 011 ddd 00 ttt 01"), ca), Problem::kNone);
}

TEST(Constraint, Values_MaskAndMatch) {
  const Symbols pattern = parse_symbols("011 i ddddd iiiii 01");
  const Constraint c = parse_constraint("d!=2 i!=0", pattern);
  EXPECT_EQ(c.problem, Problem::kNone);
  EXPECT_EQ(c.exclusions[0].mask, 0x0f80u);
  EXPECT_EQ(c.exclusions[0].match, 0x0100u);
  EXPECT_EQ(c.exclusions[1].mask, 0x107cu);
  EXPECT_EQ(c.exclusions[1].match, 0u);
}

TEST(Constraint, Mistakes_Found) {
  const Symbols pattern = parse_symbols("011 i ddddd iiiii 01");
  for (const char* text : {"t!=0", "d=0", "d!=", "d!=32", "d!=1,2,3", "d!=0 ,2", "!=0"}) {
    EXPECT_EQ(parse_constraint(text, pattern).problem, Problem::kBadConstraint) << text;
  }
  EXPECT_EQ(parse_constraint("", pattern).problem, Problem::kNone);
}

TEST(Format, ImmediateList_MustNameEachBitOnce) {
  EXPECT_EQ(parse_format("iiiiiii ttttt sssss ... iiiii .......", "0 s t", "s 11:5 4:0").problem,
            Problem::kNone);
  EXPECT_EQ(parse_format("iiiiiii ttttt sssss ... iiiii .......", "0 s t", "s 11:5 4:1").problem,
            Problem::kImmediateBits);
  EXPECT_EQ(parse_format("iiiiiii ttttt sssss ... iiiii .......", "0 s t", "s 12:5 4:0").problem,
            Problem::kImmediateBits);
  EXPECT_EQ(parse_format("iiiiiii ttttt", "0 s t", "s 11:5").problem, Problem::kWrongBitCount);
}

TEST(Format, BranchImmediate_FourSegments) {
  const Shape shape = parse_format("iiiiiii ttttt sssss ... iiiii .......", "0 s t", "s 12 10:5 4:1 11");
  ASSERT_EQ(shape.segment_count, 4u);
  EXPECT_EQ(shape.segments[0].from, 31);
  EXPECT_EQ(shape.segments[0].to, 12);
  EXPECT_EQ(shape.segments[1].from, 25);
  EXPECT_EQ(shape.segments[1].to, 5);
  EXPECT_EQ(shape.segments[1].width, 6);
  EXPECT_EQ(shape.segments[3].from, 7);
  EXPECT_EQ(shape.segments[3].to, 11);
  EXPECT_TRUE(shape.sign_extended);
  EXPECT_EQ(shape.top_bit, 12);
  EXPECT_EQ(shape.registers[0].width, 0);
  EXPECT_EQ(shape.registers[1].shift, 15);
  EXPECT_EQ(shape.registers[2].shift, 20);
}

Row row(std::string_view pattern, std::string_view constraint = "") {
  const Symbols symbols = parse_symbols(pattern);
  Row row{};
  row.mask = symbols.fixed_mask();
  row.match = symbols.fixed_match();
  row.exclusions = parse_constraint(constraint, symbols).exclusions;
  return row;
}

TEST(Overlap, SameWordInTwoRows_Found) {
  EXPECT_FALSE(disjoint(row("100 1 ddddd ttttt 10"), row("100 1 sssss 00000 10")));
  EXPECT_TRUE(disjoint(row("100 1 ddddd ttttt 10"), row("100 0 sssss 00000 10")));
}

TEST(Overlap, Constraint_KeepsApart) {
  EXPECT_TRUE(disjoint(row("100 1 ddddd ttttt 10", "t!=0"), row("100 1 sssss 00000 10")));
  EXPECT_TRUE(disjoint(row("100 1 sssss 00000 10"), row("100 1 ddddd ttttt 10", "t!=0"))) << "either way";
  EXPECT_FALSE(disjoint(row("100 1 ddddd ttttt 10", "t!=1"), row("100 1 sssss 00000 10")));
  EXPECT_FALSE(disjoint(row("100 1 ddddd ttttt 10", "t!=0"), row("100 1 sssss s0000 10")))
      << "only a part is out";
}

TEST(Overlap, SpecialCase_SubsetOfGeneral) {
  const Row general = row("iiiiiiiiiiii sssss 110 ddddd 0010011");
  const Row special = row("iiiiiii 00001 sssss 110 00000 0010011");
  EXPECT_TRUE(is_special_case(special, general));
  EXPECT_FALSE(is_special_case(general, special));
}

}  // namespace
}  // namespace vitrine::riscv
