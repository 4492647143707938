// SPDX-License-Identifier: MIT
// VT_ASSERT: a bug of ours, never a guest's fault and never a user's mistake (docs/architecture.md, "three
// kinds of failure"). It is active in every build, prints what the failing run was, and ends the process with
// exit code 120.
#pragma once

namespace vitrine::core {

// Called by VT_ASSERT. Prints the condition and, if set, the report of the running machine; never returns.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   const char* why) noexcept;
// The same for a signal that the host sends for a fault: "Segmentation fault", and where.
[[noreturn]] void host_fault(const char* what, const char* where) noexcept;

// What is printed besides: step, pc, how to run it again (app/crash_report.h). `write` may be called in a
// signal handler: it must not allocate, lock or assert (core/safe_text.h). None: nothing is printed.
struct FailureReport {
  void (*write)(void* context) noexcept = nullptr;
  void* context = nullptr;
};
// Returns the one before.
FailureReport set_failure_report(FailureReport report) noexcept;

inline constexpr int kExitBugOfOurs = 120;

}  // namespace vitrine::core

#define VT_ASSERT(condition, why)                    \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::vitrine::core::assertion_failed(#condition, __FILE__, __LINE__, why))
