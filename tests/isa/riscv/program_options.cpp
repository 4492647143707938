// SPDX-License-Identifier: MIT
#include "tests/isa/riscv/program_options.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>

namespace vitrine::bench {
namespace {

ProgramOptions options;
const auto begin = std::chrono::steady_clock::now();

const char* value_of(const char* argument, const char* name) {
  const size_t length = std::strlen(name);
  return std::strncmp(argument, name, length) == 0 ? argument + length : nullptr;
}

bool take_number(const char* argument, const char* name, uint64_t& to) {
  const char* const value = value_of(argument, name);
  char* end = nullptr;
  if (value == nullptr) return false;
  to = std::strtoull(value, &end, 0);
  return end != value && *end == '\0';
}

}  // namespace

const ProgramOptions& program_options() { return options; }

bool more_programs(uint64_t done) {
  if (options.seconds == 0) return done < options.programs;
  return std::chrono::steady_clock::now() - begin < std::chrono::seconds(options.seconds);
}

int run_program_tests(int argc, char** argv, uint64_t default_programs, uint64_t default_qemu) {
  testing::InitGoogleTest(&argc, argv);
  options.programs = default_programs;
  options.qemu = default_qemu;
  for (int i = 1; i < argc; ++i) {
    if (take_number(argv[i], "--seed=", options.first_seed) ||
        take_number(argv[i], "--programs=", options.programs))
      continue;
    if (take_number(argv[i], "--seconds=", options.seconds) || take_number(argv[i], "--qemu=", options.qemu)) continue;
    if (std::strcmp(argv[i], "--coverage") == 0) {
      options.coverage = true;
      continue;
    }
    if (const char* folder = value_of(argv[i], "--failures=")) {
      options.failures = folder;
      continue;
    }
    std::cerr << argv[i]
              << " is no option of this test; there are --seed=N, --programs=N, --seconds=N, --qemu=N, "
                 "--coverage and --failures=FOLDER.\n";
    return 2;
  }
  return RUN_ALL_TESTS();
}

std::string keep_failure(const std::string& name, const std::string& text) {
  const std::string path = options.failures + "/" + name;
  std::ofstream file(path, std::ios::binary);
  if (!(file << text << std::flush)) return fmt::format("(it cannot be written to {})", path);
  return fmt::format("Written to {}; moved to tests/isa/riscv/stored/ it is a test.", path);
}

}  // namespace vitrine::bench
