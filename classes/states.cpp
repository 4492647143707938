// SPDX-License-Identifier: MIT
// States.
#include "classes/states.h"

#include <fmt/format.h>

#include <cstring>

namespace vitrine::classes {
namespace {

namespace ms = riscv::mstatus;
namespace env = riscv::envcfg;

constexpr uint64_t kDelegable = 0xb3ff, kSupervisorInterrupts = 0x2222;

void set_trap_registers(riscv::TrapCsrs& trap, uint64_t from) {
  trap = {from, from + 0x108, 2, from + 0x210, from + 0x318};
}

}  // namespace

State base_state(Machine& machine, Instance instance) {
  const bool first = instance == Instance::kOne;
  State state = machine.after_reset();
  riscv::Csrs& csr = state.system.csr;
  csr.mstatus |= ms::kSpp | (uint64_t{1} << ms::kMppShift) | ms::kSpie | ms::kMpie | (uint64_t{1} << 13);
  if (!first) csr.mstatus |= ms::kTvm | ms::kTw | ms::kTsr;
  csr.medeleg = first ? kDelegable : 0;
  csr.mideleg = kSupervisorInterrupts;
  csr.mie = 0x220;
  csr.mcounteren = csr.scounteren = 0x7ffff;
  csr.menvcfg |= env::kStce | env::kCbcfe | env::kCbze | uint64_t{1} << 4;
  csr.senvcfg = env::kCbcfe | env::kCbze | uint64_t{1} << 4;
  csr.stimecmp = ~uint64_t{0} >> 1;
  set_trap_registers(csr.s, Machine::kRam + 0x4000);
  set_trap_registers(csr.m, Machine::kRam + 0x5000);
  for (uint64_t& event : csr.hpm_event) event = 2;
  csr.hpm_event[0] |= uint64_t{1} << 63;  // one has overflowed
  for (unsigned i = 0; i < std::size(csr.counters); ++i) csr.counters[i] = {1000 * (i + 1), 0};
  csr.pmpcfg[0] = 0x1f;
  csr.pmpaddr[0] = (uint64_t{1} << 54) - 1;
  for (unsigned i = 0; i < 32; ++i) {
    state.x[i] = uint64_t{0x1111} * i;
    const double value = 1.5 + i;
    std::memcpy(&state.f[i], &value, sizeof value);
  }
  state.x[2] = state.x[kValueRegister] = Machine::kData;
  state.x[kZeroRegister] = 0;
  state.x[12] = Machine::kAsid;  // the second operand, which fences take for an ASID
  return state;
}

State in_mode(State state, Privilege mode) {
  state.system.mode = mode;
  return state;
}
State closed(State state, const Closing& closing, Instance instance) {
  riscv::Csrs& csr = state.system.csr;
  const bool first = instance == Instance::kOne;
  uint64_t& envcfg = first ? csr.senvcfg : csr.menvcfg;
  switch (closing.kind) {
    case Closing::Kind::kFloat: csr.mstatus &= ~ms::kFs; break;
    case Closing::Kind::kCounter:
      (first ? csr.scounteren : csr.mcounteren) &= ~(1u << closing.counter);
      break;
    case Closing::Kind::kTimer: csr.menvcfg &= ~env::kStce; break;
    case Closing::Kind::kInval: envcfg &= ~env::kCbie; break;
    case Closing::Kind::kClean: envcfg &= ~env::kCbcfe; break;
    case Closing::Kind::kZero: envcfg &= ~env::kCbze; break;
    case Closing::Kind::kNone: break;
  }
  return state;
}

std::string describe_base(Instance instance) {
  const char* common =
      "FS = Initial, all counters and cache-block instructions allowed, menvcfg.STCE = 1, no interrupt "
      "pending, SPP = S, "
      "MPP = S, satp = 0 (where translation is spoken of: Sv39), one PMP region open";
  return instance == Instance::kOne ? fmt::format("TVM, TW and TSR = 0, guest traps to S, {}", common)
                                    : fmt::format("TVM, TW and TSR = 1, guest traps to M, {}", common);
}

}  // namespace vitrine::classes
