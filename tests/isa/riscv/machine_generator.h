// SPDX-License-Identifier: MIT
// Random programs for a whole machine: what a seed stands for. A program is a list of segments. Each begins with M-mode
// code that sets CSRs, page tables' root, delegation and pending interrupts, and returns (`mret`) into a mode at one of
// the addresses under which the code is mapped; there it runs straight on, apart from jumps over an instruction and
// short loops. What would make a comparison meaningless is avoided by construction and not by luck: addresses come from
// registers that only hold pointers (so no device is touched by chance), time is never read, and where the
// specification wants a fence, there is one. Next: machine_runtime.h (what runs it), machine_programs_test.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/isa/riscv/test_program.h"

namespace vitrine::bench {

// Whom a program is for. QEMU keeps translations until a fence, and finishes the block of code that it runs
// before it sees that a store changed it; our machines have no observable caches.
enum class Audience : uint8_t { kQemuToo, kOurEnginesOnly };

struct MachineProgram {
  struct Part {
    uint64_t at;
    size_t size;
  };
  TestProgram program;
  // Code that can be replaced by nops without changing what the rest is about.
  std::vector<Part> parts;
};
MachineProgram machine_program(uint64_t seed, Audience audience);

// What the machine has: the extensions that QEMU 7.2 has as well.
Board machine_board();

}  // namespace vitrine::bench
