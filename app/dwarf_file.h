// SPDX-License-Identifier: MIT
// The debug information of a guest program's ELF file, opened by elfutils' libdw. Without any there is
// nothing to ask; that is no error. Its readers: source_lines.h, kernel_types.h.
#pragma once

#include <elfutils/libdw.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace vitrine::app {

class DwarfFile {
 public:
  explicit DwarfFile(const std::string& path);
  // The bytes outlive this.
  explicit DwarfFile(std::span<const std::byte> elf);
  ~DwarfFile();
  DwarfFile(const DwarfFile&) = delete;
  DwarfFile& operator=(const DwarfFile&) = delete;

  // nullptr: there is none, or it is no ELF file.
  [[nodiscard]] ::Dwarf* dwarf() const { return dwarf_; }
  // Each unit until `look` says false.
  void each_unit(const std::function<bool(Dwarf_Die& unit)>& look) const;

 private:
  int fd_ = -1;
  Elf* elf_ = nullptr;
  ::Dwarf* dwarf_ = nullptr;
};

}  // namespace vitrine::app
