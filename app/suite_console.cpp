// SPDX-License-Identifier: MIT
// Reading a console's text.
#include "app/suite_console.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

using Kind = ConsoleClaim::Kind;

constexpr size_t kMostLineKept = 4096;

// ECMA-48: ESC [ parameters, a final letter.
std::string without_controls(std::string_view line) {
  std::string text;
  for (size_t i = 0; i < line.size() && text.size() < kMostLineKept; ++i) {
    if (line[i] == '\x1b') {
      if (i + 1 < line.size() && line[i + 1] == '[')
        for (i += 2; i < line.size() && (line[i] < '@' || line[i] > '~');) ++i;
    } else if (line[i] != '\r') {
      text += line[i];
    }
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// "[    1.234567] text" -> "text"
std::string without_time_stamp(std::string line) {
  if (!line.starts_with('[')) return line;
  const size_t end = line.find("] ");
  if (end == std::string::npos ||
      line.substr(1, end - 1).find_first_not_of(" .0123456789") != std::string::npos)
    return line;
  return line.substr(end + 2);
}

// Linux; xv6 and BSDs; Rust's handler, as rCore prints it; our teaching kernel.
constexpr std::array<std::string_view, 8> kPanics = {"Kernel panic - not syncing*",
                                                     "panic: *",
                                                     "*[kernel] Panicked at *",
                                                     "*panicked at *",
                                                     "*Panicked at *",
                                                     "KERNEL PANIC*",
                                                     "kernel panic: *",
                                                     "PANIC: *"};

std::string quoted(std::string_view line) { return fmt::format("'{}'", core::printable(line)); }

}  // namespace

std::vector<std::string> console_lines(std::string_view console) {
  std::vector<std::string> lines;
  while (!console.empty()) {
    const size_t end = std::min(console.find('\n'), console.size());
    std::string line = without_time_stamp(without_controls(console.substr(0, end)));
    if (!line.empty()) lines.push_back(std::move(line));
    console.remove_prefix(std::min(end + 1, console.size()));
  }
  return lines;
}

// Greedy, with the last star as the only place to come back to: pattern times text at most.
bool matches(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0;
  std::optional<size_t> star;
  size_t resume = 0;
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    if (p < pattern.size() && t < text.size() && pattern[p + escaped] == text[t]) {
      p += 1 + escaped;
      ++t;
      continue;
    }
    if (!star || resume >= text.size()) return false;
    p = *star + 1;
    t = ++resume;
  }
  return true;
}

std::string find_panic(const std::vector<std::string>& lines, const std::vector<std::string>& more) {
  for (const std::string& line : lines) {
    const auto says = [&](std::string_view pattern) { return matches(pattern, line); };
    if (std::any_of(kPanics.begin(), kPanics.end(), says) || std::any_of(more.begin(), more.end(), says))
      return line;
  }
  return {};
}

std::string missing_line(const std::vector<std::string>& lines, const std::vector<std::string>& patterns) {
  size_t at = 0, found = 0;
  for (const std::string& pattern : patterns) {
    if (pattern.starts_with('!')) {
      const auto line = std::find_if(lines.begin(), lines.end(), [&](const std::string& l) {
        return matches(std::string_view(pattern).substr(1), l);
      });
      if (line != lines.end())
        return fmt::format("the console has the line {}, which must not be there", quoted(*line));
      continue;
    }
    while (at < lines.size() && !matches(pattern, lines[at])) ++at;
    if (at++ < lines.size()) {
      ++found;
      continue;
    }
    const std::string behind =
        found == 0 ? "" : fmt::format(", behind the {} expected lines before it", found);
    return fmt::format("the console has no line {}{}", quoted(pattern), behind);
  }
  return {};
}

ConsoleClaim claim_of_exit_line(const std::vector<std::string>& lines) {
  constexpr std::string_view kBegin = "EXIT: STATUS=";
  constexpr uint64_t kGood = 1, kSkipped = 77;
  const auto line =
      std::find_if(lines.rbegin(), lines.rend(), [&](const std::string& l) { return l.starts_with(kBegin); });
  if (line == lines.rend()) return {};
  const auto status = parse_number(std::string_view(*line).substr(kBegin.size()));
  if (status == kGood) return {Kind::kPass, "", ""};
  if (status == kSkipped) return {Kind::kSkip, "skipped", "the guest skipped its test: " + *line};
  const auto bad =
      std::find_if(lines.begin(), lines.end(), [](const std::string& l) { return l.starts_with("FAIL: "); });
  return {Kind::kFail, bad == lines.end() ? "exit-line" : "assertion",
          fmt::format("the guest said {}", quoted(bad == lines.end() ? *line : *bad))};
}

namespace {

// "ok 3 - name # SKIP why", "not ok 4".
struct TapLine {
  bool good = true;
  size_t indent = 0;
  std::string directive;  // SKIP, TODO, or empty
};

std::optional<TapLine> tap_line(std::string_view line) {
  TapLine read;
  read.indent = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(read.indent);
  if (line.starts_with("not ok")) {
    read.good = false;
    line.remove_prefix(6);
  } else if (line.starts_with("ok")) {
    line.remove_prefix(2);
  } else {
    return std::nullopt;
  }
  if (!line.empty() && line[0] != ' ') return std::nullopt;
  const size_t mark = line.rfind(" # ");
  if (mark == std::string_view::npos) return read;
  const std::string words = lower(line.substr(mark + 3));
  if (words.starts_with("skip")) read.directive = "SKIP";
  if (words.starts_with("todo") || words.starts_with("xfail")) read.directive = "TODO";
  return read;
}

// "1..5", "1..0 # SKIP why": how many.
std::optional<uint64_t> tap_plan(std::string_view line) {
  if (!line.starts_with("1..")) return std::nullopt;
  return parse_number(line.substr(3, std::min(line.find_first_of(" #"), line.size()) - 3));
}

struct TapCount {
  bool is_tap = false;
  std::optional<uint64_t> planned;
  uint64_t seen = 0;              // of this plan; subtests do not count
  uint64_t all = 0, skipped = 0;  // of all of them
  std::string bad, stopped, skip_line;
};

void read_tap_line(const std::string& line, TapCount& count) {
  if (line.starts_with("TAP version ") || line.starts_with("KTAP version ")) {
    count.is_tap = true;
    // One program after the other: each has a plan of its own.
    if (count.planned == count.seen) count.planned.reset(), count.seen = 0;
  }
  if (const auto plan = tap_plan(line)) {
    count.is_tap = true;
    if (!count.planned) count.planned = plan;
    if (*plan == 0) count.skip_line = line;
  }
  if (!count.is_tap) return;
  if (line.starts_with("Bail out!") && count.stopped.empty()) count.stopped = line;
  const auto test = tap_line(line);
  if (!test) return;
  if (!test->good && test->directive.empty() && count.bad.empty()) count.bad = line;
  if (test->indent != 0) return;
  ++count.seen;
  ++count.all;
  count.skipped += test->directive == "SKIP";
}

}  // namespace

ConsoleClaim claim_of_tap(const std::vector<std::string>& lines) {
  TapCount count;
  for (const std::string& line : lines) read_tap_line(line, count);
  if (!count.is_tap) return {};
  if (!count.stopped.empty())
    return {Kind::kFail, "assertion", fmt::format("the guest said {}", quoted(count.stopped))};
  if (!count.bad.empty())
    return {Kind::kFail, "assertion", fmt::format("the guest said {}", quoted(count.bad))};
  if (!count.skip_line.empty())
    return {Kind::kSkip, "skipped", fmt::format("the guest said {}", quoted(count.skip_line))};
  if (!count.planned)
    return {Kind::kFail, "plan", "the guest's TAP has no plan, so nobody knows whether it is all"};
  if (count.seen != *count.planned)
    return {Kind::kFail, "plan",
            fmt::format("the guest planned {} tests and told of {}", *count.planned, count.seen)};
  if (count.skipped == count.all) return {Kind::kSkip, "skipped", "the guest skipped all of its tests"};
  return {Kind::kPass, "", ""};
}

std::string last_lines(std::string_view console, size_t count) {
  const std::vector<std::string> lines =
      console_lines(console.substr(console.size() - std::min<size_t>(console.size(), 64 << 10)));
  std::vector<std::string> kept;
  for (auto line = lines.rbegin(); line != lines.rend() && kept.size() < count; ++line)
    if (!line->empty()) kept.push_back(core::printable(*line));
  std::string text;
  for (auto line = kept.rbegin(); line != kept.rend(); ++line) text += *line + '\n';
  return text;
}

}  // namespace vitrine::app
