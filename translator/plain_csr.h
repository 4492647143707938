// SPDX-License-Identifier: MIT
// CSRs that generated code reads and writes as words of the hart: nothing happens when they change, and who
// may access them depends on the privilege only. All others are the handler's (isa/riscv/csr.cpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa/riscv/hart.h"

namespace vitrine::translator {

struct PlainCsr {
  unsigned number;
  size_t offset;      // in Hart
  uint64_t writable;  // bits that a write changes; the others are 0
};

// These have IR operations of their own.
inline constexpr unsigned kFflags = 0x001;   // in MXCSR and in the hart
inline constexpr unsigned kSstatus = 0x100;  // most writes change bits that only the handler looks at

// Null if the CSR is none of them, or code of that privilege must not have it.
const PlainCsr* plain_csr(unsigned number, riscv::Privilege privilege);

}  // namespace vitrine::translator
