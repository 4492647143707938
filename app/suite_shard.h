// SPDX-License-Identifier: MIT
// A part of a suite's tests: which of how many, from the command line or from whoever started us, and which
// tests that are. Without a plan tests are dealt out in turn; a plan balances by how long they took.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/suite.h"
#include "core/result.h"

namespace vitrine::app {

struct Shard {
  unsigned number = 1, of = 1;
};

// "2/8"; "auto": from the environment of a Slurm array, Bazel, GoogleTest or a Kubernetes indexed job;
// "auto/8": the number from there, and how many there are from here, since Kubernetes does not say it, and
// Slurm not when a task is submitted again by itself.
core::Result<Shard> parse_shard(const std::string& text);

// The test's name to its shard. {"shards": 4, "tests": {"name": 1, ...}}
using SuitePlan = std::map<std::string, unsigned>;
core::Result<SuitePlan> read_plan(const std::string& path, unsigned shards);
std::string plan_json(const std::vector<SuiteResult>& results, unsigned shards);
// Seconds of each shard of that plan.
std::vector<double> plan_seconds(const std::vector<SuiteResult>& results, unsigned shards);

// Only those of this shard. A test that the plan does not know goes where it would go without one.
void keep_shard(std::vector<SuiteTest>& tests, const Shard& shard, const SuitePlan& plan);

}  // namespace vitrine::app
