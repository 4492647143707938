// SPDX-License-Identifier: MIT
// Classes by measurement: each instruction and each CSR access is executed in pairs of states that differ in
// the mode, in one resource, or in the page table; what comes of it says its classes, and must agree with the
// columns of isa/riscv (classes.h there). How each class follows:
//
//   privileged            traps in the lower mode, in every state tried, and not in the higher
//   always traps          traps in both
//   control-sensitive     a resource is another one after it (resources.h); or a changed translation, which
//   was kept,
//                         is seen after it
//   behaviour-sensitive   does not trap in either of two states that differ in the mode or in one resource,
//   and leaves
//                         other values in x, f, fcsr, memory or pc; between modes also: other resources. An
//                         instruction that changes privilege goes where its trap registers say: that is the
//                         change, and no result. The reservation is not varied: only lr and sc make it.
//   address-sensitive     what it does depends on where the page table's leaf leads, or whether it leads
//   anywhere
//
// Faults of memory are no traps in this sense.
#pragma once

#include <string>
#include <vector>

#include "classes/derivation.h"
#include "classes/machine.h"
#include "isa/riscv/classes.h"

namespace vitrine::classes {

using riscv::CsrAccess;
using riscv::Instance;

struct InstructionFinding {
  riscv::Op op;
  Measured measured[2];  // by instance; of a row whose class is that of its CSR, nothing
};
struct CsrFinding {
  unsigned number;
  std::string name;
  Measured measured[2][2];  // by instance and access
};
struct Disagreement {
  std::string name;  // "sret", "sstatus"
  std::string text;  // a sentence
};
struct Measurements {
  std::vector<InstructionFinding> instructions;
  std::vector<CsrFinding> csrs;
  std::vector<Disagreement> disagreements;
  [[nodiscard]] const InstructionFinding& of(riscv::Op op) const {
    return instructions[static_cast<size_t>(op) - 1];
  }
};

// Everything; about a second. `around`: see machine.h.
Measurements measure(const Around& around = {});

}  // namespace vitrine::classes
