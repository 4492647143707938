// SPDX-License-Identifier: MIT
// The virtual-system-mode handler: why did the guest leave, and what would the real machine have done to its hart?
// Guest code never runs here. Words: an *exit* is control leaving the guest for us, which it cannot see; a *guest
// trap* is what its own handler sees, and only inject() makes one. Read next: csr.c, shadow.c.
#include "hypervisor.h"

// A trap to vS as the hardware takes one to S (priv 3.1.6.1, 4.1.2): everything is delegated that can be.
void inject(struct hart* h, uint64_t cause, uint64_t value) {
  bool interrupt = cause >> 63;
  *(interrupt ? &guest_interrupts : &guest_traps[cause & 15]) += 1;
  h->sepc = h->pc;
  h->scause = cause;
  h->stval = value;
  uint64_t spie = h->sstatus & SSTATUS_SIE ? SSTATUS_SPIE : 0, spp = h->mode == VS ? SSTATUS_SPP : 0;
  h->sstatus = (h->sstatus & ~(SSTATUS_RETURN | SSTATUS_SIE)) | spp | spie;
  if (h->shared != NULL) share_trap(h);
  h->mode = VS;
  h->pc = (h->stvec & ~3UL) + (interrupt && (h->stvec & 1) ? 4 * (cause & 63) : 0);
}

// An exit that is the guest's own affair, and so ends in a guest trap.
void pass_on(struct hart* h, enum exit_kind kind, uint64_t cause, uint64_t value) {
  exits[kind]++;
  inject(h, cause, value);
}

void emulate_sret(struct hart* h) {  // priv 3.3.2
  h->mode = h->sstatus & SSTATUS_SPP ? VS : VU;
  uint64_t sie = h->sstatus & SSTATUS_SPIE ? SSTATUS_SIE : 0;
  h->sstatus = (h->sstatus & ~(SSTATUS_SPP | SSTATUS_SIE)) | sie | SSTATUS_SPIE;
  h->pc = h->sepc;
}

// An interrupt is taken where it is pending and enabled, in vU always, in vS if SIE says so (priv 3.1.9).
static void deliver_interrupt(struct hart* h) {
  uint64_t ready = h->sip & h->sie;
  if (ready == 0 || (h->mode == VS && !(h->sstatus & SSTATUS_SIE))) return;
  if (h->shared != NULL && masked_by_guest(h)) return;  // it said so without an exit
  inject(h, CAUSE_INTERRUPT | (ready & 1 << 9 ? 9 : ready & 1 << 1 ? 1 : 5), 0);
}

int instruction_bytes(uint32_t instruction) { return (instruction & 3) == 3 ? 4 : 2; }

// Read as the guest would, half by half: the second one may lie in another page. (stval has the instruction on most
// machines, but 0 is permitted.)
bool fetch(struct hart* h, uint64_t pc, uint32_t* instruction) {
  *instruction = 0;
  for (int half = 0; half < instruction_bytes(*instruction); half += 2) {
    struct translation to;
    uint64_t fault = translate(h, h->mode, pc + (uint64_t)half, PTE_X, &to);
    if (fault != 0) return inject(h, fault, pc + (uint64_t)half), false;
    *instruction |= (uint32_t)*(uint16_t*)guest_memory(to.gpa, 2) << 8 * half;
  }
  return true;
}

// What S mode has and U mode has not, but for sret: does it to the virtual hart. EXIT_ILLEGAL: S mode has it not, either.
static enum exit_kind emulate(struct hart* h, uint32_t instruction) {
  if (emulate_csr(h, instruction)) return EXIT_CSR;
  if ((instruction & 0xfe007fff) == 0x12000073) return drop_shadows(), EXIT_SFENCE;
  if (instruction != 0x10500073) return EXIT_ILLEGAL;
  if ((h->sip & h->sie) == 0) asm volatile("wfi");  // only our timer can wake either of us; its interrupt exits at once
  return EXIT_WFI;
}

// An instruction that is illegal in U mode. In vU it is the guest's affair.
static void illegal_exit(struct hart* h, uint64_t value) {
  uint32_t instruction;
  if (h->mode == VU) return pass_on(h, EXIT_ILLEGAL, CAUSE_ILLEGAL, value);
  if (!fetch(h, h->pc, &instruction)) return exits[EXIT_OTHER_FAULT]++, (void)0;
  if (instruction == 0x10200073) return exits[EXIT_SRET]++, emulate_sret(h);
  if (silent && writes_sie_only(h, instruction)) {  // the machine of hv.silent (csr.c) would not have exited
    h->pc += 4;
    return;
  }
  enum exit_kind kind = emulate(h, instruction);
  if (kind == EXIT_ILLEGAL) return pass_on(h, kind, CAUSE_ILLEGAL, value);
  exits[kind]++;
  h->pc += 4;
}

// An address that the shadow does not map, or not for this. The guest's own table says whose fault that is.
static void fault_exit(struct hart* h, uint64_t cause, uint64_t va) {
  uint64_t right = cause == CAUSE_FETCH_PAGE ? PTE_X : cause == CAUSE_LOAD_PAGE ? PTE_R : PTE_W;
  struct translation to;
  uint64_t fault = translate(h, h->mode, va, right, &to);
  if (fault != 0) return pass_on(h, fault == cause ? EXIT_GUEST_FAULT : EXIT_OUTSIDE, fault, va);
  bool patched_code = right != PTE_X && has_code(to.gpa);
  exits[patched_code ? EXIT_CODE_ACCESS : EXIT_HIDDEN]++;
  if (patched_code) return access_code(h, va, right, &to);
  fill_shadow(h->mode, va, right, &to);
}

static void enter(struct hart* h) {
  uint64_t satp = shadow_satp(h->mode);
  csr_write(scounteren, h->mode == VS ? 7 : h->scounteren);  // rdtime runs directly, where the guest permits it
  if (csr_read(satp) == satp) return;
  csr_write(satp, satp);
  asm volatile("sfence.vma" : : : "memory");
}

void handle_exit(struct hart* h) {
  uint64_t cause = csr_read(scause), value = csr_read(stval);
  if (csr_read(sstatus) & SSTATUS_SPP) stop("a fault of its own");
  switch (cause) {
    case CAUSE_TIMER: exits[EXIT_TIMER]++, h->sip |= SI_TIMER, set_timer(NEVER); break;
    case CAUSE_USER_CALL: h->mode == VS ? sbi_call_of_guest(h) : pass_on(h, EXIT_USER_CALL, cause, 0); break;
    case CAUSE_BREAKPOINT:
      if (!patching || h->mode != VS || !emulate_breakpoint(h)) pass_on(h, EXIT_BREAKPOINT, cause, value);
      break;
    case CAUSE_ILLEGAL: illegal_exit(h, value); break;
    case CAUSE_FETCH_PAGE: case CAUSE_LOAD_PAGE: case CAUSE_STORE_PAGE: fault_exit(h, cause, value); break;
    default: pass_on(h, EXIT_OTHER_FAULT, cause, value);
  }
  deliver_interrupt(h);
  enter(h);
}
