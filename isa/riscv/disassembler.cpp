// SPDX-License-Identifier: MIT
// The disassembler: writes the operands of a format (or of a pseudo-instruction) letter by letter.
// Spec: volume I, "RISC-V Assembly Programmer's Handbook"; for the canonical style, what GNU objdump prints.
// Next: format_rows.inc, whose last column is the syntax interpreted here.
#include "isa/riscv/disassembler.h"

#include <fmt/format.h>

#include <array>

#include "isa/riscv/csr.h"
#include "isa/riscv/pattern.h"
#include "isa/riscv/registers.h"

namespace vitrine::riscv {
namespace {

std::string_view operands_of(Format format) {
  static constexpr std::array<std::string_view, static_cast<size_t>(Format::kCount)> kOperands = {
#define FORMAT(name, layout, registers, immediate, operands) operands,
#include "isa/riscv/format_rows.inc"
  };
  return kOperands[static_cast<size_t>(format)];
}

struct Pseudo {
  Op op;
  std::string_view when;
  std::string_view text;
  std::string_view operands;
};

constexpr std::array kPseudo = {
#define PSEUDO(op, when, text, operands) Pseudo{Op::op, when, text, operands},
#include "isa/riscv/pseudo_rows.inc"
};

// What a condition may ask for.
int32_t operand_value(const Insn& insn, char letter) {
  switch (letter) {
    case 'd': return insn.rd;
    case 's': return insn.rs1;
    case 't': return insn.rs2;
    default: return insn.imm;
  }
}

bool holds(const Insn& insn, std::string_view when) {
  for (Reader reader(when); !reader.at_end(); reader.skip_spaces()) {
    const int32_t left = operand_value(insn, reader.letter());
    reader.accept("=");
    const bool negative = reader.accept("-");
    const int32_t right =
        reader.at_number() ? static_cast<int32_t>(reader.number()) : operand_value(insn, reader.letter());
    if (left != (negative ? -right : right)) return false;
  }
  return true;
}

const Pseudo* find_pseudo(const Insn& insn) {
  for (const Pseudo& pseudo : kPseudo) {
    if (pseudo.op == insn.op && holds(insn, pseudo.when)) return &pseudo;
  }
  return nullptr;
}

std::string_view rounding_mode(unsigned rm) {
  static constexpr std::array<std::string_view, 8> kNames = {"rne", "rtz", "rdn", "rup",
                                                             "rmm", "5",   "6",   "dyn"};
  return kNames[rm & 7];
}

// The predecessor or successor set of a fence: device input and output, memory reads and writes.
std::string fence_set(unsigned bits) {
  std::string set;
  for (unsigned i = 0; i < 4; ++i) {
    if (bits & (8u >> i)) set += "iorw"[i];
  }
  return set.empty() ? "0" : set;
}

// The name of a CSR that Vitrine's hart has, else its number.
std::string csr(unsigned number) {
  unsigned index = 0;
  const CsrRow* row = find_csr(number, index);
  return row ? csr_name(*row, index) : fmt::format("{:#x}", number);
}

// Writes operands after the mnemonic. Which register file a letter means is asked of the full instruction's
// row.
class OperandWriter {
 public:
  OperandWriter(const Insn& insn, uint64_t pc, Style style)
      : insn_(insn), row_(row_of(insn.op)), pc_(pc), style_(style) {}

  std::string write(std::string_view mnemonic, std::string_view syntax) const {
    std::string out(mnemonic);
    bool first = true;
    for (size_t i = 0; i < syntax.size(); ++i) {
      if (syntax[i] == ',') continue;
      const bool begins = i == 0 || syntax[i - 1] == ',';
      if (is_assumed(syntax[i])) continue;
      if (begins) out += first ? " " : style_ == Style::friendly ? ", " : ",";
      first = false;
      out += one(syntax[i]);
    }
    return out;
  }

 private:
  std::string one(char letter) const {
    const uint32_t imm = static_cast<uint32_t>(insn_.imm);
    switch (letter) {
      case 'd': return std::string(name(kRd, insn_.rd));
      case 's': return std::string(name(kRs1, insn_.rs1));
      case 't': return std::string(name(kRs2, insn_.rs2));
      case 'r': return std::string(name(kRs3, imm & 31));
      case 'm':
      case 'n': return std::string(rounding_mode(row_.format == Format::R4 ? imm >> 8 : imm));
      case 'z': return fmt::format("{}", insn_.rs1);
      case 'i': return fmt::format("{}", insn_.imm);
      case 'x': return style_ == Style::friendly ? fmt::format("{}", imm) : fmt::format("{:#x}", imm);
      case 'u': return fmt::format("{:#x}", imm >> 12);
      case 'p': return fmt::format("{:#x}", pc_ + static_cast<int64_t>(insn_.imm));
      case 'c': return csr(imm);
      case 'P': return fence_set(imm >> 4 & 15);
      case 'Q': return fence_set(imm & 15);
      default: return std::string(1, letter);
    }
  }
  std::string_view name(uint8_t operand, unsigned number) const {
    return ((row_.f_registers & operand) != 0 ? kFNames : kXNames)[number];
  }
  // The rounding mode that an assembler assumes when none is written.
  bool is_assumed(char letter) const {
    return (letter == 'm' && one('m') == "dyn") || (letter == 'n' && one('m') == "rne");
  }

  const Insn& insn_;
  const Row& row_;
  uint64_t pc_;
  Style style_;
};

// lr, sc and amo carry their ordering in the mnemonic.
std::string mnemonic(const Insn& insn, const Row& row) {
  std::string name(row.name);
  const bool atomic = row.format == Format::Amo || row.format == Format::LoadReserved;
  if (atomic && insn.imm != 0) name += std::array{"", ".rl", ".aq", ".aqrl"}[insn.imm & 3];
  return name;
}

}  // namespace

std::string disassemble(const Insn& insn, uint64_t pc, Style style) {
  if (insn.op == Op::illegal) return fmt::format(".{}byte {:#x}", insn.length, insn.bits);
  const OperandWriter writer(insn, pc, style);
  if (style == Style::canonical) {
    const Row& row = row_of(insn.row);
    return writer.write(mnemonic(insn, row), operands_of(row.format));
  }
  const bool special = row_of(insn.row).length == 4 && insn.row != insn.op;
  if (const Pseudo* pseudo = special ? nullptr : find_pseudo(insn)) {
    return writer.write(pseudo->text, pseudo->operands);
  }
  const Row& row = row_of(special ? insn.row : insn.op);
  return writer.write(mnemonic(insn, row), operands_of(row.format));
}

}  // namespace vitrine::riscv
