// SPDX-License-Identifier: MIT
// Random programs on the interpreter with caches against the one without: equal states after every chunk.
//
//   riscv_random_programs_test                             what ctest runs: 2,000 programs
//   riscv_random_programs_test --programs=1000000          a long run
//   riscv_random_programs_test --seed=1234 --programs=1    one of them again
//
// When states differ, the first step after which they do is looked for, and shown with the instruction. What
// the programs reached (rows by mode, causes) is reported at the end, and a row that was never run fails the
// test.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/random_program.h"

namespace vitrine::bench {
namespace {

constexpr uint64_t kDefaultPrograms = 2000;
uint64_t first_seed = 1, programs = kDefaultPrograms;

// The instruction at pc, as hart 0 would fetch it now; nothing changes.
riscv::Insn next_instruction(Bench& b) {
  const auto halfword = [&](uint64_t at) -> uint32_t {
    const mmu::Walk walk = b.mmu().look({at}, core::AccessKind::kFetch);
    uint16_t bits = 0;
    if (walk.fault != core::FaultKind::kNone || !b.ram().read_value(walk.physical, bits)) return 0;
    return bits;
  };
  const uint32_t low = halfword(b.pc());
  const uint32_t high = riscv::instruction_length(static_cast<uint16_t>(low)) == 4 ? halfword(b.pc() + 2) : 0;
  return riscv::decode(high << 16 | low, b.hart().extensions);
}

// --- What was reached
// -------------------------------------------------------------------------------------------

class Coverage {
 public:
  void before(Bench& b) {
    const riscv::Insn insn = next_instruction(b);
    mode_ = static_cast<unsigned>(b.mode());
    traps_ = b.hart().traps;
    row_ = static_cast<size_t>(insn.row);
  }
  void after(Bench& b) {
    if (b.hart().traps == traps_) {
      ++retired_[row_][mode_];
      return;
    }
    const uint64_t cause = b.csr(b.mode() == kM ? csr::mcause : csr::scause);
    ++(cause >> 63 ? interrupts_ : exceptions_)[cause & 15];
  }
  [[nodiscard]] std::set<std::string> rows_never_retired() const {
    std::set<std::string> names;
    for (size_t op = 1; op < riscv::kOpCount; ++op) {
      const auto& of_mode = retired_[op];
      if (of_mode[0] + of_mode[1] + of_mode[3] == 0) names.emplace(riscv::kRows[op].name);
    }
    return names;
  }
  [[nodiscard]] uint64_t exceptions(unsigned cause) const { return exceptions_[cause]; }
  [[nodiscard]] uint64_t interrupts(unsigned number) const { return interrupts_[number]; }
  [[nodiscard]] std::string report() const {
    std::ostringstream text;
    uint64_t of_mode[4] = {};
    for (const auto& row : retired_)
      for (unsigned mode = 0; mode < 4; ++mode) of_mode[mode] += row[mode];
    text << "retired: U " << of_mode[0] << ", S " << of_mode[1] << ", M " << of_mode[3]
         << "; rows: " << riscv::kOpCount - 1 - rows_never_retired().size() << " of " << riscv::kOpCount - 1
         << "\nexceptions:";
    for (unsigned i = 0; i < 16; ++i)
      if (exceptions_[i]) text << " " << i << ": " << exceptions_[i];
    text << "\ninterrupts:";
    for (unsigned i = 0; i < 16; ++i)
      if (interrupts_[i]) text << " " << i << ": " << interrupts_[i];
    return text.str();
  }

 private:
  uint64_t retired_[riscv::kOpCount][4] = {};
  uint64_t exceptions_[16] = {}, interrupts_[16] = {};
  unsigned mode_ = 0;
  uint64_t traps_ = 0;
  size_t row_ = 0;
};

// --- Running and comparing
// --------------------------------------------------------------------------------------

// Chunk by chunk in one go, or (with coverage) step by step.
class Runner {
 public:
  Runner(const RandomProgram& program, Caches caches) : program_(program), bench(program.board(), caches) {
    program_.load(bench);
  }
  void run_chunk(size_t i, uint64_t at_most = ~uint64_t{0}, Coverage* coverage = nullptr) {
    const RandomProgram::Chunk& chunk = program_.chunks()[i];
    for (const auto& action : chunk.actions) action(bench);
    const uint64_t steps = std::min(chunk.steps, at_most);
    if (!coverage) return bench.run_and_wake(steps);
    for (uint64_t step = 0; step < steps; ++step) {
      coverage->before(bench);
      bench.run_and_wake(1);
      coverage->after(bench);
    }
  }

 private:
  const RandomProgram& program_;

 public:
  Bench bench;
};

// State after `steps` of chunk `last`, from the beginning.
std::vector<std::string> state_at(const RandomProgram& program, Caches caches, size_t last, uint64_t steps) {
  Runner runner(program, caches);
  for (size_t i = 0; i < last; ++i) runner.run_chunk(i);
  Coverage not_looked_at;  // step by step, as compare() runs it
  runner.run_chunk(last, steps, caches == Caches::kNone ? &not_looked_at : nullptr);
  return runner.bench.state();
}

// Where the two part, found by halving: the state before, the instruction, and the first field that differs
// after it.
std::string explain(const RandomProgram& program, Caches caches, size_t chunk) {
  uint64_t low = 0, high = program.chunks()[chunk].steps;  // equal after `low` steps, different after `high`
  while (high - low > 1) {
    const uint64_t middle = (low + high) / 2;
    const bool equal =
        state_at(program, Caches::kNone, chunk, middle) == state_at(program, caches, chunk, middle);
    (equal ? low : high) = middle;
  }
  Runner before(program, Caches::kNone);
  for (size_t i = 0; i < chunk; ++i) before.run_chunk(i);
  before.run_chunk(chunk, low);
  const uint64_t pc = before.bench.pc();
  std::ostringstream text;
  text << "after " << low << " steps of chunk " << chunk << ", at pc 0x" << std::hex << pc << " in mode "
       << static_cast<unsigned>(before.bench.mode()) << ": "
       << riscv::disassemble(next_instruction(before.bench), pc, riscv::Style::friendly) << "\n  "
       << first_difference(state_at(program, Caches::kNone, chunk, high),
                           state_at(program, caches, chunk, high));
  return text.str();
}

void compare(uint64_t seed, Coverage& coverage) {
  const RandomProgram program(seed);
  const Caches second = seed % 2 ? Caches::kTiny : Caches::kTranslations;
  Runner plain(program, Caches::kNone);
  std::vector<std::unique_ptr<Runner>> others;
  for (const Caches caches : kEveryCache)
    if (caches == Caches::kAll || caches == Caches::kTranslator || caches == second)
      others.push_back(std::make_unique<Runner>(program, caches));
  for (size_t i = 0; i < program.chunks().size(); ++i) {
    plain.run_chunk(i, ~uint64_t{0}, &coverage);
    const uint64_t expected = plain.bench.state_hash();
    for (const std::unique_ptr<Runner>& runner : others) {
      runner->run_chunk(i);
      if (runner->bench.state_hash() == expected) continue;
      const Caches caches = runner->bench.caches();
      FAIL() << "seed " << seed << " (--seed=" << seed << " --programs=1), caches: " << name_of(caches)
             << ", " << explain(program, caches, i);
    }
    if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST(RandomPrograms, CachesAgainstNone_SameStates) {
  Coverage coverage;
  for (uint64_t seed = first_seed; seed < first_seed + programs; ++seed) {
    compare(seed, coverage);
    if (HasFatalFailure()) return;
    if (programs > 10'000 && (seed - first_seed) % 10'000 == 9'999) std::cout << seed << " programs\n";
  }
  std::cout << coverage.report() << "\n";
  if (programs < kDefaultPrograms) return;
  const std::set<std::string> never = {"c.ebreak", "ebreak", "ecall"};  // they always trap
  EXPECT_EQ(coverage.rows_never_retired(), never);
  for (const unsigned cause : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 11u, 12u, 13u, 15u})
    EXPECT_GT(coverage.exceptions(cause), 20u) << "cause " << cause;
  for (const unsigned number : {1u, 3u, 5u, 7u, 9u, 11u})
    EXPECT_GT(coverage.interrupts(number), 20u) << number;
}

TEST(RandomPrograms, SameSeed_SameProgram) {
  const RandomProgram one(5), two(5), other(6);
  EXPECT_EQ(state_at(one, Caches::kAll, 2, 1000), state_at(two, Caches::kAll, 2, 1000));
  EXPECT_NE(state_at(one, Caches::kAll, 2, 1000), state_at(other, Caches::kAll, 2, 1000));
}

}  // namespace

bool take_number(const char* argument, const char* name, uint64_t& value) {
  const size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0) return false;
  value = std::strtoull(argument + length, nullptr, 0);
  return true;
}

void take_options(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (take_number(argv[i], "--seed=", first_seed) || take_number(argv[i], "--programs=", programs))
      continue;
    std::cerr << argv[i] << " is no option of this test; there are --seed=N and --programs=N.\n";
    std::exit(2);
  }
}

}  // namespace vitrine::bench

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  vitrine::bench::take_options(argc, argv);
  return RUN_ALL_TESTS();
}
