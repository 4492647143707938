// SPDX-License-Identifier: MIT
// vitrine_generate_docs: writes the pages of docs/ that are tables of the source, or (--check) says which are
// stale. A page is a function from nothing to its whole text. The test docs_are_fresh runs it with --check.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "isa/riscv/instruction.h"
#include "isa/riscv/pattern.h"
#include "isa/riscv/registers.h"

namespace vitrine::riscv {
namespace {

struct FormatText {
  std::string_view operands;
  Shape shape;
};

const FormatText& text_of(Format format) {
  static const std::array<FormatText, static_cast<size_t>(Format::kCount)> kFormats = {{
#define FORMAT(name, layout, registers, immediate, operands) \
  {operands, parse_format(layout, registers, immediate)},
#include "isa/riscv/format_rows.inc"
  }};
  return kFormats[static_cast<size_t>(format)];
}

std::string_view description_of(Extension extension) {
  static constexpr std::array<std::string_view, static_cast<size_t>(Extension::kCount)> kWhat = {
#define EXTENSION(name, what) what,
#include "isa/riscv/extension_rows.inc"
  };
  return kWhat[static_cast<size_t>(extension)];
}

std::string register_word(const RegisterSource& source, std::string_view word) {
  return source.width == 0 ? std::string(kXNames[source.constant]) : std::string(word);
}

std::string operand_word(char letter, const Shape& shape) {
  switch (letter) {
    case 'd': return register_word(shape.registers[0], "rd");
    case 's': return register_word(shape.registers[1], "rs1");
    case 't': return register_word(shape.registers[2], "rs2");
    case 'r': return "rs3";
    case 'm':
    case 'n': return "rm";
    case 'z': return "uimm";
    case 'i': return "imm";
    case 'x': return "shamt";
    case 'u': return "imm20";
    case 'p': return "target";
    case 'c': return "csr";
    case 'P': return "pred";
    case 'Q': return "succ";
    case ',': return ", ";
    default: return std::string(1, letter);
  }
}

// "addi rd, rs1, imm"
std::string syntax_of(const Row& row) {
  const FormatText& format = text_of(row.format);
  std::string text(row.name);
  if (!format.operands.empty()) text += ' ';
  for (char letter : format.operands) text += operand_word(letter, format.shape);
  return text;
}

struct Flag {
  uint32_t bit;
  std::string_view name;
};

template <size_t kCount>
std::string names_of(uint32_t bits, const std::array<Flag, kCount>& flags) {
  std::string text;
  for (const Flag& flag : flags) {
    if ((bits & flag.bit) != 0) text += (text.empty() ? "" : ", ") + std::string(flag.name);
  }
  return text;
}

std::string classes(uint16_t bits) {
  static constexpr std::array<Flag, 6> kFlags = {{{kPriv, "privileged"},
                                                  {kCtrl, "control"},
                                                  {kBehav, "behaviour"},
                                                  {kAddr, "address"},
                                                  {kByCsr, "as the CSR"},
                                                  {kAlwaysTraps, "always traps"}}};
  return bits == kInnocuous ? "innocuous" : names_of(bits, kFlags);
}

std::string effects(uint32_t bits) {
  static constexpr std::array<Flag, 12> kFlags = {{{kPure, "pure"},
                                                   {kLoad, "load"},
                                                   {kStore, "store"},
                                                   {kAmo, "atomic"},
                                                   {kBranch, "branch"},
                                                   {kJump, "jump"},
                                                   {kEndsBlock, "ends block"},
                                                   {kReadsPc, "pc"},
                                                   {kFloat, "float"},
                                                   {kWritesFloatFlags, "fflags"},
                                                   {kHelper, "helper"},
                                                   {kMayTrap, "may trap"}}};
  return names_of(bits, kFlags);
}

// "C and D", "Zfh or Zfhmin, and D"
std::string requirement_of(const Row& row) {
  std::string any, all;
  for (size_t i = 0; i < static_cast<size_t>(Extension::kCount); ++i) {
    const auto e = static_cast<Extension>(i);
    if (row.requirement.any_of.has(e)) any += (any.empty() ? "" : " or ") + std::string(name_of(e));
    if (row.requirement.all_of.has(e)) all += " and " + std::string(name_of(e));
  }
  return any + (any.find(' ') != any.npos && !all.empty() ? "," : "") + all;
}

std::string line_of(const Row& row) {
  const Row& full = row_of(row.expands_to);
  const std::string note = row.constraint.empty() ? "" : fmt::format(" with {}", row.constraint);
  const std::string shared =
      row.requirement == Requirement{{row.extension}, {}} ? "" : " (" + requirement_of(row) + ")";
  const std::string meaning = &full == &row ? effects(row.effects) : "as " + std::string(full.name);
  return fmt::format("| `{}`{} | `{}`{} | {} | {} | {} | {} |\n", syntax_of(row), shared, row.pattern, note,
                     classes(row.classes_i), classes(row.classes_ii), meaning, row.spec);
}

constexpr std::string_view kInstructionsHead =
    "# Instructions\n\n"
    "Generated by `vitrine_generate_docs` from `isa/riscv/instruction_rows.inc`; a test fails when this page "
    "is stale.\n\n"
    "* **Encoding**: msb to lsb. `0` and `1` are fixed, `-` is ignored, letters are fields: `d s t r` "
    "registers rd, rs1,\n"
    "  rs2, rs3 (upper case: f registers), `i` immediate, `z` immediate in the place of rs1, `m` rounding "
    "mode, `a l`\n"
    "  acquire and release. `with d!=0` keeps values out that are reserved or another row's.\n"
    "* **(i), (ii)**: Popek and Goldberg's classes, (i) with the hypervisor in S and the guest's kernel in "
    "U, (ii) with the\n"
    "  hypervisor in M and the guest in S under TVM, TW and TSR. *Privileged*: traps in the lower mode and "
    "not in the\n"
    "  higher. *Control*- and *behaviour*-sensitive as usual, *address*: goes through the address map. "
    "*Always traps*: in\n"
    "  both modes.\n"
    "* **Effects**: what the body may do. *Helper*: translated code calls the interpreter's body.\n"
    "* **Section** of the RISC-V ISA manual, release 20240411; \"priv\" is volume II.\n";

std::string instructions_page() {
  std::string page(kInstructionsHead);
  size_t full = 0;
  for (const Row& row : kRows) full += row.length != 0 && &row_of(row.expands_to) == &row;
  page += fmt::format("\n{} instructions in {} rows; the other rows are encodings of these.\n", full,
                      kOpCount - 1);
  for (size_t i = 0; i < static_cast<size_t>(Extension::kCount); ++i) {
    const auto extension = static_cast<Extension>(i);
    std::string lines;
    for (const Row& row : kRows) {
      if (row.length != 0 && row.extension == extension) lines += line_of(row);
    }
    if (lines.empty()) continue;
    page += fmt::format("\n## {}: {}\n\n", name_of(extension), description_of(extension));
    page +=
        "| Instruction | Encoding | (i) | (ii) | Effects | Section |\n|---|---|---|---|---|---|\n" + lines;
  }
  return page;
}

struct Page {
  const char* file;
  std::string (*text)();
};
constexpr std::array kPages = {Page{"instructions.md", instructions_page}};

bool is_fresh(const std::string& path, const std::string& text) {
  std::ifstream file(path, std::ios::binary);
  return file && std::string(std::istreambuf_iterator<char>(file), {}) == text;
}

bool write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  return static_cast<bool>(file << text << std::flush);
}

int run(const std::string& folder, bool check) {
  int status = 0;
  for (const Page& page : kPages) {
    const std::string path = folder + "/" + page.file;
    const std::string text = page.text();
    if (check && !is_fresh(path, text)) {
      fmt::print(stderr, "{} is stale: run vitrine_generate_docs {}\n", path, folder);
      status = 1;
    } else if (!check && !write(path, text)) {
      fmt::print(stderr, "cannot write {}\n", path);
      status = 1;
    }
  }
  return status;
}

}  // namespace
}  // namespace vitrine::riscv

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string_view(argv[1]) == "--check";
  if (argc != 2 && !check) {
    fmt::print(stderr, "usage: vitrine_generate_docs [--check] FOLDER\n");
    return 2;
  }
  return vitrine::riscv::run(argv[argc - 1], check);
}
