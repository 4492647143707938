// SPDX-License-Identifier: MIT
// A lab is run, with its parameters' values: each of its machines once, one after the other, in this process;
// then its counters have values, and predictions can be judged.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/lab.h"

namespace vitrine::app {

struct LabRequest {
  std::string broken;                // a break of the lab, or empty
  std::vector<std::string> options;  // of `vitrine run`, for each run besides its own
};

struct LabRunResult {
  std::string name, outcome;  // how the guest ended, in words
  bool good = false;          // it ended in order
  bool absent = false;        // it wants QEMU, and there is none
  std::string output;         // what it printed
  std::string says;           // of that, what is no counter; with "GPA 0x..." goes where the host has it
  uint64_t state = 0;         // hash at the end
  uint64_t steps = 0;
};

struct LabResult {
  LabValues values;    // parameters and abbreviations
  LabValues counters;  // NaN: with a break, a run may say nothing
  std::vector<LabRunResult> runs;
};

// Without a break, a guest that does not end in order, or does not say what it should, is an error.
core::Result<LabResult> run_lab(const Lab& lab, const LabRequest& request);

struct LabVerdict {
  const LabQuestion* question = nullptr;
  bool given = false;  // is there a prediction?
  double predicted = 0, answer = 0, measured = 0;
  bool absent = false;  // not measured, since a run is absent
  [[nodiscard]] bool right() const { return given && predicted == answer; }
  [[nodiscard]] bool exact() const { return absent || measured == answer; }
  const LabMisconception* misconception = nullptr;  // whose answer was predicted
};
// `predictions` by question; formulas over parameters have been evaluated.
core::Result<std::vector<LabVerdict>> judge(const Lab& lab, const LabResult& result,
                                            const LabValues& predictions);
// A prediction is a number or a formula over the parameters.
core::Result<double> read_prediction(const LabValues& values, const std::string& text);

// Is the break's symptom there? A formula without a value, since the guest said nothing, counts as one.
bool shows_symptom(const LabBreak& broken, const LabResult& result);

}  // namespace vitrine::app
