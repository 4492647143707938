// SPDX-License-Identifier: MIT
// Making of the shared host code.
#include "translator/thunks.h"

#include <cstring>

#include "core/assert.h"
#include "translator/emit_jump.h"
#include "translator/registers.h"

namespace vitrine::translator {
namespace {

using asmjit::CodeHolder;
using asmjit::Imm;
using asmjit::Label;
using riscv::Hart;
namespace a86 = asmjit::x86;

constexpr a86::Gp kSaved[] = {a86::rbx, a86::rbp, a86::r12, a86::r13, a86::r14, a86::r15};

// One thunk: f(assembler) emits it.
template <typename Emit>
const uint8_t* make(x86::CodeMemory& memory, Emit emit) {
  CodeHolder code;
  code.init(asmjit::Environment::host(), reinterpret_cast<uint64_t>(memory.next()));
  a86::Assembler a(&code);
  emit(a);
  VT_ASSERT(code.flatten() == 0 && code.resolveUnresolvedLinks() == 0, "a thunk cannot be assembled");
  return memory.append(code.sectionById(0)->data(), code.codeSize());
}

void save_mapped(a86::Assembler& a) {
  for (const Mapping& m : kMapped) a.mov(x_at(m.guest), m.host);
}
void load_mapped(a86::Assembler& a) {
  for (const Mapping& m : kMapped) a.mov(m.host, x_at(m.guest));
}
// Only if generated code has them. C++ keeps no xmm register.
void save_floats(a86::Assembler& a) {
  const Label saved = a.newLabel();
  a.cmp(at(offsetof(Hart, float_in_hart), 1), 0);
  a.jne(saved);
  for (const FloatMapping& m : kMappedFloat) a.movsd(f_at(m.guest), a86::xmm(m.host));
  a.mov(at(offsetof(Hart, float_in_hart), 1), Imm(1));
  a.bind(saved);
}
void emit_load_floats(a86::Assembler& a) {
  const Label no = a.newLabel();
  a.cmp(at(offsetof(Hart, float_off), 1), 0);
  a.jne(no);
  a.cmp(at(offsetof(Hart, csr) + offsetof(riscv::Csrs, frm), 1), 0);
  a.jne(no);
  for (const FloatMapping& m : kMappedFloat) a.movsd(a86::xmm(m.host), f_at(m.guest));
  a.mov(at(offsetof(Hart, float_in_hart), 1), Imm(0));  // ZF is as the comparison left it
  a.bind(no);
  a.ret();
}

// A jump to the guest's pc in rdx: through the code View, or out. What was found is noted in the jump table.
void emit_jump(a86::Assembler& a, const uint8_t* leave, unsigned set) {
  const Label miss = a.newLabel();
  constexpr auto kCode = static_cast<int32_t>(offsetof(core::CodeView, code));
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
  a.test(a86::eax, a86::eax);
  a.jz(miss);
  a.add(a86::rax, at(offsetof(Hart, code_base)));
  const JumpOffsets first = jump_offsets(set);
  a.and_(a86::ecx, 2 * (core::kJumps - 1));
  a.mov(a86::Mem(kHart, a86::rcx, 2, static_cast<int32_t>(first.target) - kHartBias, 8), a86::rdx);
  a.mov(a86::Mem(kHart, a86::rcx, 2, static_cast<int32_t>(first.code) - kHartBias, 8), a86::rax);
  a.inc(at(first.target + offsetof(core::JumpTable, refills)));
  a.jmp(a86::rax);
  a.bind(miss);
  a.mov(at(offsetof(Hart, pc)), a86::rdx);
  a.jmp(reinterpret_cast<uint64_t>(leave));
}

// The lowest return address on the stack, for a guest that returns more often than it has called: it stays there.
void emit_enter(a86::Assembler& a, const uint8_t* leave, unsigned set) {
  const Label begin = a.newLabel();
  for (const a86::Gp& r : kSaved) a.push(r);
  a.sub(a86::rsp, 8);
  a.lea(kHart, a86::ptr(a86::rdi, kHartBias));
  a.mov(at(offsetof(Hart, host_stack)), a86::rsp);
  a.mov(a86::rax, a86::rsi);
  a.mov(kBudget, at(offsetof(Hart, budget)));
  load_mapped(a);
  a.call(begin);
  a.sub(a86::rsp, 8);
  emit_jump(a, leave, set);
  a.bind(begin);
  a.jmp(a86::rax);
}

// Registers are in the hart already. Calls of the guest that have not returned are forgotten.
void emit_return(a86::Assembler& a) {
  a.mov(a86::rsp, at(offsetof(Hart, host_stack)));
  a.add(a86::rsp, 8);
  for (size_t i = std::size(kSaved); i-- > 0;) a.pop(kSaved[i]);
  a.ret();
}

void emit_leave(a86::Assembler& a) {
  save_mapped(a);
  save_floats(a);
  a.mov(at(offsetof(Hart, budget)), kBudget);
  emit_return(a);
}

// The stack: a return address into the block.
void emit_slow(a86::Assembler& a, SlowFunction slow) {
  const Label out = a.newLabel();
  save_mapped(a);
  save_floats(a);
  a.mov(at(offsetof(Hart, budget)), kBudget);
  a.lea(a86::rdi, a86::ptr(kHart, -kHartBias));
  a.mov(a86::esi, at(offsetof(Hart, site), 4));
  a.mov(a86::rax, reinterpret_cast<uint64_t>(slow));
  a.mov(at(offsetof(Hart, scratch)), a86::rsp);
  a.and_(a86::rsp, -16);
  a.call(a86::rax);
  a.mov(a86::rsp, at(offsetof(Hart, scratch)));
  a.test(a86::eax, a86::eax);
  a.jnz(out);
  load_mapped(a);
  a.ret();
  a.bind(out);
  emit_return(a);
}

// A slot (its number in rdx) takes in the page at rcx with the addend rax. If the page is a neighbour of its run in RAM too, the
// run grows; otherwise the page replaces it. r8 is lost. A run stays in one half of the address space (clear_lower_half).
void emit_refill(a86::Assembler& a, unsigned set, bool write) {
  const Label inside_or_above = a.newLabel(), fresh = a.newLabel(), grow = a.newLabel(), done = a.newLabel();
  const SlotOffsets first = slot_offsets(set, write, 0);
  const auto slot = [&](size_t offset) {
    return a86::Mem(kHart, a86::rdx, 3, static_cast<int32_t>(offset) - kHartBias, 8);
  };
  const auto start = slot(first.start), addend = slot(first.addend), length = slot(first.length);
  constexpr auto kTail = static_cast<int32_t>(core::PredictionTable::kTail);
  a.cmp(a86::rax, addend);
  a.jne(fresh);
  a.mov(a86::r8, start);
  a.xor_(a86::r8, a86::rcx);
  a.js(fresh);
  a.cmp(length, 0);
  a.je(fresh);
  a.mov(a86::r8, a86::rcx);
  a.sub(a86::r8, start);
  a.jae(inside_or_above);
  a.cmp(a86::r8, -static_cast<int32_t>(core::kPageSize));
  a.jne(fresh);
  a.mov(start, a86::rcx);
  a.jmp(grow);
  a.bind(inside_or_above);
  a.cmp(a86::r8, length);
  a.jb(done);
  a.sub(a86::r8, kTail);
  a.cmp(a86::r8, length);
  a.je(grow);
  a.bind(fresh);
  a.mov(start, a86::rcx);
  a.mov(addend, a86::rax);
  a.mov(length, Imm(core::kPageSize - kTail));
  a.jmp(done);
  a.bind(grow);
  a.add(length, core::kPageSize);
  a.bind(done);
}

// The page of the address in rcx, from the linear table if there is one, otherwise from the small table; the site's slot
// is refilled with it. An access that leaves the page goes to the slow path, as does what neither knows.
void emit_lookup(a86::Assembler& a, const uint8_t* slow, unsigned set, unsigned log_width, bool write) {
  const Label miss = a.newLabel(), small = a.newLabel(), found = a.newLabel();
  const auto table = static_cast<int32_t>(write ? offsetof(core::View, write) : offsetof(core::View, read));
  const auto shadow = static_cast<int32_t>(write ? offsetof(core::View, write_shadow) : offsetof(core::View, read_shadow));
  a.push(a86::rax);
  a.push(a86::rdx);
  a.push(a86::r8);
  a.mov(a86::eax, a86::ecx);
  a.and_(a86::eax, core::kPageSize - 1);
  a.cmp(a86::eax, core::kPageSize - (1u << log_width));
  a.ja(miss);
  a.mov(a86::rax, at(offsetof(Hart, predictions) + set * sizeof(core::PredictionSet) + offsetof(core::PredictionSet, view)));
  a.mov(a86::rdx, a86::rcx);
  a.shr(a86::rdx, 63);  // which half
  a.mov(a86::rdx, a86::ptr(a86::rax, a86::rdx, 3, shadow));
  a.test(a86::rdx, a86::rdx);
  a.jz(small);

  a.mov(a86::rax, a86::rcx);
  a.sar(a86::rax, core::kShadowAddressBits - 1);  // bits 63:38 all equal: 0 or -1
  a.inc(a86::rax);
  a.cmp(a86::rax, 1);
  a.ja(miss);
  a.mov(a86::rax, a86::rcx);
  a.shr(a86::rax, core::kPageShift);
  a.and_(a86::eax, core::kShadowPages - 1);
  a.mov(a86::rax, a86::ptr(a86::rdx, a86::rax, 3));
  a.and_(a86::rcx, Imm(static_cast<int64_t>(core::kPageMask)));
  a.test(a86::rax, a86::rax);
  a.jz(miss);

  a.bind(found);
  a.mov(a86::edx, at(offsetof(Hart, site), 4));
  a.and_(a86::edx, core::kPredictions - 1);
  emit_refill(a, set, write);
  a.mov(a86::rcx, a86::rax);
  const size_t predictions = offsetof(Hart, predictions) + set * sizeof(core::PredictionSet);
  const a86::Mem refills = at(predictions + offsetof(core::PredictionSet, refills));
  a.mov(a86::rdx, refills);
  a.inc(refills);
  a.and_(a86::edx, core::PredictionSet::kRecent - 1);
  a.mov(a86::eax, at(offsetof(Hart, site), 4));
  a.mov(a86::Mem(kHart, a86::rdx, 2, static_cast<int32_t>(predictions + offsetof(core::PredictionSet, recent)) - kHartBias, 4),
        a86::eax);
  a.pop(a86::r8);
  a.pop(a86::rdx);
  a.pop(a86::rax);
  a.ret();

  a.bind(small);
  a.mov(a86::edx, a86::ecx);
  a.shr(a86::edx, core::kPageShift - 4);  // an entry has 16 bytes
  a.and_(a86::edx, (core::kDataEntries - 1) * 16);
  a.add(a86::rdx, a86::rax);
  a.and_(a86::rcx, Imm(static_cast<int64_t>(core::kPageMask)));
  a.cmp(a86::rcx, a86::ptr(a86::rdx, table));
  a.mov(a86::rax, a86::ptr(a86::rdx, table + 8));
  a.je(found);
  a.bind(miss);
  a.pop(a86::r8);
  a.pop(a86::rdx);
  a.pop(a86::rax);
  a.add(a86::qword_ptr(a86::rsp), 5);
  a.jmp(reinterpret_cast<uint64_t>(slow));
}

// MXCSR: IE 0, DE 1, ZE 2, OE 3, UE 4, PE 5. fflags: NX 0, UF 1, OF 2, DZ 3, NV 4.
const uint8_t* make_fflags_table(x86::CodeMemory& memory) {
  uint8_t table[kCleanMxcsr + 4] = {};
  for (unsigned host = 0; host < 64; ++host)
    table[host] = static_cast<uint8_t>((host & 1) << 4 | (host >> 2 & 1) << 3 | (host >> 3 & 1) << 2 | (host >> 4 & 1) << 1 |
                                       (host >> 5 & 1));
  const uint32_t clean = 0x1f80;
  std::memcpy(table + kCleanMxcsr, &clean, sizeof clean);
  return memory.append(table, sizeof table);
}

const uint8_t* make_float_constants(x86::CodeMemory& memory) {
  constexpr uint64_t kSign = uint64_t{1} << 63, kSignSingle = uint64_t{1} << 31, kBox = ~uint64_t{0} << 32;
  uint64_t table[2 * static_cast<size_t>(FloatConstant::kCount)] = {};
  const auto set = [&](FloatConstant which, uint64_t bits) { table[2 * static_cast<size_t>(which)] = bits; };
  set(FloatConstant::kSignDouble, kSign);
  set(FloatConstant::kNoSignDouble, ~kSign);
  set(FloatConstant::kNanDouble, 0x7ff8'0000'0000'0000);
  set(FloatConstant::kSignSingle, kSignSingle);
  set(FloatConstant::kNoSignSingle, ~kSignSingle);
  set(FloatConstant::kNanSingle, kBox | 0x7fc0'0000);
  set(FloatConstant::kBox, kBox);
  return memory.append(table, sizeof table);
}

}  // namespace

SlotOffsets slot_offsets(unsigned set, bool write, unsigned slot) {
  const size_t table = offsetof(Hart, predictions) + set * sizeof(core::PredictionSet) +
                       (write ? offsetof(core::PredictionSet, write) : offsetof(core::PredictionSet, read));
  return {table + offsetof(core::PredictionTable, start) + 8 * slot,
          table + offsetof(core::PredictionTable, addend) + 8 * slot,
          table + offsetof(core::PredictionTable, length) + 8 * slot};
}

JumpOffsets jump_offsets(unsigned set) {
  const size_t table = offsetof(Hart, predictions) + set * sizeof(core::PredictionSet) + offsetof(core::PredictionSet, jumps);
  return {table + offsetof(core::JumpTable, target), table + offsetof(core::JumpTable, code)};
}

Thunks make_thunks(x86::CodeMemory& memory, SlowFunction slow) {
  VT_ASSERT(memory.used() == 0, "the thunks are not the first code");
  static_assert(sizeof(core::DataEntry) == 16);
  Thunks thunks;
  thunks.leave = make(memory, [&](a86::Assembler& a) { emit_leave(a); });
  thunks.apart = make(memory, [&](a86::Assembler& a) {
    a.mov(at(offsetof(Hart, wants_apart), 1), Imm(1));
    emit_leave(a);
  });
  for (unsigned set = 0; set < core::kPredictionSets; ++set) {
    thunks.enter[set] = reinterpret_cast<Thunks::Enter>(
        reinterpret_cast<uintptr_t>(make(memory, [&](a86::Assembler& a) { emit_enter(a, thunks.leave, set); })));
    thunks.jump[set] = make(memory, [&](a86::Assembler& a) { emit_jump(a, thunks.leave, set); });
  }
  thunks.fflags_of_mxcsr = make_fflags_table(memory);
  thunks.float_constants = make_float_constants(memory);
  VT_ASSERT(reinterpret_cast<uint64_t>(thunks.float_constants) % 16 == 0, "constants of SSE code are not aligned");
  thunks.load_floats = make(memory, [&](a86::Assembler& a) { emit_load_floats(a); });
  thunks.slow = make(memory, [&](a86::Assembler& a) { emit_slow(a, slow); });
  for (unsigned set = 0; set < core::kPredictionSets; ++set)
    for (unsigned log_width = 0; log_width < 4; ++log_width)
      for (unsigned write = 0; write < 2; ++write)
        thunks.lookup[set][log_width][write] =
            make(memory, [&](a86::Assembler& a) { emit_lookup(a, thunks.slow, set, log_width, write != 0); });
  return thunks;
}

}  // namespace vitrine::translator
