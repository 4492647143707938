// SPDX-License-Identifier: MIT
// The rows of breaks. Every name and number of them is in core/breaks.inc.
#include "core/breaks.h"

#include <algorithm>

namespace vitrine::core {
namespace {

constexpr BreakRow kRows[] = {
#define BREAK(kind, name, piece, needs, sentence, symptom, doc) \
  {Break::kind, name, piece, needs, sentence, symptom, doc},
#include "core/breaks.inc"
#undef BREAK
};
static_assert(std::size(kRows) == kBreaks);
static_assert(std::all_of(std::begin(kRows), std::end(kRows), [](const BreakRow& row) {
  return !row.name.empty() && row.sentence.ends_with('.') && row.symptom.ends_with('.') &&
         row.doc.find(".md#") != row.doc.npos;
}));

}  // namespace

std::span<const BreakRow, kBreaks> break_rows() { return kRows; }

const BreakRow& row_of(Break kind) { return kRows[static_cast<size_t>(kind)]; }

std::optional<Break> break_named(std::string_view name) {
  const auto* const row =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const BreakRow& r) { return r.name == name; });
  if (row == std::end(kRows)) return std::nullopt;
  return row->kind;
}

}  // namespace vitrine::core
