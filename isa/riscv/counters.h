// SPDX-License-Identifier: MIT
// Performance counters: what cycle, instret and mhpmcounter3 to 18 count, and when one overflows.
// Spec: privileged 3.1.10 to 3.1.12 (hardware performance monitor), Zicntr, Zihpm, Sscofpmf.
//
// All of them count retired instructions, exactly: there is no other notion of a cycle that would be the same
// on every host. mcycle and minstret count all; an mhpmcounter counts those of the privilege modes that its
// mhpmevent does not exclude, if its event is one of the two below, and nothing otherwise.
#pragma once

#include <cstdint>

#include "isa/riscv/hart.h"

namespace vitrine::riscv {

// mhpmevent: 63 OF | 62 MINH | 61 SINH | 60 UINH | 59:58 VSINH, VUINH (no H: zero) | ... | event
namespace hpm_event {
inline constexpr uint64_t kOverflow = 1ull << 63, kNotM = 1ull << 62, kNotS = 1ull << 61, kNotU = 1ull << 60;
inline constexpr uint64_t kCycles = 1, kInstructions = 2;  // the events; as SBI PMU numbers them
}  // namespace hpm_event

// CSR access: number is 0 for cycle, 2 for instret, 3 to 18 for the others. The instruction that reads sees
// the count before itself; one that writes wins over its own retirement.
[[nodiscard]] uint64_t read_counter(const Hart& hart, unsigned number);
void write_counter(Hart& hart, unsigned number, uint64_t value);
void write_counter_inhibit(Hart& hart, uint64_t value);
void write_counter_event(Hart& hart, unsigned number, uint64_t value);
// scountovf: the OF bits of mhpmevent3 to 18, in bits 3 to 18.
[[nodiscard]] uint64_t counter_overflows(const Hart& hart);

// The privilege is about to change, `retiring` instructions after those that retired() knows: xRET itself
// still counts for the mode that executes it.
void account_privilege(Hart& hart, unsigned retiring) noexcept;

// How many steps the hart may run before a counter could overflow; kNever if none can. Runs of the machine's
// loop end there, so that the interrupt comes at the very step.
[[nodiscard]] core::Step steps_to_overflow(const Hart& hart) noexcept;
// After a run: counters that have wrapped get OF, and the interrupt becomes pending.
void check_overflow(Hart& hart) noexcept;

}  // namespace vitrine::riscv
