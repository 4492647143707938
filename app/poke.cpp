// SPDX-License-Identifier: MIT
// Writes of a debugger, done. Caches follow as they do when a state is restored and when RAM is written.
#include "app/poke.h"

#include "app/machine.h"
#include "isa/riscv/counters.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/handler.h"

namespace vitrine::app {
namespace {

const char* set_privilege(riscv::Hart& hart, uint64_t value) {
  if (value > 3 || value == 2) return "there is no such privilege: 0 is U, 1 S, 3 M";
  riscv::account_privilege(hart, 0);
  hart.privilege = static_cast<riscv::Privilege>(value);
  return nullptr;
}

const char* set_register(riscv::Hart& hart, unsigned number, uint64_t value) {
  if (number < kRegPc) {
    hart.set_x(number, number == 0 ? 0 : value);
  } else if (number == kRegPc) {
    if (value & 1) return "pc is even";
    hart.pc = value;
  } else if (number < kRegPrivilege) {
    hart.f[number - kRegF] = value;
  } else if (number == kRegPrivilege) {
    return set_privilege(hart, value);
  } else if (!riscv::poke_csr(hart, number - kRegCsr, value)) {
    return "it cannot be written";
  }
  return nullptr;
}

}  // namespace

const char* apply(const Poke& poke, Machine& machine) {
  if (poke.memory)
    return machine.ram().write(poke.at, poke.bytes.data(), poke.bytes.size()) ? nullptr : "it is not in RAM";
  if (poke.hart >= machine.hart_count() || poke.number >= kRegEnd) return "there is no such register";
  riscv::Hart& hart = machine.hart(poke.hart);
  const char* const problem = set_register(hart, poke.number, poke.value);
  if (!problem) (void)riscv::state_restored(hart);
  return problem;
}

}  // namespace vitrine::app
