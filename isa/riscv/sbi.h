// SPDX-License-Identifier: MIT
// The built-in SBI: the firmware of a machine that has no firmware image. Where that stands: RISC-V
// Supervisor Binary Interface specification, version 2.0. In the lecture's words these are hypercalls: the
// supervisor knows that somebody is below it, and asks.
//
// An ecall in S mode comes here (handler::ecall) instead of trapping to M mode: extension id in a7, function
// id in a6, arguments in a0 to a5; answers are an error in a0 and a value in a1. The ecall retires as one
// step, and M mode runs no instruction, ever. That needs every guest trap to be delegated to S mode:
//   exceptions  0 to 8, 12, 13 and 15 are in medeleg; 9 is the call itself; 11 arises in M mode only.
//   interrupts  SSI, STI and SEI are in mideleg; MSI, MTI and MEI are not enabled in mie, which S mode cannot
//   change.
//
// The calls are the rows of sbi_rows.inc. Next to read: sbi.cpp, then sbi_hsm.cpp (harts that start, stop and
// suspend).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/guest_ram.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "isa/riscv/hart.h"

namespace vitrine::riscv {

// Chapter 3, "Standard SBI Errors": those that are given here.
enum class SbiError : int64_t {
  kSuccess = 0,
  kNotSupported = -2,
  kInvalidParam = -3,
  kInvalidAddress = -5,
  kAlreadyAvailable = -6,
};

// Chapter 9, "HSM Hart States". Start, stop and suspend happen within one step here, so their pending states
// are never seen; a hart whose wake-up has come but whose turn has not is kResumePending.
enum class HartState : uint8_t { kStarted = 0, kStopped = 1, kSuspended = 4, kResumePending = 6 };

// Chapter 10.
enum class ResetType : uint32_t { kShutdown = 0, kColdReboot = 1, kWarmReboot = 2 };
enum class ResetReason : uint32_t { kNone = 0, kSystemFailure = 1 };

// The debug console. Input has to enter the machine at recorded steps, so get() must take from a queue that
// is filled between turns, never from the host.
class SbiConsole {
 public:
  virtual ~SbiConsole() = default;
  virtual void put(uint8_t byte) noexcept = 0;
  virtual int get() noexcept = 0;  // the next byte, or -1: none is there
};

// Who can reset or switch off the machine.
class SbiObserver {
 public:
  virtual ~SbiObserver() = default;
  // Called within the step of the ecall, with every hart stopped already. The board asks its loop to stop,
  // and acts after it has returned.
  virtual void system_reset(ResetType type, ResetReason reason) noexcept = 0;
};

// One call, as the row says it.
struct SbiCall {
  static constexpr uint64_t kAnyFunction = ~uint64_t{0};
  uint64_t extension;
  uint64_t function;  // kAnyFunction: a legacy call
  std::string_view extension_name;
  std::string_view name;
  unsigned arguments;  // in a0, a1 and so on
  std::string_view section;
};
[[nodiscard]] std::span<const SbiCall> sbi_calls();
// The row that a7 and a6 select, or nullptr.
[[nodiscard]] const SbiCall* find_sbi_call(uint64_t extension, uint64_t function);

class Sbi final : public EnvironmentCalls {
 public:
  static constexpr uint64_t kSpecVersion = 2 << 24;
  // "VTRN". The specification's list of implementations has small numbers only, so this one is nobody else's.
  static constexpr uint64_t kImplementationId = 0x5654524e;
  static constexpr uint64_t kImplementationVersion = 1;
  static constexpr size_t kMaxHarts = 64;  // a legacy hart mask is then one word
  static constexpr uint64_t kMostConsoleBytes =
      65536;  // that one call moves; the guest asks again for the rest

  // Becomes the firmware of `harts`; hart n has id n. Everything outlives the Sbi.
  Sbi(std::vector<Hart*> harts, core::GuestRam& ram, core::Scheduler& scheduler, SbiConsole& console,
      SbiObserver& observer);
  ~Sbi() override;
  Sbi(const Sbi&) = delete;
  Sbi& operator=(const Sbi&) = delete;

  // Reset of the machine: `boot` is about to run at `entry` in S mode with a0 = its id and a1 = `device_tree`
  // (both guest-physical), as the firmware would have left it; the other harts are stopped until they are
  // started by a call. The harts must have S mode.
  void reset(Hart& boot, uint64_t entry, uint64_t device_tree);

  void call(Hart& hart) noexcept override;
  [[nodiscard]] std::string name_of(uint64_t a7, uint64_t a6) const override;

  // Hart::time_offset of the harts changed.
  void time_changed();

  // State of a hart, as others see it.
  [[nodiscard]] HartState state(const Hart& hart) const;

  // The timers are events of the scheduler and are saved there; that a hart is stopped is saved with the
  // hart.
  void serialize(core::Archive& ar);

 private:
  static constexpr unsigned kA0 = 10, kA1 = 11, kA2 = 12, kA3 = 13, kA4 = 14, kA6 = 16, kA7 = 17;

  // What a call answers in a0 and a1. No answer: the call does not return (hart_stop), or a guest trap was
  // entered.
  struct Values {
    uint64_t a0, a1;
  };
  using Answer = std::optional<Values>;
  using Body = Answer (Sbi::*)(Hart&);
  static const Body kBodies[];  // in the order of sbi_calls()

  static Answer success(uint64_t value = 0) { return Values{0, value}; }
  static Answer failure(SbiError error) { return Values{static_cast<uint64_t>(error), 0}; }
  static Answer legacy(int64_t value) { return Values{static_cast<uint64_t>(value), 0}; }

#define SBI_CALL(extension, function, name, arguments, section) Answer extension##_##name(Hart&);
#define SBI_LEGACY(id, name, arguments, section) Answer legacy_##name(Hart&);
#include "isa/riscv/sbi_rows.inc"

  // Firmware's part of a hart.
  struct Slot {
    Hart* hart;
    std::unique_ptr<core::ScheduledEvent> timer;  // sets STIP, where there is no stimecmp
    uint64_t deadline = ~uint64_t{0};             // of set_timer, likewise
    uint64_t suspended_at = core::kNever;         // the hart's own step count after its last suspend call
  };

  void prepare(Hart& hart, uint64_t entry, uint64_t argument);
  void set_timer(Hart& hart, uint64_t when);
  void update_timer(Slot& slot);
  void reset_system(ResetType type, ResetReason reason);
  [[nodiscard]] bool may_execute(const Hart& hart, uint64_t at) const;
  [[nodiscard]] bool console_may_access(uint64_t count, uint64_t low, uint64_t high) const;
  // Calls f for each hart of a mask (chapter 3, "Hart list parameter"). False, and nothing done, if it names
  // a hart that does not exist.
  template <typename F>
  bool for_each(uint64_t mask, uint64_t base, F f);
  bool send_ipi(uint64_t mask, uint64_t base);
  static core::TranslationFence fence_of_range(uint64_t start, uint64_t size);
  static core::TranslationFence fence_of_space(uint64_t start, uint64_t size, uint64_t asid);
  bool fence(uint64_t mask, uint64_t base, const core::TranslationFence& what);
  Answer answer_to_fence(Hart& hart, const core::TranslationFence& what);
  // A legacy mask, by its guest-virtual address. False: it cannot be read, and a guest trap was entered.
  bool load_legacy_mask(Hart& hart, uint64_t& mask, uint64_t& base);
  Answer legacy_fence(Hart& hart, const core::TranslationFence& what);

  std::vector<Slot> slots_;
  core::GuestRam& ram_;
  SbiConsole& console_;
  SbiObserver& observer_;
};

}  // namespace vitrine::riscv
