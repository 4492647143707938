// SPDX-License-Identifier: MIT
// What the hypervisor offers to a guest that knows of it: an SBI extension of a vendor's own (SBI chapter 4: ids from
// 0x0900_0000 are for that). hypervisor/hypercall.c says what the functions do.
#pragma once
#include <stdint.h>

#define PARAVIRTUAL 0x09000768UL
enum { PARAVIRTUAL_SHARE, PARAVIRTUAL_RETURN, PARAVIRTUAL_MAP, PARAVIRTUAL_POLL };

// A page of the guest that both read and write.
struct shared {
  uint64_t masked;     // guest: in vS no interrupts now, whatever sstatus.SIE says
  uint64_t pending;    // hypervisor: one waited meanwhile; call poll after unmasking
  uint64_t kernel_sp;  // guest: a trap from vU begins with this stack pointer
  uint64_t sp, sepc, scause, stval, sstatus;  // hypervisor: of the last trap
};
