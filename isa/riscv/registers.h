// SPDX-License-Identifier: MIT
// ABI names of the x and f registers.
// Spec: RISC-V ABIs Specification, "Register Convention" (the psABI document).
// Next: disassembler.h.
#pragma once

#include <array>
#include <string_view>

namespace vitrine::riscv {

inline constexpr std::array<std::string_view, 32> kXNames = {
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
    "a6",   "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

inline constexpr std::array<std::string_view, 32> kFNames = {
    "ft0", "ft1", "ft2", "ft3", "ft4",  "ft5",  "ft6", "ft7", "fs0",  "fs1", "fa0",
    "fa1", "fa2", "fa3", "fa4", "fa5",  "fa6",  "fa7", "fs2", "fs3",  "fs4", "fs5",
    "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};

inline constexpr unsigned kZero = 0;  // x0
inline constexpr unsigned kRa = 1;    // x1, link register
inline constexpr unsigned kSp = 2;    // x2, stack pointer

}  // namespace vitrine::riscv
