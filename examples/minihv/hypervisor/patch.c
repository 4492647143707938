// SPDX-License-Identifier: MIT
// Scan and patch: for a machine on which a sensitive instruction does not trap. The kernel's code never runs as the
// guest wrote it, but as a patched copy of the page, in which sensitive instructions have become `ebreak`.
//
//   guest RAM, as the guest wrote it         the copy, mapped executable only (X, no R, no W)
//   c.li  a0, 1                              c.li  a0, 1
//   csrci sstatus, 2                         ebreak          planted: the handler emulates what stands at the left
//   j     away                               j     away
//   .word 3                                  c.ebreak        unread: no control has come here yet
//
// A copy begins as nothing but c.ebreak. Where control meets one, we read on from there to the next jump, and write
// what we read into the copy. So we never guess where an instruction begins, which in a mixture of 2 and 4 bytes and
// data nobody can tell from the bytes; a csr instruction has 4 bytes, and ebreak has too. What was patched needs no
// side table: the original is where it was. The guest reads it there, since a read of an executable-only page is an
// exit; a write changes the original and makes the copy unread again.
// Limits: code that jumps into the middle of its own instructions; data behind a call that does not return.
#include "hypervisor.h"

enum { COPIES = 64, C_EBREAK = 0x9002, EBREAK = 0x00100073 };
static uint16_t copies[COPIES][PAGE / 2] __attribute__((aligned(4096)));
static uint64_t original[COPIES];  // its guest-physical page; 0: free
static int next_copy;

static uint16_t* find_copy(uint64_t gpa) {
  for (int i = 0; patching && i < COPIES; i++)
    if (original[i] == (gpa & ~(PAGE - 1))) return copies[i];
  return NULL;
}

bool has_code(uint64_t gpa) { return find_copy(gpa) != NULL; }

static void forget(uint64_t gpa) {
  for (int i = 0; i < COPIES; i++)
    if (original[i] == (gpa & ~(PAGE - 1))) original[i] = 0;
  drop_shadows();
}

// A page has a copy or is mapped for data, never both: a new copy drops the shadows.
uint64_t code_page(uint64_t gpa) {
  uint16_t* copy = find_copy(gpa);
  if (copy == NULL) {
    copy = copies[next_copy];
    original[next_copy] = gpa & ~(PAGE - 1);
    next_copy = (next_copy + 1) % COPIES;
    for (size_t i = 0; i < PAGE / 2; i++) copy[i] = C_EBREAK;
    drop_shadows();
    asm volatile("fence.i" : : : "memory");
  }
  return (uint64_t)copy - OFFSET;
}

static uint16_t* slot(uint64_t gpa) { return (uint16_t*)(code_page(gpa) + OFFSET) + (gpa & (PAGE - 1)) / 2; }

// Behind these the bytes may be anything: jal and jalr that keep no return address, c.j, c.jr, sret.
static bool ends_flow(uint32_t i) {
  bool jumps = (i & 0x7f) == 0x6f || (i & 0x7f) == 0x67;
  if (instruction_bytes(i) == 4) return i == 0x10200073 || (jumps && (i >> 7 & 31) == 0);
  return (i & 0xe003) == 0xa001 || ((i & 0xf07f) == 0x8002 && (i & 0xf80) != 0);
}

static void read_on(struct hart* h, uint64_t pc) {
  for (uint32_t instruction = 0; !ends_flow(instruction); pc += (uint64_t)instruction_bytes(instruction)) {
    struct translation first, second;
    if (translate(h, VS, pc, PTE_X, &first) != 0 || *slot(first.gpa) != C_EBREAK) break;
    instruction = *(uint16_t*)guest_memory(first.gpa, 2);
    bool wide = instruction_bytes(instruction) == 4;
    if (wide && translate(h, VS, pc + 2, PTE_X, &second) != 0) break;  // the guest may mend that; stay unread
    if (wide) instruction |= (uint32_t)*(uint16_t*)guest_memory(second.gpa, 2) << 16;
    uint32_t code = names_supervisor_csr(instruction) ? EBREAK : instruction;
    patched += code != instruction;
    *slot(first.gpa) = (uint16_t)code;
    if (wide) *slot(second.gpa) = (uint16_t)(code >> 16);
    if (instruction == C_EBREAK) break;
  }
  asm volatile("fence.i" : : : "memory");
}

bool emulate_breakpoint(struct hart* h) {
  uint32_t instruction;
  struct translation to;
  if (!fetch(h, h->pc, &instruction)) return true;
  if (instruction == EBREAK || instruction == C_EBREAK || translate(h, VS, h->pc, PTE_X, &to) != 0) return false;
  if (*slot(to.gpa) == C_EBREAK) {
    exits[EXIT_UNREAD]++;
    read_on(h, h->pc);
  } else if (emulate_csr(h, instruction)) {
    exits[EXIT_CSR_PATCHED]++;
    h->pc += 4;
  } else {
    pass_on(h, EXIT_ILLEGAL, CAUSE_ILLEGAL, instruction);
  }
  return true;
}

struct access { unsigned reg, bytes; bool is_store, is_signed; };  // 0 bytes: no plain load or store

static struct access decode_access(uint32_t i) {
  unsigned funct = i >> 12 & 7, compressed = i >> 13 & 7;  // c.lw 2, c.ld 3, c.sw 6, c.sd 7
  unsigned bytes = compressed == 2 || compressed == 6 ? 4 : compressed == 3 || compressed == 7 ? 8 : 0;
  if ((i & 0x7f) == 0x03) return (struct access){i >> 7 & 31, 1U << (funct & 3), false, funct < 4};
  if ((i & 0x7f) == 0x23) return (struct access){i >> 20 & 31, 1U << (funct & 3), true, false};
  if ((i & 3) == 0) return (struct access){8 + (i >> 2 & 7), bytes, compressed > 3, true};
  if ((i & 3) == 2) return (struct access){compressed > 3 ? i >> 2 & 31 : i >> 7 & 31, bytes, compressed > 3, true};
  return (struct access){0};
}

static bool lies_in(struct hart* h, uint64_t va, uint64_t gpa) {
  struct translation to;
  return translate(h, h->mode, va, PTE_X, &to) == 0 && (to.gpa ^ gpa) < PAGE;
}

// A load or store whose page has a copy, be it the page that it comes from. A store ends the copy, so that the page is
// data until control comes there again. What we cannot emulate (an atomic, an access across the page's end) ends it,
// too, and is tried again; but if it comes from the page itself, its memory does not have it: an access fault.
void access_code(struct hart* h, uint64_t va, uint64_t right, const struct translation* to) {
  uint32_t instruction;
  if (!fetch(h, h->pc, &instruction)) return;
  struct access access = decode_access(instruction);
  uint8_t* memory = guest_memory(to->gpa, 1);
  if (access.bytes == 0 || (va & (PAGE - 1)) + access.bytes > PAGE) {
    if (lies_in(h, h->pc, to->gpa) || lies_in(h, h->pc + 2, to->gpa)) return inject(h, access_fault(right), va);
    return forget(to->gpa);
  } else if (access.is_store) {
    for (unsigned i = 0; i < access.bytes; i++) memory[i] = (uint8_t)(h->x[access.reg] >> 8 * i);
    forget(to->gpa);
  } else if (access.reg != 0) {
    uint64_t value = 0, unused = 64 - 8 * access.bytes;
    for (unsigned i = access.bytes; i-- > 0;) value = value << 8 | memory[i];
    h->x[access.reg] = access.is_signed ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
  }
  h->pc += (uint64_t)instruction_bytes(instruction);
}

// For a reader, and for a test: where instructions are patched, in the copies that there are now.
void list_patched(void) {
  for (int i = 0; i < COPIES; i++) {
    for (uint64_t at = 0; original[i] != 0 && at < PAGE; at += 2) {
      uint16_t half = *(uint16_t*)guest_memory(original[i] + at, 2);
      bool planted = copies[i][at / 2] == (uint16_t)EBREAK && half != (uint16_t)EBREAK;
      if (planted) put("hv.patched-at: "), put_hex(original[i] + at), put("\n");
    }
  }
}
