// SPDX-License-Identifier: MIT
// Semantic bodies: system instructions, which all are helpers of the handler (handler.h, csr.h): engines call them and
// then look whether control was redirected. Vocabulary and rules: semantics_integer.h.
#pragma once

#include "isa/riscv/csr.h"
#include "isa/riscv/handler.h"
#include "isa/riscv/operands.h"

namespace vitrine::riscv {

#define VT_HELPER(name, function)                 \
  template <class B>                              \
  void sem_##name(B& b, const Operands& i) {      \
    b.helper(&handler::function, i);              \
  }

VT_HELPER(illegal, illegal)
VT_HELPER(pause, pause)
VT_HELPER(fence, fence)
VT_HELPER(fence_i, fence_i)
VT_HELPER(ecall, ecall)
VT_HELPER(ebreak, ebreak)
VT_HELPER(csrrw, csrrw)
VT_HELPER(csrrs, csrrs)
VT_HELPER(csrrc, csrrc)
VT_HELPER(csrrwi, csrrwi)
VT_HELPER(csrrsi, csrrsi)
VT_HELPER(csrrci, csrrci)
VT_HELPER(mret, mret)
VT_HELPER(sret, sret)
VT_HELPER(wfi, wfi)
VT_HELPER(wrs_nto, wrs_nto)
VT_HELPER(wrs_sto, wrs_sto)
VT_HELPER(sfence_vma, sfence_vma)
VT_HELPER(sinval_vma, sfence_vma)
VT_HELPER(sfence_w_inval, sfence_ordering)
VT_HELPER(sfence_inval_ir, sfence_ordering)
VT_HELPER(cbo_inval, cbo_inval)
VT_HELPER(cbo_clean, cbo_clean)
VT_HELPER(cbo_flush, cbo_clean)
VT_HELPER(cbo_zero, cbo_zero)

#undef VT_HELPER

}  // namespace vitrine::riscv
