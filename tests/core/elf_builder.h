// SPDX-License-Identifier: MIT
// ELF64 files for tests, byte by byte from the gABI's tables and without the code under test. Layout of a
// built file: header, program headers, segment bytes, symbol table, string table, section headers (null,
// .text, .symtab, .strtab).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace vitrine::core {

using FileBytes = std::vector<std::byte>;

inline void put(FileBytes& file, size_t at, uint64_t value, unsigned width) {
  if (file.size() < at + width) file.resize(at + width);
  for (unsigned i = 0; i < width; ++i) file[at + i] = static_cast<std::byte>(value >> (8 * i));
}
inline void append(FileBytes& file, uint64_t value, unsigned width) { put(file, file.size(), value, width); }
inline FileBytes bytes_of(std::string_view text) {
  FileBytes out;
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
  return out;
}

// Offsets of header fields (gABI, "ELF Header", ELF64).
namespace elf_field {
constexpr size_t kClass = 4, kData = 5, kVersion = 6, kType = 16, kMachine = 18, kEntry = 24, kPhoff = 32,
                 kShoff = 40, kPhentsize = 54, kPhnum = 56, kShentsize = 58, kShnum = 60;
// Of a program header.
constexpr size_t kPhType = 0, kPhFlags = 4, kPhOffset = 8, kPhVaddr = 16, kPhPaddr = 24, kPhFilesz = 32,
                 kPhMemsz = 40;
}  // namespace elf_field

struct TestSegment {
  uint64_t paddr;
  FileBytes bytes;
  uint64_t memory_size;
  uint64_t vaddr = ~uint64_t{0};  // as paddr
  uint32_t flags = 7;
  uint32_t type = 1;
};

struct TestSymbol {
  std::string name;
  uint64_t value;
  uint8_t type = 2;  // function
  uint8_t binding = 1;
  uint16_t section = 1;
};

struct BuiltElf {
  FileBytes file;
  size_t segments_end = 0;  // what loading needs lies below
  size_t symbols_at = 0;
  size_t strings_at = 0;
  size_t sections_at = 0;
  [[nodiscard]] static size_t program_header(unsigned i) { return 64 + 56 * i; }
};

struct ElfBuilder {
  uint16_t type = 2;
  uint64_t entry = 0x80000000;
  std::vector<TestSegment> segments;
  std::vector<TestSymbol> symbols;
  uint64_t text_address = 0x80000000;  // of section 1, for symbols
  uint64_t text_size = 0x1000;

  [[nodiscard]] BuiltElf build() const {
    BuiltElf elf;
    FileBytes& file = elf.file;
    file = bytes_of(
        "\x7f"
        "ELF");
    for (const uint8_t b : {2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}) append(file, b, 1);
    append(file, type, 2);
    append(file, 243, 2);
    append(file, 1, 4);
    append(file, entry, 8);
    append(file, 64, 8);  // program headers follow
    append(file, 0, 8);   // section headers: below
    append(file, 5, 4);   // RVC, double-float ABI
    for (const uint16_t v : {size_t{64}, size_t{56}, segments.size(), size_t{64}, size_t{4}, size_t{3}})
      append(file, v, 2);
    add_segments(file);
    elf.segments_end = file.size();
    add_symbols(elf);
    return elf;
  }

 private:
  void add_segments(FileBytes& file) const {
    uint64_t offset = 64 + 56 * segments.size();
    for (const TestSegment& s : segments) {
      append(file, s.type, 4);
      append(file, s.flags, 4);
      append(file, offset, 8);
      append(file, s.vaddr == ~uint64_t{0} ? s.paddr : s.vaddr, 8);
      append(file, s.paddr, 8);
      append(file, s.bytes.size(), 8);
      append(file, s.memory_size, 8);
      append(file, 0x1000, 8);
      offset += s.bytes.size();
    }
    for (const TestSegment& s : segments) file.insert(file.end(), s.bytes.begin(), s.bytes.end());
  }

  void add_symbols(BuiltElf& elf) const {
    FileBytes& file = elf.file;
    FileBytes strings = bytes_of(std::string_view("\0", 1));
    elf.symbols_at = file.size();
    file.resize(file.size() + 24);  // symbol 0 is all zero
    for (const TestSymbol& s : symbols) {
      append(file, strings.size(), 4);
      append(file, static_cast<uint64_t>(s.binding << 4 | s.type), 1);
      append(file, 0, 1);
      append(file, s.section, 2);
      append(file, s.value, 8);
      append(file, 0, 8);
      for (const char c : s.name) append(strings, static_cast<uint8_t>(c), 1);
      append(strings, 0, 1);
    }
    elf.strings_at = file.size();
    file.insert(file.end(), strings.begin(), strings.end());
    elf.sections_at = file.size();
    put(file, elf_field::kShoff, elf.sections_at, 8);
    section(file, 0, 0, 0, 0, 0, 0);
    section(file, 1, text_address, 0, text_size, 0, 0);
    section(file, 2, 0, elf.symbols_at, elf.strings_at - elf.symbols_at, 3, 24);
    section(file, 3, 0, elf.strings_at, strings.size(), 0, 0);
  }

  static void section(FileBytes& file, uint32_t type, uint64_t address, uint64_t offset, uint64_t size,
                      uint32_t link, uint64_t entry_size) {
    append(file, 0, 4);
    append(file, type, 4);
    append(file, 0, 8);
    append(file, address, 8);
    append(file, offset, 8);
    append(file, size, 8);
    append(file, link, 4);
    append(file, 0, 4);
    append(file, 1, 8);
    append(file, entry_size, 8);
  }
};

// Two segments and two symbols: what most tests start from.
inline ElfBuilder small_program() {
  ElfBuilder builder;
  builder.segments.push_back({0x80000000, bytes_of("\x13\x05\x10\x02\x6f\xf0\xdf\xff"), 8});
  builder.segments.push_back({0x80002000, bytes_of("data"), 0x100, ~uint64_t{0}, 6});
  builder.symbols = {{"_start", 0x80000000}, {"tohost", 0x80000100, 1}};
  return builder;
}

}  // namespace vitrine::core
