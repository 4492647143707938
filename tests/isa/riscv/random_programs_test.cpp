// SPDX-License-Identifier: MIT
// Random programs on the interpreter with caches, and on the translator, against the interpreter without
// caches: equal states after every chunk. The options are in program_options.h.
//
// When states differ, the program is shrunk, shown with the instruction after which they do, and written as a
// file that stored_programs_test.cpp can load. What the programs reached (rows by mode, causes, changes of
// code) is reported at the end, and a row that was never run fails the test.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/isa/riscv/program_comparison.h"
#include "tests/isa/riscv/program_options.h"
#include "tests/isa/riscv/random_program.h"
#include "tests/isa/riscv/step_coverage.h"

namespace vitrine::bench {
namespace {

constexpr uint64_t kDefaultPrograms = 2000;
constexpr double kShrinkSeconds = 60;

// --- What was reached
// -------------------------------------------------------------------------------------------

class Coverage final : public StepCoverage {
 public:
  // What the caches went through.
  void take(const std::vector<std::unique_ptr<ProgramRun>>& runs) {
    for (const auto& run : runs) {
      Bench& b = run->bench;
      if (b.caches() == Caches::kAll) changed_lines_ += b.code_counters().invalidated;
#ifdef VITRINE_HAS_TRANSLATOR
      if (b.caches() != Caches::kTranslator) continue;
      const auto& counters = b.translator_counters();
      blocks_ += counters.blocks;
      dropped_ += counters.dropped_pages;
      cold_ += counters.interpreted_steps;
      steps_ += b.clock().step();
      for (const core::EventRow& row : core::event_rows())
        events_[static_cast<size_t>(row.kind)] += b.events().of(row.kind);
#endif
    }
  }
  void expect_caches_were_tried() const {
    EXPECT_GT(mode_changes(), 10'000u);
    EXPECT_GT(changed_lines_, 500u) << "lines of decoded code that were written";
#ifdef VITRINE_HAS_TRANSLATOR
    EXPECT_GT(dropped_, 500u) << "translated pages that were written";
    EXPECT_LT(cold_, steps_ / 2) << "the translator left most steps to the interpreter";
    using core::EventKind;
    for (const EventKind kind : {EventKind::kTrapReturn, EventKind::kCsrAccess, EventKind::kPageTableWrite, EventKind::kHiddenFault,
                                 EventKind::kFloatRedone, EventKind::kBlockNotFound, EventKind::kBudgetUsed})
      EXPECT_GT(events_[static_cast<size_t>(kind)], 100u) << row_of(kind).name;
#endif
  }
  [[nodiscard]] std::string report() const {
    std::ostringstream text;
    text << summary() << "\nlines of code written: " << changed_lines_;
#ifdef VITRINE_HAS_TRANSLATOR
    text << "\nblocks: " << blocks_ << ", pages dropped: " << dropped_ << ", interpreted: " << cold_ << " of "
         << steps_ << "; events:";
    for (const core::EventRow& row : core::event_rows())
      text << " " << row.name << " " << events_[static_cast<size_t>(row.kind)];
#endif
    return text.str();
  }

 private:
  uint64_t changed_lines_ = 0;
#ifdef VITRINE_HAS_TRANSLATOR
  uint64_t blocks_ = 0, dropped_ = 0, cold_ = 0, steps_ = 0;
  std::array<uint64_t, core::kEventKinds> events_{};
#endif
};

// --- Comparing
// --------------------------------------------------------------------------------------

// The chunks up to this one.
TestProgram beginning(TestProgram program, size_t last) {
  program.chunks.resize(last + 1);
  return program;
}

void compare(uint64_t seed, Coverage& coverage) {
  const TestProgram program = RandomProgram::of(seed);
  const Caches second = seed % 2 ? Caches::kTiny : Caches::kTranslations;
  ProgramRun plain(program, Caches::kNone);
  std::vector<std::unique_ptr<ProgramRun>> others;
  for (const Caches caches : kEveryCache)
    if (caches == Caches::kAll || caches == Caches::kTranslator || caches == second)
      others.push_back(std::make_unique<ProgramRun>(program, caches));
  for (size_t i = 0; i < program.chunks.size(); ++i) {
    plain.run_chunk(i, ~uint64_t{0}, &coverage);
    const uint64_t expected = plain.bench.state_hash();
    for (const std::unique_ptr<ProgramRun>& run : others) {
      run->run_chunk(i);
      if (run->bench.state_hash() == expected) continue;
      const std::string text = shrunk_text(beginning(program, i), run->bench.caches(),
                                           fmt::format("random program, seed {}", seed), kShrinkSeconds);
      FAIL() << "--seed=" << seed << " --programs=1\n"
             << text
             << keep_failure(fmt::format("random-{}-{}.program", seed, name_of(run->bench.caches())), text);
    }
    if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
  }
  coverage.take(others);
}

TEST(RandomPrograms, CachesAgainstNone_SameStates) {
  Coverage coverage;
  const uint64_t first_seed = program_options().first_seed;
  uint64_t done = 0;
  for (; more_programs(done); ++done) {
    compare(first_seed + done, coverage);
    if (HasFatalFailure()) return;
    if (done % 10'000 == 9'999) std::cout << done + 1 << " programs\n";
  }
  std::cout << coverage.report() << "\n";
  if (done < kDefaultPrograms) return;
  const std::set<std::string> never = {"c.ebreak", "ebreak", "ecall"};  // they always trap
  EXPECT_EQ(coverage.rows_never_retired(), never);
  for (const unsigned cause : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 11u, 12u, 13u, 15u})
    EXPECT_GT(coverage.exceptions(cause), 20u) << "cause " << cause;
  for (const unsigned number : {1u, 3u, 5u, 7u, 9u, 11u})
    EXPECT_GT(coverage.interrupts(number), 20u) << number;
  coverage.expect_caches_were_tried();
}

TEST(RandomPrograms, SameSeed_SameProgram) {
  const std::string one = RandomProgram::of(5).to_text();
  EXPECT_EQ(one, RandomProgram::of(5).to_text());
  EXPECT_NE(one, RandomProgram::of(6).to_text());
}

}  // namespace
}  // namespace vitrine::bench

int main(int argc, char** argv) {
  return vitrine::bench::run_program_tests(argc, argv, vitrine::bench::kDefaultPrograms);
}
