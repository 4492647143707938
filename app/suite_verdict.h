// SPDX-License-Identifier: MIT
// From what came of a worker to a verdict. The order is the rule: what the emulator did wrong comes before
// what the host did not give, that before a panic, a panic before how the run ended, and what the guest
// claims before what the host checks.
#pragma once

#include "app/suite.h"
#include "app/suite_worker.h"

namespace vitrine::app {

struct Judgement {
  Verdict verdict = Verdict::kPass;
  std::string reason, words;  // suite.h, SuiteResult
};

// What the facts say of the run's length; zeros if there are none.
struct RunNumbers {
  uint64_t steps = 0;
  double guest_seconds = 0;
};
RunNumbers numbers_of(const WorkerEnd& end);

Judgement judge(const SuiteTest& test, const WorkerEnd& end);

}  // namespace vitrine::app
