// SPDX-License-Identifier: MIT
// Symbols: two sorted lists and binary search.
#include "core/symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/assert.h"
#include "core/file.h"

namespace vitrine::core {

SymbolTable::SymbolTable(std::string text, std::vector<Symbol> symbols)
    : text_(std::move(text)), by_name_(std::move(symbols)) {
  for (const Symbol& s : by_name_) {
    VT_ASSERT(s.name <= text_.size() && s.length <= text_.size() - s.name,
              "a symbol's name is outside the text");
    if (s.rank != Symbol::kNameless) by_address_.push_back(s);
  }
  // A local symbol may share its name with a global one, which has the higher rank and comes first.
  const auto by_name = [this](const Symbol& a, const Symbol& b) {
    const int order = name(a).compare(name(b));
    return order != 0 ? order < 0 : std::tie(b.rank, a.value) < std::tie(a.rank, b.value);
  };
  std::sort(by_name_.begin(), by_name_.end(), by_name);
  const auto by_address = [this](const Symbol& a, const Symbol& b) {
    if (a.value != b.value) return a.value < b.value;
    return a.rank != b.rank ? a.rank > b.rank : name(a) < name(b);
  };
  std::sort(by_address_.begin(), by_address_.end(), by_address);
  const auto same = [](const Symbol& a, const Symbol& b) { return a.value == b.value; };
  by_address_.erase(std::unique(by_address_.begin(), by_address_.end(), same), by_address_.end());
}

std::optional<uint64_t> SymbolTable::find(std::string_view wanted) const {
  const auto found = std::lower_bound(by_name_.begin(), by_name_.end(), wanted,
                                      [this](const Symbol& s, std::string_view n) { return name(s) < n; });
  if (found == by_name_.end() || name(*found) != wanted) return std::nullopt;
  return found->value;
}

std::vector<std::string_view> SymbolTable::beginning_with(std::string_view text, size_t most) const {
  std::vector<std::string_view> found;
  auto at = std::lower_bound(by_name_.begin(), by_name_.end(), text, [this](const Symbol& s, std::string_view n) { return name(s) < n; });
  for (; at != by_name_.end() && found.size() < most && name(*at).starts_with(text); ++at)
    if (found.empty() || found.back() != name(*at)) found.push_back(name(*at));
  return found;
}

std::optional<SymbolTable::Place> SymbolTable::nearest(uint64_t address) const {
  const auto after = std::upper_bound(by_address_.begin(), by_address_.end(), address,
                                      [](uint64_t a, const Symbol& s) { return a < s.value; });
  if (after == by_address_.begin()) return std::nullopt;
  const Symbol& symbol = *(after - 1);
  if (address != symbol.value && address >= symbol.end) return std::nullopt;
  return Place{name(symbol), address - symbol.value};
}

std::string SymbolTable::text(uint64_t address) const {
  const auto place = nearest(address);
  if (!place) return {};
  const std::string name = printable(place->name, 120);
  return place->offset == 0 ? name : fmt::format("{}+{:#x}", name, place->offset);
}

}  // namespace vitrine::core
