// SPDX-License-Identifier: MIT
// From instructions to IR, as text, before any pass: what each kind of instruction becomes, and where a block
// ends.
#include "translator/builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/translator/guest_page.h"
#include "tests/translator/ir_text.h"

namespace vitrine::translator {
namespace {

using namespace bench::reg;  // NOLINT: register names, as in assembly
using bench::Word;
namespace insn = bench::insn;

constexpr uint64_t kPage = GuestPage::kAddress;
constexpr HostAbilities kEverything = {.bmi2 = true, .lzcnt = true, .popcnt = true, .fma = true, .avx = true};

ir::Block block_of(const GuestPage& page, unsigned offset = 0, const HostAbilities& host = kEverything,
                   const riscv::ExtensionSet& extensions = riscv::ExtensionSet::standard()) {
  ir::Block block;
  build(block, {kPage + offset, page.bytes(), riscv::Privilege::kMachine, extensions}, host);
  EXPECT_EQ(ir::verify(block), "");
  return block;
}
ir::Block block_of(std::initializer_list<Word> program) { return block_of(GuestPage().put(0, program)); }

// The IR of a program at the page's first byte.
std::string ir_of(std::initializer_list<Word> program, const HostAbilities& host = kEverything) {
  return effects_text(block_of(GuestPage().put(0, program), 0, host));
}
std::string expected(std::string_view text) { return plain_text(text); }

// --- Registers: what is known of them is not read again

TEST(BuilderRegisters, ReadAfterSet_NamesTheValue) {
  EXPECT_EQ(ir_of({insn::addi(a0, a0, 1), insn::add(a1, a0, a0), insn::sd(a1, 8, a2), insn::kSelf}), expected(R"(
    ; addi a0, a0, 1
      set a0, add(get a0, const 1)
    ; add a1, a0, a0
      set a1, add(add(get a0, const 1), add(get a0, const 1))
    ; sd a1, 8(a2)
      store add(get a2, const 8), add(add(get a0, const 1), add(get a0, const 1)), +0, u64
    ; j 0x8000300c
      jump_to const 0x8000300c)"));
}

TEST(BuilderRegisters, ReadTwice_OneNode) {
  const ir::Block block = block_of({insn::add(a1, a0, a0), insn::sub(a2, a0, a3), insn::kSelf});
  EXPECT_EQ(std::count_if(block.nodes.begin(), block.nodes.end(), [](const ir::Node& n) { return n.op == ir::Op::get_x; }), 2);
}

// Copies of copies: a2 is a0's first value, though a0 has a new one.
TEST(BuilderRegisters, CopyOutlivesTheOriginal) {
  EXPECT_EQ(ir_of({insn::addi(a1, a0, 0), insn::lui(a0, 5), insn::addi(a2, a1, 0), insn::jalr(zero, 0, a0)}), expected(R"(
    ; mv a1, a0
      set a1, add(get a0, const 0)
    ; lui a0, 5
      set a0, const 0x5000
    ; mv a2, a1
      set a2, add(add(get a0, const 0), const 0)
    ; jr a0
      jump_to and(add(const 0x5000, const 0), const -2))"));
}

// Loads, stores and branches that are not taken change no register but those that are set.
TEST(BuilderRegisters, AcrossAccessesAndExits_StillKnown) {
  const ir::Block block = block_of({insn::ld(a1, 0, a0), insn::sd(a1, 8, a0), insn::beq(a1, a0, 16), insn::jalr(zero, 0, a1)});
  std::vector<unsigned> read;
  for (const ir::Node& node : block.nodes)
    if (node.op == ir::Op::get_x) read.push_back(node.reg);
  EXPECT_EQ(read, std::vector<unsigned>{a0});
}

// A helper may have changed any register: a call of firmware does.
TEST(BuilderRegisters, AfterAHelper_ReadAgain) {
  EXPECT_EQ(ir_of({insn::addi(a1, a0, 1), insn::cbo(0, a0), insn::add(a2, a0, a1), insn::kSelf}), expected(R"(
    ; addi a1, a0, 1
      set a1, add(get a0, const 1)
    ; cbo.inval (a0)
      helper
    ; add a2, a0, a1
      set a2, add(get a0, get a1)
    ; j 0x8000300c
      jump_to const 0x8000300c)"));
}

// Of a floating-point instruction, rd may be an x register; what a body read before it was given up is forgotten as well.
TEST(BuilderRegisters, FloatOp_ForgetsItsDestinationOnly) {
  EXPECT_EQ(ir_of({insn::addi(a0, zero, 1), insn::addi(a1, zero, 2), insn::feq(insn::kD, a0, 10, 11), insn::add(a2, a0, a1), insn::kSelf}),
            expected(R"(
    ; li a0, 1
      set a0, add(const 0, const 1)
    ; li a1, 2
      set a1, add(const 0, const 2)
    ; feq.d a0, fa0, fa1
      float
    ; add a2, a0, a1
      set a2, add(get a0, add(const 0, const 2))
    ; j 0x80003010
      jump_to const 0x80003010)"));
  const ir::Block block = block_of({insn::fcvt_from(insn::kD, insn::kL, 10, a3), insn::add(a2, a3, a1), insn::kSelf});
  EXPECT_EQ(ir::verify(block), "");
}

// --- Control

TEST(Builder, JalAndCall_LinkIsSet) {
  EXPECT_EQ(ir_of({insn::jal(ra, 0x100)}), expected(R"(
    ; jal 0x80003100
      set ra, const 0x80003004
      jump_to const 0x80003100)"));
  EXPECT_EQ(ir_of({insn::c_j(-4)}), expected(R"(
    ; j 0x80002ffc
      jump_to const 0x80002ffc)"));
}

// The target is computed before the link is written: in IR, the register is read before.
TEST(Builder, JalrWithOneRegister_TargetFirst) {
  const ir::Block block = block_of({insn::jalr(ra, 8, ra)});
  EXPECT_EQ(effects_text(block), expected(R"(
    ; jalr 8(ra)
      set ra, const 0x80003004
      jump_to and(add(get ra, const 8), const -2))"));
  const auto place = [&](ir::Op op) {
    return std::find_if(block.nodes.begin(), block.nodes.end(),
                        [&](const ir::Node& n) { return n.op == op; });
  };
  EXPECT_LT(place(ir::Op::get_x), place(ir::Op::set_x));
}

TEST(Builder, ForwardBranch_BlockGoesOn) {
  EXPECT_EQ(ir_of({insn::beq(a0, zero, 16), insn::jalr(zero, 0, ra)}), expected(R"(
    ; beqz a0, 0x80003010
      exit_if eq(get a0, const 0), 0x80003010
    ; ret
      jump_to and(add(get ra, const 0), const -2))"));
}

TEST(Builder, BackwardBranch_EndsTheBlock) {
  EXPECT_EQ(ir_of({insn::addi(a1, a1, 1), insn::bltu(a0, a1, -4), insn::kNop}), expected(R"(
    ; addi a1, a1, 1
      set a1, add(get a1, const 1)
    ; bltu a0, a1, 0x80003000
      exit_if ltu(get a0, add(get a1, const 1)), 0x80003000
      jump 0x80003008)"));
}

TEST(Builder, BranchToItself_EndsTheBlock) {
  EXPECT_EQ(block_of({insn::bne(a0, a1, 0), insn::kNop}).insns.size(), 1u);
}

// --- Memory

TEST(Builder, Load_WidthAndSign) {
  EXPECT_EQ(ir_of({insn::lw(a1, -8, a0), insn::lbu(a2, 1, a0), insn::ld(zero, 0, a0), insn::jal(zero, 0)}),
            expected(R"(
    ; lw a1, -8(a0)
      set a1, load(add(get a0, const -8), +0, s32)
    ; lbu a2, 1(a0)
      set a2, load(add(get a0, const 1), +0, u8)
    ; ld zero, 0(a0): an access, though nobody wants the value
      load add(get a0, const 0), +0, s64
    ; j .
      jump_to const 0x8000300c)"));
}

TEST(Builder, Store_AddressThenValue) {
  EXPECT_EQ(ir_of({insn::sh(zero, 6, sp), insn::jal(zero, 0)}), expected(R"(
    ; sh zero, 6(sp)
      store add(get sp, const 6), const 0, +0, u16
    ; j .
      jump_to const 0x80003004)"));
}

// --- What the IR has no words for

TEST(Builder, Csr_HelperAndEnd) {
  EXPECT_EQ(ir_of({insn::csrrw(a0, bench::csr::satp, a1), insn::kNop}), expected(R"(
    ; csrrw
         helper
         jump 0x80003004)"));
}

// Fetches are coherent and harts run in turn: fences do nothing. After fence.i a block ends all the same.
TEST(Builder, Fences_NoNodes_FenceIAHelper) {
  EXPECT_EQ(ir_of({insn::kFence, insn::kEcall}), expected(";\n;\n helper\n jump 0x80003008"));
  EXPECT_EQ(ir_of({insn::kFenceI}), expected(";\n helper\n jump 0x80003004")) << "an exit: whoever listens wants to know";
}

// After these it is not known what comes next: another mode, a trap.
TEST(Builder, Privileged_EndTheBlock) {
  for (const uint32_t word : {insn::kEcall, insn::kEbreak, insn::kMret, insn::kSret, insn::kWfi, insn::kPause,
                              insn::sfence_vma(0, 0), 0xffff'ffffu}) {
    const ir::Block block = block_of({word});
    ASSERT_EQ(block.insns.size(), 1u) << std::hex << word;
    EXPECT_EQ(plain_text(block), expected(";\n helper\n jump 0x80003004")) << std::hex << word;
  }
}

// With one hart there is nobody to give the turn to.
TEST(Builder, PauseOfTheOnlyHart_NoNodes) {
  const GuestPage page = GuestPage().put(0, {insn::kPause, insn::kEcall});
  ir::Block block;
  build(block, {.pc = kPage, .page = page.bytes(), .privilege = riscv::Privilege::kSupervisor,
                .extensions = riscv::ExtensionSet::standard(), .alone = true}, kEverything);
  EXPECT_EQ(plain_text(block), expected(";\n;\n helper\n jump 0x80003008"));
}

TEST(Builder, Atomics_TheBlockGoesOn) {
  for (const uint32_t word :
       {insn::lr_d(a0, a1), insn::sc_w(a0, a1, a2), insn::amoadd_w(a0, a1, a2), insn::cbo_zero(a0)})
    EXPECT_EQ(block_of({word, insn::jal(zero, 0)}).insns.size(), 2u) << std::hex << word;
}

// What the host lacks becomes a helper; nothing half-made stays in the list.
TEST(Builder, HostWithoutLzcntOrPopcnt_Helper) {
  const uint32_t clz = insn::i_type(0x600, a1, 1, a0, 0x13), cpop = insn::i_type(0x602, a1, 1, a0, 0x13);
  EXPECT_EQ(ir_of({clz, insn::kEcall}), expected(";\n set a0, clz(get a1)\n;\n helper\n jump 0x80003008"));
  EXPECT_EQ(ir_of({cpop, insn::kEcall}), expected(";\n set a0, cpop(get a1)\n;\n helper\n jump 0x80003008"));
  const std::string helpers = expected(";\n helper\n;\n helper\n jump 0x80003008");
  EXPECT_EQ(ir_of({clz, insn::kEcall}, {.bmi2 = true, .lzcnt = false, .popcnt = true}), helpers);
  EXPECT_EQ(ir_of({cpop, insn::kEcall}, {.bmi2 = true, .lzcnt = true, .popcnt = false}), helpers);
}

// An extension that the hart does not have at this moment: an illegal instruction.
TEST(Builder, ExtensionOff_Helper) {
  riscv::ExtensionSet no_m = riscv::ExtensionSet::standard();
  no_m.clear(riscv::Extension::M);
  const GuestPage page = GuestPage().put(0, {insn::muldiv(0, a0, a1, a2)});
  EXPECT_EQ(plain_text(block_of(page, 0, kEverything, no_m)), expected(";\n helper\n jump 0x80003004"));
}

// --- Floating point

TEST(Builder, FloatMoves_ArePlainNodes) {
  const ir::Block block =
      block_of({insn::fmv_x(insn::kD, a0, 10), insn::fmv_f(insn::kD, 11, a1), insn::kEcall});
  EXPECT_EQ(effects_text(block), expected(R"(
    ; fmv.x.d a0, fa0
      set a0, getf fa0
    ; fmv.d.x fa1, a1
      setf fa1, get a1
    ; ecall
      helper
      jump 0x8000300c)"));
  EXPECT_TRUE(block.uses_float) << "illegal while FS is Off";
}

TEST(Builder, FloatLoadAndStore_OfOneWord) {
  const ir::Block block = block_of({insn::flw(10, 4, a0), insn::fsd(11, 8, a0), insn::kEcall});
  EXPECT_EQ(effects_text(block), expected(R"(
    ; flw fa0, 4(a0)
      setf fa0, load(add(get a0, const 4), +0, u32)
    ; fsd fa1, 8(a0)
      store add(get a0, const 8), getf fa1, +0, u64
    ; ecall
      helper
      jump 0x8000300c)"));
  for (const ir::Node& node : block.nodes) {
    if (node.op != ir::Op::set_f) continue;
    EXPECT_EQ(node.width, 4) << "boxed from 32 bits";
  }
}

TEST(Builder, IntegerCode_UsesNoFloat) { EXPECT_FALSE(block_of(GuestPage()).uses_float); }

// --- Where a block ends

TEST(Builder, NothingEndsIt_LimitOfInstructions) {
  const ir::Block block = block_of(GuestPage());
  EXPECT_EQ(block.insns.size(), kMaxInstructions);
  EXPECT_EQ(block.nodes.back().op, ir::Op::jump);
  EXPECT_EQ(static_cast<uint64_t>(block.nodes.back().imm), kPage + 4 * kMaxInstructions);
}

TEST(Builder, ForwardBranches_LimitOfSideExits) {
  GuestPage page;
  for (unsigned at = 0; at < 64; at += 4) page.put(at, {insn::beq(a0, a1, 64)});
  const ir::Block block = block_of(page);
  EXPECT_EQ(block.insns.size(), kMaxSideExits);
  EXPECT_EQ(static_cast<uint64_t>(block.nodes.back().imm), kPage + 4 * kMaxSideExits);
}

TEST(Builder, EndOfThePage_JumpToTheNext) {
  const ir::Block block = block_of(GuestPage(), core::kPageSize - 8);
  EXPECT_EQ(block.insns.size(), 2u);
  EXPECT_EQ(static_cast<uint64_t>(block.nodes.back().imm), kPage + core::kPageSize);
}

TEST(Builder, CompressedAtTheEndOfThePage_Taken) {
  const ir::Block block = block_of(GuestPage().put(core::kPageSize - 2, {insn::kCNop}), core::kPageSize - 2);
  EXPECT_EQ(block.insns.size(), 1u);
  EXPECT_EQ(static_cast<uint64_t>(block.nodes.back().imm), kPage + core::kPageSize);
}

// The first half of 4 bytes is the page's last: what the other half is, is not asked. The block ends behind
// it.
TEST(Builder, InstructionAcrossTheEnd_HelperAndEnd) {
  const GuestPage page = GuestPage().put(core::kPageSize - 6, {insn::addi(a0, a0, 1), insn::kEcall});
  const ir::Block block = block_of(page, core::kPageSize - 6);
  EXPECT_EQ(effects_text(block), expected(";\n set a0, add(get a0, const 1)\n;\n helper\n jump 0x80004002"));
  EXPECT_FALSE(block.insns[0].crosses_page);
  EXPECT_TRUE(block.insns[1].crosses_page);
  EXPECT_EQ(effects_text(block_of(page, core::kPageSize - 2)), expected(";\n helper\n jump 0x80004002"));
}

// ...whatever the bytes are that follow the page on the host.
TEST(Builder, InstructionAcrossTheEnd_NothingReadBehindThePage) {
  GuestPage one, other;
  one.put(core::kPageSize - 2, {insn::kNop});
  other.put(core::kPageSize - 2, {insn::kNop | 0xfff0'0000});
  EXPECT_EQ(ir::to_text(block_of(one, core::kPageSize - 2)),
            ir::to_text(block_of(other, core::kPageSize - 2)));
}

TEST(Builder, MixedLengths_EachAtItsPc) {
  const ir::Block block =
      block_of({insn::c_addi(a0, 1), insn::addi(a0, a0, 2), insn::c_addi(a0, 3), insn::kEcall});
  ASSERT_EQ(block.insns.size(), 4u);
  EXPECT_EQ(block.insns[1].pc, kPage + 2);
  EXPECT_EQ(block.insns[2].pc, kPage + 6);
  EXPECT_EQ(block.insns[3].pc, kPage + 8);
}

// The translator has one block, which is built into again and again.
TEST(Builder, SecondBlock_NothingOfTheFirst) {
  ir::Block block = block_of({insn::fmv_x(insn::kD, a0, 10), insn::kEcall});
  const GuestPage other = GuestPage().put(0, {insn::kEcall});
  build(block, {kPage, other.bytes(), riscv::Privilege::kMachine, riscv::ExtensionSet::standard()},
        kEverything);
  EXPECT_EQ(plain_text(block), expected(";\n helper\n jump 0x80003004"));
  EXPECT_FALSE(block.uses_float);
}

}  // namespace
}  // namespace vitrine::translator
