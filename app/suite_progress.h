// SPDX-License-Identifier: MIT
// How far a suite is: on a terminal one line that changes, otherwise a line for each test.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "app/suite.h"
#include "app/suite_report.h"

namespace vitrine::app {

class SuiteProgress {
 public:
  explicit SuiteProgress(size_t tests);
  ~SuiteProgress();
  SuiteProgress(const SuiteProgress&) = delete;
  SuiteProgress& operator=(const SuiteProgress&) = delete;

  void done(const SuiteResult& result);
  void tick(size_t running);

 private:
  using Clock = std::chrono::steady_clock;
  void draw(size_t running);
  void wipe();
  [[nodiscard]] std::string remaining() const;

  const size_t tests_;
  const bool terminal_;
  const Clock::time_point started_ = Clock::now();
  Clock::time_point drawn_{};
  size_t done_ = 0;
  VerdictCounts counts_{};
};

}  // namespace vitrine::app
