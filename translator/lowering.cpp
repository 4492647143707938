// SPDX-License-Identifier: MIT
// The emitter: the walk over the nodes, and the operations on CSRs. Its layers are
// emit_values.h, emit_integer.h, emit_memory.h, emit_float.h, emit_control.h.
#include "translator/lowering.h"

#include "isa/riscv/plain_csr.h"
#include "translator/emit_control.h"

namespace vitrine::translator {

class Lowering::Emitter : ControlEmitter {
 public:
  Emitter(const x86::CodeMemory& memory, const Thunks& thunks, const HostAbilities& host)
      : ControlEmitter(memory, thunks, host) {}

  void run(const LoweringInput& input, LoweringOutput& output) {
    in_ = &input;
    out_ = &output;
    output.sites.clear();
    output.links.clear();
    a.begin(memory_.next());
    if (input.origins) input.origins->clear();
    note_origin(ir::kNoRef, false);
    emit_entry();
    const ir::Block& block = input.block;
    for (size_t i = 0; i < block.nodes.size(); ++i) {
      if (i > 0 && block.nodes[i].insn != block.nodes[i - 1].insn) end_instruction();
      current_ = static_cast<Ref>(i);
      locked_ = reserved_;
      note_origin(current_, false);
      node(block.nodes[i]);
      note_value();
      if (!allocates_rcx(block.nodes[i])) addend_of_ = 0;
    }
    end_instruction();
    emit_cold();
    output.code = a.code();
    for (const PendingLink& link : pending_links_)
      output.links.push_back({link.target, memory_.next() + link.after});
  }

 private:
  void note_value() {
    if (!in_->origins) return;
    ValuePlace place;
    const Node& n = node_of(current_);
    if (n.op == Op::constant) {
      place.kind = ValuePlace::kConstant;
    } else if (const unsigned t = temp_of(current_); n.has(ir::kValue) && t < kTemps.size()) {
      place = {ValuePlace::kHostRegister, static_cast<uint8_t>(kTemps[t].id())};
    } else if (const unsigned r = n.has(ir::kValue) ? home_of(current_) : 0; r != 0) {
      const Gp host = host_register(r);
      place = host.isValid() ? ValuePlace{ValuePlace::kHostRegister, static_cast<uint8_t>(host.id())}
                             : ValuePlace{ValuePlace::kHart, static_cast<uint8_t>(r)};
    }
    in_->origins->values.push_back(place);
  }
  // Is rcx used only by way of take_temp() and its like?
  bool allocates_rcx(const Node& n) const {
    switch (n.op) {
      case Op::constant:
      case Op::get_x:
      case Op::set_x:
      case Op::add:
      case Op::sub:
      case Op::sext32:
      case Op::load:
      case Op::store:
      case Op::exit_if: return true;
      case Op::get_f: return is_in_place(current_);
      case Op::set_f: return is_in_place(n.in[0]);
      default: return false;
    }
  }
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
      case Op::load: return loads_float(n) ? emit_load_float(n) : emit_load(n);
      case Op::store: return stores_float(n) ? emit_store_float(n) : emit_store(n);
      case Op::zero_block: return emit_zero_block(n);
      case Op::amo_load: return emit_amo_load(n);
      case Op::amo_store: return emit_amo_store(n);
      case Op::load_reserved: return emit_load_reserved(n);
      case Op::store_conditional: return emit_store_conditional(n);
      case Op::get_csr: return emit_get_csr(n);
      case Op::set_csr: return emit_set_csr(n);
      case Op::get_status: return emit_get_status(n);
      case Op::set_status: return emit_set_status(n);
      case Op::get_fflags: return emit_get_fflags(n);
      case Op::set_fflags: return emit_set_fflags(n);
      case Op::get_f: return emit_get_f(n);
      case Op::set_f: return emit_set_f(n);
      case Op::float_op: return emit_float(n);
      case Op::helper: return emit_helper(n);
      case Op::exit_if: return emit_exit_if(n);
      case Op::jump: return end_instruction(), emit_jump(n);
      case Op::jump_to: return emit_jump_to(n);
      case Op::kCount: break;
    }
    VT_ASSERT(false, "a node that cannot be lowered");
  }

  // --- CSRs
  size_t csr_offset(const Node& n) const {
    const riscv::PlainCsr* const row = riscv::plain_csr(static_cast<unsigned>(n.imm), riscv::Privilege::kMachine);
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

  // --- sstatus
  static Mem csr_at(size_t field, unsigned size = 8) { return at(offsetof(Hart, csr) + field, size); }
  static Mem mstatus() { return csr_at(offsetof(riscv::Csrs, mstatus)); }

  void emit_get_status(const Node& n) {
    namespace bits = riscv::mstatus;
    const Gp to = take_temp(), temp = take_temp();
    a.mov(temp, Imm(static_cast<int64_t>(bits::kSstatusReadable)));
    a.mov(to, mstatus());
    a.and_(to, temp);
    // SD: FS is 3. Adding its lowest bit then carries into bit 15.
    static_assert(bits::kFs == 3u << 13 && bits::kSd == uint64_t{1} << 63);
    a.mov(temp.r32(), to.r32());
    a.and_(temp.r32(), static_cast<uint32_t>(bits::kFs));
    a.add(temp.r32(), 1u << 13);
    a.and_(temp.r32(), 1u << 15);
    a.shl(temp, 63 - 15);
    a.or_(to, temp);
    locked_ &= ~(1u << index_of(temp));
    give(to);
    done(n);
  }
  void emit_set_status(const Node& n) {
    namespace bits = riscv::mstatus;
    const SlowExit slow = new_slow_exit(n);
    const Gp value = in_register(n.in[0]), temp = take_temp();
    a.mov(temp, csr_at(offsetof(riscv::Csrs, mip_software)));
    a.or_(temp, csr_at(offsetof(riscv::Csrs, mip_lines)));
    a.test(csr_at(offsetof(riscv::Csrs, mie)), temp);
    a.jnz(slow.label);
    a.mov(temp.r32(), csr_at(offsetof(riscv::Csrs, mstatus), 4));
    a.xor_(temp.r32(), value.r32());
    a.and_(temp.r32(), static_cast<uint32_t>(bits::kSstatusWritable));
    a.test(temp.r32(), static_cast<uint32_t>(riscv::kStatusEffects));
    a.jnz(slow.label);
    a.xor_(mstatus(), temp);
    a.test(value.r32(), static_cast<uint32_t>(bits::kFs));
    a.setz(at(offsetof(Hart, float_off), 1));
    done(n);
  }

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
    if (!fflags_are_written(n)) {
      const Gp value = in_register(n.in[0]);
      emit_write_fflags(value, take_temp());
    }
    make_dirty();
    done(n);
  }
};

Lowering::Lowering(const x86::CodeMemory& memory, const Thunks& thunks, const HostAbilities& host)
    : emitter_(std::make_unique<Emitter>(memory, thunks, host)) {}
Lowering::~Lowering() = default;
void Lowering::lower(const LoweringInput& input, LoweringOutput& output) {
  emitter_->run(input, output);
}  // may throw

}  // namespace vitrine::translator
