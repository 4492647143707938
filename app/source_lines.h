// SPDX-License-Identifier: MIT
// Lines of source text of a guest program, by the DWARF in its ELF file: "kernel.c:120" of an address. Without DWARF there
// are none; that is no error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace vitrine::app {

class DwarfFile;
class Machine;

class SourceLines {
 public:
  SourceLines();
  ~SourceLines();
  SourceLines(const SourceLines&) = delete;
  SourceLines& operator=(const SourceLines&) = delete;

  void open(const std::string& path);
  // Of the machine's kernel; nothing if that has none. The machine outlives this.
  void open_kernel_of(const Machine& machine);
  // The bytes outlive this.
  void open(std::span<const std::byte> elf);

  // "kernel.c:120", or empty. The last folder is shown with the file.
  [[nodiscard]] std::string at(uint64_t address) const;
  // The same, the file as the compiler was given it, with the folder that it ran in if that was a relative one.
  struct Line {
    std::string file;
    unsigned number = 0;
  };
  [[nodiscard]] std::optional<Line> line_at(uint64_t address) const;

 private:
  std::unique_ptr<DwarfFile> file_;
};

}  // namespace vitrine::app
