// SPDX-License-Identifier: MIT
// What programs reached, step by step: how often each instruction row was retired in each mode, and each cause of a
// guest trap was taken, from which mode and into which. Next: random_programs_test.cpp, machine_programs_test.cpp.
#pragma once

#include <array>
#include <set>
#include <string>

#include "tests/isa/riscv/program_comparison.h"

namespace vitrine::bench {

class StepCoverage : public StepObserver {
 public:
  void before(Bench& b) override;
  void after(Bench& b) override;

  [[nodiscard]] std::set<std::string> rows_never_retired() const;
  [[nodiscard]] uint64_t exceptions(unsigned cause) const { return taken(traps_[0], cause); }
  [[nodiscard]] uint64_t interrupts(unsigned number) const { return taken(traps_[1], number); }
  [[nodiscard]] uint64_t mode_changes() const { return mode_changes_; }
  // Three lines; a table.
  [[nodiscard]] std::string summary() const;
  [[nodiscard]] std::string table() const;

 private:
  using FromTo = std::array<std::array<uint64_t, 4>, 4>;  // by modes
  using Causes = std::array<FromTo, 16>;
  static uint64_t taken(const Causes& causes, unsigned cause);

  std::array<std::array<uint64_t, 4>, riscv::kOpCount> retired_{};
  std::array<Causes, 2> traps_{};  // exceptions, interrupts
  uint64_t mode_changes_ = 0;
  // Before the step.
  unsigned mode_ = 0;
  uint64_t traps_before_ = 0;
  size_t row_ = 0;
};

}  // namespace vitrine::bench
