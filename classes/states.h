// SPDX-License-Identifier: MIT
// The states from which all others differ: what firmware and a hypervisor leave behind, for each instance.
#pragma once

#include <string>

#include "classes/machine.h"
#include "isa/riscv/classes.h"

namespace vitrine::classes {

using riscv::Closing;
using riscv::Instance;

inline constexpr unsigned kValueRegister = 11;  // what is written to CSRs, and the address of memory accesses
inline constexpr unsigned kZeroRegister = 14;   // holds 0, as x0 does; compressed branches can name it

// Everything allowed that can be allowed, FS = Initial, no interrupt pending; in M mode.
State base_state(Machine& machine, Instance instance);
State in_mode(State state, Privilege mode);
// With the setting by which the hypervisor makes something trap.
State closed(State state, const Closing& closing, Instance instance);
// What all states have in common, for people.
std::string describe_base(Instance instance);

}  // namespace vitrine::classes
