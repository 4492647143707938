// SPDX-License-Identifier: MIT
// results.ndjson: a line of JSON for each test that is through, written while the suite runs. The file only
// grows, a line is written at once, and a last line without an end is cut off: so whatever ends the suite
// leaves a file that can be read, gone on with (--resume) and merged with those of other shards.
//
//   {"vitrine_suite": 1, "version", "command", "shard": [number from 1, of], "tests": [all names of this
//   shard], "started"}
//   {"test": NAME, "verdict", "reason", "words", "steps", ...}       suite.h, SuiteResult
//
// Several runs may stand in one file, each behind its own header. Of a test that has several lines the last
// one counts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/suite.h"
#include "core/result.h"

namespace vitrine::app {

struct SuiteHeader {
  std::string command;
  unsigned shard = 1, shards = 1;
  std::vector<std::string> tests;
  double started = 0;
};

class ResultsWriter {
 public:
  ResultsWriter() = default;
  ~ResultsWriter();
  ResultsWriter(const ResultsWriter&) = delete;
  ResultsWriter& operator=(const ResultsWriter&) = delete;

  // Opens the file for this process alone. `resume`: results may be there, and `known` gets them; otherwise
  // that is an error.
  core::Result<> open(const std::string& folder, const SuiteHeader& header, bool resume,
                      std::map<std::string, SuiteResult>& known);
  core::Result<> add(const SuiteResult& result);

 private:
  core::Result<> append(const std::string& line);

  std::string path_;
  int fd_ = -1;
};

// Has another process such a file open?
bool is_being_written(const std::string& path);

// What several files say together.
struct MergedResults {
  std::vector<SuiteResult> results;  // by name
  std::vector<std::string> missing;  // of shards that are there: tests without a result
  std::vector<unsigned> absent;      // numbers of shards of which there is no file
  unsigned shards = 1;
  size_t repeated = 0;                // lines of tests that had one already: not counted
  std::vector<std::string> unsteady;  // the same test, made from the same, with another verdict
  std::vector<std::string> problems;  // sentences about files that are not quite in order
};

// Files, and folders with any number of them at any depth.
core::Result<MergedResults> read_results(const std::vector<std::string>& paths);

std::string results_name(unsigned shard, unsigned shards);

}  // namespace vitrine::app
