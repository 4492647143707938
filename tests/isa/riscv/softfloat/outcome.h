// SPDX-License-Identifier: MIT
//
// What an operation gives, as the table tests and the random judges compare and print it.
#pragma once

#include <cstdint>
#include <ostream>

#include "isa/riscv/softfloat/format.h"

namespace vitrine::riscv::softfloat {

struct Outcome {
  uint64_t bits;
  Flags flags;
  bool operator==(const Outcome&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Outcome& x) {
  out << std::hex << "0x" << x.bits << std::dec << " [";
  constexpr const char* kNames[] = {" NX", " UF", " OF", " DZ", " NV"};
  for (int bit = 0; bit < 5; ++bit)
    if ((x.flags >> bit & 1) != 0) out << kNames[bit];
  return out << " ]";
}

}  // namespace vitrine::riscv::softfloat
