// SPDX-License-Identifier: MIT
// A worker: the process in which one test runs, `vitrine run` with the test's words. Its console goes to the
// test's log, what it has to say itself to another file, its facts (facts.h) to a file that has no name. The
// limits of the test count guest instructions; a worker that is not through long after its --max-seconds is
// ended from here, as one that hangs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "app/suite.h"
#include "core/result.h"

namespace vitrine::app {

// What all workers of a suite have in common.
struct WorkerSetting {
  std::string program;                // as it was called, for commands to paste
  std::vector<std::string> defaults;  // options of `vitrine run` and their values, where nothing else is said
  std::vector<std::string> words;     // behind those of the test: they count
  std::string folder;                 // of logs and kept runs
};

// What came of one.
struct WorkerEnd {
  int status = 0;     // as of wait(2)
  bool hung = false;  // it was ended because it took too long
  std::string facts;  // JSON; empty: it did not come so far
  std::string console, messages;
  double host_seconds = 0, cpu_seconds = 0;
};

class Worker {
 public:
  using Clock = std::chrono::steady_clock;

  // Starts it. An error: the host gives no process, or there is no place for its files.
  static core::Result<Worker> start(const SuiteTest& test, const WorkerSetting& setting);

  [[nodiscard]] pid_t id() const { return id_; }
  [[nodiscard]] bool is_late(Clock::time_point now) const { return now > late_; }
  void kill(bool as_hung);
  // Once it has ended and was waited for.
  WorkerEnd finish(int status, double cpu_seconds);
  // A test that passed leaves no kept run behind.
  void forget_kept_run() const;
  [[nodiscard]] bool has_kept_run() const;
  // Nobody will ask for it.
  void abandon();

 private:
  pid_t id_ = -1;
  int facts_ = -1;
  bool hung_ = false;
  Clock::time_point started_, late_;
  std::string log_, messages_, kept_;
};

// Where a test's files are, below the folder of the suite.
std::string log_of(const SuiteTest& test);
std::string kept_of(const SuiteTest& test);
// The command that makes the test's run again.
std::string again_command(const SuiteTest& test, const WorkerSetting& setting);

}  // namespace vitrine::app
