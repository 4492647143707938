// SPDX-License-Identifier: MIT
// Lines of source text of guest programs, by the DWARF in their ELF files: "kernel.c:120" of an address, and the addresses of a
// line. Without DWARF there are none; that is no error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace vitrine::app {

class Machine;

class SourceLines {
 public:
  SourceLines();
  ~SourceLines();
  SourceLines(const SourceLines&) = delete;
  SourceLines& operator=(const SourceLines&) = delete;

  // One more program. Where an address is one of several, the program that was opened first has it.
  void open(const std::string& path);
  // The machine's kernel; nothing if that has none. The machine outlives this.
  void open_kernel_of(const Machine& machine);
  // The bytes outlive this.
  void open(std::span<const std::byte> elf);

  // "kernel.c:120", or empty. The last folder is shown with the file.
  [[nodiscard]] std::string at(uint64_t address) const;
  // The same, the file as the compiler was given it, with the folder that it ran in if that was a relative one.
  struct Line {
    std::string file;
    unsigned number = 0;
    uint64_t first = 0, end = 0;  // all addresses around this one that the line has without a gap
    friend bool operator==(const Line&, const Line&) = default;
  };
  [[nodiscard]] std::optional<Line> line_at(uint64_t address) const;

  // Where the statements of a line begin: one address in each function, and in each place where a compiler has put one inline. Of a
  // line without code it is the next one that has some. Empty: there is none, or no such file.
  struct Places {
    std::string file;
    unsigned number = 0;
    std::vector<uint64_t> addresses;
  };
  [[nodiscard]] Places places_of(const std::string& file, unsigned number) const;
  // The files that have code, as in Line. The one among them that `path` means: the same, or of those that are not on this host
  // where the compiler had them, the one whose path ends most like it.
  [[nodiscard]] const std::set<std::string>& files() const;
  [[nodiscard]] std::optional<std::string> file_like(const std::string& path) const;

 private:
  class Program;
  std::vector<std::unique_ptr<Program>> programs_;
  mutable std::optional<std::set<std::string>> files_;
};

}  // namespace vitrine::app
