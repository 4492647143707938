// SPDX-License-Identifier: MIT
// Atomics in translated code: every row with every way in which its registers can coincide, on corner values;
// faults; and what ends a reservation.
#include <gtest/gtest.h>

#include <vector>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kValues[] = {0,         1,           ~uint64_t{0}, uint64_t{1} << 63,
                                INT64_MAX, 0x8000'0000, 0x7fff'ffff,  0xffff'ffff'8000'0001};
constexpr uint64_t kPairs = kTables;

// Rows that read and write memory at once.
std::vector<uint32_t> amo_rows() {
  std::vector<uint32_t> all;
  for (const uint32_t width : {2u, 3u})
    for (const uint32_t operation : {0u, 1u, 4u, 8u, 12u, 16u, 20u, 24u, 28u})
      all.push_back(insn::atomic(operation, width, 0, 0, 0));
  return all;
}

// Memory and source are loaded from a pair; the result, the source and memory are stored.
std::vector<Word> amo_case(uint32_t row, unsigned rd, unsigned source, unsigned base, int64_t& results) {
  std::vector<Word> code = {insn::ld(t4, 0, gp), insn::sd(t4, 0, s3)};
  if (source != zero && source != base) code.emplace_back(insn::ld(source, 8, gp));
  code.insert(code.end(),
              {insn::addi(base, s3, 0), row | rd << 7 | base << 15 | source << 20, insn::ld(t4, 0, s3)});
  for (const unsigned r : {rd, source, t4}) {
    code.emplace_back(insn::sd(r, results, tp));
    results += 8;
  }
  return code;
}

TEST(Atomics, EveryAmo_AsTheInterpreter) {
  for (const uint32_t row : amo_rows()) {
    SCOPED_TRACE(testing::Message() << std::hex << row);
    std::vector<Word> code;
    int64_t results = 0;
    for (const unsigned rd : {zero, a5, t0, a4, t2})
      for (const unsigned source : {zero, a5, a0, t1, t2})
        for (const unsigned base : {a4, t2}) {
          const std::vector<Word> one = amo_case(row, rd, source, base, results);
          code.insert(code.end(), one.begin(), one.end());
          if (results < 1900) continue;
          code.emplace_back(insn::addi(tp, tp, results));
          results = 0;
        }
    code.insert(code.end(), {insn::addi(tp, tp, results), insn::addi(gp, gp, 16), insn::addi(s2, s2, -1),
                             insn::beq(s2, zero, 8)});
    code.emplace_back(insn::jal(zero, -4 * static_cast<int64_t>(code.size())));
    code.emplace_back(insn::kSelf);
    like_the_interpreter([&](Bench& b) {
      b.put(kCode, code);
      uint64_t at = kPairs;
      for (const uint64_t memory : kValues)
        for (const uint64_t source : kValues) {
          b.write64(at, memory);
          b.write64(at + 8, source);
          at += 16;
        }
      b.set_x(gp, kPairs);
      b.set_x(tp, kData);
      b.set_x(s2, 64);
      b.set_x(s3, kRam + 0xe000);
      b.run(64 * code.size() + 10);
      EXPECT_EQ(b.x(s2), 0u) << "the program did not come to its end";
    });
  }
}

// Not aligned, not RAM, not writable: the cause is that of a store, but for lr.
TEST(Atomics, Faults_CauseAndState) {
  struct Case {
    const char* name;
    uint32_t word;
    uint64_t address, cause;
  };
  const Case cases[] = {
      {"amo.w, misaligned", insn::amoadd_w(a1, a2, a0), kData + 2, cause::kStoreMisaligned},
      {"amo.d, misaligned", insn::amoadd_d(a1, a2, a0), kData + 4, cause::kStoreMisaligned},
      {"lr.d, misaligned", insn::lr_d(a1, a0), kData + 4, cause::kLoadMisaligned},
      {"sc.w, misaligned", insn::sc_w(a1, a2, a0), kData + 1, cause::kStoreMisaligned},
      {"amo, read-only page", insn::amoswap_w(a1, a2, a0), kData + 0x1000, cause::kStorePage},
      {"sc, read-only page", insn::sc_d(a1, a2, a0), kData + 0x1000, cause::kStorePage},
      {"amo, no page", insn::amoadd_d(a1, a2, a0), 0x4000'0000, cause::kStorePage},
      {"lr, no page", insn::lr_w(a1, a0), 0x4000'0000, cause::kLoadPage},
      {"amo, device", insn::amoadd_w(a1, a2, a0), 0x2000'0000, cause::kStoreAccess},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      tables.identity();
      tables.map(kData + 0x1000, kData + 0x1000, pte::kRead);
      tables.map(0x2000'0000, kClint, pte::kReadWrite);
      b.set_csr(csr::medeleg, 0xffff);
      // The same site works first.
      b.put(kCode, {insn::addi(t0, t0, 1), c.word, insn::addi(t1, t1, 1), insn::jal(zero, -12)});
      b.set_x(a0, kData);
      b.set_x(a2, 3);
      b.start(kCode, kS, tables.satp());
      b.run(4 * 10);
      b.set_x(a0, c.address);
      b.set_x(a1, 0x55);
      b.run(20);  // the block whole, and the handler
      b.expect_supervisor_trap({c.cause, kCode + 4, c.address});
      EXPECT_EQ(b.x(a1), 0x55u);
      EXPECT_EQ(b.x(t0), 11u);
      EXPECT_EQ(b.x(t1), 10u);
    });
  }
}

// lr, something, sc: 0 if the reservation still stands.
uint64_t sc_after(Bench& b, std::initializer_list<Word> between, uint32_t sc = insn::sc_w(a2, a3, a0)) {
  std::vector<Word> code = {insn::addi(t0, t0, 1), insn::lr_w(a1, a0)};
  code.insert(code.end(), between.begin(), between.end());
  code.insert(code.end(), {sc, insn::addi(t1, t1, 1)});
  code.emplace_back(insn::jal(zero, -4 * static_cast<int64_t>(code.size())));
  b.put(kCode, code);
  b.set_x(a0, kData);
  b.set_x(a3, 7);
  b.run(code.size() * 20);
  return b.x(a2);
}

TEST(Atomics, Reservation_WhatEndsIt) {
  like_the_interpreter([](Bench& b) {
    EXPECT_EQ(sc_after(b, {}), 0u);
    EXPECT_EQ(sc_after(b, {insn::addi(t2, t2, 1), insn::beq(zero, t2, 8)}), 0u);
    EXPECT_EQ(sc_after(b, {insn::sc_w(a4, a3, a0)}), 1u) << "an sc ends it";
    EXPECT_EQ(sc_after(b, {}, insn::sc_d(a2, a3, a0)), 1u) << "another width";
    EXPECT_EQ(sc_after(b, {insn::addi(a0, a0, 64)}), 1u) << "another address";
    EXPECT_EQ(sc_after(b, {}, insn::sc_w(a2, a3, a0)), 0u);
  });
}

TEST(Atomics, Reservation_EndsAtATrap) {
  like_the_interpreter([](Bench& b) {
    b.put(kRam + 0x8000,
          {insn::csrr(t3, csr::mepc), insn::addi(t3, t3, 4), insn::csrw(csr::mepc, t3), insn::kMret});
    b.set_csr(csr::mtvec, kRam + 0x8000);
    EXPECT_EQ(sc_after(b, {insn::kEcall}), 1u);
  });
}

TEST(Atomics, Reservation_EndsByDma) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::lr_d(a1, a0), insn::addi(t0, t0, 1), insn::sc_d(a2, a3, a0), insn::jal(zero, -12)});
    b.set_x(a0, kData);
    b.run(4 * 5 + 2);
    b.write(kData + 4, uint32_t{9});
    b.run(1);
    EXPECT_EQ(b.x(a2), 1u);
    b.run(1 + 2);
    b.write(kData + 8, uint32_t{9});  // not overlapping
    b.run(1);
    EXPECT_EQ(b.x(a2), 0u);
  });
}

// Four harts count with lr and sc in short turns: nothing is lost.
TEST(Atomics, FourHartsCount_NothingIsLost) {
  Board board;
  board.harts = 4;
  board.slice = 11;
  like_the_interpreter(board, [](Bench& b) {
    b.put(kCode, {insn::lr_d(a1, a0), insn::addi(a1, a1, 1), insn::sc_d(a2, a1, a0), insn::bne(a2, zero, -12),
                  insn::addi(t0, t0, 1), insn::jal(zero, -20)});
    for (unsigned id = 0; id < 4; ++id) {
      b.set_x(a0, kData, id);
      b.start(kCode, kM, 0, id);
    }
    for (unsigned i = 0; i < 20; ++i) b.run(333);
    uint64_t sum = 0;
    for (unsigned id = 0; id < 4; ++id) sum += b.x(t0, id);
    EXPECT_GE(b.read64(kData), sum);
    EXPECT_LE(b.read64(kData), sum + 4) << "each may stand between its sc and its own count";
    EXPECT_GT(sum, 500u);
  });
}

}  // namespace
}  // namespace vitrine::bench
