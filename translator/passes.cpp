// SPDX-License-Identifier: MIT
// The passes over a block's IR.
#include "translator/passes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "core/address.h"
#include "isa/riscv/numbers.h"

namespace vitrine::translator {
namespace {

using ir::Block;
using ir::Node;
using ir::Op;
using ir::Ref;
using riscv::Numbers;

// The pass's list of one number for each node, not set.
Ref* scratch_of(Block& block) {
  if (block.scratch.size() < block.nodes.size()) block.scratch.resize(block.nodes.size());
  return block.scratch.data();
}

// --- Folding

std::optional<uint64_t> evaluate(Op op, uint64_t a, uint64_t b) {
  switch (op) {
    case Op::add: return Numbers::add(a, b);
    case Op::sub: return Numbers::sub(a, b);
    case Op::and_: return Numbers::and_(a, b);
    case Op::or_: return Numbers::or_(a, b);
    case Op::xor_: return Numbers::xor_(a, b);
    case Op::not_: return Numbers::not_(a);
    case Op::shl: return Numbers::sll(a, b);
    case Op::shr: return Numbers::srl(a, b);
    case Op::sar: return Numbers::sra(a, b);
    case Op::shlw: return Numbers::sllw(a, b);
    case Op::shrw: return Numbers::srlw(a, b);
    case Op::sarw: return Numbers::sraw(a, b);
    case Op::sext8: return Numbers::sext8(a);
    case Op::sext16: return Numbers::sext16(a);
    case Op::sext32: return Numbers::sext32(a);
    case Op::zext8: return Numbers::zext8(a);
    case Op::zext16: return Numbers::zext16(a);
    case Op::zext32: return Numbers::zext32(a);
    case Op::eq: return Numbers::eq(a, b);
    case Op::ne: return Numbers::ne(a, b);
    case Op::lt: return Numbers::lt(a, b);
    case Op::ge: return Numbers::ge(a, b);
    case Op::ltu: return Numbers::ltu(a, b);
    case Op::geu: return Numbers::geu(a, b);
    case Op::mul: return Numbers::mul(a, b);
    default: return std::nullopt;
  }
}

bool is_constant(const Node* nodes, Ref r) { return nodes[r].op == Op::constant; }
bool is(const Node* nodes, Ref r, int64_t value) { return is_constant(nodes, r) && nodes[r].imm == value; }

bool fits_32(int64_t v) { return v == static_cast<int32_t>(v); }

// Bits 63:31 are all the same, whatever the registers hold.
bool is_sign_extended(const Node* nodes, Ref r) {
  const Node& node = nodes[r];
  switch (node.op) {
    case Op::constant: return fits_32(node.imm);
    case Op::load: return node.width < 4 || (node.width == 4 && node.is_signed);
    case Op::amo_load:
    case Op::load_reserved: return node.width == 4;
    case Op::shlw:
    case Op::shrw:
    case Op::sarw:
    case Op::rotrw:
    case Op::divw:
    case Op::divuw:
    case Op::remw:
    case Op::remuw:
    case Op::sext8:
    case Op::sext16:
    case Op::sext32:
    case Op::zext8:
    case Op::zext16:
    case Op::eq:
    case Op::ne:
    case Op::lt:
    case Op::ge:
    case Op::ltu:
    case Op::geu:
    case Op::clz:
    case Op::ctz:
    case Op::cpop:
    case Op::clz32:
    case Op::ctz32: return true;
    default: return false;
  }
}

bool is_zero_extended(const Node* nodes, Ref r, unsigned bytes) {
  const Node& node = nodes[r];
  switch (node.op) {
    case Op::load: return !node.is_signed && node.width <= bytes;
    case Op::zext8: return true;
    case Op::zext16: return bytes >= 2;
    case Op::zext32: return bytes >= 4;
    case Op::eq:
    case Op::ne:
    case Op::lt:
    case Op::ge:
    case Op::ltu:
    case Op::geu: return true;
    default: return false;
  }
}

// The value that the node gives without computing anything, if there is one.
Ref identity(const Node* nodes, const Node& node) {
  const Ref a = node.in[0], b = node.in[1];
  switch (node.op) {
    case Op::add:
    case Op::or_:
    case Op::xor_:
      if (is(nodes, a, 0)) return b;
      [[fallthrough]];
    case Op::sub:
    case Op::shl:
    case Op::shr:
    case Op::sar:
    case Op::rotr: return is(nodes, b, 0) ? a : ir::kNoRef;
    case Op::and_:
      if (nodes[a].op == Op::get_fflags && is(nodes, b, 31)) return a;
      return is(nodes, b, -1) ? a : ir::kNoRef;
    case Op::select: return is_constant(nodes, a) ? (is(nodes, a, 0) ? node.in[2] : b) : b == node.in[2] ? b : ir::kNoRef;
    case Op::sext32: return is_sign_extended(nodes, a) ? a : ir::kNoRef;
    case Op::zext8: return is_zero_extended(nodes, a, 1) ? a : ir::kNoRef;
    case Op::zext16: return is_zero_extended(nodes, a, 2) ? a : ir::kNoRef;
    case Op::zext32: return is_zero_extended(nodes, a, 4) ? a : ir::kNoRef;
    default: return ir::kNoRef;
  }
}

void make_constant(Node& node, uint64_t value) {
  node.op = Op::constant;
  node.imm = static_cast<int64_t>(value);
  node.in.fill(ir::kNoRef);
}

// base + constant: the constant goes into the access. Only if both are of one instruction: the register that held the base
// may have been written in between.
void fold_address(const Node* nodes, Node& node) {
  const Node& address = nodes[node.in[0]];
  if (address.op != Op::add || address.insn != node.insn || !is_constant(nodes, address.in[1])) return;
  const int64_t sum = node.imm + nodes[address.in[1]].imm;
  if (!fits_32(sum)) return;
  node.in[0] = address.in[0];
  node.imm = sum;
}

bool commutes(Op op) {
  switch (op) {
    case Op::add:
    case Op::and_:
    case Op::or_:
    case Op::xor_:
    case Op::mul:
    case Op::eq:
    case Op::ne: return true;
    default: return false;
  }
}

void fold_node(const Node* nodes, Node& node) {
  const unsigned inputs = node.inputs();
  if (commutes(node.op) && is_constant(nodes, node.in[0]) && !is_constant(nodes, node.in[1])) std::swap(node.in[0], node.in[1]);
  bool constant = inputs == 1 || inputs == 2;
  for (unsigned k = 0; k < inputs; ++k) constant = constant && is_constant(nodes, node.in[k]);
  if (constant) {
    const uint64_t a = static_cast<uint64_t>(nodes[node.in[0]].imm);
    const uint64_t b = inputs == 2 ? static_cast<uint64_t>(nodes[node.in[1]].imm) : 0;
    if (const auto value = evaluate(node.op, a, b)) return make_constant(node, *value);
  }
  if (node.op == Op::load || node.op == Op::store) fold_address(nodes, node);
  if (node.op == Op::jump_to && is_constant(nodes, node.in[0])) {
    const int64_t target = nodes[node.in[0]].imm;
    node.op = Op::jump;
    node.imm = target;
    node.in.fill(ir::kNoRef);
  }
}

void fold(Block& block) {
  Node* const nodes = block.nodes.data();
  Ref* const same_as = scratch_of(block);
  for (size_t i = 0, count = block.nodes.size(); i < count; ++i) {
    Node& node = nodes[i];
    node.uses = 0;
    same_as[i] = static_cast<Ref>(i);
    if (node.op == Op::set_x) {  // nothing to fold, and a quarter of all nodes
      node.in[0] = same_as[node.in[0]];
      ++nodes[node.in[0]].uses;
      continue;
    }
    if (node.inputs() == 0) continue;
    for (unsigned k = 0; k < node.inputs(); ++k) node.in[k] = same_as[node.in[k]];
    fold_node(nodes, node);
    if (const Ref same = identity(nodes, node); same != ir::kNoRef) same_as[i] = same;
    for (unsigned k = 0; k < node.inputs(); ++k) ++nodes[node.in[k]].uses;
  }
}

// --- Removing

// Takes out the nodes whose place in block.scratch is kNoRef; `first` is the first of them.
void remove_dead(Block& block, size_t first) {
  Node* const nodes = block.nodes.data();
  Ref* const place = block.scratch.data();
  size_t kept = first;
  for (size_t i = 0; i < first; ++i) place[i] = static_cast<Ref>(i);
  for (size_t i = first, count = block.nodes.size(); i < count; ++i) {
    if (place[i] == ir::kNoRef) continue;
    Node& node = nodes[kept] = nodes[i];
    for (unsigned k = 0; k < node.inputs(); ++k) node.in[k] = place[node.in[k]];
    place[i] = static_cast<Ref>(kept++);
  }
  block.nodes.resize(kept);
}

// From the last node to the first, so that what only dead nodes use is dead when its turn comes. A written value that others
// use too stays in its register: there is no better place for it.
void drop_dead(Block& block) {
  Node* const nodes = block.nodes.data();
  Ref* const place = scratch_of(block);
  const size_t count = block.nodes.size();
  uint32_t set_later = 0;  // bit r: r is written below, and nobody looks in between
  size_t first = count;
  for (size_t i = count; i-- > 0;) {
    const Node& node = nodes[i];
    place[i] = 0;
    bool dead = false;
    if (node.has(ir::kObserves)) {
      set_later = 0;
    } else if (node.op == Op::set_x) {
      const bool overwritten = (set_later >> node.reg) & 1;
      dead = overwritten && (nodes[node.in[0]].uses == 1 || is_constant(nodes, node.in[0]));
      set_later |= 1u << node.reg;
    } else {
      dead = node.has(ir::kValue) && node.uses == 0;
      if (node.op == Op::get_x && !dead) set_later &= ~(1u << node.reg);
    }
    if (!dead) continue;
    place[i] = ir::kNoRef;
    first = i;
    for (unsigned k = 0; k < node.inputs(); ++k) --nodes[node.in[k]].uses;
  }
  if (first != count) remove_dead(block, first);
}

// --- Sharing checks

// A value as an earlier one plus a constant.
struct Sum {
  Ref root;
  int64_t offset;
};
Sum sum_of(const Node* nodes, Ref value, int64_t offset) {
  while (nodes[value].op == Op::add && is_constant(nodes, nodes[value].in[1])) {
    offset += nodes[nodes[value].in[1]].imm;
    value = nodes[value].in[0];
  }
  return {value, offset};
}

// A check that accesses may join: they go from `least` to `most` bytes over the root.
struct SharedCheck {
  Op op;
  Ref root, leader;
  int64_t leads_to;  // where the leader goes, over the root
  int64_t least, most;
  unsigned members;
  uint8_t number;  // 1 + index into Block::checks; 0: of one access alone

  bool join(Op access, const Sum& address) {
    constexpr int64_t kMost = 512;  // bytes; the longer, the more often a run of addresses lies across pages
    if (access != op || address.root != root) return false;
    const int64_t low = std::min(least, address.offset), high = std::max(most, address.offset);
    if (high - low > kMost) return false;
    least = low;
    most = high;
    ++members;
    return true;
  }
};

bool is_apart(const Block& block, const Node& node) {
  const auto offset = static_cast<uint16_t>(block.insns[node.insn].pc % core::kPageSize);
  return std::find(block.apart.begin(), block.apart.end(), offset) != block.apart.end();
}

// A check is over where an instruction runs in C++ anyway: it may take away what was found out.
void share_checks(Block& block) {
  block.checks.clear();
  if (block.all_apart) return;
  std::array<SharedCheck, 32> shared;
  size_t count = 0, open = 0;  // those before `open` are over
  Node* const nodes = block.nodes.data();
  for (size_t i = 0, end = block.nodes.size(); i < end; ++i) {
    Node& node = nodes[i];
    if (node.op == Op::helper) open = count;
    if ((node.op != Op::load && node.op != Op::store) || is_apart(block, node)) continue;
    const Sum address = sum_of(nodes, node.in[0], node.imm);
    size_t k = open;
    while (k < count && !shared[k].join(node.op, address)) ++k;
    if (k == shared.size()) continue;
    if (k == count)
      shared[count++] = {node.op, address.root, static_cast<Ref>(i), address.offset, address.offset, address.offset, 1, 0};
    node.check = static_cast<uint8_t>(k + 1);
  }
  for (SharedCheck& check : std::span(shared).first(count)) {
    if (check.members == 1) continue;
    block.checks.push_back({check.leader, static_cast<int32_t>(check.least - check.leads_to),
                            static_cast<int32_t>(check.most - check.leads_to)});
    check.number = static_cast<uint8_t>(block.checks.size());
  }
  if (count == 0) return;
  for (size_t i = shared[0].leader, end = block.nodes.size(); i < end; ++i)
    if (nodes[i].check != 0) nodes[i].check = shared[nodes[i].check - 1u].number;
}

constexpr Pass kPasses[] = {
    {"fold", fold},
    {"drop_dead", drop_dead},
    {"share_checks", share_checks},
};

}  // namespace

std::span<const Pass> passes() { return kPasses; }

void optimise(Block& block) {
  for (const Pass& pass : kPasses) pass.run(block);
}

}  // namespace vitrine::translator
