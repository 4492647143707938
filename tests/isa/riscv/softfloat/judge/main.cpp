// SPDX-License-Identifier: MIT
//
// softfloat_judge [--judge mpfr|host|fast] [--cases N] [--seed S] [--op NAME] [--list]
//
// Runs N random cases of every operation in every rounding mode and compares result and flags:
//   mpfr   the reference with GNU MPFR (mpfr_judge.cpp), all operations and modes
//   host   the reference with this host's SSE unit (host_judge.cpp), what that unit has
//   fast   host_fast.h with the reference, from random accrued flags, NX set in most
// Prints a line an operation: cases, differences, and how often the operation raised each flag. Exit status:
// 0 no difference, 1 some, 2 wrong use, 77 if the judge cannot be had here (with the reason).
//
// The same seed gives the same cases, also when --op picks one operation.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "tests/isa/riscv/softfloat/judge/judge.h"
#include "tests/isa/riscv/softfloat/judge/operand_source.h"

namespace vitrine::riscv::softfloat::judge {
namespace {

constexpr int kSkipped = 77;
constexpr int kMaxReports = 5;
constexpr const char* kModeNames[] = {"RNE", "RTZ", "RDN", "RUP", "RMM"};
constexpr const char* kFlagNames[] = {"NX", "UF", "OF", "DZ", "NV"};

struct Options {
  std::string judge = "mpfr";
  std::string op;
  uint64_t cases = 20000;
  uint64_t seed = 1;
};

/// Flags that are set before an operation, to see that they stay set. Mostly none, so that what it raises is
/// seen.
Flags flags_before(OperandSource& source, bool fast) {
  const uint64_t r = source.random();
  if (fast) return static_cast<Flags>((r >> 8 & 31) | (r % 4 != 0 ? kNX : 0));
  return r % 4 != 0 ? Flags{0} : static_cast<Flags>(r >> 8 & 31);
}

/// fast::... judged by the reference.
class FastJudge : public Judge {
 public:
  bool accepts(const Operation& op, Rounding) const override { return op.fast != nullptr; }
  Expected expected(const Operation& op, const Operands& x, Rounding rm) override {
    Flags flags = 0;
    const uint64_t bits = op.reference(x, rm, flags);
    return {bits, flags};
  }
};

struct Tally {
  uint64_t cases = 0, differences = 0;
  uint64_t raised[5] = {};
  Flags seen = 0;

  void count(Flags flags) {
    ++cases;
    seen |= flags;
    for (int bit = 0; bit < 5; ++bit) raised[bit] += flags >> bit & 1;
  }
};

void report(const Operation& op, const Operands& x, Rounding rm, Flags before, const Outcome& got,
            const Expected& expected) {
  std::cout << "  DIFFERENCE " << op.name << " " << kModeNames[static_cast<int>(rm)] << std::hex;
  for (int i = 0; i < op.arity; ++i) std::cout << " 0x" << x[i];
  std::cout << ", flags before 0x" << int{before} << std::dec << ": got " << got << ", expected "
            << Outcome{expected.bits.value_or(got.bits), static_cast<Flags>(expected.flags | before)} << "\n";
}

void run_mode(Judge& judge, const Operation& op, Rounding rm, const Options& options, Tally& tally) {
  const bool fast = options.judge == "fast";
  const Function function = fast ? op.fast : op.reference;
  uint64_t seed = options.seed * 8 + static_cast<uint64_t>(rm);
  for (char c : op.name) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3;  // FNV-1a
  OperandSource source(seed);
  for (uint64_t i = 0; i < options.cases; ++i) {
    const Operands x = source.next(op);
    const Flags before = flags_before(source, fast);
    Flags flags = before;
    const uint64_t bits = function(x, rm, flags);
    const Outcome got{bits, flags};
    const Expected expected = judge.expected(op, x, rm);
    tally.count(expected.flags);
    if (bits == expected.bits.value_or(bits) && flags == (expected.flags | before)) continue;
    if (++tally.differences <= kMaxReports) report(op, x, rm, before, got, expected);
  }
}

void print(const Operation& op, const Tally& tally) {
  std::cout.flush();
  std::printf("%-14s %10llu cases %6llu differences  ", op.name.c_str(),
              static_cast<unsigned long long>(tally.cases),
              static_cast<unsigned long long>(tally.differences));
  for (int bit = 4; bit >= 0; --bit)
    if ((op.possible >> bit & 1) != 0)
      std::printf(" %s %.1f%%", kFlagNames[bit],
                  100.0 * static_cast<double>(tally.raised[bit]) / static_cast<double>(tally.cases));
  std::printf("\n");
}

/// Judges one operation in all modes; whether all is well.
bool run_operation(Judge& judge, const Operation& op, const Options& options, uint64_t& total) {
  Tally tally;
  for (Rounding rm : {Rounding::RNE, Rounding::RTZ, Rounding::RDN, Rounding::RUP, Rounding::RMM}) {
    if (rm != Rounding::RNE && !op.rounds()) continue;
    if (judge.accepts(op, rm)) run_mode(judge, op, rm, options, tally);
  }
  if (tally.cases == 0) return true;
  print(op, tally);
  total += tally.cases;
  // A judge that never sees an exception judges nothing about it: that is a fault of the operands.
  const bool all_seen = tally.seen == op.possible || options.cases < 1000;
  if (!all_seen)
    std::printf("  flags raised 0x%x, but possible are 0x%x: the operands miss corners\n", tally.seen,
                op.possible);
  return tally.differences == 0 && all_seen;
}

int run(const Options& options) {
  Appointment appointment;
  if (options.judge == "mpfr") appointment = appoint_mpfr_judge();
  if (options.judge == "host") appointment = appoint_host_judge();
  if (options.judge == "fast") appointment.judge = std::make_unique<FastJudge>();
  if (!appointment.judge) {
    std::cout << "SKIPPED: judge '" << options.judge << "': " << appointment.why_not << "\n";
    return kSkipped;
  }
  bool well = true;
  uint64_t total = 0;
  for (const Operation& op : operations())
    if (options.op.empty() || options.op == op.name)
      well &= run_operation(*appointment.judge, op, options, total);
  std::printf("judge %s, seed %llu: %llu cases, %s\n", options.judge.c_str(),
              static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(total),
              total == 0 ? "nothing judged"
              : well     ? "all as expected"
                         : "FAILED");
  return well && total != 0 ? 0 : 1;
}

int usage(const std::string& wrong) {
  std::cerr << "softfloat_judge: " << wrong << "\n"
            << "use: softfloat_judge [--judge mpfr|host|fast] [--cases N] [--seed S] [--op NAME] [--list]\n";
  return 2;
}

bool is_operation(const std::string& name) {
  return std::any_of(operations().begin(), operations().end(),
                     [&](const Operation& op) { return op.name == name; });
}

bool parse_number(const char* text, uint64_t& number) {
  char* end = nullptr;
  number = std::strtoull(text, &end, 0);
  return end != text && *end == '\0';
}

int main_with(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--list") {
      for (const Operation& op : operations()) std::cout << op.name << "\n";
      return 0;
    }
    if (i + 1 == argc) return usage("no value after '" + std::string(option) + "'");
    const char* value = argv[++i];
    if (option == "--judge") {
      options.judge = value;
      if (options.judge != "mpfr" && options.judge != "host" && options.judge != "fast")
        return usage("no judge '" + options.judge + "'");
    } else if (option == "--op") {
      options.op = value;
      if (!is_operation(options.op)) return usage("no operation '" + options.op + "' (--list names them)");
    } else if (option == "--cases" || option == "--seed") {
      if (!parse_number(value, option == "--cases" ? options.cases : options.seed))
        return usage("'" + std::string(value) + "' is not a number");
    } else {
      return usage("no option '" + std::string(option) + "'");
    }
  }
  return run(options);
}

}  // namespace
}  // namespace vitrine::riscv::softfloat::judge

int main(int argc, char** argv) { return vitrine::riscv::softfloat::judge::main_with(argc, argv); }
