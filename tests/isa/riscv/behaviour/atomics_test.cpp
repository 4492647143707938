// SPDX-License-Identifier: MIT
// Behaviours 3 and 24: load-reserved and store-conditional, atomics.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000, kAlias = kVirtual + 0x1000;
constexpr uint64_t kPattern = 0x8877'6655'4433'2211;
constexpr uint64_t kOld = 0xeeee'eeee'eeee'eeee;

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
      b.put(kCode,
            {insn::lr_d(t0, a0), insn::kPause, insn::sc_d(t1, a1, a0), insn::addi(t2, 0, 7), insn::kSelf});
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

// A pause gives the turn away if there is somebody to have it; with the turn goes the reservation.
TEST(Behaviour03, Sc_AfterAPause_FailsIfThereAreOthers) {
  for (const unsigned harts : {1u, 2u}) {
    Board board;
    board.harts = harts;
    under_every_cache(board, [&](Bench& b) {
      b.put(kCode, {insn::lr_d(t0, a0), insn::kPause, insn::sc_d(t1, a1, a0), insn::kSelf});
      b.put(kCode + 0x100, {insn::kPause, insn::jal(zero, -4)});
      b.write64(kData, kOld);
      for (unsigned id = 0; id < harts; ++id) {
        b.set_x(a0, kData, id);
        b.start(kCode + id * 0x100, kM, 0, id);
      }
      b.run(harts == 1 ? 3 : 4);
      EXPECT_EQ(b.x(t1, 0), harts - 1);
    });
  }
}

// Nobody else can run, so that the next turn is this hart's again: it begins behind the pause, at full length, and the
// reservation is gone. In one run of the engine or step by step, the machine is the same.
TEST(Behaviour03, Pause_WhileTheOtherWaits_BeginsATurnAnew) {
  Board board;
  board.harts = 2;
  board.slice = 10;
  for (const bool in_steps : {false, true}) {
    under_every_cache(board, [&](Bench& b) {
      const auto run = [&](unsigned steps) {
        for (unsigned i = 0; i < (in_steps ? steps : 1); ++i) b.run(in_steps ? 1 : steps);
      };
      std::vector<Word> program = {insn::kPause, insn::kNop, insn::kNop, insn::lr_d(t0, a0), insn::kPause, insn::sc_d(t1, a1, a0)};
      program.insert(program.end(), 20, insn::kNop);
      b.put(kCode, program);
      b.put(kCode + 0x100, {insn::kWfi, insn::addi(t2, 0, 7), insn::kSelf});
      b.write64(kData, kOld);
      b.set_x(a0, kData, 0);
      for (unsigned id = 0; id < 2; ++id) b.start(kCode + id * 0x100, kM, 0, id);
      b.set_csr(csr::mie, 1 << 3, 1);
      run(8);  // pause; wfi; nop, nop, lr, pause, sc, nop
      expect_failed_sc(b, t1, kOld);
      b.set_line(3, true, 1);
      run(8);  // ten behind the second pause
      EXPECT_EQ(b.pc(0), kCode + 15 * 4);
      EXPECT_EQ(b.pc(1), kCode + 0x104);
      run(1);
      EXPECT_EQ(b.x(t2, 1), 7u);
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
      tables.identity().map(kVirtual, kData, pte::kReadWrite);
      tables.map(kAlias, kData, pte::kReadWrite);
      std::vector<Word> program = {insn::ld(a3, 0, a0), insn::sd(a3, 0, a0), insn::ld(a3, 0, a4),
                                   insn::sd(a3, 0, a4), insn::lr_d(t0, a0)};
      program.insert(program.end(), c.between.begin(), c.between.end());
      program.push_back(insn::sc_d(t1, a1, a0));
      b.put(kCode, program);
      b.write64(kData, kOld);
      b.set_x(a0, kVirtual);
      b.set_x(a1, kPattern);
      b.set_x(a2, kVirtual + 8);
      b.set_x(a4, kAlias);
      b.start(kCode, kS, tables.satp());
      b.run(program.size());
      EXPECT_EQ(b.pc(), kCode + 4 * program.size());
      EXPECT_EQ(b.x(t0), kOld);
      EXPECT_EQ(b.x(t1), c.result);
      EXPECT_EQ(b.read64(kData), c.result == 0 ? kPattern : kOld);
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
      {"read-only", pte::kRead, kData, cause::kStorePage},
      {"not valid", 0, kData, cause::kStorePage},
      {"a user page", pte::kReadWrite | pte::U, kData, cause::kStorePage},
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
    tables.identity().map(kVirtual, kData, pte::kRead);
    b.put(kCode, {insn::lr_w(t0, a0), insn::sc_w(t1, a1, a0)});
    b.write64(kData, kOld);
    b.set_x(a0, kVirtual);
    b.start(kCode, kS, tables.satp());
    b.run(2);
    b.expect_machine_trap({cause::kStorePage, kCode + 4, kVirtual});
    EXPECT_EQ(b.read64(kData), kOld);
  });
}

// A reservation is on bytes of physical memory: another virtual address for them will do.
TEST(Behaviour03, Sc_ThroughAnAlias_Succeeds) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kData, pte::kReadWrite);
    tables.map(kAlias, kData, pte::kReadWrite);
    b.put(kCode, {insn::lr_d(t0, a0), insn::sc_d(t1, a1, a2)});
    b.set_x(a0, kVirtual + 8);
    b.set_x(a2, kAlias + 8);
    b.set_x(a1, kPattern);
    b.start(kCode, kS, tables.satp());
    b.run(2);
    EXPECT_EQ(b.x(t1), 0u);
    EXPECT_EQ(b.read64(kData + 8), kPattern);
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
      {"not valid", 0, kData, cause::kStorePage},
      {"read-only", pte::kRead, kData, cause::kStorePage},
      {"execute-only", pte::V | pte::X | pte::A, kData, cause::kStorePage},
      {"a user page", pte::kReadWrite | pte::U, kData, cause::kStorePage},
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
          b.write64(kData + 8, kOld);
          b.put(kCode, {insn::atomic(amo, width, t0, a1, a0)});
          b.set_x(a0, kVirtual + 8);
          b.set_x(a1, kPattern);
          b.set_x(t0, 77);
          b.start(kCode, kS, tables.satp());
          b.run(1);
          b.expect_machine_trap({c.cause, kCode, kVirtual + 8});
          EXPECT_EQ(b.x(t0), 77u);
          EXPECT_EQ(b.read64(kData + 8), kOld);
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

}  // namespace
}  // namespace vitrine::bench
