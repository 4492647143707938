// SPDX-License-Identifier: MIT
// Behaviours 26 and 28: vectors (not there yet), and the arithmetic on which hosts fault or differ. Operand
// sweeps against an outside oracle are in integer_oracle_test.cpp.
#include <gtest/gtest.h>

#include <limits>

#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

TEST(Behaviour26, Vectors) {
  Bench b({}, Caches::kAll);
  ASSERT_EQ(b.csr(csr::misa) >> ('V' - 'A') & 1, 0u) << "misa has V now: this test wants to be written";
  GTEST_SKIP() << "There are no vector instructions yet: vstart, vill, vsetvl with x0, tails and masks are "
                  "not tested.";
}

// Until then they are illegal, and mstatus.VS is read-only zero (3.1.6.6).
TEST(Behaviour26, NoVectors_InstructionsAndVsAreNotThere) {
  under_every_cache([](Bench& b) {
    b.set_bits(csr::mstatus, 3 << 9);
    EXPECT_EQ(b.csr(csr::mstatus) >> 9 & 3, 0u);
    const uint32_t vsetvli = 0x0100'7057, vadd = 0x0211'0057,
                   vle8 = 0x0205'0007;  // vsetvli x0, x0, e32 and so on
    for (const uint32_t word :
         {vsetvli, vadd, vle8, insn::csrr(t0, 0xc22) /* vlenb */, insn::csrr(t0, 0x008)}) {
      b.put(kCode, {word});
      b.start(kCode);
      b.run(1);
      b.expect_machine_trap({cause::kIllegal, kCode, word});
    }
  });
}

// --- 28. "Semantics for division by zero and division overflow" (13.2).

constexpr uint64_t kMin = uint64_t{1} << 63, kOnes = ~uint64_t{0}, kMinW = 0xffff'ffff'8000'0000;

struct Division {
  const char* name;
  uint64_t a, b;
  uint64_t div, divu, rem, remu;
  uint64_t divw, divuw, remw, remuw;
};
const Division kDivisions[] = {
    {"by zero", 7, 0, kOnes, kOnes, 7, 7, kOnes, kOnes, 7, 7},
    {"zero by zero", 0, 0, kOnes, kOnes, 0, 0, kOnes, kOnes, 0, 0},
    {"smallest by zero", kMin, 0, kOnes, kOnes, kMin, kMin, kOnes, kOnes, 0, 0},
    {"overflow", kMin, kOnes, kMin, 0, 0, kMin, 0, 0, 0, 0},
    {"32-bit overflow", kMinW, kOnes, 0x8000'0000, 0, 0, kMinW, kMinW, 0, 0, kMinW},
    {"32-bit overflow, garbage above", 0x1234'5678'8000'0000, 0x9876'5432'ffff'ffff, 0, 0,
     0x1234'5678'8000'0000, 0x1234'5678'8000'0000, kMinW, 0, 0, kMinW},
    {"32-bit by zero, garbage above", 0xffff'fff0'8000'0001, 0x7777'0000'0000'0000, 0, 2,
     0xffff'fff0'8000'0001, 0x1111'fff0'8000'0001, kOnes, kOnes, 0xffff'ffff'8000'0001,
     0xffff'ffff'8000'0001},
    {"rounds towards zero", static_cast<uint64_t>(-7), 2, static_cast<uint64_t>(-3), 0x7fff'ffff'ffff'fffc,
     kOnes, 1, static_cast<uint64_t>(-3), 0x7fff'fffc, kOnes, 1},
    {"the remainder has the dividend's sign", 7, static_cast<uint64_t>(-2), static_cast<uint64_t>(-3), 0, 1,
     7, static_cast<uint64_t>(-3), 0, 1, 7},
};

// In one straight line, so that they are one block of generated code: operands and results in registers that the host
// keeps in its own, and in such as it keeps in memory; the last one overwrites a source. (remw is like div and rem.)
TEST(Behaviour28, GeneratedCode) {
  struct Registers {
    unsigned a, b, results[8];
  };
  constexpr Registers kChoices[] = {{10, 11, {12, 13, 14, 15, 8, 9, 10, 11}},
                                    {18, 19, {20, 21, 22, 23, 24, 25, 18, 19}},
                                    {10, 19, {18, 15, 20, 14, 21, 13, 19, 10}}};
  under_every_cache([&](Bench& b) {
    for (const Division& d : kDivisions)
      for (const Registers& r : kChoices) {
        const uint64_t expected[] = {d.div, d.divu, d.rem, d.remu, d.divw, d.divuw, d.remw, d.remuw};
        std::vector<Word> program;
        constexpr unsigned kOrder[] = {0, 1, 2, 3, 4, 5, 7};
        for (const unsigned i : kOrder) {
          const uint32_t funct3 = 4 + i % 4;
          program.emplace_back(i < 4 ? insn::muldiv(funct3, r.results[i], r.a, r.b)
                                     : insn::muldivw(funct3, r.results[i], r.a, r.b));
        }
        program.emplace_back(insn::kSelf);
        b.put(kCode, program);
        b.set_x(r.a, d.a);
        b.set_x(r.b, d.b);
        b.start(kCode);
        b.run_quietly(program.size() + 20);
        for (const unsigned i : kOrder) EXPECT_EQ(b.x(r.results[i]), expected[i]) << d.name << ", instruction " << i;
      }
    b.note();
  });
}

TEST(Behaviour28, Division_TableOfTheSpec) {
  under_every_cache([](Bench& b) {
    for (const Division& d : kDivisions) {
      const uint64_t expected[] = {d.div, d.divu, d.rem, d.remu, d.divw, d.divuw, d.remw, d.remuw};
      for (unsigned i = 0; i < 8; ++i) {
        const uint32_t funct3 = 4 + i % 4;
        b.put(kCode, {i < 4 ? insn::muldiv(funct3, t0, a0, a1) : insn::muldivw(funct3, t0, a0, a1)});
        b.set_x(a0, d.a);
        b.set_x(a1, d.b);
        b.start(kCode);
        b.run_quietly(1);
        EXPECT_EQ(b.x(t0), expected[i]) << d.name << ", instruction " << i;
        EXPECT_EQ(b.x(a0), d.a);
        EXPECT_EQ(b.x(a1), d.b);
      }
    }
    b.note();
  });
}

// Shift amounts are taken modulo the width: "the lower 6 bits of rs2", 5 for the *W forms (2.4.2, 4.2.2).
TEST(Behaviour28, Shifts_AmountsBeyondTheWidth) {
  under_every_cache([](Bench& b) {
    constexpr uint64_t kValue = 0x8000'0000'8000'0001;
    struct Row {
      uint64_t amount, sll, srl, sra, sllw, srlw, sraw;
    };
    const Row rows[] = {
        {0, kValue, kValue, kValue, 0xffff'ffff'8000'0001, 0xffff'ffff'8000'0001, 0xffff'ffff'8000'0001},
        {1, 0x0000'0001'0000'0002, 0x4000'0000'4000'0000, 0xc000'0000'4000'0000, 2, 0x4000'0000,
         0xffff'ffff'c000'0000},
        {31, 0x4000'0000'8000'0000, 0x1'0000'0001, 0xffff'ffff'0000'0001, 0xffff'ffff'8000'0000, 1, kOnes},
        {32, 0x8000'0001'0000'0000, 0x8000'0000, 0xffff'ffff'8000'0000, 0xffff'ffff'8000'0001,
         0xffff'ffff'8000'0001, 0xffff'ffff'8000'0001},
        {63, kMin, 1, kOnes, 0xffff'ffff'8000'0000, 1, kOnes},
        {64, kValue, kValue, kValue, 0xffff'ffff'8000'0001, 0xffff'ffff'8000'0001, 0xffff'ffff'8000'0001},
        {0xffff'ffff'ffff'ffc1, 0x0000'0001'0000'0002, 0x4000'0000'4000'0000, 0xc000'0000'4000'0000, 2,
         0x4000'0000, 0xffff'ffff'c000'0000},
    };
    for (const Row& row : rows) {
      const std::pair<uint32_t, uint64_t> expected[] = {
          {insn::sll(t0, a0, a1), row.sll},   {insn::srl(t0, a0, a1), row.srl},
          {insn::sra(t0, a0, a1), row.sra},   {insn::sllw(t0, a0, a1), row.sllw},
          {insn::srlw(t0, a0, a1), row.srlw}, {insn::sraw(t0, a0, a1), row.sraw}};
      for (const auto& [word, value] : expected) {
        b.put(kCode, {word});
        b.set_x(a0, kValue);
        b.set_x(a1, row.amount);
        b.start(kCode);
        b.run_quietly(1);
        EXPECT_EQ(b.x(t0), value) << std::hex << word << " by " << row.amount;
      }
    }
    b.note();
  });
}

// rd may be rs1, rs2 or both: the operands are read first.
TEST(Behaviour28, DestinationIsAlsoASource) {
  under_every_cache([](Bench& b) {
    const auto run = [&](uint32_t word, uint64_t a, uint64_t c) {
      b.put(kCode, {word});
      b.set_x(a0, a);
      b.set_x(a1, c);
      b.start(kCode);
      b.run_quietly(1);
    };
    struct Row {
      uint32_t (*make)(unsigned rd, unsigned a, unsigned b);
      uint64_t ab;  // of a = 100, b = 7
      uint64_t aa;  // of a = 100, b = 100
    };
    const Row rows[] = {
        {insn::add, 107, 200},
        {insn::sub, 93, 0},
        {insn::sll, 100 << 7, uint64_t{100} << 36},
        {insn::srl, 0, 0},
        {[](unsigned rd, unsigned a, unsigned c) { return insn::muldiv(0, rd, a, c); }, 700, 10000},
        {[](unsigned rd, unsigned a, unsigned c) { return insn::muldiv(4, rd, a, c); }, 14, 1},
        {[](unsigned rd, unsigned a, unsigned c) { return insn::muldiv(6, rd, a, c); }, 2, 0},
        {[](unsigned rd, unsigned a, unsigned c) { return insn::muldivw(5, rd, a, c); }, 14, 1},
        {[](unsigned rd, unsigned a, unsigned c) { return insn::muldivw(7, rd, a, c); }, 2, 0},
        {[](unsigned rd, unsigned a, unsigned c) { return insn::muldiv(3, rd, a, c); }, 0, 0},
    };
    for (const Row& row : rows) {
      run(row.make(a0, a0, a1), 100, 7);
      EXPECT_EQ(b.x(a0), row.ab);
      EXPECT_EQ(b.x(a1), 7u);
      run(row.make(a1, a0, a1), 100, 7);
      EXPECT_EQ(b.x(a1), row.ab);
      EXPECT_EQ(b.x(a0), 100u);
      run(row.make(a0, a0, a0), 100, 7);
      EXPECT_EQ(b.x(a0), row.aa);
      EXPECT_EQ(b.x(a1), 7u);
      run(row.make(zero, a0, a1), 100, 7);
      EXPECT_EQ(b.x(0), 0u);
      EXPECT_EQ(b.x(a0), 100u);
    }
    b.note();
  });
}

// Nothing but rd changes: a host needs fixed registers for shifts and divisions, the guest must not see them.
TEST(Behaviour28, ShiftsAndDivisions_TouchNoOtherRegister) {
  under_every_cache([](Bench& b) {
    for (unsigned rd = 1; rd < 32; ++rd) {
      for (const uint32_t word :
           {insn::muldiv(4, rd, 7, 8), insn::muldivw(7, rd, 9, 10), insn::sll(rd, 11, 12),
            insn::sraw(rd, 12, 11), insn::muldiv(1, rd, 13, 14)}) {
        b.put(kCode, {word});
        for (unsigned r = 1; r < 32; ++r) b.set_x(r, 1000 * r + 3);
        b.start(kCode);
        b.run_quietly(1);
        for (unsigned r = 1; r < 32; ++r) {
          if (r == rd) continue;
          EXPECT_EQ(b.x(r), 1000 * r + 3) << std::hex << word;
        }
      }
    }
    b.note();
  });
}

}  // namespace
}  // namespace vitrine::bench
