// SPDX-License-Identifier: MIT
// The table of kinds of chaos.
#include "core/chaos.h"

#include <algorithm>

namespace vitrine::core {
namespace {

constexpr ChaosRow kRows[] = {
#define CHAOS(kind, name, sentence, permission) {Chaos::kind, name, sentence, permission},
#include "core/chaos.inc"
#undef CHAOS
};

}  // namespace

std::span<const ChaosRow, kChaosKinds> chaos_rows() { return kRows; }

std::optional<Chaos> chaos_named(std::string_view name) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const ChaosRow& each) { return each.name == name; });
  return row == std::end(kRows) ? std::nullopt : std::optional(row->kind);
}

}  // namespace vitrine::core
