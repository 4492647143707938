// SPDX-License-Identifier: MIT
// `suite run`, from a request to an exit code: find, choose, run, write, tell.
#pragma once

#include <string>
#include <vector>

#include "app/suite.h"
#include "app/suite_shard.h"
#include "core/chaos.h"
#include "core/result.h"

namespace vitrine::app {

struct SuiteRequest {
  std::string program, command;  // as it was called, and all that was typed
  std::vector<std::string> paths;
  std::vector<std::string> words;  // machine options for every test
  unsigned jobs = 0;               // 0: as many as there are processors
  Shard shard;
  std::string plan, filter, out;  // empty: none; out: a folder of our own
  core::ChaosPlan seeds;  // each test with each seed from 1 to this one's; no kinds: once, on a calm machine
  bool fail_fast = false, resume = false;
};

core::Result<int> run_suite(const SuiteRequest& request);

// 0: all are good, and it is all there; 1; 120: the emulator crashed.
int suite_exit_code(const std::vector<SuiteResult>& results, bool whole);

}  // namespace vitrine::app
