// SPDX-License-Identifier: MIT
// The end of a failed VT_ASSERT.
#include "core/assert.h"

#include <cstdio>
#include <cstdlib>

namespace vitrine::core {
namespace {
ReportFunction g_report = nullptr;
void* g_context = nullptr;
}  // namespace

void set_failure_report(ReportFunction report, void* context) noexcept {
  g_report = report;
  g_context = context;
}

void assertion_failed(const char* condition, const char* file, int line, const char* why) noexcept {
  std::fprintf(stderr, "\nvitrine: a bug of ours: %s (%s) at %s:%d\n", why, condition, file, line);
  const ReportFunction report = g_report;
  g_report = nullptr;  // a report that asserts must not loop
  if (report) report(g_context);
  std::fflush(stderr);
  std::_Exit(kExitBugOfOurs);
}

}  // namespace vitrine::core
