// SPDX-License-Identifier: MIT
// Behaviour 18: physical memory protection (privileged 3.7), by guest instructions. tests/mmu compares the
// matching with an oracle that goes byte by byte.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kR = 1, kW = 2, kX = 4, kTor = 1 << 3, kNa4 = 2 << 3, kNapot = 3 << 3, kLock = 0x80;
constexpr uint64_t kEverything = (uint64_t{1} << 54) - 1;
constexpr uint64_t napot(uint64_t base, uint64_t size) { return (base >> 2) | ((size >> 3) - 1); }

Board closed() {
  Board board;
  board.open_pmp = false;
  return board;
}

void set_entry(Bench& b, unsigned i, uint64_t address, uint64_t config) {
  b.set_csr(csr::pmpaddr0 + i, address);
  const unsigned number = csr::pmpcfg0 + 2 * (i / 8);
  const unsigned shift = 8 * (i % 8);
  b.set_csr(number, (b.csr(number) & ~(uint64_t{0xff} << shift)) | config << shift);
}

// The instruction works, or ends in this access fault.
void expect_access(Bench& b, Privilege mode, Word word, uint64_t address, bool allowed, uint64_t cause) {
  b.put(kCode, {word, insn::kSelf});
  b.set_x(a0, address);
  b.start(kCode, mode);
  b.run_quietly(1);
  if (allowed)
    EXPECT_EQ(b.pc(), kCode + word.size) << std::hex << address << testing::PrintToString(b.machine_trap());
  else
    b.expect_machine_trap({cause, kCode, address});
}
void expect_load(Bench& b, Privilege mode, uint64_t address, bool allowed) {
  expect_access(b, mode, insn::lbu(t0, 0, a0), address, allowed, cause::kLoadAccess);
}
void expect_store(Bench& b, Privilege mode, uint64_t address, bool allowed) {
  expect_access(b, mode, insn::sb(zero, 0, a0), address, allowed, cause::kStoreAccess);
}

// "If no PMP entry matches an M-mode access, the access succeeds. If no PMP entry matches an S-mode or U-mode
// access, but at least one PMP entry is implemented, the access fails."
TEST(Behaviour18, Pmp_NoEntryMatches_OnlyMachineModeMay) {
  under_every_cache(closed(), [](Bench& b) {
    b.put(kCode, {insn::kNop});
    expect_load(b, kM, kData, true);
    for (const Privilege mode : {kS, kU}) {
      b.start(kCode, mode);
      b.run(1);
      b.expect_machine_trap({cause::kFetchAccess, kCode, kCode});
    }
  });
}

TEST(Behaviour18, Pmp_LargestNapot_CoversEverything) {
  for (const uint64_t address : {kEverything, kEverything >> 1}) {  // 54 ones, and 53: 2^56 bytes
    under_every_cache(closed(), [&](Bench& b) {
      set_entry(b, 0, address, kNapot | kR | kW | kX);
      for (const Privilege mode : {kS, kU, kM}) {
        expect_load(b, mode, kRam, true);
        expect_load(b, mode, kRam + (4 << 20) - 1, true);
      }
    });
  }
}

TEST(Behaviour18, Pmp_NapotSizes_ExactEnds) {
  for (uint64_t size = 8; size <= 0x10'0000; size *= 2) {
    SCOPED_TRACE(size);
    under_every_cache(closed(), [&](Bench& b) {
      set_entry(b, 1, napot(kRam, 0x8000), kNapot | kX | kR);  // the code
      const uint64_t base = kRam + 0x10'0000;
      set_entry(b, 0, napot(base, size), kNapot | kR | kW);
      expect_load(b, kS, base - 1, false);
      expect_load(b, kS, base, true);
      expect_load(b, kS, base + size - 1, true);
      expect_load(b, kS, base + size, false);
      expect_store(b, kU, base + size - 1, true);
    });
  }
}

// TOR: "pmpaddr[i-1] <= y < pmpaddr[i]"; entry 0 begins at 0; nothing if the bounds are in the wrong order or
// equal.
TEST(Behaviour18, Pmp_Tor_GrainAndEmptyRanges) {
  under_every_cache(closed(), [](Bench& b) {
    set_entry(b, 0, (kRam + 0x8000) >> 2, kTor | kR | kX);
    expect_load(b, kS, kRam + 0x7fff, true);
    expect_load(b, kS, kRam + 0x8000, false);
    // Four bytes: the grain.
    set_entry(b, 1, (kData + 0x10) >> 2, 0);
    set_entry(b, 2, (kData + 0x14) >> 2, kTor | kR);
    expect_load(b, kS, kData + 0x0f, false);
    expect_load(b, kS, kData + 0x10, true);
    expect_load(b, kS, kData + 0x13, true);
    expect_load(b, kS, kData + 0x14, false);
    // Equal bounds, and in the wrong order.
    set_entry(b, 2, (kData + 0x10) >> 2, kTor | kR);
    expect_load(b, kS, kData + 0x10, false);
    set_entry(b, 2, kData >> 2, kTor | kR);
    expect_load(b, kS, kData, false);
    expect_load(b, kS, kData + 0x0f, false);
  });
}

TEST(Behaviour18, Pmp_LowestMatchingEntryDecides) {
  under_every_cache(closed(), [](Bench& b) {
    set_entry(b, 15, kEverything, kNapot | kR | kW | kX);
    set_entry(b, 3, kData >> 2, kNa4);  // nothing allowed in four bytes
    set_entry(b, 8, napot(kData, 0x1000), kNapot | kR);
    expect_load(b, kS, kData, false);
    expect_load(b, kS, kData + 3, false);
    expect_load(b, kS, kData + 4, true);
    expect_store(b, kS, kData + 4, false);
    expect_store(b, kS, kData + 0x1000, true);
    expect_load(b, kM, kData, true);
    expect_store(b, kM, kData, true);
  });
}

// "The matching PMP entry must match all bytes of an access, or the access fails, irrespective of the L, R,
// W, and X bits": in M mode too.
TEST(Behaviour18, Pmp_PartialMatch_FailsInEveryMode) {
  under_every_cache(closed(), [](Bench& b) {
    set_entry(b, 1, kEverything, kNapot | kR | kW | kX);
    set_entry(b, 0, (kData + 8) >> 2, kNa4 | kR | kW | kX);
    for (const Privilege mode : {kM, kS, kU}) {
      expect_access(b, mode, insn::ld(t0, 0, a0), kData + 8, false, cause::kLoadAccess);
      expect_access(b, mode, insn::sd(t0, 0, a0), kData + 8, false, cause::kStoreAccess);
      expect_access(b, mode, insn::amoadd_d(t0, t1, a0), kData + 8, false, cause::kStoreAccess);
      expect_access(b, mode, insn::lw(t0, 0, a0), kData + 8, true, 0);
      expect_access(b, mode, insn::lw(t0, 0, a0), kData + 12, true, 0);
      expect_access(b, mode, insn::ld(t0, 0, a0), kData, true, 0);
    }
  });
}

TEST(Behaviour18, Pmp_LockedEntry_BindsMachineMode) {
  under_every_cache(closed(), [](Bench& b) {
    set_entry(b, 0, napot(kData, 0x1000), kNapot | kR | kLock);
    expect_load(b, kM, kData, true);
    expect_store(b, kM, kData, false);
    expect_store(b, kM, kData + 0x1000, true);
    // An execution in M of what is locked without X.
    b.start(kData, kM);
    b.run(1);
    b.expect_machine_trap({cause::kFetchAccess, kData, kData});
  });
}

// "Locked PMP entries remain locked until the hart is reset. If PMP entry i is locked, writes to pmpicfg and
// pmpaddri are ignored. Additionally, if PMP entry i is locked and pmpicfg.A is set to TOR, writes to
// pmpaddri-1 are ignored."
TEST(Behaviour18, Pmp_Locked_WritesAreIgnored) {
  under_every_cache(closed(), [](Bench& b) {
    set_entry(b, 2, 0x111, kTor | kLock | kR);
    set_entry(b, 4, 0x222, kNapot | kLock);
    const uint64_t before = b.csr(csr::pmpcfg0);
    b.set_csr(csr::pmpaddr0 + 1, 0x55);
    b.set_csr(csr::pmpaddr0 + 2, 0x55);
    b.set_csr(csr::pmpaddr0 + 3, 0x55);
    b.set_csr(csr::pmpaddr0 + 4, 0x55);
    EXPECT_EQ(b.csr(csr::pmpaddr0 + 1), 0u) << "below a locked TOR";
    EXPECT_EQ(b.csr(csr::pmpaddr0 + 2), 0x111u);
    EXPECT_EQ(b.csr(csr::pmpaddr0 + 3), 0x55u) << "below a locked NAPOT is free";
    EXPECT_EQ(b.csr(csr::pmpaddr0 + 4), 0x222u);
    b.set_csr(csr::pmpcfg0, 0);
    EXPECT_EQ(b.csr(csr::pmpcfg0), before);
    b.set_csr(csr::pmpcfg0, 0x0707'0707'0707'0707);
    EXPECT_EQ(b.csr(csr::pmpcfg0), 0x0707'0798'0789'0707u);
    reset_hart(b.hart(), kCode);
    EXPECT_EQ(b.csr(csr::pmpcfg0), 0u);
  });
}

TEST(Behaviour18, Pmp_Permissions_EveryCombination) {
  for (const uint64_t config : {uint64_t{0}, kR, kR | kW, kX, kR | kX, kR | kW | kX}) {
    under_every_cache(closed(), [&](Bench& b) {
      set_entry(b, 1, kEverything, kNapot | kR | kW | kX);
      set_entry(b, 0, napot(kData, 0x1000), kNapot | config);
      for (const Privilege mode : {kS, kU}) {
        expect_load(b, mode, kData, config & kR);
        expect_access(b, mode, insn::lr_w(t0, a0), kData, config & kR, cause::kLoadAccess);
        expect_access(b, mode, insn::sc_w(t0, t1, a0), kData, config & kW, cause::kStoreAccess);
        expect_access(b, mode, insn::amoadd_w(t0, zero, a0), kData, config & kW, cause::kStoreAccess);
        expect_store(b, mode, kData + 8, config & kW);
        b.write(kData, insn::kSelf);
        b.start(kData, mode);
        b.run_quietly(1);
        if (config & kX)
          EXPECT_EQ(b.pc(), kData);
        else
          b.expect_machine_trap({cause::kFetchAccess, kData, kData});
      }
      b.note();
    });
  }
}

// The walk's own accesses are checked as loads in S (3.7.2): "the access type of the original access is
// reported".
TEST(Behaviour18, Pmp_PageTablesRefused_AccessFaultOfTheOriginalKind) {
  under_every_cache(closed(), [](Bench& b) {
    set_entry(b, 1, kEverything, kNapot | kR | kW | kX);
    set_entry(b, 0, napot(kTables, 0x1000), kNapot | kW | kR);
    PageTables tables(b);
    tables.identity();
    b.put(kCode, {insn::ld(t0, 0, a0), insn::kNop});
    b.set_x(a0, kData);
    b.start(kCode, kS, tables.satp());
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 4);
    set_entry(b, 0, napot(kTables, 0x1000), kNapot | kX);  // the root cannot be read now
    b.run(1);
    b.expect_machine_trap({cause::kFetchAccess, kCode + 4, kCode + 4});
    b.set_bits(csr::mstatus, status::kMprv | status::kMppS);
    b.start(kCode, kM, tables.satp());
    b.run(1);
    b.expect_machine_trap({cause::kLoadAccess, kCode, kData});
    b.put(kCode, {insn::sd(t0, 0, a0)});
    b.clear_bits(csr::mstatus, status::kMpp);
    b.set_bits(csr::mstatus, status::kMprv | status::kMppS);
    b.start(kCode, kM, tables.satp());
    b.run(1);
    b.expect_machine_trap({cause::kStoreAccess, kCode, kData});
  });
}

// A change is seen by the next access and the next instruction, in code that has run before.
TEST(Behaviour18, Pmp_Changed_NextAccessAndFetchSeeIt) {
  under_every_cache(closed(), [](Bench& b) {
    set_entry(b, 1, kEverything, kNapot | kR | kW | kX);
    set_entry(b, 0, napot(kData, 0x1000), kNapot | kR | kW | kLock);
    b.put(kCode, {insn::sd(zero, 0, a0), insn::addi(t0, t0, 1), insn::jal(zero, -8)});
    b.set_x(a0, kData);
    b.start(kCode, kM);
    b.run(300);
    EXPECT_EQ(b.x(t0), 100u);
    // M writes its own fate: entry 2, locked, read-only, over the data; entry 0 already allows, and decides.
    set_entry(b, 2, napot(kData, 0x2000), kNapot | kR | kLock);
    b.run(3);
    EXPECT_EQ(b.x(t0), 101u);
    b.set_x(a0, kData + 0x1000);
    set_entry(b, 1, 0, 0);
    b.run(1);
    b.expect_machine_trap({cause::kStoreAccess, kCode, kData + 0x1000});
    // The running code page becomes not executable.
    b.put(kCode, {insn::csrw(csr::pmpcfg0 + 2, a1), insn::kNop});
    b.set_csr(csr::pmpaddr0 + 8, napot(kCode, 0x1000));
    b.set_x(a1, kNapot | kR | kLock);
    b.start(kCode);
    b.run(2);
    b.expect_machine_trap({cause::kFetchAccess, kCode + 4, kCode + 4});
  });
}

// A page that PMP splits: code and data on either side of a line inside it.
TEST(Behaviour18, Pmp_PageSplit_EachByteByItsOwnRule) {
  under_every_cache(closed(), [](Bench& b) {
    set_entry(b, 1, (kData + 0x800) >> 2, 0);
    set_entry(b, 2, (kData + 0x1000) >> 2, kTor);  // the upper half of the data page: nothing
    set_entry(b, 3, kEverything, kNapot | kR | kW | kX);
    expect_load(b, kS, kData + 0x7ff, true);
    expect_load(b, kS, kData + 0x800, false);
    expect_store(b, kS, kData + 0x7f8, true);
    expect_store(b, kS, kData + 0xfff, false);
    expect_access(b, kS, insn::ld(t0, 0, a0), kData + 0x7fc, false, cause::kLoadAccess);
    // Code that runs over the line.
    b.put(kData + 0x7f8, {insn::addi(t0, zero, 1), insn::addi(t0, zero, 2), insn::addi(t0, zero, 3)});
    b.start(kData + 0x7f8, kS);
    b.run(3);
    b.expect_machine_trap({cause::kFetchAccess, kData + 0x800, kData + 0x800});
    EXPECT_EQ(b.x(t0), 2u);
    // And an instruction over it: its second half is refused.
    b.put(kData + 0x7fe, {insn::addi(t0, zero, 3)});
    b.start(kData + 0x7fe, kS);
    b.run(1);
    b.expect_machine_trap({cause::kFetchAccess, kData + 0x7fe, kData + 0x800});
  });
}

TEST(Behaviour18, Pmp_CsrsThatRv64DoesNotHave_AreIllegal) {
  under_every_cache([](Bench& b) {
    for (const unsigned number : {0x3a1u, 0x3a3u, 0x3a4u, 0x3c0u, 0x3efu}) {
      b.put(kCode, {insn::csrr(t0, number)});
      b.start(kCode);
      b.run(1);
      b.expect_machine_trap({cause::kIllegal, kCode, insn::csrr(t0, number)});
    }
  });
}

TEST(Behaviour18, NoPmp_NoCsrsAndNoChecks) {
  Board board;
  board.config.pmp = false;
  under_every_cache(board, [](Bench& b) {
    expect_load(b, kS, kData, true);
    expect_store(b, kU, kData, true);
    b.put(kCode, {insn::csrr(t0, csr::pmpcfg0)});
    b.start(kCode);
    b.run(1);
    b.expect_machine_trap({cause::kIllegal, kCode, insn::csrr(t0, csr::pmpcfg0)});
  });
}

}  // namespace
}  // namespace vitrine::bench
