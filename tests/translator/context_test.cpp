// SPDX-License-Identifier: MIT
// What an access or an instruction means depends on state that code changes as it runs: address space, SUM,
// MXR, MPRV, PMP, page-table entries, extensions, rounding mode. Every test runs the same site before and
// after the change, many times, so that whatever was remembered for it is wrong.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"
#include "tests/translator/guest_code.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000;
constexpr uint64_t kOther = kData + 0x1000;

// 1 at kData, 100 at kOther.
void put_numbers(Bench& b) {
  b.write64(kData, 1);
  b.write64(kOther, 100);
}

// --- Loads and stores

TEST(Context, SatpSwitch_SameSiteOtherPage) {
  like_the_interpreter([](Bench& b) {
    PageTables one(b, kTables), two(b, kTables + 0x4'0000);
    one.identity().map(kVirtual, kData, pte::kReadWrite);
    two.identity().map(kVirtual, kOther, pte::kReadWrite);
    put_numbers(b);
    b.put(kCode, {insn::ld(t0, 0, a0), insn::add(t1, t1, t0), insn::sd(t1, 8, a0),
                  insn::csrrw(a1, csr::satp, a1), insn::jal(zero, -16)});
    b.set_x(a0, kVirtual);
    b.set_x(a1, two.satp());
    b.start(kCode, kS, one.satp());
    b.run(5 * 200);
    EXPECT_EQ(b.x(t1), 100u * 101);
    EXPECT_EQ(b.read64(kOther + 8), 100u * 101);
    EXPECT_EQ(b.read64(kData + 8), 100u * 101 - 100);
  });
}

// satp between bare and paged: what is mapped one to one in one, and elsewhere in the other.
TEST(Context, SatpBareAndBack_SameSiteOtherPage) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kData, kOther, pte::kReadWrite);
    put_numbers(b);
    b.put(kCode,
          {insn::ld(t0, 0, a0), insn::add(t1, t1, t0), insn::csrrw(a1, csr::satp, a1), insn::jal(zero, -12)});
    b.set_x(a0, kData);
    b.set_x(a1, tables.satp());
    b.start(kCode, kS);
    b.run(4 * 200);
    EXPECT_EQ(b.x(t1), 100u * 101);
  });
}

// A user page, read by the supervisor with SUM set and clear in turn: every other access faults.
TEST(Context, SumToggled_EveryOtherAccessFaults) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kData, pte::kReadWrite | pte::U);
    skip_traps(b);
    b.put(kCode,
          {insn::ld(t0, 0, a0), insn::sd(t0, 0, a0), insn::csrrs(zero, csr::sstatus, a2), insn::ld(t1, 0, a0),
           insn::sd(t1, 0, a0), insn::csrrc(zero, csr::sstatus, a2), insn::jal(zero, -24)});
    b.set_x(a0, kVirtual);
    b.set_x(a2, status::kSum);
    b.start(kCode, kS, tables.satp());
    // A round: seven instructions, of which two trap: entry, five of the handler.
    b.run((7 + 2 * 5) * 50);
    EXPECT_EQ(b.x(s4), 100u);
  });
}

// The same site with SUM set and clear: one subroutine.
TEST(Context, SumToggled_OneSite) {
  like_the_interpreter([](Bench& b) {
    start_with_sum_toggled(b, kVirtual, {insn::ld(t0, 0, a0), insn::addi(t1, t1, 1), insn::jalr(zero, 0, ra)});
    b.run((11 + 5) * 50);
    EXPECT_EQ(b.x(s4), 50u);
    EXPECT_EQ(b.x(t1), 100u);
  });
}

TEST(Context, MxrToggled_OneSite) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kData, pte::V | pte::X | pte::A);
    skip_traps(b);
    b.put(kCode, {insn::jal(ra, 0x40), insn::csrrs(zero, csr::sstatus, a2), insn::jal(ra, 0x38),
                  insn::csrrc(zero, csr::sstatus, a2), insn::jal(zero, -16)});
    b.put(kCode + 0x40, {insn::ld(t0, 0, a0), insn::addi(t1, t1, 1), insn::jalr(zero, 0, ra)});
    b.set_x(a0, kVirtual);
    b.set_x(a2, status::kMxr);
    b.start(kCode, kS, tables.satp());
    b.run((11 + 5) * 50);
    EXPECT_EQ(b.x(s4), 50u);
  });
}

// Machine mode: its own addresses with MPRV clear, the supervisor's with MPRV set.
TEST(Context, MprvToggled_OneSite) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.map(kData, kOther, pte::kReadWrite);
    put_numbers(b);
    b.put(kCode, {insn::jal(ra, 0x40), insn::csrrs(zero, csr::mstatus, a2), insn::jal(ra, 0x38),
                  insn::csrrc(zero, csr::mstatus, a2), insn::jal(zero, -16)});
    b.put(kCode + 0x40, {insn::ld(t0, 0, a0), insn::add(t1, t1, t0), insn::jalr(zero, 0, ra)});
    b.set_x(a0, kData);
    b.set_x(a2, status::kMprv);
    b.set_bits(csr::mstatus, status::kMppS);
    b.start(kCode, kM, tables.satp());
    b.run(11 * 50);
    EXPECT_EQ(b.x(t1), 50u * 101);
  });
}

TEST(Context, PmpClosesAPage_NextAccessFaults) {
  Board board;
  board.open_pmp = false;
  like_the_interpreter(board, [](Bench& b) {
    // Entry 0: kData's page; entry 1: everything.
    b.set_csr(csr::pmpaddr0, (kData >> 2) | 0x1ff);
    b.set_csr(csr::pmpaddr0 + 1, (uint64_t{1} << 54) - 1);
    b.set_csr(csr::pmpcfg0, 0x1f1f);
    skip_traps(b);
    b.put(kCode, {insn::ld(t0, 0, a0), insn::sd(t0, 0, a0), insn::addi(t1, t1, 1), insn::kEcall,
                  insn::jal(zero, -16)});
    // The handler of ecall and of faults opens or closes the page.
    b.put(kRam + 0x9000, {insn::csrr(t3, csr::mepc), insn::addi(t3, t3, 4), insn::csrw(csr::mepc, t3),
                          insn::addi(s4, s4, 1), insn::csrrw(a1, csr::pmpcfg0, a1), insn::kMret});
    b.set_csr(csr::mtvec, kRam + 0x9000);
    b.set_x(a0, kData);
    b.set_x(a1, 0x1f18);  // entry 0: nothing allowed
    b.start(kCode, kS);
    for (unsigned i = 0; i < 10; ++i) b.run(97);
    EXPECT_GT(b.x(s4), 100u);
  });
}

// The guest writes its page table between two accesses of one site.
TEST(Context, PteWritten_SameSiteOtherPage) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
    const uint64_t entry = tables.map(kVirtual, kData, pte::kReadWrite);
    put_numbers(b);
    b.put(kCode, {insn::ld(t0, 0, a0), insn::add(t1, t1, t0), insn::sd(t1, 16, a0), insn::sd(a2, 0, a1),
                  insn::c_mv(t2, a2), insn::c_mv(a2, a3), insn::c_mv(a3, t2), insn::c_addi(s0, 1),
                  insn::jal(zero, -24)});
    b.set_x(a0, kVirtual);
    b.set_x(a1, entry);
    b.set_x(a2, pte::make(kOther, pte::kReadWrite));
    b.set_x(a3, pte::make(kData, pte::kReadWrite));
    b.start(kCode, kS, tables.satp());
    b.run(9 * 200);
    EXPECT_EQ(b.x(t1), 100u * 101);
  });
}

// A and D are set anew when the guest has cleared them, at each access.
TEST(Context, AccessedAndDirtyCleared_SetAgain) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
    const uint64_t entry = tables.map(kVirtual, kData, pte::kReadWrite);
    b.set_csr(csr::menvcfg, b.csr(csr::menvcfg) | uint64_t{1} << 61);
    b.put(kCode, {insn::sd(a2, 0, a1), insn::ld(t0, 0, a0), insn::ld(t1, 0, a1), insn::sd(t0, 0, a0),
                  insn::ld(t2, 0, a1), insn::jal(zero, -20)});
    b.set_x(a0, kVirtual);
    b.set_x(a1, entry);
    b.set_x(a2, pte::make(kData, pte::V | pte::R | pte::W));
    b.start(kCode, kS, tables.satp());
    b.run(6 * 50);
    EXPECT_EQ(b.x(t1) & (pte::A | pte::D), pte::A);
    EXPECT_EQ(b.x(t2) & (pte::A | pte::D), pte::A | pte::D);
  });
}

// A site stores into a page for a long time before that page is run; then the same store has to be noticed.
TEST(Context, StoreSite_PageBecomesCode) {
  like_the_interpreter([](Bench& b) {
    b.put(kData, {insn::addi(t0, t0, 1), insn::jalr(zero, 0, ra)});
    b.put(kCode, {insn::sw(a1, 0, a0), insn::addi(t1, t1, 1), insn::bne(t1, a2, -8), insn::jalr(ra, 0, a0),
                  insn::addi(a1, a1, 0), insn::add(a1, a1, a3), insn::jal(zero, -24)});
    b.set_x(a0, kData);
    b.set_x(a1, insn::addi(t0, t0, 1));
    b.set_x(a2, 50);
    b.set_x(a3, 1 << 20);
    b.run(3 * 50 + 3 + 3);  // fifty stores, the call of what was stored
    EXPECT_EQ(b.x(t0), 1u);
    b.set_x(a2, 51);
    b.run(3 + 3 + 3);  // one more, and the call
    EXPECT_EQ(b.x(t0), 1u + 2);
  });
}

// The same for a page that becomes a page table: the walk must see the store.
TEST(Context, StoreSite_PageBecomesATable) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
    put_numbers(b);
    const uint64_t entry = tables.map(kVirtual, kData, pte::kReadWrite);
    b.put(kCode, {insn::sd(a2, 0, a1), insn::jalr(zero, 0, ra)});  // the site
    b.put(kCode + 0x40, {insn::jal(ra, -0x40), insn::jal(ra, -0x44), insn::ld(t0, 0, a0), insn::c_mv(a2, a3),
                         insn::c_addi(s0, 1), insn::jal(ra, -0x50), insn::ld(t1, 0, a0), insn::kSelf});
    b.set_x(a0, kVirtual);
    b.set_x(a1, entry);
    b.set_x(a2, pte::make(kData, pte::kReadWrite));
    b.set_x(a3, pte::make(kOther, pte::kReadWrite));
    b.start(kCode + 0x40, kS, tables.satp());
    b.run(20);
    EXPECT_EQ(b.x(t0), 1u);
    EXPECT_EQ(b.x(t1), 100u);
  });
}

// More access sites than predictions, all over memory; misaligned ones, and such as cross pages and 64-byte
// lines.
TEST(Context, ManySites_Misaligned) {
  like_the_interpreter([](Bench& b) {
    std::vector<Word> program;
    for (int64_t i = 0; i < 100; ++i) {
      program.emplace_back(insn::sd(a1, 7 * i, a0));
      program.emplace_back(insn::lhu(t0, 7 * i + 3, a0));
      program.emplace_back(insn::add(a1, a1, t0));
      program.emplace_back(insn::sh(a1, 7 * i - 1, a0));
    }
    program.emplace_back(insn::add(a0, a0, a2));
    program.emplace_back(insn::jal(zero, -4 * static_cast<int64_t>(program.size())));
    b.put(kCode, program);
    b.set_x(a0, kData + 0xfd3);
    b.set_x(a1, 0x0123'4567'89ab'cdef);
    b.set_x(a2, 0x335);
    for (unsigned i = 0; i < 10; ++i) b.run(402 * 3 + 17);
  });
}

// One site goes byte by byte over the end of a page whose neighbour is elsewhere in memory.
TEST(Context, OverTheEndOfAPage_NeighbourIsElsewhere) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_pages(kVirtual, {kData, kData + 0x5000}, pte::kReadWrite);
    for (uint64_t i = 0; i < 32; i += 8) {
      b.write64(kData + 0xfe0 + i, 0x1111'1111'1111'1111);
      b.write64(kData + 0x1000 + i, 0x2222'2222'2222'2222);  // behind it for the host only
      b.write64(kData + 0x5000 + i, 0x3333'3333'3333'3333);
    }
    b.put(kCode, {insn::ld(t0, 0, a0), insn::lw(t1, 0, a0), insn::lhu(t2, 0, a0), insn::sub(a1, a1, t0),
                  insn::add(a1, a1, t1), insn::add(a1, a1, t2), insn::addi(a0, a0, 1), insn::bne(a0, a2, -28),
                  insn::kSelf});
    b.set_x(a0, kVirtual + 0xff0);
    b.set_x(a2, kVirtual + 0xffd);
    b.start(kCode, kS, tables.satp());
    b.run(8 * 13 + 5);
    EXPECT_EQ(b.x(t0), 0x3333'3333'1111'1111u) << "four bytes of each";
    // The same with stores, of which none may reach the host's neighbour.
    b.put(kCode + 0x100, {insn::sd(a1, 0, a0), insn::sw(a1, 0, a0), insn::sh(a1, 0, a0),
                          insn::addi(a0, a0, 1), insn::bne(a0, a2, -16), insn::kSelf});
    b.set_x(a0, kVirtual + 0xff0);
    b.set_x(a2, kVirtual + 0x1000);
    b.start(kCode + 0x100, kS, tables.satp());
    b.run(5 * 16 + 5);
    EXPECT_EQ(b.read64(kData + 0x1000), 0x2222'2222'2222'2222u);
  });
}

// --- Instructions

// misa: C goes while blocks of compressed instructions exist, and comes back.
TEST(Context, MisaWithoutC_CompressedIsIllegal) {
  like_the_interpreter([](Bench& b) {
    skip_traps(b);
    b.put(kCode,
          {insn::csrrc(zero, csr::misa, a2), insn::addi(t0, t0, 1), insn::c_addi(t2, 1), insn::c_addi(t2, 1),
           insn::csrrs(zero, csr::misa, a2), insn::c_addi(t1, 1), insn::c_addi(t1, 1), insn::jal(zero, -20)});
    b.set_x(a2, 1 << 2);
    b.run(12 * 30);
    EXPECT_EQ(b.x(t0), 30u);
    EXPECT_EQ(b.x(t1), 60u);
    EXPECT_EQ(b.x(t2), 0u);
    EXPECT_EQ(b.x(s4), 30u);
  });
}

// Without C, a jump to an odd halfword traps at the jump; with it, it is done.
TEST(Context, MisaWithoutC_JumpIntoTheMiddleTraps) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode,
          {insn::csrrc(zero, csr::misa, a2), insn::addi(t0, t0, 1), insn::jalr(zero, 0, a0), insn::kSelf});
    b.put(kCode + 0x42, {insn::addi(t1, t1, 1), insn::jalr(zero, 0, a1)});
    b.set_x(a0, kCode + 0x42);
    b.set_x(a1, kCode + 4);
    b.start(kCode + 4);
    b.run(40);  // ten rounds with C
    EXPECT_EQ(b.x(t1), 10u);
    b.set_x(a2, 1 << 2);
    b.start(kCode);
    b.run(3);
    b.expect_machine_trap({cause::kFetchMisaligned, kCode + 8, kCode + 0x42});
  });
}

// frm is written in front of instructions that round as it says: 1 / 3 down, up, down, up...
TEST(Context, RoundingModeWritten_NextInstructionRoundsSo) {
  static constexpr uint64_t kThirdDown = 0x3fd5'5555'5555'5555, kThirdUp = kThirdDown + 1;
  like_the_interpreter([&](Bench& b) {
    b.set_bits(csr::mstatus, status::kFsInitial);
    b.put(kCode, {insn::fdiv(insn::kD, 1, 2, 3), insn::fmv_x(insn::kD, a0, 1),  // to nearest: down
                  insn::csrrwi(zero, csr::frm, insn::kRup), insn::fdiv(insn::kD, 1, 2, 3),
                  insn::fmv_x(insn::kD, a1, 1), insn::csrrwi(zero, csr::fcsr, insn::kRdn << 5 & 31),
                  insn::fdiv(insn::kD, 1, 2, 3), insn::fmv_x(insn::kD, a2, 1), insn::csrr(a3, csr::fflags),
                  insn::csrrwi(zero, csr::frm, insn::kRne), insn::jal(zero, -40)});
    b.set_f(2, 0x3ff0'0000'0000'0000);
    b.set_f(3, 0x4008'0000'0000'0000);
    b.run(11 * 30);
    EXPECT_EQ(b.x(a0), kThirdDown);
    EXPECT_EQ(b.x(a1), kThirdUp);
    EXPECT_EQ(b.x(a2), kThirdDown);
    EXPECT_EQ(b.x(a3), 1u) << "inexact, since fcsr was cleared";
  });
}

// The flags that generated code leaves to the host are in fflags whenever somebody looks.
TEST(Context, FloatFlags_SeenByCsrTrapAndMemory) {
  like_the_interpreter([](Bench& b) {
    b.set_bits(csr::mstatus, status::kFsInitial);
    b.put(kCode, {insn::csrrwi(zero, csr::fflags, 0), insn::fdiv(insn::kD, 1, 2, 0),
                  insn::csrr(a0, csr::fflags),                               // 1 / 0: DZ
                  insn::fadd(insn::kD, 1, 2, 3), insn::csrr(a1, csr::fcsr),  // 1 + tiny: NX
                  insn::csrrwi(a2, csr::fflags, 0), insn::fmul(insn::kD, 1, 4, 4),
                  insn::ld(t0, 0, zero)});  // OF, NX; a trap
    b.set_f(2, 0x3ff0'0000'0000'0000);
    b.set_f(3, 0x0010'0000'0000'0000);
    b.set_f(4, 0x7fe0'0000'0000'0000);
    for (unsigned i = 0; i < 5; ++i) {
      b.start(kCode);
      b.run(8);
      EXPECT_EQ(b.x(a0), 8u);
      EXPECT_EQ(b.x(a1), 9u);
      EXPECT_EQ(b.x(a2), 9u);
      b.expect_machine_trap({cause::kLoadAccess, kCode + 28, 0});
      EXPECT_EQ(b.csr(csr::fflags), 5u);
    }
  });
}

// What the program's flags were before, a flag-raising host operation of ours must not leak into.
TEST(Context, NoFloatInTheGuest_NoFlags) {
  like_the_interpreter([](Bench& b) {
    b.set_bits(csr::mstatus, status::kFsInitial);
    b.put(kCode,
          {insn::addi(t0, t0, 1), insn::ld(t1, 0, gp), insn::csrr(a0, csr::fflags), insn::jal(zero, -12)});
    b.set_x(gp, kData);
    b.run(100);
    EXPECT_EQ(b.x(a0), 0u);
    EXPECT_EQ(b.csr(csr::mstatus) & status::kFs, status::kFsInitial) << "reading flags dirties nothing";
  });
}

}  // namespace
}  // namespace vitrine::bench
