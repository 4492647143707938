// SPDX-License-Identifier: MIT
// Finding tests: which files below some PATHs are guests, and what stands beside them.
//
// A guest is an ELF file for RISC-V that is no object file, library or program of Linux, and a Linux Image.
// What is named itself, or has NAME.toml or NAME.expect beside it, is one whatever it looks like. NAME.toml
// with a key `kernel` is a test of its own. A file that cannot be read, or is for RV32, is a test whose
// verdict is an error: it is never left out silently.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/suite.h"
#include "core/result.h"

namespace vitrine::app {

struct FoundTests {
  std::vector<SuiteTest> tests;  // in the order of PATHs, then by name
  size_t passed_over = 0;        // files that are no guests
};

// Files, folders, or patterns of them. An error if one of them is nothing of that.
core::Result<FoundTests> find_tests(const std::vector<std::string>& paths);

// A name for everything that a test is made from: the guest's bytes, its options and rules, size and time of
// its other files.
// `--resume` runs a test again when it is another one.
std::string test_key(const SuiteTest& test);

}  // namespace vitrine::app
