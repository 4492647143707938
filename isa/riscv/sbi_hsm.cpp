// SPDX-License-Identifier: MIT
// Hart state management: harts that start, stop and suspend. SBI specification 2.0, chapter 9.
//
//                    hart_start                 hart_suspend
//     +---------+ --------------> +---------+ ----------------> +-----------+
//     | stopped |                 | started |                   | suspended |
//     +---------+ <-------------- +---------+ <---------------- +-----------+
//                    hart_stop                  an interrupt that is enabled in sie is pending
//
// A stopped hart has no turn (Hart::stopped). A suspended one waits as in wfi (Hart::waiting), so the
// machine's loop resumes it; that it has not yet been resumed is seen from its step count, which has stood
// still since the call.
#include "isa/riscv/handler.h"
#include "isa/riscv/sbi.h"

namespace vitrine::riscv {

HartState Sbi::state(const Hart& hart) const {
  if (hart.stopped) return HartState::kStopped;
  if (hart.steps_now() != slots_[hart.id].suspended_at) return HartState::kStarted;
  return wakes(hart) ? HartState::kResumePending : HartState::kSuspended;
}

// An address at which S mode can run without translation: RAM, and aligned as instructions are.
bool Sbi::may_execute(const Hart& hart, uint64_t at) const {
  const unsigned alignment = hart.extensions.has(Extension::C) ? 2 : 4;
  return at % alignment == 0 && ram_.contains({at}, alignment);
}

Sbi::Answer Sbi::hsm_hart_start(Hart& hart) {
  const uint64_t id = hart.x[kA0], entry = hart.x[kA1], opaque = hart.x[kA2];
  if (id >= slots_.size()) return failure(SbiError::kInvalidParam);
  Hart& target = *slots_[id].hart;
  if (!target.stopped) return failure(SbiError::kAlreadyAvailable);
  if (!may_execute(target, entry)) return failure(SbiError::kInvalidAddress);
  prepare(target, entry, opaque);
  target.stopped = false;
  target.attention->wanted = true;
  return success();
}

Sbi::Answer Sbi::hsm_hart_stop(Hart& hart) {
  set_timer(hart, ~uint64_t{0});
  hart.stopped = true;
  return std::nullopt;
}

Sbi::Answer Sbi::hsm_hart_get_status(Hart& hart) {
  const uint64_t id = hart.x[kA0];
  if (id >= slots_.size()) return failure(SbiError::kInvalidParam);
  // Who asks is running, even if this is its first instruction after a suspend.
  return success(static_cast<uint64_t>(id == hart.id ? HartState::kStarted : state(*slots_[id].hart)));
}

// "suspend_type is 32 bits wide"; platform-specific types do not exist here. In the non-retentive state the
// registers that the specification names change and all others happen to be kept ("undefined"), sie among
// them, which decides what resumes the hart.
Sbi::Answer Sbi::hsm_hart_suspend(Hart& hart) {
  constexpr uint32_t kRetentive = 0, kNonRetentive = 0x8000'0000;
  const auto type = static_cast<uint32_t>(hart.x[kA0]);
  const uint64_t resume = hart.x[kA1], opaque = hart.x[kA2];
  if (type != kRetentive && type != kNonRetentive) return failure(SbiError::kInvalidParam);
  if (type == kNonRetentive && !may_execute(hart, resume)) return failure(SbiError::kInvalidAddress);

  hart.waiting = !wakes(hart);
  hart.ended_slice = true;
  slots_[hart.id].suspended_at = hart.steps_now() + 1;  // this ecall is a step, too
  if (type == kRetentive) return success();

  hart.csr.satp = 0;
  hart.csr.mstatus &= ~mstatus::kSie;
  context_changed(hart);
  hart.set_x(kA0, hart.id);
  hart.set_x(kA1, opaque);
  hart.next_pc = resume;
  hart.redirected = true;
  return std::nullopt;
}

}  // namespace vitrine::riscv
