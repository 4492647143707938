// SPDX-License-Identifier: MIT
// Floating point by what it does: every row, with every way in which its operands can share registers, lie in host
// registers or in memory, on corner values, boxed and not, against the interpreter without caches: results and flags. Then
// random sequences, in which f registers live from one instruction to the next. Where f registers are while something else
// runs: float_places_test.cpp.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "tests/isa/riscv/bench/bench.h"
#include "translator/registers.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly
using riscv::Row;

// Two that the translator keeps in host registers, two that it keeps in memory.
constexpr unsigned kOperands[] = {15, 10, 3, 22};  // fa5, fa0, ft3, fs6
constexpr unsigned kIntegers[] = {a5, t0, zero};
constexpr uint64_t kValues = kTables;
constexpr unsigned kPointer = gp, kResults = tp, kRounds = t3, kFlags = t4;

constexpr uint64_t kBox = 0xffff'ffff'0000'0000;
constexpr uint64_t kDoubles[] = {
    0,                      // 0
    0x8000'0000'0000'0000,  // -0
    0x3ff0'0000'0000'0000,  // 1
    0xbff8'0000'0000'0000,  // -1.5
    0x3fb9'9999'9999'999a,  // 0.1
    0x41df'ffff'ffe0'0000,  // 2^31 - 0.5
    0xc1e0'0000'0000'0000,  // -2^31
    0x43e0'0000'0000'0000,  // 2^63
    0xc3e0'0000'0000'0000,  // -2^63
    0x7fef'ffff'ffff'ffff,  // the largest
    0x0010'0000'0000'0000,  // the smallest that is normal
    0x0000'0000'0000'0001,  // the smallest
    0x36a0'0000'0000'0000,  // a subnormal single
    0x47ef'ffff'f000'0000,  // becomes infinite as a single
    0x7ff0'0000'0000'0000,  // infinity
    0xfff0'0000'0000'0000,
    0x7ff8'0000'0000'0000,  // the NaN
    0xfff8'0000'0000'1234,  // another
    0x7ff0'0000'0000'0001,  // a signalling one
};
constexpr uint64_t kSingles[] = {kBox | 0x0000'0000, kBox | 0x8000'0000, kBox | 0x3f80'0000, kBox | 0xbfc0'0000,
                                 kBox | 0x3dcc'cccd, kBox | 0x4eff'ffff, kBox | 0x4f00'0000, kBox | 0xdf00'0000,
                                 kBox | 0x7f7f'ffff, kBox | 0x0080'0000, kBox | 0x0000'0001, kBox | 0x7f80'0000,
                                 kBox | 0xff80'0000, kBox | 0x7fc0'0000, kBox | 0xffc0'4321, kBox | 0x7f80'0001};
// inf * 0 + NaN: RISC-V raises NV, x86 does not. Three operands each.
constexpr uint64_t kInvalidProducts[] = {0x7ff0'0000'0000'0000, 0,
                                         0x7ff8'0000'0000'0000, 0x8000'0000'0000'0000, 0x7ff0'0000'0000'0000,
                                         0xfff8'0000'0000'1234, kBox | 0xff80'0000, kBox,
                                         kBox | 0x7fc0'0000, kBox, kBox | 0x7f80'0000,
                                         kBox | 0xffc0'4321};
constexpr uint64_t kOthers[] = {0x3f80'0000, 0xffff'fffe'3f80'0000, 0xffff'ffff'ffff'3c00, 0xffff'ffff'ffff'7c01,
                                0xffff'ffff'ffff'fe00, ~uint64_t{0}, 33, 0x0123'4567'89ab'cdef, 0x8000'0000};

template <size_t kSize>
uint64_t one_of(const uint64_t (&values)[kSize], std::mt19937_64& random) {
  return values[random() % kSize];
}
// Of one format as a rule, so that most operations have operands of their own kind.
class Values {
 public:
  explicit Values(uint64_t seed) : random_(seed) {}
  void next_round() { kind_ = random_() % 8; }
  uint64_t operator()() {
    const uint64_t kind = kind_ == 7 ? random_() % 8 : kind_;
    if (kind < 3) return one_of(kDoubles, random_);
    if (kind < 6) return one_of(kSingles, random_);
    return kind == 6 ? one_of(kOthers, random_) : random_();
  }

 private:
  std::mt19937_64 random_;
  uint64_t kind_ = 7;
};

bool is_swept(const Row& row) {
  if (row.length != 4 || row.expands_to != static_cast<riscv::Op>(&row - riscv::kRows.data())) return false;
  return row.has(riscv::kFloat) && !row.has(riscv::kLoad | riscv::kStore);
}
bool is_free(const Row& row, unsigned bit) { return !(row.mask >> bit & 1); }

class Sweep {
 public:
  static constexpr unsigned kCount = 150;  // rounds

  explicit Sweep(const Row& row) : row_(row) {
    for (const unsigned rd : operands(riscv::kRd))
      for (const unsigned rs1 : operands(riscv::kRs1))
        for (const unsigned rs2 : operands_at(20))
          for (const unsigned rs3 : operands_at(27))
            add_case(rd, rs1, rs2, rs3, insn::kDyn);
    if (!is_free(row, 12)) return;
    for (const uint32_t rm : {insn::kRne, insn::kRtz, insn::kRup})
      add_case(operands(riscv::kRd)[0], operands(riscv::kRs1)[0], 15, 3, rm);
  }
  std::vector<uint64_t> run(Bench& b) const {
    std::vector<Word> code = code_;
    code.insert(code.end(), {insn::addi(kPointer, kPointer, 24), insn::addi(kResults, kResults, bump_),
                             insn::addi(kRounds, kRounds, -1), insn::beq(kRounds, zero, 8)});
    code.emplace_back(insn::jal(zero, -4 * static_cast<int64_t>(code.size())));
    code.emplace_back(insn::kSelf);
    EXPECT_LT(4 * code.size(), kData - kCode);
    b.put(kCode, code);
    b.set_bits(csr::mstatus, status::kFsInitial);
    Values values(5);
    for (unsigned i = 0; i < 3 * kCount; ++i) {
      if (i % 3 == 0) values.next_round();
      const uint64_t random = values();
      b.write64(kValues + 8 * i, i < std::size(kInvalidProducts) ? kInvalidProducts[i] : random);
    }
    b.set_x(kPointer, kValues);
    b.set_x(kResults, kData);
    b.set_x(kRounds, kCount);
    b.run(kCount * code.size() + 10);
    EXPECT_EQ(b.x(kRounds), 0u) << "the program did not come to its end";
    EXPECT_LT(b.x(kResults), kValues);
    std::vector<uint64_t> results;
    for (uint64_t at = kData; at < b.x(kResults); at += 8) results.push_back(b.read64(at));
    return results;
  }
  // What made result number i.
  [[nodiscard]] std::string explain(size_t i) const {
    const uint32_t word = words_[i / 2 % words_.size()];
    return riscv::disassemble(riscv::decode(word, riscv::ExtensionSet::standard()), kCode, riscv::Style::canonical) +
           (i % 2 ? ": flags, round " : ": result, round ") + std::to_string(i / 2 / words_.size());
  }

 private:
  std::vector<unsigned> operands(unsigned which) const {
    if (row_.x_registers & which) return {std::begin(kIntegers), std::end(kIntegers)};
    return {std::begin(kOperands), std::end(kOperands)};
  }
  std::vector<unsigned> operands_at(unsigned bit) const {
    if (!is_free(row_, bit)) return {0};
    return {std::begin(kOperands), std::end(kOperands)};
  }
  void add_case(unsigned rd, unsigned rs1, unsigned rs2, unsigned rs3, uint32_t rm) {
    const uint32_t word = row_.match | (~row_.mask & (rs3 << 27 | rs2 << 20 | rs1 << 15 | rm << 12 | rd << 7));
    if (riscv::decode(word, riscv::ExtensionSet::standard()).op == riscv::Op::illegal) return;
    if (!(row_.x_registers & riscv::kRs1))
      code_.emplace_back(insn::fld(rs1, 0, kPointer));
    else if (rs1 != zero)
      code_.emplace_back(insn::ld(rs1, 0, kPointer));
    if (is_free(row_, 20)) code_.emplace_back(insn::fld(rs2, 8, kPointer));
    if (is_free(row_, 27)) code_.emplace_back(insn::fld(rs3, 16, kPointer));
    code_.insert(code_.end(), {insn::csrrwi(zero, csr::fflags, 0), word});
    code_.emplace_back(row_.x_registers & riscv::kRd ? insn::sd(rd, bump_, kResults) : insn::fsd(rd, bump_, kResults));
    code_.insert(code_.end(), {insn::csrr(kFlags, csr::fflags), insn::sd(kFlags, bump_ + 8, kResults)});
    words_.push_back(word);
    bump_ += 16;
    if (bump_ < 1900) return;
    code_.emplace_back(insn::addi(kResults, kResults, bump_));
    bump_ = 0;
  }

  const Row& row_;
  std::vector<Word> code_;
  std::vector<uint32_t> words_;  // of each pair of results in a round: the instruction
  int64_t bump_ = 0;
};

// On this host, and as if it had neither AVX nor FMA.
class Float : public testing::TestWithParam<bool> {
 protected:
  Float() { board_.old_host = GetParam(); }
  Board board_;
};
INSTANTIATE_TEST_SUITE_P(Hosts, Float, testing::Bool(),
                         [](const auto& info) { return info.param ? "OldHost" : "ThisHost"; });

TEST(FloatMap, EachRegisterOnce) {
  std::set<unsigned> guest, host;
  for (const auto& m : translator::kMappedFloat) {
    EXPECT_TRUE(guest.insert(m.guest).second && host.insert(m.host).second);
    EXPECT_TRUE(m.guest < 32 && m.host >= 2 && m.host < 16);
  }
}

TEST_P(Float, EveryRow_AsTheInterpreter) {
  unsigned rows = 0;
  for (const Row& row : riscv::kRows) {
    if (!is_swept(row)) continue;
    SCOPED_TRACE(row.name);
    const Sweep sweep(row);
    Bench plain(board_, Caches::kNone), translated(board_, Caches::kTranslator);
    const std::vector<uint64_t> expected = sweep.run(plain), found = sweep.run(translated);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(found[i], expected[i]) << std::hex << sweep.explain(i);
    ASSERT_EQ(first_difference(plain.state(), translated.state()), "");
    EXPECT_GT(translated.translator_counters().instructions, 20u);
    ++rows;
  }
  EXPECT_GT(rows, 85u) << "F, D, Zfh";
}

// frflags t; a comparison; fsflags t: for every pair of values, after operations that have raised flags or not. And what
// only looks like it: another register is written back, the comparison overwrites it, fflags are read again.
TEST_P(Float, QuietComparisons_AsTheInterpreter) {
  const std::vector<uint64_t> doubles(std::begin(kDoubles), std::end(kDoubles)), singles(std::begin(kSingles), std::end(kSingles));
  for (const uint32_t format : {insn::kD, insn::kS}) {
    const std::vector<uint64_t>& values = format == insn::kD ? doubles : singles;
    for (const auto compare : {insn::feq, insn::flt, insn::fle})
      for (const unsigned t : {a4, t1}) {
        std::vector<Word> code;
        int64_t at = 0;
        const auto add = [&](unsigned rd, unsigned written, unsigned first, uint32_t raises) {
          code.insert(code.end(), {insn::fld(15, 0, kPointer), insn::fld(10, 8, kPointer), insn::fld(3, 8, kPointer),
                                   insn::addi(t2, zero, 9), insn::csrrwi(zero, csr::fflags, 0), raises,
                                   insn::csrr(t, csr::fflags), compare(format, rd, first, 10),
                                   insn::csrrw(zero, csr::fflags, written), insn::csrr(t5, csr::fflags)});
          for (const unsigned r : {rd, t, t5}) code.emplace_back(insn::sd(r, at, kResults)), at += 8;
        };
        constexpr uint32_t kDivides = insn::fdiv(insn::kD, 8, 9, 18), kAdds = insn::fadd(insn::kD, 8, 9, 9);
        for (const uint32_t raises : {kDivides, kAdds})
          for (const unsigned first : {15u, 3u}) {
            for (const unsigned rd : {unsigned{a5}, unsigned{t0}, unsigned{zero}}) add(rd, t, first, raises);
            add(t, t, first, raises);
            add(a5, t2, first, raises);
          }
        code.insert(code.end(), {insn::addi(kPointer, kPointer, 16), insn::addi(kResults, kResults, at),
                                 insn::addi(kRounds, kRounds, -1), insn::beq(kRounds, zero, 8)});
        code.emplace_back(insn::jal(zero, -4 * static_cast<int64_t>(code.size())));
        code.emplace_back(insn::kSelf);
        const auto run = [&](Bench& b) {
          b.put(kCode, code);
          b.set_bits(csr::mstatus, status::kFsInitial);
          b.set_f(9, 0x3ff0'0000'0000'0000);
          b.set_f(18, 0x4008'0000'0000'0000);
          uint64_t place = kValues;
          for (const uint64_t first : values)
            for (const uint64_t second : values) b.write64(place, first), b.write64(place + 8, second), place += 16;
          b.set_x(kPointer, kValues);
          b.set_x(kResults, kData);
          b.set_x(kRounds, values.size() * values.size());
          b.run(values.size() * values.size() * code.size() + 10);
          EXPECT_EQ(b.x(kRounds), 0u);
          EXPECT_LT(b.x(kResults), kValues);
        };
        Bench plain(board_, Caches::kNone), translated(board_, Caches::kTranslator);
        run(plain);
        run(translated);
        ASSERT_EQ(first_difference(plain.state(), translated.state()), "");
      }
  }
}

// --- Sequences

class Sequence {
 public:
  explicit Sequence(uint64_t seed) : random_(seed), values_(seed) {
    for (const Row& row : riscv::kRows)
      if (is_swept(row)) rows_.push_back(&row);
    // A sequence of one format, or of all.
    const char* const formats[] = {".s", ".d", ".d", ""};
    const std::string format = formats[below(4)];
    std::erase_if(rows_, [&](const Row* row) { return row->name.find(format) == std::string_view::npos; });
    for (unsigned i = 0; i < 300; ++i) add();
    for (unsigned i = 0; i < 4; ++i) code_.push_back(insn::kNop);  // the last branches lead here
    code_.push_back(insn::kSelf);
  }
  void run(Bench& b) {
    b.put(kCode, code_);
    b.set_bits(csr::mstatus, status::kFsInitial);
    Values values = values_;
    for (uint64_t at = kData; at < kData + 256; at += 8) {
      values.next_round();
      b.write64(at, values());
    }
    for (unsigned r = 1; r < 32; ++r) b.set_x(r, values());
    for (unsigned r = 0; r < 32; ++r) b.set_f(r, values());
    b.set_x(gp, kData);
    b.run(code_.size() + 5);
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  unsigned any_f() {
    constexpr unsigned kFew[] = {15, 10, 8, 20, 3, 22};
    return kFew[below(6)];
  }
  unsigned any_x() {
    constexpr unsigned kFew[] = {zero, a5, a0, t0, t1};
    return kFew[below(5)];
  }
  void add() {
    const auto offset = static_cast<int64_t>(8 * below(32));
    switch (below(24)) {
      case 0:
      case 1:
      case 2: return code_.push_back(insn::fld(any_f(), offset, gp));
      case 3: return code_.push_back(insn::flw(any_f(), offset + 4 * static_cast<int64_t>(below(2)), gp));
      case 4: return code_.push_back(insn::flh(any_f(), offset + 2 * static_cast<int64_t>(below(4)), gp));
      case 5:
      case 6: return code_.push_back(insn::fsd(any_f(), offset, gp));
      case 7: return code_.push_back(insn::fsw(any_f(), offset, gp));
      case 8: return code_.push_back(insn::fsh(any_f(), offset, gp));
      case 9: return code_.push_back(insn::csrr(any_x(), csr::fflags));
      case 10: return code_.push_back(insn::csrrw(any_x(), csr::fflags, any_x()));
      case 11: return code_.push_back(insn::fld(any_f(), 0xffd, gp));  // unaligned, across lines or pages: slow
      case 12: return code_.push_back(insn::beq(any_x(), any_x(), static_cast<int64_t>(4 + 4 * below(3))));
      case 13: return code_.push_back(insn::add(any_x(), any_x(), any_x()));
      case 14: return code_.push_back(insn::csrr(any_x(), csr::mscratch));
      default: break;
    }
    const Row& row = *rows_[below(rows_.size())];
    const unsigned rd = row.x_registers & riscv::kRd ? any_x() : any_f();
    const unsigned rs1 = row.x_registers & riscv::kRs1 ? any_x() : any_f();
    const auto rm = static_cast<uint32_t>(below(4) ? insn::kDyn : below(5));
    const uint32_t word = row.match | (~row.mask & (any_f() << 27 | any_f() << 20 | rs1 << 15 | rm << 12 | rd << 7));
    if (riscv::decode(word, riscv::ExtensionSet::standard()).op != riscv::Op::illegal) code_.push_back(word);
  }

  std::mt19937_64 random_;
  Values values_;
  std::vector<const Row*> rows_;
  std::vector<Word> code_;
};

TEST_P(Float, RandomSequences_AsTheInterpreter) {
  board_.memory = 512 << 10;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Sequence sequence(seed);
    Bench plain(board_, Caches::kNone), translated(board_, Caches::kTranslator);
    sequence.run(plain);
    sequence.run(translated);
    ASSERT_EQ(first_difference(plain.state(), translated.state()), "") << "seed " << seed;
    ASSERT_GT(translated.translator_counters().instructions, 50u);
  }
}

}  // namespace
}  // namespace vitrine::bench
