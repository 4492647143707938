// SPDX-License-Identifier: MIT
// Encoding of the frequent forms: Intel's manual, volume 2, chapters 2 (prefixes, ModRM, SIB) and 3 to 5
// (opcodes).
#include "isa/x86/assembler.h"

#include <array>
#include <cstring>
#include <utility>

#include "core/assert.h"

namespace vitrine::x86 {
namespace {

using asmjit::Error;
using asmjit::Imm;
using asmjit::InstId;
using asmjit::Label;
using asmjit::Operand_;
using asmjit::RegType;
using asmjit::x86::Gp;
using asmjit::x86::Mem;
namespace Inst = asmjit::x86::Inst;

constexpr unsigned kLongest = 16;  // bytes of one instruction, and one more
constexpr unsigned kNoReg = 0;

// What is encoded here, by asmjit's number of the instruction. `code`: the opcode, or its extension in ModRM.
enum class Form : uint8_t { kNone, kAlu, kMov, kTest, kLea, kExtension, kShift, kJump };
struct Row {
  Form form = Form::kNone;
  uint16_t code = 0;
};
constexpr unsigned kEscape = 0x0f00;  // opcodes of two bytes
constexpr unsigned kJmp = 0xe9, kCall = 0xe8, kRet = 0xc3, kJcc = kEscape | 0x80;

constexpr auto kRows = [] {
  std::array<Row, Inst::_kIdCount> rows = {};
  constexpr InstId kAlu[] = {Inst::kIdAdd, Inst::kIdOr,  Inst::kIdAdc, Inst::kIdSbb,
                             Inst::kIdAnd, Inst::kIdSub, Inst::kIdXor, Inst::kIdCmp};
  for (unsigned digit = 0; digit < std::size(kAlu); ++digit)
    rows[kAlu[digit]] = {Form::kAlu, static_cast<uint16_t>(digit)};
  rows[Inst::kIdMov] = {Form::kMov};
  rows[Inst::kIdTest] = {Form::kTest};
  rows[Inst::kIdLea] = {Form::kLea};
  rows[Inst::kIdMovzx] = {Form::kExtension, kEscape | 0xb6};
  rows[Inst::kIdMovsx] = {Form::kExtension, kEscape | 0xbe};
  rows[Inst::kIdMovsxd] = {Form::kExtension, 0x63};
  rows[Inst::kIdRol] = {Form::kShift, 0};
  rows[Inst::kIdRor] = {Form::kShift, 1};
  rows[Inst::kIdShl] = {Form::kShift, 4};
  rows[Inst::kIdShr] = {Form::kShift, 5};
  rows[Inst::kIdSar] = {Form::kShift, 7};
  rows[Inst::kIdJmp] = {Form::kJump, kJmp};
  rows[Inst::kIdCall] = {Form::kJump, kCall};
  // By condition code; some have several names, and asmjit a number for each.
  constexpr InstId kConditions[][3] = {{Inst::kIdJo},
                                       {Inst::kIdJno},
                                       {Inst::kIdJb, Inst::kIdJc, Inst::kIdJnae},
                                       {Inst::kIdJnb, Inst::kIdJnc, Inst::kIdJae},
                                       {Inst::kIdJe, Inst::kIdJz},
                                       {Inst::kIdJne, Inst::kIdJnz},
                                       {Inst::kIdJbe, Inst::kIdJna},
                                       {Inst::kIdJa, Inst::kIdJnbe},
                                       {Inst::kIdJs},
                                       {Inst::kIdJns},
                                       {Inst::kIdJp, Inst::kIdJpe},
                                       {Inst::kIdJnp, Inst::kIdJpo},
                                       {Inst::kIdJl, Inst::kIdJnge},
                                       {Inst::kIdJge, Inst::kIdJnl},
                                       {Inst::kIdJle, Inst::kIdJng},
                                       {Inst::kIdJg, Inst::kIdJnle}};
  for (unsigned condition = 0; condition < std::size(kConditions); ++condition)
    for (const InstId id : kConditions[condition])
      if (id != Inst::kIdNone) rows[id] = {Form::kJump, static_cast<uint16_t>(kJcc | condition)};
  return rows;
}();

using Signature = asmjit::OperandSignature;

// Bytes of a general register; 0: something else (ah to bh too). By the lowest byte of an operand's signature, which holds
// the operand's and the register's type.
static_assert((Signature::kOpTypeMask | Signature::kRegTypeMask) == 0xff);
constexpr auto kWidths = [] {
  constexpr std::pair<RegType, uint8_t> kTypes[] = {
      {RegType::kX86_GpbLo, 1}, {RegType::kX86_Gpw, 2}, {RegType::kX86_Gpd, 4}, {RegType::kX86_Gpq, 8}};
  std::array<uint8_t, 256> widths = {};
  for (const auto& [type, width] : kTypes)
    widths[(Signature::fromOpType(asmjit::OperandType::kReg) | Signature::fromRegType(type)).bits()] = width;
  return widths;
}();
unsigned width_of(const Operand_& o) { return kWidths[o.signature().bits() & 0xff]; }

// [base + index * scale + displacement], of 64-bit registers.
bool is_plain(const Operand_& o) {
  constexpr Signature kBase = Signature::fromOpType(asmjit::OperandType::kMem) | Signature::fromMemBaseType(RegType::kX86_Gpq);
  constexpr uint32_t kMask = Signature::kOpTypeMask | Signature::kMemBaseTypeMask | Mem::kSignatureMemSegmentMask;
  if ((o.signature().bits() & kMask) != kBase.bits()) return false;
  const RegType index = o.signature().memIndexType();
  return index == RegType::kNone || index == RegType::kX86_Gpq;
}
bool fits_8(int64_t v) { return v == static_cast<int8_t>(v); }
bool fits_32(int64_t v) { return v == static_cast<int32_t>(v); }
// An immediate as an operation of this width sees it.
int64_t narrowed(int64_t v, unsigned width) {
  return width == 1   ? static_cast<int8_t>(v)
         : width == 2 ? static_cast<int16_t>(v)
         : width == 4 ? static_cast<int32_t>(v)
                      : v;
}
unsigned immediate_bytes(unsigned width) { return width < 4 ? width : 4; }
// Byte registers 4 to 7 are spl to dil with a REX prefix, and ah to bh without.
bool needs_rex(unsigned width, unsigned reg) { return width == 1 && reg >= 4; }

// --- Pieces of an instruction; each returns its end

uint8_t* put(uint8_t* to, unsigned byte) {
  *to = static_cast<uint8_t>(byte);
  return to + 1;
}
uint8_t* immediate(uint8_t* to, int64_t value, unsigned bytes) {
  std::memcpy(to, &value, 8);  // there is room for the longest instruction behind
  return to + bytes;
}

uint8_t* prefixes(uint8_t* to, unsigned width, unsigned reg, unsigned index, unsigned base,
                  bool byte_register) {
  if (width == 2) to = put(to, 0x66);
  const unsigned rex = (width == 8) << 3 | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
  return rex != 0 || byte_register ? put(to, 0x40 | rex) : to;
}

uint8_t* opcode(uint8_t* to, unsigned op) {
  if (op & kEscape) to = put(to, kEscape >> 8);
  return put(to, op);
}

uint8_t* instruction(uint8_t* to, unsigned op, unsigned width, unsigned reg, unsigned rm,
                     bool byte_register) {
  to = opcode(prefixes(to, width, reg, kNoReg, rm, byte_register), op);
  return put(to, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

uint8_t* instruction(uint8_t* to, unsigned op, unsigned width, unsigned reg, const Mem& mem,
                     bool byte_register) {
  constexpr unsigned kSib = 4, kNoIndex = 4, kNeedsDisplacement = 5;
  const unsigned base = mem.baseId(), index = mem.hasIndex() ? mem.indexId() : kNoReg;
  const int32_t displacement = mem.offsetLo32();
  to = opcode(prefixes(to, width, reg, index, base, byte_register), op);
  const bool sib = mem.hasIndex() || (base & 7) == kSib;
  const unsigned mode = displacement == 0 && (base & 7) != kNeedsDisplacement ? 0
                        : fits_8(displacement)                                ? 1
                                                                              : 2;
  to = put(to, mode << 6 | (reg & 7) << 3 | (sib ? kSib : base & 7));
  if (sib) to = put(to, (mem.hasIndex() ? mem.shift() << 6 | (index & 7) << 3 : kNoIndex << 3) | (base & 7));
  constexpr unsigned kBytes[] = {0, 1, 4};
  return immediate(to, displacement, kBytes[mode]);
}

// --- Forms; each returns its end, or nullptr

uint8_t* encode_alu_with_constant(uint8_t* to, unsigned digit, const Operand_& o0, int64_t constant) {
  const unsigned reg_width = width_of(o0);
  const unsigned width = reg_width != 0 ? reg_width : is_plain(o0) ? o0.as<Mem>().size() : 0;
  if (width == 0 || width == 2 || width > 8)
    return nullptr;  // two bytes: rare, and not always encoded in the shortest way
  const int64_t value = narrowed(constant, width);
  if (!fits_32(value)) return nullptr;
  const bool is_short = width == 1 || fits_8(value);
  const unsigned op = width == 1 ? 0x80 : is_short ? 0x83 : 0x81;
  if (reg_width == 0)
    to = instruction(to, op, width, digit, o0.as<Mem>(), false);
  else if (o0.id() == 0 && (width == 1 || !is_short))
    to = put(prefixes(to, width, 0, 0, 0, false), digit << 3 | 4 | (width != 1));
  else
    to = instruction(to, op, width, digit, o0.id(), needs_rex(width, o0.id()));
  return immediate(to, value, is_short ? 1 : 4);
}

// Register and register, register and memory, memory and register: `op` is the first of four opcodes, as
// arithmetic and moves have them.
uint8_t* with_register(uint8_t* to, unsigned op, const Operand_& o0, const Operand_& o1) {
  const unsigned width = width_of(o0), other = width_of(o1);
  if (width != 0 && width == other)
    return instruction(to, op | (width != 1), width, o1.id(), o0.id(),
                       needs_rex(width, o0.id()) || needs_rex(width, o1.id()));
  if (width != 0 && is_plain(o1))
    return instruction(to, op | 2 | (width != 1), width, o0.id(), o1.as<Mem>(), needs_rex(width, o0.id()));
  if (other != 0 && is_plain(o0))
    return instruction(to, op | (other != 1), other, o1.id(), o0.as<Mem>(), needs_rex(other, o1.id()));
  return nullptr;
}

uint8_t* encode_alu(uint8_t* to, unsigned digit, const Operand_& o0, const Operand_& o1) {
  return o1.isImm() ? encode_alu_with_constant(to, digit, o0, o1.as<Imm>().value())
                    : with_register(to, digit << 3, o0, o1);
}

uint8_t* encode_mov_constant(uint8_t* to, const Operand_& o0, int64_t constant) {
  if (is_plain(o0)) {
    const unsigned width = o0.as<Mem>().size();
    const int64_t value = narrowed(constant, width);
    if (width == 0 || width > 8 || !fits_32(value)) return nullptr;
    return immediate(instruction(to, 0xc6 | (width != 1), width, 0, o0.as<Mem>(), false), value,
                     immediate_bytes(width));
  }
  const unsigned width = width_of(o0);
  if (width < 4) return nullptr;
  if (width == 8 && fits_32(constant))
    return immediate(instruction(to, 0xc7, 8, 0, o0.id(), false), constant, 4);
  return immediate(put(prefixes(to, width, 0, 0, o0.id(), false), 0xb8 | (o0.id() & 7)), constant, width);
}

uint8_t* encode_test(uint8_t* to, const Operand_& o0, const Operand_& o1) {
  const unsigned width = width_of(o0);
  if (width == 0) return nullptr;
  if (width == width_of(o1)) return with_register(to, 0x84, o0, o1);
  if (!o1.isImm() || o0.id() == 0) return nullptr;
  const int64_t value = narrowed(o1.as<Imm>().value(), width);
  if (!fits_32(value)) return nullptr;
  return immediate(instruction(to, 0xf6 | (width != 1), width, 0, o0.id(), needs_rex(width, o0.id())), value,
                   immediate_bytes(width));
}

// movzx and movsx from one or two bytes, movsxd from four.
uint8_t* encode_extension(uint8_t* to, unsigned op, const Operand_& o0, const Operand_& o1) {
  const unsigned width = width_of(o0);
  const bool from_memory = is_plain(o1);
  const unsigned from = from_memory ? o1.as<Mem>().size() : width_of(o1);
  const bool known = op & kEscape ? (from == 1 || from == 2) && width >= 4 : from == 4 && width == 8;
  if (!known) return nullptr;
  op |= from == 2;
  if (from_memory) return instruction(to, op, width, o0.id(), o1.as<Mem>(), false);
  return instruction(to, op, width, o0.id(), o1.id(), needs_rex(from, o1.id()));
}

uint8_t* encode_shift(uint8_t* to, unsigned digit, const Operand_& o0, const Operand_& o1) {
  const unsigned width = width_of(o0);
  if (width < 4 || !o1.isImm()) return nullptr;
  const auto count = static_cast<uint8_t>(o1.as<Imm>().value());
  to = instruction(to, count == 1 ? 0xd1 : 0xc1, width, digit, o0.id(), false);
  return count == 1 ? to : put(to, count);
}

uint8_t* encode_lea(uint8_t* to, const Operand_& o0, const Operand_& o1) {
  if (width_of(o0) != 8 || !is_plain(o1)) return nullptr;
  return instruction(to, 0x8d, 8, o0.id(), o1.as<Mem>(), false);
}

}  // namespace

Assembler::Assembler() {
  holder_.init(asmjit::Environment::host());
  VT_ASSERT(holder_.attach(&asmjit_) == asmjit::kErrorOk, "asmjit has no assembler for this host");
  VT_ASSERT(
      holder_.reserveBuffer(&holder_.sectionById(0)->buffer(), kMaxBytes + kLongest) == asmjit::kErrorOk,
      "no host memory for code in the making");
  begin_ = end_ = asmjit_._bufferData;
  limit_ = begin_ + kMaxBytes;
}

void Assembler::begin(const uint8_t* address) {
  holder_._baseAddress = reinterpret_cast<uint64_t>(address);  // the same holder again and again: it is of no other use
  end_ = begin_;
  places_.clear();
  long_form_ = false;
}

std::span<const uint8_t> Assembler::code() const {
  for (const Place& place : places_) VT_ASSERT(place.last_use < 0, "a jump in generated code leads nowhere");
  return {begin_, end_};
}

void Assembler::bind(const Label& label) {
  Place& place = places_[label.id()];
  place.bound = static_cast<int32_t>(offset());
  for (int32_t use = place.last_use; use >= 0;) {
    uint8_t* const displacement = begin_ + use - 4;
    const int32_t distance = place.bound - use;
    std::memcpy(&use, displacement, 4);
    std::memcpy(displacement, &distance, 4);
  }
  place.last_use = -1;
}

Error Assembler::_emitI(InstId id) {
  if (id != Inst::kIdRet || end_ >= limit_) return emit_by_asmjit(id, {});
  end_ = put(end_, kRet);
  return asmjit::kErrorOk;
}

Error Assembler::_emitI(InstId id, const Operand_& o0) {
  const Row row = kRows[id];
  uint8_t* const end = row.form == Form::kJump && end_ < limit_ ? encode_jump(end_, row.code, o0) : nullptr;
  if (!end) return emit_by_asmjit(id, {&o0});
  end_ = end;
  return asmjit::kErrorOk;
}

[[gnu::flatten]] Error Assembler::_emitI(InstId id, const Operand_& o0, const Operand_& o1) {
  uint8_t* const end = end_ < limit_ ? encode(end_, id, o0, o1) : nullptr;
  if (!end) return emit_by_asmjit(id, {&o0, &o1});
  end_ = end;
  return asmjit::kErrorOk;
}

Error Assembler::emit_by_asmjit(InstId id, std::initializer_list<const Operand_*> operands) {
  VT_ASSERT(end_ < limit_, "more generated code than there is room for");
  asmjit::Operand list[asmjit::Globals::kMaxOpCount];
  size_t count = 0;
  for (const Operand_* operand : operands) list[count++].copyFrom(*operand);
  asmjit_._bufferPtr = end_;
  const Error error = asmjit_.emitOpArray(id, list, count);
  VT_ASSERT(error == asmjit::kErrorOk, "an instruction that asmjit does not know");
  end_ = asmjit_._bufferPtr;
  return error;
}

uint8_t* Assembler::encode(uint8_t* to, InstId id, const Operand_& o0, const Operand_& o1) {
  const Row row = kRows[id];
  switch (row.form) {
    case Form::kAlu: return encode_alu(to, row.code, o0, o1);
    case Form::kMov:
      return o1.isImm() ? encode_mov_constant(to, o0, o1.as<Imm>().value()) : with_register(to, 0x88, o0, o1);
    case Form::kTest: return encode_test(to, o0, o1);
    case Form::kLea: return encode_lea(to, o0, o1);
    case Form::kExtension: return encode_extension(to, row.code, o0, o1);
    case Form::kShift: return encode_shift(to, row.code, o0, o1);
    case Form::kJump:
    case Form::kNone: break;
  }
  return nullptr;
}

// To a label, to an address within two gigabytes, or to the address in a place of memory.
uint8_t* Assembler::encode_jump(uint8_t* to, unsigned op, const Operand_& target) {
  const bool is_long = std::exchange(long_form_, false);
  const auto begin = static_cast<int32_t>(to - begin_);
  const int32_t end = begin + (op & kEscape ? 6 : 5);
  if (target.isImm()) {
    const auto distance = static_cast<int64_t>(target.as<Imm>().valueAs<uint64_t>() - holder_.baseAddress()) - end;
    return fits_32(distance) ? immediate(opcode(to, op), distance, 4) : nullptr;
  }
  if ((op == kJmp || op == kCall) && is_plain(target))
    return instruction(to, 0xff, 4, op == kJmp ? 4 : 2, target.as<Mem>(), false);
  if (!target.isLabel()) return nullptr;
  Place& place = places_[target.id()];
  if (place.bound < 0) return immediate(opcode(to, op), std::exchange(place.last_use, end), 4);
  const int32_t short_distance = place.bound - begin - 2;
  if (fits_8(short_distance) && !is_long && op != kCall)
    return put(put(to, op == kJmp ? 0xeb : 0x70 | (op & 0xf)), static_cast<unsigned>(short_distance));
  return immediate(opcode(to, op), place.bound - end, 4);
}

}  // namespace vitrine::x86
