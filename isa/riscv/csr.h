// SPDX-License-Identifier: MIT
// Control and status registers: one row each (csr.cpp), and the six instructions that reach them.
// Spec: privileged, chapters 2, 3 and 10; unprivileged, Zicsr (7) and Zicntr (8).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "isa/riscv/hart.h"
#include "isa/riscv/operands.h"

namespace vitrine::riscv {

// One CSR, or a run of equal ones (pmpaddr0 to 15). `index` of the functions is the place in the run.
struct CsrRow {
  uint16_t number;
  uint16_t count;
  uint16_t stride;
  std::string_view name;  // of the first; the others count on: "pmpaddr0"
  uint64_t (*read)(const Hart&, unsigned index);
  void (*write)(Hart&, unsigned index, uint64_t value);  // legalises; nullptr: read-only
  bool (*accessible)(const Hart&, unsigned index);       // beyond what the number says (2.1); nullptr: always
  std::string_view spec;
  // For both instances of instruction.h: behaviour-sensitive to read, control-sensitive to write, or innocuous. That it
  // is privileged or not follows from the number (2.1), for satp from TVM: classes.h.
  uint16_t reads, writes;
  std::string_view what;  // that it shows, or changes
};

[[nodiscard]] std::span<const CsrRow> csr_rows();
// Its name: that of its row, counted on.
[[nodiscard]] std::string csr_name(const CsrRow& row, unsigned index);
// The row and index of a number, or nullptr if this hart does not have it.
[[nodiscard]] const CsrRow* find_csr(unsigned number, unsigned& index);

// For debuggers and state dumps: no privilege check, no side effect. nullopt: no such CSR.
[[nodiscard]] std::optional<uint64_t> peek_csr(const Hart& hart, unsigned number);
// Debugger's write, legalised like the guest's. False: no such CSR, or read-only.
bool poke_csr(Hart& hart, unsigned number, uint64_t value);

// pmpcfg or pmpaddr changed: the memory port follows.
void protection_changed(Hart& hart) noexcept;

namespace handler {
void csrrw(Hart&, const Operands&) noexcept;
void csrrs(Hart&, const Operands&) noexcept;
void csrrc(Hart&, const Operands&) noexcept;
void csrrwi(Hart&, const Operands&) noexcept;
void csrrsi(Hart&, const Operands&) noexcept;
void csrrci(Hart&, const Operands&) noexcept;
}  // namespace handler

}  // namespace vitrine::riscv
