// SPDX-License-Identifier: MIT
// Running a suite.
#include "app/suite_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <thread>

#include "app/chaos_option.h"
#include "app/kept_run.h"
#include "app/outcome.h"
#include "app/program.h"
#include "app/suite_console.h"
#include "app/suite_find.h"
#include "app/suite_pool.h"
#include "app/suite_progress.h"
#include "app/suite_report.h"
#include "app/suite_results.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

namespace fs = std::filesystem;
using core::ErrorKind;

constexpr size_t kMostInTable = 10;

// Limits that end a test that goes on for ever, whatever the host: some ten seconds of a processor. The
// second one is for the case that the first one does not help.
const std::vector<std::string> kDefaults = {"--max-instructions", "2000000000", "--max-seconds", "600"};

// "rv64*,-*slow,label:mmu": names by pattern or by a part of them; with - in front: not those.
class Filter {
 public:
  explicit Filter(const std::string& text) {
    for (const std::string& term : split(text, ','))
      if (!term.empty())
        (term[0] == '-' ? without_ : with_).push_back(term[0] == '-' ? term.substr(1) : term);
  }
  [[nodiscard]] bool takes(const SuiteTest& test) const {
    const auto is = [&](const std::string& term) { return holds(term, test); };
    if (std::any_of(without_.begin(), without_.end(), is)) return false;
    return with_.empty() || std::any_of(with_.begin(), with_.end(), is);
  }

 private:
  static bool holds(const std::string& term, const SuiteTest& test) {
    if (term.starts_with("label:"))
      return std::count(test.labels.begin(), test.labels.end(), term.substr(6)) != 0;
    if (term.find('*') != std::string::npos) return matches(term, test.name);
    return test.name.find(term) != std::string::npos;
  }
  std::vector<std::string> with_, without_;
};

std::string new_nonce() {
  uint64_t random = 0;
  while (getrandom(&random, sizeof random, 0) != sizeof random) {
  }
  return std::to_string(10'000'000 + random % 90'000'000);
}

// Each test as many times, on a machine with chaos (core/chaos.h): "NAME@1" and on.
std::vector<SuiteTest> with_seeds(const std::vector<SuiteTest>& tests, core::ChaosPlan seeds) {
  std::vector<SuiteTest> all;
  const uint64_t last = seeds.seed;
  for (const SuiteTest& test : tests)
    for (seeds.seed = 1; seeds.seed <= last; ++seeds.seed) {
      SuiteTest& one = all.emplace_back(test);
      one.name += fmt::format("@{}", seeds.seed);
      one.words.push_back("--chaos=" + chaos_option(seeds));
    }
  return all;
}

core::Result<std::vector<SuiteTest>> choose_tests(const SuiteRequest& request) {
  auto found = find_tests(request.paths);
  if (!found) return found.error();
  std::vector<SuiteTest>& tests = found->tests;
  if (tests.empty())
    return core::error(ErrorKind::kMissing,
                       "There is no guest in {}; {} files were passed over. What a guest is: docs/suites.md.",
                       core::printable(fmt::format("{}", fmt::join(request.paths, ", "))),
                       found->passed_over);
  const Filter filter(request.filter);
  std::erase_if(tests, [&](const SuiteTest& test) { return !filter.takes(test); });
  if (tests.empty())
    return core::error(ErrorKind::kUsage, "--filter {}: no test is left.", core::printable(request.filter));
  if (request.seeds.any()) tests = with_seeds(tests, request.seeds);
  SuitePlan plan;
  if (!request.plan.empty()) {
    auto read = read_plan(request.plan, request.shard.of);
    if (!read) return read.error();
    plan = std::move(*read);
  }
  keep_shard(tests, request.shard, plan);
  for (SuiteTest& test : tests) test.nonce = new_nonce();
  return std::move(tests);
}

// The last suite that nobody gave a folder for; it is ours, and what stands there goes.
core::Result<std::string> own_folder(const SuiteRequest& request) {
  const std::string run = last_run_path();
  if (run.empty())
    return core::error(ErrorKind::kUsage, "There is no home to keep results in: give --out DIR.");
  const fs::path folder = fs::path(run).parent_path() / "suite";
  if (request.shard.of != 1)
    return core::error(ErrorKind::kUsage, "A shard's results belong to those of others: give --out DIR.");
  if (is_being_written((folder / "results.ndjson").string()))
    return core::error(ErrorKind::kUsage, "Another suite is just writing to '{}': give --out DIR.", core::printable(folder.string()));
  std::error_code failed;
  if (!request.resume)
    for (const char* const name : {"results.ndjson", "logs", "kept"}) fs::remove_all(folder / name, failed);
  return folder.string();
}

core::Result<std::string> folder_of(const SuiteRequest& request) {
  std::string folder = request.out;
  if (folder.empty()) {
    auto own = own_folder(request);
    if (!own) return own.error();
    folder = std::move(*own);
  }
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed || access(folder.c_str(), W_OK) != 0)
    return core::error(ErrorKind::kMissing, "The folder '{}' for the results cannot be made or written.",
                       core::printable(folder));
  return folder;
}

class SuiteRun {
 public:
  SuiteRun(const SuiteRequest& request, std::vector<SuiteTest> tests)
      : request_(request), tests_(std::move(tests)) {}

  core::Result<int> run() {
    auto folder = folder_of(request_);
    if (!folder) return folder.error();
    folder_ = std::move(*folder);
    if (auto done = open_results(); !done) return done.error();
    const PoolEnd end = run_tests();
    return tell(end);
  }

 private:
  core::Result<> open_results() {
    SuiteHeader header{request_.command, request_.shard.number, request_.shard.of, {}, 0};
    header.started = static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                             std::chrono::system_clock::now().time_since_epoch())
                                             .count()) /
                     1000;
    for (const SuiteTest& test : tests_) header.tests.push_back(test.name);
    std::map<std::string, SuiteResult> known;
    if (auto done = writer_.open(folder_, header, request_.resume, known); !done) return done;
    std::erase_if(tests_, [&](const SuiteTest& test) {
      const auto at = known.find(test.name);
      if (at == known.end() || !is_final(at->second, test)) return false;
      results_.push_back(at->second);
      return true;
    });
    if (!results_.empty())
      complain(fmt::format("{} tests have a result already; {} are left.", results_.size(), tests_.size()));
    return core::Ok{};
  }

  // What the emulator or the host is to blame for is tried again.
  static bool is_final(const SuiteResult& result, const SuiteTest& test) {
    return result.verdict != Verdict::kCrashed && result.verdict != Verdict::kError &&
           result.key == test_key(test);
  }

  PoolEnd run_tests() {
    SuiteProgress progress(tests_.size());
    const WorkerSetting setting{request_.program, kDefaults, request_.words, folder_};
    const unsigned jobs = request_.jobs ? request_.jobs : std::max(1u, std::thread::hardware_concurrency());
    return run_pool(tests_, setting, {jobs, request_.fail_fast},
                    {[&](SuiteResult result) {
                       if (auto done = writer_.add(result); !done) return problem_ = done.error(), false;
                       progress.done(result);
                       results_.push_back(std::move(result));
                       ++through_;
                       return true;
                     },
                     [&](size_t running) { progress.tick(running); }});
  }

  int tell(const PoolEnd& end) {
    std::sort(results_.begin(), results_.end(),
              [](const SuiteResult& a, const SuiteResult& b) { return a.name < b.name; });
    std::fputs(table_text(results_, kMostInTable).c_str(), stdout);
    std::printf("Results: %s/%s\n", folder_.c_str(),
                results_name(request_.shard.number, request_.shard.of).c_str());
    std::fflush(stdout);
    if (problem_) complain(problem_->message);
    const size_t left = tests_.size() - through_;
    if (left != 0)
      complain(fmt::format("{}{} tests were not run; with --resume they are.",
                           end.signal ? fmt::format("Ended by {}: ", strsignal(end.signal)) : "", left));
    if (problem_) return exit_code_of(problem_->kind);
    if (end.signal) return exit_code::kSignalBase + end.signal;
    return suite_exit_code(results_, left == 0);
  }

  const SuiteRequest& request_;
  std::vector<SuiteTest> tests_;
  std::string folder_;
  ResultsWriter writer_;
  std::vector<SuiteResult> results_;
  size_t through_ = 0;
  std::optional<core::Error> problem_;
};

}  // namespace

int suite_exit_code(const std::vector<SuiteResult>& results, bool whole) {
  const VerdictCounts counts = count_verdicts(results);
  if (counts[static_cast<size_t>(Verdict::kCrashed)] != 0) return exit_code::kBugOfOurs;
  const bool good =
      std::all_of(results.begin(), results.end(), [](const SuiteResult& r) { return is_good(r.verdict); });
  return good && whole ? exit_code::kSuccess : 1;
}

core::Result<int> run_suite(const SuiteRequest& request) {
  auto tests = choose_tests(request);
  if (!tests) return tests.error();
  return SuiteRun(request, std::move(*tests)).run();
}

}  // namespace vitrine::app
