// SPDX-License-Identifier: MIT
// The bar and the lines.
#include "app/suite_progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/file.h"

namespace vitrine::app {
namespace {

constexpr size_t kBar = 24;

size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

SuiteProgress::SuiteProgress(size_t tests)
    : tests_(tests), terminal_(isatty(STDERR_FILENO) && isatty(STDOUT_FILENO)) {}

SuiteProgress::~SuiteProgress() { wipe(); }

void SuiteProgress::done(const SuiteResult& result) {
  ++done_;
  ++counts_[static_cast<size_t>(result.verdict)];
  if (terminal_ && is_good(result.verdict)) return;
  wipe();
  const std::string words = result.words.empty() ? "" : ": " + core::printable(result.words, 200);
  std::printf(
      "%s\n",
      fmt::format("{:<17}{}{}", verdict_name(result.verdict), core::printable(result.name), words).c_str());
  std::fflush(stdout);
}

void SuiteProgress::tick(size_t running) {
  if (!terminal_ || Clock::now() - drawn_ < std::chrono::milliseconds(100)) return;
  draw(running);
}

// By the tests that are through so far; the first ones say little.
std::string SuiteProgress::remaining() const {
  const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  if (done_ == 0 || seconds < 1) return "";
  const auto left =
      static_cast<unsigned>(seconds / static_cast<double>(done_) * static_cast<double>(tests_ - done_) + 0.5);
  return left >= 120 ? fmt::format(", {} min left", (left + 30) / 60) : fmt::format(", {} s left", left);
}

void SuiteProgress::draw(size_t running) {
  const size_t full = tests_ == 0 ? kBar : done_ * kBar / tests_;
  std::string line = fmt::format("[{:#<{}}{:.<{}}] {}/{}, {} running: {}{}", "", full, "", kBar - full, done_,
                                 tests_, running, counts_text(counts_), remaining());
  line.resize(std::min(line.size(), terminal_width() - 1));
  std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
  drawn_ = Clock::now();
}

void SuiteProgress::wipe() {
  if (terminal_ && drawn_ != Clock::time_point{}) std::fputs("\r\x1b[K", stderr);
}

}  // namespace vitrine::app
