// SPDX-License-Identifier: MIT
// The fixed register map. The ten guest registers that programs name most (measured on 36 million instructions of C and
// C++: docs/translator.md) live in host registers while generated code runs; the others stay in the hart's memory.
//
//   rax rcx rdx   values inside one guest instruction       rbp   the hart, plus 128 so that x0 to x31 have short displacements
//   r15           steps that may still be taken             rsp   the host's stack, 16-byte aligned between instructions
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

inline constexpr asmjit::x86::Gp kHart = asmjit::x86::rbp, kBudget = asmjit::x86::r15;
inline constexpr int kHartBias = 128;

// The host register of a guest register, or an invalid one.
inline asmjit::x86::Gp host_register(unsigned guest) {
  for (const Mapping& m : kMapped)
    if (m.guest == guest) return m.host;
  return {};
}

// A field of the hart: at(offsetof(Hart, pc)).
inline asmjit::x86::Mem at(size_t offset, unsigned size = 8) {
  return asmjit::x86::Mem(kHart, static_cast<int32_t>(offset) - kHartBias, size);
}
inline asmjit::x86::Mem x_at(unsigned guest, unsigned size = 8) { return at(offsetof(riscv::Hart, x) + 8 * guest, size); }

}  // namespace vitrine::translator
