// SPDX-License-Identifier: MIT
// Behaviour 10: code that changes while it runs. The specification asks for a fence.i (6); this machine's
// fetches are coherent (ARCHITECTURE.md section 3), so every test here holds without one.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000;

TEST(Behaviour10, StoreToTheNextInstruction_RunsTheNewOne) {
  for (const uint32_t fence : {insn::kNop, insn::kFenceI}) {
    under_every_cache([&](Bench& b) {
      b.set_x(a0, kCode);
      b.set_x(a1, insn::addi(t0, zero, 2));
      b.put(kCode, {insn::sw(a1, 8, a0), fence, insn::addi(t0, zero, 1), insn::kSelf});
      b.run(3);
      EXPECT_EQ(b.x(t0), 2u);
    });
  }
}

TEST(Behaviour10, StoreDirectlyBefore_RunsTheNewOne) {
  under_every_cache([](Bench& b) {
    b.set_x(a0, kCode);
    b.set_x(a1, insn::addi(t0, zero, 2));
    b.put(kCode, {insn::sw(a1, 4, a0), insn::addi(t0, zero, 1), insn::kSelf});
    b.run(2);
    EXPECT_EQ(b.x(t0), 2u);
  });
}

TEST(Behaviour10, StoreOverItself_CompletesAndIsNewNextTime) {
  under_every_cache([](Bench& b) {
    b.set_x(a0, kCode);
    b.set_x(a1, insn::addi(t0, t0, 5));
    b.put(kCode, {insn::sw(a1, 0, a0), insn::addi(t1, t1, 1), insn::jal(zero, -8)});
    b.run(9);
    EXPECT_EQ(b.x(t0), 10u) << "two of three rounds";
    EXPECT_EQ(b.x(t1), 3u);
    EXPECT_EQ(b.read<uint32_t>(kCode), insn::addi(t0, t0, 5));
  });
}

// A loop that patches an instruction of itself, before and behind the store, each time round.
TEST(Behaviour10, LoopPatchesItself_EveryRoundIsNew) {
  under_every_cache([](Bench& b) {
    constexpr uint32_t kStep = 1 << 20;  // the immediate of addi, plus one
    b.set_x(a0, kCode);
    b.set_x(a1, insn::addi(t0, t0, 0));
    b.set_x(a2, kStep);
    b.put(kCode, {insn::addi(t0, t0, 0),   // 0: patched
                  insn::add(a1, a1, a2),   // 4
                  insn::sw(a1, 0, a0),     // 8
                  insn::sw(a1, 16, a0),    // 12
                  insn::addi(t0, t0, 0),   // 16: patched
                  insn::jal(zero, -20)});  // 20
    b.run(6 * 10);
    // Round r (from 0) adds r at the top and r + 1 at the bottom.
    EXPECT_EQ(b.x(t0), 45u + 55u);
  });
}

TEST(Behaviour10, NarrowStores_ChangePartsOfAnInstruction) {
  struct Case {
    const char* name;
    uint32_t store;
    uint64_t value;
    uint64_t expected;  // of t0, from addi t0, zero, 0x123
  };
  const uint32_t original = insn::addi(t0, zero, 0x123);
  const Case cases[] = {
      {"sb, top byte: imm[11:4]", insn::sb(a1, 7, a0), 0x45, 0x453},
      {"sh, upper half", insn::sh(a1, 6, a0), insn::addi(t0, zero, 0x77) >> 16, 0x77},
      {"sd, misaligned", insn::sd(a1, 1, a0),
       (static_cast<uint64_t>(insn::addi(t0, zero, 0x55)) << 24) | (insn::sd(a1, 1, a0) >> 8), 0x55},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      b.set_x(a0, kCode);
      b.set_x(a1, c.value);
      // Once through both, then the store again over decoded code.
      b.put(kCode, {c.store, original, insn::kNop, insn::kNop, insn::jal(zero, -16)});
      b.run(7);
      EXPECT_EQ(b.x(t0), c.expected);
    });
  }
}

// An instruction that lies across two 64-byte lines, changed in one or in the other. Decoded slots are made for 128 bytes at
// once, so that 0x7e is another edge.
TEST(Behaviour10, InstructionAcrossLines_EitherHalfChanges) {
  for (const int edge : {0x3e, 0x7e}) {
    SCOPED_TRACE(edge);
    under_every_cache([&](Bench& b) {
      const uint64_t at = kCode + static_cast<uint64_t>(edge);
      b.put(at, {insn::addi(t0, zero, 1), insn::jal(zero, -4)});
      b.start(at);
      b.run(2);
      b.set_x(a0, at);
      // The second half alone: imm 1 -> 0x10.
      b.put(kCode + 0x200, {insn::sh(a1, 2, a0), insn::jal(zero, edge - 0x204)});
      b.set_x(a1, insn::addi(t0, zero, 0x10) >> 16);
      b.start(kCode + 0x200);
      b.run(3);
      EXPECT_EQ(b.x(t0), 0x10u);
      // The first half alone: rd t0 -> t1.
      b.put(kCode + 0x200, {insn::sh(a1, 0, a0), insn::jal(zero, edge - 0x204)});
      b.set_x(a1, insn::addi(t1, zero, 0x10) & 0xffff);
      b.start(kCode + 0x200);
      b.run(3);
      EXPECT_EQ(b.x(t1), 0x10u);
      EXPECT_EQ(b.pc(), at + 4);
    });
  }
}

// A page entered from another one, each time before all that has been decoded: straight on to its end.
TEST(Behaviour10, EnteredFromTheEndOn_RunsEveryTimeToTheEnd) {
  under_every_cache([](Bench& b) {
    constexpr int kHalfwords = 2048;
    b.put(kCode, std::vector<Word>(kHalfwords - 1, insn::c_addi(t0, 1)));
    b.put(kCode + 4094, {insn::c_jr(ra)});
    const uint64_t caller = kCode + 0x1000;
    b.put(caller, {insn::jalr(ra, 0, a0)});
    uint64_t expected = 0;
    for (int place = kHalfwords - 1; place >= 0; place -= 15) {
      const auto left = static_cast<uint64_t>(kHalfwords - 1 - place);
      expected += left;
      b.set_x(a0, kCode + 2 * static_cast<uint64_t>(place));
      b.start(caller);
      b.run_quietly(1 + left + 1);
      ASSERT_EQ(b.x(t0), expected) << place;
      ASSERT_EQ(b.pc(), caller + 4);
    }
    b.note();
  });
}

// Jumps and branches inside a page, forwards and backwards, each to a line where nothing has run yet.
TEST(Behaviour10, JumpsInsideAPage_ReachEveryLine) {
  under_every_cache([](Bench& b) {
    constexpr int kLines = 64, kHop = 27;
    for (int i = 0; i < kLines; ++i) {
      const int line = i * kHop % kLines, next = (i + 1) * kHop % kLines;
      const int32_t distance = (next - line) * 64 - 4;
      b.put(kCode + static_cast<uint64_t>(line) * 64,
            {insn::addi(t0, t0, i), i % 2 ? insn::jal(zero, distance) : insn::beq(zero, zero, distance)});
    }
    for (unsigned round = 1; round <= 3; ++round) {
      b.run(2 * kLines);
      EXPECT_EQ(b.x(t0), round * (kLines * (kLines - 1) / 2));
      EXPECT_EQ(b.pc(), kCode);
      b.write(kCode + round * 640, b.read<uint32_t>(kCode + round * 640));  // a line is decoded anew
    }
  });
}

// Four bytes become two instructions of two, and back.
TEST(Behaviour10, InstructionLengthChanges) {
  under_every_cache([](Bench& b) {
    b.set_x(a0, kCode + 0x100);
    b.set_x(a1, static_cast<uint32_t>(insn::c_addi(t0, 2)) | static_cast<uint32_t>(insn::c_addi(t0, 3))
                                                                 << 16);
    b.set_x(a2, insn::addi(t0, t0, 100));
    b.put(kCode + 0x100, {insn::addi(t0, t0, 1), insn::jalr(zero, 0, ra)});
    b.put(kCode, {insn::jal(ra, 0x100), insn::sw(a1, 0, a0), insn::jal(ra, 0xf8), insn::sw(a2, 0, a0),
                  insn::jal(ra, 0xf0), insn::kSelf});
    b.run(3 + 1 + 4 + 1 + 3);
    EXPECT_EQ(b.pc(), kCode + 20);
    EXPECT_EQ(b.x(t0), 1u + 5 + 100);
  });
}

// A jump into the middle of an instruction that has been decoded, and a change of those bytes.
TEST(Behaviour10, OverlappingInstructions_BothFollowTheBytes) {
  under_every_cache([](Bench& b) {
    // A lui t0 whose upper half is c.addi t1, 7 when it is entered there.
    const uint32_t outer = static_cast<uint32_t>(insn::c_addi(t1, 7)) << 16 | (insn::lui(t0, 0) & 0xffff);
    b.put(kCode, {outer, insn::jalr(zero, 0, ra)});
    const uint64_t caller = kCode + 0x100;
    b.put(caller, {insn::jalr(ra, 0, a0), insn::jalr(ra, 2, a0), insn::sh(a1, 2, a0), insn::jalr(ra, 0, a0),
                   insn::jalr(ra, 2, a0)});
    b.set_x(a0, kCode);
    b.set_x(a1, insn::c_addi(t1, -1));
    b.start(caller);
    b.run(3);
    EXPECT_EQ(b.x(t0), static_cast<uint64_t>(int64_t{static_cast<int32_t>(outer & 0xffff'f000)}));
    b.run(3);
    EXPECT_EQ(b.x(t1), 7u);
    b.run(4);
    const uint32_t changed = static_cast<uint32_t>(insn::c_addi(t1, -1)) << 16 | (outer & 0xffff);
    EXPECT_EQ(b.x(t0), static_cast<uint64_t>(int64_t{static_cast<int32_t>(changed & 0xffff'f000)}));
    b.run(3);
    EXPECT_EQ(b.x(t1), 6u);
  });
}

TEST(Behaviour10, EveryWriter_AtomicsFloatsBlocksMisaligned) {
  struct Writer {
    const char* name;
    std::vector<Word> words;
  };
  const Writer writers[] = {
      {"amoswap.w", {insn::amoswap_w(zero, a1, a0)}},
      {"amoadd.w", {insn::lw(a3, 0, a0), insn::sub(a3, a1, a3), insn::amoadd_w(zero, a3, a0)}},
      {"sc.w", {insn::lr_w(a3, a0), insn::sc_w(a3, a1, a0)}},
      {"fsw", {insn::fmv_f(insn::kS, 1, a1), insn::fsw(1, 0, a0)}},
      {"two halves", {insn::sh(a1, 0, a0), insn::srli(a3, a1, 16), insn::sh(a3, 2, a0)}},
  };
  for (const Writer& w : writers) {
    SCOPED_TRACE(w.name);
    under_every_cache([&](Bench& b) {
      b.set_bits(csr::mstatus, status::kFsDirty);
      b.set_x(a0, kCode + 0x80);
      b.set_x(a1, insn::addi(t0, t0, 16));
      b.put(kCode + 0x80, {insn::addi(t0, t0, 1), insn::jalr(zero, 0, ra)});
      std::vector<Word> program = {insn::jalr(ra, 0, a0)};
      program.insert(program.end(), w.words.begin(), w.words.end());
      program.insert(program.end(), {insn::jalr(ra, 0, a0), insn::kSelf});
      b.put(kCode, program);
      b.run(6 + w.words.size());
      EXPECT_EQ(b.x(t0), 17u);
    });
  }
}

// cbo.zero makes the next instruction 0x0000, which is illegal.
TEST(Behaviour10, CboZero_TheRunningLine) {
  under_every_cache([](Bench& b) {
    b.set_bits(csr::menvcfg, 1 << 7);
    b.set_x(a0, kCode + 0x47);
    b.put(kCode + 0x40, {insn::kNop, insn::kNop, insn::cbo_zero(a0), insn::kNop});
    b.start(kCode + 0x40);
    b.run(4);
    b.expect_machine_trap({cause::kIllegal, kCode + 0x4c, 0});
  });
}

TEST(Behaviour10, WrittenThroughAnAlias) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kData, pte::kExecute);
    tables.map(kVirtual + 0x1000, kData, pte::kReadWrite);
    tables.map(kVirtual + 0x2000, kData, pte::kExecute);
    b.set_x(a0, kVirtual + 0x1000);
    b.set_x(a1, insn::addi(t0, t0, 16));
    b.set_x(a2, kVirtual + 0x2008);
    b.put(kData,
          {insn::jalr(ra, 0, a2), insn::sw(a1, 8, a0), insn::addi(t0, t0, 1), insn::jalr(zero, 0, ra)});
    b.start(kVirtual, kS, tables.satp());
    b.run(1 + 2);  // the alias runs the old one, ...
    EXPECT_EQ(b.x(t0), 1u);
    b.run(2);  // ... the store changes it, and the first view sees it
    EXPECT_EQ(b.x(t0), 17u);
    b.start(kVirtual + 0x2008, kS, tables.satp());
    b.run(1);
    EXPECT_EQ(b.x(t0), 33u);
  });
}

TEST(Behaviour10, WrittenByAnotherHart) {
  Board board;
  board.harts = 2;
  board.slice = 10;
  under_every_cache(board, [](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::jal(zero, -4)});
    b.put(kCode + 0x100, {insn::sw(a1, 0, a0), insn::kSelf});
    b.set_x(a0, kCode, 1);
    b.set_x(a1, insn::addi(t0, t0, 100), 1);
    b.start(kCode, kM, 0, 0);
    b.start(kCode + 0x100, kM, 0, 1);
    b.run(10);
    EXPECT_EQ(b.x(t0), 5u);
    b.run(20);
    EXPECT_EQ(b.x(t0), 505u);
  });
}

TEST(Behaviour10, WrittenByDma_BetweenTwoInstructions) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::addi(t0, t0, 1), insn::jal(zero, -8)});
    b.run(7);  // stands after the first addi of the third round
    EXPECT_EQ(b.x(t0), 5u);
    b.write(kCode + 4, insn::addi(t0, t0, 100));
    b.run(1);
    EXPECT_EQ(b.x(t0), 105u);
  });
}

// Data on a code page changes often; the code beside it stays what it is.
TEST(Behaviour10, DataBesideCode_SameLine) {
  under_every_cache([](Bench& b) {
    b.set_x(a0, kCode + 0x20);
    b.put(kCode, {insn::ld(t0, 0, a0), insn::addi(t0, t0, 1), insn::sd(t0, 0, a0), insn::jal(zero, -12)});
    b.run(4 * 1000);
    EXPECT_EQ(b.read64(kCode + 0x20), 1000u);
  });
}

// A page is code, then data, then code again.
TEST(Behaviour10, PageRecycled_CodeDataCode) {
  under_every_cache([](Bench& b) {
    const uint64_t page = kData;
    b.set_x(a0, page);
    b.set_x(a1, static_cast<uint64_t>(insn::jalr(zero, 0, ra)) << 32 | insn::addi(t0, t0, 1));
    b.put(kCode, {insn::sd(a1, 0, a0),                            // 0
                  insn::jalr(ra, 0, a0),                          // 4
                  insn::sd(zero, 0, a0),                          // 8
                  insn::ld(t1, 0, a0), insn::sd(t1, 8, a0),       // 12, 16
                  insn::addi(a1, a1, 0), insn::jal(zero, -24)});  // 20, 24
    b.run(9 * 50);
    EXPECT_EQ(b.x(t0), 50u);
    EXPECT_EQ(b.read64(page + 8), 0u);
  });
}

// One page is code and page table at once: an entry is an instruction. Both meanings follow its bytes.
TEST(Behaviour10, PageThatIsCodeAndPageTable) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity();
    const uint64_t entry = tables.map(kVirtual, kData, pte::kReadWrite);
    const uint64_t table = entry & ~uint64_t{0xfff};
    tables.map(kVirtual + 0x20'0000, table, pte::kAll);
    b.write64(kData, 11);
    b.write64(kData + 0x1000, 22);
    // Code in the upper half of the table page, reached through its window.
    const uint64_t code = kVirtual + 0x20'0800;
    b.put(table + 0x800, {insn::ld(t0, 0, a0), insn::sd(a2, 0, a1), insn::ld(t1, 0, a0), insn::sw(a4, 20, a3),
                          insn::kNop, insn::addi(t2, zero, 1), insn::kSelf});
    b.set_x(a0, kVirtual);
    b.set_x(a1, kVirtual + 0x20'0000 + (entry & 0xfff));
    b.set_x(a2, pte::make(kData + 0x1000, pte::kReadWrite));
    b.set_x(a3, code);
    b.set_x(a4, insn::addi(t2, zero, 2));
    b.start(code, kS, tables.satp());
    b.run(6);
    EXPECT_EQ(b.x(t0), 11u);
    EXPECT_EQ(b.x(t1), 22u);
    EXPECT_EQ(b.x(t2), 2u);
  });
}

// The walker sets A in an entry that is part of running code: the code changes under its own feet.
TEST(Behaviour10, AccessedBitSetInsideCode) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity();
    const uint64_t entry = tables.map(kVirtual, kData, pte::V | pte::R | pte::W);  // A is clear
    const uint64_t table = entry & ~uint64_t{0xfff};
    tables.map(kVirtual + 0x20'0000, table, pte::kAll);
    const uint64_t window = kVirtual + 0x20'0000;
    b.put(table + 0x100, {insn::ld(t0, 0, a1), insn::ld(t1, 0, a0), insn::ld(t2, 0, a1), insn::sd(t1, 0, a0),
                          insn::ld(t3, 0, a1), insn::kSelf});
    b.set_x(a0, kVirtual);
    b.set_x(a1, window + (entry & 0xfff));
    b.start(window + 0x100, kS, tables.satp());
    b.run(5);
    EXPECT_EQ(b.x(t0), pte::make(kData, pte::V | pte::R | pte::W));
    EXPECT_EQ(b.x(t2), pte::make(kData, pte::V | pte::R | pte::W | pte::A));
    EXPECT_EQ(b.x(t3), pte::make(kData, pte::kReadWrite));
  });
}

}  // namespace
}  // namespace vitrine::bench
