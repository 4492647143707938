// SPDX-License-Identifier: MIT
// Running the tests of a suite, some at a time, each in a worker. One thread: it waits for workers that end
// and for signals.
#pragma once

#include <functional>
#include <vector>

#include "app/suite.h"
#include "app/suite_worker.h"

namespace vitrine::app {

struct PoolOptions {
  unsigned jobs = 1;
  bool fail_fast = false;
};

struct PoolEnd {
  int signal = 0;        // that ended it
  bool stopped = false;  // by --fail-fast or by `done`
};

// Who is told, on the same thread.
struct PoolObserver {
  // A test is through. False: the suite cannot go on.
  std::function<bool(SuiteResult)> done;
  // Now and then, for a display: how many run.
  std::function<void(size_t running)> tick;
};

// Until all are through, or SIGINT, SIGTERM or SIGHUP came: then workers that still run are ended, and their
// tests have no result.
PoolEnd run_pool(const std::vector<SuiteTest>& tests, const WorkerSetting& setting,
                 const PoolOptions& options, const PoolObserver& observer);

}  // namespace vitrine::app
