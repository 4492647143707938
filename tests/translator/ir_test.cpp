// SPDX-License-Identifier: MIT
// The IR's text, and its verifier: good blocks pass, and each rule rejects a block that breaks only it.
#include "translator/ir.h"

#include <gtest/gtest.h>

#include "isa/riscv/decoder.h"
#include "tests/isa/riscv/bench/encode.h"
#include "tests/translator/ir_text.h"

namespace vitrine::translator {
namespace {

using bench::insn::addi;
using bench::insn::ld;
using ir::Block;
using ir::Node;
using ir::Op;

constexpr const char* kGood = R"(
  ; ld a1, 8(a0)
  v0 = get a0
  v1 = load v0, +8, s64
       set a1, v1
  ; sw a1, -4(a0)
       store v0, v1, -4, u32
  ; beqz a1, 0x1100
  v4 = const 0
  v5 = eq v1, v4
       exit_if v5, 0x1100
  ; fmv.d.x fa0, a1
       setf fa0, v1
  ; csrr zero, cycle
       helper
  ; j 0x1018
       jump 0x1018)";

Block good() { return block_from(kGood); }

// --- Text

TEST(IrText, HandMadeBlock_ReadsAsWritten) {
  Block block;
  block.insns = {{0x8000'1000, riscv::decode(addi(10, 10, 1), riscv::ExtensionSet::standard())},
                 {0x8000'1004, riscv::decode(ld(11, 8, 10), riscv::ExtensionSet::standard())}};
  const auto node = [&](Op op, unsigned insn, std::array<ir::Ref, 3> in, int64_t imm = 0) -> Node& {
    Node n{op};
    n.insn = static_cast<uint16_t>(insn);
    n.in = in;
    n.imm = imm;
    return block.nodes.emplace_back(n);
  };
  node(Op::get_x, 0, {}).reg = 10;
  node(Op::constant, 0, {}, 1);
  node(Op::add, 0, {0, 1});
  node(Op::set_x, 0, {2}).reg = 10;
  Node& load = node(Op::load, 1, {2}, 8);
  load.width = 2;
  load.is_signed = true;
  node(Op::set_x, 1, {4}).reg = 11;
  node(Op::jump, 1, {}, 0x8000'1008);
  EXPECT_EQ(ir::to_text(block),
            "; 0x80001000  addi a0, a0, 1\n"
            " v0 = get a0\n"
            " v1 = const 1\n"
            " v2 = add v0, v1\n"
            "      set a0, v2\n"
            "; 0x80001004  ld a1, 8(a0)\n"
            " v4 = load v2, +8, s16\n"
            "      set a1, v4\n"
            "      jump 0x80001008\n");
}

TEST(IrText, LargeConstants_Hexadecimal) {
  EXPECT_EQ(plain_text(block_from(";\n v0 = const -4095\n v1 = const 4096\n jump 0x1000")),
            ";\nv0 = const -4095\nv1 = const 0x1000\njump 0x1000\n");
  EXPECT_EQ(plain_text(block_from(";\n v0 = const -4096\n jump 0x1000")),
            ";\nv0 = const 0xfffffffffffff000\njump 0x1000\n");
}

// Every node that the notation has survives the way to a block and back: what passes_test.cpp relies on.
TEST(IrText, ReadAndPrinted_TheSame) { EXPECT_EQ(plain_text(good()), plain_text(kGood)); }

// An instruction may have no node at all (a nop after the passes): its line is printed all the same.
TEST(IrText, InstructionWithoutNodes_IsShown) {
  EXPECT_EQ(plain_text(block_from("; one\n v0 = get a0\n ; nop\n ; three\n jump_to v0")),
            ";\nv0 = get a0\n;\n;\njump_to v0\n");
}

TEST(IrUses, CountUses_CountsEveryInput) {
  Block block = block_from(";\n v0 = get a0\n v1 = add v0, v0\n set a1, v1\n jump_to v0");
  EXPECT_EQ(block.nodes[0].uses, 3u);
  EXPECT_EQ(block.nodes[1].uses, 1u);
  block.count_uses();
  EXPECT_EQ(block.nodes[0].uses, 3u) << "counted anew, not added";
}

// --- The verifier

TEST(IrVerify, GoodBlock_NothingToSay) {
  EXPECT_EQ(ir::verify(good()), "");
  EXPECT_EQ(ir::verify(block_from(";\n jump 0x1000")), "");
  EXPECT_EQ(ir::verify(block_from(";\n v0 = get ra\n jump_to v0")), "");
}

// Breaks the good block in one place; what the verifier says.
template <typename Change>
std::string after(Change change) {
  Block block = good();
  change(block);
  return ir::verify(block);
}
constexpr size_t kGet = 0, kLoad = 1, kSet = 2, kStore = 3, kEq = 5, kSetF = 7, kHelper = 8, kJump = 9;

TEST(IrVerify, NoNodes_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes.clear(); }), "a block without nodes");
}
TEST(IrVerify, NoSuchOperation_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes[kHelper].op = Op::kCount; }), "node v8: no such operation");
}
TEST(IrVerify, InputIsTheNodeItself_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes[kEq].in[1] = kEq; }),
            "node v5: an input that is not an earlier node");
}
TEST(IrVerify, InputIsALaterNode_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes[kLoad].in[0] = kEq; }),
            "node v1: an input that is not an earlier node");
}
TEST(IrVerify, InputIsMissing_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes[kStore].in[1] = ir::kNoRef; }),
            "node v3: an input that is not an earlier node");
}
TEST(IrVerify, InputGivesNoValue_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes[kEq].in[0] = kSet; }), "node v5: an input that is no value");
}
TEST(IrVerify, InstructionThatDoesNotExist_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes[kJump].insn = 6; }), "node v9: belongs to no instruction");
}
TEST(IrVerify, InstructionThatIsOver_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes[kEq].insn = 0; }),
            "node v5: belongs to an instruction that is over");
}
TEST(IrVerify, RegisterThatDoesNotExist_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes[kGet].reg = 32; }), "node v0: no such register");
  EXPECT_EQ(after([](Block& b) { b.nodes[kSet].reg = 32; }), "node v2: no such register");
  EXPECT_EQ(after([](Block& b) { b.nodes[kSetF].reg = 32; }), "node v7: no such register");
}
TEST(IrVerify, X0Set_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes[kSet].reg = 0; }), "node v2: x0 is a constant and no place");
  EXPECT_EQ(after([](Block& b) { b.nodes[kSetF].reg = 0; }), "") << "f0 is a register like the others";
}
TEST(IrVerify, AccessWidth_PowersOfTwoUpToEight) {
  for (const size_t node : {kLoad, kStore, kSetF})
    for (unsigned width = 0; width <= 16; ++width) {
      const std::string said = after([&](Block& b) { b.nodes[node].width = static_cast<uint8_t>(width); });
      if (width == 1 || width == 2 || width == 4 || width == 8)
        EXPECT_EQ(said, "") << width;
      else
        EXPECT_EQ(said, "node v" + std::to_string(node) + ": no such access width") << width;
    }
}
TEST(IrVerify, NoEnd_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes.pop_back(); }), "node v8: the block has no end");
  EXPECT_EQ(after([](Block& b) { b.nodes.resize(kSetF); }), "node v6: the block has no end")
      << "a branch is none";
}
TEST(IrVerify, NodesAfterTheEnd_Rejected) {
  EXPECT_EQ(after([](Block& b) { b.nodes.push_back(b.nodes[kJump]); }), "node v9: nodes after the end");
}

}  // namespace
}  // namespace vitrine::translator
