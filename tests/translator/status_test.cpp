// SPDX-License-Identifier: MIT
// sstatus and cbo.zero in translated code: both have a short form there and leave what is difficult to the
// handler.
#include <gtest/gtest.h>

#include <vector>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"
#include "tests/translator/guest_code.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000;
constexpr uint64_t kFloatAdd = 0x02007053;  // fadd.d f0, f0, f0

// Every instruction, with every way in which its registers can coincide; what was read goes to memory.
TEST(Status, EveryInstruction_AsTheInterpreter) {
  constexpr uint64_t kValues[] = {0,      2,      0x22,     0x100,    0x122,       0x2000,
                                  0x4002, 0x6000, 0x4'0000, 0xc'6122, ~uint64_t{0}};
  std::vector<Word> code;
  int64_t results = 0;
  for (const unsigned rd : {zero, a5, t1})
    for (const unsigned rs : {zero, a5, t1, t2})
      for (const auto instruction :
           {insn::csrrw, insn::csrrs, insn::csrrc, insn::csrrwi, insn::csrrsi, insn::csrrci}) {
        code.insert(code.end(), {insn::ld(a5, 0, gp), insn::ld(t1, 0, gp), insn::ld(t2, 0, gp)});
        code.emplace_back(instruction(rd, csr::sstatus, rs));
        code.insert(code.end(),
                    {insn::sd(rd, results, tp), insn::csrr(t2, csr::sstatus), insn::sd(t2, results + 8, tp)});
        results += 16;
      }
  code.insert(code.end(), {insn::addi(tp, tp, results), insn::addi(gp, gp, 8), insn::addi(s2, s2, -1),
                           insn::beq(s2, zero, 8)});
  code.emplace_back(insn::jal(zero, -4 * static_cast<int64_t>(code.size())));
  code.emplace_back(insn::kSelf);
  for (const Privilege mode : {kS, kM})
    like_the_interpreter([&](Bench& b) {
      b.put(kCode, code);
      uint64_t at = kData;
      constexpr unsigned kRounds = 3;
      for (unsigned round = 0; round < kRounds; ++round)
        for (const uint64_t value : kValues) b.write64(at, value), at += 8;
      b.set_x(gp, kData);
      b.set_x(tp, kData + 0x1000);
      b.set_x(s2, kRounds * std::size(kValues));
      b.start(kCode, mode);
      b.run(kRounds * std::size(kValues) * code.size() + 10);
      EXPECT_EQ(b.x(s2), 0u);
    });
}

TEST(Status, FloatSwitchedOff_TrapsAtTheNextInstruction) {
  like_the_interpreter([](Bench& b) {
    skip_traps(b);
    b.put(kCode,
          {insn::csrrc(zero, csr::sstatus, a2), static_cast<uint32_t>(kFloatAdd),
           insn::csrrs(zero, csr::sstatus, a2), static_cast<uint32_t>(kFloatAdd), insn::jal(zero, -16)});
    b.set_x(a2, status::kFs);
    b.start(kCode, kS);
    b.run((5 + 5) * 60 + 5);
    EXPECT_GE(b.x(s4), 60u);
    EXPECT_LE(b.x(s4), 61u);
  });
}

// The interrupt is pending all the time; it is taken behind the instruction that opens SIE, and the handler
// closes it.
TEST(Status, SieSet_PendingInterruptIsTakenAtOnce) {
  like_the_interpreter([](Bench& b) {
    constexpr uint64_t kHandler = kRam + 0x9000;
    b.put(kHandler, {insn::addi(s4, s4, 1), insn::csrr(t3, csr::sepc), insn::sd(t3, 0, a0),
                     insn::csrrc(zero, csr::sstatus, a4), insn::kSret});
    b.put(kCode, {insn::csrrsi(a1, csr::sstatus, 2), insn::addi(a3, a3, 1),
                  insn::csrrci(zero, csr::sstatus, 2), insn::csrrs(zero, csr::sstatus, a2),
                  insn::addi(a3, a3, 1), insn::csrrc(a1, csr::sstatus, a2), insn::jal(zero, -24)});
    b.set_csr(csr::stvec, kHandler);
    b.set_csr(csr::mideleg, 0x222);
    b.set_csr(csr::sie, 2);
    b.set_x(a0, kData);
    b.set_x(a2, status::kSie);
    b.set_x(a4, status::kSpie);  // sret leaves SIE as SPIE was
    b.start(kCode, kS);
    b.run(7 * 40);
    EXPECT_EQ(b.x(s4), 0u);
    b.set_csr(csr::sip, 2);
    b.run(1000);
    EXPECT_GT(b.x(s4), 100u);
    EXPECT_TRUE(b.read64(kData) == kCode + 4 || b.read64(kData) == kCode + 16);
    b.set_csr(csr::sip, 0);
    b.run(100);
  });
}

// A user page in the upper half: what was remembered of it with SUM set must not serve without.
TEST(Status, SumToggled_UserPageInTheUpperHalf) {
  for (const mmu::Model model : {mmu::Model::kCoherent, mmu::Model::kLazyShadow, mmu::Model::kFencedTlb}) {
    Board board;
    board.model = model;
    like_the_interpreter(board, [](Bench& b) {
      start_with_sum_toggled(b, 0xffff'ffff'c000'0000,
                             {insn::ld(t0, 0, a0), insn::sd(t0, 8, a0), insn::jalr(zero, 0, ra)});
      b.run((11 + 2 * 5) * 50);
      EXPECT_EQ(b.x(s4), 100u);
    });
  }
}

// --- cbo.zero

TEST(ZeroBlock, EveryPlaceInTheBlock_ZeroesTheBlock) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::sd(a1, 0, a0), insn::sd(a1, 56, a0), insn::sd(a1, 64, a0), insn::sd(a1, -8, a0),
                  insn::add(a3, a0, a2), insn::cbo_zero(a3), insn::ld(t0, 0, a0), insn::ld(t1, 56, a0),
                  insn::add(t0, t0, t1), insn::add(s4, s4, t0), insn::addi(a2, a2, 1), insn::andi(a2, a2, 63),
                  insn::jal(zero, -48)});
    b.set_x(a0, kData + 0xfc0);  // the last block of its page
    b.set_x(a1, ~uint64_t{0});
    b.start(kCode);
    b.run(13 * 200);
    EXPECT_EQ(b.x(s4), 0u);
    EXPECT_EQ(b.read64(kData + 0x1000), ~uint64_t{0});
    EXPECT_EQ(b.read64(kData + 0xfb8), ~uint64_t{0});
  });
}

TEST(ZeroBlock, NotAllowed_Illegal) {
  constexpr uint64_t kZeroEnabled = 1 << 7;
  struct Case {
    Privilege mode;
    uint64_t menvcfg, senvcfg;
    bool allowed;
  };
  for (const Case& c :
       {Case{kS, 0, kZeroEnabled, false}, Case{kS, kZeroEnabled, 0, true}, Case{kU, kZeroEnabled, 0, false},
        Case{kU, 0, kZeroEnabled, false}, Case{kU, kZeroEnabled, kZeroEnabled, true}, Case{kM, 0, 0, true}})
    like_the_interpreter([&](Bench& b) {
      skip_traps(b);
      b.put(kCode, {insn::sd(a1, 0, a0), insn::cbo_zero(a0), insn::ld(t0, 0, a0), insn::jal(zero, -12)});
      b.set_x(a0, kData);
      b.set_x(a1, 5);
      b.set_csr(csr::menvcfg, c.menvcfg);
      b.set_csr(csr::senvcfg, c.senvcfg);
      b.set_csr(csr::pmpaddr0, ~uint64_t{0});
      b.set_csr(csr::pmpcfg0, 0x1f);
      b.start(kCode, c.mode);
      b.run((4 + (c.allowed ? 0 : 5)) * 60);
      EXPECT_EQ(b.x(s4), c.allowed ? 0u : 60u);
      EXPECT_EQ(b.x(t0), c.allowed ? 0u : 5u);
    });
}

// The block holds the entry of the page that is read next: the page is gone with it.
TEST(ZeroBlock, PageTable_MappingGoes) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity();
    const uint64_t entry = tables.map(kVirtual, kData, pte::kReadWrite);
    tables.map(kVirtual + 0x40'0000, entry & ~uint64_t{0xfff}, pte::kReadWrite);
    skip_traps(b);
    b.write64(kData, 1);
    b.put(kCode, {insn::sd(a1, 0, a2), insn::ld(t0, 0, a0), insn::add(s5, s5, t0), insn::cbo_zero(a2),
                  insn::ld(t0, 0, a0), insn::jal(zero, -20)});
    b.set_csr(csr::menvcfg, b.csr(csr::menvcfg) | 1 << 7);
    b.set_x(a0, kVirtual);
    b.set_x(a1, pte::make(kData, pte::kReadWrite));
    b.set_x(a2, kVirtual + 0x40'0000 + entry % 0x1000);
    b.start(kCode, kS, tables.satp());
    b.run((6 + 5) * 50);
    EXPECT_EQ(b.x(s4), 50u);
    EXPECT_EQ(b.x(s5), 50u);
  });
}

TEST(ZeroBlock, Code_IsWhatRunsNext) {
  like_the_interpreter([](Bench& b) {
    skip_traps(b);  // zeros are no instruction
    b.put(kCode, {insn::sw(a1, 0, a2), insn::jalr(ra, 0, a2), insn::cbo_zero(a2), insn::jalr(ra, 0, a2),
                  insn::jal(zero, -16)});
    b.set_x(a1, insn::jalr(zero, 0, ra));
    b.set_x(a2, kCode + 0x400);
    b.put(kCode + 0x404, {insn::jalr(zero, 0, ra)});
    b.write64(kCode + 0x400, insn::jalr(zero, 0, ra));
    b.start(kCode);
    b.run(400);
    EXPECT_GT(b.x(s4), 10u);
  });
}

}  // namespace
}  // namespace vitrine::bench
