// SPDX-License-Identifier: MIT
// Counting what programs reach, and words for it.
#include "tests/isa/riscv/step_coverage.h"

#include <fmt/format.h>

namespace vitrine::bench {
namespace {
constexpr unsigned kModes[] = {0, 1, 3};
constexpr char kLetters[] = "US?M";
}  // namespace

void StepCoverage::before(Bench& b) {
  mode_ = static_cast<unsigned>(b.mode());
  traps_before_ = b.hart().traps;
  row_ = static_cast<size_t>(next_instruction(b).row);
}

void StepCoverage::after(Bench& b) {
  const auto mode = static_cast<unsigned>(b.mode());
  mode_changes_ += mode_ != mode;
  if (b.hart().traps == traps_before_) {
    ++retired_[row_][mode_];
    return;
  }
  const uint64_t cause = b.csr(b.mode() == kM ? csr::mcause : csr::scause);
  ++traps_[cause >> 63][cause & 15][mode_][mode];
}

uint64_t StepCoverage::taken(const Causes& causes, unsigned cause) {
  uint64_t sum = 0;
  for (const auto& from : causes[cause])
    for (const uint64_t count : from) sum += count;
  return sum;
}

std::set<std::string> StepCoverage::rows_never_retired() const {
  std::set<std::string> names;
  for (size_t op = 1; op < riscv::kOpCount; ++op)
    if (retired_[op][0] + retired_[op][1] + retired_[op][3] == 0) names.emplace(riscv::kRows[op].name);
  return names;
}

std::string StepCoverage::summary() const {
  uint64_t of_mode[4] = {};
  for (const auto& row : retired_)
    for (unsigned mode = 0; mode < 4; ++mode) of_mode[mode] += row[mode];
  std::string text =
      fmt::format("retired: U {}, S {}, M {}; rows: {} of {}; changes of mode: {}\nexceptions:", of_mode[0], of_mode[1],
                  of_mode[3], riscv::kOpCount - 1 - rows_never_retired().size(), riscv::kOpCount - 1, mode_changes_);
  for (unsigned i = 0; i < 16; ++i)
    if (exceptions(i)) text += fmt::format(" {}: {}", i, exceptions(i));
  text += "\ninterrupts:";
  for (unsigned i = 0; i < 16; ++i)
    if (interrupts(i)) text += fmt::format(" {}: {}", i, interrupts(i));
  return text;
}

std::string StepCoverage::table() const {
  std::string text = fmt::format("{:<14}{:>10}{:>10}{:>10}\n", "row", "U", "S", "M");
  for (size_t op = 1; op < riscv::kOpCount; ++op)
    text += fmt::format("{:<14}{:>10}{:>10}{:>10}\n", riscv::kRows[op].name, retired_[op][0], retired_[op][1],
                        retired_[op][3]);
  text += fmt::format("\n{:<14}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "cause", "U>S", "U>M", "S>S", "S>M", "M>M");
  for (unsigned kind = 0; kind < 2; ++kind)
    for (unsigned cause = 0; cause < 16; ++cause) {
      if (taken(traps_[kind], cause) == 0) continue;
      const FromTo& t = traps_[kind][cause];
      text += fmt::format("{:<14}{:>10}{:>10}{:>10}{:>10}{:>10}\n",
                          fmt::format("{} {}", kind == 0 ? "exception" : "interrupt", cause), t[0][1], t[0][3], t[1][1],
                          t[1][3], t[3][3]);
    }
  text += "\nnever retired:";
  for (const std::string& name : rows_never_retired()) text += " " + name;
  for (const unsigned mode : kModes) {
    text += fmt::format("\nnever in {}:", kLetters[mode]);
    for (size_t op = 1; op < riscv::kOpCount; ++op)
      if (retired_[op][mode] == 0) text += fmt::format(" {}", riscv::kRows[op].name);
  }
  return text + "\n";
}

}  // namespace vitrine::bench
