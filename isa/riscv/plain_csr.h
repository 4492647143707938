// SPDX-License-Identifier: MIT
// CSRs that are no more than words of the hart: nothing happens when they change, and who may access them depends on the
// privilege only. Generated code reads and writes them in place (translator/builder.cpp), and the same rule decides for the
// interpreter which accesses are exits (core/event_kinds.inc). All others are the handler's (csr.cpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa/riscv/hart.h"

namespace vitrine::riscv {

struct PlainCsr {
  unsigned number;
  size_t offset;      // in Hart
  uint64_t writable;  // bits that a write changes; the others are 0
};

// These have IR operations of their own.
inline constexpr unsigned kFflags = 0x001;   // in MXCSR and in the hart
inline constexpr unsigned kSstatus = 0x100;  // most writes change bits that only the handler looks at

// Null if the CSR is none of them, or code of that privilege must not have it.
const PlainCsr* plain_csr(unsigned number, Privilege privilege);

// Bits of sstatus with an effect outside the hart: the address map.
inline constexpr uint64_t kStatusEffects = mstatus::kSum | mstatus::kMxr;

// Is this access, which the hart may make, one of a plain word? Of sstatus: a read, or a write that leaves the address map and
// comes while no interrupt that is enabled in mie is pending. `value` is what is written.
bool accessed_in_place(const Hart& hart, unsigned number, bool writes, uint64_t value);

}  // namespace vitrine::riscv
