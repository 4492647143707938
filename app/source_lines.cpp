// SPDX-License-Identifier: MIT
// elfutils' libdw, as far as it is needed.
#include "app/source_lines.h"

#include <dwarf.h>
#include <fmt/format.h>

#include <string_view>

#include "app/dwarf_file.h"
#include "app/machine.h"
#include "core/file.h"

namespace vitrine::app {

SourceLines::SourceLines() = default;
SourceLines::~SourceLines() = default;

void SourceLines::open(const std::string& path) { file_ = std::make_unique<DwarfFile>(path); }
void SourceLines::open(std::span<const std::byte> elf) { file_ = std::make_unique<DwarfFile>(elf); }

void SourceLines::open_kernel_of(const Machine& machine) {
  const auto& kernel = machine.boot().kernel_image;
  const MachineConfig& config = machine.config();
  if (!config.kernel_bytes.empty())
    open(config.kernel_bytes);
  else if (kernel && kernel->kind == core::ImageKind::kElf64 && !kernel->gzipped)
    open(kernel->path);
}

// Tables of addresses are often missing, so each unit is asked.
std::optional<SourceLines::Line> SourceLines::line_at(uint64_t address) const {
  std::optional<Line> found;
  if (!file_) return found;
  file_->each_unit([&](Dwarf_Die& unit) {
    if (dwarf_haspc(&unit, address) != 1) return true;
    Dwarf_Line* const line = dwarf_getsrc_die(&unit, address);
    int number = 0;
    if (!line || dwarf_lineno(line, &number) != 0) return true;
    const char* const name = dwarf_linesrc(line, nullptr, nullptr);
    if (!name) return true;
    found = Line{name, static_cast<unsigned>(number)};
    Dwarf_Attribute attribute;
    const char* const folder = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
    if (folder && !found->file.starts_with('/')) found->file = fmt::format("{}/{}", folder, found->file);
    return false;
  });
  return found;
}

std::string SourceLines::at(uint64_t address) const {
  const auto line = line_at(address);
  if (!line) return {};
  std::string_view file = line->file;
  const size_t slash = file.rfind('/');
  if (slash != file.npos && slash != 0) file = file.substr(file.rfind('/', slash - 1) + 1);
  return fmt::format("{}:{}", core::printable(file), line->number);
}

}  // namespace vitrine::app
