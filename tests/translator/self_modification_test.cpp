// SPDX-License-Identifier: MIT
// Code that changes: by the block that runs, by another one, through another address, by a device, by a page
// table; and that it goes on being fast. The specification's own cases are in
// tests/isa/riscv/behaviour/code_test.cpp.
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <vector>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000;

// --- Stores into code

// The running block stores into itself: the next instruction, the same 64-byte line, a later line, its first
// one.
TEST(SelfModification, StoreIntoTheRunningBlock) {
  for (const int64_t offset : {8, 12, 40, 60, 64, 100, 0}) {
    SCOPED_TRACE(offset);
    like_the_interpreter([&](Bench& b) {
      std::vector<Word> program = {insn::addi(t0, t0, 1), insn::sw(a1, offset, a0)};
      for (unsigned i = 0; i < 30; ++i) program.emplace_back(insn::addi(t0, t0, 1));
      program.emplace_back(insn::jal(zero, -128));
      b.put(kCode, program);
      // Two rounds that store elsewhere: the block exists, whole, when it stores into itself.
      b.set_x(a0, kData);
      b.set_x(a1, insn::addi(t0, t0, 100));
      b.run(2 * 33);
      EXPECT_EQ(b.x(t0), 2 * 31u);
      b.set_x(a0, kCode);
      b.run(33);
      EXPECT_EQ(b.x(t0), 62 + (offset == 0 ? 31u : 130u));
      b.run(33);
      EXPECT_EQ(b.x(t0), 62 + (offset == 0 ? 161u : 260u));
    });
  }
}

// Each round patches the function that it calls next.
TEST(SelfModification, StoreIntoAnotherBlockOfThePage) {
  for (const int64_t distance : {0x40, 0x80, 0x400}) {
    SCOPED_TRACE(distance);
    like_the_interpreter([&](Bench& b) {
      b.put(kCode,
            {insn::sw(a1, 0, a0), insn::add(a1, a1, a2), insn::jal(ra, distance - 8), insn::jal(zero, -12)});
      b.put(kCode + static_cast<uint64_t>(distance), {insn::kNop, insn::jalr(zero, 0, ra)});
      b.set_x(a0, kCode + static_cast<uint64_t>(distance));
      b.set_x(a1, insn::addi(t0, t0, 0));
      b.set_x(a2, 1 << 20);  // one more in the immediate
      b.run(6 * 100);
      EXPECT_EQ(b.x(t0), 99u * 100 / 2);
    });
  }
}

TEST(SelfModification, StoreIntoABlockOfAnotherPage) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::sw(a1, 0, a0), insn::add(a1, a1, a2), insn::jalr(ra, 0, a0), insn::jal(zero, -12)});
    b.put(kCode + 0x2000, {insn::kNop, insn::jalr(zero, 0, ra)});
    b.set_x(a0, kCode + 0x2000);
    b.set_x(a1, insn::addi(t0, t0, 0));
    b.set_x(a2, 1 << 20);
    b.run(6 * 100);
    EXPECT_EQ(b.x(t0), 99u * 100 / 2);
  });
}

// Whatever writes: amo, sc, cbo.zero, a misaligned store across two lines, a floating-point store.
TEST(SelfModification, EveryKindOfStore) {
  struct Case {
    const char* name;
    std::vector<Word> store;
    uint64_t value;
    uint64_t expected;
  };
  const uint32_t fresh = insn::addi(t0, t0, 100);
  const Case cases[] = {
      {"amoswap.w", {insn::amoswap_w(zero, a1, a0)}, fresh, 103},
      {"sc.w", {insn::lr_w(t1, a0), insn::sc_w(t2, a1, a0)}, fresh, 103},
      {"fsw", {insn::fsw(1, 0, a0)}, 0, 103},
      {"two bytes, misaligned: imm[11:4]", {insn::sh(a1, 3, a0)}, 0x9306, 100},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    like_the_interpreter([&](Bench& b) {
      constexpr uint64_t kTarget = kCode + 0x80;
      std::vector<Word> program = {insn::jal(ra, 0x80)};
      program.insert(program.end(), c.store.begin(), c.store.end());
      program.emplace_back(insn::jal(ra, 0x80 - 4 * static_cast<int64_t>(program.size())));
      program.emplace_back(insn::kSelf);
      b.put(kCode, program);
      b.put(kTarget, {insn::addi(t0, t0, 1), insn::addi(t0, t0, 1), insn::jalr(zero, 0, ra)});
      b.set_bits(csr::mstatus, status::kFsInitial);
      b.set_f(1, 0xffff'ffff'0000'0000 | fresh);
      b.set_x(a0, kTarget);
      b.set_x(a1, c.value);
      b.run(program.size() - 1 + 6);
      EXPECT_EQ(b.pc(), kCode + 4 * (program.size() - 1));
      EXPECT_EQ(b.x(t0), c.expected);
    });
  }
}

TEST(SelfModification, CboZeroOverCode_IllegalThere) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::jal(ra, 0x80), insn::cbo_zero(a0), insn::jal(ra, 0x78), insn::kSelf});
    b.put(kCode + 0x80, {insn::addi(t0, t0, 1), insn::jalr(zero, 0, ra)});
    b.set_x(a0, kCode + 0x80);
    b.run(6);
    b.expect_machine_trap({cause::kIllegal, kCode + 0x80, 0});
  });
}

// --- Other addresses of the same bytes

// The code runs at one virtual address and is written through another.
TEST(SelfModification, StoreThroughAnAlias) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity();
    tables.map(kVirtual, kCode, pte::kExecute);
    tables.map(kVirtual + 0x5000, kCode, pte::kReadWrite);
    b.put(kCode, {insn::sw(a1, 8, a0), insn::add(a1, a1, a2), insn::kNop, insn::jal(zero, -12)});
    b.set_x(a0, kVirtual + 0x5000);
    b.set_x(a1, insn::addi(t0, t0, 0));
    b.set_x(a2, 1 << 20);
    b.start(kVirtual, kS, tables.satp());
    b.run(4 * 100);
    EXPECT_EQ(b.x(t0), 99u * 100 / 2);
  });
}

// One page of code in two address spaces at two addresses: what depends on pc differs, and a store changes
// both.
TEST(SelfModification, SharedCode_EachSeesItsPcAndTheStore) {
  like_the_interpreter([](Bench& b) {
    PageTables one(b, kTables), two(b, kTables + 0x4'0000);
    one.identity().map(kVirtual, kCode, pte::kAll);
    two.identity().map(kVirtual + 0x20'0000, kCode, pte::kAll);
    b.put(kCode, {insn::auipc(a0, 0), insn::addi(t0, t0, 1), insn::jal(ra, 4), insn::jal(zero, -12)});
    for (unsigned round = 0; round < 4; ++round) {
      b.start(kVirtual, kS, one.satp());
      b.run(8);
      EXPECT_EQ(b.x(a0), kVirtual);
      EXPECT_EQ(b.x(ra), kVirtual + 12);
      b.start(kVirtual + 0x20'0000, kS, two.satp());
      b.run(8);
      EXPECT_EQ(b.x(a0), kVirtual + 0x20'0000);
      EXPECT_EQ(b.x(ra), kVirtual + 0x20'000c);
    }
    EXPECT_EQ(b.x(t0), 16u);
    // The second writes; the first runs what was written.
    b.put(kCode + 0x100, {insn::sw(a1, 4, a2), insn::kSelf});
    b.set_x(a1, insn::addi(t0, t0, 1000));
    b.set_x(a2, kVirtual + 0x20'0000);
    b.start(kVirtual + 0x20'0100, kS, two.satp());
    b.run(1);
    b.start(kVirtual, kS, one.satp());
    b.run(4);
    EXPECT_EQ(b.x(t0), 1016u);
  });
}

// The same page in U, S and M: privilege is part of what a block is.
TEST(SelfModification, SamePageInThreeModes_PrivilegeDecides) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode,
          {insn::addi(t0, t0, 1), insn::csrr(t1, csr::sscratch), insn::csrr(t2, csr::mscratch), insn::kSelf});
    b.set_csr(csr::sscratch, 5);
    b.set_csr(csr::mscratch, 6);
    for (unsigned round = 0; round < 3; ++round) {
      b.start(kCode, kM);
      b.run(3);
      EXPECT_EQ(b.pc(), kCode + 12);
      b.start(kCode, kS);
      b.run(3);
      b.expect_machine_trap({cause::kIllegal, kCode + 8, insn::csrr(t2, csr::mscratch)});
      b.start(kCode, kU);
      b.run(2);
      b.expect_machine_trap({cause::kIllegal, kCode + 4, insn::csrr(t1, csr::sscratch)});
    }
    EXPECT_EQ(b.x(t0), 9u);
  });
}

// A branch whose target is not translated waits for it. Once all host code is forgotten, nobody may write the
// target into the place where the branch stood: other code stands there then.
TEST(SelfModification, BranchThatWaited_CodeForgotten_NothingIsWrittenThere) {
  for (unsigned before = 0; before < 40; before += 3) {
    SCOPED_TRACE(before);
    like_the_interpreter([&](Bench& b) {
      constexpr uint64_t kOther = kCode + 0x1000, kTarget = kCode + 0x800;
      std::vector<Word> program(before, insn::add(t0, t0, t3));
      program.emplace_back(insn::beq(a0, zero, static_cast<int64_t>(kTarget - kCode - 4 * before)));
      program.emplace_back(insn::kSelf);
      b.put(kCode, program);
      b.put(kTarget, {insn::addi(t1, t1, 1), insn::kSelf});
      std::vector<Word> dense;
      for (unsigned i = 0; i < 47; ++i) dense.emplace_back(insn::add(a1 + i % 5, a1 + i % 5, t3));
      dense.emplace_back(insn::jalr(zero, 0, ra));
      b.put(kOther, dense);
      b.set_x(a0, 1);
      b.set_x(t3, 1);
      b.set_x(ra, kTarget);
      b.start(kCode, kM);
      b.run(before + 4);
      // C goes and comes: all blocks were made for other extensions.
      for (const uint64_t misa : {b.csr(csr::misa) & ~uint64_t{4}, b.csr(csr::misa)}) {
        b.set_csr(csr::misa, misa);
        b.start(kOther, kM);
        b.run(47);
      }
      for (unsigned round = 0; round < 2; ++round) {
        b.start(kTarget, kM);
        b.run(3);
        b.start(kOther, kM);
        b.run(48);
      }
      uint64_t sum = 0;
      for (unsigned r = a1; r < a1 + 5; ++r) sum += b.x(r);
      EXPECT_EQ(sum, 4 * 47u);
      EXPECT_EQ(b.x(t1), 2u);
      EXPECT_EQ(b.x(t0), before);
    });
  }
}

// --- Devices and fences

TEST(SelfModification, DmaIntoCode_BeforeTheNextInstruction) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::addi(t0, t0, 1), insn::jal(zero, -8)});
    uint64_t expected = 0;
    for (uint64_t round = 1; round < 20; ++round) {
      b.run(3 * 5 + 1);  // the hart stands between the two additions
      b.write(kCode + 4, insn::addi(t0, t0, static_cast<int64_t>(round)));
      b.run(2);
      expected += 5 * (1 + (round == 1 ? 1 : round - 1)) + 1 + round;
      ASSERT_EQ(b.x(t0), expected) << round;
    }
  });
}

// The other half of a page, an instruction across two lines, the page's last bytes.
TEST(SelfModification, DmaIntoEitherHalfOfAnInstruction) {
  for (const uint64_t at : {kCode + 0x3e, kCode + 0xffe, kCode + 0x7e}) {
    SCOPED_TRACE(at - kCode);
    like_the_interpreter([&](Bench& b) {
      b.put(at, {insn::addi(t0, t0, 1), insn::jal(zero, -4)});
      b.start(at);
      b.run(10);
      EXPECT_EQ(b.x(t0), 5u);
      b.write<uint16_t>(at + 2, insn::addi(t0, t0, 0x10) >> 16);
      b.run(10);
      EXPECT_EQ(b.x(t0), 5u + 5 * 0x10);
      b.write<uint16_t>(at, insn::addi(t1, t0, 0x10) & 0xffff);
      b.run(2);
      EXPECT_EQ(b.x(t1), 5u + 6 * 0x10);
    });
  }
}

// A store that begins in a line without code and ends in one with it; and a device that writes a whole page.
TEST(SelfModification, StoreAcrossTwoLines_CodeInTheSecond) {
  like_the_interpreter([](Bench& b) {
    constexpr uint64_t kTarget = kCode + 0x800;
    b.put(kCode, {insn::jalr(ra, 0, a0), insn::sd(a1, -4, a0), insn::jalr(ra, 0, a0), insn::kSelf});
    b.put(kTarget, {insn::addi(t0, t0, 1), insn::jalr(zero, 0, ra)});
    b.set_x(a0, kTarget);
    b.set_x(a1, uint64_t{insn::addi(t0, t0, 100)} << 32);
    b.run(20);
    EXPECT_EQ(b.x(t0), 101u);
    std::vector<uint8_t> page(0x1000);
    const uint32_t fresh[] = {insn::addi(t0, t0, 1000), insn::jalr(zero, 0, ra)};
    std::memcpy(page.data() + 0x800, fresh, sizeof fresh);
    const uint32_t call[] = {insn::jalr(ra, 0, a0), insn::kSelf};
    std::memcpy(page.data(), call, sizeof call);
    ASSERT_TRUE(b.ram().write({kCode}, page.data(), page.size()));
    b.start(kCode);
    b.run(20);
    EXPECT_EQ(b.x(t0), 1101u);
  });
}

// A block whose last instruction lies across two lines, with nothing behind it.
TEST(SelfModification, DmaIntoTheSecondLineOfTheLastInstruction) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode + 0x3a, {insn::addi(t0, t0, 1), insn::jal(zero, -4)});
    b.put(kCode + 0x1e, {insn::addi(t1, t1, 1), insn::jal(zero, -4)});
    b.start(kCode + 0x3a);
    b.run(10);
    EXPECT_EQ(b.x(t0), 5u);
    b.write<uint16_t>(kCode + 0x40, insn::jal(zero, -0x20) >> 16);
    b.run(10);
    EXPECT_EQ(b.x(t0), 6u);
    EXPECT_EQ(b.x(t1), 4u);
  });
}

TEST(SelfModification, PatchFenceIAndCall) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::sw(a1, 0, a0), insn::kFenceI, insn::jalr(ra, 0, a0), insn::add(a1, a1, a2),
                  insn::jal(zero, -16)});
    b.put(kData, {insn::kNop, insn::jalr(zero, 0, ra)});
    b.set_x(a0, kData);
    b.set_x(a1, insn::addi(t0, t0, 0));
    b.set_x(a2, 1 << 20);
    b.run(7 * 100);
    EXPECT_EQ(b.x(t0), 99u * 100 / 2);
  });
}

// --- Page tables

// The running code's page is remapped by the code itself: the next instruction is the other page's.
TEST(SelfModification, PageTableWrite_RemapsTheRunningPage) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
    const uint64_t entry = tables.map(kVirtual, kCode, pte::kExecute);
    for (const uint64_t page : {kCode, kCode + 0x1000}) {
      const int64_t step = page == kCode ? 1 : 100;
      b.put(page,
            {insn::addi(t0, t0, step), insn::sd(a1, 0, a0), insn::addi(t0, t0, step), insn::c_mv(t1, a1),
             insn::c_mv(a1, a2), insn::c_mv(a2, t1), insn::c_addi(s0, 1), insn::jal(zero, -20)});
    }
    b.set_x(a0, entry);
    b.set_x(a1, pte::make(kCode + 0x1000, pte::kExecute));
    b.set_x(a2, pte::make(kCode, pte::kExecute));
    b.start(kVirtual, kS, tables.satp());
    b.run(8);
    EXPECT_EQ(b.x(t0), 101u) << "1 here, 100 there";
    b.run(8);
    EXPECT_EQ(b.x(t0), 202u) << "100 there, 1 here";
    b.run(8 * 50);
    EXPECT_EQ(b.x(t0), 202u + 50 * 101);
  });
}

// A page that two linked blocks jump to is mapped elsewhere in between.
TEST(SelfModification, PageTableWrite_RemapsTheTargetOfALink) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
    const uint64_t entry = tables.map(kVirtual + 0x1000, kCode + 0x1000, pte::kExecute);
    tables.map(kVirtual, kCode, pte::kExecute);
    b.put(kCode, {insn::sd(a1, 0, a0), insn::jal(ra, 0x1000 - 4), insn::r_type(0, a2, a1, 4, a1, 0x33),
                  insn::jal(zero, -12)});
    b.put(kCode + 0x1000, {insn::addi(t0, t0, 1), insn::jalr(zero, 0, ra)});
    b.put(kCode + 0x2000, {insn::addi(t0, t0, 100), insn::jalr(zero, 0, ra)});
    b.set_x(a0, entry);
    b.set_x(a1, pte::make(kCode + 0x1000, pte::kExecute));
    b.set_x(a2, pte::make(kCode + 0x1000, pte::kExecute) ^ pte::make(kCode + 0x2000, pte::kExecute));
    b.start(kVirtual, kS, tables.satp());
    b.run(6 * 100);
    EXPECT_EQ(b.x(t0), 50u * 101);
  });
}

// Two pages that are a megabyte apart share a place where the translator looks for pages: a jump finds the
// one it means.
TEST(SelfModification, PagesThatShareAPlace_JumpFindsItsOwn) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_pages(kVirtual, {kCode, kCode + 0x1000}, pte::kExecute);
    tables.map(kVirtual + 0x1000 + core::kCodeEntries * core::kPageSize, kCode + 0x2000, pte::kExecute);
    b.put(kCode, {insn::jal(ra, 0x1000), insn::jalr(ra, 0, a0), insn::jal(zero, -8)});
    b.put(kCode + 0x1000, {insn::addi(t0, t0, 1), insn::jalr(zero, 0, ra)});
    b.put(kCode + 0x2000, {insn::addi(t0, t0, 100), insn::jalr(zero, 0, ra)});
    b.set_x(a0, kVirtual + 0x1000 + core::kCodeEntries * core::kPageSize);
    b.start(kVirtual, kS, tables.satp());
    b.run(7 * 100);
    EXPECT_EQ(b.x(t0), 100u * 101);
  });
}

// The page loses its permission to execute while it runs.
TEST(SelfModification, PageTableWrite_NoLongerExecutable) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
    const uint64_t entry = tables.map(kVirtual, kCode, pte::kExecute);
    b.set_csr(csr::medeleg, 0xffff);
    b.put(kCode, {insn::addi(t0, t0, 1), insn::beq(t0, a2, 8), insn::jal(zero, -8), insn::sd(a1, 0, a0),
                  insn::kNop, insn::kNop});
    b.set_x(a0, entry);
    b.set_x(a1, pte::make(kCode, pte::kRead));
    b.set_x(a2, 10);
    b.start(kVirtual, kS, tables.satp());
    b.run(3 * 9 + 3 + 1);
    b.expect_supervisor_trap({cause::kFetchPage, kVirtual + 16, kVirtual + 16});
  });
}

// satp is written by the code that runs, whose address means another page from then on.
TEST(SelfModification, SatpWrite_NextInstructionIsOfTheOtherSpace) {
  like_the_interpreter([](Bench& b) {
    PageTables one(b, kTables), two(b, kTables + 0x4'0000);
    one.identity().map(kVirtual, kCode, pte::kExecute);
    two.identity().map(kVirtual, kCode + 0x1000, pte::kExecute);
    for (const uint64_t page : {kCode, kCode + 0x1000})
      b.put(page, {insn::csrrw(a0, csr::satp, a0), insn::addi(t0, t0, page == kCode ? 1 : 100),
                   insn::jal(zero, -8)});
    b.set_x(a0, two.satp());
    b.start(kVirtual, kS, one.satp());
    b.run(3);
    EXPECT_EQ(b.x(t0), 100u);
    b.run(3);
    EXPECT_EQ(b.x(t0), 101u);
    b.run(6 * 50);
    EXPECT_EQ(b.x(t0), 101u + 50 * 101);
  });
}

// --- Amounts

// More code than the memory for host code holds.
TEST(SelfModification, CodeMemoryFull_ForgotAndMadeAgain) {
  uint64_t flushes = 0;
  like_the_interpreter([&](Bench& b) {
    constexpr uint64_t kLength = 16'000;
    std::vector<Word> program;
    for (unsigned i = 0; i < kLength; ++i)
      program.emplace_back(i % 8 == 7 ? insn::ld(a0, 0, gp) : insn::addi(t0, t0, 1));
    for (size_t i = 100; i < program.size(); i += 100) program[i] = insn::beq(zero, zero, 4);
    b.put(kRam + 0x8'0000, program);
    b.put(kRam + 0x8'0000 + 4 * program.size(), {insn::jalr(zero, 0, s0)});
    b.set_x(gp, kData);
    b.set_x(s0, kRam + 0x8'0000);
    b.start(kRam + 0x8'0000);
    b.run(kLength + 1);
    b.run(kLength + 1);
    b.run(3 * (kLength + 1));
    EXPECT_EQ(b.pc(), kRam + 0x8'0000);
    if (b.caches() == Caches::kTranslator) flushes = b.translator_counters().flushes;
  });
  EXPECT_GT(flushes, 1u) << "in the last form, with little code memory";
}

// Data beside code, in other lines of the page: the block stays.
TEST(SelfModification, DataOnACodePage_CodeIsKept) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::sd(t0, 0, a0), insn::ld(a1, 0, a0), insn::jal(zero, -12)});
    b.set_x(a0, kCode + 0x400);
    b.run(4 * 5000);
    EXPECT_EQ(b.x(a1), 5000u);
    if (b.caches() != Caches::kTranslator) return;
    EXPECT_EQ(b.translator_counters().dropped_pages, 0u);
    EXPECT_LT(b.translator_counters().blocks, 10u);
  });
}

// Patch, call, patch, call: 100,000 times.
TEST(SelfModification, HundredThousandInvalidations_InReasonableTime) {
  Board board;
  const auto begin = std::chrono::steady_clock::now();
  Bench b(board, Caches::kTranslator);
  b.put(kCode, {insn::sw(a1, 0, a0), insn::r_type(0, a2, a1, 4, a1, 0x33), insn::jalr(ra, 0, a0),
                insn::jal(zero, -12)});
  b.put(kData, {insn::kNop, insn::jalr(zero, 0, ra)});
  b.set_x(a0, kData);
  b.set_x(a1, insn::addi(t0, t0, 1));
  b.set_x(a2, insn::addi(t0, t0, 1) ^ insn::addi(t0, t0, 2));
  b.run(6 * 100'000);
  EXPECT_EQ(b.x(t0), 150'000u);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_LT(seconds.count(), 20) << "200 us for each: something is done again that need not be";
}

}  // namespace
}  // namespace vitrine::bench
