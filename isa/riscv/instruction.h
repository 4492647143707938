// SPDX-License-Identifier: MIT
// Instructions as data: the Op enumeration, a decoded instruction (Insn), and the properties of each row
// (Row). All of it comes from instruction_rows.inc and format_rows.inc; to add an instruction, add a row
// there. Spec: RISC-V ISA manual, volume I, "Instruction Formats" of each chapter. Next: decoder.h (bits to
// Insn), disassembler.h (Insn to text), semantics.h (what each Op does).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace vitrine::riscv {

// One value per row, in the order of the rows.
enum class Op : uint16_t {
  illegal = 0,
#define INSN(name, pattern, format, classes_i, classes_ii, effects, extension, constraint, spec) name,
#define INSN_C(name, pattern, format, expands, extension, constraint, spec) name,
#define INSN_AS(name, pattern, format, expands, extension, constraint, spec) name,
#include "isa/riscv/instruction_rows.inc"
  kCount
};
inline constexpr size_t kOpCount = static_cast<size_t>(Op::kCount);

enum class Format : uint8_t {
#define FORMAT(name, layout, registers, immediate, operands) name,
#include "isa/riscv/format_rows.inc"
  kCount
};

enum class Extension : uint8_t {
#define EXTENSION(name, what) name,
#include "isa/riscv/extension_rows.inc"
  kCount
};
std::string_view name_of(Extension) noexcept;

class ExtensionSet {
 public:
  constexpr ExtensionSet() = default;
  constexpr ExtensionSet(std::initializer_list<Extension> list) {
    for (Extension e : list) set(e);
  }
  // Everything that this table has.
  static constexpr ExtensionSet standard() {
    ExtensionSet all;
    all.bits_ = (uint64_t{1} << static_cast<unsigned>(Extension::kCount)) - 1;
    return all;
  }

  constexpr bool has(Extension e) const { return (bits_ & bit(e)) != 0; }
  constexpr bool has_all(ExtensionSet other) const { return (other.bits_ & ~bits_) == 0; }
  constexpr bool has_any(ExtensionSet other) const { return (other.bits_ & bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr ExtensionSet& set(Extension e) { return bits_ |= bit(e), *this; }
  constexpr ExtensionSet& clear(Extension e) { return bits_ &= ~bit(e), *this; }
  friend constexpr bool operator==(ExtensionSet, ExtensionSet) = default;
  friend constexpr ExtensionSet operator|(ExtensionSet a, ExtensionSet b) { return a.bits_ |= b.bits_, a; }

 private:
  static constexpr uint64_t bit(Extension e) { return uint64_t{1} << static_cast<unsigned>(e); }
  uint64_t bits_ = 0;
};

// What a row asks for: any one of a list, and all of another; an empty list asks for nothing.
struct Requirement {
  ExtensionSet any_of;
  ExtensionSet all_of;
  friend constexpr bool operator==(const Requirement&, const Requirement&) = default;
  constexpr bool met_by(ExtensionSet available) const {
    return (any_of.empty() || available.has_any(any_of)) && available.has_all(all_of);
  }
};

// Popek-Goldberg classes of an instruction, for a stated instance: hypervisor in the higher mode, guest in
// the lower. No flag at all: innocuous.
inline constexpr uint16_t kInnocuous = 0;
inline constexpr uint16_t kPriv = 1 << 0;  // privileged: traps in the lower mode and not in the higher
inline constexpr uint16_t kCtrl = 1 << 1;  // control-sensitive: changes a resource (privilege, address map,
                                           // interrupts, timers, counters, FS or VS, the reservation)
inline constexpr uint16_t kBehav =
    1 << 2;                                // behaviour-sensitive: the result depends on mode or configuration
inline constexpr uint16_t kAddr = 1 << 3;  // address-sensitive: goes through the address map
inline constexpr uint16_t kByCsr = 1 << 4;  // the class is that of the CSR it names
inline constexpr uint16_t kAlwaysTraps =
    1 << 5;  // traps in both modes of the instance, so the hypervisor has control

// What the body of an instruction may do; the interpreter's dispatch, block building and the translator ask
// these.
inline constexpr uint32_t kPure = 1 << 0;       // reads and writes nothing but x registers (and reads pc)
inline constexpr uint32_t kLoad = 1 << 1;       // reads guest memory
inline constexpr uint32_t kStore = 1 << 2;      // writes guest memory
inline constexpr uint32_t kAmo = 1 << 3;        // lr, sc, amo: atomic, naturally aligned
inline constexpr uint32_t kBranch = 1 << 4;     // conditional, target pc + imm
inline constexpr uint32_t kJump = 1 << 5;       // unconditional
inline constexpr uint32_t kEndsBlock = 1 << 6;  // what runs next is not known to be the next instruction
inline constexpr uint32_t kReadsPc = 1 << 7;    // the result depends on pc
inline constexpr uint32_t kFloat = 1 << 8;      // illegal while FS is Off
inline constexpr uint32_t kWritesFloatFlags = 1 << 9;  // accrues into fflags
inline constexpr uint32_t kHelper = 1 << 10;           // translated code calls the interpreter's body
inline constexpr uint32_t kMayTrap = 1 << 11;          // guest trap possible, whatever the reason
// The rows leave out what follows from other flags: a branch or jump ends its block; a memory access may
// trap, and so may what is illegal while FS is Off.

// A decoded instruction.
struct Insn {
  Op op;   // full instruction whose body runs: never c_* nor a name for a special case; illegal if there is
           // none
  Op row;  // row that matched, for disassembly and statistics
  uint8_t rd;      // register numbers 0..31, x or f by the row; 0 when the format has none
  uint8_t rs1;     // csrr*i: the 5-bit immediate
  uint8_t rs2;     //
  uint8_t length;  // 2 or 4 bytes
  // The immediate, sign-extended as the format says. lui, auipc: already << 12. Shifts: the amount. csrr*:
  // the CSR number. Rounding formats: rm. R4: rs3 | rm << 8. lr, sc, amo: aq << 1 | rl. fence: fm, pred,
  // succ. illegal: the same as bits.
  int32_t imm;
  uint32_t
      bits;  // the encoding as fetched; 16-bit ones zero-extended. It is what xtval shows if this one traps.
};
static_assert(sizeof(Insn) == 16);

// The register operands of an Insn, as flags in Row::x_registers and Row::f_registers.
inline constexpr uint8_t kRd = 1 << 0;
inline constexpr uint8_t kRs1 = 1 << 1;
inline constexpr uint8_t kRs2 = 1 << 2;
inline constexpr uint8_t kRs3 = 1 << 3;

// An encoding that a row's mask admits and its constraint does not.
struct Exclusion {
  uint32_t mask;
  uint32_t match;
};

struct Row {
  std::string_view name;  // assembly mnemonic, with dots
  Op expands_to;          // the row itself, or the instruction that this encoding stands for
  Format format;
  uint8_t length;       // 2 or 4 bytes
  uint8_t x_registers;  // operands of the expansion that are x registers: kRd is written, others read
  uint8_t f_registers;  // the same for f registers
  uint16_t classes_i;   // hypervisor in S, guest kernel in U
  uint16_t classes_ii;  // hypervisor in M, guest in S with TVM, TW and TSR set
  uint32_t effects;     //
  uint32_t mask;        // the fixed bits
  uint32_t match;       // and their values
  std::array<Exclusion, 2> exclusions;  // mask 0: unused
  Extension extension;                  // the first that the row names: its home in docs and statistics
  Requirement requirement;
  std::string_view pattern;     // as in the row
  std::string_view constraint;  // as in the row
  std::string_view spec;        // section of the manual; "priv" for volume II

  constexpr bool has(uint32_t effect) const { return (effects & effect) != 0; }
};

// Row 0 is Op::illegal: a helper that ends its block and traps.
extern const std::array<Row, kOpCount> kRows;
inline const Row& row_of(Op op) noexcept { return kRows[static_cast<size_t>(op)]; }

}  // namespace vitrine::riscv
