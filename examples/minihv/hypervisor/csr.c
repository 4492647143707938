// SPDX-License-Identifier: MIT
// The virtual CSRs: fields of the virtual hart, and what a write does to the machine (priv 4.1). Read next: shadow.c.
//
//   31       20 19    15 14    12 11   7 6       0
//   |   csr    | rs1/imm | funct3 |  rd  | 1110011 |    funct3: 1 write, 2 set, 3 clear; +4: imm is the operand
#include "hypervisor.h"

enum { SSTATUS = 0x100, SATP = 0x180 };
#define SSTATUS_UXL (2UL << 32)  // read-only: U mode has 64 bits
#define FIELD(name) offsetof(struct hart, name)

static const struct row { unsigned csr; size_t at; uint64_t writable; } rows[] = {
  {SSTATUS, FIELD(sstatus), SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP | SSTATUS_SUM | SSTATUS_MXR},
  {0x104, FIELD(sie), 0x222},      // software, timer, external
  {0x105, FIELD(stvec), ~2UL},
  {0x106, FIELD(scounteren), 7},
  {0x10a, FIELD(senvcfg), 0},      // nothing that it could switch is there
  {0x140, FIELD(sscratch), ~0UL},
  {0x141, FIELD(sepc), ~1UL},
  {0x142, FIELD(scause), ~0UL},
  {0x143, FIELD(stval), ~0UL},
  {0x144, FIELD(sip), 2},          // only SSIP is writable
  {SATP, FIELD(satp), 0xfUL << 60 | ((1UL << 44) - 1)},  // we have no ASIDs: the field reads zero
};

static const struct row* find(unsigned csr) {
  for (const struct row* row = rows; row < rows + sizeof rows / sizeof rows[0]; row++)
    if (row->csr == csr) return row;
  return NULL;
}

static bool is_csr_instruction(uint32_t instruction) {
  return (instruction & 0x7f) == 0x73 && (instruction >> 12 & 3) != 0;
}

// Bits 9:8 of a CSR's number are the least mode that has it (priv 2.1). `time` and its like are everybody's.
bool names_supervisor_csr(uint32_t instruction) {
  return is_csr_instruction(instruction) && (instruction >> 28 & 3) == 1;
}

static void write_csr(struct hart* h, const struct row* row, uint64_t value) {
  uint64_t* field = (uint64_t*)((char*)h + row->at);
  uint64_t old = *field;
  // Bare or Sv39; another mode leaves satp as it was (priv 4.1.11).
  if (row->csr == SATP && value >> 60 != 0 && value >> 60 != 8) return;
  *field = (old & ~row->writable) | (value & row->writable);
  // What vS may do with the pages of vU decides what its shadow holds (shadow.c).
  if (row->csr == SATP || (row->csr == SSTATUS && ((old ^ value) & (SSTATUS_SUM | SSTATUS_MXR)))) drop_shadows();
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
  const struct row* row = find(instruction >> 20);
  unsigned rd = instruction >> 7 & 31, operation = instruction >> 12 & 3;
  if (!is_csr_instruction(instruction) || row == NULL) return false;
  uint64_t old = *(uint64_t*)((char*)h + row->at) | (row->csr == SSTATUS ? SSTATUS_UXL : 0), value = operand(h, instruction);
  if (operation == 1) {
    write_csr(h, row, value);
  } else if ((instruction >> 15 & 31) != 0) {  // x0 or 0: no write, whatever the value (unpriv 9.1)
    write_csr(h, row, operation == 2 ? old | value : old & ~value);
  }
  if (rd != 0) h->x[rd] = old;
  return true;
}
