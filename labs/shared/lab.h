// SPDX-License-Identifier: MIT
// What the labs' guests share: CSRs, page-table entries ("priv" is the privileged specification 1.12), SBI calls, the
// console and the parameters. They run on any machine with SBI; nothing here knows of Vitrine.
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
#define csr_set(name, bits) asm volatile("csrs " #name ", %0" : : "rK"((uint64_t)(bits)) : "memory")
#define csr_clear(name, bits) asm volatile("csrc " #name ", %0" : : "rK"((uint64_t)(bits)) : "memory")
#define csr_write(name, value) asm volatile("csrw " #name ", %0" : : "rK"((uint64_t)(value)) : "memory")

// sstatus (priv 4.1.1), scause (4.1.8)
#define SSTATUS_SPIE (1UL << 5)
#define SSTATUS_SPP (1UL << 8)
#define SSTATUS_SIE (1UL << 1)
#define SI_TIMER (1UL << 5)  // the bit STIE of sie, STIP of sip
#define CAUSE_INTERRUPT (1UL << 63)
enum { CAUSE_USER_CALL = 8, CAUSE_STORE_PAGE = 15 };

// A page-table entry of Sv39 (priv 4.4.1): flags, and from bit 10 the number of the physical page.
#define PTE_V (1UL << 0)
#define PTE_R (1UL << 1)
#define PTE_W (1UL << 2)
#define PTE_X (1UL << 3)
#define PTE_U (1UL << 4)
#define PTE_G (1UL << 5)
#define PTE_A (1UL << 6)
#define PTE_D (1UL << 7)
#define PTE_OF(pa, flags) ((uint64_t)(pa) >> 12 << 10 | (flags))
#define PTE_ADDRESS(pte) ((pte) << 10 >> 20 << 12)
#define PAGE 4096UL
#define LEVEL_INDEX(va, level) ((va) >> (12 + 9 * (level)) & 511)
#define SATP_SV39 (8UL << 60)
#define SATP_ASID(asid) ((uint64_t)(asid) << 44)

// SBI chapter 3: extension in a7, function in a6, arguments from a0; a0 and a1 return.
enum { SBI_PUTCHAR = 1, SBI_TIMER = 0x54494D45, SBI_RESET = 0x53525354, SBI_CONSOLE = 0x4442434E };
struct sbi_result {
  int64_t error;
  uint64_t value;
};
static inline struct sbi_result sbi_call(uint64_t extension, uint64_t function, uint64_t first, uint64_t second) {
  register uint64_t a0 asm("a0") = first;
  register uint64_t a1 asm("a1") = second;
  register uint64_t a2 asm("a2") = 0;
  register uint64_t a6 asm("a6") = function;
  register uint64_t a7 asm("a7") = extension;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
  return (struct sbi_result){(int64_t)a0, a1};
}

extern char stack_top[], user_begin[], user_end[], free_memory[];

// The console: text is kept until a line ends, then one SBI call writes it.
void put(const char* text);
void put_char(char c);
void put_decimal(uint64_t value);
void put_hex(uint64_t value);
// A line "name=value": what a lab's counters are read from.
void report(const char* name, uint64_t value);

// The words of /chosen's bootargs: "writes=137" gives 137; what is not there is `otherwise`.
void read_parameters(const uint8_t* tree);
uint64_t parameter(const char* name, uint64_t otherwise);
// The bytes of a node's property in the device tree, and how many; NULL and 0 if it is not there.
const uint8_t* tree_property(const uint8_t* tree, const char* node, const char* name, uint32_t* length);

// The text behind "name=", up to a space; "" if it is not there.
void parameter_text(const char* name, char* text, uint64_t room);

// process_door.S. `pc_and_x` begins a process's struct: pc, x1 to x31. trap() is the lab's, and ends by resume().
void trap_entry(void);
_Noreturn void resume(uint64_t* pc_and_x);

_Noreturn void power_off(void);
// For what must not happen: says so, and ends the machine with a failure.
_Noreturn void give_up(const char* why, uint64_t value);

static inline uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t larger(uint64_t a, uint64_t b) { return a < b ? b : a; }
