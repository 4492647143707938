// SPDX-License-Identifier: MIT
// What people write about tests: suite.toml, for all tests of a folder and below it, and NAME.toml, for one.
// Both have the same keys (docs/suites.md lists them); the nearer file counts, and lists grow. A mistake is
// told with file and line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/suite.h"
#include "core/result.h"

namespace vitrine::app {

// Reads a file on top of what farther files said. `exclude` is for suite.toml alone; nullptr: the key does
// not exist.
core::Result<> read_suite_file(const std::string& path, SuiteTest& test, std::vector<std::string>* exclude);

// Does this file name a kernel? Then it is a test of its own, with no guest of its name beside it.
bool names_kernel(const std::string& path);

}  // namespace vitrine::app
