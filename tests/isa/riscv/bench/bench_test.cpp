// SPDX-License-Identifier: MIT
// The bench itself: it runs what it is given, and its comparison of caches sees a planted difference.
#include "tests/isa/riscv/bench/bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

TEST(Bench, Run_MakesThatManySteps) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::addi(t0, zero, 5), insn::c_addi(t0, 1), insn::addi(t0, t0, 1), insn::kSelf});
    b.run(2);
    EXPECT_EQ(b.x(t0), 6u);
    EXPECT_EQ(b.pc(), kCode + 6);
    b.run(1);
    EXPECT_EQ(b.x(t0), 7u);
    EXPECT_EQ(b.clock().step(), 3u);
  });
}

TEST(Bench, TrapWithoutHandler_StandsAtTheLoop) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::kEcall});
    b.run(3);
    b.expect_machine_trap({cause::kEcallM, kCode, 0});
  });
}

TEST(Bench, PageTables_TranslateInSupervisorMode) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(0x4000'0000, kData, pte::kReadWrite);
    b.write64(kData + 8, 0x1122334455667788);
    b.put(kCode, {insn::ld(t0, 8, a0), insn::sd(t0, 16, a0)});
    b.set_x(a0, 0x4000'0000);
    b.start(kCode, kS, tables.satp());
    b.run(2);
    EXPECT_EQ(b.x(t0), 0x1122334455667788u);
    EXPECT_EQ(b.read64(kData + 16), 0x1122334455667788u);
  });
}

TEST(Bench, CachesAreUsed) {
  Bench b({}, Caches::kAll);
  b.put(kCode, {insn::addi(t0, t0, 1), insn::jal(zero, -4)});
  b.run(1000);
  EXPECT_EQ(b.code_counters().decoded, 2u);
  EXPECT_EQ(b.x(t0), 500u);
}

// What a comparison says when a run with all caches differs from the others by `difference`.
std::string complaint(void (*difference)(Bench&)) {
  testing::TestPartResultArray results;
  {
    testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    under_every_cache([&](Bench& b) {
      b.put(kCode, {insn::kSelf});
      b.run(1);
      if (b.caches() == Caches::kAll) difference(b);
      b.run(1);
    });
  }
  std::string text;
  for (int i = 0; i < results.size(); ++i) text += results.GetTestPartResult(i).message();
  return text;
}

TEST(Bench, EqualRuns_NoComplaint) {
  EXPECT_EQ(complaint([](Bench&) {}), "");
}

TEST(Bench, PlantedDifference_IsSeen) {
  using testing::HasSubstr;
  EXPECT_THAT(complaint([](Bench& b) { b.set_x(t6, 1); }), HasSubstr("hart0.x = 0x0 against hart0.x = 0x1"));
  EXPECT_THAT(complaint([](Bench& b) { b.hart().csr.fflags = 16; }), HasSubstr("hart0.fflags"));
  EXPECT_THAT(complaint([](Bench& b) { b.write<uint8_t>(kData + 77, 1); }), HasSubstr("machine.ram"));
  EXPECT_THAT(complaint([](Bench& b) { b.plic().write(4, 4, 7); }), HasSubstr("plic."));
}

TEST(Bench, DifferenceThatHeals_IsSeenInTheNotes) {
  EXPECT_THAT(complaint([](Bench& b) {
                b.set_x(t6, 1);
                b.note();
                b.set_x(t6, 0);
              }),
              testing::HasSubstr("reference.notes.size()"));
}

}  // namespace
}  // namespace vitrine::bench
