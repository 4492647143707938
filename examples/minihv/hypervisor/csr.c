// SPDX-License-Identifier: MIT
// The virtual CSRs: fields of the virtual hart, and what a write does to the machine (priv 4.1). Read next: shadow.c.
//
//   31       20 19    15 14    12 11   7 6       0
//   |   csr    | rs1/imm | funct3 |  rd  | 1110011 |    funct3: 1 write, 2 set, 3 clear; +4: imm is the operand
#include "hypervisor.h"

enum {
  SSTATUS = 0x100, SIE = 0x104, STVEC = 0x105, SCOUNTEREN = 0x106, SENVCFG = 0x10a, SSCRATCH = 0x140, SEPC = 0x141,
  SCAUSE = 0x142, STVAL = 0x143, SIP = 0x144, SATP = 0x180
};
#define SSTATUS_FIELDS (SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP | SSTATUS_SUM | SSTATUS_MXR)
#define SSTATUS_UXL (2UL << 32)  // read-only: U mode has 64 bits
#define SI_ALL 0x222UL           // software, timer, external

static bool is_csr_instruction(uint32_t instruction) {
  return (instruction & 0x7f) == 0x73 && (instruction >> 12 & 3) != 0;
}

// Bits 9:8 of a CSR's number are the least mode that has it (priv 2.1). `time` and its like are everybody's.
bool names_supervisor_csr(uint32_t instruction) {
  return is_csr_instruction(instruction) && (instruction >> 28 & 3) == 1;
}

static bool read_csr(struct hart* h, unsigned csr, uint64_t* value) {
  switch (csr) {
    case SSTATUS: *value = h->sstatus | SSTATUS_UXL; break;
    case SIE: *value = h->sie; break;
    case STVEC: *value = h->stvec; break;
    case SCOUNTEREN: *value = h->scounteren; break;
    case SENVCFG: *value = 0; break;
    case SSCRATCH: *value = h->sscratch; break;
    case SEPC: *value = h->sepc; break;
    case SCAUSE: *value = h->scause; break;
    case STVAL: *value = h->stval; break;
    case SIP: *value = h->sip; break;
    case SATP: *value = h->satp; break;
    default: return false;
  }
  return true;
}

static void write_csr(struct hart* h, unsigned csr, uint64_t value) {
  switch (csr) {
    case SSTATUS:
      // What vS may do with the pages of vU decides what its shadow holds (shadow.c).
      if ((h->sstatus ^ value) & (SSTATUS_SUM | SSTATUS_MXR)) drop_shadows();
      h->sstatus = value & SSTATUS_FIELDS;
      break;
    case SIE: h->sie = value & SI_ALL; break;
    case STVEC: h->stvec = value & ~2UL; break;
    case SCOUNTEREN: h->scounteren = value & 7; break;
    case SSCRATCH: h->sscratch = value; break;
    case SEPC: h->sepc = value & ~1UL; break;
    case SCAUSE: h->scause = value; break;
    case STVAL: h->stval = value; break;
    case SIP: h->sip = (h->sip & ~2UL) | (value & 2); break;  // only SSIP is writable
    case SATP:
      // Bare or Sv39; another mode leaves satp as it was (priv 4.1.11). We have no ASIDs: the field reads zero.
      if (value >> 60 != 0 && value >> 60 != 8) break;
      h->satp = value & (0xfUL << 60 | ((1UL << 44) - 1));
      drop_shadows();
      break;
  }
}

static uint64_t operand(struct hart* h, uint32_t instruction) {
  unsigned field = instruction >> 15 & 31;
  return instruction >> 14 & 1 ? field : h->x[field];
}

// hv.silent plays a machine on which sstatus.SIE cannot be written in U mode and the attempt does not trap: an
// instruction that sets or clears this one bit does nothing. x86's popf does the same to its interrupt flag.
bool writes_sie_only(struct hart* h, uint32_t instruction) {
  return is_csr_instruction(instruction) && instruction >> 20 == SSTATUS && (instruction >> 12 & 3) != 1 &&
         operand(h, instruction) == SSTATUS_SIE;
}

bool emulate_csr(struct hart* h, uint32_t instruction) {
  unsigned csr = instruction >> 20, rd = instruction >> 7 & 31, operation = instruction >> 12 & 3;
  uint64_t old, value = operand(h, instruction);
  if (!is_csr_instruction(instruction) || !read_csr(h, csr, &old)) return false;
  if (operation == 1) {
    write_csr(h, csr, value);
  } else if ((instruction >> 15 & 31) != 0) {  // x0 or 0: no write, whatever the value (unpriv 9.1)
    write_csr(h, csr, operation == 2 ? old | value : old & ~value);
  }
  if (rd != 0) h->x[rd] = old;
  return true;
}
