// SPDX-License-Identifier: MIT
// Behaviours 9, 19, 20 and 21: page tables that change, accessed and dirty bits, satp and canonical
// addresses, malformed entries. All by guest instructions; tests/mmu asks the walk itself.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000;
constexpr uint64_t kOne = kData, kTwo = kData + 0x8000;  // two pages of data
constexpr uint64_t kValueOne = 0x1111'1111'1111'1111, kValueTwo = 0x2222'2222'2222'2222;
// Where the guest itself sees its page tables.
constexpr uint64_t kTableWindow = 0x1'4000'0000;
uint64_t in_window(uint64_t physical) { return physical - kTables + kTableWindow; }

struct Paged {
  explicit Paged(Bench& bench, uint64_t flags = pte::kReadWrite, unsigned levels = 3)
      : b(bench), tables(bench, kTables, levels) {
    tables.identity().map(kVirtual, kOne, flags);
    tables.map_range(kTableWindow, kTables, 0x2'0000, pte::kReadWrite);
    entry = tables.entry(kVirtual);
    b.write64(kOne, kValueOne);
    b.write64(kTwo, kValueTwo);
    b.set_x(a0, kVirtual);
    b.set_x(a1, in_window(entry));
    b.set_x(a2, pte::make(kTwo, flags));
  }
  void run(std::initializer_list<Word> program) {
    b.put(kCode, program);
    b.start(kCode, kS, tables.satp());
    b.run(program.size());
  }
  Bench& b;
  PageTables tables;
  uint64_t entry;
};

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

// --- 19. A and D. Svadu sets them, atomically and nothing else; with menvcfg.ADUE = 0 (Svade) a clear bit is
// a page fault (10.3.1, 3.1.18).

struct Accessed {
  const char* name;
  uint32_t word;
  bool dirties;
  uint64_t cause;
};
const Accessed kAccessed[] = {
    {"ld", insn::ld(t0, 0, a0), false, cause::kLoadPage},
    {"lr.d", insn::lr_d(t0, a0), false, cause::kLoadPage},
    {"misaligned lw", insn::lw(t0, 2, a0), false, cause::kLoadPage},
    {"sd", insn::sd(t0, 0, a0), true, cause::kStorePage},
    {"amoadd.d", insn::amoadd_d(t0, t1, a0), true, cause::kStorePage},
    {"cbo.zero", insn::cbo_zero(a0), true, cause::kStorePage},
    {"misaligned sw", insn::sw(t0, 2, a0), true, cause::kStorePage},
};

TEST(Behaviour19, Svadu_SetsAAndDAndNothingElse) {
  constexpr uint64_t kSoftware = 3 << 8 | pte::G;
  for (const Accessed& a : kAccessed) {
    for (const uint64_t before : {uint64_t{0}, pte::A, pte::A | pte::D, pte::D}) {
      SCOPED_TRACE(a.name);
      under_every_cache([&](Bench& b) {
        b.set_bits(csr::menvcfg, 1 << 7);
        ASSERT_NE(b.csr(csr::menvcfg) & uint64_t{1} << 61, 0u) << "ADUE at reset";
        const uint64_t flags = pte::V | pte::R | pte::W | kSoftware;
        Paged p(b, flags | before);
        const uint64_t upper = b.read64(p.tables.entry(kVirtual, 1));
        p.run({a.word});
        EXPECT_EQ(b.read64(p.entry), pte::make(kOne, flags | before | pte::A | (a.dirties ? pte::D : 0)));
        EXPECT_EQ(b.read64(p.tables.entry(kVirtual, 1)), upper) << "pointers have no A and D";
      });
    }
  }
}

TEST(Behaviour19, Svadu_FetchSetsA) {
  under_every_cache([](Bench& b) {
    Paged p(b, pte::V | pte::X);
    b.put(kOne, {insn::kSelf});
    b.start(kVirtual, kS, p.tables.satp());
    b.run(1);
    EXPECT_EQ(b.read64(p.entry), pte::make(kOne, pte::V | pte::X | pte::A));
  });
}

TEST(Behaviour19, Svadu_RefusedAccess_LeavesTheEntryAlone) {
  under_every_cache([](Bench& b) {
    Paged p(b, pte::V | pte::R);
    p.run({insn::sd(t0, 0, a0)});
    b.expect_machine_trap({cause::kStorePage, kCode, kVirtual});
    EXPECT_EQ(b.read64(p.entry), pte::make(kOne, pte::V | pte::R));
  });
}

TEST(Behaviour19, Svadu_AClearedByTheGuest_SetAgainByTheNextAccess) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    b.set_x(a2, pte::make(kOne, pte::V | pte::R | pte::W));
    p.run({insn::ld(t0, 0, a0), insn::sd(a2, 0, a1), insn::ld(t1, 0, a1), insn::ld(t0, 0, a0),
           insn::ld(t2, 0, a1), insn::sd(t0, 8, a0), insn::ld(t3, 0, a1)});
    EXPECT_EQ(b.x(t1), pte::make(kOne, pte::V | pte::R | pte::W));
    EXPECT_EQ(b.x(t2), pte::make(kOne, pte::V | pte::R | pte::W | pte::A));
    EXPECT_EQ(b.x(t3), pte::make(kOne, pte::kReadWrite));
  });
}

TEST(Behaviour19, Svadu_UpdateForbiddenByPmp_AccessFaultOfTheOriginalKind) {
  under_every_cache([](Bench& b) {
    Paged p(b, pte::V | pte::R | pte::W);
    // The page tables are readable only.
    b.set_csr(csr::pmpaddr0 + 1, (uint64_t{1} << 54) - 1);
    b.set_csr(csr::pmpaddr0, (kTables >> 2) | ((0x10'0000 >> 3) - 1));
    b.set_csr(csr::pmpcfg0, 0x19 | 0x1f << 8);
    p.run({insn::ld(t0, 0, a0)});
    b.expect_machine_trap({cause::kLoadAccess, kCode, kVirtual});
    b.start(kCode + 0x100, kS, p.tables.satp());
    b.put(kCode + 0x100, {insn::sd(t0, 0, a0)});
    b.run(1);
    b.expect_machine_trap({cause::kStoreAccess, kCode + 0x100, kVirtual});
    EXPECT_EQ(b.read64(p.entry), pte::make(kOne, pte::V | pte::R | pte::W));
  });
}

TEST(Behaviour19, Svade_ClearBitsFault) {
  for (const bool by_config : {false, true}) {
    Board board;
    board.config.svade = by_config;
    for (const Accessed& a : kAccessed) {
      for (const uint64_t before : {uint64_t{0}, pte::A, pte::A | pte::D, pte::D}) {
        SCOPED_TRACE(a.name);
        under_every_cache(board, [&](Bench& b) {
          b.set_csr(csr::menvcfg, 1 << 7);  // CBZE; ADUE = 0
          const uint64_t flags = pte::V | pte::R | pte::W | before;
          Paged p(b, flags);
          p.run({a.word});
          const bool works = (before & pte::A) && (!a.dirties || (before & pte::D));
          const uint64_t tval =
              kVirtual + (a.word == insn::lw(t0, 2, a0) || a.word == insn::sw(t0, 2, a0) ? 2 : 0);
          if (works)
            EXPECT_EQ(b.pc(), kCode + 4);
          else
            b.expect_machine_trap({a.cause, kCode, tval});
          EXPECT_EQ(b.read64(p.entry), pte::make(kOne, flags)) << "hardware sets nothing";
        });
      }
    }
  }
}

TEST(Behaviour19, AdueToggled_NextAccessSeesIt) {
  under_every_cache([](Bench& b) {
    Paged p(b, pte::V | pte::R | pte::W);
    b.put(kCode, {insn::sd(zero, 8, a0)});
    b.clear_bits(csr::menvcfg, uint64_t{1} << 61);
    b.start(kCode, kS, p.tables.satp());
    b.run(1);
    b.expect_machine_trap({cause::kStorePage, kCode, kVirtual + 8});
    b.set_bits(csr::menvcfg, uint64_t{1} << 61);
    b.start(kCode, kS, p.tables.satp());
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 4);
    EXPECT_EQ(b.read64(p.entry), pte::make(kOne, pte::kReadWrite));
  });
}

TEST(Behaviour19, SvadeByConfig_AdueIsReadOnlyZero) {
  Board board;
  board.config.svade = true;
  under_every_cache(board, [](Bench& b) {
    EXPECT_EQ(b.csr(csr::menvcfg), 0u);
    b.set_csr(csr::menvcfg, ~uint64_t{0});
    EXPECT_EQ(b.csr(csr::menvcfg) & uint64_t{1} << 61, 0u);
  });
}

// --- 20. satp (10.1.11) and canonical addresses (10.4.1).

TEST(Behaviour20, Satp_UnsupportedMode_WritesNothing) {
  for (const uint8_t levels : {3, 4, 5}) {
    Board board;
    board.config.max_levels = levels;
    under_every_cache(board, [&](Bench& b) {
      for (uint64_t mode = 0; mode < 16; ++mode) {
        const uint64_t before = uint64_t{8} << 60 | 0x8'0123,
                       wanted = mode << 60 | uint64_t{0x55} << 44 | 0x8'0456;
        b.set_csr(csr::satp, before);
        b.set_x(a0, wanted);
        b.put(kCode, {insn::csrw(csr::satp, a0)});
        b.start(kCode, kM, before);
        b.run_quietly(1);
        const bool supported = mode == 0 || (mode >= 8 && mode <= uint64_t{levels} + 5);
        EXPECT_EQ(b.csr(csr::satp), supported ? wanted : before) << mode;
      }
      b.note();
    });
  }
}

// A write that does nothing leaves the present space in force.
TEST(Behaviour20, Satp_UnsupportedMode_TranslationGoesOn) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    b.set_x(a3, uint64_t{9} << 60 | 0x8'0000);
    p.run({insn::ld(t0, 0, a0), insn::csrw(csr::satp, a3), insn::ld(t1, 0, a0), insn::csrr(t2, csr::satp)});
    EXPECT_EQ(b.x(t1), kValueOne);
    EXPECT_EQ(b.x(t2), p.tables.satp());
  });
}

TEST(Behaviour20, NonCanonicalAddress_PageFaultWithAllItsBits) {
  for (const unsigned levels : {3u, 4u, 5u}) {
    Board board;
    board.config.max_levels = static_cast<uint8_t>(levels);
    const unsigned bits = 12 + 9 * levels;
    const uint64_t half = uint64_t{1} << (bits - 1);
    under_every_cache(board, [&](Bench& b) {
      Paged p(b, pte::kAll, levels);
      p.tables.map(half - 0x1000, kOne, pte::kAll);  // the last page of the lower half
      p.tables.map(~(half - 1), kTwo, pte::kAll);    // the first of the upper half
      const auto load = [&](uint64_t address) {
        b.put(kCode, {insn::ld(t0, 0, a0), insn::kSelf});
        b.set_x(a0, address);
        b.start(kCode, kS, p.tables.satp());
        b.run_quietly(1);
      };
      load(half - 0x1000);
      EXPECT_EQ(b.x(t0), kValueOne);
      load(~(half - 1));
      EXPECT_EQ(b.x(t0), kValueTwo);
      // Addresses whose low bits are those of mapped (and used) pages.
      for (const uint64_t address :
           {half, half + 0x1000, ~half, kVirtual | half << 1, kVirtual | uint64_t{1} << 63,
            kVirtual | uint64_t{1} << 62, (half - 0x1000) | half << 1, ~(half - 1) & ~(uint64_t{1} << 63),
            ~(half - 1) & ~(half << 1)}) {
        const uint64_t at = address & ~uint64_t{7};
        load(at);
        b.expect_machine_trap({cause::kLoadPage, kCode, at});
        b.put(kCode, {insn::sd(t0, 0, a0)});
        b.start(kCode, kS, p.tables.satp());
        b.run_quietly(1);
        b.expect_machine_trap({cause::kStorePage, kCode, at});
        b.put(kCode, {insn::amoadd_d(t0, t0, a0)});
        b.start(kCode, kS, p.tables.satp());
        b.run_quietly(1);
        b.expect_machine_trap({cause::kStorePage, kCode, at});
        b.start(at, kS, p.tables.satp());
        b.run_quietly(1);
        b.expect_machine_trap({cause::kFetchPage, at, at});
      }
      b.note();
    });
  }
}

TEST(Behaviour20, MisalignedAccessOverTheEdgeOfTheHalf_FaultsAtTheEdge) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    const uint64_t half = uint64_t{1} << 38;
    p.tables.map(half - 0x1000, kOne, pte::kAll);
    b.set_x(a0, half - 4);
    b.write64(kOne + 0xff8, kValueOne);
    p.run({insn::sd(zero, 0, a0)});
    b.expect_machine_trap({cause::kStorePage, kCode, half});
    EXPECT_EQ(b.read64(kOne + 0xff8), kValueOne);
    // And an instruction over the edge.
    b.write<uint16_t>(kOne + 0xffe, 0x0013);
    b.start(half - 2, kS, p.tables.satp());
    b.run(1);
    b.expect_machine_trap({cause::kFetchPage, half - 2, half});
  });
}

// "Memory address computations ignore overflow and wrap around modulo 2^XLEN" (1.4): the last page and page
// 0.
TEST(Behaviour20, AccessOverTheTopOfTheAddressSpace_Wraps) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    p.tables.map(0xffff'ffff'ffff'f000, kOne, pte::kAll);
    p.tables.map(0, kTwo, pte::kAll);
    b.set_x(a0, 0xffff'ffff'ffff'fffc);
    b.set_x(a1, 0x8877'6655'4433'2211);
    p.run({insn::sd(a1, 0, a0), insn::ld(t0, 0, a0)});
    EXPECT_EQ(b.read<uint32_t>(kOne + 0xffc), 0x4433'2211u);
    EXPECT_EQ(b.read<uint32_t>(kTwo), 0x8877'6655u);
    EXPECT_EQ(b.x(t0), 0x8877'6655'4433'2211u);
    // Code runs over the top as well.
    b.put(kOne + 0xffc, {insn::addi(t1, zero, 1)});
    b.put(kTwo, {insn::addi(t2, zero, 2), insn::kSelf});
    b.start(0xffff'ffff'ffff'fffc, kS, p.tables.satp());
    b.run(2);
    EXPECT_EQ(b.pc(), 4u);
    EXPECT_EQ(b.x(t2), 2u);
  });
}

TEST(Behaviour20, BareAddresses_BeyondPhysicalMemory_AccessFaults) {
  for (const Privilege mode : {kM, kS, kU}) {
    under_every_cache([&](Bench& b) {
      for (const uint64_t address : {uint64_t{0}, kData | uint64_t{1} << 56, kData | uint64_t{1} << 63,
                                     ~uint64_t{7}, kData | uint64_t{1} << 39, uint64_t{1} << 55}) {
        b.put(kCode, {insn::ld(t0, 0, a0)});
        b.set_x(a0, address);
        b.start(kCode, mode);
        b.run_quietly(1);
        b.expect_machine_trap({cause::kLoadAccess, kCode, address});
        b.start(address, mode);
        b.run_quietly(1);
        b.expect_machine_trap({cause::kFetchAccess, address, address});
      }
      b.note();
    });
  }
}

// --- 21. Malformed entries: "stop and raise a page-fault exception corresponding to the original access
// type" (10.3.2).

struct Malformed {
  const char* name;
  uint64_t flags;
  unsigned level;
};
const Malformed kMalformed[] = {
    {"V = 0", pte::R | pte::W | pte::X | pte::A | pte::D, 0},
    {"W without R", pte::V | pte::W | pte::A | pte::D, 0},
    {"W and X without R", pte::V | pte::W | pte::X | pte::A | pte::D, 0},
    {"reserved bit 54", pte::kAll | uint64_t{1} << 54, 0},
    {"reserved bit 60", pte::kAll | uint64_t{1} << 60, 0},
    {"all reserved bits", pte::kAll | pte::kReserved, 0},
    {"a pointer at the last level", pte::V, 0},
    {"PBMT = NC without PBMTE", pte::kAll | pte::kPbmtNc, 0},
    {"PBMT = IO without PBMTE", pte::kAll | pte::kPbmtIo, 0},
    {"PBMT = 3", pte::kAll | pte::kPbmtReserved, 0},
    {"NAPOT with an encoding that is not 64 KiB", pte::kAll | pte::N | uint64_t{4} << 10, 0},
    {"NAPOT with ppn[3:0] = 0", pte::kAll | pte::N, 0},
    {"NAPOT on a superpage", pte::kAll | pte::N | uint64_t{8} << 10, 1},
    {"2 MiB, misaligned", pte::kAll | uint64_t{1} << 10, 1},
    {"2 MiB, misaligned in the middle", pte::kAll | uint64_t{0x100} << 10, 1},
    {"1 GiB, misaligned by 2 MiB", pte::kAll | uint64_t{0x200} << 10, 2},
    {"pointer with A", pte::V | pte::A, 1},
    {"pointer with D", pte::V | pte::D, 1},
    {"pointer with U", pte::V | pte::U, 1},
    {"pointer with A in the root", pte::V | pte::A, 2},
    {"pointer with N", pte::V | pte::N, 1},
    {"pointer with PBMT", pte::V | pte::kPbmtNc, 1},
    {"pointer with a reserved bit", pte::V | uint64_t{1} << 57, 1},
};

TEST(Behaviour21, MalformedEntry_PageFault) {
  for (const Malformed& m : kMalformed) {
    SCOPED_TRACE(m.name);
    under_every_cache([&](Bench& b) {
      Paged p(b, pte::kAll);
      const uint64_t entry = p.tables.entry(kVirtual, m.level);
      const bool pointer = !(m.flags & (pte::R | pte::X | pte::W)) && m.level > 0;
      // What would be reached if the flaw were overlooked is there.
      const uint64_t target = pointer ? b.read64(entry) >> 10 << 10 : uint64_t{kRam} >> 12 << 10;
      b.write64(entry, (m.level == 0 ? pte::make(kOne & ~uint64_t{0xffff}, 0) : target) | m.flags);
      p.run({insn::ld(t0, 0, a0)});
      b.expect_machine_trap({cause::kLoadPage, kCode, kVirtual});
      b.put(kCode, {insn::sd(t0, 0, a0)});
      b.start(kCode, kS, p.tables.satp());
      b.run(1);
      b.expect_machine_trap({cause::kStorePage, kCode, kVirtual});
      b.start(kVirtual, kS, p.tables.satp());
      b.run(1);
      b.expect_machine_trap({cause::kFetchPage, kVirtual, kVirtual});
    });
  }
}

TEST(Behaviour21, Svpbmt_EncodingsWithPbmte) {
  for (const uint64_t type : {uint64_t{0}, pte::kPbmtNc, pte::kPbmtIo, pte::kPbmtReserved}) {
    for (const unsigned level : {0u, 1u}) {
      under_every_cache([&](Bench& b) {
        b.set_bits(csr::menvcfg, uint64_t{1} << 62);
        Paged p(b);
        p.tables.map(0x6000'0000, level ? kRam : kOne, pte::kReadWrite | type, level);
        b.set_x(a0, 0x6000'0000 + (level ? kOne - kRam : 0));
        p.run({insn::ld(t0, 0, a0)});
        if (type == pte::kPbmtReserved)
          b.expect_machine_trap({cause::kLoadPage, kCode, b.x(a0)});
        else
          EXPECT_EQ(b.x(t0), kValueOne);
      });
    }
  }
}

TEST(Behaviour21, PbmteToggled_NextAccessSeesIt) {
  under_every_cache([](Bench& b) {
    b.set_bits(csr::menvcfg, uint64_t{1} << 62);
    Paged p(b, pte::kReadWrite | pte::kPbmtNc);
    p.run({insn::ld(t0, 0, a0)});
    EXPECT_EQ(b.x(t0), kValueOne);
    b.clear_bits(csr::menvcfg, uint64_t{1} << 62);
    p.run({insn::ld(t1, 0, a0)});
    b.expect_machine_trap({cause::kLoadPage, kCode, kVirtual});
  });
}

TEST(Behaviour21, NoSvpbmt_PbmteIsReadOnlyZero) {
  Board board;
  board.config.svpbmt = false;
  under_every_cache(board, [](Bench& b) {
    b.set_csr(csr::menvcfg, ~uint64_t{0});
    EXPECT_EQ(b.csr(csr::menvcfg) >> 62 & 1, 0u);
    Paged p(b, pte::kReadWrite | pte::kPbmtNc);
    p.run({insn::ld(t0, 0, a0)});
    b.expect_machine_trap({cause::kLoadPage, kCode, kVirtual});
  });
}

// Svnapot: sixteen entries with N and ppn[3:0] = 1000 map 64 KiB, the low bits of the page number from the
// address.
TEST(Behaviour21, Svnapot_SixtyFourKibibytes) {
  for (const bool present : {true, false}) {
    Board board;
    board.config.svnapot = present;
    under_every_cache(board, [&](Bench& b) {
      Paged p(b);
      const uint64_t block = kRam + 0x4'0000;
      for (uint64_t i = 0; i < 16; ++i) {
        b.write64(block + i * 0x1000, 100 + i);
        p.tables.map(0x6000'0000 + i * 0x1000, block + 0x8000, pte::kReadWrite | pte::N);
      }
      for (uint64_t i = 0; i < 16; ++i) {
        b.set_x(a0, 0x6000'0000 + i * 0x1000);
        p.run({insn::ld(t0, 0, a0)});
        if (present)
          EXPECT_EQ(b.x(t0), 100 + i);
        else
          b.expect_machine_trap({cause::kLoadPage, kCode, b.x(a0)});
      }
    });
  }
}

TEST(Behaviour21, TableOutsideRam_AccessFaultOfTheOriginalKind) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    b.write64(p.tables.entry(kVirtual, 1), pte::make(0x7000'0000, pte::V));
    p.run({insn::ld(t0, 0, a0)});
    b.expect_machine_trap({cause::kLoadAccess, kCode, kVirtual});
    p.run({insn::sd(t0, 0, a0)});
    b.expect_machine_trap({cause::kStoreAccess, kCode, kVirtual});
    b.start(kVirtual, kS, p.tables.satp());
    b.run(1);
    b.expect_machine_trap({cause::kFetchAccess, kVirtual, kVirtual});
    // A root that is a device: the walk does not read devices.
    b.start(kCode, kS, uint64_t{8} << 60 | kClint >> 12);
    b.run(1);
    b.expect_machine_trap({cause::kFetchAccess, kCode, kCode});
  });
}

}  // namespace
}  // namespace vitrine::bench
