// SPDX-License-Identifier: MIT
// Turns the row files into tables at compile time, and proves them: patterns fit their formats, no word
// matches two rows but where that is listed. Included by decoder.cpp alone; everybody else uses row_of().
// Next: decoder.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "isa/riscv/instruction.h"
#include "isa/riscv/pattern.h"

namespace vitrine::riscv::table {

// ---- formats

inline constexpr std::array<Shape, static_cast<size_t>(Format::kCount)> kShapes = {
#define FORMAT(name, layout, registers, immediate, operands) parse_format(layout, registers, immediate),
#include "isa/riscv/format_rows.inc"
};
constexpr const Shape& shape_of(Format format) { return kShapes[static_cast<size_t>(format)]; }

#define FORMAT(name, layout, registers, immediate, operands) \
  static_assert(shape_of(Format::name).problem == Problem::kNone);
#include "isa/riscv/format_rows.inc"

// ---- the extension column: A, A | B (any of them), A & B (both)

struct ExtensionColumn {
  Extension first;
  Requirement requirement;
  constexpr ExtensionColumn(Extension e) : first(e), requirement{.any_of = {e}, .all_of = {}} {}  // NOLINT
};
constexpr ExtensionColumn operator|(ExtensionColumn a, Extension b) {
  a.requirement.any_of.set(b);
  return a;
}
constexpr ExtensionColumn operator&(ExtensionColumn a, Extension b) {
  a.requirement.all_of.set(b);
  return a;
}
constexpr ExtensionColumn operator|(Extension a, Extension b) { return ExtensionColumn(a) | b; }
constexpr ExtensionColumn operator&(Extension a, Extension b) { return ExtensionColumn(a) & b; }

// ---- rows as written

struct SourceRow {
  std::string_view identifier;
  std::string_view pattern;
  Format format;
  Op expands_to;
  uint16_t classes_i;
  uint16_t classes_ii;
  uint32_t effects;
  ExtensionColumn extension;
  std::string_view constraint;
  std::string_view spec;
};

constexpr auto source_rows() {
  using enum Extension;
  return std::array<SourceRow, kOpCount>{{
      {"illegal", "", Format::None, Op::illegal, kInnocuous, kInnocuous, kHelper | kEndsBlock | kMayTrap, I,
       "", ""},
#define INSN(name, pattern, format, classes_i, classes_ii, effects, extension, constraint, spec) \
  {#name, pattern, Format::format, Op::name, classes_i, classes_ii, effects, extension, constraint, spec},
#define INSN_C(name, pattern, format, expands, extension, constraint, spec) \
  {#name, pattern, Format::format, Op::expands, 0, 0, 0, extension, constraint, spec},
#define INSN_AS(name, pattern, format, expands, extension, constraint, spec) \
  {#name, pattern, Format::format, Op::expands, 0, 0, 0, extension, constraint, spec},
#include "isa/riscv/instruction_rows.inc"
  }};
}
inline constexpr auto kSource = source_rows();

// ---- mnemonics: '_' becomes '.', a trailing '_' goes

struct Name {
  std::array<char, 20> text = {};
  size_t size = 0;
};
constexpr Name mnemonic(std::string_view identifier) {
  Name name;
  if (identifier.ends_with('_')) identifier.remove_suffix(1);
  for (char c : identifier) name.text[name.size++] = c == '_' ? '.' : c;
  return name;
}
constexpr auto mnemonics() {
  std::array<Name, kOpCount> names;
  for (size_t i = 0; i < kOpCount; ++i) names[i] = mnemonic(kSource[i].identifier);
  return names;
}
inline constexpr auto kNames = mnemonics();

// ---- rows as used

constexpr uint32_t with_implied(uint32_t effects) {
  if ((effects & (kBranch | kJump)) != 0) effects |= kEndsBlock;
  if ((effects & (kLoad | kStore | kAmo | kFloat)) != 0) effects |= kMayTrap;
  return effects;
}

constexpr auto parse_patterns() {
  std::array<Symbols, kOpCount> patterns;
  for (size_t i = 0; i < kOpCount; ++i) patterns[i] = parse_symbols(kSource[i].pattern);
  return patterns;
}
inline constexpr auto kPatterns = parse_patterns();

// The operands that are x registers, or (of_floats) f registers, by this pattern.
constexpr uint8_t register_operands(const Symbols& pattern, bool of_floats) {
  constexpr std::array<char, 4> kLetters = {'d', 's', 't', 'r'};
  uint8_t operands = 0;
  for (size_t i = 0; i < kLetters.size(); ++i) {
    if (pattern.mask_exactly(of_floats ? upper(kLetters[i]) : kLetters[i]) != 0) operands |= 1u << i;
  }
  return operands;
}

constexpr Row make_row(size_t index) {
  const SourceRow& source = kSource[index];
  const SourceRow& full = kSource[static_cast<size_t>(source.expands_to)];
  const Symbols& pattern = kPatterns[index];
  const Symbols& full_pattern = kPatterns[static_cast<size_t>(source.expands_to)];
  Row row;
  row.name = {kNames[index].text.data(), kNames[index].size};
  row.expands_to = source.expands_to;
  row.format = source.format;
  row.length = static_cast<uint8_t>(pattern.length / 8);
  row.x_registers = register_operands(full_pattern, false);
  row.f_registers = register_operands(full_pattern, true);
  row.classes_i = full.classes_i;
  row.classes_ii = full.classes_ii;
  row.effects = with_implied(full.effects);
  row.mask = pattern.fixed_mask();
  row.match = pattern.fixed_match();
  row.exclusions = parse_constraint(source.constraint, pattern).exclusions;
  row.extension = source.extension.first;
  row.requirement = source.extension.requirement;
  row.pattern = source.pattern;
  row.constraint = source.constraint;
  row.spec = source.spec;
  return row;
}

constexpr std::array<Row, kOpCount> make_rows() {
  std::array<Row, kOpCount> rows = {};
  for (size_t i = 0; i < kOpCount; ++i) rows[i] = make_row(i);
  return rows;
}
inline constexpr std::array<Row, kOpCount> kTable = make_rows();
constexpr const Row& row(Op op) { return kTable[static_cast<size_t>(op)]; }

// ---- proofs

// Encodings that a second row describes on purpose: a part of a general instruction that has a name of its
// own.
struct Overlap {
  Op special;
  Op general;
};
inline constexpr std::array kIntendedOverlaps = {
    Overlap{Op::fence_tso, Op::fence}, Overlap{Op::pause, Op::fence},    Overlap{Op::prefetch_i, Op::ori},
    Overlap{Op::prefetch_r, Op::ori},  Overlap{Op::prefetch_w, Op::ori}, Overlap{Op::zext_h, Op::packw},
};

constexpr bool overlap_is_intended(Op a, Op b) {
  for (const Overlap& o : kIntendedOverlaps) {
    if ((o.special == a && o.general == b) || (o.special == b && o.general == a)) return true;
  }
  return false;
}

constexpr Problem check_overlaps(Op op) {
  for (size_t other = 1; other < static_cast<size_t>(op); ++other) {
    if (row(op).mask == 0 || kTable[other].mask == 0) continue;  // no pattern: that is reported already
    if (!disjoint(row(op), kTable[other]) && !overlap_is_intended(op, static_cast<Op>(other))) {
      return Problem::kUnintendedOverlap;
    }
  }
  return Problem::kNone;
}

constexpr Problem check_intended(const Overlap& overlap) {
  if (disjoint(row(overlap.special), row(overlap.general))) return Problem::kUnusedOverlap;
  if (!is_special_case(row(overlap.special), row(overlap.general))) return Problem::kNotASpecialCase;
  return Problem::kNone;
}

// A register that the encoding shows is of the kind, x or f, that the expansion has in that place.
constexpr Problem check_expansion(Op op) {
  const Symbols& shown = kPatterns[static_cast<size_t>(op)];
  if ((register_operands(shown, true) & ~row(op).f_registers) != 0) return Problem::kOperandsDiffer;
  if ((register_operands(shown, false) & ~row(op).x_registers) != 0) return Problem::kOperandsDiffer;
  const bool expands_once = row(row(op).expands_to).expands_to == row(op).expands_to;
  return expands_once ? Problem::kNone : Problem::kOperandsDiffer;
}

constexpr Problem check_pattern_of(Op op) {
  return check_pattern(kPatterns[static_cast<size_t>(op)], shape_of(row(op).format).layout);
}
constexpr Problem check_constraint(Op op) {
  return parse_constraint(row(op).constraint, kPatterns[static_cast<size_t>(op)]).problem;
}

// A template, so that the compiler's message names the row.
template <Op kOp>
constexpr bool prove() {
  static_assert(check_pattern_of(kOp) == Problem::kNone, "pattern and format do not fit (check_pattern)");
  static_assert(check_constraint(kOp) == Problem::kNone,
                "constraint cannot be read, or cannot hold (parse_constraint)");
  static_assert(check_expansion(kOp) == Problem::kNone,
                "registers are not of the expansion's kind (check_expansion)");
  static_assert(check_overlaps(kOp) == Problem::kNone,
                "some word matches an earlier row too (kIntendedOverlaps)");
  return true;
}

#define INSN(name, ...) static_assert(prove<Op::name>());
#define INSN_C(name, ...) static_assert(prove<Op::name>());
#define INSN_AS(name, ...) static_assert(prove<Op::name>());
#include "isa/riscv/instruction_rows.inc"

template <size_t... kIndex>
constexpr bool intended_overlaps_are_used(std::index_sequence<kIndex...>) {
  return ((check_intended(kIntendedOverlaps[kIndex]) == Problem::kNone) && ...);
}
static_assert(intended_overlaps_are_used(std::make_index_sequence<kIntendedOverlaps.size()>{}),
              "a listed overlap does not happen, or is not of a special case with its general one");

}  // namespace vitrine::riscv::table
