// SPDX-License-Identifier: MIT
// Programs for a whole machine, run: on the test bench with any engine and caches, or under QEMU's `virt` board. What
// differs, and the shrunk program as a file for stored/. Next: machine_runtime.h, machine_programs_test.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/isa/riscv/machine_generator.h"
#include "tests/isa/riscv/machine_runtime.h"
#include "tests/isa/riscv/program_comparison.h"

namespace vitrine::bench {

// What an image left.
struct MachineResult {
  std::vector<std::string> lines;             // one for each program that came to its end
  std::vector<std::vector<uint64_t>> fields;  // of an image with everything: what stands behind each line
  bool ended = false;                         // all programs did
  std::vector<uint64_t> states;               // on the bench: hashes of the whole machine, now and then and at the end
  std::string why;                            // not ended: what happened
};

// Looks at each step of the programs, and not at those of the runtime, if there is an observer. `breaks` are wrong on
// purpose.
MachineResult run_machine_here(const MachineImage& image, Caches caches, StepObserver* observer = nullptr,
                               core::BreakSet breaks = {});

bool qemu_machine_is_there();
MachineResult run_machine_under_qemu(const MachineImage& image);

// Does this program by itself end on the interpreter, and leave something else on the other side?
struct MachineSide {
  std::string name;
  std::function<MachineResult(const MachineImage&)> run;
  bool exact;  // a line is the same, or as same_result() has it
};
extern const MachineSide kQemu;
// The bench, to be compared with the reference, which has Caches::kAll.
MachineSide side_of(Caches caches);

bool machine_differs(const TestProgram& program, const MachineSide& other);
// The first fields that differ, by name.
std::string machine_difference(const TestProgram& program, const MachineSide& other);
// Shrunk, with the difference, as the text of a file. `expect: LINE` is what the other side says.
std::string shrunk_machine_text(const MachineProgram& program, const MachineSide& other, const std::string& origin,
                                double seconds);

}  // namespace vitrine::bench
