// SPDX-License-Identifier: MIT
// From pairs of states to classes, for one instruction or CSR access and one instance: the rules of
// measure.h.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "classes/machine.h"
#include "isa/riscv/classes.h"

namespace vitrine::classes {

// Two states and what came of the instruction in each: what shows a class.
struct Witness {
  uint16_t shows = 0;       // the flag; 0: nothing was found in so many pairs
  std::string instruction;  // as assembly, with its encoding
  std::string states[2];
  std::string outcomes[2];
};

struct Measured {
  uint16_t classes = riscv::kInnocuous;
  bool depends_on_mode = false;    // behaviour-sensitive, and on the mode itself,
  Witness of_mode;                 // as shown by this
  size_t pairs = 0;                // of states that were compared
  std::vector<Witness> witnesses;  // one for each class
  std::string problem;             // what a setting does not close
};

// What is executed: encodings, each with what a1 holds, from states of its own.
struct Case {
  uint32_t bits;
  bool of_csr = false;  // it is about a CSR alone: memory and reservations are left out
  std::optional<uint64_t> operand = {};
  std::optional<std::pair<unsigned, uint64_t>> csr = {};  // written before
};

// Executes each case in all pairs of states. Classes are what any case shows; it traps in a mode if all do.
// `closing`: with this setting the first case has to trap in the lower mode.
Measured derive(Machine& machine, riscv::Instance instance, const State& base, const std::vector<Case>& cases,
                const riscv::Closing& closing);

}  // namespace vitrine::classes
