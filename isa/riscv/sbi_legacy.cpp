// SPDX-License-Identifier: MIT
// The calls of SBI 0.1, which the extensions replaced: SBI specification 2.0, chapter 5. Teaching kernels
// still use them.
#include "isa/riscv/handler.h"
#include "isa/riscv/sbi.h"

namespace vitrine::riscv {

// "hart_mask is a virtual address that points to a bit-vector of harts": one word, as there are at most 64.
// The null pointer means all harts: the specification does not say so, but OpenSBI does it and kernels of
// that time rely on it. "Page and access faults taken by the SBI implementation are redirected back to the
// supervisor with sepc pointing to the faulting ECALL instruction."
bool Sbi::load_legacy_mask(Hart& hart, uint64_t& mask, uint64_t& base) {
  const core::GuestVirt at{hart.x[kA0]};
  mask = 0;
  base = at.value == 0 ? ~uint64_t{0} : 0;
  if (at.value == 0) return true;
  const core::Fault fault = hart.memory->load(at, 8, mask);
  if (fault) enter_access_fault(hart, core::AccessKind::kLoad, fault);
  return !fault;
}

Sbi::Answer Sbi::legacy_fence(Hart& hart, const core::TranslationFence& what) {
  uint64_t mask, base;
  if (!load_legacy_mask(hart, mask, base)) return std::nullopt;
  return legacy(fence(mask, base, what) ? 0 : static_cast<int64_t>(SbiError::kInvalidParam));
}

Sbi::Answer Sbi::legacy_set_timer(Hart& hart) {
  set_timer(hart, hart.x[kA0]);
  return legacy(0);
}

Sbi::Answer Sbi::legacy_console_putchar(Hart& hart) {
  console_.put(static_cast<uint8_t>(hart.x[kA0]));
  return legacy(0);
}

Sbi::Answer Sbi::legacy_console_getchar(Hart&) { return legacy(console_.get()); }

// "Returns 0 if no IPI had been pending, or an implementation specific positive value."
Sbi::Answer Sbi::legacy_clear_ipi(Hart& hart) {
  constexpr uint64_t kSsip = uint64_t{1} << irq::kSsi;
  const bool pending = hart.csr.mip_software & kSsip;
  hart.csr.mip_software &= ~kSsip;
  return legacy(pending);
}

Sbi::Answer Sbi::legacy_send_ipi(Hart& hart) {
  uint64_t mask, base;
  if (!load_legacy_mask(hart, mask, base)) return std::nullopt;
  return legacy(send_ipi(mask, base) ? 0 : static_cast<int64_t>(SbiError::kInvalidParam));
}

Sbi::Answer Sbi::legacy_remote_fence_i(Hart& hart) {
  hart.memory->fence_instructions();
  return legacy_fence(hart, {.size = 0});
}
Sbi::Answer Sbi::legacy_remote_sfence_vma(Hart& hart) {
  return legacy_fence(hart, fence_of_range(hart.x[kA1], hart.x[kA2]));
}
Sbi::Answer Sbi::legacy_remote_sfence_vma_asid(Hart& hart) {
  return legacy_fence(hart, fence_of_space(hart.x[kA1], hart.x[kA2], hart.x[kA3]));
}

Sbi::Answer Sbi::legacy_shutdown(Hart&) {
  reset_system(ResetType::kShutdown, ResetReason::kNone);
  return std::nullopt;
}

}  // namespace vitrine::riscv
