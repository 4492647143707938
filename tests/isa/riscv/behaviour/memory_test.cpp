// SPDX-License-Identifier: MIT
// Behaviours 2, 3 and 24: misaligned accesses across pages, load-reserved and store-conditional, atomics.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000, kSecondPage = kVirtual + 0x1000;
constexpr uint64_t kFirst = kData, kSecond = kData + 0x8000;  // where the two pages are: not neighbours
constexpr uint64_t kPattern = 0x8877'6655'4433'2211;
constexpr uint64_t kOld = 0xeeee'eeee'eeee'eeee;

// The bytes around the boundary: eight before it, eight after.
void fill(Bench& b) {
  b.write64(kFirst + 0xff8, kOld);
  b.write64(kSecond, kOld);
}

struct Width {
  unsigned bytes;
  uint32_t store, load, float_store;  // of a1 or fa1 at 0(a0)
};
const Width kWidths[] = {
    {2, insn::sh(a1, 0, a0), insn::lhu(a1, 0, a0), insn::fsh(a1, 0, a0)},
    {4, insn::sw(a1, 0, a0), insn::lwu(a1, 0, a0), insn::fsw(a1, 0, a0)},
    {8, insn::sd(a1, 0, a0), insn::ld(a1, 0, a0), insn::fsd(a1, 0, a0)},
};

// --- 2. A misaligned access across pages: both pages are checked before anything is written; xtval is "the
// virtual address of the portion of the access that caused the fault" (3.1.16).

TEST(Behaviour02, MisalignedAcrossPages_EverySplit_BytesOfBothPages) {
  for (const Width& w : kWidths) {
    for (unsigned before = 1; before < w.bytes; ++before) {
      SCOPED_TRACE(std::to_string(w.bytes) + " bytes, " + std::to_string(before) + " in the first page");
      under_every_cache([&](Bench& b) {
        PageTables tables(b);
        tables.identity().map(kVirtual, kFirst, pte::kReadWrite);
        tables.map(kSecondPage, kSecond, pte::kReadWrite);
        fill(b);
        b.put(kCode, {w.store, w.load, w.float_store});
        b.set_bits(csr::mstatus, status::kFsInitial);
        b.set_x(a0, kSecondPage - before);
        b.set_x(a1, kPattern);
        b.start(kCode, kS, tables.satp());
        b.run(1);
        for (unsigned i = 0; i < 16; ++i) {  // byte i of the sixteen around the boundary
          const uint64_t at = i < 8 ? kFirst + 0xff8 + i : kSecond + i - 8;
          const unsigned position = i - (8 - before);
          const uint8_t expected =
              position < w.bytes ? static_cast<uint8_t>(0x11 * (position + 1)) : static_cast<uint8_t>(kOld);
          EXPECT_EQ(b.read<uint8_t>(at), expected) << i;
        }
        b.set_x(a1, 0);
        b.run(1);
        EXPECT_EQ(b.x(a1), w.bytes == 8 ? kPattern : kPattern & ((uint64_t{1} << (8 * w.bytes)) - 1));
        b.set_f(a1, 0x0102'0304'0506'0708);
        b.run(1);
        EXPECT_EQ(b.read<uint8_t>(kSecondPage - before - kVirtual + kFirst), 8);
        EXPECT_EQ(b.read<uint8_t>(kSecond + w.bytes - before - 1), 8 - (w.bytes - 1));
      });
    }
  }
}

TEST(Behaviour02, MisalignedStore_OnePageRefused_NothingWritten) {
  struct Case {
    const char* name;
    uint64_t first, second;  // flags
    uint64_t physical;       // of the second page
    uint64_t cause;
    bool at_second;
  };
  const Case cases[] = {
      {"second not valid", pte::kReadWrite, 0, kSecond, cause::kStorePage, true},
      {"second read-only", pte::kReadWrite, pte::kRead, kSecond, cause::kStorePage, true},
      {"second for users", pte::kReadWrite, pte::kReadWrite | pte::U, kSecond, cause::kStorePage, true},
      {"second nowhere", pte::kReadWrite, pte::kReadWrite, 0x7000'0000, cause::kStoreAccess, true},
      {"second a device", pte::kReadWrite, pte::kReadWrite, kPlic, cause::kStoreAccess, true},
      {"first not valid", 0, pte::kReadWrite, kSecond, cause::kStorePage, false},
      {"first read-only", pte::kRead, pte::kReadWrite, kSecond, cause::kStorePage, false},
      {"both not valid", 0, 0, kSecond, cause::kStorePage, false},
  };
  for (const Case& c : cases) {
    for (const Width& w : kWidths) {
      for (unsigned before = 1; before < w.bytes; ++before) {
        SCOPED_TRACE(std::string(c.name) + ", " + std::to_string(w.bytes) + " bytes, split at " +
                     std::to_string(before));
        under_every_cache([&](Bench& b) {
          PageTables tables(b);
          tables.identity().map(kVirtual, kFirst, c.first);
          tables.map(kSecondPage, c.physical, c.second);
          fill(b);
          b.put(kCode, {w.store});
          b.set_x(a0, kSecondPage - before);
          b.set_x(a1, kPattern);
          b.start(kCode, kS, tables.satp());
          b.run(1);
          b.expect_machine_trap({c.cause, kCode, c.at_second ? kSecondPage : kSecondPage - before});
          EXPECT_EQ(b.read64(kFirst + 0xff8), kOld);
          EXPECT_EQ(b.read64(kSecond), kOld);
        });
      }
    }
  }
}

TEST(Behaviour02, MisalignedLoad_SecondPageRefused_RdUntouched) {
  for (const Width& w : kWidths) {
    under_every_cache([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map(kVirtual, kFirst, pte::kRead);
      b.put(kCode, {w.load, w.load});
      b.set_x(a0, kSecondPage - 1);
      b.set_x(a1, kPattern);
      b.start(kCode, kS, tables.satp());
      b.run(1);
      b.expect_machine_trap({cause::kLoadPage, kCode, kSecondPage});
      EXPECT_EQ(b.x(a1), kPattern);
    });
  }
}

TEST(Behaviour02, MisalignedStore_PmpRefusesSecondPage_NothingWritten) {
  under_every_cache([](Bench& b) {
    b.write64(kData + 0xff8, kOld);
    b.write64(kData + 0x1000, kOld);
    b.put(kCode, {insn::sd(a1, 0, a0)});
    b.set_csr(csr::pmpaddr0, (kData + 0x1000) >> 2);
    b.set_csr(csr::pmpaddr0 + 1, (kData + 0x2000) >> 2);
    b.set_csr(csr::pmpcfg0, 0x0f | 0x09 << 8);  // TOR R W X below, TOR R above
    b.set_x(a0, kData + 0xffd);
    b.set_x(a1, kPattern);
    b.start(kCode, kS);
    b.run(1);
    b.expect_machine_trap({cause::kStoreAccess, kCode, kData + 0x1000});
    EXPECT_EQ(b.read64(kData + 0xff8), kOld);
    EXPECT_EQ(b.read64(kData + 0x1000), kOld);
  });
}

TEST(Behaviour02, MisalignedAccess_EndOfRam_Refused) {
  under_every_cache([](Bench& b) {
    const uint64_t end = kRam + (4 << 20);
    b.write64(end - 8, kOld);
    b.put(kCode, {insn::sd(a1, -4, a0)});
    b.set_x(a0, end);
    b.run(1);
    b.expect_machine_trap({cause::kStoreAccess, kCode, end});
    EXPECT_EQ(b.read64(end - 8), kOld);
  });
}

TEST(Behaviour02, MisalignedInsideAPage_EveryOffset_Works) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::sd(a1, 0, a0), insn::ld(a2, 0, a0)});
    b.set_x(a1, kPattern);
    for (uint64_t offset = 0; offset < 16; ++offset) {
      b.write64(kData, kOld);
      b.write64(kData + 8, kOld);
      b.write64(kData + 16, kOld);
      b.set_x(a0, kData + offset);
      b.start(kCode);
      b.run(2);
      EXPECT_EQ(b.x(a2), kPattern);
      for (uint64_t i = 0; i < 24; ++i) {
        const uint64_t position = i - offset;
        EXPECT_EQ(b.read<uint8_t>(kData + i), position < 8 ? 0x11 * (position + 1) : 0xee)
            << offset << " " << i;
      }
    }
  });
}

// "D bit is set by a store": both pages of a crossing store are dirty afterwards, both of a load accessed
// (10.3.1).
TEST(Behaviour02, MisalignedStore_SetsAccessedAndDirtyOfBothPages) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    const uint64_t clear = pte::V | pte::R | pte::W;
    tables.identity();
    const uint64_t first = tables.map(kVirtual, kFirst, clear),
                   second = tables.map(kSecondPage, kSecond, clear);
    b.put(kCode, {insn::lwu(a1, 0, a0), insn::sw(a1, 0, a0)});
    b.set_x(a0, kSecondPage - 2);
    b.start(kCode, kS, tables.satp());
    b.run(1);
    EXPECT_EQ(b.read64(first), pte::make(kFirst, clear | pte::A));
    EXPECT_EQ(b.read64(second), pte::make(kSecond, clear | pte::A));
    b.run(1);
    EXPECT_EQ(b.read64(first), pte::make(kFirst, clear | pte::A | pte::D));
    EXPECT_EQ(b.read64(second), pte::make(kSecond, clear | pte::A | pte::D));
  });
}

// --- 3. sc (14.2). What is our choice in it (a reservation ends with a trap and with the turn) is in
// ARCHITECTURE.md.

TEST(Behaviour03, Sc_AfterLr_StoresAndGivesZero) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::lr_w(t0, a0), insn::sc_w(t1, a1, a0), insn::lr_d(t2, a0), insn::sc_d(t3, a1, a0)});
    b.write64(kData, 0x1234'5678'8000'0001);
    b.set_x(a0, kData);
    b.set_x(a1, 0x5555'6666'7777'8888);
    b.set_x(t1, 99);
    b.run(2);
    EXPECT_EQ(b.x(t0), 0xffff'ffff'8000'0001) << "lr.w extends the sign";
    EXPECT_EQ(b.x(t1), 0u);
    EXPECT_EQ(b.read64(kData), 0x1234'5678'7777'8888u);
    b.run(2);
    EXPECT_EQ(b.x(t2), 0x1234'5678'7777'8888u);
    EXPECT_EQ(b.x(t3), 0u);
    EXPECT_EQ(b.read64(kData), 0x5555'6666'7777'8888u);
  });
}

// Fails with 1 ("the value 1 encodes an unspecified failure") and stores nothing.
void expect_failed_sc(Bench& b, unsigned result, uint64_t memory_before) {
  EXPECT_EQ(b.x(result), 1u);
  EXPECT_EQ(b.read64(kData), memory_before);
}

TEST(Behaviour03, Sc_WithoutReservation_FailsAndStoresNothing) {
  under_every_cache([](Bench& b) {
    b.put(kCode,
          {insn::sc_d(t0, a1, a0), insn::lr_d(t1, a0), insn::sc_d(t1, zero, a0), insn::sc_d(t2, a1, a0)});
    b.write64(kData, kOld);
    b.set_x(a0, kData);
    b.set_x(a1, kPattern);
    b.run(1);
    expect_failed_sc(b, t0, kOld);
    b.run(3);
    EXPECT_EQ(b.x(t1), 0u);
    expect_failed_sc(b, t2, 0);  // the first one ended the reservation
  });
}

TEST(Behaviour03, Sc_OtherAddressOrWidth_FailsAndEndsTheReservation) {
  struct Case {
    const char* name;
    uint32_t reserve, wrong;
  };
  const Case cases[] = {
      {"other address", insn::lr_d(t0, a0), insn::sc_d(t1, a1, a2)},
      {"sc.w after lr.d", insn::lr_d(t0, a0), insn::sc_w(t1, a1, a0)},
      {"sc.d after lr.w", insn::lr_w(t0, a0), insn::sc_d(t1, a1, a0)},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      b.put(kCode, {c.reserve, c.wrong, insn::sc_d(t2, a1, a0), insn::sc_w(t3, a1, a0)});
      b.write64(kData, kOld);
      b.write64(kData + 64, kOld);
      b.set_x(a0, kData);
      b.set_x(a2, kData + 64);
      b.set_x(a1, kPattern);
      b.run(4);
      expect_failed_sc(b, t1, kOld);
      expect_failed_sc(b, t2, kOld);
      expect_failed_sc(b, t3, kOld);
      EXPECT_EQ(b.read64(kData + 64), kOld);
    });
  }
}

TEST(Behaviour03, Sc_AfterAnotherHartsStore_Fails) {
  Board two;
  two.harts = 2;
  // Hart 0 reserves and gives its turn away; hart 1 stores, or does not (the turn's end alone suffices).
  for (const uint32_t meanwhile : {insn::sd(a1, 0, a0), insn::amoadd_d(t0, a1, a0), insn::kNop}) {
    under_every_cache(two, [&](Bench& b) {
      b.put(kCode, {insn::lr_d(t0, a0), insn::kPause, insn::sc_d(t1, a1, a0), insn::addi(t2, 0, 7), insn::kSelf});
      b.put(kCode + 0x100, {meanwhile, insn::kPause, insn::kSelf});
      b.write64(kData, 5);
      for (unsigned id = 0; id < 2; ++id) {
        b.set_x(a0, kData, id);
        b.set_x(a1, 100 + id, id);
        b.start(kCode + id * 0x100, kM, 0, id);
      }
      b.run(5);  // lr, pause; meanwhile, pause; sc
      EXPECT_EQ(b.pc(0), kCode + 12);
      EXPECT_EQ(b.pc(1), kCode + 0x108);
      const uint64_t expected = meanwhile == insn::kNop ? 5 : meanwhile == insn::sd(a1, 0, a0) ? 101 : 106;
      expect_failed_sc(b, t1, expected);
      b.run(1);
      EXPECT_EQ(b.x(t2, 0), 7u) << "a failed sc does not end the turn";
    });
  }
}

TEST(Behaviour03, Sc_AfterATrap_Fails) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::lr_d(t0, a0), insn::kEcall, insn::sc_d(t1, a1, a0)});
    b.put(kCode + 0x100,
          {insn::csrr(t2, csr::mepc), insn::addi(t2, t2, 4), insn::csrw(csr::mepc, t2), insn::kMret});
    b.set_csr(csr::mtvec, kCode + 0x100);
    b.write64(kData, kOld);
    b.set_x(a0, kData);
    b.run(7);
    EXPECT_EQ(b.pc(), kCode + 12);
    expect_failed_sc(b, t1, kOld);
  });
}

TEST(Behaviour03, Sc_AfterAnInterrupt_Fails) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::lr_d(t0, a0), insn::sc_d(t1, a1, a0)});
    b.put(kCode + 0x100, {insn::kMret});
    b.set_csr(csr::mtvec, kCode + 0x100);
    b.set_csr(csr::mie, 1 << 3);
    b.set_bits(csr::mstatus, status::kMie);
    b.write64(kData, kOld);
    b.set_x(a0, kData);
    b.run(1);
    b.set_line(3, true);
    b.run(1);
    EXPECT_EQ(b.csr(csr::mcause), cause::kInterrupt | 3);
    b.set_line(3, false);
    b.run(2);
    EXPECT_EQ(b.pc(), kCode + 8);
    expect_failed_sc(b, t1, kOld);
  });
}

TEST(Behaviour03, Sc_AtTheEndOfTheSlice_Fails) {
  for (const uint64_t slice : {9, 10}) {  // the turn ends just before the sc, or just after
    Board board;
    board.slice = slice;
    under_every_cache(board, [&](Bench& b) {
      std::vector<Word> program(8, insn::kNop);
      program.push_back(insn::lr_d(t0, a0));
      program.push_back(insn::sc_d(t1, a1, a0));
      b.put(kCode, program);
      b.write64(kData, kOld);
      b.set_x(a0, kData);
      b.set_x(a1, kPattern);
      b.run(10);
      EXPECT_EQ(b.x(t1), slice == 9 ? 1u : 0u);
      EXPECT_EQ(b.read64(kData), slice == 9 ? kOld : kPattern);
    });
  }
}

TEST(Behaviour03, Sc_AfterDma_FailsIfItOverlapped) {
  struct Case {
    uint64_t at;
    bool overlaps;
  };
  for (const Case& c :
       {Case{kData, true}, Case{kData + 7, true}, Case{kData - 1, false}, Case{kData + 8, false}}) {
    SCOPED_TRACE(c.at);
    under_every_cache([&](Bench& b) {
      b.put(kCode, {insn::lr_d(t0, a0), insn::kNop, insn::sc_d(t1, a1, a0)});
      b.write64(kData, kOld);
      b.set_x(a0, kData);
      b.set_x(a1, kPattern);
      b.run(2);
      b.write<uint8_t>(c.at, 0xee);  // the same byte even: a write is a write
      b.run(1);
      EXPECT_EQ(b.x(t1), c.overlaps ? 1u : 0u);
    });
  }
}

// The same rules where loads and stores have gone before, so that every translation is known already.
TEST(Behaviour03, LrSc_OnPagesInUse_SameRules) {
  struct Case {
    const char* name;
    std::vector<Word> between;  // after lr.d t0, (a0), before sc.d t1, a1, (a0)
    uint64_t result;
  };
  const Case cases[] = {
      {"nothing", {}, 0},
      {"stores of its own elsewhere", {insn::sd(zero, 64, a0), insn::amoadd_d(t2, a1, a2)}, 0},
      {"another lr", {insn::lr_d(t2, a2)}, 1},
      {"lr of another width", {insn::lr_w(t2, a0)}, 1},
      {"lr through an alias", {insn::lr_d(t2, a4)}, 0},
      {"sc", {insn::sc_d(t2, a3, a0)}, 1},
      {"sc elsewhere", {insn::sc_d(t2, a3, a2)}, 1},
      {"sc of another width", {insn::sc_w(t2, a3, a0)}, 1},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map(kVirtual, kFirst, pte::kReadWrite);
      tables.map(kSecondPage, kFirst, pte::kReadWrite);
      std::vector<Word> program = {insn::ld(a3, 0, a0), insn::sd(a3, 0, a0), insn::ld(a3, 0, a4),
                                   insn::sd(a3, 0, a4), insn::lr_d(t0, a0)};
      program.insert(program.end(), c.between.begin(), c.between.end());
      program.push_back(insn::sc_d(t1, a1, a0));
      b.put(kCode, program);
      b.write64(kFirst, kOld);
      b.set_x(a0, kVirtual);
      b.set_x(a1, kPattern);
      b.set_x(a2, kVirtual + 8);
      b.set_x(a4, kSecondPage);
      b.start(kCode, kS, tables.satp());
      b.run(program.size());
      EXPECT_EQ(b.pc(), kCode + 4 * program.size());
      EXPECT_EQ(b.x(t0), kOld);
      EXPECT_EQ(b.x(t1), c.result);
      EXPECT_EQ(b.read64(kFirst), c.result == 0 ? kPattern : kOld);
    });
  }
}

// A failing sc still needs the permission to store: "an SC ... may raise the same exceptions as a store".
TEST(Behaviour03, Sc_WithoutReservation_FaultsAllTheSame) {
  struct Case {
    const char* name;
    uint64_t flags, physical;
    uint64_t cause;
  };
  const Case cases[] = {
      {"read-only", pte::kRead, kFirst, cause::kStorePage},
      {"not valid", 0, kFirst, cause::kStorePage},
      {"a user page", pte::kReadWrite | pte::U, kFirst, cause::kStorePage},
      {"nothing there", pte::kReadWrite, 0x7000'0000, cause::kStoreAccess},
      {"a device", pte::kReadWrite, kClint, cause::kStoreAccess},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map(kVirtual, c.physical, c.flags);
      b.put(kCode, {insn::sc_w(t0, a1, a0)});
      b.set_x(a0, kVirtual + 16);
      b.set_x(t0, 77);
      b.start(kCode, kS, tables.satp());
      b.run(1);
      b.expect_machine_trap({c.cause, kCode, kVirtual + 16});
      EXPECT_EQ(b.x(t0), 77u);
    });
  }
}

TEST(Behaviour03, ScOnAReadOnlyPage_AfterLr_Faults) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kFirst, pte::kRead);
    b.put(kCode, {insn::lr_w(t0, a0), insn::sc_w(t1, a1, a0)});
    b.write64(kFirst, kOld);
    b.set_x(a0, kVirtual);
    b.start(kCode, kS, tables.satp());
    b.run(2);
    b.expect_machine_trap({cause::kStorePage, kCode + 4, kVirtual});
    EXPECT_EQ(b.read64(kFirst), kOld);
  });
}

// A reservation is on bytes of physical memory: another virtual address for them will do.
TEST(Behaviour03, Sc_ThroughAnAlias_Succeeds) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kFirst, pte::kReadWrite);
    tables.map(kSecondPage, kFirst, pte::kReadWrite);
    b.put(kCode, {insn::lr_d(t0, a0), insn::sc_d(t1, a1, a2)});
    b.set_x(a0, kVirtual + 8);
    b.set_x(a2, kSecondPage + 8);
    b.set_x(a1, kPattern);
    b.start(kCode, kS, tables.satp());
    b.run(2);
    EXPECT_EQ(b.x(t1), 0u);
    EXPECT_EQ(b.read64(kFirst + 8), kPattern);
  });
}

TEST(Behaviour03, LrSc_Misaligned_Trap) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::lr_w(t0, a0)});
    b.put(kCode + 0x10, {insn::sc_w(t0, a1, a0)});
    b.put(kCode + 0x20, {insn::lr_d(t0, a2)});
    b.put(kCode + 0x30, {insn::sc_d(t0, a1, a2)});
    b.set_x(a0, kData + 2);
    b.set_x(a2, kData + 4);
    b.set_x(t0, 77);
    const Trap expected[] = {{cause::kLoadMisaligned, kCode, kData + 2},
                             {cause::kStoreMisaligned, kCode + 0x10, kData + 2},
                             {cause::kLoadMisaligned, kCode + 0x20, kData + 4},
                             {cause::kStoreMisaligned, kCode + 0x30, kData + 4}};
    for (unsigned i = 0; i < 4; ++i) {
      b.start(kCode + 0x10 * i);
      b.run(1);
      b.expect_machine_trap(expected[i]);
      EXPECT_EQ(b.x(t0), 77u);
    }
  });
}

TEST(Behaviour03, ScWithRdZero_StoresAndLrWithRdZeroReserves) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::lr_d(zero, a0), insn::sc_d(zero, a1, a0)});
    b.set_x(a0, kData);
    b.set_x(a1, kPattern);
    b.run(2);
    EXPECT_EQ(b.read64(kData), kPattern);
    EXPECT_EQ(b.x(0), 0u);
  });
}

// --- 24. AMOs (14.4): "AMOs ... are treated as stores" in what they report: store/AMO causes only
// (table 3.6).

constexpr uint32_t kAmos[] = {0b00001, 0b00000, 0b00100, 0b01100, 0b01000,
                              0b10000, 0b10100, 0b11000, 0b11100};

TEST(Behaviour24, Amo_Refused_StoreFaultAndRdUntouched) {
  struct Case {
    const char* name;
    uint64_t flags, physical;
    uint64_t cause;
  };
  const Case cases[] = {
      {"not valid", 0, kFirst, cause::kStorePage},
      {"read-only", pte::kRead, kFirst, cause::kStorePage},
      {"execute-only", pte::V | pte::X | pte::A, kFirst, cause::kStorePage},
      {"a user page", pte::kReadWrite | pte::U, kFirst, cause::kStorePage},
      {"nothing there", pte::kReadWrite, 0x7000'0000, cause::kStoreAccess},
      {"a device", pte::kReadWrite, kPlic, cause::kStoreAccess},
  };
  for (const Case& c : cases) {
    for (const uint32_t amo : kAmos) {
      for (const uint32_t width : {2u, 3u}) {
        SCOPED_TRACE(std::string(c.name) + ", funct5 " + std::to_string(amo));
        under_every_cache([&](Bench& b) {
          PageTables tables(b);
          tables.identity().map(kVirtual, c.physical, c.flags);
          b.write64(kFirst + 8, kOld);
          b.put(kCode, {insn::atomic(amo, width, t0, a1, a0)});
          b.set_x(a0, kVirtual + 8);
          b.set_x(a1, kPattern);
          b.set_x(t0, 77);
          b.start(kCode, kS, tables.satp());
          b.run(1);
          b.expect_machine_trap({c.cause, kCode, kVirtual + 8});
          EXPECT_EQ(b.x(t0), 77u);
          EXPECT_EQ(b.read64(kFirst + 8), kOld);
        });
      }
    }
  }
}

TEST(Behaviour24, Amo_Misaligned_TrapsAsStore) {
  under_every_cache([](Bench& b) {
    b.set_x(t0, 77);
    for (const uint32_t amo : kAmos) {
      for (const uint32_t width : {2u, 3u}) {
        for (uint64_t offset = 1; offset < (width == 2 ? 4u : 8u); ++offset) {
          b.put(kCode, {insn::atomic(amo, width, t0, a1, a0)});
          b.set_x(a0, kData + offset);
          b.start(kCode);
          b.run_quietly(1);
          b.expect_machine_trap({cause::kStoreMisaligned, kCode, kData + offset});
          EXPECT_EQ(b.x(t0), 77u);
        }
      }
    }
  });
}

TEST(Behaviour24, Amo_PmpReadOnly_StoreAccessFault) {
  under_every_cache([](Bench& b) {
    b.set_csr(csr::pmpaddr0 + 1, (uint64_t{1} << 54) - 1);
    b.set_csr(csr::pmpaddr0, (kData >> 2) | 0x1ff);  // the data page
    b.set_csr(csr::pmpcfg0, 0x19 | 0x1f << 8);       // R there, everything elsewhere
    b.put(kCode, {insn::amoadd_d(t0, a1, a0)});
    b.set_x(a0, kData);
    b.set_x(t0, 77);
    b.start(kCode, kS);
    b.run(1);
    b.expect_machine_trap({cause::kStoreAccess, kCode, kData});
    EXPECT_EQ(b.x(t0), 77u);
  });
}

TEST(Behaviour24, Amo_RdZero_StillAccesses) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::amoadd_d(zero, a1, a0), insn::amoswap_w(zero, a1, a2)});
    b.write64(kData, 40);
    b.set_x(a0, kData);
    b.set_x(a1, 2);
    b.set_x(a2, 0x100);
    b.run(1);
    EXPECT_EQ(b.read64(kData), 42u);
    EXPECT_EQ(b.x(0), 0u);
    b.run(1);
    b.expect_machine_trap({cause::kStoreAccess, kCode + 4, 0x100});
  });
}

// "If rd is rs1 or rs2, the operands are read before" follows from the order of the operation (14.4).
TEST(Behaviour24, Amo_RdAliasesOperands_OldValuesAreUsed) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::amoadd_d(a0, a1, a0), insn::amoadd_d(a1, a1, a2), insn::amoswap_d(a2, a2, a2)});
    b.write64(kData, 40);
    b.write64(kData + 8, 7);
    b.set_x(a0, kData);
    b.set_x(a1, 2);
    b.set_x(a2, kData + 8);
    b.run(1);
    EXPECT_EQ(b.x(a0), 40u);
    EXPECT_EQ(b.read64(kData), 42u);
    b.run(1);
    EXPECT_EQ(b.x(a1), 7u);
    EXPECT_EQ(b.read64(kData + 8), 9u);
    b.run(1);
    EXPECT_EQ(b.x(a2), 9u);
    EXPECT_EQ(b.read64(kData + 8), kData + 8);
  });
}

// What each does, on 32 bits with signs that differ and garbage above. "For RV64, 32-bit AMOs always
// sign-extend the value placed in rd, and ignore the upper 32 bits of the original value of rs2" (14.4).
TEST(Behaviour24, Amo_Word_ResultsByTheSpecsTable) {
  struct Row {
    uint32_t funct5;
    uint32_t expected;
  };
  constexpr uint32_t kMemory = 0x8000'0003, kOperand = 0x0000'0005;
  const Row rows[] = {
      {0b00001, 0x0000'0005}, {0b00000, 0x8000'0008}, {0b00100, 0x8000'0006},
      {0b01100, 0x0000'0001}, {0b01000, 0x8000'0007}, {0b10000, 0x8000'0003},
      {0b10100, 0x0000'0005}, {0b11000, 0x0000'0005}, {0b11100, 0x8000'0003},
  };
  for (const Row& row : rows) {
    under_every_cache([&](Bench& b) {
      b.put(kCode, {insn::atomic(row.funct5, 2, t0, a1, a0, 3)});
      b.write64(kData, 0xdead'beef'0000'0000 | kMemory);
      b.set_x(a0, kData);
      b.set_x(a1, 0x8765'4321'0000'0000 | kOperand);
      b.run(1);
      EXPECT_EQ(b.x(t0), 0xffff'ffff'8000'0003) << row.funct5;
      EXPECT_EQ(b.read64(kData), 0xdead'beef'0000'0000 | row.expected) << row.funct5;
    });
  }
}

// --- Cache blocks (19.5 to 19.7): not in the list, and easily wrong in the same way.

TEST(CacheBlocks, CboZero_ClearsItsBlockOnly) {
  under_every_cache([](Bench& b) {
    for (uint64_t i = 0; i < 192; i += 8) b.write64(kData + i, kOld);
    b.put(kCode, {insn::cbo_zero(a0)});
    b.set_x(a0, kData + 64 + 37);
    b.run(1);
    for (uint64_t i = 0; i < 192; i += 8) EXPECT_EQ(b.read64(kData + i), i / 64 == 1 ? 0 : kOld) << i;
  });
}

// "A cache-block management instruction is permitted to access the specified cache block whenever a load
// instruction or store instruction is permitted"; zeroing needs the store. Faults are store/AMO faults, xtval
// the effective address.
TEST(CacheBlocks, Permissions_FaultsOfStoreKind) {
  struct Case {
    const char* name;
    uint64_t flags, physical;
    uint64_t manage, zero;  // causes; 0: allowed
  };
  const Case cases[] = {
      {"read-only", pte::kRead, kFirst, 0, cause::kStorePage},
      {"read and write", pte::kReadWrite, kFirst, 0, 0},
      {"execute-only", pte::V | pte::X | pte::A, kFirst, cause::kStorePage, cause::kStorePage},
      {"not valid", 0, kFirst, cause::kStorePage, cause::kStorePage},
      {"a user page", pte::kReadWrite | pte::U, kFirst, cause::kStorePage, cause::kStorePage},
  };
  for (const Case& c : cases) {
    for (const uint32_t which : {0u, 1u, 2u, 4u}) {
      SCOPED_TRACE(std::string(c.name) + ", cbo " + std::to_string(which));
      under_every_cache([&](Bench& b) {
        PageTables tables(b);
        tables.identity().map(kVirtual, c.physical, c.flags);
        b.set_bits(csr::menvcfg, 0xf0);
        b.put(kCode, {insn::cbo(which, a0)});
        b.set_x(a0, kVirtual + 0x123);
        b.start(kCode, kS, tables.satp());
        b.run(1);
        const uint64_t cause = which == 4 ? c.zero : c.manage;
        if (cause == 0)
          EXPECT_EQ(b.pc(), kCode + 4);
        else
          b.expect_machine_trap({cause, kCode, kVirtual + 0x123});
      });
    }
  }
}

// CBIE, CBCFE and CBZE of menvcfg for S, of both menvcfg and senvcfg for U (19.5.1).
TEST(CacheBlocks, EnvironmentBits_GateTheLowerModes) {
  struct Case {
    uint32_t which;
    uint64_t bits;
  };
  for (const Case& c : {Case{0, 0x10}, Case{0, 0x30}, Case{1, 0x40}, Case{2, 0x40}, Case{4, 0x80}}) {
    for (const bool machine : {false, true}) {
      for (const bool supervisor : {false, true}) {
        for (const Privilege mode : {kU, kS, kM}) {
          under_every_cache([&](Bench& b) {
            b.set_csr(csr::menvcfg, machine ? c.bits : 0xf0 & ~(c.bits | 0x30));
            b.set_csr(csr::senvcfg, supervisor ? c.bits : 0);
            b.put(kCode, {insn::cbo(c.which, a0), insn::kSelf});
            b.set_x(a0, kData);
            b.start(kCode, mode);
            b.run(1);
            const bool legal = mode == kM || (machine && (mode == kS || supervisor));
            if (legal)
              EXPECT_EQ(b.pc(), kCode + 4);
            else
              b.expect_machine_trap({cause::kIllegal, kCode, insn::cbo(c.which, a0)});
          });
        }
      }
    }
  }
}

}  // namespace
}  // namespace vitrine::bench
