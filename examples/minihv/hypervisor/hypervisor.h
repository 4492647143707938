// SPDX-License-Identifier: MIT
// The virtual hart, the kinds of exits, and who does what. README.md draws the whole; read entry.S and exits.c next.
#pragma once
#include "../shared/riscv.h"

//   guest-physical               host-physical               hypervisor's address
//   0x8000_0000 guest RAM   ->   0x8080_0000            ->   + OFFSET (hypervisor.ld)
#define OFFSET 0xffffffff40000000UL
#define GUEST_RAM 0x80000000UL
#define GUEST_BYTES (8UL << 20)
#define GUEST_HOST 0x80800000UL
#define SSTATUS_RETURN (SSTATUS_SPP | SSTATUS_SPIE)  // what an sret uses

enum mode { VS, VU };  // what the guest believes it is in; in truth it is in U mode, both times

struct hart {
  uint64_t x[32], pc;  // entry.S knows these by their offsets
  enum mode mode;
  uint64_t sstatus, stvec, sepc, scause, stval, sscratch, sie, sip, satp, scounteren, senvcfg;
  struct shared* shared;  // with a guest that knows of us (hypercall.c), or null
};

// Every exit is of one kind and every kind has one cause: an instruction that is ours to do, an address that is no
// RAM or must not be read and written directly, a fault of translation, an interrupt.
#define EXITS(row)                                                                       \
  row(CSR, "csr", INSTRUCTION)            /* an access to a CSR, emulated */             \
  row(CSR_PATCHED, "csr-patched", INSTRUCTION) /* the same, behind a planted ebreak */   \
  row(SRET, "sret", INSTRUCTION) row(SFENCE, "sfence.vma", INSTRUCTION) row(WFI, "wfi", INSTRUCTION) \
  row(SBI_CONSOLE_CALL, "sbi-console", INSTRUCTION) row(SBI_TIMER_CALL, "sbi-timer", INSTRUCTION)    \
  row(SBI_OTHER_CALL, "sbi-other", INSTRUCTION)                                          \
  row(HYPERCALL, "hypercall", INSTRUCTION) /* paravirtual, hypercall.c */                \
  row(USER_CALL, "ecall-vu", INSTRUCTION)  /* the guest's system call: a guest trap */   \
  row(ILLEGAL, "illegal", INSTRUCTION)     /* illegal for the guest, too: a guest trap */ \
  row(BREAKPOINT, "breakpoint", INSTRUCTION) /* the guest's own ebreak: a guest trap */  \
  row(UNREAD, "unread-code", INSTRUCTION)  /* scan and patch: code not read so far */    \
  row(OUTSIDE, "outside-ram", ADDRESS)     /* no such guest-physical address: a guest trap */ \
  row(CODE_ACCESS, "patched-code", ADDRESS) /* data access to patched code, emulated */  \
  row(HIDDEN, "hidden-fault", FAULT)       /* only the shadow had no entry */            \
  row(GUEST_FAULT, "guest-page-fault", FAULT) /* the guest's table says no: a guest trap */ \
  row(OTHER_FAULT, "other-fault", FAULT)   /* misaligned accesses: a guest trap */       \
  row(TIMER, "timer", INTERRUPT)
#define EXIT_NAME(name, text, cause) EXIT_##name,
enum exit_kind { EXITS(EXIT_NAME) EXIT_KINDS };
extern uint64_t exits[EXIT_KINDS], guest_traps[16], guest_interrupts, shadow_drops, patched;

// main.c
_Noreturn void stop(const char* why);  // a guest that we cannot serve, or a bug of ours
_Noreturn void shut_down(bool failed);
void* guest_memory(uint64_t gpa, uint64_t bytes);  // null if that is not all guest RAM
// exits.c
void inject(struct hart* h, uint64_t cause, uint64_t value);
void pass_on(struct hart* h, enum exit_kind kind, uint64_t cause, uint64_t value);
void emulate_sret(struct hart* h);
bool fetch(struct hart* h, uint64_t pc, uint32_t* instruction);  // false: a guest trap was injected
int instruction_bytes(uint32_t instruction);
// csr.c
bool names_supervisor_csr(uint32_t instruction);
bool writes_sie_only(struct hart* h, uint32_t instruction);
bool emulate_csr(struct hart* h, uint32_t instruction);  // false: no such access, illegal in S mode, too
// hypercall.c
void sbi_call_of_guest(struct hart* h);
void share_trap(struct hart* h);
bool masked_by_guest(struct hart* h);
// shadow.c
struct translation { uint64_t gpa, rights; };  // PTE_R, PTE_W, PTE_X: what this mode may do there
uint64_t translate(struct hart* h, enum mode mode, uint64_t va, uint64_t right, struct translation* to);
uint64_t access_fault(uint64_t right);  // the cause
void fill_shadow(enum mode mode, uint64_t va, uint64_t right, const struct translation* to);
void drop_shadows(void);
uint64_t shadow_satp(enum mode mode);
// patch.c
extern bool patching, silent;
bool has_code(uint64_t gpa);            // this page has a patched copy
uint64_t code_page(uint64_t gpa);       // physical address of the copy; made if need be
bool emulate_breakpoint(struct hart* h);  // false: the breakpoint is the guest's own
void access_code(struct hart* h, uint64_t va, uint64_t right, const struct translation* to);
void list_patched(void);
