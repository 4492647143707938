// SPDX-License-Identifier: MIT
// Bugs of ours, made on purpose inside a running machine: what is left on stderr, and exit code 120.
#include "app/crash_report.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "app/session.h"
#include "tests/app/bare_machine.h"
#include "tests/app/guests.h"

namespace vitrine::app {
namespace {

using test::Words;

constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_UNDEFINED__)
    true;
#else
    false;
#endif

// 0x80000000 nop
// 0x80000004 addi a0, a0, 1
// 0x80000008 j    0x80000004
const Words kLoop = {0x00000013, 0x00150513, 0xffdff06f};

class CrashReportTest : public testing::Test {
 protected:
  // Runs the loop; `act` happens at step 5000, which is tick 50.
  void run_with(const std::function<void()>& act) {
    report_crashes("vitrine run loop");
    const std::vector<std::byte> image = test::raw_image(kLoop);
    MachineConfig config = test::bare_machine("loop", image);
    config.slice = 1'000'000'000;
    RunOptions options = test::silent_run();
    options.max_seconds = 300;
    options.command_line = "vitrine run loop --seed 1";
    auto session = Session::create(config, options);
    core::ScheduledEvent event((*session)->machine().scheduler(), "test", act);
    event.arm(50);
    (*session)->run();
  }
};
using CrashReportDeathTest = CrashReportTest;

constexpr auto kWhere =
    "  at step 5000: hart 0, M mode, pc 0x80000008\n"
    "(  since then[^\n]*\n)?  again: vitrine run loop --seed 1\n"
    "  vitrine-.* memory=8M ";

// Step 5000: six in the reset ROM, the nop, 2496 times around, and the addi: pc is at the jump.
TEST_F(CrashReportDeathTest, Assertion_ConditionPlaceAndRun) {
  EXPECT_EXIT(
      run_with([] { VT_ASSERT(1 + 1 == 3, "the test says so"); }), testing::ExitedWithCode(120),
      std::string("a bug of ours: the test says so \\(1 \\+ 1 == 3\\) at .*crash_report_test.cpp:[0-9]+\n") +
          kWhere);
}

TEST_F(CrashReportDeathTest, HostFaults_NameAddressAndRun) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer reports host faults itself";
  static volatile uint64_t wild = 0x10;
  EXPECT_EXIT(run_with([] { *reinterpret_cast<volatile int*>(wild) = 1; }), testing::ExitedWithCode(120),
              std::string("a bug of ours: segmentation fault, address 0x10, host pc 0x[0-9a-f]+\n") + kWhere);
  EXPECT_EXIT(run_with([] { raise(SIGBUS); }), testing::ExitedWithCode(120),
              std::string("bus error.*\n") + kWhere);
  EXPECT_EXIT(run_with([] { raise(SIGILL); }), testing::ExitedWithCode(120),
              std::string("illegal.*\n") + kWhere);
  EXPECT_EXIT(run_with([] { raise(SIGFPE); }), testing::ExitedWithCode(120),
              std::string("arithmetic.*\n") + kWhere);
}

TEST_F(CrashReportDeathTest, Abort_AndUncaughtExceptions) {
  EXPECT_EXIT(run_with([] { std::abort(); }), testing::ExitedWithCode(120),
              std::string("ours: abort.*\n") + kWhere);
  EXPECT_EXIT(run_with([] { std::terminate(); }), testing::ExitedWithCode(120),
              std::string("ours: abort.*\n") + kWhere);
}

int overflow(volatile char* outer, unsigned depth) {
  volatile char inner[4096];
  inner[0] = outer ? outer[0] : 1;
  return depth == 0 ? 0 : overflow(inner, depth - 1) + inner[0];
}

TEST_F(CrashReportDeathTest, StackOverflow_HasAStackForTheReport) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer reports host faults itself";
  EXPECT_EXIT(run_with([] { overflow(nullptr, 1 << 20); }), testing::ExitedWithCode(120),
              std::string("segmentation fault.*\n") + kWhere);
}

#ifdef VITRINE_HAS_TRANSLATOR
// The machine's thread never leaves the loop's host code for long.
TEST_F(CrashReportDeathTest, FaultInGeneratedCode_NamesTheBlock) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer reports host faults itself";
  const auto fault_from_outside = [](pthread_t machine) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    pthread_kill(machine, SIGSEGV);
  };
  EXPECT_EXIT(
      run_with([&] { std::thread(fault_from_outside, pthread_self()).detach(); }),
      testing::ExitedWithCode(120),
      "segmentation fault.*\n  at step [0-9]+: hart 0, M mode, pc 0x8000000[48]\n"
      "  since then in generated code, by now in the block of 0x80000004, which ends behind step [0-9]+\n");
}
#endif

TEST(CrashReportWithoutAMachineDeathTest, CommandLineAlone) {
  const auto fails = [] {
    report_crashes("vitrine inspect it");
    VT_ASSERT(false, "before any machine");
  };
  EXPECT_EXIT(fails(), testing::ExitedWithCode(120), "before any machine .*\n  again: vitrine inspect it\n$");
}

}  // namespace
}  // namespace vitrine::app
