// SPDX-License-Identifier: MIT
// Behaviour 9: page tables that change under way, by every writer, at every level, through every alias. All
// by guest instructions. What a walk makes of an entry is in paging_test.cpp.
#include <gtest/gtest.h>

#include "tests/isa/riscv/behaviour/paged.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

// --- 9. No translation is ever stale here, fenced or not: a stricter promise than 10.2.1 asks for.

TEST(Behaviour09, LeafChanged_NextLoadSeesIt_WithAndWithoutFence) {
  for (const uint32_t fence :
       {insn::kNop, insn::sfence_vma(0, 0), insn::sfence_vma(a0, 0), insn::sinval_vma(a0, 0)}) {
    under_every_cache([&](Bench& b) {
      Paged p(b);
      p.run({insn::ld(t0, 0, a0), insn::sd(a2, 0, a1), fence, insn::ld(t1, 0, a0)});
      EXPECT_EQ(b.x(t0), kValueOne);
      EXPECT_EQ(b.x(t1), kValueTwo);
    });
  }
}

// Every way in which a guest or a device can write an entry.
TEST(Behaviour09, LeafChanged_ByEveryKindOfWrite) {
  struct Writer {
    const char* name;
    std::vector<Word> words;
  };
  const Writer writers[] = {
      {"sd", {insn::sd(a2, 0, a1)}},
      {"two sw", {insn::sw(a2, 0, a1), insn::srli(a3, a2, 32), insn::sw(a3, 4, a1)}},
      {"one byte of the page number",
       {insn::srli(a3, a2, 8), insn::sb(a3, 1, a1), insn::srli(a3, a2, 16), insn::sb(a3, 2, a1)}},
      {"halves", {insn::sh(a2, 0, a1), insn::srli(a3, a2, 16), insn::sh(a3, 2, a1)}},
      {"amoswap.d", {insn::amoswap_d(zero, a2, a1)}},
      {"sc.d", {insn::lr_d(a3, a1), insn::sc_d(a3, a2, a1)}},
      {"fsd", {insn::fmv_f(insn::kD, 1, a2), insn::fsd(1, 0, a1)}},
      {"misaligned sd over the entry before and this one",
       {insn::slli(a3, a2, 32), insn::sd(a3, -4, a1), insn::srli(a3, a2, 32), insn::sw(a3, 4, a1)}},
  };
  for (const Writer& w : writers) {
    SCOPED_TRACE(w.name);
    under_every_cache([&](Bench& b) {
      b.set_bits(csr::mstatus, status::kFsDirty);
      // An entry in the middle of its table.
      Paged p(b);
      const uint64_t page = kVirtual + 0x7000;
      const uint64_t entry = p.tables.map(page, kOne, pte::kReadWrite);
      b.set_x(a0, page);
      b.set_x(a1, in_window(entry));
      std::vector<Word> program = {insn::ld(t0, 0, a0), insn::sd(t0, 8, a0)};
      program.insert(program.end(), w.words.begin(), w.words.end());
      program.insert(program.end(), {insn::ld(t1, 0, a0), insn::sd(t1, 16, a0), insn::kSelf});
      b.put(kCode, program);
      b.start(kCode, kS, p.tables.satp());
      b.run(program.size());
      EXPECT_EQ(b.x(t0), kValueOne);
      EXPECT_EQ(b.x(t1), kValueTwo);
      EXPECT_EQ(b.read64(kTwo + 16), kValueTwo) << "stores go there too";
      EXPECT_EQ(b.read64(kOne + 16), 0u);
    });
  }
}

TEST(Behaviour09, LeafChanged_ByDma) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    b.put(kCode, {insn::ld(t0, 0, a0), insn::sd(t0, 8, a0), insn::jal(zero, -8)});
    b.start(kCode, kS, p.tables.satp());
    b.run(30);
    b.write64(p.entry, pte::make(kTwo, pte::kReadWrite));
    b.run(3);
    EXPECT_EQ(b.x(t0), kValueTwo);
    EXPECT_EQ(b.read64(kTwo + 8), kValueTwo);
  });
}

TEST(Behaviour09, LeafInvalidated_NextAccessFaults) {
  struct Case {
    const char* name;
    uint32_t access;
    uint64_t flags;  // of the new entry
    uint64_t cause;
  };
  const Case cases[] = {
      {"load, not valid", insn::ld(t1, 0, a0), 0, cause::kLoadPage},
      {"store, not valid", insn::sd(t1, 0, a0), 0, cause::kStorePage},
      {"store, read-only", insn::sd(t1, 0, a0), pte::kRead, cause::kStorePage},
      {"amo, read-only", insn::amoadd_d(t1, t1, a0), pte::kRead, cause::kStorePage},
      {"load, a user page now", insn::ld(t1, 0, a0), pte::kReadWrite | pte::U, cause::kLoadPage},
      {"load, execute-only now", insn::ld(t1, 0, a0), pte::V | pte::X | pte::A, cause::kLoadPage},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      Paged p(b);
      b.set_x(a2, pte::make(kOne, c.flags));
      p.run({insn::ld(t0, 0, a0), insn::sd(t0, 8, a0), insn::sd(a2, 0, a1), c.access});
      b.expect_machine_trap({c.cause, kCode + 12, kVirtual});
    });
  }
}

// Tables above the leaf: the entry that points to the leaf's table, and the one above that, lead somewhere
// else.
TEST(Behaviour09, UpperTableChanged_NextAccessSeesIt) {
  for (const unsigned levels : {3u, 4u, 5u}) {
    for (unsigned level = 1; level < levels; ++level) {
      SCOPED_TRACE(std::to_string(levels) + " levels, entry at level " + std::to_string(level));
      Board board;
      board.config.max_levels = static_cast<uint8_t>(levels);
      under_every_cache(board, [&](Bench& b) {
        Paged p(b, pte::kReadWrite, levels);
        // Two pages under neighbouring entries of that level, away from code and window.
        const uint64_t page = uint64_t{1} << (12 + 9 * level), other = 3 * page;
        p.tables.map(page, kOne, pte::kReadWrite);
        p.tables.map(other, kTwo, pte::kReadWrite);
        const uint64_t changed = p.tables.entry(page, level);
        b.set_x(a0, page);
        b.set_x(a1, in_window(changed));
        b.set_x(a2, b.read64(p.tables.entry(other, level)));
        b.set_x(a3, b.read64(changed));
        p.run({insn::ld(t0, 0, a0), insn::sd(t0, 8, a0), insn::sd(a2, 0, a1), insn::ld(t1, 0, a0),
               insn::sd(t1, 16, a0), insn::sd(a3, 0, a1), insn::ld(t2, 0, a0), insn::sd(zero, 0, a1),
               insn::ld(t3, 0, a0)});
        EXPECT_EQ(b.x(t0), kValueOne);
        EXPECT_EQ(b.x(t1), kValueTwo);
        EXPECT_EQ(b.read64(kTwo + 16), kValueTwo);
        EXPECT_EQ(b.x(t2), kValueOne);
        b.expect_machine_trap({cause::kLoadPage, kCode + 32, page});
      });
    }
  }
}

TEST(Behaviour09, SuperpageChanged_EveryPageOfItFollows) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    const uint64_t super = 0x8000'0000;  // 2 MiB of it, virtual 0x60000000
    const uint64_t entry = p.tables.map(0x6000'0000, super, pte::kReadWrite, 1);
    b.write64(super + 0x20'0000 + 0x1'0000, 5);
    b.set_x(a0, 0x6001'0000);
    b.set_x(a3, 0x6001'8000);
    b.set_x(a1, in_window(entry));
    b.set_x(a2, pte::make(super + 0x20'0000, pte::kReadWrite));
    p.run({insn::ld(t0, 0, a0), insn::ld(t1, 0, a3), insn::sd(a2, 0, a1), insn::ld(t2, 0, a0),
           insn::ld(t3, 0, a3)});
    EXPECT_EQ(b.x(t0), kValueOne);
    EXPECT_EQ(b.x(t1), kValueTwo);
    EXPECT_EQ(b.x(t2), 5u);
    EXPECT_EQ(b.x(t3), 0u);
  });
}

// A leaf becomes a table, and a table a leaf.
TEST(Behaviour09, SuperpageSplitAndJoined_AccessesFollow) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    const uint64_t entry = p.tables.map(0x6000'0000, 0x8000'0000, pte::kReadWrite, 1);
    const uint64_t table = kTables + 0x1'8000;  // all zero but for one entry: page 16 of the 2 MiB is kTwo
    b.write64(table + 16 * 8, pte::make(kTwo, pte::kReadWrite));
    b.set_x(a0, 0x6001'0000);
    b.set_x(a1, in_window(entry));
    b.set_x(a2, pte::make(table, pte::V));
    b.set_x(a3, pte::make(0x8000'0000, pte::kReadWrite));
    p.run({insn::ld(t0, 0, a0), insn::sd(a2, 0, a1), insn::ld(t1, 0, a0), insn::sd(a3, 0, a1),
           insn::ld(t2, 0, a0)});
    EXPECT_EQ(b.x(t0), kValueOne);
    EXPECT_EQ(b.x(t1), kValueTwo);
    EXPECT_EQ(b.x(t2), kValueOne);
  });
}

TEST(Behaviour09, CodePageRemapped_NextInstructionIsTheNewOne) {
  for (const uint32_t fence : {insn::kNop, insn::sfence_vma(0, 0)}) {
    under_every_cache([&](Bench& b) {
      Paged p(b);
      p.tables.map(kVirtual, kOne, pte::kAll);
      b.put(kOne, {insn::sd(a2, 0, a1), fence, insn::addi(t0, zero, 1), insn::kSelf});
      b.put(kTwo, {insn::kSelf, fence, insn::addi(t0, zero, 2), insn::kSelf});
      b.set_x(a2, pte::make(kTwo, pte::kAll));
      b.start(kVirtual, kS, p.tables.satp());
      b.run(3);
      EXPECT_EQ(b.x(t0), 2u);
    });
  }
}

TEST(Behaviour09, CodePageTakenAway_NextFetchFaults) {
  for (const uint64_t flags : {uint64_t{0}, pte::kReadWrite, pte::kAll | pte::U}) {
    under_every_cache([&](Bench& b) {
      Paged p(b);
      p.tables.map(kVirtual, kOne, pte::kAll);
      b.put(kOne, {insn::sd(a2, 0, a1), insn::kSelf});
      b.set_x(a2, pte::make(kOne, flags));
      b.start(kVirtual, kS, p.tables.satp());
      b.run(2);
      b.expect_machine_trap({cause::kFetchPage, kVirtual + 4, kVirtual + 4});
    });
  }
}

// One leaf table that two places of the space, and a second space, share.
TEST(Behaviour09, SharedTable_EveryAliasAndSpaceFollows) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    const uint64_t pointer = b.read64(p.tables.entry(kVirtual, 1));
    const uint64_t alias = kVirtual + 0x2000'0000;
    b.write64(p.tables.entry(alias, 1), pointer);
    PageTables second(b, kTables + 0x4'0000);
    second.identity().map_range(kTableWindow, kTables, 0x2'0000, pte::kReadWrite);
    b.write64(second.entry(kVirtual, 1), pointer);
    b.set_x(a3, alias);
    b.set_x(a4, p.tables.satp());
    b.set_x(a5, second.satp());
    p.run({insn::ld(t0, 0, a0), insn::ld(t1, 0, a3), insn::csrw(csr::satp, a5), insn::ld(t2, 0, a0),
           insn::sd(a2, 0, a1), insn::ld(t3, 0, a0), insn::csrw(csr::satp, a4), insn::ld(t4, 0, a0),
           insn::ld(t5, 0, a3)});
    EXPECT_EQ(b.x(t0), kValueOne);
    EXPECT_EQ(b.x(t1), kValueOne);
    EXPECT_EQ(b.x(t2), kValueOne);
    EXPECT_EQ(b.x(t3), kValueTwo);
    EXPECT_EQ(b.x(t4), kValueTwo) << "in the first space, after its return";
    EXPECT_EQ(b.x(t5), kValueTwo);
  });
}

// satp with another root, the same ASID and no fence; global entries are no exception.
TEST(Behaviour09, SatpSwitched_AtOnce_WhateverAsidAndGlobalSay) {
  for (const uint64_t flags : {pte::kReadWrite, pte::kReadWrite | pte::G}) {
    for (const uint64_t asid : {0u, 7u}) {
      under_every_cache([&](Bench& b) {
        Paged p(b, flags);
        PageTables second(b, kTables + 0x4'0000);
        second.identity().map(kVirtual, kTwo, flags);
        b.set_x(a4, p.tables.satp(7));
        b.set_x(a5, second.satp(asid));
        p.run({insn::ld(t0, 0, a0), insn::csrw(csr::satp, a5), insn::ld(t1, 0, a0), insn::csrw(csr::satp, a4),
               insn::ld(t2, 0, a0), insn::csrw(csr::satp, zero), insn::ld(t3, 0, a0)});
        EXPECT_EQ(b.x(t0), kValueOne);
        EXPECT_EQ(b.x(t1), kValueTwo);
        EXPECT_EQ(b.x(t2), kValueOne);
        b.expect_machine_trap({cause::kLoadAccess, kCode + 24, kVirtual});
      });
    }
  }
}

// The instruction after a write of satp comes from the new space.
TEST(Behaviour09, SatpSwitched_NextInstructionFromTheNewSpace) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    PageTables second(b, kTables + 0x4'0000);
    second.identity();
    p.tables.map(kVirtual, kOne, pte::kAll);
    second.map(kVirtual, kTwo, pte::kAll);
    b.put(kOne, {insn::csrw(csr::satp, a5), insn::addi(t0, t0, 1), insn::kSelf});
    b.put(kTwo, {insn::kNop, insn::addi(t0, t0, 16), insn::csrw(csr::satp, a4), insn::kNop});
    b.put(kOne + 12, {insn::jal(zero, -12)});
    b.set_x(a4, p.tables.satp());
    b.set_x(a5, second.satp());
    b.start(kVirtual, kS, p.tables.satp());
    b.run(4 * 5);
    EXPECT_EQ(b.x(t0), 16u * 5);
  });
}

// A table that maps itself, changed through its own window.
TEST(Behaviour09, SelfMappingTable_ChangedThroughItself) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    // Entry 2 of the root points to the root: 0x8000_0000 and on shows tables as pages (classic recursive
    // mapping). Here the leaf table of kVirtual also maps itself at kVirtual + 0x1000.
    const uint64_t table = p.entry & ~uint64_t{0xfff};
    p.tables.map(kVirtual + 0x1000, table, pte::kReadWrite);
    b.set_x(a1, kVirtual + 0x1000);  // entry 0 of it is kVirtual's
    p.run({insn::ld(t0, 0, a0), insn::ld(t1, 0, a1), insn::sd(a2, 0, a1), insn::ld(t2, 0, a0),
           insn::sd(a2, 8, a1), insn::ld(t3, 0, a1)});
    EXPECT_EQ(b.x(t0), kValueOne);
    EXPECT_EQ(b.x(t1), pte::make(kOne, pte::kReadWrite));
    EXPECT_EQ(b.x(t2), kValueTwo);
    EXPECT_EQ(b.x(t3), kValueTwo) << "the window itself now shows the other page";
  });
}

TEST(Behaviour09, TableCleared_ByCboZero) {
  under_every_cache([](Bench& b) {
    b.set_bits(csr::menvcfg, 1 << 7);
    Paged p(b);
    p.run({insn::ld(t0, 0, a0), insn::cbo_zero(a1), insn::ld(t1, 0, a0)});
    b.expect_machine_trap({cause::kLoadPage, kCode + 8, kVirtual});
  });
}

// Many writes in a row to one table, then a use: however the emulator stops tracking such a table, the last
// write counts.
TEST(Behaviour09, TableRewrittenOften_LastWriteCounts) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    b.set_x(s0, 0);
    b.set_x(s1, 100);
    // Each round: entries 0 to 99 of the leaf table are written, a page in the middle is used before and
    // after.
    b.put(kCode, {insn::ld(t0, 0, a0),                                                // 0
                  insn::add(t1, a1, zero),                                            // 4
                  insn::sd(a2, 0, t1), insn::addi(t1, t1, 8), insn::addi(s0, s0, 1),  // 8, 12, 16
                  insn::bltu(s0, s1, -12),                                            // 20
                  insn::ld(t2, 0, a0), insn::sd(a3, 0, a1), insn::ld(t3, 0, a0), insn::kSelf});
    b.set_x(a3, pte::make(kOne, pte::kReadWrite));
    b.start(kCode, kS, p.tables.satp());
    b.run(2 + 400 + 4);
    EXPECT_EQ(b.x(t0), kValueOne);
    EXPECT_EQ(b.x(t2), kValueTwo);
    EXPECT_EQ(b.x(t3), kValueOne);
  });
}

}  // namespace
}  // namespace vitrine::bench
