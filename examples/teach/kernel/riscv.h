// SPDX-License-Identifier: MIT
// The parts of the RISC-V supervisor level that C cannot say: control and status registers, the fence of the
// address translation, and the layout of a page-table entry. "priv" is the privileged specification 1.12.
#pragma once
#include <stdint.h>

#define csr_read(name)                                           \
  ({                                                             \
    uint64_t value_;                                             \
    asm volatile("csrr %0, " #name : "=r"(value_) : : "memory"); \
    value_;                                                      \
  })
#define csr_write(name, value) asm volatile("csrw " #name ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_set(name, bits) asm volatile("csrs " #name ", %0" : : "rK"((uint64_t)(bits)) : "memory")
#define csr_clear(name, bits) asm volatile("csrc " #name ", %0" : : "rK"((uint64_t)(bits)) : "memory")

// sstatus (priv 4.1.1)
#define SSTATUS_SIE (1UL << 1)   // interrupts are on in supervisor mode
#define SSTATUS_SPIE (1UL << 5)  // sret: SIE becomes this
#define SSTATUS_SPP (1UL << 8)   // the trap came from, and sret goes to: 0 user, 1 supervisor

// sie (priv 4.1.3) and scause (priv 4.1.8)
#define SIE_TIMER (1UL << 5)
#define SIE_EXTERNAL (1UL << 9)
#define CAUSE_INTERRUPT (1UL << 63)
#define SCOUNTEREN_TIME (1UL << 1)  // user mode may read the time (priv 4.1.5)
enum {
  CAUSE_TIMER = 5,     // with CAUSE_INTERRUPT
  CAUSE_EXTERNAL = 9,  // with CAUSE_INTERRUPT
  CAUSE_ILLEGAL = 2,
  CAUSE_USER_CALL = 8,
  CAUSE_FETCH_PAGE = 12,
  CAUSE_LOAD_PAGE = 13,
  CAUSE_STORE_PAGE = 15,
};

// A page-table entry of Sv39 (priv 4.4.1):
//
//   63      54 53                               10 9  8 7 6 5 4 3 2 1 0
//   | reserved |     physical page number         |RSW|D|A|G|U|X|W|R|V|
//
// R, W, X all zero: the entry points to the next table. Otherwise it is a leaf: a page of 4 KiB in the last
// table, 2 MiB in the middle one, 1 GiB in the root. RSW is left to software: bit 8 is ours.
typedef uint64_t pte_t;
#define PTE_V (1UL << 0)  // valid
#define PTE_R (1UL << 1)
#define PTE_W (1UL << 2)
#define PTE_X (1UL << 3)
#define PTE_U (1UL << 4)    // for user mode, and only for it
#define PTE_G (1UL << 5)    // global: the same in every address space
#define PTE_A (1UL << 6)    // accessed
#define PTE_D (1UL << 7)    // dirty: written to
#define PTE_COW (1UL << 8)  // ours: copy on write
#define PTE_LEAF (PTE_R | PTE_W | PTE_X)
#define PTE_FLAGS 0x3ffUL
#define PTE_OF(pa, flags) ((((uint64_t)(pa)) >> 12 << 10) | (flags))
#define PTE_ADDRESS(pte) ((pte) >> 10 << 12 & ((1UL << 56) - 1))

#define PAGE 4096UL
#define PAGE_DOWN(a) ((a) & ~(PAGE - 1))
#define PAGE_UP(a) PAGE_DOWN((a) + PAGE - 1)
#define LEVEL_BYTES(level) (PAGE << 9 * (level))  // what one entry covers: 4 KiB, 2 MiB, 1 GiB
#define LEVEL_INDEX(va, level) ((va) >> (12 + 9 * (level)) & 511)
#define SATP_SV39 (8UL << 60)  // satp.MODE (priv 4.1.11)

// Orders our writes to page tables before the hart's later walks (priv 4.2.1): for one page, and for all
// pages of address space 0 but the global ones. We give every process ASID 0, since a hart may have no other.
static inline void fence_page(uint64_t va) { asm volatile("sfence.vma %0, zero" : : "r"(va) : "memory"); }
static inline void fence_user(void) { asm volatile("sfence.vma zero, %0" : : "r"(0UL) : "memory"); }
static inline void fence_all(void) { asm volatile("sfence.vma" : : : "memory"); }
static inline void fence_code(void) { asm volatile("fence.i" : : : "memory"); }
static inline void fence_io(void) { asm volatile("fence iorw, iorw" : : : "memory"); }
static inline uint64_t time_now(void) { return csr_read(time); }

// A device register is read and written exactly as often and as wide as the program says.
static inline uint8_t read8(uint64_t at) { return *(volatile uint8_t*)at; }
static inline void write8(uint64_t at, uint8_t value) { *(volatile uint8_t*)at = value; }
static inline uint32_t read32(uint64_t at) { return *(volatile uint32_t*)at; }
static inline void write32(uint64_t at, uint32_t value) { *(volatile uint32_t*)at = value; }
