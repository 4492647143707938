// SPDX-License-Identifier: MIT
// The walk over the nodes. From top to bottom: where values are, integer operations, memory, control, floating point.
#include "translator/lowering.h"

#include <array>
#include <optional>

#include "core/assert.h"
#include "translator/lowering_float.h"
#include "translator/plain_csr.h"
#include "translator/registers.h"

namespace vitrine::translator {

using ir::Node;
using ir::Op;
using ir::Ref;
using riscv::Hart;
namespace a86 = asmjit::x86;
using a86::Gp;
using a86::Mem;
using asmjit::Imm;
using asmjit::Label;
namespace Inst = a86::Inst;

namespace {

bool fits_32(int64_t v) { return v == static_cast<int32_t>(v); }

bool can_be_narrow(Op op) { return op == Op::add || op == Op::sub || op == Op::mul; }

struct Conditions {
  a86::CondCode direct, swapped;  // for compare(a, b), and for compare(b, a)
};
Conditions conditions_of(Op op) {
  switch (op) {
    case Op::eq: return {a86::CondCode::kE, a86::CondCode::kE};
    case Op::ne: return {a86::CondCode::kNE, a86::CondCode::kNE};
    case Op::lt: return {a86::CondCode::kL, a86::CondCode::kG};
    case Op::ge: return {a86::CondCode::kGE, a86::CondCode::kLE};
    case Op::ltu: return {a86::CondCode::kB, a86::CondCode::kA};
    default: return {a86::CondCode::kAE, a86::CondCode::kBE};
  }
}

}  // namespace

class Lowering::Emitter {
 public:
  Emitter(const x86::CodeMemory& memory, const Thunks& thunks, const HostAbilities& host)
      : memory_(memory), thunks_(thunks), host_(host) {}

  void run(const LoweringInput& input, LoweringOutput& output) {
    in_ = &input;
    out_ = &output;
    output.code.clear();
    output.sites.clear();
    output.links.clear();
    code_.reset(asmjit::ResetPolicy::kSoft);
    code_.init(asmjit::Environment::host(), reinterpret_cast<uint64_t>(memory_.next()));
    code_.attach(&a);
    begin();
    const ir::Block& block = input.block;
    for (size_t i = 0; i < block.nodes.size(); ++i) {
      if (i > 0 && block.nodes[i].insn != block.nodes[i - 1].insn) end_instruction();
      current_ = static_cast<Ref>(i);
      locked_ = reserved_;
      node(block.nodes[i]);
    }
    end_instruction();
    emit_cold();
    VT_ASSERT(code_.flatten() == 0 && code_.resolveUnresolvedLinks() == 0, "a block cannot be assembled");
    const asmjit::CodeBuffer& buffer = code_.sectionById(0)->buffer();
    output.code.assign(buffer.data(), buffer.data() + buffer.size());
    for (const PendingLink& link : pending_links_)
      output.links.push_back({link.target, memory_.next() + code_.labelOffset(link.after)});
  }

 private:
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

  void begin() {
    home_.fill(ir::kNoRef);
    temp_.fill(ir::kNoRef);
    remaining_.resize(in_->block.nodes.size());
    where_.assign(in_->block.nodes.size(), 0);
    for (size_t i = 0; i < remaining_.size(); ++i) remaining_[i] = in_->block.nodes[i].uses;
    accesses_.clear();
    slow_exits_.clear();
    reserved_ = 0;
    exits_.clear();
    pending_links_.clear();
    deferred_ = ir::kNoRef;
    dirty_ = false;
    after_ = {};
    entry_ = a.newLabel();
    undo_ = a.newLabel();
    a.bind(entry_);
    const auto n = static_cast<int>(in_->block.insns.size());
    if (in_->block.uses_float) {
      a.cmp(at(offsetof(Hart, float_off), 1), 0);
      a.jne(undo_float_ = a.newLabel());
      a.cmp(at(offsetof(Hart, csr) + offsetof(riscv::Csrs, frm), 1), 0);
      a.jne(undo_float_);
    }
    a.sub(kBudget, n);
    a.js(undo_);
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
      return kTemps[t];
    }
    throw TooComplex{node_of(current_).insn};
  }
  // This temporary, its value moved elsewhere if somebody still wants it.
  void take(unsigned t) {
    const Ref v = temp_[t];
    locked_ |= 1u << t;
    temp_[t] = ir::kNoRef;
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

  // Where the result of the current node goes: the register that the next node sets, if that is free to be written now.
  Gp result_register() {
    const auto& nodes = in_->block.nodes;
    const Ref self = current_;
    if (self + 1u < nodes.size()) {
      const Node& next = nodes[self + 1];
      if (next.op == Op::set_x && next.in[0] == self) {
        const Gp host = host_register(next.reg);
        if (host.isValid() && may_overwrite(next.reg)) return host;
      }
    }
    for (unsigned k = 0; k < node_of(self).row().inputs; ++k)
      if (const unsigned t = temp_of(node_of(self).in[k]); t < kTemps.size() && (dies_here(temp_[t]) || is_elsewhere(temp_[t])))
        return kTemps[t];
    return take_temp();
  }
  bool dies_here(Ref value) const {
    return remaining_[value] == uses_in(current_, value) + (deferred_ == ir::kNoRef ? 0 : uses_in(deferred_, value));
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
    unsigned count = 0;
    for (unsigned k = 0; k < node_of(n).row().inputs; ++k) count += node_of(n).in[k] == value;
    return count;
  }

  // The current node's value is now in `r`.
  void give(const Gp& r) {
    for (unsigned t = 0; t < kTemps.size(); ++t)
      if (kTemps[t].id() == r.id()) {
        temp_[t] = current_;
        return;
      }
    const Node& next = in_->block.nodes[current_ + 1];
    home_[next.reg] = current_;
    where_[current_] = next.reg;
  }

  void used(const Node& n) {
    for (unsigned k = 0; k < n.row().inputs; ++k) {
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
    if (after_.isValid()) a.bind(after_);
    after_ = {};
  }
  Label after_instruction() {
    if (!after_.isValid()) after_ = a.newLabel();
    return after_;
  }

  // --- The walk
  void node(const Node& n) {
    switch (n.op) {
      case Op::constant: return;
      case Op::get_x:
        home_[n.reg] = current_;
        where_[current_] = n.reg;
        return;
      case Op::set_x: return set_x(n);
      case Op::add: return defer_to_sext(n) ? void() : emit_add(n, 8);
      case Op::sub: return defer_to_sext(n) ? void() : emit_sub(n, 8);
      case Op::mul: return defer_to_sext(n) ? void() : emit_mul(n, 8);
      case Op::and_: return emit_alu(n, Inst::kIdAnd, n, 8, true);
      case Op::or_: return emit_alu(n, Inst::kIdOr, n, 8, true);
      case Op::xor_: return emit_alu(n, Inst::kIdXor, n, 8, true);
      case Op::not_: return emit_in_place(n, [&](const Gp& r) { a.not_(r); });
      case Op::bswap: return emit_in_place(n, [&](const Gp& r) { a.bswap(r); });
      case Op::shl: return emit_shift(n, Inst::kIdShl, Inst::kIdShlx, 8);
      case Op::shr: return emit_shift(n, Inst::kIdShr, Inst::kIdShrx, 8);
      case Op::sar: return emit_shift(n, Inst::kIdSar, Inst::kIdSarx, 8);
      case Op::rotr: return emit_shift(n, Inst::kIdRor, Inst::kIdNone, 8);
      case Op::shlw: return emit_shift(n, Inst::kIdShl, Inst::kIdShlx, 4);
      case Op::shrw: return emit_shift(n, Inst::kIdShr, Inst::kIdShrx, 4);
      case Op::sarw: return emit_shift(n, Inst::kIdSar, Inst::kIdSarx, 4);
      case Op::rotrw: return emit_shift(n, Inst::kIdRor, Inst::kIdNone, 4);
      case Op::sext8: return emit_extend(n, 1, true);
      case Op::sext16: return emit_extend(n, 2, true);
      case Op::sext32: return emit_sext32(n);
      case Op::zext8: return emit_extend(n, 1, false);
      case Op::zext16: return emit_extend(n, 2, false);
      case Op::zext32: return emit_extend(n, 4, false);
      case Op::eq:
      case Op::ne:
      case Op::lt:
      case Op::ge:
      case Op::ltu:
      case Op::geu: return emit_comparison(n);
      case Op::select: return emit_select(n);
      case Op::mulh: return emit_wide_mul(n, true);
      case Op::mulhu: return emit_wide_mul(n, false);
      case Op::mulhsu: return emit_mulhsu(n);
      case Op::div: return emit_division(n, {.is_signed = true, .width = 8, .remainder = false});
      case Op::divu: return emit_division(n, {.is_signed = false, .width = 8, .remainder = false});
      case Op::rem: return emit_division(n, {.is_signed = true, .width = 8, .remainder = true});
      case Op::remu: return emit_division(n, {.is_signed = false, .width = 8, .remainder = true});
      case Op::divw: return emit_division(n, {.is_signed = true, .width = 4, .remainder = false});
      case Op::divuw: return emit_division(n, {.is_signed = false, .width = 4, .remainder = false});
      case Op::remw: return emit_division(n, {.is_signed = true, .width = 4, .remainder = true});
      case Op::remuw: return emit_division(n, {.is_signed = false, .width = 4, .remainder = true});
      case Op::clz: return emit_count(n, Inst::kIdLzcnt, 8);
      case Op::ctz: return emit_count(n, Inst::kIdTzcnt, 8);
      case Op::cpop: return emit_count(n, Inst::kIdPopcnt, 8);
      case Op::clz32: return emit_count(n, Inst::kIdLzcnt, 4);
      case Op::ctz32: return emit_count(n, Inst::kIdTzcnt, 4);
      case Op::load: return emit_load(n);
      case Op::store: return emit_store(n);
      case Op::amo_load: return emit_amo_load(n);
      case Op::amo_store: return emit_amo_store(n);
      case Op::load_reserved: return emit_load_reserved(n);
      case Op::store_conditional: return emit_store_conditional(n);
      case Op::get_csr: return emit_get_csr(n);
      case Op::set_csr: return emit_set_csr(n);
      case Op::get_fflags: return emit_get_fflags(n);
      case Op::set_fflags: return emit_set_fflags(n);
      case Op::get_f: return emit_get_f(n);
      case Op::set_f: return emit_set_f(n);
      case Op::float_op: return emit_float(n);
      case Op::helper: return emit_helper(n);
      case Op::exit_if: return emit_exit_if(n);
      case Op::jump: return end_instruction(), emit_jump(static_cast<uint64_t>(n.imm));
      case Op::jump_to: return emit_jump_to(n);
      case Op::kCount: break;
    }
    VT_ASSERT(false, "a node that cannot be lowered");
  }

  // --- Integer operations. `width` 4: the low half is computed, and sign-extended.
  static Gp sized(const Gp& r, unsigned width) { return width == 4 ? r.r32() : r; }
  static Mem sized(Mem m, unsigned width) {
    m.setSize(width);
    return m;
  }
  void load_sized(const Gp& to, const Place& p, unsigned width) {
    if (width == 8) return load(to, p);
    if (p.kind == Place::kReg) {
      if (p.reg.id() != to.id()) a.mov(to.r32(), p.reg.r32());
    } else if (p.kind == Place::kMem) {
      a.mov(to.r32(), sized(p.mem, 4));
    } else {
      a.mov(to.r32(), static_cast<uint32_t>(p.imm));
    }
  }
  void finish(const Gp& result, unsigned width) {
    if (width == 4) a.movsxd(result, result.r32());
  }
  template <typename Id>
  void emit_with(Id id, const Gp& to, const Place& b, unsigned width) {
    if (b.kind == Place::kReg)
      a.emit(id, sized(to, width), sized(b.reg, width));
    else if (b.kind == Place::kMem)
      a.emit(id, sized(to, width), sized(b.mem, width));
    else
      a.emit(id, sized(to, width), Imm(width == 4 ? static_cast<int32_t>(b.imm) : b.imm));
  }

  // sext32(add(a, b)) is one 32-bit operation: `add` waits for its extension, which is the next node.
  bool defer_to_sext(const Node& n) {
    const auto& nodes = in_->block.nodes;
    if (n.uses != 1 || current_ + 1u >= nodes.size()) return false;
    const Node& next = nodes[current_ + 1];
    if (next.op != Op::sext32 || next.in[0] != current_) return false;
    deferred_ = current_;
    return true;
  }
  void emit_sext32(const Node& n) {
    if (deferred_ == ir::kNoRef) return emit_extend(n, 4, true);
    const Node& inner = node_of(deferred_);
    VT_ASSERT(can_be_narrow(inner.op), "an operation was deferred that has no 32-bit form");
    if (inner.op == Op::add) return emit_add(inner, 4);
    if (inner.op == Op::sub) return emit_sub(inner, 4);
    return emit_mul(inner, 4);
  }

  // to = p op q
  void emit_alu(const Node& n, uint32_t id, const Node& operands, unsigned width, bool commutative) {
    Place p = place_of(operands.in[0]);
    lock(p);
    Place q = operand(operands.in[1]);
    if (commutative && p.kind == Place::kImm) std::swap(p, q);
    const Gp to = result_register();
    if (q.is(to) && !p.is(to)) {
      if (commutative) {
        std::swap(p, q);
      } else {
        const Gp temp = take_temp();
        load_sized(temp, p, width);
        emit_with(id, temp, q, width);
        if (width == 4)
          a.movsxd(to, temp.r32());
        else
          a.mov(to, temp);
        give(to);
        return done(n);
      }
    }
    load_sized(to, p, width);
    emit_with(id, to, q, width);
    finish(to, width);
    give(to);
    done(n);
  }

  void emit_add(const Node& operands, unsigned width) {
    const Node& n = node_of(current_);
    const Place p = place_of(operands.in[0]);
    lock(p);
    const Place q = operand(operands.in[1]);
    if (p.kind == Place::kReg && q.kind != Place::kMem) {
      const Gp to = result_register();
      if (!p.is(to) && !q.is(to)) {
        if (q.kind == Place::kReg)
          a.lea(sized(to, width), a86::ptr(p.reg, q.reg));
        else
          a.lea(sized(to, width), a86::ptr(p.reg, static_cast<int32_t>(q.imm)));
        finish(to, width);
        give(to);
        return done(n);
      }
      if (p.is(to)) {
        emit_with(Inst::kIdAdd, to, q, width);
      } else {
        emit_with(Inst::kIdAdd, to, p, width);
      }
      finish(to, width);
      give(to);
      return done(n);
    }
    emit_alu(n, Inst::kIdAdd, operands, width, true);
  }
  void emit_sub(const Node& operands, unsigned width) { emit_alu(node_of(current_), Inst::kIdSub, operands, width, false); }

  void emit_mul(const Node& operands, unsigned width) {
    const Node& n = node_of(current_);
    const Place q = operand(operands.in[1]);
    if (q.kind == Place::kImm) {
      const Place p = place_of(operands.in[0]);
      lock(p);
      const Gp from = p.kind == Place::kReg ? p.reg : move_to_temp(p);
      const Gp to = result_register();
      a.imul(sized(to, width), sized(from, width), Imm(static_cast<int32_t>(q.imm)));
      finish(to, width);
      give(to);
      return done(n);
    }
    emit_alu(n, Inst::kIdImul, operands, width, true);
  }

  template <typename Change>
  void emit_in_place(const Node& n, Change change) {
    const Place p = place_of(n.in[0]);
    lock(p);
    const Gp to = result_register();
    load(to, p);
    change(to);
    give(to);
    done(n);
  }

  void emit_extend(const Node& n, unsigned bytes, bool is_signed) {
    const Place p = place_of(n.in[0]);
    lock(p);
    const Gp to = result_register();
    if (p.kind == Place::kImm)
      load(to, p);
    extend(to, p, bytes, is_signed);
    give(to);
    done(n);
  }
  void extend(const Gp& to, const Place& p, unsigned bytes, bool is_signed) {
    if (p.kind == Place::kMem) return load_extended(to, p.mem, bytes, is_signed);
    const Gp from = p.kind == Place::kReg ? p.reg : to;
    if (bytes == 1) is_signed ? a.movsx(to, from.r8()) : a.movzx(to.r32(), from.r8());
    if (bytes == 2) is_signed ? a.movsx(to, from.r16()) : a.movzx(to.r32(), from.r16());
    if (bytes == 4) is_signed ? a.movsxd(to, from.r32()) : a.mov(to.r32(), from.r32());
  }
  void load_extended(const Gp& to, Mem m, unsigned bytes, bool is_signed) {
    m.setSize(bytes);
    if (bytes == 8) {
      a.mov(to, m);
    } else if (bytes == 4) {
      is_signed ? a.movsxd(to, m) : a.mov(to.r32(), m);
    } else {
      is_signed ? a.movsx(to, m) : a.movzx(to.r32(), m);
    }
  }

  void emit_shift(const Node& n, uint32_t id, uint32_t id_any, unsigned width) {
    const Place by = place_of(n.in[1]);
    const Place p = place_of(n.in[0]);
    lock(p);
    lock(by);
    if (by.kind == Place::kImm) {
      const auto amount = static_cast<int>(by.imm & (8 * width - 1));
      const Gp to = result_register();
      load_sized(to, p, width);
      if (amount != 0) a.emit(id, sized(to, width), Imm(amount));
      finish(to, width);
      give(to);
      return done(n);
    }
    if (host_.bmi2 && id_any != Inst::kIdNone) {
      const Gp amount = by.kind == Place::kReg ? by.reg : move_to_temp(by);
      const Place from = p.kind == Place::kImm ? Place{Place::kReg, move_to_temp(p), {}} : p;
      const Gp to = result_register();
      if (from.kind == Place::kReg)
        a.emit(id_any, sized(to, width), sized(from.reg, width), sized(amount, width));
      else
        a.emit(id_any, sized(to, width), sized(from.mem, width), sized(amount, width));
      finish(to, width);
      give(to);
      return done(n);
    }
    // The amount must be in cl.
    Place from = p;
    if (from.is(a86::rcx)) from = {Place::kReg, move_to_temp(p), {}};
    if (!by.is(a86::rcx)) {
      take_rcx();
      load(a86::rcx, by);
    }
    const Gp temp = take_temp();
    load_sized(temp, from, width);
    a.emit(id, sized(temp, width), a86::cl);
    finish(temp, width);
    give(temp);
    done(n);
  }
  // rcx, which the current node has not named as an operand.
  void take_rcx() {
    if (locked_ >> kRcx & 1) return;
    take(kRcx);
  }

  // --- Comparisons: flags for a branch or a select that follows at once, a number otherwise
  a86::CondCode compare(const Node& n) {
    Place p = place_of(n.in[0]);
    lock(p);
    Place q = operand(n.in[1]);
    bool swapped = false;
    if (p.kind == Place::kImm || (p.kind == Place::kMem && q.kind == Place::kReg)) {
      if (p.kind == Place::kImm && !fits_32(p.imm)) {
        p = {Place::kReg, move_to_temp(p), {}};
      } else {
        std::swap(p, q);
        swapped = true;
      }
    }
    if (p.kind == Place::kImm || (p.kind == Place::kMem && q.kind == Place::kMem)) p = {Place::kReg, move_to_temp(p), {}};
    const bool zero = q.kind == Place::kImm && q.imm == 0;
    if (zero && p.kind == Place::kReg)
      a.test(p.reg, p.reg);
    else if (p.kind == Place::kMem)
      q.kind == Place::kImm ? a.cmp(p.mem, Imm(q.imm)) : a.cmp(p.mem, q.reg);
    else if (q.kind == Place::kMem)
      a.cmp(p.reg, q.mem);
    else
      q.kind == Place::kImm ? a.cmp(p.reg, Imm(q.imm)) : a.cmp(p.reg, q.reg);
    return swapped ? conditions_of(n.op).swapped : conditions_of(n.op).direct;
  }

  bool used_by_next_as_condition(const Node& n) const {
    const auto& nodes = in_->block.nodes;
    if (n.uses != 1 || current_ + 1u >= nodes.size()) return false;
    const Node& next = nodes[current_ + 1];
    return (next.op == Op::exit_if || next.op == Op::select) && next.in[0] == current_;
  }
  void emit_comparison(const Node& n) {
    if (used_by_next_as_condition(n)) {
      deferred_ = current_;
      return;
    }
    const a86::CondCode condition = compare(n);
    const Gp temp = free_of_flags();
    a.set(condition, temp.r8());
    a.movzx(temp.r32(), temp.r8());
    const Gp to = result_register_or(temp);
    if (to.id() != temp.id()) a.mov(to, temp);
    give(to);
    done(n);
  }
  Gp free_of_flags() { return take_temp(); }
  Gp result_register_or(const Gp& temp) {
    const auto& nodes = in_->block.nodes;
    const Node& next = nodes[current_ + 1];
    if (next.op == Op::set_x && next.in[0] == current_)
      if (const Gp host = host_register(next.reg); host.isValid() && may_overwrite(next.reg)) return host;
    return temp;
  }

  // Flags for the value of a condition: of a deferred comparison, or against 0.
  a86::CondCode condition(Ref v) {
    if (deferred_ == v) return compare(node_of(v));
    const Gp r = in_register(v);
    a.test(r, r);
    return a86::CondCode::kNE;
  }

  void emit_select(const Node& n) {
    const a86::CondCode taken = condition(n.in[0]);
    // Operands of the comparison are read: their temporaries may be used again, those of the choices not.
    const Place yes = place_of(n.in[1]), no = place_of(n.in[2]);
    locked_ = reserved_;
    lock(yes);
    lock(no);
    const bool in_place = no.kind == Place::kReg && temp_of(n.in[2]) < kTemps.size() && dies_here(n.in[2]);
    const Gp temp = in_place ? no.reg : take_temp();
    load(temp, no);
    if (yes.kind == Place::kMem)
      a.cmov(taken, temp, yes.mem);
    else
      a.cmov(taken, temp, yes.kind == Place::kReg ? yes.reg : move_to_temp(yes));
    give(temp);
    done(n);
  }

  // --- Products and quotients: rax and rdx are the host's
  void take_rax_rdx() {
    take(0);
    take(1);
  }
  // The operand in a register that is neither rax nor rdx, or in memory.
  Place beside_rax_rdx(const Place& p) {
    if (p.kind == Place::kMem || (p.kind == Place::kReg && !p.is(a86::rax) && !p.is(a86::rdx))) return p;
    load(a86::rcx, p);
    return {Place::kReg, a86::rcx, {}};
  }

  void emit_wide_mul(const Node& n, bool is_signed) {
    take_all_temps(n);
    const Place p = place_of_saved(n.in[0]), q = place_of_saved(n.in[1]);
    const Place by = beside_rax_rdx(q);
    load(a86::rax, p);
    if (by.kind == Place::kReg)
      is_signed ? a.imul(by.reg) : a.mul(by.reg);
    else
      is_signed ? a.imul(by.mem) : a.mul(by.mem);
    release_temps();
    give(a86::rdx);
    done(n);
  }
  // a_signed * b_unsigned = a_unsigned * b_unsigned - (a < 0 ? b << 64 : 0)
  void emit_mulhsu(const Node& n) {
    take_all_temps(n);
    const Place p = place_of_saved(n.in[0]), q = place_of_saved(n.in[1]);
    const Place by = beside_rax_rdx(q);
    load(a86::rax, p);
    if (by.kind == Place::kReg)
      a.mul(by.reg);
    else
      a.mul(by.mem);
    load(a86::rax, p);
    a.sar(a86::rax, 63);
    if (by.kind == Place::kReg)
      a.and_(a86::rax, by.reg);
    else
      a.and_(a86::rax, by.mem);
    a.sub(a86::rdx, a86::rax);
    release_temps();
    give(a86::rdx);
    done(n);
  }
  // Operands that are only in temporaries would be overwritten: they are put aside in the hart.
  void take_all_temps(const Node& n) {
    saved_ = {ir::kNoRef, ir::kNoRef};
    for (unsigned k = 0; k < 2; ++k) {
      const unsigned t = temp_of(n.in[k]);
      if (t == kTemps.size()) continue;
      a.mov(at(offsetof(Hart, scratch) + 8 * k), kTemps[t]);
      saved_[k] = n.in[k];
    }
    locked_ = 7;
  }
  Place place_of_saved(Ref v) {
    for (unsigned k = 0; k < 2; ++k)
      if (saved_[k] == v) return {Place::kMem, {}, at(offsetof(Hart, scratch) + 8 * k)};
    return place_of(v);
  }
  void release_temps() { temp_.fill(ir::kNoRef); }

  struct Division {
    bool is_signed;
    unsigned width;
    bool remainder;
  };
  // Unprivileged spec 13.2: x / 0 = -1, x mod 0 = x; INT_MIN / -1 = INT_MIN, its remainder 0. The host would fault.
  void emit_division(const Node& n, const Division& how) {
    take_all_temps(n);
    const Place p = place_of_saved(n.in[0]), q = place_of_saved(n.in[1]);
    const Label zero = a.newLabel(), minus_one = a.newLabel(), end = a.newLabel();
    const Gp rax = sized(a86::rax, how.width), rdx = sized(a86::rdx, how.width), rcx = sized(a86::rcx, how.width);
    load(a86::rcx, q);
    load(a86::rax, p);
    a.test(rcx, rcx);
    a.jz(zero);
    if (how.is_signed) {
      a.cmp(rcx, -1);
      a.je(minus_one);
      how.width == 8 ? a.cqo() : a.cdq();
      a.idiv(rcx);
    } else {
      a.xor_(a86::edx, a86::edx);
      a.div(rcx);
    }
    a.jmp(end);
    if (how.is_signed) {
      a.bind(minus_one);
      how.remainder ? a.xor_(a86::edx, a86::edx) : a.neg(rax);
      a.jmp(end);
    }
    a.bind(zero);
    how.remainder ? a.mov(rdx, rax) : a.mov(a86::rax, -1);
    a.bind(end);
    const Gp result = how.remainder ? a86::rdx : a86::rax;
    finish(result, how.width);
    release_temps();
    give(result);
    done(n);
  }

  void emit_count(const Node& n, uint32_t id, unsigned width) {
    const Place p = place_of(n.in[0]);
    lock(p);
    const Place from = p.kind == Place::kImm ? Place{Place::kReg, move_to_temp(p), {}} : p;
    const Gp to = result_register();
    if (from.kind == Place::kReg)
      a.emit(id, sized(to, width), sized(from.reg, width));
    else
      a.emit(id, sized(to, width), sized(from.mem, width));
    give(to);
    done(n);
  }

  // --- Memory
  // A jump to the slow path from inside an instruction.
  struct SlowExit {
    Label label, after;
    uint32_t site;
  };
  struct Access {
    Label cold, found, after;
    Gp base;
    int32_t offset;
    uint32_t site;
    unsigned log_width;
    bool write;
  };

  uint32_t new_site(const Node& n) {
    const ir::Instruction& insn = in_->block.insns[n.insn];
    const uint16_t op = insn.crosses_page ? Site::kFetch : static_cast<uint16_t>(insn.insn.op);
    out_->sites.push_back({insn.pc, riscv::operands_of(insn.insn), op,
                           static_cast<uint16_t>(in_->block.insns.size() - n.insn)});
    return in_->first_site + static_cast<uint32_t>(out_->sites.size() - 1);
  }

  // Emits the prediction; afterwards rcx + the returned place is the host's address of the bytes.
  Mem emit_prediction(const Node& n, bool write) {
    const Gp base = in_register(n.in[0]);
    take_rcx();
    const auto offset = static_cast<int32_t>(n.imm);
    unsigned log_width = 0;
    while (1u << log_width < n.width) ++log_width;
    const Access access{a.newLabel(), a.newLabel(), after_instruction(), base, offset, new_site(n), log_width, write};
    const SlotOffsets slot = slot_offsets(in_->set, write, access.site % core::kPredictions);
    if (offset == 0)
      a.mov(a86::rcx, base);
    else
      a.lea(a86::rcx, a86::ptr(base, offset));
    a.sub(a86::rcx, at(slot.start));
    a.cmp(a86::rcx, at(slot.length));
    a.jae(access.cold);
    a.mov(a86::rcx, at(slot.addend));
    a.bind(access.found);
    accesses_.push_back(access);
    return Mem(a86::rcx, base, 0, offset, n.width);
  }

  void emit_load(const Node& n) {
    const Mem m = emit_prediction(n, false);
    const Gp to = result_register_or(a86::rcx);
    load_extended(to, m, n.width, n.is_signed);
    give(to);
    done(n);
  }

  void emit_store(const Node& n) {
    const Place value = place_of(n.in[1]);
    lock(value);
    const bool constant = value.kind == Place::kImm && fits_32(value.imm);
    Gp from;
    if (!constant) from = value.kind == Place::kReg ? value.reg : move_to_temp(value);
    if (from.isValid() && from.id() == a86::rcx.id()) {
      from = take_temp();
      a.mov(from, a86::rcx);
      locked_ &= ~(1u << kRcx);
      temp_[kRcx] = ir::kNoRef;
    }
    const Mem m = emit_prediction(n, true);
    if (constant)
      a.mov(m, Imm(n.width == 8 ? value.imm : n.width == 4 ? static_cast<int32_t>(value.imm)
                                          : n.width == 2   ? static_cast<int16_t>(value.imm)
                                                           : static_cast<int8_t>(value.imm)));
    else if (n.width == 8)
      a.mov(m, from);
    else if (n.width == 4)
      a.mov(m, from.r32());
    else if (n.width == 2)
      a.mov(m, from.r16());
    else
      a.mov(m, from.r8());
    done(n);
  }

  // --- Atomics
  // Misaligned ones trap: the whole instruction is the slow path's.
  void emit_alignment(const Node& n, const Gp& address, const SlowExit& slow) {
    a.test(address.r8(), n.width - 1);
    a.jnz(slow.label);
  }
  SlowExit new_slow_exit(const Node& n) {
    const SlowExit slow{a.newLabel(), after_instruction(), new_site(n)};
    slow_exits_.push_back(slow);
    return slow;
  }
  // rcx: host's address of the bytes at a node's address, which is aligned.
  void emit_aligned_address(const Node& n, bool write, const SlowExit& slow) {
    const Gp base = in_register(n.in[0]);
    emit_alignment(n, base, slow);
    a.lea(a86::rcx, emit_prediction(n, write));
  }
  static Mem at_rcx(unsigned width) { return Mem(a86::rcx, 0, width); }

  void emit_amo_load(const Node& n) {
    emit_aligned_address(n, true, new_slow_exit(n));
    done(n);
    locked_ = reserved_ = 1u << kRcx;
    const Gp to = take_temp();
    load_extended(to, at_rcx(n.width), n.width, true);
    give(to);
  }
  void emit_amo_store(const Node& n) {
    const Gp from = in_register(n.in[0]);
    a.mov(at_rcx(n.width), sized(from, n.width));
    reserved_ = 0;
    done(n);
  }
  static Mem reservation(size_t field, unsigned size) { return at(offsetof(Hart, reservation) + field, size); }

  void emit_load_reserved(const Node& n) {
    emit_aligned_address(n, false, new_slow_exit(n));
    done(n);
    locked_ = 1u << kRcx;
    const Gp to = take_temp();
    load_extended(to, at_rcx(n.width), n.width, true);
    emit_physical();
    a.mov(reservation(offsetof(riscv::Reservation, at), 8), a86::rcx);
    a.mov(reservation(offsetof(riscv::Reservation, valid), 1), Imm(1));
    a.mov(reservation(offsetof(riscv::Reservation, width), 1), Imm(n.width));
    give(to);
  }
  // rcx, a host address, becomes the guest-physical one.
  void emit_physical() {
    const Gp temp = take_temp();
    a.mov(temp, Imm(static_cast<int64_t>(in_->physical_addend)));
    a.add(a86::rcx, temp);
    locked_ &= ~(1u << index_of(temp));
  }
  // One that fails also ends the turn: that is left to the slow path, before anything has changed.
  void emit_store_conditional(const Node& n) {
    const SlowExit slow = new_slow_exit(n);
    a.cmp(reservation(offsetof(riscv::Reservation, valid), 1), Imm(1));
    a.jne(slow.label);
    a.cmp(reservation(offsetof(riscv::Reservation, width), 1), Imm(n.width));
    a.jne(slow.label);
    emit_aligned_address(n, true, slow);
    locked_ = 1u << kRcx;
    emit_physical();
    a.cmp(a86::rcx, reservation(offsetof(riscv::Reservation, at), 8));
    a.jne(slow.label);
    emit_host_address();
    const Place value = place_of(n.in[1]);
    lock(value);
    const Gp from = value.kind == Place::kReg ? value.reg : move_to_temp(value);
    a.mov(at_rcx(n.width), sized_any(from, n.width));
    a.mov(reservation(offsetof(riscv::Reservation, valid), 1), Imm(0));
    locked_ = 0;
    const Gp to = result_register_or(take_temp());
    a.mov(to.r32(), 0);
    give(to);
    done(n);
  }
  void emit_host_address() {
    const Gp temp = take_temp();
    a.mov(temp, Imm(static_cast<int64_t>(in_->physical_addend)));
    a.sub(a86::rcx, temp);
    locked_ &= ~(1u << index_of(temp));
  }
  static Gp sized_any(const Gp& r, unsigned width) { return sized(r, width); }

  // --- CSRs
  size_t csr_offset(const Node& n) const {
    const PlainCsr* const row = plain_csr(static_cast<unsigned>(n.imm), riscv::Privilege::kMachine);
    VT_ASSERT(row != nullptr, "a CSR that is no plain word of the hart");
    return row->offset;
  }
  void emit_get_csr(const Node& n) {
    const Gp to = result_register();
    a.mov(to, at(csr_offset(n)));
    give(to);
    done(n);
  }
  void emit_set_csr(const Node& n) {
    a.mov(at(csr_offset(n)), in_register(n.in[0]));
    done(n);
  }
  static Mem fflags() { return at(offsetof(Hart, csr) + offsetof(riscv::Csrs, fflags), 1); }

  void emit_get_fflags(const Node& n) {
    const Gp value = take_temp(), table = take_temp();
    a.stmxcsr(at(offsetof(Hart, scratch), 4));
    a.mov(value.r32(), at(offsetof(Hart, scratch), 4));
    a.and_(value.r32(), 0x3f);
    a.mov(table, reinterpret_cast<uint64_t>(thunks_.fflags_of_mxcsr));
    a.movzx(value.r32(), a86::byte_ptr(table, value));
    a.movzx(table.r32(), fflags());
    a.or_(value.r32(), table.r32());
    give(value);
    done(n);
  }
  void emit_set_fflags(const Node& n) {
    a.mov(fflags(), in_register(n.in[0]).r8());
    const Gp table = take_temp();
    a.mov(table, reinterpret_cast<uint64_t>(thunks_.fflags_of_mxcsr + kCleanMxcsr));
    a.ldmxcsr(a86::dword_ptr(table));
    make_dirty();
    done(n);
  }

  // --- Control
  struct Exit {
    Label label;
    uint64_t target;
    unsigned unused;  // instructions that were paid for and do not run
  };
  struct PendingLink {
    uint16_t target;
    Label after;
  };

  void emit_helper(const Node& n) {
    const uint32_t site = new_site(n);
    a.mov(at(offsetof(Hart, site), 4), site);
    a.call(reinterpret_cast<uint64_t>(thunks_.slow));
    home_.fill(ir::kNoRef);
  }

  void emit_exit_if(const Node& n) {
    const a86::CondCode taken = condition(n.in[0]);
    const Exit exit{a.newLabel(), static_cast<uint64_t>(n.imm),
                    static_cast<unsigned>(in_->block.insns.size() - 1 - n.insn)};
    a.j(taken, exit.label);
    exits_.push_back(exit);
    done(n);
  }

  uint64_t page_address() const { return in_->block.insns[0].pc & core::kPageMask; }

  // To a block of this page: directly, if it is there; otherwise to where hart.pc is set, until somebody makes it.
  void emit_jump(uint64_t target) {
    if ((target & core::kPageMask) != page_address()) return emit_far_jump(target);
    const auto offset = static_cast<uint16_t>(target - page_address());
    if (target == in_->block.insns[0].pc) {
      a.jmp(entry_);
      return;
    }
    if (const uint32_t code = in_->entries[offset / 2]) {
      a.jmp(reinterpret_cast<uint64_t>(memory_.base() + code));
      return;
    }
    const Label missing = a.newLabel(), after = a.newLabel();
    a.long_().jmp(missing);
    a.bind(after);
    a.bind(missing);
    set_pc(target);
    a.jmp(reinterpret_cast<uint64_t>(thunks_.leave));
    pending_links_.push_back({offset, after});
  }

  void set_pc(uint64_t pc) {
    if (fits_32(static_cast<int64_t>(pc))) {
      a.mov(at(offsetof(Hart, pc)), Imm(static_cast<int64_t>(pc)));
      return;
    }
    load_constant(a86::rax, static_cast<int64_t>(pc));
    a.mov(at(offsetof(Hart, pc)), a86::rax);
  }

  static constexpr int32_t code_entry(uint64_t page) {
    return static_cast<int32_t>(offsetof(core::View, code) + (page >> core::kPageShift) % core::kCodeEntries * sizeof(core::CodeEntry));
  }

  // To another page: through the View, so that the jump is right whatever the guest did to its page tables.
  void emit_far_jump(uint64_t target) {
    const uint64_t page = target & core::kPageMask;
    const int32_t entry = code_entry(page);
    const Label miss = a.newLabel();
    a.mov(a86::rcx, at(offsetof(Hart, code_view)));
    if (fits_32(static_cast<int64_t>(page))) {
      a.cmp(a86::qword_ptr(a86::rcx, entry), Imm(static_cast<int64_t>(page)));
    } else {
      load_constant(a86::rax, static_cast<int64_t>(page));
      a.cmp(a86::qword_ptr(a86::rcx, entry), a86::rax);
    }
    a.jne(miss);
    a.mov(a86::rax, a86::qword_ptr(a86::rcx, entry + static_cast<int32_t>(offsetof(core::CodeEntry, translated))));
    a.test(a86::rax, a86::rax);
    a.jz(miss);
    a.mov(a86::eax, a86::dword_ptr(a86::rax, static_cast<int32_t>((target - page) * 2)));
    a.test(a86::eax, a86::eax);
    a.jz(miss);
    a.add(a86::rax, at(offsetof(Hart, code_base)));
    a.jmp(a86::rax);
    a.bind(miss);
    set_pc(target);
    a.jmp(reinterpret_cast<uint64_t>(thunks_.leave));
  }

  void emit_jump_to(const Node& n) {
    const Place target = place_of(n.in[0]);
    load(a86::rdx, target);
    done(n);
    const Label miss = a.newLabel();
    constexpr auto kCode = static_cast<int32_t>(offsetof(core::View, code));
    static_assert(sizeof(core::CodeEntry) == 32);
    a.mov(a86::eax, a86::edx);
    a.shr(a86::eax, core::kPageShift);
    a.and_(a86::eax, core::kCodeEntries - 1);
    a.shl(a86::eax, 5);
    a.add(a86::rax, at(offsetof(Hart, code_view)));
    a.mov(a86::rcx, a86::rdx);
    a.and_(a86::rcx, Imm(static_cast<int64_t>(core::kPageMask)));
    a.cmp(a86::rcx, a86::qword_ptr(a86::rax, kCode));
    a.jne(miss);
    a.mov(a86::rax, a86::qword_ptr(a86::rax, kCode + static_cast<int32_t>(offsetof(core::CodeEntry, translated))));
    a.test(a86::rax, a86::rax);
    a.jz(miss);
    a.mov(a86::ecx, a86::edx);
    a.and_(a86::ecx, 0xffe);
    a.mov(a86::eax, a86::dword_ptr(a86::rax, a86::rcx, 1));
    a.add(a86::rax, at(offsetof(Hart, code_base)));
    a.jmp(a86::rax);
    a.bind(miss);
    a.mov(at(offsetof(Hart, pc)), a86::rdx);
    a.jmp(reinterpret_cast<uint64_t>(thunks_.leave));
  }

  void emit_cold() {
    for (const Access& access : accesses_) {
      a.bind(access.cold);
      a.mov(at(offsetof(Hart, site), 4), access.site);
      a.lea(a86::rcx, a86::ptr(access.base, access.offset));
      a.call(reinterpret_cast<uint64_t>(thunks_.lookup[in_->set][access.log_width][access.write]));
      a.long_().jmp(access.found);
      a.jmp(access.after);
    }
    for (const SlowExit& slow : slow_exits_) {
      a.bind(slow.label);
      a.mov(at(offsetof(Hart, site), 4), slow.site);
      a.call(reinterpret_cast<uint64_t>(thunks_.slow));
      a.jmp(slow.after);
    }
    for (size_t i = 0; i < exits_.size(); ++i) {
      const Exit exit = exits_[i];
      a.bind(exit.label);
      if (exit.unused != 0) a.add(kBudget, static_cast<int>(exit.unused));
      emit_jump(exit.target);
    }
    const uint64_t pc = in_->block.insns[0].pc;
    a.bind(undo_);
    a.add(kBudget, static_cast<int>(in_->block.insns.size()));
    if (in_->block.uses_float) a.bind(undo_float_);
    set_pc(pc);
    a.jmp(reinterpret_cast<uint64_t>(thunks_.leave));
  }

  // --- Floating point
  static Mem f_at(unsigned r, unsigned size = 8, unsigned offset = 0) { return at(offsetof(Hart, f) + 8 * r + offset, size); }

  void emit_get_f(const Node& n) {
    const Gp to = result_register();
    a.mov(to, f_at(n.reg));
    give(to);
    done(n);
  }
  void emit_set_f(const Node& n) {
    const Gp from = in_register(n.in[0]);
    if (n.width == 8) {
      a.mov(f_at(n.reg), from);
    } else if (n.width == 4) {
      a.mov(f_at(n.reg, 4), from.r32());
      a.mov(f_at(n.reg, 4, 4), Imm(-1));
    } else {
      a.mov(f_at(n.reg, 2), from.r16());
      a.mov(f_at(n.reg, 2, 2), Imm(-1));
      a.mov(f_at(n.reg, 4, 4), Imm(-1));
    }
    make_dirty();
    done(n);
  }
  // FS = Dirty, once a block: nothing in a block makes it less.
  void make_dirty() {
    if (dirty_) return;
    a.or_(at(offsetof(Hart, csr) + offsetof(riscv::Csrs, mstatus), 4), Imm(static_cast<int64_t>(riscv::mstatus::kFs)));
    dirty_ = true;
  }
  void emit_float(const Node& n) {
    const SlowExit slow = new_slow_exit(n);
    const riscv::Insn& insn = in_->block.insns[n.insn].insn;
    const unsigned x = lower_float(a, insn, slow.label);
    if (x != 0) home_[x] = ir::kNoRef;
    make_dirty();
  }

  const x86::CodeMemory& memory_;
  const Thunks& thunks_;
  const HostAbilities& host_;
  const LoweringInput* in_ = nullptr;
  LoweringOutput* out_ = nullptr;
  asmjit::CodeHolder code_;
  a86::Assembler a;

  Ref current_ = 0;
  Ref deferred_ = ir::kNoRef;         // a node whose code is emitted with the next one's
  unsigned reserved_ = 0;             // temporaries that are taken across nodes
  unsigned locked_ = 0;               // temporaries that the current node uses
  std::array<Ref, 32> home_;          // the value that stands in each guest register
  std::array<Ref, kTemps.size()> temp_;
  std::array<Ref, 2> saved_;
  std::vector<uint16_t> remaining_;   // uses of each value that are still to come
  std::vector<uint8_t> where_;        // a guest register in which a value was put last
  Label entry_, undo_, undo_float_, after_;
  bool dirty_ = false;
  std::vector<Access> accesses_;
  std::vector<SlowExit> slow_exits_;
  std::vector<Exit> exits_;
  std::vector<PendingLink> pending_links_;
};

Lowering::Lowering(const x86::CodeMemory& memory, const Thunks& thunks, const HostAbilities& host)
    : emitter_(std::make_unique<Emitter>(memory, thunks, host)) {}
Lowering::~Lowering() = default;
void Lowering::lower(const LoweringInput& input, LoweringOutput& output) { emitter_->run(input, output); }  // may throw

}  // namespace vitrine::translator
