// SPDX-License-Identifier: MIT
// Accesses that go everywhere: their sites stop predicting and look into the linear table. How that lookup behaves at
// wild, misaligned, revoked and device addresses, the other tests tell, which all run in a form without predictions.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kPages = 64;
constexpr uint64_t kRounds = 60'000;  // enough for the translator to see it

// Adds to a word of one page after another, as a random number says.
void put_loop(Bench& b, uint64_t at) {
  b.put(at, {insn::muldiv(0, a0, a0, a5), insn::add(a0, a0, a6), insn::srli(a1, a0, 30), insn::r_type(0, a7, a1, 7, a1, 0x33),
             insn::add(a1, a1, s0), insn::ld(a2, 0, a1), insn::add(a2, a2, a0), insn::sd(a2, 0, a1), insn::jal(zero, -32)});
  b.set_x(a0, 1);
  b.set_x(a5, 6364136223846793005);
  b.set_x(a6, 1442695040888963407);
  b.set_x(a7, (kPages - 1) << 12 | 0xff8);
}
constexpr uint64_t kLoop = 9;

void run_loop(Bench& b) {
  put_loop(b, kCode);
  b.set_x(s0, kData);
  b.start(kCode);
  b.run(kLoop * kRounds);
}

// Two forms have both a linear table and predictions.
constexpr int kFormsThatScatter = 2;
int scattered(Bench& b, uint64_t at_least) {
  return b.caches() == Caches::kTranslator && b.translator_counters().scattered_sites >= at_least;
}

TEST(Scattered, LoadAndStore) {
  int forms = 0;
  like_the_interpreter([&](Bench& b) {
    run_loop(b);
    forms += scattered(b, 2);
  });
  EXPECT_EQ(forms, kFormsThatScatter);
}

// A page changes under the loop: another one stands there, then one that may not be written, then none.
TEST(Scattered, PageThatChanges) {
  int forms = 0;
  like_the_interpreter([&](Bench& b) {
    constexpr uint64_t kVirtual = 0x4000'0000, kChanged = 5;
    PageTables tables(b);
    tables.identity();
    uint64_t entry = 0;
    for (uint64_t i = 0; i < kPages; ++i) {
      const uint64_t made = tables.map(kVirtual + (i << 12), kData + (i << 12), pte::kAll);
      if (i == kChanged) entry = made;
    }
    put_loop(b, kCode);
    b.set_x(s0, kVirtual);
    b.start(kCode, kS, tables.satp());
    b.run(kLoop * kRounds);
    forms += scattered(b, 2);
    b.write64(entry, pte::make(kData + (9 << 12), pte::kAll));
    b.run(kLoop * 1000);
    EXPECT_EQ(b.csr(csr::mcause), 0u);
    for (const uint64_t now : {pte::make(kData, pte::kAll & ~pte::W), uint64_t{0}}) {
      b.write64(entry, now);
      b.start(kCode, kS, tables.satp());
      b.run(kLoop * 1000);
      EXPECT_EQ(b.csr(csr::mcause), now ? 15u : 13u);
      EXPECT_EQ(b.csr(csr::mtval) >> 12, (kVirtual >> 12) + kChanged);
    }
  });
  EXPECT_EQ(forms, kFormsThatScatter);
}

// The loop's page is written: its blocks are made anew, with predictions first.
TEST(Scattered, CodeThatChanges) {
  int forms = 0;
  like_the_interpreter([&](Bench& b) {
    run_loop(b);
    b.put(kCode + 24, {insn::sub(a2, a2, a0)});
    b.run(kLoop * kRounds);
    forms += scattered(b, 4);
  });
  EXPECT_EQ(forms, kFormsThatScatter);
}

}  // namespace
}  // namespace vitrine::bench
