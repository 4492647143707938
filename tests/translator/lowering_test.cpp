// SPDX-License-Identifier: MIT
// Host code by what it does: every integer row of the instruction table, with every way in which its operands
// can share registers, lie in host registers or in memory, or be constants, on corner values, against the
// interpreter without caches. Then random sequences of them, in which values live from one instruction to the
// next.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly
using riscv::Row;

// Operands: x0, two registers that the translator keeps in host registers, two that it keeps in memory.
constexpr unsigned kOperands[] = {zero, a5, a0, t0, t1};
constexpr uint64_t kValues[] = {0,
                                1,
                                ~uint64_t{0},
                                uint64_t{1} << 63,
                                INT64_MAX,
                                0x8000'0000,
                                0x7fff'ffff,
                                0xffff'ffff'8000'0000,
                                33,
                                0x0123'4567'89ab'cdef};
constexpr uint64_t kPairs = kTables;  // where pairs of operands are in memory
constexpr unsigned kPointer = gp, kResults = tp, kRounds = t3, kTaken = s2;

// An operand that is not loaded but a constant of the program.
struct Constant {
  std::vector<Word> (*load)(unsigned rd);
};
constexpr Constant kConstants[] = {
    {[](unsigned rd) { return std::vector<Word>{insn::addi(rd, zero, 0)}; }},
    {[](unsigned rd) { return std::vector<Word>{insn::addi(rd, zero, -1)}; }},
    {[](unsigned rd) { return std::vector<Word>{insn::addi(rd, zero, 5)}; }},
    {[](unsigned rd) { return std::vector<Word>{insn::lui(rd, 0x80000)}; }},
    {[](unsigned rd) {
      return std::vector<Word>{insn::lui(rd, 0x12345), insn::slli(rd, rd, 20)};
    }},
};

bool is_swept(const Row& row) {
  if (row.length != 4 || row.expands_to != static_cast<riscv::Op>(&row - riscv::kRows.data())) return false;
  return row.has(riscv::kPure) || row.has(riscv::kBranch);
}

// The program of one row: a loop over the pairs; in it one case after the other, which loads the operands,
// runs the instruction, and stores what became of all its registers.
class Sweep {
 public:
  explicit Sweep(const Row& row) : row_(row) {
    const bool two = (row.x_registers & riscv::kRs2) != 0;
    for (const unsigned rd : kOperands) {
      if (row.has(riscv::kBranch) && rd != zero) continue;
      for (const unsigned rs1 : kOperands) {
        if (!(row.x_registers & riscv::kRs1) && rs1 != zero) continue;
        if (!two)
          for (const uint32_t imm : {0x000u, 0x001u, 0x005u, 0x01fu, 0x020u, 0x03fu, 0x7ffu, 0x800u, 0xfffu})
            add_case(rd, rs1, zero, imm, nullptr, nullptr);
        else
          for (const unsigned rs2 : kOperands) add_case(rd, rs1, rs2, 0, nullptr, nullptr);
      }
    }
    if (!two) return;
    for (const unsigned rd : {a5, t0})
      for (const unsigned rs1 : {a5, a0, t0})
        for (const unsigned rs2 : {a0, t1})
          for (const Constant& constant : kConstants) {
            if (rs1 == rs2) continue;
            add_case(rd, rs1, rs2, 0, &constant, nullptr);
            add_case(rd, rs1, rs2, 0, nullptr, &constant);
          }
  }

  // Loads it, runs it, and returns the results.
  std::vector<uint64_t> run(Bench& b) const {
    std::vector<Word> code = code_;
    const int64_t back = static_cast<int64_t>(4 * code.size()) + 20;
    code.insert(code.end(), {insn::addi(kPointer, kPointer, 16), insn::addi(kResults, kResults, bump_),
                             insn::addi(kRounds, kRounds, -1), insn::beq(kRounds, zero, 8), insn::kNop});
    code.back() = insn::jal(zero, -(back - 4));
    code.push_back(insn::kSelf);
    EXPECT_LT(4 * code.size(), kData - kCode);
    b.put(kCode, code);
    uint64_t at = kPairs, pairs = 0;
    for (const uint64_t first : kValues)
      for (const uint64_t second : kValues) {
        b.write64(at, first);
        b.write64(at + 8, second);
        at += 16;
        ++pairs;
      }
    for (unsigned r = 1; r < 32; ++r) b.set_x(r, 0x1111'1111'1111'1111u * (r % 15) + r);
    b.set_x(kPointer, kPairs);
    b.set_x(kResults, kData);
    b.set_x(kRounds, pairs);
    b.set_x(kTaken, 0);
    b.run(pairs * code.size() + 10);
    EXPECT_EQ(b.x(kRounds), 0u) << "the program did not come to its end";
    EXPECT_EQ(b.x(kResults), kData + 8 * pairs * words_.size())
        << "results and their descriptions differ in number";
    std::vector<uint64_t> results;
    for (uint64_t i = 0; i < pairs * words_.size(); ++i) results.push_back(b.read64(kData + 8 * i));
    return results;
  }
  // What made result number i.
  [[nodiscard]] std::string explain(size_t i) const {
    const size_t pair = i / words_.size(), n = std::size(kValues);
    std::ostringstream text;
    text << riscv::disassemble(riscv::decode(words_[i % words_.size()], riscv::ExtensionSet::standard()),
                               kCode, riscv::Style::canonical)
         << " with rs1 = 0x" << std::hex << kValues[pair / n] << ", rs2 = 0x" << kValues[pair % n]
         << " (if they are loaded, and not the same register)";
    return text.str();
  }

 private:
  void add_case(unsigned rd, unsigned rs1, unsigned rs2, uint32_t imm, const Constant* first,
                const Constant* second) {
    const unsigned destination = row_.has(riscv::kBranch) ? 0 : rd << 7;
    const uint32_t word = row_.match | (~row_.mask & (imm << 20 | rs2 << 20 | rs1 << 15 | destination));
    if (riscv::decode(word, riscv::ExtensionSet::standard()).op == riscv::Op::illegal) return;
    add_operand(rs1, 0, first);
    add_operand(rs2, 8, second);
    if (row_.has(riscv::kBranch))  // over the next instruction
      code_.insert(code_.end(), {word | insn::b_type(8, 0, 0, 0), insn::addi(kTaken, kTaken, 1)});
    else
      code_.push_back(word);
    for (const unsigned r : {row_.has(riscv::kBranch) ? kTaken : rd, rs1, rs2}) {
      code_.push_back(insn::sd(r, bump_, kResults));
      words_.push_back(word);
      bump_ += 8;
    }
    if (bump_ < 1900) return;
    code_.push_back(insn::addi(kResults, kResults, bump_));
    bump_ = 0;
  }
  void add_operand(unsigned r, int64_t offset, const Constant* constant) {
    if (r == zero) return;
    if (!constant) {
      code_.push_back(insn::ld(r, offset, kPointer));
      return;
    }
    const std::vector<Word> load = constant->load(r);
    code_.insert(code_.end(), load.begin(), load.end());
  }

  const Row& row_;
  std::vector<Word> code_;
  std::vector<uint32_t> words_;  // of each result in a round: the instruction
  int64_t bump_ = 0;
};

// On this host, and as if it had none of the newer instructions.
class Lowering : public testing::TestWithParam<bool> {
 protected:
  Lowering() { board_.old_host = GetParam(); }
  Board board_;
};
INSTANTIATE_TEST_SUITE_P(Hosts, Lowering, testing::Bool(),
                         [](const auto& info) { return info.param ? "OldHost" : "ThisHost"; });

TEST_P(Lowering, EveryIntegerRow_AsTheInterpreter) {
  unsigned rows = 0;
  for (const Row& row : riscv::kRows) {
    if (!is_swept(row)) continue;
    SCOPED_TRACE(row.name);
    const Sweep sweep(row);
    Bench plain(board_, Caches::kNone), translated(board_, Caches::kTranslator);
    const std::vector<uint64_t> expected = sweep.run(plain), found = sweep.run(translated);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(found[i], expected[i]) << sweep.explain(i);
    ASSERT_EQ(first_difference(plain.state(), translated.state()), "");
    EXPECT_LT(translated.translator_counters().interpreted_steps, 1000u)
        << "it was not translated code that ran";
    ++rows;
  }
  EXPECT_GT(rows, 90u) << "I, M, Zba, Zbb, Zbc, Zbs, Zbkb, Zbkx, Zicond and the branches";
}

// --- Sequences

class Sequence {
 public:
  explicit Sequence(uint64_t seed) : random_(seed) {
    for (const Row& row : riscv::kRows)
      if (is_swept(row)) rows_.push_back(&row);
    for (unsigned i = 0; i < 400; ++i) add();
    for (unsigned i = 0; i < 4; ++i) code_.push_back(insn::kNop);  // the last branches lead here
    code_.push_back(insn::kSelf);
  }
  void run(Bench& b) const {
    b.put(kCode, code_);
    std::mt19937_64 values(random_);
    for (uint64_t at = kData; at < kData + 256; at += 8) b.write64(at, values() >> values() % 64);
    for (unsigned r = 1; r < 32; ++r) b.set_x(r, values());
    b.set_x(gp, kData);
    b.run(code_.size() + 5);
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  // Few, so that they meet often; half of them in host registers.
  unsigned any() {
    constexpr unsigned kFew[] = {zero, a5, a4, a0, sp, t0, t1, t2};
    return kFew[below(8)];
  }
  void add() {
    const auto offset = static_cast<int64_t>(8 * below(32));
    switch (below(12)) {
      case 0: return code_.push_back(insn::ld(any(), offset, gp));
      case 1: return code_.push_back(insn::load(static_cast<uint32_t>(below(7)), any(), offset, gp));
      case 2: return code_.push_back(insn::store(static_cast<uint32_t>(below(4)), any(), offset, gp));
      case 3: return code_.push_back(insn::lui(any(), static_cast<uint32_t>(random_())));
      case 4: return code_.push_back(insn::addi(any(), zero, static_cast<int64_t>(below(64)) - 32));
      default: break;
    }
    const Row& row = *rows_[below(rows_.size())];
    uint32_t free = static_cast<uint32_t>(random_()) & 0xfff0'0000;
    if (row.x_registers & riscv::kRs2) free = (free & 0xfe00'0000) | any() << 20;
    if (row.has(riscv::kBranch))
      free = any() << 20 | insn::b_type(static_cast<int64_t>(4 + 4 * below(3)), 0, 0, 0);
    const uint32_t word =
        row.match | (~row.mask & (free | any() << 15 | (row.has(riscv::kBranch) ? 0 : any() << 7)));
    if (riscv::decode(word, riscv::ExtensionSet::standard()).op != riscv::Op::illegal) code_.push_back(word);
  }

  std::mt19937_64 random_;
  std::vector<const Row*> rows_;
  std::vector<Word> code_;
};

TEST_P(Lowering, RandomSequences_AsTheInterpreter) {
  board_.memory = 512 << 10;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const Sequence sequence(seed);
    Bench plain(board_, Caches::kNone), translated(board_, Caches::kTranslator);
    sequence.run(plain);
    sequence.run(translated);
    ASSERT_EQ(first_difference(plain.state(), translated.state()), "") << "seed " << seed;
    ASSERT_GT(translated.translator_counters().instructions, 100u);
  }
}

}  // namespace
}  // namespace vitrine::bench
