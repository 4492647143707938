// SPDX-License-Identifier: MIT
// What a debugger changes in a machine: a register of a hart, or bytes of RAM. It is an input of the run, like a typed byte: it is
// kept with its step and comes in again (kept_run.h). Whoever makes it stands between two rounds of the machine's loop.
#pragma once

#include <cstdint>
#include <string>

#include "core/address.h"

namespace vitrine::app {

class Machine;

// Numbers of registers as in gdb's protocol and as QEMU has them: 0 to 31 x, 32 pc, 33 to 64 f, 65 the privilege, 66 + n CSR n.
inline constexpr unsigned kRegPc = 32, kRegF = 33, kRegPrivilege = 65, kRegCsr = 66, kRegEnd = kRegCsr + 4096;

struct Poke {
  bool memory = false;
  unsigned hart = 0, number = 0;  // of a register
  uint64_t value = 0;
  core::GuestPhys at;  // of memory
  std::string bytes;
};

// Why it cannot be done, or nullptr; then nothing has changed. A CSR takes of a value what it would take from the guest.
const char* apply(const Poke& poke, Machine& machine);

}  // namespace vitrine::app
