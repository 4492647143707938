// SPDX-License-Identifier: MIT
// Options of `vitrine run` when they are for many runs: some name an output of one run alone, and disks must
// not be written.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace vitrine::app {

// An error: an option that is not for a suite, or that `run` would refuse.
core::Result<> check_suite_words(const std::vector<std::string>& words);

// The same with every disk as a snapshot, unless it is read-only: one file may be in many machines at a time,
// and each test finds it as it was.
std::vector<std::string> with_snapshots(std::vector<std::string> words);

}  // namespace vitrine::app
