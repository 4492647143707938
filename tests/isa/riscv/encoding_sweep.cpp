// SPDX-License-Identifier: MIT
// Encodings made from the instruction rows; encoding_sweep.h has the contract.
#include "tests/isa/riscv/encoding_sweep.h"

#include <bit>
#include <random>
#include <string_view>

#include "isa/riscv/pattern.h"

namespace vitrine::test {
namespace {

using riscv::deposit;

// The fields of a row, as masks; what a hart ignores ('-') is a field too.
std::vector<uint32_t> fields_of(const riscv::Row& row) {
  std::vector<uint32_t> fields;
  const riscv::Symbols symbols = riscv::parse_symbols(row.pattern);
  for (char letter : std::string_view("dstrzimal-")) {
    if (const uint32_t mask = symbols.mask_of(letter); mask != 0) fields.push_back(mask);
  }
  return fields;
}

std::vector<uint32_t> corner_values(unsigned width) {
  std::vector<uint32_t> values;
  const uint32_t ones = width == 32 ? ~0u : (1u << width) - 1;
  if (width <= 3) {
    for (uint32_t v = 0; v <= ones; ++v) values.push_back(v);
  } else {
    values = {0, 1, 2, ones >> 1, (ones >> 1) + 1, ones, 0x55555555 & ones};
  }
  return values;
}

std::vector<uint32_t> thorough_values(unsigned width) {
  std::vector<uint32_t> values;
  const uint32_t ones = (1u << width) - 1;
  for (uint32_t v = 0; width <= 6 && v <= ones; ++v) values.push_back(v);
  for (unsigned bit = 0; width > 6 && bit < width; ++bit) {
    values.push_back(1u << bit);
    values.push_back(ones ^ 1u << bit);
  }
  return values;
}

void combine(const std::vector<uint32_t>& fields, size_t next, uint32_t word, std::vector<uint32_t>& out) {
  if (next == fields.size()) return out.push_back(word);
  for (uint32_t value : corner_values(static_cast<unsigned>(std::popcount(fields[next])))) {
    combine(fields, next + 1, word | deposit(value, fields[next]), out);
  }
}

}  // namespace

std::vector<uint32_t> operand_corners(const riscv::Row& row) {
  std::vector<uint32_t> words;
  const std::vector<uint32_t> fields = fields_of(row);
  combine(fields, 0, row.match, words);
  for (uint32_t field : fields) {
    for (uint32_t background : {0x2aaaaaabu & ~row.mask, 0x6c9d36f7u & ~row.mask}) {
      for (uint32_t value : thorough_values(static_cast<unsigned>(std::popcount(field)))) {
        words.push_back(row.match | (background & ~field) | deposit(value, field));
      }
    }
  }
  return words;
}

std::vector<uint32_t> near_misses(const riscv::Row& row) {
  std::vector<uint32_t> words;
  for (uint32_t operands : {0u, ~0u, 0x2aaaaaabu, 0x6c9d36f7u, 0x93bd8e31u}) {
    const uint32_t word = row.match | (operands & ~row.mask);
    for (unsigned bit = 2; bit < row.length * 8u; ++bit) {
      const uint32_t miss = word ^ 1u << bit;
      const bool longer = row.length == 4 && (miss & 31) == 31;
      if ((row.mask >> bit & 1) != 0 && !longer) words.push_back(miss);
    }
  }
  return words;
}

std::vector<uint32_t> random_words(unsigned count) {
  std::vector<uint32_t> words;
  std::mt19937 random(20240411);
  for (uint32_t opcode = 3; opcode < 128; opcode += 4) {
    if ((opcode & 31) == 31) continue;
    for (unsigned i = 0; i < count; ++i) words.push_back((static_cast<uint32_t>(random()) & ~127u) | opcode);
  }
  return words;
}

std::vector<uint32_t> all_compressed() {
  std::vector<uint32_t> words;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 3) != 3) words.push_back(bits);
  }
  return words;
}

}  // namespace vitrine::test
