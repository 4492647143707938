// SPDX-License-Identifier: MIT
// Traps, interrupts and privileged instructions. The CSR instructions are in csr.cpp.
#include "isa/riscv/handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "isa/riscv/counters.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/traps.h"

namespace vitrine::riscv {

using core::AccessKind;
using core::EventKind;
using core::EventNote;
using core::Fault;
using core::FaultKind;

namespace {

// What differs between the two levels that can take a trap. Levels are data: there is one trap entry and one
// return.
struct Level {
  Privilege privilege;
  TrapCsrs Csrs::*csrs;
  uint64_t ie, pie;  // mstatus.xIE, mstatus.xPIE
  uint64_t pp;       // mstatus.xPP
  unsigned pp_shift;
};
constexpr Level kMachineLevel{Privilege::kMachine, &Csrs::m,      mstatus::kMie,
                              mstatus::kMpie,      mstatus::kMpp, 11};
constexpr Level kSupervisorLevel{Privilege::kSupervisor, &Csrs::s,      mstatus::kSie,
                                 mstatus::kSpie,         mstatus::kSpp, 8};

constexpr uint64_t kInterruptBit = kInterruptCause;

char letter_of(Privilege privilege) { return "US?M"[static_cast<unsigned>(privilege) & 3]; }

// "load page fault at 0x10".
std::string words_of(const TrapRow& row, uint64_t tval) {
  switch (row.value) {
    case TrapRow::Value::kAddress: return fmt::format("{} at {:#x}", row.words, tval);
    case TrapRow::Value::kBits: return fmt::format("{} ({:#x})", row.words, tval);
    case TrapRow::Value::kNothing: break;
  }
  return std::string(row.words);
}

// Privileged spec 3.1.6.1 and 3.1.7 to 3.1.16, in the order in which they say it.
void enter(Hart& hart, const Level& level, uint64_t cause, uint64_t tval) noexcept {
  Csrs& csr = hart.csr;
  TrapCsrs& trap = csr.*level.csrs;
  const bool interrupt = cause & kInterruptBit;
  EventNote entered(*hart.events, interrupt ? EventKind::kGuestInterrupt : EventKind::kGuestException);
  hart.events->count_guest_trap(interrupt, static_cast<unsigned>(cause), static_cast<uint8_t>(level.privilege));
  account_privilege(hart, 0);
  trap.epc = hart.pc;
  trap.cause = cause;
  trap.tval = tval;
  const bool enabled = csr.mstatus & level.ie;
  const bool leaves_on = hart.config.breaks.has(core::Break::kTrapLeavesInterruptsOn);
  csr.mstatus &= ~((leaves_on ? 0 : level.ie) | level.pie | level.pp);
  csr.mstatus |= enabled ? level.pie : 0;
  csr.mstatus |= static_cast<uint64_t>(hart.privilege) << level.pp_shift;
  hart.privilege = level.privilege;
  const bool vectored = (trap.tvec & 3) == 1 && interrupt;
  hart.next_pc = (trap.tvec & ~uint64_t{3}) + (vectored ? 4 * (cause & ~kInterruptBit) : 0);
  hart.redirected = true;
  if (!hart.config.breaks.has(core::Break::kReservationNeverLost)) hart.reservation.valid = false;
  hart.waiting = false;
  // Two entries at neighbouring steps: the handler's first instruction trapped itself. Diagnosis of fault
  // loops.
  hart.traps_in_a_row =
      hart.traps != 0 && hart.steps_now() == hart.last_trap_step + 1 ? hart.traps_in_a_row + 1 : 0;
  hart.last_trap_step = hart.steps_now();
  ++hart.traps;
  context_changed(hart);
  if (hart.observer) hart.observer->trap_entered(hart, cause, tval, level.privilege);
  entered.tell(cause, tval, static_cast<uint64_t>(level.privilege), [&] {
    const TrapRow* const row = find_trap(cause);
    return fmt::format("{}: {} mode's handler at {:#x} runs", row ? words_of(*row, tval) : fmt::format("cause {:#x}", cause),
                       letter_of(level.privilege), hart.next_pc);
  });
}

// The exit that leads to a guest trap.
void count_exit(const Hart& hart, uint64_t cause, uint64_t tval) noexcept {
  const TrapRow* const row = find_trap(cause);
  if (!row) return;
  EventNote exit(*hart.events, row->exit);
  if (row->exit == EventKind::kEnvironmentCall)
    return exit.tell(hart.x[17], hart.x[16], hart.x[10],
                     [&] { return fmt::format("{}: a7 {:#x}, a0 {:#x}", row->words, hart.x[17], hart.x[10]); });
  const bool interrupt = cause & kInterruptBit;
  exit.tell(interrupt ? cause : tval, interrupt ? 0 : cause, 0, [&] { return words_of(*row, tval); });
}

// Of the interrupts, which S mode takes.
uint64_t delegated_interrupts(const Hart& hart) {
  return hart.config.breaks.has(core::Break::kDelegationIgnored) ? 0 : hart.csr.mideleg;
}

bool delegated(const Hart& hart, uint64_t delegation, unsigned number) {
  if (hart.config.breaks.has(core::Break::kDelegationIgnored)) return false;
  return hart.privilege != Privilege::kMachine && ((delegation >> number) & 1);
}

// xRET (3.3.2): privilege and interrupt enable come back from the stack in mstatus.
void leave(Hart& hart, const Level& level) noexcept {
  Csrs& csr = hart.csr;
  const auto to = static_cast<Privilege>((csr.mstatus & level.pp) >> level.pp_shift);
  const Privilege from = hart.privilege;
  EventNote event(*hart.events, EventKind::kTrapReturn);
  const bool enable = csr.mstatus & level.pie;
  csr.mstatus &= ~(level.ie | level.pp);
  csr.mstatus |= level.pie | (enable ? level.ie : 0);
  if (to != Privilege::kMachine) csr.mstatus &= ~mstatus::kMprv;
  account_privilege(hart, 1);
  hart.privilege = to;
  hart.next_pc = (csr.*level.csrs).epc & ~uint64_t{hart.extensions.has(Extension::C) ? 1u : 3u};
  hart.redirected = true;
  context_changed(hart);
  if (interrupt_to_take(hart) >= 0) hart.attention->wanted = true;
  event.tell(hart.next_pc, static_cast<uint64_t>(from), static_cast<uint64_t>(to),
             [&] { return fmt::format("{} mode -> {} mode at {:#x}", letter_of(from), letter_of(to), hart.next_pc); });
}

// "U and S may not": the three instructions whose trap bits make a hypervisor in M possible.
bool traps_in_supervisor(const Hart& hart, uint64_t bit) {
  return hart.privilege == Privilege::kSupervisor && (hart.csr.mstatus & bit);
}

// Zicbom, Zicboz: xenvcfg of each more privileged mode must allow it (CMO spec 2.4).
bool cache_block_allowed(const Hart& hart, uint64_t bit) {
  if (hart.privilege != Privilege::kMachine && !(hart.csr.menvcfg & bit)) return false;
  return hart.privilege != Privilege::kUser || (hart.csr.senvcfg & bit);
}

// A block operation needs what a load or a store needs; its faults are store faults (Zicbom 2.5).
void manage_block(Hart& hart, const Operands& i) noexcept {
  const core::GuestVirt at{hart.x[i.rs1]};
  if (hart.memory->check(at, AccessKind::kLoad)) {
    if (const Fault fault = hart.memory->check(at, AccessKind::kStore))
      return enter_access_fault(hart, AccessKind::kStore, fault);
  }
  EventNote event(*hart.events, EventKind::kCacheBlock);
  event.tell(at.value, 0, 0, [&] { return fmt::format("nothing to do for the block at {:#x}: there are no caches", at.value); });
}

// The hart has nothing to do: its turn ends. Who spins while all others are stopped goes on at once: it may do so for
// a long time, and the way through the machine's loop is long.
void give_up_turn(Hart& hart) noexcept {
  EventNote event(*hart.events, EventKind::kWait);
  hart.memory->fence_data();  // others may wait for what it wrote
  if (hart.waiting || !hart.turns || !hart.turns->begin_anew(hart)) {
    hart.ended_slice = true;
    hart.attention->wanted = true;
  }
  event.tell(0, 0, 0, [&] { return hart.waiting ? "waits for an enabled interrupt" : "its turn ends, and it does not wait"; });
}

}  // namespace

void reset_hart(Hart& hart, uint64_t pc) {
  const auto mark = [&](Extension e, char letter) {
    return hart.config.extensions.has(e) ? uint64_t{1} << (letter - 'A') : 0;
  };
  std::fill(std::begin(hart.x), std::end(hart.x), 0);
  std::fill(std::begin(hart.f), std::end(hart.f), 0);
  const uint64_t lines = hart.csr.mip_lines;  // a reset of the hart does not move the wires to it
  hart.csr = Csrs{};
  hart.csr.mip_lines = lines;
  hart.csr.misa = (uint64_t{2} << 62) | mark(Extension::I, 'I') | mark(Extension::M, 'M') |
                  mark(Extension::A, 'A') | mark(Extension::F, 'F') | mark(Extension::D, 'D') |
                  mark(Extension::C, 'C') | mark(Extension::S, 'S') | mark(Extension::S, 'U');
  hart.csr.menvcfg = hart.config.svade ? 0 : envcfg::kAdue;
  hart.extensions = hart.config.extensions;
  std::fill(std::begin(hart.retired_in), std::end(hart.retired_in), 0);
  hart.retired_mark = hart.retired();
  hart.watches_overflow = false;
  hart.privilege = Privilege::kMachine;
  hart.reservation = {};
  hart.waiting = false;
  hart.pc = hart.next_pc = pc;
  if (hart.reset_registers) {
    for (unsigned i = 1; i < 32; ++i) hart.x[i] = hart.reset_registers->next();
    for (uint64_t& f : hart.f) f = hart.reset_registers->next();
    for (TrapCsrs* level : {&hart.csr.m, &hart.csr.s}) level->scratch = hart.reset_registers->next();
  }
  protection_changed(hart);
  context_changed(hart);
  update_stimecmp(hart);
}

void enter_trap(Hart& hart, Cause cause, uint64_t tval) noexcept {
  const auto number = static_cast<unsigned>(cause);
  count_exit(hart, number, tval);
  enter(hart, delegated(hart, hart.csr.medeleg, number) ? kSupervisorLevel : kMachineLevel, number, tval);
}

void enter_interrupt(Hart& hart, unsigned number) noexcept {
  count_exit(hart, kInterruptBit | number, 0);
  enter(hart, delegated(hart, hart.csr.mideleg, number) ? kSupervisorLevel : kMachineLevel,
        kInterruptBit | number, 0);
  hart.pc = hart.next_pc;
}

void enter_access_fault(Hart& hart, AccessKind kind, const Fault& fault) noexcept {
  static constexpr Cause kCauses[3][3] = {
      {Cause::kLoadPage, Cause::kLoadAccess, Cause::kLoadMisaligned},
      {Cause::kStorePage, Cause::kStoreAccess, Cause::kStoreMisaligned},
      {Cause::kFetchPage, Cause::kFetchAccess, Cause::kFetchMisaligned},
  };
  enter_trap(hart, kCauses[static_cast<unsigned>(kind)][static_cast<unsigned>(fault.kind) - 1],
             fault.at.value);
}

// The bits are read again: nothing on this path is hot, and no decoded form has to keep them.
void enter_illegal(Hart& hart) noexcept {
  uint16_t low = 0, high = 0;
  if (hart.memory->fetch_halfword({hart.pc}, low)) low = 0;
  if (instruction_length(low) == 4 && hart.memory->fetch_halfword({hart.pc + 2}, high)) high = 0;
  enter_trap(hart, Cause::kIllegal, low | (static_cast<uint32_t>(high) << 16));
}

uint64_t pending_interrupts(const Hart& hart) noexcept { return hart.csr.mip_software | hart.csr.mip_lines; }

bool wakes(const Hart& hart) noexcept { return (pending_interrupts(hart) & hart.csr.mie) != 0; }

int interrupt_to_take(const Hart& hart) noexcept {
  const uint64_t ready = pending_interrupts(hart) & hart.csr.mie;
  if (ready == 0) [[likely]]
    return -1;
  const bool machine_open = hart.privilege != Privilege::kMachine || (hart.csr.mstatus & mstatus::kMie);
  const bool supervisor_open =
      hart.privilege == Privilege::kUser ||
      (hart.privilege == Privilege::kSupervisor && (hart.csr.mstatus & mstatus::kSie));
  const uint64_t delegation = delegated_interrupts(hart);
  const uint64_t for_machine = machine_open ? ready & ~delegation : 0;
  const uint64_t takable = for_machine ? for_machine : supervisor_open ? ready & delegation : 0;
  // "MEI, MSI, MTI, SEI, SSI, STI, LCOFI": decreasing priority (3.1.9).
  for (const unsigned number : {irq::kMei, irq::kMsi, irq::kMti, irq::kSei, irq::kSsi, irq::kSti, irq::kLcof})
    if ((takable >> number) & 1) return static_cast<int>(number);
  return -1;
}

void set_interrupt_line(Hart& hart, unsigned number, bool level) noexcept {
  if (hart.slow_lines) return hart.slow_lines->changed(number, level);
  show_interrupt_line(hart, number, level);
}

void show_interrupt_line(Hart& hart, unsigned number, bool level) noexcept {
  const uint64_t bit = uint64_t{1} << number;
  hart.csr.mip_lines = level ? hart.csr.mip_lines | bit : hart.csr.mip_lines & ~bit;
  if (hart.attention) hart.attention->wanted = true;
}

uint64_t interrupt_time(const Hart& hart, uint64_t compare) noexcept {
  const uint64_t late = hart.config.breaks.has(core::Break::kTimerLate) ? core::kLateTicks : 0;
  return compare > ~uint64_t{0} - late ? ~uint64_t{0} : compare + late;
}

void update_stimecmp(Hart& hart) noexcept {
  if (!hart.stimecmp_event) return;
  const bool enabled = hart.config.sstc && (hart.csr.menvcfg & envcfg::kStce);
  const uint64_t when = interrupt_time(hart, hart.csr.stimecmp);
  const bool due = enabled && hart.time() >= when;
  if (due != (((hart.csr.mip_lines >> irq::kSti) & 1) != 0)) set_interrupt_line(hart, irq::kSti, due);
  if (enabled && !due)
    hart.stimecmp_event->arm(hart.tick_of(when));
  else
    hart.stimecmp_event->disarm();
}

void context_changed(Hart& hart) noexcept {
  const uint64_t status = hart.csr.mstatus;
  hart.float_off = (status & mstatus::kFs) == 0;
  core::TranslationContext context;
  context.satp = hart.csr.satp;
  context.fetch_privilege = static_cast<uint8_t>(hart.privilege);
  context.data_privilege = hart.privilege == Privilege::kMachine && (status & mstatus::kMprv)
                               ? static_cast<uint8_t>((status & mstatus::kMpp) >> mstatus::kMppShift)
                               : context.fetch_privilege;
  const core::BreakSet breaks = hart.config.breaks;
  context.sum = (status & mstatus::kSum) || breaks.has(core::Break::kSumIgnored);
  context.mxr = (status & mstatus::kMxr) && !breaks.has(core::Break::kMxrIgnored);
  context.ignores_dirty = breaks.has(core::Break::kDirtyBitNotSet);
  context.ignores_user = breaks.has(core::Break::kUserBitIgnored);
  context.hardware_ad = hart.csr.menvcfg & envcfg::kAdue;
  context.napot = hart.config.svnapot;
  context.memory_types = hart.csr.menvcfg & envcfg::kPbmte;
  const core::CodeView* const code_before = hart.memory->code_view;
  hart.memory->set_context(context);
  // Another space or mode: what stands at pc has to be translated anew, even for the very next instruction.
  if (hart.memory->code_view != code_before) hart.redirected = true;
}

bool state_restored(Hart& hart) noexcept {
  const auto privilege = static_cast<unsigned>(hart.privilege);
  if (privilege > 3 || privilege == 2 || hart.csr.frm > 7 || (hart.pc & 1) != 0) return false;
  hart.extensions = hart.config.extensions;
  if (!(hart.csr.misa & uint64_t{1} << ('C' - 'A'))) hart.extensions.clear(Extension::C);
  hart.x[0] = 0;
  hart.next_pc = hart.pc;
  hart.page = nullptr;
  hart.redirected = true;
  hart.traps_in_a_row = 0;
  protection_changed(hart);
  context_changed(hart);
  hart.attention->wanted = true;
  return true;
}

namespace handler {

void illegal(Hart& hart, const Operands& i) noexcept {
  enter_trap(hart, Cause::kIllegal, static_cast<uint32_t>(i.imm));
}

void ecall(Hart& hart, const Operands&) noexcept {
  if (hart.privilege == Privilege::kSupervisor && hart.firmware) {
    const uint64_t extension = hart.x[17], function = hart.x[16];
    EventNote event(*hart.events, EventKind::kHypercall);
    hart.memory->fence_data();  // firmware would run on this hart
    hart.firmware->call(hart);
    hart.attention->wanted = true;
    event.tell(extension, function, hart.x[10], [&] { return hart.firmware->name_of(extension, function); });
    return;
  }
  enter_trap(
      hart, static_cast<Cause>(static_cast<unsigned>(Cause::kEcallU) + static_cast<unsigned>(hart.privilege)),
      0);
}

void ebreak(Hart& hart, const Operands&) noexcept { enter_trap(hart, Cause::kBreakpoint, hart.pc); }

void mret(Hart& hart, const Operands&) noexcept {
  if (hart.privilege != Privilege::kMachine) return enter_illegal(hart);
  leave(hart, kMachineLevel);
}

void sret(Hart& hart, const Operands&) noexcept {
  if (hart.privilege == Privilege::kUser || traps_in_supervisor(hart, mstatus::kTsr))
    return enter_illegal(hart);
  leave(hart, kSupervisorLevel);
}

// The instruction retires; the hart then waits until an enabled interrupt is pending (isa/riscv/system.h).
void wfi(Hart& hart, const Operands&) noexcept {
  if (hart.privilege == Privilege::kUser || traps_in_supervisor(hart, mstatus::kTw))
    return enter_illegal(hart);
  hart.waiting = !wakes(hart);
  give_up_turn(hart);
}

// Zawrs: "may stall until the reservation set is stored to": with harts in turn, giving up the turn is that
// stall.
void wrs_sto(Hart& hart, const Operands&) noexcept { give_up_turn(hart); }

// "When the TW bit in mstatus is set and WRS.NTO is executed in any privilege mode other than M mode, and it does not
// complete within an implementation-specific bounded time limit, [...] an illegal-instruction exception" (15.1). The limit
// is 0, as wfi's is.
void wrs_nto(Hart& hart, const Operands& i) noexcept {
  if (hart.privilege != Privilege::kMachine && (hart.csr.mstatus & mstatus::kTw)) return enter_illegal(hart);
  wrs_sto(hart, i);
}

// Zihintpause: this hart spins, and somebody else may have what it waits for. A kernel with one hart waits for time only.
void pause(Hart& hart, const Operands&) noexcept {
  if (!hart.alone) give_up_turn(hart);
}

// Harts run in turn, so memory is sequentially consistent and a fence orders nothing, unless stores wait: those before it
// then go, if W is among its predecessors. fence.tso has no operands.
void fence(Hart& hart, const Operands& i) noexcept {
  constexpr int32_t kPredecessorWrites = 1 << 4;
  if (i.imm == 0 || (i.imm & kPredecessorWrites)) hart.memory->fence_data();
}

// Instruction fetch is coherent: nothing to do (docs/architecture.md, "no observable caches").
void fence_i(Hart& hart, const Operands&) noexcept {
  EventNote event(*hart.events, EventKind::kFenceI);
  hart.memory->fence_instructions();
  event.tell(0, 0, 0, [] { return "nothing was stale: every write to code was followed"; });
}

// "If rs1 = x0 [...] all levels of the page tables, otherwise only the leaf entries for the virtual address
// in rs1. If rs2 = x0 [...] all address spaces, otherwise only the one in rs2", less its global entries. The
// registers' numbers decide, not what is in them.
void sfence_vma(Hart& hart, const Operands& i) noexcept {
  if (hart.privilege == Privilege::kUser || traps_in_supervisor(hart, mstatus::kTvm))
    return enter_illegal(hart);
  core::TranslationFence fence;
  if (i.rs1 != 0) fence.first = hart.x[i.rs1], fence.size = 1;
  if (i.rs2 != 0) fence.one_space = true, fence.asid = static_cast<uint16_t>(hart.x[i.rs2]);
  EventNote event(*hart.events, EventKind::kTranslationFence);
  hart.memory->fence_translations(fence);
  event.tell(fence.first, 0, fence.asid, [&] { return hart.memory->effect(); });
}

void sfence_ordering(Hart& hart, const Operands&) noexcept {
  if (hart.privilege == Privilege::kUser) return enter_illegal(hart);
  EventNote event(*hart.events, EventKind::kTranslationFence);
  event.tell(0, 0, 0, [] { return "orders fences, and does nothing alone"; });
}

void cbo_clean(Hart& hart, const Operands& i) noexcept {
  if (!cache_block_allowed(hart, envcfg::kCbcfe)) return enter_illegal(hart);
  manage_block(hart, i);
}

// CBIE = 01: invalidates as a flush; 11: invalidates. Without caches both do nothing but check.
void cbo_inval(Hart& hart, const Operands& i) noexcept {
  if (!cache_block_allowed(hart, envcfg::kCbie)) return enter_illegal(hart);
  manage_block(hart, i);
}

void cbo_zero(Hart& hart, const Operands& i) noexcept {
  if (!cache_block_allowed(hart, envcfg::kCbze)) return enter_illegal(hart);
  const core::GuestVirt at{hart.x[i.rs1]};
  // xtval is the effective address, which need not be the block's first byte.
  if (const Fault fault = hart.memory->zero_block(at, kCacheBlock))
    enter_access_fault(hart, AccessKind::kStore, {fault.kind, at});
}

}  // namespace handler
}  // namespace vitrine::riscv
