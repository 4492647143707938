// SPDX-License-Identifier: MIT
// What C cannot say and both kernels need: control and status registers, their bits, page-table entries ("priv" is
// the privileged specification 1.12), and the small library of this folder.
#pragma once
#include <stdbool.h>
#include <stddef.h>
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

// sstatus (priv 4.1.1); sie and sip (4.1.3); scause (4.1.8)
#define SSTATUS_SIE (1UL << 1)
#define SSTATUS_SPIE (1UL << 5)
#define SSTATUS_SPP (1UL << 8)
#define SSTATUS_SUM (1UL << 18)
#define SSTATUS_MXR (1UL << 19)
#define SI_TIMER (1UL << 5)  // the bit STIE of sie, STIP of sip
#define CAUSE_INTERRUPT (1UL << 63)
#define CAUSE_TIMER (CAUSE_INTERRUPT | 5)
enum {
  CAUSE_FETCH_ACCESS = 1,
  CAUSE_ILLEGAL = 2,
  CAUSE_BREAKPOINT = 3,
  CAUSE_LOAD_ACCESS = 5,
  CAUSE_STORE_ACCESS = 7,
  CAUSE_USER_CALL = 8,
  CAUSE_FETCH_PAGE = 12,
  CAUSE_LOAD_PAGE = 13,
  CAUSE_STORE_PAGE = 15,
};

// A page-table entry of Sv39 (priv 4.4.1): flags, and from bit 10 the number of the physical page.
#define PTE_V (1UL << 0)
#define PTE_R (1UL << 1)
#define PTE_W (1UL << 2)
#define PTE_X (1UL << 3)
#define PTE_U (1UL << 4)
#define PTE_A (1UL << 6)
#define PTE_D (1UL << 7)
#define PTE_OF(pa, flags) ((uint64_t)(pa) >> 12 << 10 | (flags))
#define PTE_ADDRESS(pte) ((pte) << 10 >> 20 << 12)
#define PAGE 4096UL
#define LEVEL_INDEX(va, level) ((va) >> (12 + 9 * (level)) & 511)
#define SATP_SV39 (8UL << 60)

enum { SBI_NOT_SUPPORTED = -2, SBI_INVALID_ADDRESS = -5 };  // errors
enum { SBI_PUTCHAR = 1, SBI_BASE = 0x10, SBI_TIMER = 0x54494D45, SBI_RESET = 0x53525354, SBI_CONSOLE = 0x4442434E };

struct sbi_result {
  uint64_t error, value;
};

// SBI chapter 3: extension in a7, function in a6, arguments from a0; a0 and a1 return.
static inline struct sbi_result sbi_call(uint64_t extension, uint64_t function, uint64_t first, uint64_t second) {
  register uint64_t a0 asm("a0") = first;
  register uint64_t a1 asm("a1") = second;
  register uint64_t a6 asm("a6") = function;
  register uint64_t a7 asm("a7") = extension;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
  return (struct sbi_result){a0, a1};
}

#define NEVER (~0UL)
static inline void set_timer(uint64_t time) { sbi_call(SBI_TIMER, 0, time, 0); }
_Noreturn void power_off(bool failed);
void put_char(char c);
void put(const char* text);
void put_decimal(uint64_t value);
void put_hex(uint64_t value);
void put_value(const char* prefix, const char* key, uint64_t value);  // a line "prefixkey: value"

uint8_t* tree_property(uint8_t* tree, const char* node, const char* name);  // its bytes, or null
uint64_t tree_number(const uint8_t* big_endian, int bytes);
// The boot arguments are words: "rounds=10 pv". Of such a word what is behind "rounds=", or null if it is not there.
const char* argument(const char* arguments, const char* word);
uint64_t argument_number(const char* arguments, const char* word, uint64_t otherwise);
