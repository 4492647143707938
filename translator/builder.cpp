// SPDX-License-Identifier: MIT
// IrBackend, the vocabulary of the semantic bodies in which a value is a node, and the walk over a block's
// instructions.
#include "translator/builder.h"

#include <cpuid.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/address.h"
#include "isa/riscv/decoder.h"
#include "isa/riscv/handler.h"
#include "isa/riscv/operands.h"
#include "isa/riscv/plain_csr.h"
#include "isa/riscv/semantics_control.h"
#include "isa/riscv/semantics_float.h"
#include "isa/riscv/semantics_integer.h"
#include "isa/riscv/semantics_memory.h"
#include "isa/riscv/semantics_system.h"
#include "translator/lowering_float.h"

namespace vitrine::translator {
namespace {

using ir::Node;
using ir::Op;
using ir::Ref;
using riscv::kFflags, riscv::kSstatus, riscv::Operands, riscv::PlainCsr;

bool is_csr(riscv::Op op) {
  switch (op) {
    case riscv::Op::csrrw:
    case riscv::Op::csrrs:
    case riscv::Op::csrrc:
    case riscv::Op::csrrwi:
    case riscv::Op::csrrsi:
    case riscv::Op::csrrci: return true;
    default: return false;
  }
}

bool replaces_csr(riscv::Op op) { return op == riscv::Op::csrrw || op == riscv::Op::csrrwi; }
bool writes_csr(const riscv::Insn& insn) { return replaces_csr(insn.op) || insn.rs1 != 0; }

class IrBackend {
 public:
  using Value = Ref;

  IrBackend(ir::Block& block, const HostAbilities& host, bool alone) : block_(block), host_(host), alone_(alone) {
    known_.fill(ir::kNoRef);
  }

  // One instruction; false if the IR cannot say it, and then nothing was added.
  template <class Body>
  bool run(Body body, const Operands& operands, uint64_t pc) {
    const size_t before = block_.nodes.size();
    const std::array<Ref, 32> known = known_;
    pc_ = pc;
    supported_ = true;
    target_ = ir::kNoRef;
    body(*this, operands);
    if (!supported_) {
      block_.nodes.resize(before);
      known_ = known;
      return false;
    }
    if (target_ != ir::kNoRef) emit(Op::jump_to, target_);
    return true;
  }
  // It may write any x register: a helper may be a call of firmware.
  void helper_node() {
    emit(Op::helper);
    known_.fill(ir::kNoRef);
  }
  // Some write an x register.
  void float_node(unsigned rd) {
    emit(Op::float_op);
    known_[rd] = ir::kNoRef;
  }
  void jump_node(uint64_t pc) { emit_immediate(Op::jump, static_cast<int64_t>(pc)); }
  void begin_instruction(unsigned insn) { insn_ = static_cast<uint16_t>(insn); }

  // --- Registers. One that was read or set before is not read again: its value is named.
  Ref constant(int64_t v) { return emit_immediate(Op::constant, v); }
  Ref x(unsigned r) {
    if (r == 0) return constant(0);
    if (known_[r] != ir::kNoRef) return known_[r];
    const Ref value = known_[r] = emit(Op::get_x);
    block_.nodes[value].reg = static_cast<uint8_t>(r);
    return value;
  }
  void set_x(unsigned r, Ref value) {
    if (r == 0) return;
    block_.nodes[emit(Op::set_x, value)].reg = static_cast<uint8_t>(r);
    known_[r] = value;
  }
  Ref pc_relative(int64_t offset) {
    return constant(static_cast<int64_t>(pc_ + static_cast<uint64_t>(offset)));
  }
  static constexpr bool ok() { return true; }
  static void order(int32_t) {}

  // --- CSRs that are plain words of the hart
  void csr(const riscv::Insn& insn, const PlainCsr& row) {
    Ref old = ir::kNoRef;
    if (!replaces_csr(insn.op) || insn.rd != 0) old = get(row);
    if (writes_csr(insn)) {
      Ref value = combine(insn.op, old, csr_operand(insn));
      if (~row.writable != 0) value = and_(value, constant(static_cast<int64_t>(row.writable)));
      const Ref set = emit(row.number == kFflags ? Op::set_fflags : Op::set_csr, value);
      block_.nodes[set].imm = row.number;
    }
    if (insn.rd != 0) set_x(insn.rd, old);
  }

  // --- sstatus. rd is written last: the slow path repeats the whole instruction.
  void status_csr(const riscv::Insn& insn) {
    const Ref old = emit(Op::get_status);
    if (writes_csr(insn)) emit(Op::set_status, combine(insn.op, old, csr_operand(insn)));
    if (insn.rd != 0) set_x(insn.rd, old);
  }

  // --- cbo.zero
  void zero_block(const Operands& i) { emit(Op::zero_block, x(i.rs1)); }

  // --- Integers: names as in isa/riscv/numbers.h
#define VT_UNARY(name, op) \
  Ref name(Ref a) { return emit(Op::op, a); }
#define VT_BINARY(name, op) \
  Ref name(Ref a, Ref b) { return emit(Op::op, a, b); }
  VT_BINARY(add, add)
  VT_BINARY(sub, sub)
  VT_BINARY(and_, and_)
  VT_BINARY(or_, or_)
  VT_BINARY(xor_, xor_)
  VT_UNARY(not_, not_)
  VT_BINARY(sll, shl)
  VT_BINARY(srl, shr)
  VT_BINARY(sra, sar)
  VT_BINARY(rotr, rotr)
  VT_BINARY(sllw, shlw)
  VT_BINARY(srlw, shrw)
  VT_BINARY(sraw, sarw)
  VT_BINARY(rotrw, rotrw)
  VT_UNARY(sext8, sext8)
  VT_UNARY(sext16, sext16)
  VT_UNARY(sext32, sext32)
  VT_UNARY(zext8, zext8)
  VT_UNARY(zext16, zext16)
  VT_UNARY(zext32, zext32)
  VT_BINARY(eq, eq)
  VT_BINARY(ne, ne)
  VT_BINARY(lt, lt)
  VT_BINARY(ge, ge)
  VT_BINARY(ltu, ltu)
  VT_BINARY(geu, geu)
  Ref select(Ref condition, Ref a, Ref b) { return emit(Op::select, condition, a, b); }
  VT_BINARY(mul, mul)
  VT_BINARY(mulh, mulh)
  VT_BINARY(mulhu, mulhu)
  VT_BINARY(mulhsu, mulhsu)
  VT_BINARY(div, div)
  VT_BINARY(divu, divu)
  VT_BINARY(rem, rem)
  VT_BINARY(remu, remu)
  VT_BINARY(divw, divw)
  VT_BINARY(divuw, divuw)
  VT_BINARY(remw, remw)
  VT_BINARY(remuw, remuw)
  VT_UNARY(byte_swap, bswap)
#undef VT_UNARY
#undef VT_BINARY
  Ref clz(Ref a) { return count(Op::clz, a); }
  Ref ctz(Ref a) { return count(Op::ctz, a); }
  Ref cpop(Ref a) { return count(Op::cpop, a); }
  Ref clz32(Ref a) { return count(Op::clz32, a); }
  Ref ctz32(Ref a) { return count(Op::ctz32, a); }
  template <class T>
  Ref extend(Ref a) {
    return sizeof(T) == 4 ? sext32(a) : a;
  }
  // Bytes that are not 0 become 255. Adding 127 to its low seven bits carries into a byte's top bit unless they are 0.
  Ref or_combine(Ref a) {
    const Ref low = constant(0x7f7f'7f7f'7f7f'7f7f);
    const Ref carried = or_(add(and_(a, low), low), a);
    const Ref ones = srl(and_(carried, constant(static_cast<int64_t>(0x8080'8080'8080'8080))), constant(7));
    return mul(ones, constant(255));
  }
  // Rare, and long as host code: left to the interpreter's bodies.
  Ref reverse_bits_in_bytes(Ref) { return refuse(); }
  Ref clmul(Ref, Ref) { return refuse(); }
  Ref clmulh(Ref, Ref) { return refuse(); }
  Ref clmulr(Ref, Ref) { return refuse(); }
  Ref xperm4(Ref, Ref) { return refuse(); }
  Ref xperm8(Ref, Ref) { return refuse(); }

  // --- Memory
  template <class T>
  Ref load(Ref address) {
    const Ref value = emit(Op::load, address);
    block_.nodes[value].width = sizeof(T);
    block_.nodes[value].is_signed = std::is_signed_v<T>;
    return value;
  }
  template <class T>
  void store(Ref address, Ref value) {
    block_.nodes[emit(Op::store, address, value)].width = sizeof(T);
  }
  template <class T>
  Ref load_reserved(Ref address) {
    return with_width(emit(Op::load_reserved, address), sizeof(T));
  }
  template <class T>
  Ref store_conditional(Ref address, Ref value) {
    return with_width(emit(Op::store_conditional, address, value), sizeof(T));
  }
  template <class T>
  Ref amo_load(Ref address) {
    return with_width(emit(Op::amo_load, address), sizeof(T));
  }
  template <class T>
  void amo_store(Ref value) {
    with_width(emit(Op::amo_store, value), sizeof(T));
  }

  // --- Control
  void branch(Ref condition, int32_t offset) {
    const Ref exit = emit(Op::exit_if, condition);
    block_.nodes[exit].imm = static_cast<int64_t>(pc_ + static_cast<uint64_t>(int64_t{offset}));
  }
  void jump(Ref target) { target_ = target; }
  // A fence orders nothing here (handler.h; but see fence_as_helper), so it becomes nothing; as does a pause without anybody who could go on meanwhile.
  void helper(void (*function)(riscv::Hart&, const Operands&) noexcept, const Operands& i) {
    if (function == &riscv::handler::cbo_zero) return zero_block(i);
    if (function == &riscv::handler::pause && alone_) return;
    if (function != &riscv::handler::fence) refuse();
  }

  // --- Floating point: moves only; what computes is one float_op, or a helper
  void round(int32_t) { refuse(); }
  Ref f_raw(unsigned r) {
    const Ref value = emit(Op::get_f);
    block_.nodes[value].reg = static_cast<uint8_t>(r);
    return value;
  }
  template <class F>
  Ref f(unsigned) {
    return refuse();
  }
  template <class F>
  void set_f(unsigned r, Ref value) {
    const Ref set = emit(Op::set_f, value);
    block_.nodes[set].reg = static_cast<uint8_t>(r);
    block_.nodes[set].width = sizeof(riscv::softfloat::Bits<F>);
  }
  template <class F>
  Ref fneg(Ref) {
    return refuse();
  }
#define VT_REFUSED(name) \
  template <class... Ts> \
  Ref name(Ref, Ref) {   \
    return refuse();     \
  }
  VT_REFUSED(fsgnj)
  VT_REFUSED(fsgnjn)
  VT_REFUSED(fsgnjx)
  VT_REFUSED(fadd)
  VT_REFUSED(fsub)
  VT_REFUSED(fmul)
  VT_REFUSED(fdiv)
  VT_REFUSED(fmin)
  VT_REFUSED(fmax)
  VT_REFUSED(feq)
  VT_REFUSED(flt)
  VT_REFUSED(fle)
#undef VT_REFUSED
  template <class F>
  Ref fsqrt(Ref) {
    return refuse();
  }
  template <class F>
  Ref fma(Ref, Ref, Ref) {
    return refuse();
  }
  template <class F>
  Ref fclass(Ref) {
    return refuse();
  }
  template <class F, class Int>
  Ref fcvt_to(Ref) {
    return refuse();
  }
  template <class F, class Int>
  Ref fcvt_from(Ref) {
    return refuse();
  }
  template <class To, class From>
  Ref fcvt(Ref) {
    return refuse();
  }

 private:
  // What a CSR instruction writes, sets or clears.
  Ref csr_operand(const riscv::Insn& insn) {
    const bool immediate =
        insn.op == riscv::Op::csrrwi || insn.op == riscv::Op::csrrsi || insn.op == riscv::Op::csrrci;
    return immediate ? constant(insn.rs1) : x(insn.rs1);
  }
  Ref combine(riscv::Op op, Ref old, Ref operand) {
    switch (op) {
      case riscv::Op::csrrs:
      case riscv::Op::csrrsi: return or_(old, operand);
      case riscv::Op::csrrc:
      case riscv::Op::csrrci: return and_(old, not_(operand));
      default: return operand;
    }
  }

  Ref get(const PlainCsr& row) {
    const Ref value = emit(row.number == kFflags ? Op::get_fflags : Op::get_csr);
    block_.nodes[value].imm = row.number;
    return value;
  }
  Ref with_width(Ref node, unsigned width) {
    block_.nodes[node].width = static_cast<uint8_t>(width);
    return node;
  }

  Ref refuse() {
    supported_ = false;
    return 0;
  }
  // Of a host that may not have it.
  Ref count(Op op, Ref a) {
    if (!host_.can(op)) supported_ = false;
    return emit(op, a);
  }
  Ref emit(Op op, Ref a = ir::kNoRef, Ref b = ir::kNoRef, Ref c = ir::kNoRef, int64_t imm = 0) {
    block_.nodes.push_back({.op = op, .insn = insn_, .in = {a, b, c}, .imm = imm});
    return static_cast<Ref>(block_.nodes.size() - 1);
  }
  Ref emit_immediate(Op op, int64_t imm) { return emit(op, ir::kNoRef, ir::kNoRef, ir::kNoRef, imm); }

  ir::Block& block_;
  const HostAbilities& host_;
  const bool alone_;
  uint64_t pc_ = 0;
  uint16_t insn_ = 0;
  bool supported_ = true;
  Ref target_ = ir::kNoRef;
  // The value that each x register has: local value numbering (Braun et al., Simple and Efficient Construction of Static
  // Single Assignment Form, CC 2013, 2.1).
  std::array<Ref, 32> known_;
};

// The body of each row, over IrBackend.
using Body = void (*)(IrBackend&, const Operands&);
constexpr std::array<Body, riscv::kOpCount> kBodies = {
    [](IrBackend& b, const Operands& i) { riscv::sem_illegal(b, i); },
#define INSN(name, pattern, format, classes_i, classes_ii, effects, extension, constraint, spec) \
  [](IrBackend& b, const Operands& i) { riscv::sem_##name(b, i); },
#define INSN_C(name, pattern, format, expands, extension, constraint, spec) nullptr,
#define INSN_AS(name, pattern, format, expands, extension, constraint, spec) nullptr,
#include "isa/riscv/instruction_rows.inc"
};

bool fetch(const uint8_t* page, unsigned offset, uint32_t& bits) {
  uint16_t low = 0, high = 0;
  std::memcpy(&low, page + offset, 2);
  if (riscv::instruction_length(low) == 4) {
    if (offset + 4 > core::kPageSize) return false;
    std::memcpy(&high, page + offset + 2, 2);
  }
  bits = static_cast<uint32_t>(high) << 16 | low;
  return true;
}

bool is_status(const riscv::Insn& insn, const BuildInput& input) {
  return is_csr(insn.op) && insn.imm == kSstatus && input.privilege != riscv::Privilege::kUser &&
         input.extensions.has(riscv::Extension::F);  // without it FS is 0
}
bool needs_float(const riscv::Insn& insn) {
  return riscv::row_of(insn.op).has(riscv::kFloat) || (is_csr(insn.op) && insn.imm == kFflags);
}

// False if it ends the block.
bool add_csr(ir::Block& block, IrBackend& backend, const riscv::Insn& insn, const BuildInput& input) {
  if (is_status(insn, input)) {
    backend.status_csr(insn);
    return true;
  }
  const PlainCsr* const row = riscv::plain_csr(static_cast<unsigned>(insn.imm), input.privilege);
  if (!row) {
    backend.helper_node();
    return false;
  }
  backend.csr(insn, *row);
  block.uses_float |= row->number == kFflags;
  return true;
}

void add_instruction(ir::Block& block, IrBackend& backend, const riscv::Insn& insn, uint64_t pc,
                     const HostAbilities& host) {
  const riscv::Row& row = riscv::row_of(insn.op);
  if (backend.run(kBodies[static_cast<size_t>(insn.op)], riscv::operands_of(insn), pc)) {
    block.uses_float |= row.has(riscv::kFloat);
  } else if (can_lower_float(insn, host)) {
    backend.float_node(insn.rd);
    block.uses_float = true;
  } else {
    backend.helper_node();
  }
}

}  // namespace

bool HostAbilities::can(Op op) const {
  switch (op) {
    case Op::clz:
    case Op::ctz:
    case Op::clz32:
    case Op::ctz32: return lzcnt;
    case Op::cpop: return popcnt;
    default: return true;
  }
}

namespace {

// __builtin_cpu_supports does not know it everywhere (clang 14): CPUID 8000'0001h, ECX bit 5.
bool has_lzcnt() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(0x8000'0001, &eax, &ebx, &ecx, &edx) && (ecx >> 5 & 1);
}

}  // namespace

HostAbilities HostAbilities::of_this_host() {
  HostAbilities host;
  host.bmi2 = __builtin_cpu_supports("bmi2") != 0;
  host.lzcnt = has_lzcnt() && __builtin_cpu_supports("bmi") != 0;
  host.popcnt = __builtin_cpu_supports("popcnt") != 0;
  host.avx = __builtin_cpu_supports("avx") != 0;
  host.fma = __builtin_cpu_supports("fma") != 0 && __builtin_cpu_supports("avx") != 0;
  return host;
}

void build(ir::Block& block, const BuildInput& input, const HostAbilities& host) {
  block.clear();
  block.apart.assign(input.apart.begin(), input.apart.end());
  block.all_apart = input.all_apart;
  IrBackend backend(block, host, input.alone);
  uint64_t pc = input.pc;
  const uint64_t page_address = pc & core::kPageMask;
  unsigned side_exits = 0;
  bool status_written = false;
  while (true) {
    uint32_t bits = 0;
    const uint64_t offset = pc - page_address;
    if (offset >= core::kPageSize || block.insns.size() == kMaxInstructions) break;
    if (!fetch(input.page, static_cast<unsigned>(offset), bits)) {
      riscv::Insn unknown{};
      unknown.length = 4;
      block.insns.push_back({pc, unknown, true});
      backend.begin_instruction(static_cast<unsigned>(block.insns.size() - 1));
      backend.helper_node();
      pc += 4;
      break;
    }
    const riscv::Insn insn = riscv::decode(bits, input.extensions);
    const riscv::Row& row = riscv::row_of(insn.op);
    // Whether FS is off is asked at a block's entry.
    if (status_written && needs_float(insn)) break;
    status_written |= is_status(insn, input) && writes_csr(insn);
    block.insns.push_back({pc, insn});
    backend.begin_instruction(static_cast<unsigned>(block.insns.size() - 1));
    const bool idle_pause = insn.op == riscv::Op::pause && input.alone;
    bool goes_on = !row.has(riscv::kEndsBlock) || row.has(riscv::kBranch) || idle_pause;
    const bool as_helper = std::count(input.as_helpers.begin(), input.as_helpers.end(), pc) != 0 ||
                           (input.sc_as_helper && (insn.op == riscv::Op::sc_w || insn.op == riscv::Op::sc_d)) ||
                           (input.fence_as_helper && insn.op == riscv::Op::fence);
    if (as_helper)
      backend.helper_node();
    else if (is_csr(insn.op))
      goes_on = add_csr(block, backend, insn, input);
    else
      add_instruction(block, backend, insn, pc, host);
    if (row.has(riscv::kJump) && !as_helper) return;
    pc += insn.length;
    if (!goes_on) break;
    // What comes after a loop runs once for many rounds of it: a block of its own.
    if (row.has(riscv::kBranch) && (insn.imm <= 0 || ++side_exits == kMaxSideExits)) break;
  }
  backend.jump_node(pc);
}

}  // namespace vitrine::translator
