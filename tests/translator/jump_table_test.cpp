// SPDX-License-Identifier: MIT
// Jump tables (core/memory_port.h): jumps to other pages go where they went before, as long as that is right. Every test
// jumps somewhere often enough for its target to be in the table, and then makes that target wrong.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000;
constexpr uint64_t kFar = kVirtual + 0x1000;         // where functions are mapped
constexpr uint32_t kReturn = insn::jalr(zero, 0, ra);
constexpr unsigned kRounds = 200;
constexpr int kCallsARound = 4;  // the first finds the page, the second notes the target

// A function that counts 1 at kCode + 0x1000, and one that counts 100 on the next page.
void put_functions(Bench& b) {
  b.put(kCode + 0x1000, {insn::addi(t0, t0, 1), kReturn});
  b.put(kCode + 0x2000, {insn::addi(t0, t0, 100), kReturn});
}
constexpr uint64_t kOne = kCode + 0x1000, kHundred = kCode + 0x2000;

// The two ways to jump far: to a known address (its page is the next one), and to the one in a register.
constexpr uint32_t kCalls[] = {insn::jal(ra, 0x1000), insn::jalr(ra, 0, a5)};

// Twenty functions 2 KiB apart want one place of the table.
TEST(JumpTable, TargetsThatShareAPlace) {
  static_assert(core::JumpTable::place(kCode) == core::JumpTable::place(kCode + 2 * core::kJumps));
  like_the_interpreter([](Bench& b) {
    for (unsigned i = 0; i < 20; ++i)
      b.put(kCode + 0x1000 + i * 2 * core::kJumps, {insn::addi(t0, t0, static_cast<int>(i)), kReturn});
    b.put(kCode, {insn::jalr(ra, 0, a5), insn::add(a5, a5, a1), insn::addi(a0, a0, -1), insn::bne(a0, zero, -12),
                  insn::sub(a5, a5, a2), insn::addi(a0, zero, 20), insn::jal(zero, -24)});
    b.set_x(a5, kCode + 0x1000);
    b.set_x(a0, 20);
    b.set_x(a1, 2 * core::kJumps);
    b.set_x(a2, 20 * 2 * core::kJumps);
    b.start(kCode);
    b.run((20 * 6 + 3) * kRounds);
    EXPECT_EQ(b.x(t0), 190u * kRounds);
  });
}

// Addresses that agree with a known target in their lowest bits, in 39 of them, in all but the sign.
TEST(JumpTable, TargetsThatLookAlike) {
  for (const uint64_t other : {uint64_t{1} << 63, uint64_t{1} << 40, uint64_t{1} << 32, uint64_t{2 * core::kJumps}, ~kCode})
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map(kFar, kOne, pte::kExecute);
      put_functions(b);
      b.put(kCode, {insn::jalr(ra, 0, a5), insn::addi(a0, a0, -1), insn::bne(a0, zero, -8), insn::add(a5, zero, a4),
                    insn::jal(zero, -16)});
      b.put(kCode + 0x100, {insn::csrr(t1, csr::scause), insn::add(t2, t2, t1), insn::csrw(csr::sepc, a3), insn::kSret});
      b.put(kCode + 0x200, {insn::add(a5, zero, a2), insn::addi(a0, zero, 40), insn::jal(zero, -0x208)});
      b.set_csr(csr::stvec, kCode + 0x100);
      b.set_csr(csr::medeleg, 0xb3ff);
      b.set_x(a0, 40);
      b.set_x(a2, kFar);
      b.set_x(a3, kCode + 0x200);
      b.set_x(a4, kFar ^ other);
      b.set_x(a5, kFar);
      b.start(kCode, kS, tables.satp());
      b.set_csr(csr::sstatus, 0x100);  // sret stays in S
      b.run(5000);
      EXPECT_GT(b.x(t0), 400u);
      EXPECT_NE(b.x(t2), 0u) << "nothing is there";
    });
}

// The function's page-table entry is written between calls; before it another one of the same table, once, or so often that
// the table is no longer watched, and all that came from it goes.
TEST(JumpTable, TargetRemapped) {
  for (const uint32_t call : kCalls)
    for (const unsigned writes : {1u, 41u})
      like_the_interpreter([&](Bench& b) {
        PageTables tables(b);
        tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
        const uint64_t entry = tables.map(kFar, kOne, pte::kExecute);
        tables.map(kVirtual, kCode, pte::kExecute);
        put_functions(b);
        b.put(kCode, {call, insn::addi(a3, a3, -1), insn::bne(a3, zero, -8), insn::addi(a3, zero, kCallsARound),
                      insn::sub(a1, a2, a1), insn::addi(a0, zero, static_cast<int>(writes)), insn::sd(zero, 64, a4),
                      insn::addi(a0, a0, -1), insn::bne(a0, zero, -8), insn::sd(a1, 0, a4), insn::jal(zero, -40)});
        b.set_x(a1, pte::make(kOne, pte::kExecute));
        b.set_x(a2, pte::make(kOne, pte::kExecute) + pte::make(kHundred, pte::kExecute));
        b.set_x(a3, kCallsARound);
        b.set_x(a4, entry);
        b.set_x(a5, kFar);
        b.start(kVirtual, kS, tables.satp());
        b.run((5 * kCallsARound + 5 + 3 * writes) * kRounds);
        EXPECT_EQ(b.x(t0), kRounds / 2 * kCallsARound * 101u);
      });
}

// Before the entry is written, a page a megabyte further takes the function's place in the code View, which then knows
// nothing of it.
TEST(JumpTable, TargetRemapped_WhenTheViewHasForgottenIt) {
  for (const uint32_t call : kCalls)
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      constexpr uint64_t kSamePlace = kFar + core::kCodeEntries * core::kPageSize;
      tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
      const uint64_t entry = tables.map(kFar, kOne, pte::kExecute);
      tables.map(kVirtual, kCode, pte::kExecute);
      tables.map(kSamePlace, kCode + 0x3000, pte::kExecute);
      put_functions(b);
      b.put(kCode + 0x3010, {insn::addi(t1, t1, 1), kReturn});
      b.put(kCode, {call, insn::addi(a3, a3, -1), insn::bne(a3, zero, -8), insn::addi(a3, zero, kCallsARound),
                    insn::jalr(ra, 0, a0), insn::sub(a1, a2, a1), insn::sd(a1, 0, a4), insn::jal(zero, -28)});
      b.set_x(a0, kSamePlace + 0x10);
      b.set_x(a1, pte::make(kOne, pte::kExecute));
      b.set_x(a2, pte::make(kOne, pte::kExecute) + pte::make(kHundred, pte::kExecute));
      b.set_x(a3, kCallsARound);
      b.set_x(a4, entry);
      b.set_x(a5, kFar);
      b.start(kVirtual, kS, tables.satp());
      b.run((5 * kCallsARound + 7) * kRounds);
      EXPECT_EQ(b.x(t0), kRounds / 2 * kCallsARound * 101u);
    });
}

// The function's instruction is written, through another mapping of its page.
TEST(JumpTable, TargetRewritten) {
  for (const uint32_t call : kCalls)
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map(kVirtual, kCode, pte::kExecute);
      tables.map(kFar, kOne, pte::kExecute);
      put_functions(b);
      b.put(kCode, {call, insn::addi(a0, a0, -1), insn::bne(a0, zero, -8), insn::sub(a1, a2, a1), insn::sw(a1, 0, a4),
                    insn::addi(a0, zero, 50), insn::jal(zero, -24)});
      b.set_x(a0, 50);
      b.set_x(a1, insn::addi(t0, t0, 1));
      b.set_x(a2, uint64_t{insn::addi(t0, t0, 1)} + insn::addi(t0, t0, 100));
      b.set_x(a4, kOne);
      b.set_x(a5, kFar);
      b.start(kVirtual, kS, tables.satp());
      b.run((50 * 5 + 4) * 20);
      EXPECT_EQ(b.x(t0), 50u * 10 * 101);
    });
}

// Two spaces have different functions at one address.
TEST(JumpTable, OtherSpace) {
  for (const uint32_t call : kCalls)
    like_the_interpreter([&](Bench& b) {
      PageTables one(b, kTables), two(b, kTables + 0x4'0000);
      one.identity().map_pages(kVirtual, {kCode, kOne}, pte::kExecute);
      two.identity().map_pages(kVirtual, {kCode, kHundred}, pte::kExecute);
      put_functions(b);
      b.put(kCode, {call, insn::csrrw(a1, csr::satp, a1), insn::jal(zero, -8)});
      b.set_x(a1, two.satp());
      b.set_x(a5, kFar);
      b.start(kVirtual, kS, one.satp());
      b.run(5 * kRounds);
      EXPECT_EQ(b.x(t0), kRounds / 2 * 101u);
    });
}

// What S jumps to, U may not: the same jump of the same bytes.
TEST(JumpTable, OtherPrivilege) {
  for (const uint32_t call : kCalls)
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map_pages(kVirtual, {kCode, kOne}, pte::kExecute);
      tables.map_pages(kVirtual + 0x10'0000, {kCode, kHundred}, pte::kExecute | pte::U);
      put_functions(b);
      // In S at kVirtual; the ecall of U comes to kCode + 0x100, goes on in U with the function that only S may run.
      b.put(kCode, {call, insn::addi(a0, a0, -1), insn::bne(a0, zero, -8), insn::csrw(csr::sepc, a2), insn::kSret});
      b.put(kCode + 0x80, {insn::jalr(ra, 0, a3), insn::jalr(ra, 0, a5), insn::kSelf});
      b.put(kCode + 0x100, {insn::csrr(t1, csr::scause), insn::add(t2, t2, t1), insn::addi(a0, zero, 40), insn::jalr(zero, 0, a4)});
      b.set_csr(csr::stvec, kCode + 0x100);
      b.set_csr(csr::medeleg, 0xb3ff);
      b.set_x(a0, 40);
      b.set_x(a2, kVirtual + 0x10'0080);
      b.set_x(a3, kVirtual + 0x10'1000);
      b.set_x(a4, kVirtual);
      b.set_x(a5, kFar);
      b.start(kVirtual, kS, tables.satp());
      b.run(10'000);
      EXPECT_GT(b.x(t2), 12u * 20) << "an instruction page fault each time";
    });
}

}  // namespace
}  // namespace vitrine::bench
