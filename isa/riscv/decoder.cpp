// SPDX-License-Identifier: MIT
// The decoder: a bucket chosen by a few bits, then the rows of that bucket, the more special first.
// Both the buckets and the extraction of operands are made from the rows by the compiler.
// Spec: volume I, "Base Instruction-Length Encoding"; opcode map in "RV32/64G Instruction Set Listings".
// Next: instruction_table.h (the tables and their proofs), pattern.h.
#include "isa/riscv/decoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "isa/riscv/instruction_table.h"

namespace vitrine::riscv {

constexpr std::array<Row, kOpCount> kRows = table::kTable;

namespace {

// Buckets: 8 x 32 of funct3 and opcode; 128 of funct7 for OP-FP, where funct3 is mostly a rounding mode; 8 x
// 3 of funct3 and quadrant for 16-bit encodings.
constexpr uint32_t kOpFp = 0b10100;
constexpr uint32_t kFirstFp = 256;
constexpr uint32_t kFirst16 = kFirstFp + 128;
constexpr uint32_t kBuckets = kFirst16 + 32;  // the last 8 would be quadrant 3 and stay empty

constexpr size_t bucket_of(uint32_t bits) {
  if ((bits & 3) != 3) return kFirst16 + ((bits & 3) << 3) + (bits >> 13 & 7);
  const uint32_t opcode = bits >> 2 & 31;
  if (opcode == kOpFp) return kFirstFp + (bits >> 25);
  return (opcode << 3) + (bits >> 12 & 7);
}

// The bits that bucket_of looks at, and a word of that bucket.
constexpr Exclusion key_of(size_t bucket) {
  const uint32_t b = static_cast<uint32_t>(bucket);
  if (bucket >= kFirst16) return {0xe003, ((b - kFirst16) >> 3) | (b & 7) << 13};
  if (bucket >= kFirstFp) return {0xfe00007f, (b - kFirstFp) << 25 | kOpFp << 2 | 3};
  return {0x0000707f, (b & 7) << 12 | b >> 3 << 2 | 3};
}

constexpr bool belongs(const Row& row, size_t bucket) {
  const Exclusion key = key_of(bucket);
  const bool same_length = (row.length == 2) == (bucket >= kFirst16);
  return same_length && ((row.match ^ key.match) & row.mask & key.mask) == 0;
}

struct Candidate {
  uint32_t mask;
  uint32_t match;
  Op op;
};

// Rows by the number of fixed bits, most first, so that a special case is met before the general one.
constexpr std::array<Op, kOpCount - 1> special_first() {
  std::array<Op, kOpCount - 1> order;
  for (size_t i = 1; i < kOpCount; ++i) order[i - 1] = static_cast<Op>(i);
  std::sort(order.begin(), order.end(), [](Op a, Op b) {
    const int fixed_a = std::popcount(table::row(a).mask);
    const int fixed_b = std::popcount(table::row(b).mask);
    return fixed_a != fixed_b ? fixed_a > fixed_b : a < b;
  });
  return order;
}
constexpr auto kOrder = special_first();

// All buckets in one run; bucket b is [starts[b], starts[b + 1]).
struct Buckets {
  std::array<uint16_t, kBuckets + 1> starts = {};
  std::array<Candidate, 2048> candidates = {};
};
constexpr Buckets fill_buckets() {
  Buckets buckets;
  uint16_t next = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    for (Op op : kOrder) {
      const Row& row = table::row(op);
      if (belongs(row, bucket)) buckets.candidates[next++] = {row.mask, row.match, op};
    }
    buckets.starts[bucket + 1] = next;
  }
  return buckets;
}
constexpr Buckets kFilled = fill_buckets();

// key_of is the inverse of bucket_of, or rows would sit in buckets where nobody looks.
constexpr bool keys_fit_buckets() {
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const bool unreachable = bucket >= kFirst16 + 24 || (bucket < kFirstFp && bucket >> 3 == kOpFp);
    if (!unreachable && bucket_of(key_of(bucket).match) != bucket) return false;
  }
  return true;
}
static_assert(keys_fit_buckets());

constexpr uint8_t register_number(uint32_t bits, RegisterSource source) {
  if (source.width == 0) return source.constant;
  const uint32_t field = bits >> source.shift & ((1u << source.width) - 1);
  return static_cast<uint8_t>(source.width == 3 ? 8 + field : field);
}

template <Format kFormat, size_t... kIndex>
int32_t immediate(uint32_t bits, std::index_sequence<kIndex...>) {
  constexpr Shape shape = table::shape_of(kFormat);
  uint32_t value = 0;
  ((value |= (bits >> shape.segments[kIndex].from & ((1u << shape.segments[kIndex].width) - 1))
             << shape.segments[kIndex].to),
   ...);
  if constexpr (shape.sign_extended) {
    constexpr unsigned kUnused = 31 - shape.top_bit;
    return static_cast<int32_t>(value << kUnused) >> kUnused;
  }
  return static_cast<int32_t>(value);
}

template <Format kFormat>
void extract_operands(uint32_t bits, Insn& insn) {
  constexpr Shape shape = table::shape_of(kFormat);
  insn.rd = register_number(bits, shape.registers[0]);
  insn.rs1 = register_number(bits, shape.registers[1]);
  insn.rs2 = register_number(bits, shape.registers[2]);
  insn.imm = immediate<kFormat>(bits, std::make_index_sequence<shape.segment_count>{});
}

// What decoding asks of a row, close together.
struct Candidacy {
  Requirement requirement;
  Op expands_to;
  Format format;
  uint8_t length;
  bool has_exclusions;
};
constexpr std::array<Candidacy, kOpCount> candidacies() {
  std::array<Candidacy, kOpCount> all = {};
  for (size_t i = 0; i < kOpCount; ++i) {
    const Row& row = table::kTable[i];
    const bool excludes = row.exclusions[0].mask != 0 || row.exclusions[1].mask != 0;
    all[i] = {row.requirement, row.expands_to, row.format, row.length, excludes};
  }
  return all;
}
constexpr auto kCandidacies = candidacies();

Insn make_insn(uint32_t bits, Op op, const Candidacy& row) {
  Insn insn{row.expands_to, op, 0, 0, 0, row.length, 0, bits};
  switch (row.format) {
#define FORMAT(name, layout, registers, immediate, operands) \
  case Format::name:                                         \
    extract_operands<Format::name>(bits, insn);              \
    break;
#include "isa/riscv/format_rows.inc"
    case Format::kCount: break;
  }
  return insn;
}

bool is_excluded(const Row& row, uint32_t bits) {
  const auto says = [&](const Exclusion& e) { return e.mask != 0 && (bits & e.mask) == e.match; };
  return std::any_of(row.exclusions.begin(), row.exclusions.end(), says);
}

}  // namespace

Insn decode(uint32_t bits, const ExtensionSet& available) noexcept {
  const unsigned length = instruction_length(static_cast<uint16_t>(bits));
  if (length == 2) bits &= 0xffff;
  const size_t bucket = bucket_of(bits);
  const size_t end = kFilled.starts[bucket + 1];
  for (size_t i = kFilled.starts[bucket]; i < end; ++i) {
    const Candidate& candidate = kFilled.candidates[i];
    if ((bits & candidate.mask) != candidate.match) continue;
    const Candidacy& row = kCandidacies[static_cast<size_t>(candidate.op)];
    if (row.has_exclusions && is_excluded(row_of(candidate.op), bits)) continue;
    if (row.requirement.met_by(available)) return make_insn(bits, candidate.op, row);
  }
  return {Op::illegal, Op::illegal, 0, 0, 0, static_cast<uint8_t>(length), static_cast<int32_t>(bits), bits};
}

std::string_view name_of(Extension extension) noexcept {
  static constexpr std::array<std::string_view, static_cast<size_t>(Extension::kCount)> kNames = {
#define EXTENSION(name, what) #name,
#include "isa/riscv/extension_rows.inc"
  };
  return kNames[static_cast<size_t>(extension)];
}

}  // namespace vitrine::riscv
