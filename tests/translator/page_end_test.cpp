// SPDX-License-Identifier: MIT
// Instructions that lie across the end of a page: their second half is in a page of its own, which may be
// remapped, lose its permission or be written at any time, and what they do may be anything.
#include <gtest/gtest.h>

#include <vector>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000;
constexpr uint64_t kEnd =
    kVirtual + 0x1000;  // virtual; at physical kCode + 0x1000, and what a test maps behind it

// Code at kCode, seen at kVirtual; the page behind it is `second`. Returns where the second page's entry is.
uint64_t map_two_pages(PageTables& tables, uint64_t second) {
  tables.identity().map_range(kTables, kTables, 0x1'0000, pte::kReadWrite);
  tables.map(kVirtual, kCode, pte::kExecute);
  return tables.map(kEnd, second, pte::kExecute);
}
// The two halves of an instruction, which need not lie beside each other.
void put_across(Bench& b, uint32_t word, uint64_t second) {
  b.write<uint16_t>(kCode + 0xffe, static_cast<uint16_t>(word));
  b.write<uint16_t>(second, static_cast<uint16_t>(word >> 16));
}

// Every kind of instruction, in a loop: t0 before it, t1 behind it.
TEST(PageEnd, EveryKindOfInstruction) {
  struct Case {
    const char* name;
    uint32_t word;
  };
  const Case cases[] = {{"addi", insn::addi(a1, a1, 5)},
                        {"ld", insn::ld(a1, 0, a0)},
                        {"sd", insn::sd(t0, 8, a0)},
                        {"amoadd", insn::amoadd_w(a1, t0, a0)},
                        {"branch over the next", insn::beq(zero, zero, 8)},
                        {"branch not taken", insn::bne(zero, zero, 8)},
                        {"call", insn::jal(ra, 8)},
                        {"jalr to the next", insn::jalr(ra, 4, a2)},
                        {"csrr", insn::csrr(a1, csr::instret)},
                        {"csrw", insn::csrw(csr::sscratch, t0)},
                        {"fence.i", insn::kFenceI},
                        {"auipc", insn::auipc(a1, 1)},
                        {"mul", insn::muldiv(0, a1, t0, t0)}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      const uint64_t second = kCode + 0x5000;
      map_two_pages(tables, second);
      b.set_csr(csr::mcounteren, 7);
      b.put(kCode + 0xff0,
            {insn::addi(t0, t0, 1), insn::addi(t2, t2, 1), insn::addi(t2, t2, 1), insn::c_addi(t2, 1)});
      put_across(b, c.word, second);
      b.put(second + 2, {insn::addi(t1, t1, 1), insn::addi(t2, t2, 1), insn::jal(zero, -0x1a)});
      b.set_x(a0, kData);
      b.set_x(a2, kEnd - 2);
      b.start(kEnd - 0x10, kS, tables.satp());
      for (unsigned i = 0; i < 10; ++i) b.run(13);
      EXPECT_GE(b.x(t0), 15u);
    });
  }
}

// A run ends, or an interrupt comes, before, at and behind it.
TEST(PageEnd, EveryLengthOfRun) {
  for (uint64_t steps = 1; steps <= 12; ++steps) {
    SCOPED_TRACE(steps);
    like_the_interpreter([&](Bench& b) {
      b.put(kCode + 0xff6, {insn::addi(t0, t0, 1), insn::addi(t1, t1, 1), insn::addi(t0, t0, 1),
                            insn::addi(t1, t1, 1), insn::jal(zero, -16)});
      b.start(kCode + 0xff6);
      for (unsigned i = 0; i < 20; ++i) b.run(steps);
      EXPECT_EQ(b.x(t0) + b.x(t1), 20 * steps - 20 * steps / 5);
    });
  }
}

// The guest maps another page behind the first one, each round: the instruction's second half is another.
TEST(PageEnd, SecondPageRemapped_OtherInstruction) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    const uint64_t one = kCode + 0x5000, two = kCode + 0x8000;
    const uint64_t entry = map_two_pages(tables, one);
    put_across(b, insn::addi(t0, t0, 1), one);
    put_across(b, insn::addi(t0, t0, 100), two);
    for (const uint64_t second : {one, two}) b.put(second + 2, {insn::jal(zero, -0x22)});
    // At kEnd - 0x20: the entries are exchanged, then the way to the end.
    b.put(kCode + 0xfe0,
          {insn::sd(a2, 0, a1), insn::c_mv(t2, a2), insn::c_mv(a2, a3), insn::c_mv(a3, t2),
           insn::c_addi(s0, 1), insn::addi(t1, t1, 1), insn::addi(t1, t1, 1), insn::addi(t1, t1, 1),
           insn::c_addi(t1, 1), insn::c_addi(t1, 1), insn::c_addi(t1, 1)});
    b.set_x(a1, entry);
    b.set_x(a2, pte::make(two, pte::kExecute));
    b.set_x(a3, pte::make(one, pte::kExecute));
    b.start(kEnd - 0x20, kS, tables.satp());
    b.run(13 * 100);
    EXPECT_EQ(b.x(t0), 50u * 101);
  });
}

// A store into the second half, of which the first page's block knows nothing.
TEST(PageEnd, SecondHalfWritten_OtherInstruction) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode + 0xff2, {insn::sh(a1, 0, a0), insn::add(a1, a1, a2), insn::addi(t1, t1, 1),
                          insn::addi(t0, t0, 0), insn::jal(zero, -16)});
    b.set_x(a0, kCode + 0x1000);
    b.set_x(a1, insn::addi(t0, t0, 0) >> 16);
    b.set_x(a2, 1 << 4);
    b.start(kCode + 0xff2);
    b.run(5 * 100);
    EXPECT_EQ(b.x(t0), 99u * 100 / 2);
  });
}

// The second page loses its permission, and gets it back.
TEST(PageEnd, SecondPageNotExecutable_FaultAtItsFirstByte) {
  like_the_interpreter([](Bench& b) {
    PageTables tables(b);
    const uint64_t second = kCode + 0x5000;
    const uint64_t entry = map_two_pages(tables, second);
    put_across(b, insn::addi(t0, t0, 1), second);
    b.put(second + 2, {insn::jal(zero, -8)});
    b.put(kCode + 0xffa, {insn::addi(t1, t1, 1)});
    b.set_csr(csr::medeleg, 0xffff);
    for (unsigned round = 0; round < 5; ++round) {
      b.write64(entry, pte::make(second, pte::kExecute));
      b.start(kEnd - 6, kS, tables.satp());
      b.run(3 * 10);
      b.write64(entry, pte::make(second, pte::kRead));
      b.run(2);
      b.expect_supervisor_trap({cause::kFetchPage, kEnd - 2, kEnd});
      EXPECT_EQ(b.x(t0), 10u * (round + 1));
      EXPECT_EQ(b.x(t1), 11u * (round + 1));
    }
  });
}

}  // namespace
}  // namespace vitrine::bench
