// SPDX-License-Identifier: MIT
// The architectural state of one hart, and the few derived facts that engines keep beside it. Registers are
// plain data, since generated code reaches them by offset. What privileged instructions do to it is in
// handler.h, CSR by CSR in csr.h; what order harts run in is in system.h.
#pragma once

#include <cstdint>
#include <string>

#include "core/breaks.h"
#include "core/chaos.h"
#include "core/events.h"
#include "core/memory_port.h"
#include "core/scheduler.h"
#include "core/stop_points.h"
#include "core/state.h"
#include "isa/riscv/decoder.h"
#include "isa/riscv/softfloat/softfloat.h"

namespace vitrine::riscv {

enum class Privilege : uint8_t { kUser = 0, kSupervisor = 1, kMachine = 3 };

// mstatus, privileged spec 3.1.6. sstatus is a masked view of it.
namespace mstatus {
inline constexpr uint64_t kSie = 1ull << 1, kMie = 1ull << 3, kSpie = 1ull << 5, kMpie = 1ull << 7,
                          kSpp = 1ull << 8, kMpp = 3ull << 11, kFs = 3ull << 13, kMprv = 1ull << 17,
                          kSum = 1ull << 18, kMxr = 1ull << 19, kTvm = 1ull << 20, kTw = 1ull << 21,
                          kTsr = 1ull << 22, kUxl = 3ull << 32, kSxl = 3ull << 34, kSd = 1ull << 63;
inline constexpr unsigned kMppShift = 11;
// The view that sstatus is (10.1.1); SD is derived.
inline constexpr uint64_t kSstatusWritable = kSie | kSpie | kSpp | kFs | kSum | kMxr;
inline constexpr uint64_t kSstatusReadable = kSstatusWritable | kUxl;
}  // namespace mstatus

// Interrupt numbers, bits of mip and mie (3.1.9).
namespace irq {
inline constexpr unsigned kSsi = 1, kMsi = 3, kSti = 5, kMti = 7, kSei = 9, kMei = 11, kLcof = 13;
}

// menvcfg and senvcfg (3.1.18, 10.1.10).
namespace envcfg {
inline constexpr uint64_t kFiom = 1ull << 0, kCbie = 3ull << 4, kCbcfe = 1ull << 6, kCbze = 1ull << 7,
                          kAdue = 1ull << 61, kPbmte = 1ull << 62, kStce = 1ull << 63;
}

// Exception causes (table 3.6).
enum class Cause : uint8_t {
  kFetchMisaligned = 0,
  kFetchAccess = 1,
  kIllegal = 2,
  kBreakpoint = 3,
  kLoadMisaligned = 4,
  kLoadAccess = 5,
  kStoreMisaligned = 6,
  kStoreAccess = 7,
  kEcallU = 8,
  kEcallS = 9,
  kEcallM = 11,
  kFetchPage = 12,
  kLoadPage = 13,
  kStorePage = 15,
};

inline constexpr unsigned kPmpCsrs = 16;
inline constexpr unsigned kHpmCounters = 16;  // mhpmcounter3 to 18, as many as QEMU's rv64 has by default

// The trap registers of one privilege level (M or S): levels are data, not copies of code.
struct TrapCsrs {
  uint64_t tvec = 0, epc = 0, cause = 0, tval = 0, scratch = 0;
  friend bool operator==(const TrapCsrs&, const TrapCsrs&) = default;
};

// A counter: `value` when it last started, and what it would have counted by then (counters.h).
struct Counter {
  uint64_t value = 0;
  uint64_t since = 0;
  friend bool operator==(const Counter&, const Counter&) = default;
};

struct Csrs {
  uint64_t mstatus = mstatus::kUxl / 3 * 2 | mstatus::kSxl / 3 * 2;
  uint64_t misa = 0;
  uint64_t medeleg = 0, mideleg = 0, mie = 0;
  uint64_t mip_software = 0;  // SSIP, STIP, SEIP, LCOFIP as software wrote them
  uint64_t mip_lines = 0;     // MSIP, MTIP, MEIP, SEIP as the interrupt lines are
  TrapCsrs m, s;
  uint32_t mcounteren = 0, scounteren = 0, mcountinhibit = 0;
  uint64_t menvcfg = 0, senvcfg = 0;
  uint64_t satp = 0;
  uint64_t stimecmp = ~0ull;
  Counter counters[3 + kHpmCounters];  // cycle, (time), instret, mhpmcounter3 and on
  uint64_t hpm_event[kHpmCounters] = {};
  uint8_t pmpcfg[kPmpCsrs] = {};
  uint64_t pmpaddr[kPmpCsrs] = {};
  uint8_t frm = 0;
  softfloat::Flags fflags = {};
  friend bool operator==(const Csrs&, const Csrs&) = default;
};

// What a processor model has; part of a run's identity.
struct HartConfig {
  ExtensionSet extensions = ExtensionSet::standard();
  bool pmp = true;
  bool svade = false;  // page faults for clear A and D only (Svadu off)
  bool sstc = true;
  bool sscofpmf = false;  // overflow interrupts and mode filters of the event counters
  bool svpbmt = true;
  bool svnapot = true;
  uint8_t max_levels = 3;  // deepest satp mode: 3 Sv39, 4 Sv48, 5 Sv57
  uint64_t mvendorid = 0, marchid = 0, mimpid = 0;
  core::BreakSet breaks;  // what is wrong on purpose; those of other parts do no harm here
};

// LR's reservation: a physical address, valid inside the hart's slice only (ARCHITECTURE: harts in turn).
struct Reservation {
  bool valid = false;
  uint8_t width = 0;
  core::GuestPhys at;
  friend bool operator==(const Reservation&, const Reservation&) = default;
};

struct Hart;

// What outside the hart wants to know (statistics, logs, diagnosis). All calls are off the fast path.
class HartObserver {
 public:
  virtual ~HartObserver() = default;
  virtual void trap_entered(const Hart& hart, uint64_t cause, uint64_t tval, Privilege to) noexcept = 0;
};

// Told when the interpreter decodes the instruction that it is about to run: for the first time, or anew, because its bytes
// were written. Only instructions that it keeps are told of.
class CodeObserver {
 public:
  virtual ~CodeObserver() = default;
  virtual void decoded(const Hart& hart, core::GuestPhys at, unsigned length) noexcept = 0;
};

// Calls from S mode to the firmware, if the emulator itself is the firmware (built-in SBI).
class EnvironmentCalls {
 public:
  virtual ~EnvironmentCalls() = default;
  // ecall in S mode; arguments and results in the hart's registers. The instruction retires.
  virtual void call(Hart& hart) noexcept = 0;
  // The name of the call that a7 and a6 select, for people.
  [[nodiscard]] virtual std::string name_of(uint64_t a7, uint64_t a6) const = 0;
};

// Whose turn it is (system.h).
class Turns {
 public:
  virtual ~Turns() = default;
  // The running hart's present instruction ends its turn. True: no other hart can run and nothing is due, so its next
  // turn begins behind that instruction and has begun here. False: it is for the machine's loop to see to.
  virtual bool begin_anew(Hart& hart) noexcept = 0;
};

// Interrupt lines whose levels take a while to reach the hart (core/chaos.inc, "interrupts").
class SlowLines {
 public:
  virtual ~SlowLines() = default;
  virtual void changed(unsigned number, bool level) = 0;
};

struct Hart {
  // --- Registers, first, so that their displacements are short
  // -------------------------------------------------------
  uint64_t x[33] = {};  // x[32] takes what is written to x0
  uint64_t f[32] = {};
  uint64_t pc = 0;
  uint64_t next_pc = 0;  // set by a body that leaves the straight line; otherwise pc + length

  // --- Derived, for engines
  struct DecodedPage* page = nullptr;  // the decoded page that runs, and the guest-virtual address it runs at
  uint64_t page_address = 0;
  class CodeCache* decoded = nullptr;  // that it belongs to
  int64_t budget = 0;  // steps that the present run may still take, and the machine step at which it ends
  core::Step run_end = 0;
  // ------------------------------------------------------------------------------------------
  core::MemoryPort* memory = nullptr;
  // For generated code (translator/lowering.h): what it would otherwise find by two loads, and its own small places.
  const core::CodeView* code_view = nullptr;
  const uint8_t* code_base = nullptr;
  uint64_t scratch[4] = {};
  uint64_t host_stack = 0;  // where generated code found it
  uint32_t site = 0;
  void* translator = nullptr;      // that made the code which runs
  uint16_t left_in_block = 0;  // instructions of a block that was left inside
  bool wants_apart = false;    // it was left for one without shared checks
  bool float_off = true;     // mstatus.FS == Off
  bool float_in_hart = true;  // f registers are in `f`: always, but while generated code has them (translator/emit_float.h)
  bool redirected = false;   // the last slow instruction set next_pc, or changed what pc means
  bool waiting = false;      // in wfi: architecturally idle until an enabled interrupt is pending
  bool ended_slice = false;  // wfi, pause, wrs: the turn goes to the next hart
  Privilege privilege = Privilege::kMachine;
  unsigned id = 0;

  Csrs csr;
  Reservation reservation;
  HartConfig config;
  ExtensionSet extensions;  // config.extensions, less what misa has switched off

  // --- Time
  // -----------------------------------------------------------------------------------------------------------
  core::Clock* clock = nullptr;
  core::Attention* attention = nullptr;
  core::Events* events = nullptr;  // of the machine
  uint64_t steps = 0;           // this hart's steps up to slice_start
  core::Step slice_start = 0;   // machine step at which its present turn began
  uint64_t retired_in[4] = {};  // by privilege: instructions retired in that mode, up to retired_mark
  uint64_t retired_mark = 0;
  bool watches_overflow = false;  // derived: an event counter may overflow, so changes of privilege matter
  uint64_t traps = 0;             // trap and interrupt entries: steps that retire nothing
  core::Step last_trap_step = 0;
  unsigned traps_in_a_row = 0;  // entries with no retired instruction in between (diagnosis, not state)

  uint64_t time_offset = 0;  // a guest that writes mtime moves time against the clock (devices/clint.h)

  core::ScheduledEvent* stimecmp_event = nullptr;
  HartObserver* observer = nullptr;
  CodeObserver* code_observer = nullptr;
  EnvironmentCalls* firmware = nullptr;
  core::StopPoints* stops = nullptr;            // of a debugger
  Turns* turns = nullptr;
  SlowLines* slow_lines = nullptr;              // these of a chaotic machine only
  core::ChaosStream* spurious_sc = nullptr;     // whether an sc fails that could succeed
  core::ChaosStream* reset_registers = nullptr;  // what they hold when the hart starts
  bool stores_wait = false;                      // so that a fence of data does something
  bool running = false;  // it is this hart's turn: clock->step() counts for it
  bool stopped = false;  // held by firmware (SBI HSM), not started yet
  bool alone = false;    // the machine has no other hart: nobody is there to take a turn

  core::PredictionSet predictions[core::kPredictionSets];  // for generated code; like everything derived, not state

  // Steps of this hart, now.
  [[nodiscard]] uint64_t steps_now() const { return steps + (running ? clock->step() - slice_start : 0); }
  // Instructions that it has retired, now. A CSR read sees the count before its own instruction.
  [[nodiscard]] uint64_t retired() const { return steps_now() - traps; }

  [[nodiscard]] uint64_t time() const { return clock->ticks() + time_offset; }
  // The clock's tick at which time() will be `when`, which lies ahead; kNever if the clock does not get that
  // far.
  [[nodiscard]] core::Ticks tick_of(uint64_t when) const {
    const core::Ticks now = clock->ticks(), wait = when - time();
    return wait > core::kNever - now ? core::kNever : now + wait;
  }

  void set_x(unsigned rd, uint64_t value) {
    x[rd] = value;
    x[0] = 0;
  }
  void serialize(core::Archive& ar);
};

}  // namespace vitrine::riscv
