// SPDX-License-Identifier: MIT
// Semantic bodies: loads, stores, atomics. After an access a body asks ok(): a guest fault (or, in the
// interpreter's fast path, a miss) ends it before it has changed anything. Vocabulary and rules:
// semantics_integer.h.
#pragma once

#include <cstdint>

#include "isa/riscv/operands.h"
#include "isa/riscv/softfloat/softfloat.h"

namespace vitrine::riscv {

// Loads (2.6, 4.3): sign-extended, or zero-extended with a u.
template <class B>
void sem_lb(B& b, const Operands& i) {
  const auto value = b.template load<int8_t>(b.add(b.x(i.rs1), b.constant(i.imm)));
  if (!b.ok()) return;
  b.set_x(i.rd, value);
}
template <class B>
void sem_lh(B& b, const Operands& i) {
  const auto value = b.template load<int16_t>(b.add(b.x(i.rs1), b.constant(i.imm)));
  if (!b.ok()) return;
  b.set_x(i.rd, value);
}
template <class B>
void sem_lw(B& b, const Operands& i) {
  const auto value = b.template load<int32_t>(b.add(b.x(i.rs1), b.constant(i.imm)));
  if (!b.ok()) return;
  b.set_x(i.rd, value);
}
template <class B>
void sem_ld(B& b, const Operands& i) {
  const auto value = b.template load<int64_t>(b.add(b.x(i.rs1), b.constant(i.imm)));
  if (!b.ok()) return;
  b.set_x(i.rd, value);
}
template <class B>
void sem_lbu(B& b, const Operands& i) {
  const auto value = b.template load<uint8_t>(b.add(b.x(i.rs1), b.constant(i.imm)));
  if (!b.ok()) return;
  b.set_x(i.rd, value);
}
template <class B>
void sem_lhu(B& b, const Operands& i) {
  const auto value = b.template load<uint16_t>(b.add(b.x(i.rs1), b.constant(i.imm)));
  if (!b.ok()) return;
  b.set_x(i.rd, value);
}
template <class B>
void sem_lwu(B& b, const Operands& i) {
  const auto value = b.template load<uint32_t>(b.add(b.x(i.rs1), b.constant(i.imm)));
  if (!b.ok()) return;
  b.set_x(i.rd, value);
}

// Stores (2.6, 4.3).
template <class B>
void sem_sb(B& b, const Operands& i) {
  b.template store<uint8_t>(b.add(b.x(i.rs1), b.constant(i.imm)), b.x(i.rs2));
}
template <class B>
void sem_sh(B& b, const Operands& i) {
  b.template store<uint16_t>(b.add(b.x(i.rs1), b.constant(i.imm)), b.x(i.rs2));
}
template <class B>
void sem_sw(B& b, const Operands& i) {
  b.template store<uint32_t>(b.add(b.x(i.rs1), b.constant(i.imm)), b.x(i.rs2));
}
template <class B>
void sem_sd(B& b, const Operands& i) {
  b.template store<uint64_t>(b.add(b.x(i.rs1), b.constant(i.imm)), b.x(i.rs2));
}

// Floating-point loads and stores: bits move unchanged, narrower ones are boxed (20.5, 21.3).
template <class B>
void sem_flh(B& b, const Operands& i) {
  const auto value = b.template load<uint16_t>(b.add(b.x(i.rs1), b.constant(i.imm)));
  if (!b.ok()) return;
  b.template set_f<softfloat::Binary16>(i.rd, value);
}
template <class B>
void sem_flw(B& b, const Operands& i) {
  const auto value = b.template load<uint32_t>(b.add(b.x(i.rs1), b.constant(i.imm)));
  if (!b.ok()) return;
  b.template set_f<softfloat::Binary32>(i.rd, value);
}
template <class B>
void sem_fld(B& b, const Operands& i) {
  const auto value = b.template load<uint64_t>(b.add(b.x(i.rs1), b.constant(i.imm)));
  if (!b.ok()) return;
  b.template set_f<softfloat::Binary64>(i.rd, value);
}
template <class B>
void sem_fsh(B& b, const Operands& i) {
  b.template store<uint16_t>(b.add(b.x(i.rs1), b.constant(i.imm)), b.f_raw(i.rs2));
}
template <class B>
void sem_fsw(B& b, const Operands& i) {
  b.template store<uint32_t>(b.add(b.x(i.rs1), b.constant(i.imm)), b.f_raw(i.rs2));
}
template <class B>
void sem_fsd(B& b, const Operands& i) {
  b.template store<uint64_t>(b.add(b.x(i.rs1), b.constant(i.imm)), b.f_raw(i.rs2));
}

// Atomics (14). The order bits ask for nothing but on a machine whose stores wait (core/chaos.inc): harts run in turn, so
// every other access is sequentially consistent. An AMO reads, computes on values extended to 64 bits, writes, and only then changes rd; a fault
// of any of them is a store fault, and rd keeps its value.
template <class T, class B, class Combine>
void atomic(B& b, const Operands& i, Combine combine) {
  b.order(i.imm);
  const auto address = b.x(i.rs1);
  const auto operand = b.template extend<T>(b.x(i.rs2));
  const auto old = b.template amo_load<T>(address);
  if (!b.ok()) return;
  b.template amo_store<T>(combine(old, operand));
  b.set_x(i.rd, old);
}
template <class B>
void sem_lr_w(B& b, const Operands& i) {
  const auto value = b.template load_reserved<int32_t>(b.x(i.rs1));
  if (!b.ok()) return;
  b.set_x(i.rd, value);
}
template <class B>
void sem_sc_w(B& b, const Operands& i) {
  b.order(i.imm);
  const auto failed = b.template store_conditional<int32_t>(b.x(i.rs1), b.x(i.rs2));
  if (!b.ok()) return;
  b.set_x(i.rd, failed);
}
template <class B>
void sem_amoswap_w(B& b, const Operands& i) {
  atomic<int32_t>(b, i, [](auto, auto r) { return r; });
}
template <class B>
void sem_amoadd_w(B& b, const Operands& i) {
  atomic<int32_t>(b, i, [&](auto l, auto r) { return b.add(l, r); });
}
template <class B>
void sem_amoxor_w(B& b, const Operands& i) {
  atomic<int32_t>(b, i, [&](auto l, auto r) { return b.xor_(l, r); });
}
template <class B>
void sem_amoand_w(B& b, const Operands& i) {
  atomic<int32_t>(b, i, [&](auto l, auto r) { return b.and_(l, r); });
}
template <class B>
void sem_amoor_w(B& b, const Operands& i) {
  atomic<int32_t>(b, i, [&](auto l, auto r) { return b.or_(l, r); });
}
template <class B>
void sem_amomin_w(B& b, const Operands& i) {
  atomic<int32_t>(b, i, [&](auto l, auto r) { return b.select(b.lt(l, r), l, r); });
}
template <class B>
void sem_amomax_w(B& b, const Operands& i) {
  atomic<int32_t>(b, i, [&](auto l, auto r) { return b.select(b.ge(l, r), l, r); });
}
template <class B>
void sem_amominu_w(B& b, const Operands& i) {
  atomic<int32_t>(b, i, [&](auto l, auto r) { return b.select(b.ltu(l, r), l, r); });
}
template <class B>
void sem_amomaxu_w(B& b, const Operands& i) {
  atomic<int32_t>(b, i, [&](auto l, auto r) { return b.select(b.geu(l, r), l, r); });
}
template <class B>
void sem_lr_d(B& b, const Operands& i) {
  const auto value = b.template load_reserved<int64_t>(b.x(i.rs1));
  if (!b.ok()) return;
  b.set_x(i.rd, value);
}
template <class B>
void sem_sc_d(B& b, const Operands& i) {
  b.order(i.imm);
  const auto failed = b.template store_conditional<int64_t>(b.x(i.rs1), b.x(i.rs2));
  if (!b.ok()) return;
  b.set_x(i.rd, failed);
}
template <class B>
void sem_amoswap_d(B& b, const Operands& i) {
  atomic<int64_t>(b, i, [](auto, auto r) { return r; });
}
template <class B>
void sem_amoadd_d(B& b, const Operands& i) {
  atomic<int64_t>(b, i, [&](auto l, auto r) { return b.add(l, r); });
}
template <class B>
void sem_amoxor_d(B& b, const Operands& i) {
  atomic<int64_t>(b, i, [&](auto l, auto r) { return b.xor_(l, r); });
}
template <class B>
void sem_amoand_d(B& b, const Operands& i) {
  atomic<int64_t>(b, i, [&](auto l, auto r) { return b.and_(l, r); });
}
template <class B>
void sem_amoor_d(B& b, const Operands& i) {
  atomic<int64_t>(b, i, [&](auto l, auto r) { return b.or_(l, r); });
}
template <class B>
void sem_amomin_d(B& b, const Operands& i) {
  atomic<int64_t>(b, i, [&](auto l, auto r) { return b.select(b.lt(l, r), l, r); });
}
template <class B>
void sem_amomax_d(B& b, const Operands& i) {
  atomic<int64_t>(b, i, [&](auto l, auto r) { return b.select(b.ge(l, r), l, r); });
}
template <class B>
void sem_amominu_d(B& b, const Operands& i) {
  atomic<int64_t>(b, i, [&](auto l, auto r) { return b.select(b.ltu(l, r), l, r); });
}
template <class B>
void sem_amomaxu_d(B& b, const Operands& i) {
  atomic<int64_t>(b, i, [&](auto l, auto r) { return b.select(b.geu(l, r), l, r); });
}

}  // namespace vitrine::riscv
