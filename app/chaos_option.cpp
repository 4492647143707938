// SPDX-License-Identifier: MIT
// Reading and telling what chaos is asked for.
#include "app/chaos_option.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

core::Error wrong(std::string_view given, std::string_view what) {
  std::vector<std::string_view> names;
  for (const core::ChaosRow& row : core::chaos_rows()) names.push_back(row.name);
  return core::error(core::ErrorKind::kUsage, "--chaos {}: {} It is a seed, a whole number, and behind it, by commas, kinds, or none for all: {}.",
                     core::printable(given), what, fmt::join(names, ", "));
}

std::vector<std::string_view> names_of(const core::ChaosPlan& plan) {
  std::vector<std::string_view> names;
  for (const core::ChaosRow& row : core::chaos_rows())
    if (plan.has(row.kind)) names.push_back(row.name);
  return names;
}

}  // namespace

core::Result<core::ChaosPlan> parse_chaos(std::string_view text) {
  core::ChaosPlan plan;
  std::string_view rest = text;
  const auto next = [&] {
    const size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
    return word;
  };
  const std::string_view first = next();
  const auto seed = parse_number(std::string(first));
  if (!seed) return wrong(text, fmt::format("'{}' is no seed.", core::printable(first)));
  plan.seed = *seed;
  if (first.size() == text.size()) return plan.add_all(), plan;
  do {
    const std::string_view name = next();
    const auto kind = core::chaos_named(name);
    if (!kind) return wrong(text, fmt::format("'{}' is no kind of chaos.", core::printable(name)));
    plan.add(*kind);
  } while (!rest.empty());
  return plan;
}

std::string chaos_option(const core::ChaosPlan& plan) { return fmt::format("{},{}", plan.seed, fmt::join(names_of(plan), ",")); }

std::string chaos_text(const core::ChaosPlan& plan) {
  return fmt::format("Chaos with seed {}: as unhelpful as the architecture permits in {}. The same seed, the same run.", plan.seed,
                     fmt::join(names_of(plan), ", "));
}

}  // namespace vitrine::app
