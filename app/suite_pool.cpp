// SPDX-License-Identifier: MIT
// Workers side by side.
#include "app/suite_pool.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <ctime>
#include <map>
#include <utility>

#include "app/suite_console.h"
#include "app/suite_find.h"
#include "app/suite_verdict.h"
#include "app/text.h"

namespace vitrine::app {
namespace {

constexpr size_t kLinesKept = 20;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double now_since_1970() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// While it lives, these signals wait until they are asked for.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&set_);
    for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&set_, signal);
    sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ~HeldSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // 0: none of them came in this time.
  [[nodiscard]] int wait(long milliseconds) const {
    const timespec time{0, milliseconds * 1'000'000};
    const int signal = sigtimedwait(&set_, nullptr, &time);
    return signal > 0 ? signal : 0;
  }

 private:
  sigset_t set_{}, before_{};
};

SuiteResult blank_result(const SuiteTest& test) {
  SuiteResult result;
  result.name = test.name;
  result.points = test.points;
  result.labels = test.labels;
  result.hidden = test.hidden;
  result.known_failure = test.known_failure;
  result.key = test_key(test);
  result.ended = now_since_1970();
  return result;
}

SuiteResult not_run(const SuiteTest& test, Verdict verdict, std::string reason, std::string words) {
  SuiteResult result = blank_result(test);
  result.verdict = verdict;
  result.reason = std::move(reason);
  result.words = std::move(words);
  return result;
}

class Pool {
 public:
  Pool(const std::vector<SuiteTest>& tests, const WorkerSetting& setting, const PoolOptions& options,
       const PoolObserver& observer)
      : tests_(tests), setting_(setting), options_(options), observer_(observer) {}

  PoolEnd run() {
    while (end_.signal == 0 && !end_.stopped && (next_ < tests_.size() || !running_.empty())) {
      while (running_.size() < options_.jobs && next_ < tests_.size() && !end_.stopped)
        begin(tests_[next_++]);
      if (running_.empty()) continue;
      const int signal = signals_.wait(100);
      if (signal != 0 && signal != SIGCHLD) end_.signal = signal;
      collect();
      end_late_ones();
      observer_.tick(running_.size());
    }
    for (auto& [id, one] : running_) {
      one.worker.kill(false);
      waitpid(id, nullptr, 0);
      one.worker.abandon();
    }
    return end_;
  }

 private:
  struct Running {
    const SuiteTest* test;
    Worker worker;
  };

  void begin(const SuiteTest& test) {
    if (!test.problem.empty()) return tell(not_run(test, Verdict::kError, "not-run", test.problem));
    if (!test.skip.empty()) return tell(not_run(test, Verdict::kSkipped, "skipped", test.skip));
    auto worker = Worker::start(test, setting_);
    if (!worker) return tell(not_run(test, Verdict::kError, "host", worker.error().message));
    running_.emplace(worker->id(), Running{&test, *worker});
  }

  void collect() {
    int status = 0;
    rusage used{};
    for (pid_t id; (id = wait4(-1, &status, WNOHANG, &used)) > 0;) {
      const auto at = running_.find(id);
      if (at == running_.end()) continue;
      Running one = std::move(at->second);
      running_.erase(at);
      const WorkerEnd end = one.worker.finish(status, seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
      tell(result_of(*one.test, one.worker, end));
    }
  }

  SuiteResult result_of(const SuiteTest& test, const Worker& worker, const WorkerEnd& end) {
    SuiteResult result = blank_result(test);
    Judgement found = judge(test, end);
    result.verdict = found.verdict;
    result.reason = std::move(found.reason);
    result.words = std::move(found.words);
    const RunNumbers numbers = numbers_of(end);
    result.steps = numbers.steps;
    result.guest_seconds = numbers.guest_seconds;
    result.host_seconds = end.host_seconds;
    result.cpu_seconds = end.cpu_seconds;
    result.log = log_of(test);
    if (result.verdict == Verdict::kPass || result.verdict == Verdict::kSkipped ||
        result.verdict == Verdict::kUnexpectedPass) {
      worker.forget_kept_run();
    } else {
      result.console = last_lines(end.console, kLinesKept);
      if (worker.has_kept_run()) {
        result.kept = kept_of(test);
        result.why = fmt::format("{} explain {} exit", shell_word(setting_.program),
                                 shell_word(setting_.folder + "/" + result.kept));
      }
    }
    result.again = again_command(test, setting_);
    return result;
  }

  void end_late_ones() {
    const auto now = Worker::Clock::now();
    for (auto& [id, one] : running_)
      if (one.worker.is_late(now)) one.worker.kill(true);
  }

  void tell(SuiteResult result) {
    const bool good = is_good(result.verdict);
    if (!observer_.done(std::move(result)) || (!good && options_.fail_fast)) end_.stopped = true;
  }

  const std::vector<SuiteTest>& tests_;
  const WorkerSetting& setting_;
  const PoolOptions options_;
  const PoolObserver& observer_;
  const HeldSignals signals_;
  size_t next_ = 0;
  std::map<pid_t, Running> running_;
  PoolEnd end_;
};

}  // namespace

PoolEnd run_pool(const std::vector<SuiteTest>& tests, const WorkerSetting& setting,
                 const PoolOptions& options, const PoolObserver& observer) {
  return Pool(tests, setting, options, observer).run();
}

}  // namespace vitrine::app
