// SPDX-License-Identifier: MIT
// Calls of the guest kernel. SBI is the interface of every supervisor to what is below it: console, timer, power.
// Below it are ours: a *paravirtualised* guest knows what it runs on, and asks for in one exit what else takes many.
//
//   share(page)        the two exchange words there (struct shared): the guest masks interrupts by a store, and finds
//                      cause and registers of a trap by loads. No CSR access, no exit
//   return(frame)      back from a trap: x1 to x31, sepc, sstatus from guest memory, then sret
//   map(va, pages)     entries became valid for these pages of vU: they are filled now, not on hidden faults later,
//                      and nothing is dropped
//   poll()             nothing; each exit delivers what is pending
#include "../shared/paravirtual.h"

#include "hypervisor.h"

// The trap has been injected as always; the guest need not read the CSRs. From vU it also needs a stack.
void share_trap(struct hart* h) {
  *h->shared = (struct shared){h->shared->masked, 0, h->shared->kernel_sp, h->x[2], h->sepc, h->scause, h->stval, h->sstatus};
  if (h->mode == VU) h->x[2] = h->shared->kernel_sp;
}

bool masked_by_guest(struct hart* h) {
  return h->mode == VS && h->shared->masked != 0 && (h->shared->pending = 1);  // and says that one waits
}

static uint64_t return_from_trap(struct hart* h, uint64_t frame) {
  uint64_t* words = guest_memory(frame, 34 * 8);
  if (words == NULL) return SBI_INVALID_ADDRESS;
  for (int i = 1; i < 32; i++) h->x[i] = words[i];
  h->sepc = words[32] & ~1UL;
  h->sstatus = (h->sstatus & ~SSTATUS_RETURN) | (words[33] & SSTATUS_RETURN);
  emulate_sret(h);
  return 0;
}

static uint64_t map_pages(struct hart* h, uint64_t va, uint64_t pages) {
  if (pages > 512) return SBI_INVALID_ADDRESS;  // nobody may keep the handler for long
  for (; pages > 0; pages--, va += PAGE) {
    struct translation to;
    if (translate(h, VU, va, PTE_R, &to) != 0) return SBI_INVALID_ADDRESS;
    fill_shadow(VU, va, PTE_R, &to);
  }
  return 0;
}

static uint64_t paravirtual_call(struct hart* h, uint64_t function) {
  uint64_t address = h->x[10];
  if (function == PARAVIRTUAL_MAP) return map_pages(h, address, h->x[11]);
  if (function == PARAVIRTUAL_POLL) return 0;
  if (function != PARAVIRTUAL_SHARE) return SBI_NOT_SUPPORTED;
  h->shared = address % 8 == 0 ? guest_memory(address, sizeof *h->shared) : NULL;
  return h->shared == NULL ? SBI_INVALID_ADDRESS : 0;
}

static uint64_t write_console(uint64_t bytes, uint64_t gpa) {
  const char* text = guest_memory(gpa, bytes);
  for (uint64_t i = 0; text != NULL && i < bytes; i++) put_char(text[i]);
  return text == NULL ? SBI_INVALID_ADDRESS : 0;
}

static bool is_extension(uint64_t id) {
  return id == SBI_BASE || id == SBI_TIMER || id == SBI_RESET || id == SBI_CONSOLE || id == PARAVIRTUAL;
}

static enum exit_kind kind_of(uint64_t extension) {
  if (extension == PARAVIRTUAL) return EXIT_HYPERCALL;
  if (extension == SBI_CONSOLE || extension == SBI_PUTCHAR) return EXIT_SBI_CONSOLE_CALL;
  return extension == SBI_TIMER ? EXIT_SBI_TIMER_CALL : EXIT_SBI_OTHER_CALL;
}

// SBI chapters 3 to 6, 10, 12: what is not here is not supported, and says so.
void sbi_call_of_guest(struct hart* h) {
  static const uint64_t about_us[] = {2UL << 24, 0, 1, 0, 0, 0, 0};  // SBI 2.0; the rest identifies nobody
  uint64_t extension = h->x[17], function = h->x[16], *a = &h->x[10];
  struct sbi_result result = {0, 0};
  exits[kind_of(extension)]++;
  h->pc += 4;
  if (extension == PARAVIRTUAL && function == PARAVIRTUAL_RETURN && return_from_trap(h, a[0]) == 0) return;
  if (extension == SBI_PUTCHAR) {
    put_char((char)a[0]);
    a[0] = 0;  // calls from before extensions return one value
    return;
  } else if (extension == SBI_TIMER && function == 0) {
    h->sip &= ~SI_TIMER;  // becomes pending when the real timer does (exits.c)
    set_timer(a[0]);
  } else if (extension == SBI_CONSOLE && function == 2) {
    put_char((char)a[0]);
  } else if (extension == SBI_CONSOLE && function == 0) {
    result.error = write_console(a[0], a[1]);
    result.value = result.error == 0 ? a[0] : 0;
  } else if (extension == SBI_RESET && function == 0) {
    shut_down(a[1] != 0);
  } else if (extension == SBI_BASE && function <= 6) {
    result.value = function == 3 ? is_extension(a[0]) : about_us[function];
  } else {
    result.error = extension == PARAVIRTUAL ? paravirtual_call(h, function) : (uint64_t)SBI_NOT_SUPPORTED;
  }
  a[0] = result.error;
  a[1] = result.value;
}
