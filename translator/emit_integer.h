// SPDX-License-Identifier: MIT
// Host code of the integer operations. `width` 4: the low half is computed, and sign-extended. Before:
// emit_values.h. Next: emit_memory.h.
#pragma once

#include "translator/emit_values.h"

namespace vitrine::translator {

inline bool can_be_narrow(Op op) { return op == Op::add || op == Op::sub || op == Op::mul; }

struct Conditions {
  a86::CondCode direct, swapped;  // for compare(a, b), and for compare(b, a)
};
inline Conditions conditions_of(Op op) {
  switch (op) {
    case Op::eq: return {a86::CondCode::kE, a86::CondCode::kE};
    case Op::ne: return {a86::CondCode::kNE, a86::CondCode::kNE};
    case Op::lt: return {a86::CondCode::kL, a86::CondCode::kG};
    case Op::ge: return {a86::CondCode::kGE, a86::CondCode::kLE};
    case Op::ltu: return {a86::CondCode::kB, a86::CondCode::kA};
    default: return {a86::CondCode::kAE, a86::CondCode::kBE};
  }
}

class IntegerEmitter : protected ValueEmitter {
 protected:
  using ValueEmitter::ValueEmitter;

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
    const Node* const next = next_node();
    if (n.uses != 1 || !next || next->op != Op::sext32 || next->in[0] != current_) return false;
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
  void emit_sub(const Node& operands, unsigned width) {
    emit_alu(node_of(current_), Inst::kIdSub, operands, width, false);
  }

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
    if (p.kind == Place::kImm) load(to, p);
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
    if (p.kind == Place::kImm || (p.kind == Place::kMem && q.kind == Place::kMem))
      p = {Place::kReg, move_to_temp(p), {}};
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
    const Node* const next = next_node();
    return n.uses == 1 && next && (next->op == Op::exit_if || next->op == Op::select) &&
           next->in[0] == current_;
  }
  void emit_comparison(const Node& n) {
    if (used_by_next_as_condition(n)) {
      deferred_ = current_;
      return;
    }
    const a86::CondCode condition = compare(n);
    const Gp temp = take_temp();
    a.set(condition, temp.r8());
    a.movzx(temp.r32(), temp.r8());
    const Gp to = result_register_or(temp);
    if (to.id() != temp.id()) a.mov(to, temp);
    give(to);
    done(n);
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
  // Unprivileged spec 13.2: x / 0 = -1, x mod 0 = x; INT_MIN / -1 = INT_MIN, its remainder 0. The host would
  // fault.
  void emit_division(const Node& n, const Division& how) {
    take_all_temps(n);
    const Place p = place_of_saved(n.in[0]), q = place_of_saved(n.in[1]);
    const Label zero = a.newLabel(), minus_one = a.newLabel(), end = a.newLabel();
    const Gp rax = sized(a86::rax, how.width), rdx = sized(a86::rdx, how.width),
             rcx = sized(a86::rcx, how.width);
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

 private:
  std::array<Ref, 2> saved_;
};

}  // namespace vitrine::translator
