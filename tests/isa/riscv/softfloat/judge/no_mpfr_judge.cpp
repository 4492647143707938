// SPDX-License-Identifier: MIT
// Compiled instead of mpfr_judge.cpp where CMake did not find MPFR.
#include "tests/isa/riscv/softfloat/judge/judge.h"

namespace vitrine::riscv::softfloat::judge {

Appointment appoint_mpfr_judge() {
  return {nullptr, "built without GNU MPFR: pkg-config did not find it (Debian: apt install libmpfr-dev)"};
}

}  // namespace vitrine::riscv::softfloat::judge
