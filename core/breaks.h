// SPDX-License-Identifier: MIT
// Breaks: one piece of the machine or of its hypervisor, switched to a wrong behaviour that is stated (core/breaks.inc) and
// holds on both engines. A set of breaks belongs to the machine's configuration and to the run's identity.
//
// Whoever implements a piece asks when it is made, or on a path that is slow anyway; no hot path and no generated code has a
// check, so that a machine with nothing broken pays nothing.
//
// Where this stands in the spec: nowhere; the rows say what of the spec they break. Next: app/breaking.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vitrine::core {

enum class Break : uint8_t {
#define BREAK(kind, name, piece, needs, sentence, symptom, doc) kind,
#include "core/breaks.inc"
#undef BREAK
  kCount
};
inline constexpr size_t kBreaks = static_cast<size_t>(Break::kCount);

struct BreakRow {
  Break kind;
  std::string_view name;  // for options: kebab case
  std::string_view piece;
  std::string_view needs;  // kinds of --mmu, separated by commas; empty: any
  std::string_view sentence;
  std::string_view symptom;
  std::string_view doc;  // page and heading, from docs/
};

[[nodiscard]] std::span<const BreakRow, kBreaks> break_rows();
[[nodiscard]] const BreakRow& row_of(Break kind);
[[nodiscard]] std::optional<Break> break_named(std::string_view name);

class BreakSet {
 public:
  constexpr BreakSet() = default;
  constexpr void add(Break kind) { bits_ |= uint32_t{1} << static_cast<unsigned>(kind); }
  [[nodiscard]] constexpr bool has(Break kind) const { return bits_ >> static_cast<unsigned>(kind) & 1; }
  [[nodiscard]] constexpr bool any() const { return bits_ != 0; }
  friend constexpr bool operator==(BreakSet, BreakSet) = default;

 private:
  static_assert(kBreaks <= 32);
  uint32_t bits_ = 0;
};

// What timer-late waits, in ticks of time.
inline constexpr uint64_t kLateTicks = 10'000;

}  // namespace vitrine::core
