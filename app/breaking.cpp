// SPDX-License-Identifier: MIT
// Names, help and combinations of breaks.
#include "app/breaking.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "app/paragraph.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

using core::Break;
using core::ErrorKind;

bool names(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (list.substr(0, comma) == name) return true;
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
  }
  return false;
}

core::Error unknown(std::string_view name) {
  std::vector<std::string_view> all;
  for (const core::BreakRow& row : core::break_rows()) all.push_back(row.name);
  const std::string_view meant = nearest(name, all);
  return core::error(ErrorKind::kUsage,
                     "--break {}: there is no such break{}; there are: {}. What each does: --break help",
                     core::printable(name), meant.empty() ? "" : fmt::format("; did you mean {}?", meant),
                     fmt::join(all, ", "));
}

}  // namespace

core::Result<core::BreakSet> parse_breaks(std::string_view text) {
  core::BreakSet breaks;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    const auto kind = core::break_named(name);
    if (!kind) return unknown(name);
    breaks.add(*kind);
    if (comma == text.npos) return breaks;
    text.remove_prefix(comma + 1);
  }
}

std::string break_names(core::BreakSet breaks) {
  std::string text;
  for (const core::BreakRow& row : core::break_rows())
    if (breaks.has(row.kind)) text += (text.empty() ? "" : ",") + std::string(row.name);
  return text;
}

core::Result<> check_breaks(const MachineConfig& config) {
  for (const core::BreakRow& row : core::break_rows()) {
    if (!config.breaks.has(row.kind) || row.needs.empty() || names(row.needs, mmu_name(config.mmu))) continue;
    std::string ways(row.needs);
    if (const size_t comma = ways.find(','); comma != ways.npos) ways.replace(comma, 1, " or --mmu ");
    return core::error(ErrorKind::kUsage,
                       "--break {} says nothing of a machine with --mmu {}. Use --mmu {}. What it does: {}",
                       row.name, mmu_name(config.mmu), ways, row.sentence);
  }
  return core::Ok{};
}

std::string breaks_help() {
  std::string text =
      "--break NAME[,NAME...] makes a machine that is wrong on purpose. What is not\n"
      "said is right, and both engines are wrong alike. Each with what goes wrong (!)\n"
      "in a guest:\n";
  constexpr size_t kWidth = 80;
  for (const core::BreakRow& row : core::break_rows()) {
    text += '\n' + paragraph(fmt::format("({})", row.piece), fmt::format("{}  ", row.name), kWidth);
    text += paragraph(row.sentence, "    ", kWidth) + paragraph(row.symptom, "    ! ", kWidth);
    if (!row.needs.empty()) text += fmt::format("    Only with --mmu {}.\n", row.needs);
  }
  return text;
}

std::string breaks_text(core::BreakSet breaks) {
  std::string text;
  for (const core::BreakRow& row : core::break_rows())
    if (breaks.has(row.kind))
      text += fmt::format("{}Wrong on purpose, {}: {}", text.empty() ? "" : "\n", row.name, row.sentence);
  return text;
}

}  // namespace vitrine::app
