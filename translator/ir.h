// SPDX-License-Identifier: MIT
// The intermediate representation of one block: a list of nodes in the order of execution. A node is an operation on
// earlier nodes; each value is assigned once. Guest registers are not values but places: get_x reads one, set_x writes
// one. The list is made to be read; to_text() shows it as
//
//     ; 0x80001000  addi a0, a0, 1
//     v0 = get a0
//     v1 = const 1
//     v2 = add v0, v1
//          set a0, v2
//
// Between two guest instructions all registers are in their places, so an exit or a guest trap needs no repair. How
// nodes are made: builder.h; how they are changed: passes.h; what host code they become: lowering.h.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isa/riscv/instruction.h"

namespace vitrine::translator::ir {

enum class Op : uint8_t {
#define IR_OP(name, inputs, effects, text, meaning) name,
#include "translator/ir_rows.inc"
#undef IR_OP
  kCount
};

inline constexpr unsigned kValue = 1 << 0, kObserves = 1 << 1, kLeaves = 1 << 2;

struct OpRow {
  std::string_view name;  // in text
  uint8_t inputs;
  uint8_t effects;
  std::string_view meaning;
  [[nodiscard]] constexpr bool has(unsigned effect) const { return (effects & effect) != 0; }
};
inline constexpr OpRow kOpRows[] = {
#define IR_OP(name, inputs, effects, text, meaning) {text, inputs, effects, meaning},
#include "translator/ir_rows.inc"
#undef IR_OP
};
constexpr const OpRow& row_of(Op op) { return kOpRows[static_cast<size_t>(op)]; }

// What passes ask of every node, without the words: one cache line or two.
struct OpShape {
  uint8_t inputs, effects;
};
inline constexpr OpShape kOpShapes[] = {
#define IR_OP(name, inputs, effects, text, meaning) {inputs, effects},
#include "translator/ir_rows.inc"
#undef IR_OP
};

// A value: the place of its node in the list.
using Ref = uint16_t;
inline constexpr Ref kNoRef = 0xffff;

struct Node {
  Op op;
  uint8_t reg = 0;         // get_x, set_x, get_f, set_f
  uint8_t width = 0;       // bytes of an access, or of what set_f boxes
  bool is_signed = false;  // load
  uint8_t check = 0;       // load, store: 1 + index into Block::checks, if others are checked with it (share_checks)
  uint16_t insn = 0;       // the guest instruction that it comes from: index into Block::insns
  uint16_t uses = 0;       // how many inputs name it; right from the pass `fold` on
  std::array<Ref, 3> in = {kNoRef, kNoRef, kNoRef};
  int64_t imm = 0;
  [[nodiscard]] const OpRow& row() const { return row_of(op); }
  [[nodiscard]] unsigned inputs() const { return kOpShapes[static_cast<size_t>(op)].inputs; }
  [[nodiscard]] bool has(unsigned effect) const { return (kOpShapes[static_cast<size_t>(op)].effects & effect) != 0; }
};

struct Instruction {
  uint64_t pc;
  riscv::Insn insn;
  bool crosses_page = false;  // its second half is in the next page and not known: a helper fetches it anew each time
};

// One check of an address for several accesses over one base: they lie between `low` and `high` bytes from where the first of
// them, the leader, goes, which makes the check. Both count the accesses' first bytes.
struct Check {
  Ref leader;
  int32_t low, high;
};

struct Block {
  std::vector<Node> nodes;
  std::vector<Instruction> insns;
  std::vector<Check> checks;
  std::vector<uint16_t> apart;  // instructions (offset in the page) whose accesses are to be checked alone; or
  bool all_apart = false;       // all of them
  std::vector<Ref> scratch;  // of the pass that runs: one for each node, kept so that passes allocate nothing
  bool uses_float = false;   // runs only while FS is not Off and the rounding mode is RNE

  void clear() {
    nodes.clear();
    insns.clear();
    checks.clear();
    apart.clear();
    all_apart = false;
    uses_float = false;
  }
  [[nodiscard]] bool is_constant(Ref r) const { return nodes[r].op == Op::constant; }
  [[nodiscard]] const Check* check_of(const Node& node) const { return node.check ? &checks[node.check - 1u] : nullptr; }
  [[nodiscard]] bool leads(Ref r) const { return nodes[r].check && check_of(nodes[r])->leader == r; }
  // For blocks that were not made by passes.
  void count_uses();
};

std::string to_text(const Block& block);
// One node of it: "v2 = add v0, v1", "set a0, v2".
std::string node_text(const Block& block, Ref r);

// Empty if the block keeps the rules: inputs are earlier values, instructions do not go back, the last node leaves and
// none before it does so unconditionally, registers have numbers, accesses widths. Otherwise what is wrong, and where.
std::string verify(const Block& block);

}  // namespace vitrine::translator::ir
