// SPDX-License-Identifier: MIT
// The two interpreter backends: vocabularies over which the semantic bodies become machine code.
//
//   SlowBackend   complete: memory through the port, guest traps, jumps by next_pc. It runs one instruction at hart.pc
//                 and needs nothing but the hart. It is the reference.
//   FastBackend   the same registers and numbers, but memory only through the Views, and no traps: what it cannot do
//                 makes it `missed`, before anything has changed, and the instruction is run again by SlowBackend.
//
// Next: semantics_*.h (the bodies), interpreter.cpp (who calls them).
#pragma once

#include <cstring>
#include <type_traits>

#include "isa/riscv/handler.h"
#include "isa/riscv/hart.h"
#include "isa/riscv/numbers.h"
#include "isa/riscv/operands.h"
#include "isa/riscv/softfloat/host_fast.h"

namespace vitrine::riscv {

#define VT_INLINE [[gnu::always_inline]] inline

// What both have in common: registers, pc, floating point.
class RegisterBackend : public Numbers {
 public:
  VT_INLINE explicit RegisterBackend(Hart& hart) : hart_(hart) {}

  VT_INLINE Value x(unsigned r) const { return hart_.x[r]; }

  // --- Floating point ----------------------------------------------------------------------------------------------
  template <class F>
  static constexpr uint64_t kBox = sizeof(softfloat::Bits<F>) == 8 ? 0 : ~uint64_t{0} << (8 * sizeof(softfloat::Bits<F>) % 64);

  template <class F>
  VT_INLINE softfloat::Bits<F> f(unsigned r) const {
    const uint64_t raw = hart_.f[r];
    return (raw & kBox<F>) == kBox<F> ? static_cast<softfloat::Bits<F>>(raw) : F::kCanonicalNan;
  }
  VT_INLINE Value f_raw(unsigned r) const { return hart_.f[r]; }
  template <class F>
  VT_INLINE void set_f(unsigned r, uint64_t value) {
    hart_.f[r] = static_cast<softfloat::Bits<F>>(value) | kBox<F>;
    hart_.csr.mstatus |= mstatus::kFs;
  }
  template <class F>
  VT_INLINE auto fneg(softfloat::Bits<F> a) {
    return softfloat::negate<F>(a);
  }

#define VT_FLOAT2(name)                                                                                  \
  template <class F>                                                                                     \
  VT_INLINE softfloat::Bits<F> f##name(softfloat::Bits<F> a, softfloat::Bits<F> b) {                     \
    dirty();                                                                                             \
    return softfloat::fast::name<F>(a, b, rounding_, hart_.csr.fflags);                                  \
  }
  VT_FLOAT2(add)
  VT_FLOAT2(sub)
  VT_FLOAT2(mul)
  VT_FLOAT2(div)
#undef VT_FLOAT2
  template <class F>
  VT_INLINE softfloat::Bits<F> fsqrt(softfloat::Bits<F> a) {
    dirty();
    return softfloat::fast::sqrt<F>(a, rounding_, hart_.csr.fflags);
  }
  template <class F>
  VT_INLINE softfloat::Bits<F> fma(softfloat::Bits<F> a, softfloat::Bits<F> b, softfloat::Bits<F> c) {
    dirty();
    return softfloat::fast::fma<F>(a, b, c, rounding_, hart_.csr.fflags);
  }
  template <class F>
  VT_INLINE auto fsgnj(softfloat::Bits<F> a, softfloat::Bits<F> b) {
    return softfloat::sgnj<F>(a, b);
  }
  template <class F>
  VT_INLINE auto fsgnjn(softfloat::Bits<F> a, softfloat::Bits<F> b) {
    return softfloat::sgnjn<F>(a, b);
  }
  template <class F>
  VT_INLINE auto fsgnjx(softfloat::Bits<F> a, softfloat::Bits<F> b) {
    return softfloat::sgnjx<F>(a, b);
  }
#define VT_FLOAT_FLAGS2(name, function)                                                 \
  template <class F>                                                                    \
  VT_INLINE auto name(softfloat::Bits<F> a, softfloat::Bits<F> b) {                     \
    dirty();                                                                            \
    return softfloat::function<F>(a, b, hart_.csr.fflags);                              \
  }
  VT_FLOAT_FLAGS2(fmin, min)
  VT_FLOAT_FLAGS2(fmax, max)
  VT_FLOAT_FLAGS2(feq, eq)
  VT_FLOAT_FLAGS2(flt, lt)
  VT_FLOAT_FLAGS2(fle, le)
#undef VT_FLOAT_FLAGS2
  template <class F>
  VT_INLINE Value fclass(softfloat::Bits<F> a) {
    return softfloat::classify<F>(a);
  }
  // To an integer register: 32-bit results are sign-extended, unsigned ones too.
  template <class F, class Int>
  VT_INLINE Value fcvt_to(softfloat::Bits<F> a) {
    dirty();
    const Int value = softfloat::to_integer<F, Int>(a, rounding_, hart_.csr.fflags);
    return static_cast<Value>(static_cast<int64_t>(static_cast<std::make_signed_t<Int>>(value)));
  }
  template <class F, class Int>
  VT_INLINE softfloat::Bits<F> fcvt_from(Value v) {
    dirty();
    return softfloat::from_integer<F, Int>(static_cast<Int>(v), rounding_, hart_.csr.fflags);
  }
  template <class To, class From>
  VT_INLINE softfloat::Bits<To> fcvt(softfloat::Bits<From> a) {
    dirty();
    return softfloat::convert<To, From>(a, rounding_, hart_.csr.fflags);
  }

  // AMO operands are used at the width of the access, sign-extended (14.4): comparisons of the unsigned kind agree with
  // that too, since sign extension keeps the unsigned order.
  template <class T>
  VT_INLINE static Value extend(Value v) {
    return static_cast<Value>(static_cast<int64_t>(static_cast<T>(v)));
  }

 protected:
  // fflags or an f register may have changed: FS = Dirty. (The spec lets it be set without an actual change.)
  VT_INLINE void dirty() { hart_.csr.mstatus |= mstatus::kFs; }
  // The rounding mode of an instruction: static, or fcsr's. False: reserved, the instruction is illegal.
  VT_INLINE bool take_rounding(int32_t field) {
    const unsigned mode = (field & 7) == 7 ? hart_.csr.frm : static_cast<unsigned>(field & 7);
    rounding_ = static_cast<softfloat::Rounding>(mode);
    return mode <= 4;
  }

  Hart& hart_;
  softfloat::Rounding rounding_ = softfloat::Rounding::RNE;
};

class SlowBackend final : public RegisterBackend {
 public:
  explicit SlowBackend(Hart& hart) : RegisterBackend(hart) {}

  [[nodiscard]] bool ok() const { return ok_; }
  void set_x(unsigned r, Value v) { hart_.set_x(r, v); }
  [[nodiscard]] Value pc_relative(int64_t offset) const { return hart_.pc + static_cast<uint64_t>(offset); }
  void helper(void (*function)(Hart&, const Operands&) noexcept, const Operands& i) { function(hart_, i); }
  void round(int32_t field) {
    if (take_rounding(field)) return;
    enter_illegal(hart_);
    ok_ = false;
  }

  template <class T>
  Value load(Value address) {
    uint64_t value = 0;
    if (const core::Fault fault = hart_.memory->load({address}, sizeof(T), value)) return refuse(core::AccessKind::kLoad, fault);
    return static_cast<Value>(static_cast<T>(value));
  }
  template <class T>
  void store(Value address, Value value) {
    if (const core::Fault fault = hart_.memory->store({address}, sizeof(T), static_cast<T>(value)))
      refuse(core::AccessKind::kStore, fault);
  }

  // aq and rl of an atomic instruction, bits 1 and 0: a release makes what the hart wrote visible first.
  void order(int32_t bits) {
    if (bits & 1) hart_.memory->fence_data();
  }
  // LR, SC, AMO. A reservation is an address and a width; SC succeeds if it is the one held and ends it in any case. A
  // failing SC still needs permission to store.
  template <class T>
  Value load_reserved(Value address) {
    core::GuestPhys at;
    if (const core::Fault fault = hart_.memory->reserve({address}, sizeof(T), core::AccessKind::kLoad, at))
      return refuse(core::AccessKind::kLoad, fault);
    hart_.reservation = {true, sizeof(T), at};
    return extend<T>(hart_.memory->read_ram(at, sizeof(T)));
  }
  template <class T>
  Value store_conditional(Value address, Value value) {
    core::GuestPhys at;
    if (const core::Fault fault = hart_.memory->reserve({address}, sizeof(T), core::AccessKind::kStore, at))
      return refuse(core::AccessKind::kStore, fault);
    const Reservation held = hart_.reservation;
    hart_.reservation.valid = false;
    if (!held.valid || held.at != at || held.width != sizeof(T)) return 1;
    if (hart_.spurious_sc && hart_.spurious_sc->one_in(4)) return 1;
    hart_.memory->write_ram(at, sizeof(T), static_cast<std::make_unsigned_t<T>>(value));
    return 0;
  }
  template <class T>
  Value amo_load(Value address) {
    if (const core::Fault fault = hart_.memory->reserve({address}, sizeof(T), core::AccessKind::kStore, amo_at_))
      return refuse(core::AccessKind::kStore, fault);
    return extend<T>(hart_.memory->read_ram(amo_at_, sizeof(T)));
  }
  template <class T>
  void amo_store(Value value) {
    hart_.memory->write_ram(amo_at_, sizeof(T), static_cast<std::make_unsigned_t<T>>(value));
  }

  void branch(Value taken, int32_t offset) {
    if (taken) jump(pc_relative(offset));
  }
  void jump(Value target) {
    if ((target & 2) && !hart_.extensions.has(Extension::C)) {
      enter_trap(hart_, Cause::kFetchMisaligned, target);
      ok_ = false;
      return;
    }
    hart_.next_pc = target;
    hart_.redirected = true;
  }

 private:
  Value refuse(core::AccessKind kind, const core::Fault& fault) {
    enter_access_fault(hart_, kind, fault);
    ok_ = false;
    return 0;
  }
  bool ok_ = true;
  core::GuestPhys amo_at_;
};

class FastBackend final : public RegisterBackend {
 public:
  VT_INLINE FastBackend(Hart& hart, const core::View* view, uint64_t pc) : RegisterBackend(hart), view_(view), pc_(pc) {}

  VT_INLINE bool ok() const { return !missed; }
  VT_INLINE static void order(int32_t) {}
  // Destination x0 was renamed to register 32 when the instruction was decoded.
  VT_INLINE void set_x(unsigned r, Value v) { hart_.x[r] = v; }
  VT_INLINE Value pc_relative(int64_t offset) const { return pc_ + static_cast<uint64_t>(offset); }
  VT_INLINE void round(int32_t field) { missed = !take_rounding(field); }
  VT_INLINE void branch(Value is_taken, int32_t) { taken = is_taken; }
  VT_INLINE void jump(Value to) { target = to; }

  template <class T>
  VT_INLINE Value load(Value address) {
    const uint8_t* host = core::fast_lookup<sizeof(T)>(view_->read, address);
    if (!host) [[unlikely]] {
      missed = true;
      return 0;
    }
    T value;
    std::memcpy(&value, host, sizeof value);
    return static_cast<Value>(value);
  }
  template <class T>
  VT_INLINE void store(Value address, Value value) {
    const uint8_t* host = core::fast_lookup<sizeof(T)>(view_->write, address);
    if (!host) [[unlikely]] {
      missed = true;
      return;
    }
    put<T>(host, value);
  }

  // An entry of the write View promises what a store needs (permission, D, nobody to notify), and so what an AMO and SC
  // need; a misaligned address misses. An SC that fails is left to SlowBackend, which ends the turn.
  template <class T>
  VT_INLINE Value load_reserved(Value address) {
    const Value value = load<T>(address);
    if (!missed) hart_.reservation = {true, sizeof(T), physical(core::fast_lookup<sizeof(T)>(view_->read, address))};
    return value;
  }
  template <class T>
  VT_INLINE Value store_conditional(Value address, Value value) {
    Reservation& held = hart_.reservation;
    const uint8_t* host = core::fast_lookup<sizeof(T)>(view_->write, address);
    missed = !host || !held.valid || held.width != sizeof(T) || held.at != physical(host) || hart_.spurious_sc;
    if (missed) [[unlikely]]
      return 1;
    held.valid = false;
    put<T>(host, value);
    return 0;
  }
  template <class T>
  VT_INLINE Value amo_load(Value address) {
    amo_host_ = core::fast_lookup<sizeof(T)>(view_->write, address);
    missed = !amo_host_;
    if (missed) [[unlikely]]
      return 0;
    T value;
    std::memcpy(&value, amo_host_, sizeof value);
    return extend<T>(static_cast<Value>(value));
  }
  template <class T>
  VT_INLINE void amo_store(Value value) {
    put<T>(amo_host_, value);
  }

  bool missed = false;
  bool taken = false;
  Value target = 0;

 private:
  template <class T>
  VT_INLINE static void put(const uint8_t* host, Value value) {
    const T narrow = static_cast<T>(value);
    std::memcpy(const_cast<uint8_t*>(host), &narrow, sizeof narrow);
  }
  VT_INLINE core::GuestPhys physical(const uint8_t* host) const {
    return {reinterpret_cast<uint64_t>(host) + hart_.memory->physical_addend};
  }

  const core::View* view_;
  uint64_t pc_;
  const uint8_t* amo_host_ = nullptr;
};

}  // namespace vitrine::riscv
