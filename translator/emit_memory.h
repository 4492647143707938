// SPDX-License-Identifier: MIT
// Host code of loads, stores and atomics: the prediction inline, everything else by sites that the cold part
// of the block serves (emit_control.h). Next: emit_float.h.
#pragma once

#include <algorithm>

#include "translator/emit_integer.h"

namespace vitrine::translator {

class MemoryEmitter : protected IntegerEmitter {
 protected:
  using IntegerEmitter::IntegerEmitter;

  void begin_memory() {
    accesses_.clear();
    slow_exits_.clear();
    site_of_check_.clear();
    node_of_site_.clear();
    addend_of_ = 0;
  }

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
    const ir::Check* check;  // that others share, or nullptr
  };

  uint32_t new_site(const Node& n) {
    const ir::Instruction& insn = in_->block.insns[n.insn];
    const uint16_t op = insn.crosses_page ? Site::kFetch : static_cast<uint16_t>(insn.insn.op);
    out_->sites.push_back({insn.pc, riscv::operands_of(insn.insn), op,
                           static_cast<uint16_t>(in_->block.insns.size() - n.insn)});
    out_->sites.back().shares = !in_->block.checks.empty();
    node_of_site_.push_back(current_);
    return in_->first_site + static_cast<uint32_t>(out_->sites.size() - 1);
  }

  // Emits the prediction; afterwards rcx + the returned place is the host's address of the bytes.
  Mem emit_prediction(const Node& n, bool write) {
    const ir::Check* const check = in_->block.check_of(n);
    if (check && check->leader != current_) return emit_checked(n, write);
    const Gp base = in_register(n.in[0]);
    take_rcx();
    const auto offset = static_cast<int32_t>(n.imm);
    unsigned log_width = 0;
    while (1u << log_width < n.width) ++log_width;
    const Access access{a.newLabel(), a.newLabel(), after_instruction(), base,
                        offset,       new_site(n),  log_width,           write,  check};
    if (is_scattered(n)) {
      emit_address(base, offset);
      emit_table_lookup(access);
    } else {
      emit_check(access, access.cold);
    }
    a.bind(access.found);
    accesses_.push_back(access);
    if (check) lead(n, access);
    return Mem(a86::rcx, base, 0, offset, n.width);
  }
  void emit_address(const Gp& base, int32_t offset) {
    if (offset == 0)
      a.mov(a86::rcx, base);
    else
      a.lea(a86::rcx, a86::ptr(base, offset));
  }
  SlotOffsets slot_of(const Access& access) const {
    return slot_offsets(in_->set, access.write, access.site % core::kPredictions);
  }
  // rcx becomes the addend of the slot, if the access lies in its run, and with it all that share the check.
  void emit_check(const Access& access, const Label& fails) {
    const SlotOffsets slot = slot_of(access);
    emit_address(access.base, access.offset + (access.check ? access.check->high : 0));
    a.sub(a86::rcx, at(slot.start));
    a.cmp(a86::rcx, at(slot.length));
    a.jae(fails);
    if (access.check && access.check->high != access.check->low) {
      a.cmp(a86::rcx, access.check->high - access.check->low);
      a.jb(fails);
    }
    a.mov(a86::rcx, at(slot.addend));
  }
  // --- Checks that several accesses share. The leader's slot cannot change before the others come: what runs in between and
  // can empty it is the slow path, and that leaves the block then (translator.cpp).
  void lead(const Node& n, const Access& access) {
    site_of_check_.resize(in_->block.checks.size());
    site_of_check_[n.check - 1u] = access.site;
    Site& site = out_->sites.back();
    site.leads = true;
    site.low = static_cast<int16_t>(access.check->low);
    site.high = static_cast<int16_t>(access.check->high);
    addend_of_ = n.check;
    after_keeps_addend_ = true;
  }
  Mem emit_checked(const Node& n, bool write) {
    const Gp base = in_register(n.in[0]);
    if (addend_of_ != n.check) {
      take_rcx();
      a.mov(a86::rcx, at(slot_offsets(in_->set, write, site_of_check_[n.check - 1u] % core::kPredictions).addend));
      addend_of_ = n.check;
    }
    locked_ |= 1u << kRcx;
    return Mem(a86::rcx, base, 0, static_cast<int32_t>(n.imm), n.width);
  }
  // Where a load without a host register goes: the addend may be wanted again.
  Gp loaded_register(const Node& n) {
    if (const Gp to = destination(); to.isValid()) return to;
    if (n.check)
      for (unsigned t = 0; t < kRcx; ++t)
        if (!(locked_ >> t & 1) && temp_[t] == ir::kNoRef) return kTemps[t];
    return a86::rcx;
  }

  bool is_scattered(const Node& n) const {
    if (in_->all_scattered) return true;
    const auto offset = static_cast<uint16_t>(in_->block.insns[n.insn].pc % core::kPageSize);
    return std::find(in_->scattered.begin(), in_->scattered.end(), offset) != in_->scattered.end();
  }
  // rcx: from an address to its page's addend, by the linear table. One that is not aligned may lie in two pages.
  void emit_table_lookup(const Access& access) {
    constexpr int kHalf = core::kShadowPages;
    const size_t set = offsetof(Hart, predictions) + in_->set * sizeof(core::PredictionSet);
    const size_t lower = set + (access.write ? offsetof(core::PredictionSet, write_shadow) : offsetof(core::PredictionSet, read_shadow));
    if (access.log_width != 0) {
      a.test(a86::cl, (1 << access.log_width) - 1);
      a.jnz(access.cold);
    }
    if (in_->set == core::kSupervisorSet) {
      const Label upper = a.newLabel(), found = a.newLabel();
      a.sar(a86::rcx, core::kPageShift);
      a.add(a86::rcx, kHalf);  // -half to half - 1 becomes 0 to pages - 1
      a.cmp(a86::rcx, at(set + offsetof(core::PredictionSet, pages)));
      a.jae(access.cold);
      a.shl(a86::rcx, 3);
      a.test(a86::ecx, 8 * kHalf);
      a.jz(upper);
      a.xor_(a86::ecx, 8 * kHalf);
      a.add(a86::rcx, at(lower));
      a.jmp(found);
      a.bind(upper);
      a.add(a86::rcx, at(lower + 8));
      a.bind(found);
    } else {  // U has no linear table of the upper half, and M mostly no upper half
      a.shr(a86::rcx, core::kPageShift);
      a.cmp(a86::rcx, at(set + offsetof(core::PredictionSet, lower_pages)));
      a.jae(access.cold);
      a.shl(a86::rcx, 3);
      a.add(a86::rcx, at(lower));
    }
    a.mov(a86::rcx, a86::qword_ptr(a86::rcx));
    a.test(a86::rcx, a86::rcx);
    a.jz(access.cold);
  }

  void emit_load(const Node& n) {
    const Mem m = emit_prediction(n, false);
    const Gp to = loaded_register(n);
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
      a.mov(m, Imm(n.width == 8   ? value.imm
                   : n.width == 4 ? static_cast<int32_t>(value.imm)
                   : n.width == 2 ? static_cast<int16_t>(value.imm)
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

  // cbo.zero. What the extension asks of menvcfg and senvcfg is looked up each time (isa/riscv/handler.cpp).
  void emit_zero_block(const Node& n) {
    const SlowExit slow = new_slow_exit(n);
    constexpr size_t kCsr = offsetof(Hart, csr);
    const auto may = [&](size_t field) {
      a.test(at(kCsr + field, 1), Imm(static_cast<int64_t>(riscv::envcfg::kCbze)));
      a.jz(slow.label);
    };
    if (in_->set != core::kMachineSet) may(offsetof(riscv::Csrs, menvcfg));
    if (in_->set == core::kUserSet) may(offsetof(riscv::Csrs, senvcfg));
    const Gp base = in_register(n.in[0]);
    Node byte = n;
    byte.width = 1;
    emit_prediction(
        byte, true);  // rcx: the addend, which holds for the whole block: a page has all of it or nothing
    const Gp block = take_temp();
    a.mov(block, base);
    a.and_(block, -64);
    a.pxor(a86::xmm0, a86::xmm0);
    for (int offset = 0; offset < 64; offset += 16) a.movups(Mem(a86::rcx, block, 0, offset, 16), a86::xmm0);
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
  static Mem reservation(size_t field, unsigned size) {
    return at(offsetof(Hart, reservation) + field, size);
  }

  void emit_load_reserved(const Node& n) {
    emit_aligned_address(n, false, new_slow_exit(n));
    done(n);
    locked_ = 1u << kRcx;
    const Gp to = take_temp();
    load_extended(to, at_rcx(n.width), n.width, true);
    emit_add_to_rcx(in_->physical_addend);
    a.mov(reservation(offsetof(riscv::Reservation, at), 8), a86::rcx);
    a.mov(reservation(offsetof(riscv::Reservation, valid), 1), Imm(1));
    a.mov(reservation(offsetof(riscv::Reservation, width), 1), Imm(n.width));
    give(to);
  }
  // Makes a host address guest-physical, or back.
  void emit_add_to_rcx(uint64_t addend) {
    const Gp temp = take_temp();
    a.mov(temp, Imm(static_cast<int64_t>(addend)));
    a.add(a86::rcx, temp);
    locked_ &= ~(1u << index_of(temp));
  }
  // The permission is asked first, as the body does: one that fails faults too.
  void emit_store_conditional(const Node& n) {
    emit_aligned_address(n, true, new_slow_exit(n));
    locked_ = 1u << kRcx;
    emit_add_to_rcx(in_->physical_addend);
    const Label fails = a.newLabel(), end = a.newLabel();
    a.cmp(reservation(offsetof(riscv::Reservation, valid), 1), Imm(1));
    a.jne(fails);
    a.cmp(reservation(offsetof(riscv::Reservation, width), 1), Imm(n.width));
    a.jne(fails);
    a.cmp(a86::rcx, reservation(offsetof(riscv::Reservation, at), 8));
    a.jne(fails);
    emit_add_to_rcx(-in_->physical_addend);
    const Place value = place_of(n.in[1]);
    lock(value);
    const Gp from = value.kind == Place::kReg ? value.reg : move_to_temp(value);
    a.mov(at_rcx(n.width), sized(from, n.width));
    locked_ = 0;
    const Gp to = result_register_or(take_temp());
    a.mov(to.r32(), 0);
    a.jmp(end);
    a.bind(fails);
    a.mov(to.r32(), 1);
    a.bind(end);
    a.mov(reservation(offsetof(riscv::Reservation, valid), 1), Imm(0));
    give(to);
    done(n);
  }

  std::vector<Access> accesses_;
  void note_cold_origin(uint32_t site) { note_origin(node_of_site_[site - in_->first_site], true); }

  std::vector<SlowExit> slow_exits_;
  std::vector<uint32_t> site_of_check_;
  std::vector<Ref> node_of_site_;
};

}  // namespace vitrine::translator
