// SPDX-License-Identifier: MIT
// The fixed register map. The ten x registers that programs name most (measured on 36 million instructions of C and
// C++: docs/translator.md) live in host registers while generated code runs; the others stay in the hart's memory. So do
// fourteen f registers once they are wanted (emit_float.h).
//
//   rax rcx rdx   values inside one guest instruction       rbp   the hart, plus 128 so that x0 to x31 have short displacements
//   r15           steps that may still be taken             rsp   the host's stack, 16-byte aligned between instructions
//   xmm0 xmm1     values inside one guest instruction
#pragma once

#include <asmjit/x86.h>

#include <array>
#include <cstddef>

#include "isa/riscv/hart.h"

namespace vitrine::translator {

struct Mapping {
  uint8_t guest;  // x register
  asmjit::x86::Gp host;
};

inline constexpr std::array<Mapping, 10> kMapped = {{{15, asmjit::x86::rbx},
                                                     {14, asmjit::x86::rsi},
                                                     {10, asmjit::x86::rdi},
                                                     {2, asmjit::x86::r12},
                                                     {13, asmjit::x86::r8},
                                                     {12, asmjit::x86::r9},
                                                     {11, asmjit::x86::r10},
                                                     {17, asmjit::x86::r11},
                                                     {8, asmjit::x86::r13},
                                                     {9, asmjit::x86::r14}}};

// Of the operands of floating-point instructions in Debian's libm and python3 these are 95 of a hundred, counted in the
// disassembly (libm: fa5 23, fa0 18, fa4 13, ft2 1.4, fs4 1.2; python3: fa5 22, fa0 22, fs0 18, fs4 0.8); in the loops of
// bench/workloads all but those of mandelbrot, which has seven more.
struct FloatMapping {
  uint8_t guest;  // f register
  uint8_t host;   // xmm register
};
inline constexpr std::array<FloatMapping, 14> kMappedFloat = {{{15, 2},     // fa5
                                                               {10, 3},     // fa0
                                                               {14, 4},     // fa4
                                                               {13, 5},     // fa3
                                                               {11, 6},     // fa1
                                                               {12, 7},     // fa2
                                                               {8, 8},      // fs0
                                                               {9, 9},      // fs1
                                                               {18, 10},    // fs2
                                                               {19, 11},    // fs3
                                                               {0, 12},     // ft0
                                                               {1, 13},     // ft1
                                                               {2, 14},     // ft2
                                                               {20, 15}}};  // fs4

inline constexpr asmjit::x86::Gp kHart = asmjit::x86::rbp, kBudget = asmjit::x86::r15;
inline constexpr int kHartBias = 128;

// By guest register.
inline constexpr auto kHostRegisters = [] {
  std::array<asmjit::x86::Gp, 32> hosts = {};
  for (const Mapping& m : kMapped) hosts[m.guest] = m.host;
  return hosts;
}();
inline constexpr auto kHostFloats = [] {
  std::array<asmjit::x86::Xmm, 32> hosts = {};
  for (const FloatMapping& m : kMappedFloat) hosts[m.guest] = asmjit::x86::xmm(m.host);
  return hosts;
}();

// The host register of a guest register, or an invalid one.
inline const asmjit::x86::Gp& host_register(unsigned guest) { return kHostRegisters[guest]; }
inline const asmjit::x86::Xmm& host_float(unsigned guest) { return kHostFloats[guest]; }

// A field of the hart: at(offsetof(Hart, pc)).
inline asmjit::x86::Mem at(size_t offset, unsigned size = 8) {
  return asmjit::x86::Mem(kHart, static_cast<int32_t>(offset) - kHartBias, size);
}
inline asmjit::x86::Mem x_at(unsigned guest, unsigned size = 8) { return at(offsetof(riscv::Hart, x) + 8 * guest, size); }
inline asmjit::x86::Mem f_at(unsigned guest, unsigned size = 8, unsigned offset = 0) {
  return at(offsetof(riscv::Hart, f) + 8 * guest + offset, size);
}

// float_off and float_in_hart as one word: 0 if a block with floating point may begin.
static_assert(offsetof(riscv::Hart, float_in_hart) == offsetof(riscv::Hart, float_off) + 1);
inline asmjit::x86::Mem float_state() { return at(offsetof(riscv::Hart, float_off), 2); }

}  // namespace vitrine::translator
