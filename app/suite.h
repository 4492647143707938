// SPDX-License-Identifier: MIT
// A suite: guest binaries that are run one by one, each as a fresh machine in a process of its own, and
// judged. This file has what its parts share: what a test is, and what came of it. How people use it:
// docs/suites.md.
//
//   suite_find.h      PATHs -> tests           suite_file.h     suite.toml, NAME.toml
//   suite_worker.h    a test -> its facts      (facts.h, dialogue.h: the worker's side)
//   suite_console.h   what a console claims    suite_verdict.h  facts, console, rules -> a verdict
//   suite_pool.h      many at a time           suite_results.h  results.ndjson, written and merged
//   suite_shard.h     a part of them           suite_report.h   JUnit, TAP, HTML, JSON, Gradescope
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::app {

// A fact of the host's side that has to hold.
struct SuiteRule {
  enum class Kind : uint8_t { kReached, kMemory, kCount } kind = Kind::kReached;
  std::string what;  // a symbol; SYMBOL:BYTES; a place in the statistics, such as exits/hidden-fault/count
  std::optional<uint64_t> equals, at_least, at_most;
  bool equals_nonce = false;
  std::optional<std::string> text;  // kMemory: these very bytes
  std::string says;                 // what it means when it does not hold
};

struct SuiteAnswer {
  std::string wait, send;
};

struct SuiteTest {
  std::string name;                // its path below the PATH that was given
  std::string kernel;              // its file
  std::string problem;             // why it cannot be run; empty: it can
  std::vector<std::string> words;  // of `vitrine run`, besides the kernel
  std::vector<SuiteAnswer> dialogue;
  std::vector<std::string> end_at;
  std::vector<std::string> expect;          // line patterns, in order (suite_console.h)
  std::string expect_file, signature_file;  // empty: none
  std::vector<std::string> panics;          // line patterns besides those that are known
  std::vector<std::string>
      ends;  // kinds of outcome that may be a success; empty: "pass", or "end-text" if there is one
  std::vector<SuiteRule> rules;
  bool trust_host = false;
  double points = 1;
  std::vector<std::string> labels;
  bool hidden = false;
  std::string known_failure, skip;  // reasons
  std::string nonce;                // {nonce} of this run: eight digits
};

enum class Verdict : uint8_t { kPass, kFail, kExpectedFailure, kUnexpectedPass, kSkipped, kCrashed, kError };
inline constexpr unsigned kVerdicts = 7;
// "pass", "expected-failure": for programs; "expected failures" (how many): for people.
std::string_view verdict_name(Verdict verdict);
std::string_view verdict_words(Verdict verdict);
std::optional<Verdict> verdict_named(std::string_view name);
// Does it leave the suite a good one?
constexpr bool is_good(Verdict verdict) {
  return verdict == Verdict::kPass || verdict == Verdict::kExpectedFailure || verdict == Verdict::kSkipped;
}

struct SuiteResult {
  std::string name;
  Verdict verdict = Verdict::kError;
  std::string reason;  // one word: panic, exit-code, signature, ...; empty for a pass
  std::string words;   // a sentence
  uint64_t steps = 0;
  double guest_seconds = 0, host_seconds = 0, cpu_seconds = 0;
  double points = 1;
  std::vector<std::string> labels;
  bool hidden = false;
  std::string known_failure;
  std::string console;     // its last lines, fit for any reader
  std::string log, kept;   // below the folder of the results; empty: none
  std::string again, why;  // commands: the same run; what happened at its end
  std::string key;         // of everything that the test is made from
  double ended = 0;        // seconds since 1970
  [[nodiscard]] double score() const { return verdict == Verdict::kPass ? points : 0; }
};

}  // namespace vitrine::app
