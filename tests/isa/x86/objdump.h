// SPDX-License-Identifier: MIT
// objdump as the judge of what host code says. Next: disassembler_test.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vitrine::test {

struct HostLine {
  uint64_t address = 0;
  std::string text;  // normalised: normal()
};

// The instructions of `code` as objdump prints them in Intel's syntax, or nothing where there is no objdump
// for x86-64.
std::optional<std::vector<HostLine>> objdump_x86(std::span<const uint8_t> code, uint64_t address);

// What is only a matter of taste goes: blanks, case, "ptr", comments, a scale of 1, signs and bases of
// numbers (their low 32 bits stay).
std::string normal(const std::string& text);

}  // namespace vitrine::test
