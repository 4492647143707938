// SPDX-License-Identifier: MIT
#include "tests/isa/x86/objdump.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <sstream>

#include "tests/outside.h"

namespace vitrine::test {
namespace {

// Each number with its sign as "+" and its low 32 bits: "-1", "0xffffffff" and "+0xffffffffffffffff" are the
// same.
std::string with_plain_numbers(const std::string& text) {
  std::string all;
  for (size_t i = 0; i < text.size();) {
    const bool in_word = i > 0 && (std::isalnum(static_cast<unsigned char>(text[i - 1])) != 0);
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0 || in_word) {
      all += text[i++];
      continue;
    }
    char* end = nullptr;
    uint64_t value = std::strtoull(text.c_str() + i, &end, text.compare(i, 2, "0x") == 0 ? 16 : 10);
    i = static_cast<size_t>(end - text.c_str());
    if (!all.empty() && all.back() == '-') value = -value;
    if (!all.empty() && (all.back() == '-' || all.back() == '+')) all.pop_back();
    all += fmt::format("+{}", static_cast<uint32_t>(value));
  }
  return all;
}

void drop_all(std::string& text, std::string_view word) {
  for (size_t at; (at = text.find(word)) != text.npos;) text.erase(at, word.size());
}

}  // namespace

std::string normal(const std::string& text) {
  std::string plain = text.substr(0, text.find_first_of("#;"));
  if (const size_t symbol = plain.find(" <"); symbol != plain.npos) plain.resize(symbol);
  for (char& c : plain) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  drop_all(plain, "ptr ");
  std::string joined;
  for (char c : plain)
    if (std::isspace(static_cast<unsigned char>(c)) == 0) joined += c;
  drop_all(joined, "*1");
  drop_all(joined, "ds:");
  drop_all(joined, "es:");
  if (const size_t at = joined.find("fs:["); at != joined.npos) {
    joined.erase(joined.find(']', at), 1);
    joined.erase(at + 3, 1);
  }
  std::string plain_numbers = with_plain_numbers(joined);
  if (const size_t zero = plain_numbers.find("+0]"); zero != plain_numbers.npos) plain_numbers.erase(zero, 2);
  return plain_numbers;
}

std::optional<std::vector<HostLine>> objdump_x86(std::span<const uint8_t> code, uint64_t address) {
  const TemporaryFolder folder;
  const std::string path = folder.write("code", as_text(code.data(), code.size()));
  const auto output = output_of(
      fmt::format("objdump -D -b binary -m i386:x86-64 -M intel --no-show-raw-insn --adjust-vma={:#x} {}",
                  address, path));
  if (!output) return std::nullopt;

  // "  4010: <tab>mov    rcx,rbx"
  std::vector<HostLine> lines;
  std::istringstream in(*output);
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(":\t");
    if (colon == line.npos || line.find_first_not_of(" 0123456789abcdef") != colon) continue;
    lines.push_back({std::strtoull(line.c_str(), nullptr, 16), normal(line.substr(colon + 2))});
  }
  return lines;
}

}  // namespace vitrine::test
