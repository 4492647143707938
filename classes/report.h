// SPDX-License-Identifier: MIT
// The classes as a table, as JSON, and as one self-contained page: the columns with their reasons and, if
// they were measured, the witnesses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "classes/measure.h"

namespace vitrine::classes {

// Of another ISA, beside these: x86's popf. Its classes are for a hypervisor in ring 0 and a guest kernel in
// ring 3.
struct ForeignInstruction {
  std::string name;
  uint16_t classes = 0;
  std::string reason, spec;
  std::vector<Witness> witnesses;
  std::string note;  // what was found, or why nothing was
};
inline constexpr std::string_view kForeignInstance = "hypervisor in ring 0, guest kernel in ring 3";

struct Report {
  std::optional<Measurements> measured;
  std::vector<ForeignInstruction> x86;
  // Also of x86; the program adds its own.
  std::vector<Disagreement> disagreements;
};

std::string as_table(const Report& report);
std::string as_json(const Report& report);
std::string as_page(const Report& report);

// All that is known of one instruction or CSR, with its witnesses; nothing: there is none of this name.
std::optional<std::string> as_witness(const Report& report, const std::string& name);
// All names, as in assembly.
std::vector<std::string> names(const Report& report);

// --- What the forms have in common: one line for each instruction, CSR access and instance.
struct Line {
  riscv::Classification column;
  const Measured* measured = nullptr;
};
struct Entry {
  std::string name;
  std::string access;  // "read", "write"; empty: an instruction
  std::string group;   // extension, or "CSRs"
  Line lines[2];       // by instance
};
std::vector<Entry> entries(const Report& report);
// "closed by sstatus.FS = Off"; empty: nothing to add.
std::string closing_text(const riscv::Classification& column, Instance instance);

}  // namespace vitrine::classes
