// SPDX-License-Identifier: MIT
// VT_ASSERT: a bug of ours, never a guest's fault and never a user's mistake (docs/architecture.md, "three
// kinds of failure"). It is active in every build, prints what the failing run was, and ends the process with
// exit code 120.
#pragma once

namespace vitrine::core {

// Called by VT_ASSERT. Prints the condition and, if set, the report of the running machine; never returns.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   const char* why) noexcept;

// What is printed beside a failed assertion: options, step, pc, replay command. `report` must not allocate
// much and must not assert. Pass nullptr to take it away again.
using ReportFunction = void (*)(void* context);
void set_failure_report(ReportFunction report, void* context) noexcept;

inline constexpr int kExitBugOfOurs = 120;

}  // namespace vitrine::core

#define VT_ASSERT(condition, why)                    \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::vitrine::core::assertion_failed(#condition, __FILE__, __LINE__, why))
