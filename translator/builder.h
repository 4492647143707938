// SPDX-License-Identifier: MIT
// From guest instructions to IR. The semantic bodies of isa/riscv, which the interpreter runs on numbers, are run here on
// references to nodes: what an instruction means is written once. An instruction that the IR has no words for, or that
// the host cannot do, becomes one `helper` node, which runs the interpreter's body.
//
// A block begins at any instruction, goes on over conditional branches that are not taken, and ends at a jump, at an
// instruction after which it is not known what runs next, at the end of the page, or at a limit.
#pragma once

#include <cstdint>

#include "isa/riscv/instruction.h"
#include "translator/ir.h"

namespace vitrine::translator {

// What the host can do; asked before a node is made.
struct HostAbilities {
  bool bmi2 = false;
  bool lzcnt = false;   // and tzcnt (BMI1)
  bool popcnt = false;
  bool fma = false;
  [[nodiscard]] bool can(ir::Op op) const;
  static HostAbilities of_this_host();
};

inline constexpr unsigned kMaxInstructions = 48;
inline constexpr unsigned kMaxSideExits = 6;

// Builds the block that begins at guest-virtual `pc`, from the page whose 4,096 bytes are at `page`. False, and an empty
// block, if there is none: the first instruction lies across the end of the page.
bool build(ir::Block& block, uint64_t pc, const uint8_t* page, const riscv::ExtensionSet& extensions,
           const HostAbilities& host);

}  // namespace vitrine::translator
