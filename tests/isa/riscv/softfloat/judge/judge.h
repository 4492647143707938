// SPDX-License-Identifier: MIT
//
// What a judge is: something that knows what an operation must give, without asking isa/riscv/softfloat.
#pragma once

#include <memory>
#include <optional>

#include "tests/isa/riscv/softfloat/judge/operation.h"

namespace vitrine::riscv::softfloat::judge {

/// No bits: any result will do, since the judge's own is unspecified (flags still count).
struct Expected {
  std::optional<uint64_t> bits;
  Flags flags;
};

class Judge {
 public:
  virtual ~Judge() = default;
  virtual bool accepts(const Operation& op, Rounding rm) const = 0;
  virtual Expected expected(const Operation& op, const Operands& x, Rounding rm) = 0;
};

/// A judge, or the reason why there is none here.
struct Appointment {
  std::unique_ptr<Judge> judge;
  const char* why_not = nullptr;
};

Appointment appoint_mpfr_judge();  ///< the GNU MPFR library
Appointment appoint_host_judge();  ///< the SSE unit of an x86-64 host

}  // namespace vitrine::riscv::softfloat::judge
