// SPDX-License-Identifier: MIT
// The command line of tests that run random programs, and where they leave a program that failed:
//
//   TEST                                what ctest runs
//   TEST --programs=1000000             a long run
//   TEST --seconds=3600 --seed=1000000  as many as an hour allows
//   TEST --seed=1234 --programs=1       one of them again
//   TEST --qemu=20000 --coverage        so many of them under QEMU as well; a table of what was reached. Both for programs
//                                       for whole machines only (machine_programs_test.cpp)
//   TEST --failures=FOLDER              where shrunk programs are written; the current folder by default
#pragma once

#include <cstdint>
#include <string>

namespace vitrine::bench {

struct ProgramOptions {
  uint64_t first_seed = 1;
  uint64_t programs = 0;
  uint64_t seconds = 0;  // not 0: until so much time is over, however many programs that takes
  uint64_t qemu = 0;     // whole machines: programs under QEMU as well
  bool coverage = false;  // whole machines: print the table of rows, modes and causes
  std::string failures = ".";
};
// Those of this run.
const ProgramOptions& program_options();

// Are there programs left to run, when so many have been?
bool more_programs(uint64_t done);

// GoogleTest's main() for such a test.
int run_program_tests(int argc, char** argv, uint64_t default_programs, uint64_t default_qemu = 0);

// Writes a program that failed, and answers a sentence that says where, and how it becomes a test.
std::string keep_failure(const std::string& name, const std::string& text);

}  // namespace vitrine::bench
