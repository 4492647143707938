// SPDX-License-Identifier: MIT
// Text and verifier of the IR.
#include "translator/ir.h"

#include <fmt/format.h>

#include "isa/riscv/disassembler.h"
#include "isa/riscv/registers.h"

namespace vitrine::translator::ir {
namespace {

bool has_immediate(const Node& node) {
  switch (node.op) {
    case Op::constant:
    case Op::exit_if:
    case Op::get_csr:
    case Op::set_csr:
    case Op::jump: return true;
    default: return false;
  }
}

bool is_access(Op op) { return op == Op::load || op == Op::store; }
bool is_atomic(Op op) {
  return op == Op::amo_load || op == Op::amo_store || op == Op::load_reserved || op == Op::store_conditional;
}
bool names_x(Op op) { return op == Op::get_x || op == Op::set_x; }
bool names_f(Op op) { return op == Op::get_f || op == Op::set_f; }

std::string operands(const Node& node) {
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : ", ") + word; };
  if (names_x(node.op)) add(std::string(riscv::kXNames[node.reg]));
  if (names_f(node.op)) add(std::string(riscv::kFNames[node.reg]));
  for (unsigned i = 0; i < node.inputs(); ++i) add(fmt::format("v{}", node.in[i]));
  if (is_access(node.op)) add(fmt::format("{:+}, {}{}", node.imm, node.is_signed ? 's' : 'u', 8 * node.width));
  if (node.check) add(fmt::format("check {}", node.check - 1));
  if (is_atomic(node.op)) add(fmt::format("{}", 8 * node.width));
  if (has_immediate(node)) add(node.op == Op::constant && node.imm > -4096 && node.imm < 4096
                                   ? fmt::format("{}", node.imm)
                                   : fmt::format("0x{:x}", static_cast<uint64_t>(node.imm)));
  return text;
}

std::string operation_text(const Block& block, Ref r) {
  const Node& node = block.nodes[r];
  std::string text = fmt::format("{} {}", node.row().name, operands(node));
  if (block.leads(r)) text += fmt::format(" of {:+} to {:+}", block.check_of(node)->low, block.check_of(node)->high);
  return text;
}

}  // namespace

std::string node_text(const Block& block, Ref r) {
  return (block.nodes[r].has(kValue) ? fmt::format("v{} = ", r) : "") + operation_text(block, r);
}

void Block::count_uses() {
  for (Node& node : nodes) {  // whose inputs come before it
    node.uses = 0;
    for (unsigned i = 0; i < node.inputs(); ++i) ++nodes[node.in[i]].uses;
  }
}

std::string to_text(const Block& block) {
  std::string text;
  unsigned insn = ~0u;
  for (size_t i = 0; i < block.nodes.size(); ++i) {
    const Node& node = block.nodes[i];
    for (; insn != node.insn; ++insn) {
      const Instruction& next = block.insns[insn + 1];
      text += fmt::format("; 0x{:x}  {}\n", next.pc,
                          next.crosses_page ? "(across the end of the page)"
                                            : riscv::disassemble(next.insn, next.pc, riscv::Style::friendly));
    }
    const std::string result = node.has(kValue) ? fmt::format("v{} =", i) : "";
    text += fmt::format("{:>5} {}\n", result, operation_text(block, static_cast<Ref>(i)));
  }
  return text;
}

namespace {

// What is wrong with the check that an access shares.
std::string_view wrong_check(const Block& block, Ref r) {
  const Node& node = block.nodes[r];
  if (node.check == 0) return "";
  if (!is_access(node.op)) return "no access, and it shares a check";
  if (node.check > block.checks.size()) return "no such check";
  const Check& check = *block.check_of(node);
  if (check.leader > r || check.leader >= block.nodes.size()) return "its check comes later";
  const Node& leader = block.nodes[check.leader];
  if (leader.check != node.check || leader.op != node.op) return "its check is another's";
  for (Ref i = check.leader; i < r; ++i)
    if (block.nodes[i].op == Op::helper) return "a helper between an access and its check";
  return "";
}

}  // namespace

std::string verify(const Block& block) {
  const auto wrong = [](size_t i, std::string_view what) { return fmt::format("node v{}: {}", i, what); };
  if (block.nodes.empty()) return "a block without nodes";
  for (size_t i = 0; i < block.nodes.size(); ++i) {
    const Node& node = block.nodes[i];
    if (node.op >= Op::kCount) return wrong(i, "no such operation");
    for (unsigned k = 0; k < node.inputs(); ++k) {
      if (node.in[k] >= i) return wrong(i, "an input that is not an earlier node");
      if (!block.nodes[node.in[k]].has(kValue)) return wrong(i, "an input that is no value");
    }
    if (node.insn >= block.insns.size()) return wrong(i, "belongs to no instruction");
    if (i > 0 && node.insn < block.nodes[i - 1].insn) return wrong(i, "belongs to an instruction that is over");
    if ((names_x(node.op) || names_f(node.op)) && node.reg > 31) return wrong(i, "no such register");
    if (names_x(node.op) && node.reg == 0) return wrong(i, "x0 is a constant and no place");
    if (is_atomic(node.op) && node.width != 4 && node.width != 8) return wrong(i, "no such width of an atomic");
    if ((is_access(node.op) || node.op == Op::set_f) && node.width != 1 && node.width != 2 && node.width != 4 && node.width != 8)
      return wrong(i, "no such access width");
    if (const std::string_view what = wrong_check(block, static_cast<Ref>(i)); !what.empty()) return wrong(i, what);
    const bool last = i + 1 == block.nodes.size();
    const bool always_leaves = node.op == Op::jump || node.op == Op::jump_to;
    if (last != always_leaves) return wrong(i, last ? "the block has no end" : "nodes after the end");
  }
  return "";
}

}  // namespace vitrine::translator::ir
