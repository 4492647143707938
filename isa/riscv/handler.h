// SPDX-License-Identifier: MIT
// The virtual-system-mode handler: what a real hart would do for privileged and sensitive instructions, traps and
// interrupts, done to the virtual hart. Guest code never runs in here; both engines and the debugger come here and nowhere
// else. It reaches memory and devices through core interfaces only.
//
// Guest trap: the guest's own handler runs next (enter_trap changes xcause, xepc and the rest). That is architectural and
// has its own counter; that control came here at all (an exit) is invisible to the guest.
#pragma once

#include "isa/riscv/hart.h"
#include "isa/riscv/operands.h"

namespace vitrine::riscv {

// Bytes of the cache block of Zicbom, Zicbop and Zicboz; the device tree says so too.
inline constexpr unsigned kCacheBlock = 64;

// Reset of a hart (privileged spec 3.4): M mode, interrupts off, pc as given.
void reset_hart(Hart& hart, uint64_t pc);

// Guest trap for an exception of the instruction at hart.pc; sets next_pc. Counts as the step of that instruction.
void enter_trap(Hart& hart, Cause cause, uint64_t tval) noexcept;
// Guest trap for interrupt `number`; the caller counts the step.
void enter_interrupt(Hart& hart, unsigned number) noexcept;

// The exception for a refused access. AMO and SC report stores.
void enter_access_fault(Hart& hart, core::AccessKind kind, const core::Fault& fault) noexcept;
// An illegal instruction at hart.pc; xtval shows its bits.
void enter_illegal(Hart& hart) noexcept;

// The interrupt to take now, or -1: pending, enabled, and not masked by the mode (3.1.6.1, 3.1.9).
int interrupt_to_take(const Hart& hart) noexcept;
// Something is pending and enabled in mie, whatever the global enables say: what ends wfi (3.3.3).
bool wakes(const Hart& hart) noexcept;

// mip as software sees it.
uint64_t pending_interrupts(const Hart& hart) noexcept;
// A wire of an interrupt controller (or the stimecmp comparator) changed.
void set_interrupt_line(Hart& hart, unsigned number, bool level) noexcept;
// What of that the hart sees (core/chaos.inc: later, if lines are slow).
void show_interrupt_line(Hart& hart, unsigned number, bool level) noexcept;
// When the interrupt of a timer that is compared with `compare` becomes pending: then, but for Break::kTimerLate.
uint64_t interrupt_time(const Hart& hart, uint64_t compare) noexcept;
// stimecmp, menvcfg.STCE or time changed: STIP is what the comparison says (Sstc), the event is armed or not.
void update_stimecmp(Hart& hart) noexcept;

// After a change of privilege, mstatus, satp, menvcfg or misa: derived state and the memory port follow.
void context_changed(Hart& hart) noexcept;
// A hart got another state (core/state.h): makes anew what follows from it. False: no hart can be in that state.
[[nodiscard]] bool state_restored(Hart& hart) noexcept;

// --- Instructions, as rows with kHelper name them ------------------------------------------------------------------------
namespace handler {
void ecall(Hart&, const Operands&) noexcept;
void ebreak(Hart&, const Operands&) noexcept;
void mret(Hart&, const Operands&) noexcept;
void sret(Hart&, const Operands&) noexcept;
void wfi(Hart&, const Operands&) noexcept;
void wrs_nto(Hart&, const Operands&) noexcept;
void wrs_sto(Hart&, const Operands&) noexcept;
void pause(Hart&, const Operands&) noexcept;
void fence(Hart&, const Operands&) noexcept;
void fence_i(Hart&, const Operands&) noexcept;
void sfence_vma(Hart&, const Operands&) noexcept;
void sfence_ordering(Hart&, const Operands&) noexcept;  // sfence.w.inval, sfence.inval.ir
void cbo_clean(Hart&, const Operands&) noexcept;        // and cbo.flush
void cbo_inval(Hart&, const Operands&) noexcept;
void cbo_zero(Hart&, const Operands&) noexcept;
void illegal(Hart&, const Operands&) noexcept;
}  // namespace handler

}  // namespace vitrine::riscv
