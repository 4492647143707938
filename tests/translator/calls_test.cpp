// SPDX-License-Identifier: MIT
// Calls and returns of the guest are calls and returns of the host: guests that return elsewhere than they were called
// from, deeper than any stack, or into code that is no longer there.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000;
constexpr uint32_t kReturn = insn::jalr(zero, 0, ra);

TEST(Calls, EveryLinkRegister) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::jal(ra, 0x40), insn::jal(t0, 0x4c), insn::addi(a0, a0, 1), insn::jalr(ra, 0, a2), insn::jalr(t0, 0, a3),
                  insn::jal(zero, -20)});
    b.put(kCode + 0x40, {insn::addi(a1, a1, 1), kReturn});
    b.put(kCode + 0x50, {insn::addi(a1, a1, 16), insn::jalr(zero, 0, t0)});
    b.set_x(a2, kCode + 0x40);
    b.set_x(a3, kCode + 0x50);
    b.start(kCode);
    b.run(14 * 300);
    EXPECT_EQ(b.x(a0), 300u);
    EXPECT_EQ(b.x(a1), 34u * 300);
  });
}

// The callee returns behind the instruction after the call, every second time.
TEST(Calls, ReturnElsewhere) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::jal(ra, 0x40), insn::addi(a0, a0, 1), insn::addi(a1, a1, 1), insn::jal(zero, -12)});
    b.put(kCode + 0x40, {insn::xori(a2, a2, 4), insn::add(ra, ra, a2), kReturn});
    b.start(kCode);
    b.run((7 + 6) * 300);
    EXPECT_EQ(b.x(a0), 300u);
    EXPECT_EQ(b.x(a1), 600u);
  });
}

// Returns without calls, and calls without returns, far more than a stack holds.
TEST(Calls, UnpairedForEver) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::addi(a0, a0, 1), kReturn});
    b.set_x(ra, kCode);
    b.start(kCode);
    b.run(200'000);
    EXPECT_EQ(b.x(a0), 100'000u);
    b.put(kCode + 0x100, {insn::addi(a1, a1, 1), insn::jal(ra, -4)});
    b.start(kCode + 0x100);
    b.run(200'000);
    EXPECT_EQ(b.x(a1), 100'000u);
  });
}

// A recursion of 3,000 calls and as many returns.
TEST(Calls, DeepRecursion) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::addi(a0, zero, 1500), insn::addi(a0, a0, 1500), insn::jal(ra, 0x38), insn::jal(zero, -12)});
    b.put(kCode + 0x40, {insn::addi(sp, sp, -8), insn::sd(ra, 0, sp), insn::beq(a0, zero, 12), insn::addi(a0, a0, -1),
                         insn::jal(ra, -16), insn::ld(ra, 0, sp), insn::addi(sp, sp, 8), insn::addi(a1, a1, 1), kReturn});
    b.set_x(sp, kData + 0x1'0000);
    b.start(kCode);
    b.run(27'500 * 4);
    EXPECT_GT(b.x(a1), 3u * 3001);
  });
}

// Two stacks that call each other's continuations, as a scheduler does.
TEST(Calls, Coroutines) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::addi(a0, a0, 1), insn::jal(ra, 0x7c), insn::addi(a1, a1, 1), insn::jal(ra, 0x74), insn::jal(zero, -16)});
    b.put(kCode + 0x40, {insn::addi(a2, a2, 1), insn::jal(ra, 0x3c), insn::addi(a3, a3, 1), insn::jal(ra, 0x34), insn::jal(zero, -16)});
    b.put(kCode + 0x80, {insn::addi(t1, ra, 0), insn::addi(ra, s5, 0), insn::addi(s5, t1, 0), kReturn});  // switch
    b.set_x(s5, kCode + 0x40);
    b.start(kCode);
    b.run(6 * 1000);
    EXPECT_NEAR(static_cast<double>(b.x(a0)), static_cast<double>(b.x(a3)), 2);
    EXPECT_GT(b.x(a0), 100u);
  });
}

// The last instruction of a page calls; the return goes to the next page.
TEST(Calls, AtThePagesEnd) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode + 0xffc, {insn::jal(ra, 0x404), insn::addi(a0, a0, 1), insn::jal(zero, -8)});
    b.put(kCode + 0x1400, {insn::addi(a1, a1, 1), kReturn});
    b.start(kCode + 0xffc);
    b.run(5 * 300);
    EXPECT_EQ(b.x(a0), 300u);
  });
}

// The callee writes the instruction that it returns to.
TEST(Calls, CalleeWritesItsReturn) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::jal(ra, 0x40), insn::addi(a0, a0, 1), insn::jal(zero, -8)});
    b.put(kCode + 0x40, {insn::sw(a2, 4, a4), insn::sub(a2, a3, a2), kReturn});
    b.set_x(a2, insn::addi(a1, a1, 1));
    b.set_x(a3, uint64_t{insn::addi(a1, a1, 1)} + insn::addi(a0, a0, 1));
    b.set_x(a4, kCode);
    b.start(kCode);
    b.run(6 * 400);
    EXPECT_EQ(b.x(a0), 200u);
    EXPECT_EQ(b.x(a1), 200u);
  });
}

// The callee maps another page where its caller is: the return finds that one. With a fence and without, nothing is stale.
TEST(Calls, CalleeRemapsItsCaller) {
  for (const uint32_t fence : {insn::kNop, insn::sfence_vma(zero, zero)})
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      tables.identity();
      const uint64_t entry = tables.map(kVirtual, kData, pte::kAll);
      tables.map(kVirtual + 0x1000, kData + 0x2000, pte::kAll);
      tables.map(kVirtual + 0x2000, entry & ~uint64_t{0xfff}, pte::kReadWrite);
      for (const uint64_t page : {kData, kData + 0x1000})
        b.put(page, {insn::jal(ra, 0x1000), insn::addi(page == kData ? a0 : a1, page == kData ? a0 : a1, 1), insn::jal(zero, -8)});
      b.put(kData + 0x2000, {insn::sd(a2, 0, a4), insn::sub(a2, a3, a2), fence, kReturn});
      b.set_x(a2, pte::make(kData + 0x1000, pte::kAll));
      b.set_x(a3, pte::make(kData, pte::kAll) + pte::make(kData + 0x1000, pte::kAll));
      b.set_x(a4, kVirtual + 0x2000 + entry % 0x1000);
      b.start(kVirtual, kS, tables.satp());
      b.run(7 * 400);
      EXPECT_EQ(b.x(a0), 200u);
      EXPECT_EQ(b.x(a1), 200u);
    });
}

}  // namespace
}  // namespace vitrine::bench
