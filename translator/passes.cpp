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

// The x registers that an instruction may write which is not spelt out in nodes: a helper may be a call of firmware.
bool forgets(const Node& node) { return node.op == Op::helper; }

void forward_registers(Block& block) {
  std::array<Ref, 32> known;
  known.fill(ir::kNoRef);
  std::vector<Ref>& same_as = block.scratch;
  same_as.resize(block.nodes.size());
  for (size_t i = 0; i < block.nodes.size(); ++i) {
    Node& node = block.nodes[i];
    same_as[i] = static_cast<Ref>(i);
    for (unsigned k = 0; k < node.row().inputs; ++k) node.in[k] = same_as[node.in[k]];
    if (node.op == Op::get_x) {
      Ref& value = known[node.reg];
      if (value == ir::kNoRef)
        value = static_cast<Ref>(i);
      else
        same_as[i] = value;
    } else if (node.op == Op::set_x) {
      known[node.reg] = node.in[0];
    } else if (node.op == Op::float_op) {
      known[block.insns[node.insn].insn.rd] = ir::kNoRef;  // some write an x register
    } else if (forgets(node)) {
      known.fill(ir::kNoRef);
    }
  }
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

bool is(const Block& block, Ref r, int64_t value) { return block.is_constant(r) && block.nodes[r].imm == value; }

bool fits_32(int64_t v) { return v == static_cast<int32_t>(v); }

// Bits 63:31 are all the same, whatever the registers hold.
bool is_sign_extended(const Block& block, Ref r) {
  const Node& node = block.nodes[r];
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

bool is_zero_extended(const Block& block, Ref r, unsigned bytes) {
  const Node& node = block.nodes[r];
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
Ref identity(const Block& block, const Node& node) {
  const Ref a = node.in[0], b = node.in[1];
  switch (node.op) {
    case Op::add:
    case Op::or_:
    case Op::xor_:
      if (is(block, a, 0)) return b;
      [[fallthrough]];
    case Op::sub:
    case Op::shl:
    case Op::shr:
    case Op::sar:
    case Op::rotr: return is(block, b, 0) ? a : ir::kNoRef;
    case Op::and_:
      if (block.nodes[a].op == Op::get_fflags && is(block, b, 31)) return a;
      return is(block, b, -1) ? a : ir::kNoRef;
    case Op::select: return block.is_constant(a) ? (is(block, a, 0) ? node.in[2] : b) : b == node.in[2] ? b : ir::kNoRef;
    case Op::sext32: return is_sign_extended(block, a) ? a : ir::kNoRef;
    case Op::zext8: return is_zero_extended(block, a, 1) ? a : ir::kNoRef;
    case Op::zext16: return is_zero_extended(block, a, 2) ? a : ir::kNoRef;
    case Op::zext32: return is_zero_extended(block, a, 4) ? a : ir::kNoRef;
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
void fold_address(const Block& block, Node& node) {
  const Node& address = block.nodes[node.in[0]];
  if (address.op != Op::add || address.insn != node.insn || !block.is_constant(address.in[1])) return;
  const int64_t sum = node.imm + block.nodes[address.in[1]].imm;
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

void fold_node(const Block& block, Node& node) {
  const unsigned inputs = node.row().inputs;
  if (commutes(node.op) && block.is_constant(node.in[0]) && !block.is_constant(node.in[1])) std::swap(node.in[0], node.in[1]);
  bool constant = inputs == 1 || inputs == 2;
  for (unsigned k = 0; k < inputs; ++k) constant = constant && block.is_constant(node.in[k]);
  if (constant) {
    const uint64_t a = static_cast<uint64_t>(block.nodes[node.in[0]].imm);
    const uint64_t b = inputs == 2 ? static_cast<uint64_t>(block.nodes[node.in[1]].imm) : 0;
    if (const auto value = evaluate(node.op, a, b)) return make_constant(node, *value);
  }
  if (node.op == Op::load || node.op == Op::store) fold_address(block, node);
  if (node.op == Op::jump_to && block.is_constant(node.in[0])) {
    const int64_t target = block.nodes[node.in[0]].imm;
    node.op = Op::jump;
    node.imm = target;
    node.in.fill(ir::kNoRef);
  }
}

void fold(Block& block) {
  std::vector<Ref>& same_as = block.scratch;
  same_as.resize(block.nodes.size());
  for (size_t i = 0; i < block.nodes.size(); ++i) {
    Node& node = block.nodes[i];
    same_as[i] = static_cast<Ref>(i);
    if (node.row().inputs == 0) continue;
    for (unsigned k = 0; k < node.row().inputs; ++k) node.in[k] = same_as[node.in[k]];
    fold_node(block, node);
    if (const Ref same = identity(block, node); same != ir::kNoRef) same_as[i] = same;
  }
}

// --- Removing

// Takes out the nodes whose place in block.scratch is kNoRef.
void remove_dead(Block& block) {
  std::vector<Ref>& place = block.scratch;
  size_t kept = 0;
  for (size_t i = 0; i < block.nodes.size(); ++i) {
    if (place[i] == ir::kNoRef) continue;
    if (kept != i) {  // everything before the first dead node is in its place
      Node& node = block.nodes[kept] = block.nodes[i];
      for (unsigned k = 0; k < node.row().inputs; ++k) node.in[k] = place[node.in[k]];
    }
    place[i] = static_cast<Ref>(kept++);
  }
  block.nodes.resize(kept);
}

// A value that others use too stays in its register: there is no better place for it.
void drop_dead_writes(Block& block) {
  block.count_uses();
  block.scratch.assign(block.nodes.size(), 0);
  uint32_t set_later = 0;  // bit r: r is written below, and nobody looks in between
  bool found = false;
  for (size_t i = block.nodes.size(); i-- > 0;) {
    const Node& node = block.nodes[i];
    if (node.row().has(ir::kObserves)) set_later = 0;
    if (node.op == Op::get_x && node.uses != 0) set_later &= ~(1u << node.reg);
    if (node.op != Op::set_x) continue;
    const bool overwritten = (set_later >> node.reg) & 1;
    if (overwritten && (block.nodes[node.in[0]].uses == 1 || block.is_constant(node.in[0]))) {
      block.scratch[i] = ir::kNoRef;
      found = true;
    }
    set_later |= 1u << node.reg;
  }
  if (found) remove_dead(block);
}

void drop_dead_values(Block& block) {
  block.count_uses();
  block.scratch.assign(block.nodes.size(), 0);
  for (size_t i = block.nodes.size(); i-- > 0;) {
    const Node& node = block.nodes[i];
    if (!node.row().has(ir::kValue) || node.row().has(ir::kObserves) || node.uses != 0) continue;
    block.scratch[i] = ir::kNoRef;
    for (unsigned k = 0; k < node.row().inputs; ++k) --block.nodes[node.in[k]].uses;
  }
  remove_dead(block);
}

// --- Sharing checks

// A value as an earlier one plus a constant.
struct Sum {
  Ref root;
  int64_t offset;
};
Sum sum_of(const Block& block, Ref value, int64_t offset) {
  while (block.nodes[value].op == Op::add && block.is_constant(block.nodes[value].in[1])) {
    offset += block.nodes[block.nodes[value].in[1]].imm;
    value = block.nodes[value].in[0];
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
  for (size_t i = 0; i < block.nodes.size(); ++i) {
    Node& node = block.nodes[i];
    if (node.op == Op::helper) open = count;
    if ((node.op != Op::load && node.op != Op::store) || is_apart(block, node)) continue;
    const Sum address = sum_of(block, node.in[0], node.imm);
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
  for (Node& node : block.nodes)
    if (node.check != 0) node.check = shared[node.check - 1u].number;
}

constexpr Pass kPasses[] = {
    {"forward_registers", forward_registers},
    {"fold", fold},
    {"drop_dead_writes", drop_dead_writes},
    {"drop_dead_values", drop_dead_values},
    {"share_checks", share_checks},
};

}  // namespace

std::span<const Pass> passes() { return kPasses; }

void optimise(Block& block) {
  for (const Pass& pass : kPasses) pass.run(block);
}

}  // namespace vitrine::translator
