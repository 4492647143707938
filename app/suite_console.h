// SPDX-License-Identifier: MIT
// What a guest's console says about its test: panics, kvm-unit-tests' last line, TAP and KTAP, lines that
// were expected. All of it is the guest's claim, and hostile input: every search is linear, and lines are
// cut.
//
// A line pattern is the whole line, where `*` stands for any text, and `\` takes a character's meaning away.
// Patterns are found in their order, with other lines between them; `!PATTERN` is a line that must not be
// there at all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/suite.h"

namespace vitrine::app {

// Without carriage returns, escape sequences and a kernel's time stamps; without empty lines, and cut where
// they are long.
std::vector<std::string> console_lines(std::string_view console);

bool matches(std::string_view pattern, std::string_view text);

// The line by which a kernel said that it panicked, by patterns that are known and those given. Empty: none.
std::string find_panic(const std::vector<std::string>& lines, const std::vector<std::string>& more);

// What is wrong with the lines, as words; empty: all that was expected is there.
std::string missing_line(const std::vector<std::string>& lines, const std::vector<std::string>& patterns);

// What the guest itself says of its test.
struct ConsoleClaim {
  enum class Kind : uint8_t { kNone, kPass, kFail, kSkip } kind = Kind::kNone;
  std::string reason, words;
};
// "EXIT: STATUS=N" of kvm-unit-tests: 1 is a pass, 77 a skip (38 << 1 | 1: their lib/report.c).
ConsoleClaim claim_of_exit_line(const std::vector<std::string>& lines);
// TAP 13 and 14, and the kernel's KTAP, whose subtests are indented.
ConsoleClaim claim_of_tap(const std::vector<std::string>& lines);

// The last lines, as UTF-8 without control characters.
std::string last_lines(std::string_view console, size_t count);

}  // namespace vitrine::app
