// SPDX-License-Identifier: MIT
// Reads the patterns, layouts and constraints of the row files, and says what is wrong with them. All of it
// runs in the compiler (instruction_table.h asserts that nothing is wrong); the tests call it on rows that
// are wrong on purpose. Spec: none, this is our notation; it is described at the head of instruction_rows.inc
// and format_rows.inc. Next: instruction_table.h.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "isa/riscv/instruction.h"

namespace vitrine::riscv {

enum class Problem {
  kNone,
  kWrongBitCount,      // neither 16 nor 32, or not as many as the format's layout
  kLengthBits,         // bits 1:0 are 11 exactly in a 32-bit encoding
  kUnknownLetter,      // a letter that the format's layout does not have at this bit
  kFieldIsFixed,       // 0 or 1 where the layout has a field
  kMixedCase,          // one register field, partly upper case
  kBadConstraint,      // unknown letter, value too large, syntax, or too many exclusions
  kImmediateBits,      // the immediate list names more or fewer bits than the layout has
  kUnintendedOverlap,  // a word matches two rows, and the overlap is not listed
  kUnusedOverlap,      // a listed overlap that cannot happen
  kNotASpecialCase,    // a listed overlap where the first row is not a part of the second
  kOperandsDiffer,     // x and f registers of an encoding and of its expansion differ
};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr bool is_upper(char c) { return c != lower(c); }

// A pattern or a layout, one symbol a bit.
struct Symbols {
  unsigned length = 0;           // bits
  std::array<char, 32> at = {};  // symbol of each bit, bit 0 the least significant

  // The bits with exactly this symbol.
  constexpr uint32_t mask_exactly(char symbol) const {
    uint32_t mask = 0;
    for (unsigned bit = 0; bit < length; ++bit) {
      if (at[bit] == symbol) mask |= uint32_t{1} << bit;
    }
    return mask;
  }
  // The bits of a field, upper case or lower.
  constexpr uint32_t mask_of(char letter) const {
    return mask_exactly(letter) | (is_letter(letter) ? mask_exactly(upper(letter)) : 0);
  }
  constexpr uint32_t fixed_mask() const { return mask_exactly('0') | mask_exactly('1'); }
  constexpr uint32_t fixed_match() const { return mask_exactly('1'); }
};

// Length 0 if the number of symbols is neither 16 nor 32.
constexpr Symbols parse_symbols(std::string_view text) {
  unsigned count = 0;
  for (char c : text) count += c != ' ';
  Symbols symbols;
  if (count != 16 && count != 32) return symbols;
  symbols.length = count;
  for (char c : text) {
    if (c != ' ') symbols.at[--count] = c;
  }
  return symbols;
}

// Where a register number comes from: bits of the encoding, or (width 0) a constant. Three bits name x8..x15.
struct RegisterSource {
  uint8_t shift = 0;
  uint8_t width = 0;
  uint8_t constant = 0;
};

// A run of encoding bits that is also a run of immediate bits.
struct ImmediateSegment {
  uint8_t from = 0;
  uint8_t to = 0;
  uint8_t width = 0;
};

// What a row of format_rows.inc says, ready for the decoder.
struct Shape {
  Symbols layout;
  std::array<RegisterSource, 3> registers = {};  // rd, rs1, rs2
  std::array<ImmediateSegment, 9> segments = {};
  size_t segment_count = 0;
  bool sign_extended = false;
  uint8_t top_bit = 0;  // the sign bit, if sign-extended
  Problem problem = Problem::kNone;
};

// Reads words and decimal numbers off the front of a text.
class Reader {
 public:
  constexpr explicit Reader(std::string_view text) : rest_(text) { skip_spaces(); }
  constexpr bool at_end() const { return rest_.empty(); }
  constexpr char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  constexpr bool at_number() const { return peek() >= '0' && peek() <= '9'; }
  constexpr bool accept(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  constexpr char letter() {
    char c = peek();
    if (!rest_.empty()) rest_.remove_prefix(1);
    return c;
  }
  constexpr unsigned number() {
    unsigned value = 0;
    while (at_number()) value = value * 10 + static_cast<unsigned>(letter() - '0');
    return value;
  }
  constexpr void skip_spaces() {
    while (accept(" ")) {
    }
  }

 private:
  std::string_view rest_;
};

constexpr std::array<RegisterSource, 3> parse_registers(std::string_view text, const Symbols& layout) {
  std::array<RegisterSource, 3> sources;
  Reader reader(text);
  for (RegisterSource& source : sources) {
    if (reader.at_number()) {
      source.constant = static_cast<uint8_t>(reader.number());
    } else {
      const uint32_t mask = layout.mask_of(reader.letter());
      source.shift = static_cast<uint8_t>(std::countr_zero(mask));
      source.width = static_cast<uint8_t>(std::popcount(mask));
    }
    reader.skip_spaces();
  }
  return sources;
}

// Letters whose bits go to Insn::imm.
constexpr bool is_immediate_letter(char c) {
  return c == 'i' || c == 'm' || c == 'r' || c == 'a' || c == 'l';
}

// Adds the pair (encoding bit, immediate bit), as part of the last segment where it continues that downwards.
constexpr void add_immediate_bit(Shape& shape, unsigned from, unsigned to) {
  if (shape.segment_count > 0) {
    ImmediateSegment& last = shape.segments[shape.segment_count - 1];
    if (last.from == from + 1 && last.to == to + 1) {
      last = {static_cast<uint8_t>(from), static_cast<uint8_t>(to), static_cast<uint8_t>(last.width + 1)};
      return;
    }
  }
  shape.segments[shape.segment_count++] = {static_cast<uint8_t>(from), static_cast<uint8_t>(to), 1};
}

constexpr void parse_immediate(std::string_view text, Shape& shape) {
  Reader reader(text);
  shape.sign_extended = reader.letter() == 's';
  reader.skip_spaces();
  unsigned from = shape.layout.length;  // the next immediate letter is below this bit
  while (!reader.at_end()) {
    const unsigned high = reader.number();
    const unsigned low = reader.accept(":") ? reader.number() : high;
    for (unsigned to = high + 1; to-- > low;) {
      do {
        if (from-- == 0) return void(shape.problem = Problem::kImmediateBits);
      } while (!is_immediate_letter(lower(shape.layout.at[from])));
      add_immediate_bit(shape, from, to);
      if (to > shape.top_bit) shape.top_bit = static_cast<uint8_t>(to);
    }
    reader.skip_spaces();
  }
  while (from-- > 0) {
    if (is_immediate_letter(lower(shape.layout.at[from]))) shape.problem = Problem::kImmediateBits;
  }
}

constexpr Shape parse_format(std::string_view layout, std::string_view registers,
                             std::string_view immediate) {
  Shape shape;
  shape.layout = parse_symbols(layout);
  if (shape.layout.length == 0) return shape.problem = Problem::kWrongBitCount, shape;
  shape.registers = parse_registers(registers, shape.layout);
  parse_immediate(immediate, shape);
  return shape;
}

// A pattern has the layout's letters where the layout has them, and 0 or 1 everywhere else.
constexpr Problem check_pattern(const Symbols& pattern, const Symbols& layout) {
  if (pattern.length == 0 || pattern.length != layout.length) return Problem::kWrongBitCount;
  for (unsigned bit = 0; bit < pattern.length; ++bit) {
    const char has = pattern.at[bit];
    const char want = layout.at[bit];
    const bool fixed = has == '0' || has == '1';
    if (want == '.' && fixed) continue;
    if (want != '.' && fixed) return Problem::kFieldIsFixed;
    if (lower(has) != want) return Problem::kUnknownLetter;
    const bool may_be_float = want == 'd' || want == 's' || want == 't' || want == 'r';
    if (is_upper(has) && !may_be_float) return Problem::kUnknownLetter;
    const char below = bit > 0 ? pattern.at[bit - 1] : has;  // a register field is one run of bits
    if (is_letter(has) && lower(below) == want && below != has) return Problem::kMixedCase;
  }
  const bool low_bits_say_32 = (pattern.fixed_mask() & pattern.fixed_match() & 3) == 3;
  if ((pattern.fixed_mask() & 3) != 3 || low_bits_say_32 != (pattern.length == 32))
    return Problem::kLengthBits;
  return Problem::kNone;
}

struct Constraint {
  std::array<Exclusion, 2> exclusions = {};
  Problem problem = Problem::kNone;
};

// The bits of value, lowest first, into the set bits of mask. The caller has checked that they fit.
constexpr uint32_t deposit(uint32_t value, uint32_t mask) {
  uint32_t result = 0;
  for (; mask != 0; mask &= mask - 1, value >>= 1) {
    if (value & 1) result |= mask & -mask;
  }
  return result;
}

// "d!=0,2 i!=0": of field d neither 0 nor 2 (as numbers in the encoding), of field i not 0.
constexpr Constraint parse_constraint(std::string_view text, const Symbols& pattern) {
  Constraint constraint;
  size_t used = 0;
  const auto fail = [&] { return constraint.problem = Problem::kBadConstraint, constraint; };
  Reader reader(text);
  while (!reader.at_end()) {
    const uint32_t mask = pattern.mask_of(reader.letter());
    if (mask == 0 || !reader.accept("!=")) return fail();
    do {
      if (!reader.at_number() || used == constraint.exclusions.size()) return fail();
      const unsigned value = reader.number();
      if (value >> std::popcount(mask) != 0) return fail();
      constraint.exclusions[used++] = {mask, deposit(value, mask)};
    } while (reader.accept(","));
    reader.skip_spaces();
  }
  return constraint;
}

// Every word of row is kept out by this exclusion of another row.
constexpr bool excludes(const Exclusion& exclusion, const Row& row) {
  return exclusion.mask != 0 && (row.mask & exclusion.mask) == exclusion.mask &&
         (row.match & exclusion.mask) == exclusion.match;
}

// No word matches both rows. Sound and not complete: exclusions that only together keep a row out are not
// seen.
constexpr bool disjoint(const Row& a, const Row& b) {
  if (((a.match ^ b.match) & a.mask & b.mask) != 0) return true;
  for (const Exclusion& e : a.exclusions) {
    if (excludes(e, b)) return true;
  }
  for (const Exclusion& e : b.exclusions) {
    if (excludes(e, a)) return true;
  }
  return false;
}

// Every word that special's mask admits is one that general's mask admits.
constexpr bool is_special_case(const Row& special, const Row& general) {
  return (special.mask & general.mask) == general.mask &&
         ((special.match ^ general.match) & general.mask) == 0;
}

}  // namespace vitrine::riscv
