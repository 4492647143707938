// SPDX-License-Identifier: MIT
// A machine for one instruction at a time: a hart with its memory port, RAM, the interpreter and the handler,
// all of them the real ones, put into a stated state before each instruction and looked at afterwards. Its
// translations are kept until a fence, as on `--mmu tlb-fenced`, since only there a fence does something that
// can be seen. Next: measure.h, which derives classes from what happens here.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/bus.h"
#include "core/guest_ram.h"
#include "core/scheduler.h"
#include "isa/riscv/hart.h"
#include "isa/riscv/interpreter.h"
#include "mmu/mmu.h"

namespace vitrine::classes {

using riscv::Privilege;

// Everything of a hart that is no program's: what control-sensitive instructions change, and
// behaviour-sensitive ones show.
struct System {
  Privilege mode = Privilege::kMachine;
  riscv::Csrs csr;
  riscv::Reservation reservation;
  uint64_t time_offset = 0;
  bool compressed = true;  // misa.C
};

// Where the page of kData leads, if translation is on.
enum class Leaf : uint8_t { kFirst, kSecond, kNone };

struct State {
  System system;
  uint64_t x[32] = {};
  uint64_t f[32] = {};
  bool paged = false;  // satp leads to tables that map code and data for the mode (in M: for S)
  Leaf leaf = Leaf::kFirst;
  bool stale = false;  // paged; the leaf was used, changed to kSecond, and not fenced
};

struct Outcome {
  bool trapped = false;
  riscv::Cause cause = {};
  Privilege to = Privilege::kMachine;
  // What the program has of it.
  uint64_t x[32] = {};
  uint64_t f[32] = {};
  uint64_t pc = 0;
  uint8_t fflags = 0, frm = 0;
  std::array<uint8_t, 128> memory = {};  // 64 bytes of each of the two pages
  System system;
  bool ended_turn = false;     // pause and the waits: another hart is next
  bool sees_new_page = false;  // of a stale state: an access behind the instruction finds the changed leaf
};

// Runs the instruction at hart.pc in the place of the interpreter, or around it: `really` runs it. For tests,
// which put something wrong here.
using Around = std::function<void(riscv::Hart&, uint32_t bits, const std::function<void()>& really)>;

class Machine final : riscv::HartObserver {
 public:
  static constexpr uint64_t kRam = 0x8000'0000;
  static constexpr uint64_t kCode = kRam + 0x1000;
  static constexpr uint64_t kData = kRam + 0x2100;  // in the first page; the second is the next one

  static constexpr uint64_t kAsid = 5;  // of states with translation

  explicit Machine(Around around = {});
  ~Machine();

  // After reset and what firmware and hypervisor have set up, in any mode; see measure.cpp.
  [[nodiscard]] State after_reset();
  Outcome run(const State& state, uint32_t bits);
  // The state, with one CSR written as the guest's system software would.
  State with_csr(const State& state, unsigned number, uint64_t value);

 private:
  void trap_entered(const riscv::Hart& hart, uint64_t cause, uint64_t tval, Privilege to) noexcept override;
  void build_tables();
  void set_leaf(Leaf leaf);
  void set_memory();
  void enter(const State& state);
  void set_mode(Privilege mode);
  void make_stale(Privilege mode);
  [[nodiscard]] bool sees_new_page(Privilege mode);
  [[nodiscard]] System system() const;

  Around around_;
  core::Attention attention_;
  core::Events events_;
  core::Clock clock_;
  core::Scheduler scheduler_{clock_, attention_};
  std::unique_ptr<core::GuestRam> ram_;
  core::Bus bus_;
  std::unique_ptr<mmu::AddressSpaces> spaces_;
  std::unique_ptr<mmu::Mmu> mmu_;
  std::unique_ptr<riscv::Interpreter> interpreter_;
  std::unique_ptr<riscv::Hart> hart_;
  std::unique_ptr<core::ScheduledEvent> stimecmp_event_;
  bool keeps_translations_ = false;
  Outcome outcome_;
};

}  // namespace vitrine::classes
