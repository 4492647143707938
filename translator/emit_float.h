// SPDX-License-Identifier: MIT
// Host code of floating point. Which instructions, and what of them the host does otherwise: lowering_float.h. Here: where
// f registers are, and the code of each kind.
//
// Sixteen registers of the host hold fourteen of the guest's while generated code runs (registers.h), but only once a block
// with floating point wants them: hart.float_in_hart says where they are. Such a block asks at its entry. Whatever leaves
// for C++ puts them back (thunks.cpp); a block that goes on after that, and needs them further down, calls `load_floats`.
// xmm0, xmm1 and the temporaries rax, rcx are free at the beginning of an instruction.
//
// Before: emit_memory.h. Next: emit_control.h.
#pragma once

#include "isa/riscv/plain_csr.h"
#include "translator/emit_memory.h"
#include "translator/lowering_float.h"

namespace vitrine::translator {

using a86::Xmm;

class FloatEmitter : protected MemoryEmitter {
 protected:
  using MemoryEmitter::MemoryEmitter;

  void begin_float() {
    dirty_ = false;
    boxed_ = 0;
    in_place_ = ir::kNoRef;
    nan_exits_.clear();
    restores_.clear();
    quiet_exits_.clear();
    flags_written_ = 0;
    unboxed_.clear();
    last_float_ = -1;
    if (!in_->block.uses_float) return;
    for (const Node& n : in_->block.nodes)
      if (n.op == Op::get_f || n.op == Op::set_f || n.op == Op::float_op) last_float_ = n.insn;
  }

  // --- f registers as values of the IR
  void emit_get_f(const Node& n) {
    if (is_only_stored(n)) {
      in_place_ = current_;
      return;
    }
    const Gp to = result_register();
    if (const Xmm host = host_float(n.reg); host.isValid())
      a.movq(to, host);
    else
      a.mov(to, f_at(n.reg));
    give(to);
    done(n);
  }
  void emit_set_f(const Node& n) {
    if (n.in[0] != in_place_) {
      if (const Xmm host = host_float(n.reg); host.isValid())
        move_to_float(host, n);
      else
        move_to_hart(n);
    }
    set_boxed(n.reg, n.width != 8);
    make_dirty();
    done(n);
  }

  // A load that goes straight to an f register: the next node puts it there.
  bool loads_float(const Node& n) const {
    const Node* const next = next_node();
    return next && next->op == Op::set_f && next->in[0] == current_ && n.uses == 1 && n.width >= 4 &&
           next->width == n.width && host_float(next->reg).isValid();
  }
  void emit_load_float(const Node& n) {
    const Xmm to = host_float(next_node()->reg);
    const Mem m = emit_prediction(n, false);
    if (n.width == 8) {
      a.movsd(to, m);
    } else {
      a.movss(to, m);
      box(to);
    }
    in_place_ = current_;
    done(n);
  }
  bool stores_float(const Node& n) const { return is_in_place(n.in[1]); }
  bool is_in_place(Ref v) const { return v == in_place_; }
  void emit_store_float(const Node& n) {
    const Xmm from = host_float(node_of(n.in[1]).reg);
    const Mem m = emit_prediction(n, true);
    n.width == 8 ? a.movsd(m, from) : a.movss(m, from);
    done(n);
  }

  // FS = Dirty, once a block: nothing in a block makes it less.
  void make_dirty() {
    if (dirty_) return;
    a.or_(at(offsetof(Hart, csr) + offsetof(riscv::Csrs, mstatus), 4),
          Imm(static_cast<int64_t>(riscv::mstatus::kFs)));
    dirty_ = true;
  }

  // --- Whole instructions
  void emit_float(const Node& n) {
    insn_ = &in_->block.insns[n.insn].insn;
    row_ = float_row(insn_->op);
    unboxed_label_ = {};
    switch (row_.kind) {
      case FloatKind::kArithmetic: arithmetic(); break;
      case FloatKind::kSqrt: square_root(); break;
      case FloatKind::kFused: fused(n); break;
      case FloatKind::kMinMax: min_max(n); break;
      case FloatKind::kCompare: compare(n); break;
      case FloatKind::kToInteger: to_integer(n); break;
      case FloatKind::kFromInteger: from_integer(n); break;
      case FloatKind::kConvert: convert(); break;
      case FloatKind::kSign: sign(); break;
      case FloatKind::kNone: VT_ASSERT(false, "a floating-point instruction that cannot be lowered");
    }
    make_dirty();
  }

  // --- fflags
  static Mem fflags() { return at(offsetof(Hart, csr) + offsetof(riscv::Csrs, fflags), 1); }
  void emit_write_fflags(const Gp& value, const Gp& temp) {
    a.mov(fflags(), value.r8());
    a.mov(temp, reinterpret_cast<uint64_t>(thunks_.fflags_of_mxcsr + kCleanMxcsr));
    a.ldmxcsr(a86::dword_ptr(temp));
  }
  // By the comparison in front of it (quiet_flags).
  bool fflags_are_written(const Node& n) const { return flags_written_ != 0 && flags_written_ == n.insn; }

  // --- Behind the block
  // Will f registers be wanted after this site's instruction, once C++ has run it?
  bool wants_floats(uint32_t site) const {
    if (last_float_ < 0) return false;
    const unsigned insn = static_cast<unsigned>(in_->block.insns.size()) -
                          out_->sites[site - in_->first_site].remaining;
    return last_float_ > static_cast<int>(insn);
  }
  void emit_float_refill(uint32_t site) {
    if (wants_floats(site)) a.call(reinterpret_cast<uint64_t>(thunks_.load_floats));
  }
  void emit_float_cold() {
    for (const NanExit& nan : nan_exits_) {
      a.bind(nan.label);
      a.movsd(nan.result, constant(nan.is_double ? FloatConstant::kNanDouble : FloatConstant::kNanSingle));
      a.jmp(nan.back);
    }
    for (const QuietExit& quiet : quiet_exits_) {  // nothing here changes the host's flags
      a.bind(quiet.label);
      const Gp host = host_register(quiet.flags);
      if (!host.isValid()) a.mov(a86::rdx, x_at(quiet.flags));
      emit_write_fflags(host.isValid() ? host : a86::rdx, a86::rdx);
      a.jmp(quiet.back);
    }
    for (const Restore& restore : restores_) {
      a.bind(restore.label);
      a.movapd(restore.to, a86::xmm0);
      a.jmp(restore.slow);
    }
  }

  struct Unboxed {  // to C++, in front of an instruction
    Label label;
    unsigned insn;
  };
  std::vector<Unboxed> unboxed_;

 private:
  struct NanExit {  // to where the result becomes the canonical NaN
    Label label, back;
    Xmm result;
    bool is_double;
  };
  struct QuietExit {  // to where fflags become x register `flags`, after an unordered comparison
    Label label, back;
    unsigned flags;
  };
  struct Restore {  // to where a register gets its old value back from xmm0, for the slow path
    Label label;
    Xmm to;
    Label slow;
  };

  // --- Places
  Mem constant(FloatConstant which) const {
    Mem m = a86::ptr(reinterpret_cast<uint64_t>(thunks_.float_constants) + 16 * static_cast<unsigned>(which));
    m.setRel();
    return m;
  }
  Mem f_operand(unsigned r) const { return f_at(r, row_.is_double ? 8 : 4); }
  // The whole register in one of the host's.
  Xmm in_float(unsigned r, const Xmm& temp) {
    if (const Xmm host = host_float(r); host.isValid()) return host;
    a.movsd(temp, f_at(r));
    return temp;
  }
  void copy(const Xmm& to, unsigned r) {
    if (const Xmm from = in_float(r, to); from.id() != to.id()) a.movapd(to, from);
  }
  // emit(id, ..., f register r), which may lie in the hart.
  template <typename... Operands>
  void emit_with_float(uint32_t id, unsigned r, const Operands&... operands) {
    if (const Xmm host = host_float(r); host.isValid())
      a.emit(id, operands..., host);
    else
      a.emit(id, operands..., f_operand(r));
  }
  Xmm destination_float() const {
    const Xmm host = host_float(insn_->rd);
    return host.isValid() ? host : a86::xmm0;
  }
  // What is in `from` is rd's new value.
  void put(const Xmm& from, bool is_double) {
    if (const Xmm host = host_float(insn_->rd); !host.isValid())
      a.movsd(f_at(insn_->rd), from);
    else if (host.id() != from.id())
      a.movapd(host, from);
    set_boxed(insn_->rd, !is_double);
  }
  // NaNs must be the canonical one. Their flags are right already: the host raises what RISC-V does.
  void put_canonical(const Xmm& from, bool is_double) {
    const NanExit nan{a.newLabel(), a.newLabel(), from, is_double};
    is_double ? a.ucomisd(from, from) : a.ucomiss(from, from);
    a.jp(nan.label);
    a.bind(nan.back);
    nan_exits_.push_back(nan);
    put(from, is_double);
  }
  // The x register rd, or a temporary if it has none of the host's.
  Gp destination_x() const {
    const Gp host = insn_->rd == 0 ? Gp() : host_register(insn_->rd);
    return host.isValid() ? host : a86::rax;
  }
  void put_x(const Gp& from) {
    if (insn_->rd == 0) return;
    if (!host_register(insn_->rd).isValid()) a.mov(x_at(insn_->rd), from);
    home_[insn_->rd] = ir::kNoRef;
  }

  // --- Boxes
  void box(const Xmm& x) { a.orps(x, constant(FloatConstant::kBox)); }
  void set_boxed(unsigned r, bool boxed) { boxed_ = boxed ? boxed_ | 1u << r : boxed_ & ~(1u << r); }
  // A narrow operand that is not boxed reads as a NaN: the interpreter knows. The block is left, so that from here on it is
  // known to be boxed.
  void want_boxed(unsigned r) {
    if (row_.is_double || (boxed_ >> r & 1)) return;
    if (!unboxed_label_.isValid()) {
      unboxed_label_ = a.newLabel();
      unboxed_.push_back({unboxed_label_, node_of(current_).insn});
    }
    if (const Xmm host = host_float(r); host.isValid()) {
      a.movq(a86::rax, host);
      a.shr(a86::rax, 32);
      a.inc(a86::eax);
    } else {
      a.cmp(f_at(r, 4, 4), Imm(-1));
    }
    a.jnz(unboxed_label_);
    set_boxed(r, true);
  }

  bool is_only_stored(const Node& n) const {
    if (n.uses != 1 || !host_float(n.reg).isValid()) return false;
    for (Ref k = current_ + 1; k < in_->block.nodes.size() && node_of(k).insn == n.insn; ++k)
      if (const Node& user = node_of(k); user.op == Op::store && user.in[1] == current_) return user.width >= 4;
    return false;
  }
  void move_to_float(const Xmm& to, const Node& n) {
    const Place p = place_of(n.in[0]);
    lock(p);
    if (n.width == 8 && p.kind == Place::kImm && p.imm == 0) {
      a.xorps(to, to);
    } else if (n.width == 8 && p.kind == Place::kMem) {
      a.movsd(to, p.mem);
    } else if (n.width == 8) {
      a.movq(to, in_register(n.in[0]));
    } else if (n.width == 4) {
      a.movd(to, in_register(n.in[0]).r32());
      box(to);
    } else {
      const Gp from = in_register(n.in[0]), temp = take_temp();
      a.mov(temp.r32(), from.r32());
      a.or_(temp.r32(), 0xffff'0000);
      a.movd(to, temp.r32());
      box(to);
    }
  }
  void move_to_hart(const Node& n) {
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
  }

  // --- Kinds. In singles the upper half of the first operand, all ones, becomes the result's: it is boxed already.
  void arithmetic() {
    const unsigned first = insn_->rs1, second = insn_->rs2;
    want_boxed(first);
    want_boxed(second);
    const Xmm to = destination_float();
    const bool is_second = host_float(second).isValid() && host_float(second).id() == to.id();
    if (host_.avx) {
      emit_with_float(row_.id_avx, second, to, in_float(first, a86::xmm1));
    } else if (!is_second || first == second) {
      copy(to, first);
      emit_with_float(row_.id, second, to);
    } else if (row_.commutes) {
      emit_with_float(row_.id, first, to);
    } else {
      copy(a86::xmm0, first);
      a.emit(row_.id, a86::xmm0, to);
      a.movapd(to, a86::xmm0);
    }
    put_canonical(to, row_.is_double);
  }
  void square_root() {
    want_boxed(insn_->rs1);
    const Xmm to = destination_float();
    copy(to, insn_->rs1);
    row_.is_double ? a.sqrtsd(to, to) : a.sqrtss(to, to);
    put_canonical(to, row_.is_double);
  }
  // inf * 0 + NaN is invalid here and need not be for the host: if the result is a NaN, the slow path redoes it. A source
  // that is overwritten stands in xmm0 until that is known.
  void fused(const Node& n) {
    const unsigned first = insn_->rs1, second = insn_->rs2, addend = insn_->imm & 31;
    want_boxed(first);
    want_boxed(second);
    want_boxed(addend);
    const SlowExit slow = new_slow_exit(n);
    const Xmm to = destination_float();
    const bool is_mapped = host_float(insn_->rd).isValid();
    const auto is_rd = [&](unsigned r) { return is_mapped && r == insn_->rd; };
    const bool is_source = is_rd(first) || is_rd(second) || is_rd(addend);
    if (is_source) a.movapd(a86::xmm0, to);
    if (is_rd(addend)) {
      emit_with_float(row_.id_231, second, to, in_float(first, a86::xmm1));
    } else if (is_rd(second)) {
      emit_with_float(row_.id, addend, to, in_float(first, a86::xmm1));
    } else {
      copy(to, first);
      emit_with_float(row_.id, addend, to, in_float(second, a86::xmm1));
    }
    row_.is_double ? a.ucomisd(to, to) : a.ucomiss(to, to);
    if (is_source) {
      restores_.push_back({a.newLabel(), to, slow.label});
      a.jp(restores_.back().label);
    } else {
      a.jp(slow.label);
    }
    put(to, row_.is_double);
  }
  // The host's minimum of equal operands is the second: both ways together find -0. ucomis raises what fmin does.
  void min_max(const Node& n) {
    want_boxed(insn_->rs1);
    want_boxed(insn_->rs2);
    const SlowExit slow = new_slow_exit(n);
    copy(a86::xmm0, insn_->rs1);
    copy(a86::xmm1, insn_->rs2);
    row_.is_double ? a.ucomisd(a86::xmm0, a86::xmm1) : a.ucomiss(a86::xmm0, a86::xmm1);
    a.jp(slow.label);
    a.emit(row_.id, a86::xmm0, a86::xmm1);
    emit_with_float(row_.id, insn_->rs1, a86::xmm1);
    const bool is_min = insn_->op == riscv::Op::fmin_d || insn_->op == riscv::Op::fmin_s;
    is_min ? a.orps(a86::xmm0, a86::xmm1) : a.andps(a86::xmm0, a86::xmm1);
    put(a86::xmm0, row_.is_double);
  }
  // A quiet comparison is written `frflags t; flt ...; fsflags t`. Reading MXCSR waits for all that is under way, and writing it
  // holds up all that follows: so fsflags becomes nothing, for an ordered comparison raises no flag, and an unordered one does
  // what fsflags would. The register t, or 0.
  unsigned quiet_flags(const Node& n) const {
    const auto& insns = in_->block.insns;
    if (n.insn == 0 || n.insn + 1u >= insns.size()) return 0;
    const riscv::Insn &before = insns[n.insn - 1].insn, &after = insns[n.insn + 1].insn;
    if (before.op != riscv::Op::csrrs || before.imm != riscv::kFflags || before.rs1 != 0) return 0;
    if (after.op != riscv::Op::csrrw || after.imm != riscv::kFflags || after.rd != 0) return 0;
    return before.rd == after.rs1 && before.rd != insn_->rd ? before.rd : 0;
  }
  void compared(const Node& n) {
    const unsigned flags = quiet_flags(n);
    if (flags == 0) return;
    quiet_exits_.push_back({a.newLabel(), a.newLabel(), flags});
    a.jp(quiet_exits_.back().label);
    a.bind(quiet_exits_.back().back);
    flags_written_ = n.insn + 1u;
  }

  // feq raises NV for signalling NaNs only (ucomis), flt and fle for all (comis). Unordered is false.
  void compare(const Node& n) {
    want_boxed(insn_->rs1);
    want_boxed(insn_->rs2);
    const Gp to = destination_x();
    if (insn_->op == riscv::Op::feq_d || insn_->op == riscv::Op::feq_s) {
      emit_with_float(row_.is_double ? Inst::kIdUcomisd : Inst::kIdUcomiss, insn_->rs2,
                      in_float(insn_->rs1, a86::xmm0));
      compared(n);
      a.setnp(a86::al);
      a.sete(a86::cl);
      a.and_(a86::al, a86::cl);
      a.movzx(to.r32(), a86::al);
    } else {
      a.xor_(to.r32(), to.r32());
      const Xmm second = in_float(insn_->rs2, a86::xmm0);  // rs2 > rs1: above is false when unordered
      emit_with_float(row_.is_double ? Inst::kIdComisd : Inst::kIdComiss, insn_->rs1, second);
      compared(n);
      const bool less = insn_->op == riscv::Op::flt_d || insn_->op == riscv::Op::flt_s;
      less ? a.seta(to.r8()) : a.setae(to.r8());
    }
    put_x(to);
  }
  // The host answers what does not fit with the smallest integer, and raises IE: the slow path saturates. Only that
  // integer overflows when 1 is taken from it.
  void to_integer(const Node& n) {
    want_boxed(insn_->rs1);
    const SlowExit slow = new_slow_exit(n);
    const bool truncate = (insn_->imm & 7) == static_cast<int>(kRoundToZero);
    const uint32_t id = row_.is_double ? (truncate ? Inst::kIdCvttsd2si : Inst::kIdCvtsd2si)
                                       : (truncate ? Inst::kIdCvttss2si : Inst::kIdCvtss2si);
    const Gp to = destination_x(), sized = row_.wide ? to : to.r32();
    emit_with_float(id, insn_->rs1, sized);
    a.cmp(sized, 1);
    a.jo(slow.label);
    if (!row_.wide) a.movsxd(to, to.r32());
    put_x(to);
  }
  void from_integer(const Node& n) {
    const Xmm to = destination_float();
    const Gp host = host_register(insn_->rs1);
    const bool wide = row_.wide || !row_.is_signed;  // a 32-bit one without sign is a 64-bit one with
    const uint32_t id = row_.is_double ? Inst::kIdCvtsi2sd : Inst::kIdCvtsi2ss;
    if (row_.wide && !row_.is_signed) {  // from 2^63 on the host would see a sign
      const SlowExit slow = new_slow_exit(n);
      host.isValid() ? a.test(host, host) : a.cmp(x_at(insn_->rs1), 0);
      a.js(slow.label);
    }
    a.xorps(to, to);
    if (!row_.wide && !row_.is_signed) {
      host.isValid() ? a.mov(a86::eax, host.r32()) : a.mov(a86::eax, x_at(insn_->rs1, 4));
      a.emit(id, to, a86::rax);
    } else if (host.isValid()) {
      a.emit(id, to, wide ? host : host.r32());
    } else {
      a.emit(id, to, x_at(insn_->rs1, wide ? 8 : 4));
    }
    if (!row_.is_double) box(to);
    put(to, row_.is_double);
  }
  void convert() {
    want_boxed(insn_->rs1);
    const Xmm to = destination_float();
    emit_with_float(row_.is_double ? Inst::kIdCvtsd2ss : Inst::kIdCvtss2sd, insn_->rs1, to);
    if (row_.is_double) box(to);
    put_canonical(to, !row_.is_double);
  }

  // fsgnj, fsgnjn, fsgnjx; with one operand twice fmv, fneg, fabs.
  void sign() {
    want_boxed(insn_->rs1);
    want_boxed(insn_->rs2);
    const Mem sign_bit = constant(row_.is_double ? FloatConstant::kSignDouble : FloatConstant::kSignSingle);
    const Mem others = constant(row_.is_double ? FloatConstant::kNoSignDouble : FloatConstant::kNoSignSingle);
    if (insn_->rs1 == insn_->rs2) {
      const Xmm to = destination_float();
      copy(to, insn_->rs1);
      if (row_.sign == SignOf::kNegated) a.xorps(to, sign_bit);
      if (row_.sign == SignOf::kBoth) a.andps(to, others);
      return put(to, row_.is_double);
    }
    copy(a86::xmm0, insn_->rs2);
    row_.sign == SignOf::kNegated ? a.andnps(a86::xmm0, sign_bit) : a.andps(a86::xmm0, sign_bit);
    copy(a86::xmm1, insn_->rs1);
    if (row_.sign == SignOf::kBoth) {
      a.xorps(a86::xmm0, a86::xmm1);
    } else {
      a.andps(a86::xmm1, others);
      a.orps(a86::xmm0, a86::xmm1);
    }
    put(a86::xmm0, row_.is_double);
  }

 protected:
  uint32_t boxed_ = 0;  // f registers of which it is known here: bits 63:32 are ones

 private:
  bool dirty_ = false;          // FS is Dirty by what was emitted
  Ref in_place_ = ir::kNoRef;   // a value that stands in the f register where it is wanted, or from which it is stored
  int last_float_ = -1;         // the last instruction that generated code takes f registers for
  const riscv::Insn* insn_ = nullptr;
  FloatRow row_;
  Label unboxed_label_;
  std::vector<NanExit> nan_exits_;
  std::vector<Restore> restores_;
  std::vector<QuietExit> quiet_exits_;
  unsigned flags_written_ = 0;  // an instruction that writes fflags, and has nothing left to do
};

}  // namespace vitrine::translator
