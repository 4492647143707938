// SPDX-License-Identifier: MIT
// What integer instructions compute, against an outside oracle: each instruction of I, M, A, Zba, Zbb, Zbc,
// Zbs, Zbkb and Zbkx on all pairs of corner values and on random pairs, run by QEMU's user mode and by us.
// Zicond, which QEMU 7.2 does not have, is held against the specification's pseudo-code.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>
#include <string>

#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "isa/riscv/instruction.h"
#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/user_program.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly
using riscv::Extension;
using riscv::Row;

struct Pair {
  uint64_t a, b;
};

std::vector<Pair> operand_pairs() {
  const uint64_t corners[] = {0,
                              1,
                              2,
                              7,
                              31,
                              32,
                              33,
                              63,
                              64,
                              0x7f,
                              0x80,
                              0x8000,
                              0x7fff'ffff,
                              0x8000'0000,
                              0xffff'ffff,
                              0x1'0000'0000,
                              0x7fff'ffff'ffff'ffff,
                              0x8000'0000'0000'0000,
                              0x8000'0000'8000'0000,
                              0xffff'ffff'7fff'ffff,
                              0xffff'ffff'8000'0000,
                              0xffff'ffff'ffff'fffe,
                              0xffff'ffff'ffff'ffff,
                              0x5555'5555'5555'5555,
                              0x0123'4567'89ab'cdef,
                              0xfedc'ba98'7654'3210,
                              0x0706'0504'0302'0100,
                              0x00ff'0000'0100'8000};
  std::vector<Pair> pairs;
  for (const uint64_t a : corners)
    for (const uint64_t b : corners) pairs.push_back({a, b});
  std::mt19937_64 random(1);
  for (int i = 0; i < 240; ++i) pairs.push_back({random() >> (random() % 64), random() >> (random() % 64)});
  return pairs;
}

// What is swept: computation in x registers, with rs1 = a0, rs2 = a1, rd = a2.
bool is_swept(const Row& row) {
  if (row.length != 4 || row.expands_to != static_cast<riscv::Op>(&row - riscv::kRows.data())) return false;
  if (!row.has(riscv::kPure) || row.has(riscv::kReadsPc)) return false;
  return row.extension != Extension::Zicond;
}

// The row with these registers, and with each of a few immediates if it has one.
std::set<uint32_t> variants(const Row& row) {
  const auto with = [&](uint32_t free_bits) { return (row.match & row.mask) | (free_bits & ~row.mask); };
  const uint32_t registers = a0 << 15 | a2 << 7;
  std::set<uint32_t> words = {with(a1 << 20 | registers)};
  if (row.x_registers & riscv::kRs2) return words;
  words.clear();
  for (const uint32_t imm : {0u, 1u, 2u, 5u, 31u, 32u, 33u, 63u, 0x7ffu, 0x800u, 0xfffu, 0xaaau})
    words.insert(with(imm << 20 | registers));
  return words;
}

std::string text_of(uint32_t word) {
  return riscv::disassemble(riscv::decode(word, riscv::ExtensionSet::standard()), 0, riscv::Style::friendly);
}

constexpr uint32_t kCtzw = insn::i_type(0x601, a0, 1, a2, 0x1b);

// A program that runs one instruction after the other on all pairs. Results are in the data behind the pairs:
// `per_pair` of them, in order of instruction and pair.
class Sweep {
 public:
  explicit Sweep(std::vector<Pair> pairs) : pairs_(std::move(pairs)) {
    results_at_ = (pairs_.size() * sizeof(Pair) + 0xfff) & ~size_t{0xfff};
    program_.add_data_address(s2, results_at_);
  }
  // a0 and a1 hold the operands; a2 (and a3) are stored.
  void add(uint32_t word, std::initializer_list<Word> body, unsigned results) {
    program_.add_data_address(s0);
    program_.add_load_immediate(s1, pairs_.size());
    program_.add_data_address(s3, kScratch);
    const size_t loop = program_.code.size();
    program_.add(insn::ld(a0, 0, s0));
    program_.add(insn::ld(a1, 8, s0));
    program_.add(insn::addi(a2, zero, 0x55));
    for (const Word& w : body) program_.add(w);
    for (unsigned i = 0; i < results; ++i) program_.add(insn::sd(a2 + i, 8 * i, s2));
    program_.add(insn::addi(s2, s2, 8 * results));
    program_.add(insn::addi(s0, s0, sizeof(Pair)));
    program_.add(insn::addi(s1, s1, -1));
    const int64_t back = static_cast<int64_t>(loop) - static_cast<int64_t>(program_.code.size());
    program_.add(insn::bne(s1, zero, back));
    for (unsigned i = 0; i < results; ++i) words_.push_back(word);
    results_ += pairs_.size() * results;
    per_instruction_.push_back(results);
  }
  UserProgram& finish() {
    program_.data.resize(results_at_ + 8 * results_);
    EXPECT_LE(program_.data.size(), kScratch);
    program_.data.resize(kScratch + 0x1000);
    std::memcpy(program_.data.data(), pairs_.data(), pairs_.size() * sizeof(Pair));
    program_.finish();
    return program_;
  }
  void compare(const std::vector<uint8_t>& oracle, const std::vector<uint8_t>& ours) {
    size_t at = results_at_, first = 0, wrong = 0;
    for (const unsigned results : per_instruction_) {
      for (const Pair& pair : pairs_) {
        for (unsigned i = 0; i < results; ++i, at += 8) {
          uint64_t expected = 0, value = 0;
          std::memcpy(&expected, &oracle[at], 8);
          std::memcpy(&value, &ours[at], 8);
          // QEMU 7.2 counts on into the upper word. "If the least-significant word is 0, the result is 32"
          // (28.5.19).
          if (words_[first] == kCtzw && static_cast<uint32_t>(pair.a) == 0) expected = 32;
          if (value != expected && ++wrong < 50)
            ADD_FAILURE() << text_of(words_[first]) << std::hex << " of 0x" << pair.a << " and 0x" << pair.b
                          << ", result " << i << ": 0x" << value << ", QEMU has 0x" << expected;
        }
      }
      first += results;
    }
    EXPECT_EQ(wrong, 0u);
  }
  [[nodiscard]] size_t results() const { return results_; }

 private:
  static constexpr size_t kScratch = 0x70'0000;
  std::vector<Pair> pairs_;
  UserProgram program_;
  size_t results_at_ = 0, results_ = 0;
  std::vector<uint32_t> words_;
  std::vector<unsigned> per_instruction_;
};

void compare_with_qemu(Sweep& sweep) {
  const UserProgram& program = sweep.finish();
  std::string why;
  const auto oracle = program.run_under_qemu(why);
  ASSERT_TRUE(oracle.has_value()) << why;
  for (const Caches caches : {Caches::kNone, Caches::kAll}) sweep.compare(*oracle, program.run_here(caches));
}

TEST(IntegerOracle, EveryInstruction_OperandSweep_AsQemu) {
  if (!UserProgram::oracle_is_there())
    GTEST_SKIP() << "qemu-riscv64 (Debian: qemu-user) is not installed: no oracle for integer instructions.";
  Sweep sweep(operand_pairs());
  unsigned rows = 0;
  for (const Row& row : riscv::kRows) {
    if (&row == riscv::kRows.data() || !is_swept(row)) continue;
    ++rows;
    for (const uint32_t word : variants(row)) sweep.add(word, {word}, 1);
  }
  // I 29 (without auipc), M 13, Zba 8, Zbb 23, Zbs 8, Zbc 3, Zbkb 4, Zbkx 2.
  EXPECT_EQ(rows, 29u + 13 + 8 + 23 + 8 + 3 + 4 + 2);
  EXPECT_GT(sweep.results(), 250'000u);
  compare_with_qemu(sweep);
}

// Memory holds a, rs2 is b; both the old value and what memory holds afterwards.
TEST(IntegerOracle, EveryAtomic_OperandSweep_AsQemu) {
  if (!UserProgram::oracle_is_there())
    GTEST_SKIP() << "qemu-riscv64 (Debian: qemu-user) is not installed: no oracle for atomics.";
  Sweep sweep(operand_pairs());
  unsigned rows = 0;
  for (const Row& row : riscv::kRows) {
    if (row.extension != Extension::A) continue;
    ++rows;
    const bool reserved = row.name.substr(0, 3) == "lr.";
    const uint32_t word = row.match | (s3 << 15 | a2 << 7 | (reserved ? 0 : a1 << 20));
    if (row.name.substr(0, 3) == "sc.") {
      const uint32_t reserve = row.name == "sc.w" ? insn::lr_w(t0, s3) : insn::lr_d(t0, s3);
      sweep.add(word, {insn::sd(a0, 0, s3), reserve, word, insn::ld(a3, 0, s3)}, 2);
    } else {
      sweep.add(word, {insn::sd(a0, 0, s3), word, insn::ld(a3, 0, s3)}, 2);
    }
  }
  EXPECT_EQ(rows, 22u);
  compare_with_qemu(sweep);
}

// "czero.eqz: if x[rs2] == 0 then 0 else x[rs1]; czero.nez: if x[rs2] != 0 then 0 else x[rs1]" (12.3).
TEST(IntegerOracle, Zicond_AsThePseudoCode) {
  Bench b({}, Caches::kAll);
  for (const Pair& pair : operand_pairs()) {
    b.put(kCode, {insn::r_type(0b0000111, a1, a0, 0b101, a2, 0x33),
                  insn::r_type(0b0000111, a1, a0, 0b111, a3, 0x33)});
    b.set_x(a0, pair.a);
    b.set_x(a1, pair.b);
    b.start(kCode);
    b.run_quietly(2);
    ASSERT_EQ(b.x(a2), pair.b == 0 ? 0 : pair.a);
    ASSERT_EQ(b.x(a3), pair.b == 0 ? pair.a : 0);
  }
}

}  // namespace
}  // namespace vitrine::bench
