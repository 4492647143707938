// SPDX-License-Identifier: MIT
// Accesses that share one check of their addresses (translator/passes.cpp, share_checks): they lie in two pages, some may not
// be accessed, and what the first found out is gone before the others come. Which accesses share is told by
// share_checks_pass_test.cpp.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"
#include "tests/translator/guest_code.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000, kPage = 0x1000;
constexpr uint64_t kElsewhere = kData + 5 * kPage;  // where the second page lies: not behind the first

// Two words on either side of a0, added up and written back. The first access is behind the others or before them.
std::vector<Word> sum_and_store(bool upwards) {
  const int64_t first = upwards ? -16 : 8, step = upwards ? 8 : -8;
  return {insn::ld(t0, first, a0),          insn::ld(t1, first + step, a0),     insn::ld(t2, first + 2 * step, a0),
          insn::ld(s1, first + 3 * step, a0), insn::add(t0, t0, t1),            insn::add(t2, t2, s1),
          insn::add(t0, t0, t2),            insn::sd(t0, first, a0),            insn::sd(t2, first + 3 * step, a0),
          insn::sd(t1, first + step, a0),   insn::addi(s4, s4, 1),              insn::jal(zero, -44)};
}
constexpr unsigned kLength = 12;

class SharedChecks : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(FirstIs, SharedChecks, testing::Bool(),
                         [](const auto& info) { return info.param ? "Lowest" : "Highest"; });

// The words lie on both sides of a page's end; the pages are neighbours in RAM, or not.
TEST_P(SharedChecks, AcrossTwoPages) {
  for (const uint64_t second : {kData + kPage, kElsewhere}) {
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map_pages(kVirtual, {kData, second}, pte::kReadWrite);
      b.write64(kData + kPage - 8, 1);
      b.write64(second, 3);
      b.write64(kData + kPage, 0x7777);
      b.write64(kElsewhere - 8, 0x7777);
      b.put(kCode, sum_and_store(GetParam()));
      b.set_x(a0, kVirtual + kPage);
      b.start(kCode, kS, tables.satp());
      for (unsigned i = 0; i < 20; ++i) b.run(kLength * 7 + 3);
      EXPECT_EQ(b.x(s4), 20u * (kLength * 7 + 3) / kLength);
    });
  }
}

// The second page is not there, or may not be written: what comes before the access to it is done.
TEST_P(SharedChecks, SecondPageRefused) {
  for (const uint64_t rights : {uint64_t{0}, pte::V | pte::R | pte::A}) {
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map_pages(kVirtual, {kData}, pte::kReadWrite);
      const uint64_t entry = tables.map(kVirtual + kPage, kElsewhere, pte::kReadWrite);
      skip_traps(b);
      b.put(kCode, sum_and_store(GetParam()));
      b.set_x(a0, kVirtual + kPage);
      b.start(kCode, kS, tables.satp());
      b.run(kLength * 100);
      EXPECT_EQ(b.csr(csr::mcause), 0u);
      b.write64(entry, rights ? pte::make(kElsewhere, rights) : 0);
      b.run(kLength * 100);
      EXPECT_EQ(b.csr(csr::mtval) >> 12, (kVirtual >> 12) + 1);
    });
  }
}

// Wherever the words lie, down to the last byte of a page and beyond.
TEST_P(SharedChecks, AtEveryPlace) {
  like_the_interpreter([&](Bench& b) {
    PageTables tables(b);
    tables.identity().map_pages(kVirtual, {kData, kElsewhere, kData + kPage}, pte::kReadWrite);
    for (uint64_t i = 0; i < 6 * kPage; i += 8) b.write64(kData + i, i * 0x9e37'79b9'7f4a'7c15);
    auto program = sum_and_store(GetParam());
    program[kLength - 2] = insn::addi(a0, a0, 3);
    b.put(kCode, program);
    b.set_x(a0, kVirtual + 16);
    b.start(kCode, kS, tables.satp());
    for (unsigned i = 0; i < 10; ++i) b.run(kLength * 270);
    EXPECT_EQ(b.x(a0), kVirtual + 16 + 3 * 2700);
  });
}

// --- Between the first access and the others

// A store makes the page another one: the next load sees it.
TEST(SharedChecksBetween, EntryWrittenBetween) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
    const uint64_t entry = tables.map(kVirtual, kData, pte::kReadWrite);
    for (uint64_t i = 0; i < 3; ++i) {
      b.write64(kData + 8 * i, 1);
      b.write64(kElsewhere + 8 * i, 100);
    }
    b.put(kCode, {insn::ld(t0, 0, a0), insn::sd(a2, 0, a1), insn::ld(t1, 8, a0), insn::add(s4, s4, t0), insn::add(s5, s5, t1),
                  insn::c_mv(t2, a2), insn::c_mv(a2, a3), insn::c_mv(a3, t2), insn::c_addi(s0, 1), insn::jal(zero, -28)});
    b.set_x(a0, kVirtual);
    b.set_x(a1, entry);
    b.set_x(a2, pte::make(kElsewhere, pte::kReadWrite));
    b.set_x(a3, pte::make(kData, pte::kReadWrite));
    b.start(kCode, kS, tables.satp());
    b.run(10 * 200);
    EXPECT_EQ(b.x(s4), 100u * 101);
    EXPECT_EQ(b.x(s5), 100u * 101);
  });
}

// The page that is written becomes a page table, because a load in between is translated by it.
TEST(SharedChecksBetween, PageBecomesATableBetween) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
    const uint64_t entry = tables.map(kVirtual, kData, pte::kReadWrite);
    b.write64(kData, 1);
    b.write64(kElsewhere, 100);
    // The next page's entry is written; then kVirtual is read; then its own entry is written.
    b.put(kCode, {insn::sd(zero, 8, a1), insn::ld(t0, 0, a0), insn::sd(a2, 0, a1), insn::ld(t1, 0, a0), insn::add(s4, s4, t0),
                  insn::add(s5, s5, t1), insn::sd(a3, 0, a1), insn::addi(s0, s0, 1), insn::bne(s0, s1, -32), insn::kSelf});
    b.set_x(a0, kVirtual);
    b.set_x(a1, entry);
    b.set_x(a2, pte::make(kElsewhere, pte::kReadWrite));
    b.set_x(a3, pte::make(kData, pte::kReadWrite));
    b.set_x(s1, 200);
    b.start(kCode, kS, tables.satp());
    b.run(9 * 200 + 5);
    EXPECT_EQ(b.x(s4), 200u);
    EXPECT_EQ(b.x(s5), 20'000u);
  });
}

// SUM goes: the user's page was readable a moment ago.
TEST(SharedChecksBetween, SumClearedBetween) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kData, pte::kReadWrite | pte::U);
    skip_traps(b);
    b.put(kCode, {insn::csrrs(zero, csr::sstatus, a2), insn::ld(t0, 0, a0), insn::csrrc(zero, csr::sstatus, a2),
                  insn::ld(t1, 8, a0), insn::jal(zero, -16)});
    b.set_x(a0, kVirtual);
    b.set_x(a2, status::kSum);
    b.start(kCode, kS, tables.satp());
    b.run((5 + 5) * 100);
    EXPECT_EQ(b.x(s4), 100u);
  });
}

// A site in between goes to the slow path now and then, which changes nothing for the others.
TEST(SharedChecksBetween, OtherSiteMissesBetween) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map_pages(kVirtual, {kData, kElsewhere}, pte::kReadWrite);
    // s0 goes over both pages, misaligned, so that it is slow at times.
    b.put(kCode, {insn::sd(s4, 0, a0), insn::ld(t0, 0, s0), insn::sd(t0, 8, a0), insn::ld(t1, 0, s0), insn::sd(t1, 16, a0),
                  insn::addi(s4, s4, 1), insn::addi(s0, s0, 5), insn::bne(s0, s1, -28), insn::kSelf});
    b.set_x(a0, kVirtual + 0x100);
    b.set_x(s0, kVirtual + 0xe00);
    b.set_x(s1, kVirtual + 0xe00 + 5 * 200);
    b.start(kCode, kS, tables.satp());
    b.run(8 * 200 + 3);
    EXPECT_EQ(b.x(s4), 200u);
  });
}

// From the last page of the address space to the first.
TEST(SharedChecksAround, AddressZero) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(0, kData, pte::kReadWrite);
    tables.map(~uint64_t{0} - 0xfff, kData + 2 * kPage, pte::kReadWrite);
    b.write64(kData, 1);
    b.write64(kData + 3 * kPage - 8, 10);
    b.put(kCode, {insn::ld(t0, 0, a0), insn::ld(t1, -8, a0), insn::add(s4, s4, t0), insn::add(s4, s4, t1), insn::jal(zero, -16)});
    b.put(kCode + 0x100, {insn::ld(t0, -8, a0), insn::ld(t1, 0, a0), insn::add(s4, s4, t0), insn::add(s4, s4, t1), insn::jal(zero, -16)});
    for (const uint64_t at : {kCode, kCode + 0x100}) {
      b.set_x(s4, 0);
      b.start(at, kS, tables.satp());
      b.run(5 * 100);
      EXPECT_EQ(b.x(s4), 1100u);
    }
  });
}

}  // namespace
}  // namespace vitrine::bench
