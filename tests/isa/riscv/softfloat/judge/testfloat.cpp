// SPDX-License-Identifier: MIT
//
// softfloat_testfloat [--generator PROGRAM] [--level N] [--op NAME] [--json FILE]
//
// Berkeley TestFloat as the judge of our arithmetic: its testfloat_gen, which comes from elsewhere, writes
// operands, result and flags of one function in one rounding mode, a case a line in hexadecimal; here the
// same operands go through the reference and, where there is one, through host_fast.h. All operations that
// both have, in all rounding modes, tininess after rounding, conversions to integers with the inexact flag.
// testfloat_gen has to be built over SoftFloat's RISC-V specialisation: NaNs and what conversions saturate to
// are compared.
//
// --json: the results as `vitrine suite report --json` has them, a test for each function and mode, for
// tools/conformance. Exit status: 0 no difference, 1 some, 2 wrong use, 77 no testfloat_gen (told).
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/isa/riscv/softfloat/judge/operation.h"

namespace vitrine::riscv::softfloat::judge {
namespace {

constexpr int kSkipped = 77;
constexpr uint64_t kMaxReports = 3;

struct Mode {
  Rounding rounding;
  const char* name;  ///< TestFloat's
};
constexpr Mode kModes[] = {{Rounding::RNE, "near_even"},
                           {Rounding::RTZ, "minMag"},
                           {Rounding::RDN, "min"},
                           {Rounding::RUP, "max"},
                           {Rounding::RMM, "near_maxMag"}};

struct Options {
  std::string generator = "testfloat_gen";
  std::string level = "1";
  std::string op;
  std::string json;
};

struct Test {
  std::string name;  ///< "f64_add/near_even"
  uint64_t cases = 0, differences = 0;
};

std::string testfloat_type(const Type& type) {
  return (type.is_integer() && !type.is_signed ? "ui" + std::to_string(type.width) : type.name);
}

/// TestFloat's name of an operation; empty if it has none.
std::string testfloat_function(const Operation& op) {
  switch (op.kind) {
    case Kind::Convert:
    case Kind::ToInteger:
    case Kind::FromInteger: return testfloat_type(op.source) + "_to_" + testfloat_type(op.result);
    case Kind::Fma: return std::string(op.source.name) + "_mulAdd";
    case Kind::Min:
    case Kind::Max:
    case Kind::Classify: return {};
    default: return std::string(op.source.name) + "_" + op.name.substr(op.name.find('.') + 1);
  }
}

/// The words of a line: operands, result, flags (in the order of fflags). Whether there are so many and no
/// more.
bool parse(const char* line, int words, std::array<uint64_t, 5>& values) {
  for (int i = 0; i < words; ++i) {
    char* end = nullptr;
    values[static_cast<size_t>(i)] = std::strtoull(line, &end, 16);
    if (end == line) return false;
    line = end;
  }
  return *line == '\n';
}

uint64_t mask_of(const Type& type) {
  return type.width == 64 ? ~uint64_t{0} : (uint64_t{1} << type.width) - 1;
}

void judge_case(const Operation& op, Rounding rm, const std::array<uint64_t, 5>& line, Test& test) {
  const auto arity = static_cast<size_t>(op.arity);
  Operands x{};
  std::copy_n(line.begin(), arity, x.begin());
  ++test.cases;
  for (const Function function : {op.reference, op.fast}) {
    if (!function) continue;
    Flags flags = 0;
    const uint64_t bits = function(x, rm, flags) & mask_of(op.result);
    if (bits == line[arity] && flags == line[arity + 1]) continue;
    if (++test.differences <= kMaxReports)
      std::cout << fmt::format(
          "  DIFFERENCE {} {:#x} {:#x} {:#x}: got {:#x} flags {:#x}, expected {:#x} flags {:#x}\n", test.name,
          x[0], x[1], x[2], bits, flags, line[arity], line[arity + 1]);
  }
}

/// Whether the generator told of at least one case, and of nothing else.
bool run_test(const Operation& op, const Mode& mode, const Options& options, Test& test) {
  const std::string command = fmt::format("'{}' -level {} -r{} -tininessafter -exact {}", options.generator,
                                          options.level, mode.name, testfloat_function(op));
  FILE* const cases = popen(command.c_str(), "r");
  if (!cases) return false;
  char line[256];
  std::array<uint64_t, 5> values{};
  bool understood = true;
  while (understood && std::fgets(line, sizeof line, cases))
    if ((understood = parse(line, op.arity + 2, values))) judge_case(op, mode.rounding, values, test);
  return pclose(cases) == 0 && understood && test.cases != 0;
}

bool write_json(const std::string& path, const std::vector<Test>& tests) {
  std::ofstream file(path);
  file << "{\"tests\": [";
  for (const Test& test : tests)
    file << (&test == &tests.front() ? "\n" : ",\n")
         << fmt::format(R"(  {{"name": "{}", "verdict": "{}", "cases": {}}})", test.name,
                        test.differences == 0 ? "pass" : "fail", test.cases);
  file << "\n]}\n";
  return static_cast<bool>(file.flush());
}

int run(const Options& options) {
  if (std::system(fmt::format("command -v '{}' >/dev/null", options.generator).c_str()) != 0) {
    std::cout << "SKIPPED: there is no " << options.generator << " (Berkeley TestFloat) on this host\n";
    return kSkipped;
  }
  std::vector<Test> tests;
  uint64_t cases = 0;
  bool well = true;
  for (const Operation& op : operations()) {
    if (testfloat_function(op).empty() || (!options.op.empty() && options.op != op.name)) continue;
    for (const Mode& mode : kModes) {
      Test test{testfloat_function(op) + "/" + mode.name};
      if (!run_test(op, mode, options, test)) {
        std::cerr << "softfloat_testfloat: " << options.generator << " did not tell of " << test.name << "\n";
        return 2;
      }
      std::cout << fmt::format("{:<28} {:>9} cases {:>7} differences\n", test.name, test.cases,
                               test.differences);
      well &= test.differences == 0;
      cases += test.cases;
      tests.push_back(std::move(test));
    }
  }
  std::cout << fmt::format("TestFloat level {}: {} functions and modes, {} cases, {}\n", options.level,
                           tests.size(), cases,
                           tests.empty() ? "nothing judged"
                           : well        ? "no difference"
                                         : "FAILED");
  if (!options.json.empty() && !write_json(options.json, tests)) {
    std::cerr << "softfloat_testfloat: '" << options.json << "' cannot be written\n";
    return 2;
  }
  return well && !tests.empty() ? 0 : 1;
}

int main_with(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    std::string* const value = option == "--generator" ? &options.generator
                               : option == "--level"   ? &options.level
                               : option == "--op"      ? &options.op
                               : option == "--json"    ? &options.json
                                                       : nullptr;
    if (!value || i + 1 == argc) {
      std::cerr << "use: softfloat_testfloat [--generator PROGRAM] [--level 1|2] [--op NAME] [--json FILE]\n";
      return 2;
    }
    *value = argv[i + 1];
  }
  return run(options);
}

}  // namespace
}  // namespace vitrine::riscv::softfloat::judge

int main(int argc, char** argv) { return vitrine::riscv::softfloat::judge::main_with(argc, argv); }
