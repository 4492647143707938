// SPDX-License-Identifier: MIT
// Host code of a block's entry, of its exits and jumps, and its cold part, which comes behind the rest.
// Before: emit_float.h. Next: lowering.cpp.
#pragma once

#include "translator/emit_float.h"
#include "translator/emit_jump.h"

namespace vitrine::translator {

class ControlEmitter : protected FloatEmitter {
 protected:
  using FloatEmitter::FloatEmitter;

  struct Exit {
    Label label;
    uint64_t target;
    unsigned unused;  // instructions that were paid for and do not run
  };
  struct PendingLink {
    uint16_t target;
    size_t after;  // offset in the block
  };

  void emit_entry() {
    begin_values();
    begin_memory();
    begin_float();
    exits_.clear();
    pending_links_.clear();
    entry_ = a.newLabel();
    undo_ = a.newLabel();
    a.bind(entry_);
    const auto n = static_cast<int>(in_->block.insns.size());
    if (in_->block.uses_float) {
      a.cmp(float_state(), 0);
      a.jne(no_float_ = a.newLabel());
      a.bind(float_ready_ = a.newLabel());
    }
    a.sub(kBudget, n);
    a.js(undo_);
  }

  void emit_helper(const Node& n) {
    const uint32_t site = new_site(n);
    a.mov(at(offsetof(Hart, site), 4), site);
    a.call(reinterpret_cast<uint64_t>(thunks_.slow));
    emit_float_refill(site);
    home_.fill(ir::kNoRef);
    boxed_ = 0;
  }

  void emit_exit_if(const Node& n) {
    const a86::CondCode taken = condition(n.in[0]);
    const Exit exit{a.newLabel(), static_cast<uint64_t>(n.imm),
                    static_cast<unsigned>(in_->block.insns.size() - 1 - n.insn)};
    if (exit.unused == 0 && exit.target == in_->block.insns[0].pc) {  // a loop of one block
      a.j(taken, entry_);
      return done(n);
    }
    a.j(taken, exit.label);
    exits_.push_back(exit);
    done(n);
  }

  uint64_t page_address() const { return in_->block.insns[0].pc & core::kPageMask; }

  // To a block of this page: directly, if it is there; otherwise to where hart.pc is set, until somebody
  // makes it.
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
    const Label missing = a.newLabel();
    a.jmp(missing);
    pending_links_.push_back({offset, a.offset()});
    a.bind(missing);
    set_pc(target);
    a.jmp(reinterpret_cast<uint64_t>(thunks_.leave));
  }

  void set_pc(uint64_t pc) {
    if (fits_32(static_cast<int64_t>(pc))) {
      a.mov(at(offsetof(Hart, pc)), Imm(static_cast<int64_t>(pc)));
      return;
    }
    load_constant(a86::rax, static_cast<int64_t>(pc));
    a.mov(at(offsetof(Hart, pc)), a86::rax);
  }

  // To another page, or to an address that is only known now: through the jump table in front of the View, so that the jump
  // is right whatever the guest did to its page tables.
  void emit_far_jump(uint64_t target) {
    load_constant(a86::rdx, static_cast<int64_t>(target));
    const JumpOffsets first = jump_offsets(in_->set);
    const size_t place = core::JumpTable::place(target) * sizeof(uint64_t);
    a.cmp(a86::rdx, at(first.target + place));
    a.jne(reinterpret_cast<uint64_t>(thunks_.jump[in_->set]));
    a.jmp(at(first.code + place));
  }
  void emit_jump_to_rdx() {
    const auto place = [](size_t offset) { return a86::Mem(kHart, a86::rax, 2, static_cast<int32_t>(offset) - kHartBias, 8); };
    const JumpOffsets first = jump_offsets(in_->set);
    a.mov(a86::eax, a86::edx);
    a.and_(a86::eax, 2 * (core::kJumps - 1));
    a.cmp(a86::rdx, place(first.target));
    a.jne(reinterpret_cast<uint64_t>(thunks_.jump[in_->set]));
    a.jmp(place(first.code));
  }

  // --- Calls and returns. A guest call is a host call, and a guest return a host return, so that the host predicts it.
  // The return address on the host's stack is the landing behind the host call: it compares where the guest wants to go
  // with where it was called from. The stack holds nothing when generated code is left (thunks.cpp), and whatever makes
  // translated code wrong leaves it: so a landing is never stale.
  static bool is_link(unsigned reg) { return reg == 1 || reg == 5; }  // "return-address stack hints", unpriv. spec 2.5.1
  bool is_call(const Node& n) const {
    const riscv::Insn& insn = in_->block.insns[n.insn].insn;
    return (insn.op == riscv::Op::jal || insn.op == riscv::Op::jalr) && is_link(insn.rd);
  }
  bool is_return(const Node& n) const {
    const riscv::Insn& insn = in_->block.insns[n.insn].insn;
    return insn.op == riscv::Op::jalr && insn.rd == 0 && is_link(insn.rs1);
  }
  // The landing; what is emitted next is the jump to the callee.
  void emit_landing(const Node& n) {
    const ir::Instruction& call = in_->block.insns[n.insn];
    const uint64_t back = call.pc + call.insn.length;
    const Label callee = a.newLabel();
    a.call(callee);
    if (fits_32(static_cast<int64_t>(back))) {
      a.cmp(a86::rdx, Imm(static_cast<int64_t>(back)));
    } else {
      load_constant(a86::rax, static_cast<int64_t>(back));
      a.cmp(a86::rdx, a86::rax);
    }
    a.jne(reinterpret_cast<uint64_t>(thunks_.jump[in_->set]));
    emit_jump(back);
    a.bind(callee);
  }

  void emit_jump(const Node& n) {
    if (is_call(n)) emit_landing(n);
    emit_jump(static_cast<uint64_t>(n.imm));
  }
  void emit_jump_to(const Node& n) {
    load(a86::rdx, place_of(n.in[0]));
    done(n);
    if (is_return(n)) {
      a.ret();
      return;
    }
    if (is_call(n)) emit_landing(n);
    emit_jump_to_rdx();
  }

  // The slot holds the run around the leader's page now. If the others are not in it, each makes a check of its own: in
  // another block.
  void emit_second_check(const Access& access, const Label& begin) {
    const Label apart = a.newLabel();
    a.bind(begin);
    emit_check(access, apart);
    a.jmp(access.found);
    a.bind(apart);
    const Site& site = out_->sites[access.site - in_->first_site];
    const auto offset = static_cast<uint16_t>(site.pc % core::kPageSize);
    a.add(kBudget, site.remaining);
    for (const ApartBlock& block : in_->apart)
      if (block.offset == offset) {
        a.jmp(reinterpret_cast<uint64_t>(memory_.base() + block.code));
        return;
      }
    a.jmp(reinterpret_cast<uint64_t>(thunks_.apart));
    pending_links_.push_back({static_cast<uint16_t>(offset | Link::kApart), a.offset()});
  }

  void emit_cold() {
    for (const Access& access : accesses_) {
      note_cold_origin(access.site);
      a.bind(access.cold);
      a.mov(at(offsetof(Hart, site), 4), access.site);
      a.lea(a86::rcx, a86::ptr(access.base, access.offset));
      a.call(reinterpret_cast<uint64_t>(thunks_.lookup[in_->set][access.log_width][access.write]));
      const Label again = a.newLabel();
      a.long_().jmp(access.check ? again : access.found);
      emit_float_refill(access.site);
      if (access.check) a.mov(a86::rcx, at(slot_of(access).addend));
      a.jmp(access.after);
      if (access.check) emit_second_check(access, again);
    }
    for (const SlowExit& slow : slow_exits_) {
      note_cold_origin(slow.site);
      a.bind(slow.label);
      a.mov(at(offsetof(Hart, site), 4), slow.site);
      a.call(reinterpret_cast<uint64_t>(thunks_.slow));
      emit_float_refill(slow.site);
      a.jmp(slow.after);
    }
    note_origin(ir::kNoRef, true);
    emit_float_cold();
    for (const Unboxed& unboxed : unboxed_) {
      a.bind(unboxed.label);
      a.add(kBudget, static_cast<int>(in_->block.insns.size() - unboxed.insn));
      set_pc(in_->block.insns[unboxed.insn].pc);
      a.jmp(reinterpret_cast<uint64_t>(thunks_.leave));
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
    set_pc(pc);
    a.jmp(reinterpret_cast<uint64_t>(thunks_.leave));
    if (!in_->block.uses_float) return;
    a.bind(no_float_);
    a.call(reinterpret_cast<uint64_t>(thunks_.load_floats));
    a.jz(float_ready_);
    set_pc(pc);
    a.jmp(reinterpret_cast<uint64_t>(thunks_.leave));
  }

  Label entry_, undo_, no_float_, float_ready_;
  std::vector<Exit> exits_;
  std::vector<PendingLink> pending_links_;
};

}  // namespace vitrine::translator
