// SPDX-License-Identifier: MIT
// From guest instructions to IR. The semantic bodies of isa/riscv, which the interpreter runs on numbers, are run here on
// references to nodes: what an instruction means is written once. An instruction that the IR has no words for, or that
// the host cannot do, becomes one `helper` node, which runs the interpreter's body.
//
// A block begins at any instruction, goes on behind forward branches (taken, they are side exits), and ends at a jump,
// behind a backward branch, behind an instruction after which it is not known what runs next, at the end of the page, or at
// a limit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "isa/riscv/hart.h"
#include "isa/riscv/instruction.h"
#include "translator/ir.h"

namespace vitrine::translator {

// What the host can do; asked before a node is made.
struct HostAbilities {
  bool bmi2 = false;
  bool lzcnt = false;   // and tzcnt (BMI1)
  bool popcnt = false;
  bool fma = false;
  bool avx = false;  // for the forms with three operands
  [[nodiscard]] bool can(ir::Op op) const;
  static HostAbilities of_this_host();
};

inline constexpr unsigned kMaxInstructions = 48;
inline constexpr unsigned kMaxSideExits = 6;

struct BuildInput {
  uint64_t pc;          // guest-virtual
  const uint8_t* page;  // the 4,096 bytes of its page
  riscv::Privilege privilege;
  riscv::ExtensionSet extensions;
  bool alone = false;  // the machine has one hart: a pause is nothing
  bool sc_as_helper = false;     // it may fail spuriously
  bool fence_as_helper = false;  // it does something: stores wait
  std::vector<uint64_t> as_helpers = {};  // instructions, by pc, that shall be helpers whatever they are
  std::span<const uint16_t> apart = {};   // as Block::apart
  bool all_apart = false;
};

// Builds the block that begins at input.pc.
void build(ir::Block& block, const BuildInput& input, const HostAbilities& host);

}  // namespace vitrine::translator
