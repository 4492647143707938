// SPDX-License-Identifier: MIT
// The end of a failed VT_ASSERT. It may be reached from a signal handler, so nothing here allocates or locks.
#include "core/assert.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/safe_text.h"

namespace vitrine::core {
namespace {
FailureReport g_report;
}

void write_safely(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void SafeText::write_to(int fd) noexcept {
  write_safely(fd, text());
  size_ = 0;
}

FailureReport set_failure_report(FailureReport report) noexcept {
  const FailureReport before = g_report;
  g_report = report;
  return before;
}

void assertion_failed(const char* condition, const char* file, int line, const char* why) noexcept {
  const FailureReport report = set_failure_report({});  // a report that fails must not loop
  SafeText text;
  text << "\nvitrine: a bug of ours: " << why << " (" << condition << ") at " << file << ":";
  text.decimal(static_cast<uint64_t>(line)) << "\n";
  text.write_to(STDERR_FILENO);
  if (report.write) report.write(report.context);
  std::_Exit(kExitBugOfOurs);
}

void host_fault(const char* what, const char* where) noexcept {
  const FailureReport report = set_failure_report({});
  SafeText text;
  text << "\nvitrine: a bug of ours: " << what << where << "\n";
  text.write_to(STDERR_FILENO);
  if (report.write) report.write(report.context);
  std::_Exit(kExitBugOfOurs);
}

}  // namespace vitrine::core
