// SPDX-License-Identifier: MIT
// Where the values of a block are while its host code is emitted: the first of five layers of which
// lowering.cpp makes the emitter. A value stands in a guest register's place (a host register or the hart's
// memory), in one of three temporaries, or is a constant. Next: emit_integer.h.
#pragma once

#include <array>
#include <vector>

#include "core/assert.h"
#include "isa/x86/assembler.h"
#include "translator/lowering.h"
#include "translator/registers.h"

namespace vitrine::translator {

using ir::Node;
using ir::Op;
using ir::Ref;
using riscv::Hart;
namespace a86 = asmjit::x86;
namespace Inst = a86::Inst;
using a86::Gp;
using a86::Mem;
using asmjit::Imm;
using asmjit::Label;

inline bool fits_32(int64_t v) { return v == static_cast<int32_t>(v); }

class ValueEmitter {
 protected:
  ValueEmitter(const x86::CodeMemory& memory, const Thunks& thunks, const HostAbilities& host)
      : memory_(memory), thunks_(thunks), host_(host) {}

  // The host code from here on is this node's.
  void note_origin(Ref node, bool cold) {
    if (in_->origins) in_->origins->pieces.push_back({static_cast<uint32_t>(a.offset()), node, cold});
  }

  // --- Where values are
  static constexpr std::array<Gp, 3> kTemps = {a86::rax, a86::rdx, a86::rcx};
  static constexpr unsigned kRcx = 2;

  struct Place {
    enum Kind : uint8_t { kReg, kMem, kImm } kind;
    Gp reg;
    Mem mem;
    int64_t imm = 0;
    [[nodiscard]] bool is(const Gp& r) const { return kind == kReg && reg.id() == r.id(); }
  };

  const Node& node_of(Ref r) const { return in_->block.nodes[r]; }
  const Node* next_node() const {
    const auto& nodes = in_->block.nodes;
    return current_ + 1u < nodes.size() ? &nodes[current_ + 1] : nullptr;
  }

  void begin_values() {
    home_.fill(ir::kNoRef);
    temp_.fill(ir::kNoRef);
    remaining_.resize(in_->block.nodes.size());
    where_.assign(in_->block.nodes.size(), 0);
    for (size_t i = 0; i < remaining_.size(); ++i) remaining_[i] = in_->block.nodes[i].uses;
    reserved_ = 0;
    deferred_ = ir::kNoRef;
    after_ = {};
  }

  // The temporary that holds a value, or kTemps.size().
  unsigned temp_of(Ref v) const {
    unsigned t = 0;
    while (t < kTemps.size() && temp_[t] != v) ++t;
    return t;
  }
  // The guest register that holds a value, or 0.
  unsigned home_of(Ref v) const {
    if (const unsigned r = where_[v]; r != 0 && home_[r] == v) return r;
    for (unsigned r = 1; r < 32; ++r)
      if (home_[r] == v) return r;
    return 0;
  }

  Place place_of(Ref v) const {
    const Node& n = node_of(v);
    if (const unsigned t = temp_of(v); t < kTemps.size()) return {Place::kReg, kTemps[t], {}};
    if (n.op == Op::constant) return {Place::kImm, {}, {}, n.imm};
    const unsigned r = home_of(v);
    VT_ASSERT(r != 0, "a value of the IR is nowhere");
    if (const Gp host = host_register(r); host.isValid()) return {Place::kReg, host, {}};
    return {Place::kMem, {}, x_at(r)};
  }

  void lock(const Gp& r) {
    for (unsigned t = 0; t < kTemps.size(); ++t)
      if (kTemps[t].id() == r.id()) locked_ |= 1u << t;
  }
  void lock(const Place& p) {
    if (p.kind == Place::kReg) lock(p.reg);
  }

  // A value that stands in a temporary can be had without it too.
  bool is_elsewhere(Ref v) const { return node_of(v).op == Op::constant || home_of(v) != 0; }

  // A temporary with nothing of value in it.
  Gp take_temp() {
    for (unsigned t = 0; t < kTemps.size(); ++t) {
      if (locked_ >> t & 1) continue;
      if (temp_[t] != ir::kNoRef && remaining_[temp_[t]] != 0 && !is_elsewhere(temp_[t])) continue;
      temp_[t] = ir::kNoRef;
      locked_ |= 1u << t;
      if (t == kRcx) addend_of_ = 0;
      return kTemps[t];
    }
    throw TooComplex{node_of(current_).insn};
  }
  // This temporary, its value moved elsewhere if somebody still wants it.
  void take(unsigned t) {
    const Ref v = temp_[t];
    locked_ |= 1u << t;
    temp_[t] = ir::kNoRef;
    if (t == kRcx) addend_of_ = 0;
    if (v == ir::kNoRef || remaining_[v] == 0 || is_elsewhere(v)) return;
    const Gp to = take_temp();
    a.mov(to, kTemps[t]);
    temp_[index_of(to)] = v;
  }
  static unsigned index_of(const Gp& temp) {
    unsigned t = 0;
    while (kTemps[t].id() != temp.id()) ++t;
    return t;
  }

  void load(const Gp& to, const Place& p) {
    if (p.kind == Place::kReg) {
      if (p.reg.id() != to.id()) a.mov(to, p.reg);
    } else if (p.kind == Place::kMem) {
      a.mov(to, p.mem);
    } else {
      load_constant(to, p.imm);
    }
  }
  void load_constant(const Gp& to, int64_t value) {
    if (value >= 0 && value <= 0xffff'ffff)
      a.mov(to.r32(), static_cast<uint32_t>(value));  // never xor: flags may be live
    else
      a.mov(to, value);
  }

  // The value in a register; memory and constants take a temporary.
  Gp in_register(Ref v) {
    const Place p = place_of(v);
    lock(p);
    if (p.kind == Place::kReg) return p.reg;
    const Gp to = take_temp();
    load(to, p);
    temp_[index_of(to)] = v;
    return to;
  }
  // A register, memory, or a constant of 32 bits: what can be a second operand.
  Place operand(Ref v) {
    Place p = place_of(v);
    lock(p);
    if (p.kind == Place::kImm && !fits_32(p.imm)) {
      const Gp to = take_temp();
      load(to, p);
      temp_[index_of(to)] = v;
      return {Place::kReg, to, {}};
    }
    return p;
  }

  // The host register that the next node sets to the current one's value, if it may be written now; or an
  // invalid one.
  Gp destination() const {
    const Node* const next = next_node();
    if (!next || next->op != Op::set_x || next->in[0] != current_) return {};
    const Gp host = host_register(next->reg);
    return host.isValid() && may_overwrite(next->reg) ? host : Gp();
  }
  // Where the result of the current node goes.
  Gp result_register() {
    if (const Gp to = destination(); to.isValid()) return to;
    const Node& n = node_of(current_);
    for (unsigned k = 0; k < n.inputs(); ++k) {
      const unsigned t = temp_of(n.in[k]);
      if (t < kTemps.size() && (dies_here(temp_[t]) || is_elsewhere(temp_[t]))) return kTemps[t];
    }
    return take_temp();
  }
  // The same for a result that comes into being in `temp`.
  Gp result_register_or(const Gp& temp) const {
    const Gp to = destination();
    return to.isValid() ? to : temp;
  }
  bool dies_here(Ref value) const {
    return remaining_[value] ==
           uses_in(current_, value) + (deferred_ == ir::kNoRef ? 0 : uses_in(deferred_, value));
  }
  // Nobody wants the value that stands in guest register r any more, but for the current node.
  bool may_overwrite(unsigned r) const {
    const Ref old = home_[r];
    if (old == ir::kNoRef || node_of(old).op == Op::constant) return true;
    if (remaining_[old] == 0 || dies_here(old)) return true;
    for (unsigned other = 1; other < 32; ++other)
      if (other != r && home_[other] == old) return true;
    return false;
  }
  unsigned uses_in(Ref n, Ref value) const {
    const Node& node = node_of(n);
    unsigned count = 0;
    for (unsigned k = 0; k < node.inputs(); ++k) count += node.in[k] == value;
    return count;
  }

  // The current node's value is now in `r`.
  void give(const Gp& r) {
    for (unsigned t = 0; t < kTemps.size(); ++t)
      if (kTemps[t].id() == r.id()) {
        temp_[t] = current_;
        if (t == kRcx) addend_of_ = 0;
        return;
      }
    const Node& next = in_->block.nodes[current_ + 1];
    home_[next.reg] = current_;
    where_[current_] = next.reg;
  }

  void used(const Node& n) {
    for (unsigned k = 0; k < n.inputs(); ++k) {
      const Ref v = n.in[k];
      if (--remaining_[v] == 0)
        if (const unsigned t = temp_of(v); t < kTemps.size()) temp_[t] = ir::kNoRef;
    }
  }
  void done(const Node& n) {
    used(n);
    if (deferred_ != ir::kNoRef) {
      used(node_of(deferred_));
      deferred_ = ir::kNoRef;
    }
  }

  void set_x(const Node& n) {
    const Ref v = n.in[0];
    if (home_[n.reg] != v) {
      const Place p = place_of(v);
      lock(p);
      keep_old_value(n.reg);
      const Gp host = host_register(n.reg);
      if (host.isValid())
        load(host, p);
      else if (p.kind == Place::kImm && fits_32(p.imm))
        a.mov(x_at(n.reg), Imm(p.imm));
      else
        a.mov(x_at(n.reg), p.kind == Place::kReg ? p.reg : move_to_temp(p));
      home_[n.reg] = v;
      where_[v] = n.reg;
    }
    done(n);
  }
  Gp move_to_temp(const Place& p) {
    const Gp to = take_temp();
    load(to, p);
    return to;
  }
  // The value that guest register r loses moves to a temporary, if it is wanted and nowhere else.
  void keep_old_value(unsigned r) {
    const Ref old = home_[r];
    if (old == ir::kNoRef || remaining_[old] == 0 || node_of(old).op == Op::constant) return;
    if (temp_of(old) < kTemps.size()) return;
    for (unsigned other = 1; other < 32; ++other)
      if (other != r && home_[other] == old) return;
    const Gp to = take_temp();
    if (const Gp host = host_register(r); host.isValid())
      a.mov(to, host);
    else
      a.mov(to, x_at(r));
    temp_[index_of(to)] = old;
  }

  void end_instruction() {
    temp_.fill(ir::kNoRef);  // what is used later stands in a register (passes.h)
    if (after_.isValid()) {
      a.bind(after_);
      if (!after_keeps_addend_) addend_of_ = 0;
    }
    after_ = {};
    after_keeps_addend_ = false;
  }
  Label after_instruction() {
    if (!after_.isValid()) after_ = a.newLabel();
    return after_;
  }

  const x86::CodeMemory& memory_;
  const Thunks& thunks_;
  const HostAbilities& host_;
  const LoweringInput* in_ = nullptr;
  LoweringOutput* out_ = nullptr;
  x86::Assembler a;

  Ref current_ = 0;
  Ref deferred_ = ir::kNoRef;  // a node whose code is emitted with the next one's
  unsigned reserved_ = 0;      // temporaries that are taken across nodes
  unsigned locked_ = 0;        // temporaries that the current node uses
  std::array<Ref, 32> home_;   // the value that stands in each guest register
  std::array<Ref, kTemps.size()> temp_;
  std::vector<uint16_t> remaining_;  // uses of each value that are still to come
  std::vector<uint8_t> where_;       // a guest register in which a value was put last
  Label after_;                      // the end of the current instruction, once somebody wants to go there
  uint8_t addend_of_ = 0;            // rcx is the addend of this check (Node::check); 0: of none
  bool after_keeps_addend_ = false;  // also if control comes by way of after_
};

}  // namespace vitrine::translator
