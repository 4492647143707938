// SPDX-License-Identifier: MIT
// elfutils' libdw, as far as it is needed.
#include "app/source_lines.h"

#include <fmt/format.h>

#include <string_view>

#include "app/dwarf_file.h"
#include "core/file.h"

namespace vitrine::app {

SourceLines::SourceLines() = default;
SourceLines::~SourceLines() = default;

void SourceLines::open(const std::string& path) { file_ = std::make_unique<DwarfFile>(path); }
void SourceLines::open(std::span<const std::byte> elf) { file_ = std::make_unique<DwarfFile>(elf); }

// Tables of addresses are often missing, so each unit is asked.
std::string SourceLines::at(uint64_t address) const {
  std::string text;
  if (!file_) return text;
  file_->each_unit([&](Dwarf_Die& unit) {
    if (dwarf_haspc(&unit, address) != 1) return true;
    Dwarf_Line* const line = dwarf_getsrc_die(&unit, address);
    int number = 0;
    if (!line || dwarf_lineno(line, &number) != 0) return true;
    const char* const name = dwarf_linesrc(line, nullptr, nullptr);
    if (!name) return true;
    std::string_view file = name;
    const size_t slash = file.rfind('/');
    if (slash != file.npos && slash != 0) file = file.substr(file.rfind('/', slash - 1) + 1);
    text = fmt::format("{}:{}", core::printable(file), number);
    return false;
  });
  return text;
}

}  // namespace vitrine::app
