// SPDX-License-Identifier: MIT
// The kit of our conformance guests: bare-metal programs in M mode that run a few instructions at a time, in any mode
// and with any registers, look at the trap that ends them, and compare what they see with what stands in the source.
//
//   code(ECALL);                 instructions at code_at()
//   run(USER);                   runs them until a trap reaches M mode; `f` keeps that trap and all registers
//   CHECK(f.cause, ECALL_U);     says "program.c:12: f.cause: seen 0x2, expected 0x8" if it is not so
//
// A program is int main(void); it ends through the board's finisher, so that Vitrine and QEMU exit with the verdict.
#pragma once

#include <stdint.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint16_t u16;

// clang-format off
enum {
  X0, RA, SP, GP, TP, T0, T1, T2, S0, S1, A0, A1, A2, A3, A4, A5, A6, A7, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11, T3, T4, T5, T6
};
enum { USER = 0, SUPERVISOR = 1, MACHINE = 3 };
enum {
  FETCH_MISALIGNED, FETCH_ACCESS, ILLEGAL, BREAKPOINT, LOAD_MISALIGNED, LOAD_ACCESS, STORE_MISALIGNED, STORE_ACCESS,
  ECALL_U, ECALL_S, ECALL_M = 11, FETCH_PAGE, LOAD_PAGE, STORE_PAGE = 15
};
// clang-format on

// kit/start.S knows these offsets.
struct frame {
  u64 x[32];                      // before and after; x[0] is not used
  u64 pc;                         // where it begins
  u64 status;                     // mstatus when it begins
  u64 cause, epc, tval, mstatus;  // of the trap that ended it
  u64 slot;                       // DIRECT, or the entry of m_vector that was taken
  u64 kit_stack;
};
extern struct frame f;
#define DIRECT 64

void go(struct frame* frame);  // all is the caller's: pc, status with MPP, registers
void run(unsigned mode);       // from code_at() with f.x; f.status's other bits are kept
void run_at(unsigned mode, u64 pc);
extern char m_direct[], m_vector[];  // values for mtvec (the second with | 1)
// A stvec for what is delegated: 64 times ebreak, which nobody delegates. Slot n tells where S mode arrived.
extern char s_landing[];
u64 landed(void);  // that n, or ~0: no ebreak of s_landing ended the run

// Instructions to be run; each call begins anew. An ebreak is put behind them.
extern u32 code_words[1024];
void code_of(unsigned count, const u32* words);
#define code(...) code_of(sizeof((u32[]){__VA_ARGS__}) / 4, (u32[]){__VA_ARGS__})
#define code_at() ((u64)code_words)

// --- Encodings
#define R(op, f3, f7, d, s, t) ((u32)((op) | (d) << 7 | (f3) << 12 | (s) << 15 | (u32)(t) << 20 | (u32)(f7) << 25))
#define I(op, f3, d, s, i) ((u32)((op) | (d) << 7 | (f3) << 12 | (s) << 15 | ((u32)(i)&0xfff) << 20))
#define S(op, f3, s, t, i) \
  ((u32)((op) | ((i)&31) << 7 | (f3) << 12 | (s) << 15 | (t) << 20 | ((u32)(i) >> 5 & 127) << 25))
#define ADDI(d, s, i) I(0x13, 0, d, s, i)
#define ADD(d, s, t) R(0x33, 0, 0, d, s, t)
#define NOP ADDI(0, 0, 0)
#define JALR(d, s, i) I(0x67, 0, d, s, i)
#define JAL(d, i)                                                                             \
  ((u32)(0x6f | (d) << 7 | ((i)&0xff000) | ((i) >> 11 & 1) << 20 | ((i) >> 1 & 0x3ff) << 21 | \
         ((u32)(i) >> 20 & 1) << 31))
#define BEQ(s, t, i)                                                                                          \
  ((u32)(0x63 | (s) << 15 | (t) << 20 | ((i) >> 11 & 1) << 7 | ((i) >> 1 & 15) << 8 | ((i) >> 5 & 63) << 25 | \
         ((u32)(i) >> 12 & 1) << 31))
#define LOAD(f3, d, s, i) I(0x03, f3, d, s, i)
#define LB(d, s, i) LOAD(0, d, s, i)
#define LH(d, s, i) LOAD(1, d, s, i)
#define LW(d, s, i) LOAD(2, d, s, i)
#define LD(d, s, i) LOAD(3, d, s, i)
#define LBU(d, s, i) LOAD(4, d, s, i)
#define SB(t, s, i) S(0x23, 0, s, t, i)
#define SH(t, s, i) S(0x23, 1, s, t, i)
#define SW(t, s, i) S(0x23, 2, s, t, i)
#define SD(t, s, i) S(0x23, 3, s, t, i)
#define AMO(f5, w, d, t, s) R(0x2f, w, (f5) << 2, d, s, t)
#define LR_W(d, s) AMO(2, 2, d, 0, s)
#define LR_D(d, s) AMO(2, 3, d, 0, s)
#define SC_W(d, t, s) AMO(3, 2, d, t, s)
#define SC_D(d, t, s) AMO(3, 3, d, t, s)
#define AMOADD_W(d, t, s) AMO(0, 2, d, t, s)
#define AMOADD_D(d, t, s) AMO(0, 3, d, t, s)
#define AMOSWAP_D(d, t, s) AMO(1, 3, d, t, s)
#define CSRRW(d, csr, s) I(0x73, 1, d, s, csr)
#define CSRRS(d, csr, s) I(0x73, 2, d, s, csr)
#define CSRRC(d, csr, s) I(0x73, 3, d, s, csr)
#define CSRRWI(d, csr, i) I(0x73, 5, d, i, csr)
#define CSRRSI(d, csr, i) I(0x73, 6, d, i, csr)
#define CSRRCI(d, csr, i) I(0x73, 7, d, i, csr)
#define ECALL 0x00000073u
#define EBREAK 0x00100073u
#define MRET 0x30200073u
#define SRET 0x10200073u
#define WFI 0x10500073u
#define SFENCE_VMA(s, t) R(0x73, 0, 9, 0, s, t)
#define SINVAL_VMA(s, t) R(0x73, 0, 11, 0, s, t)
#define SFENCE_W_INVAL 0x18000073u
#define SFENCE_INVAL_IR 0x18100073u
#define FENCE_I 0x0000100fu

// --- CSRs, and their bits
// clang-format off
enum {
  FFLAGS = 1, FRM, FCSR,
  SSTATUS = 0x100, SIE = 0x104, STVEC, SCOUNTEREN, SENVCFG = 0x10a, SSCRATCH = 0x140, SEPC, SCAUSE, STVAL, SIP,
  STIMECMP = 0x14d, SATP = 0x180,
  MSTATUS = 0x300, MISA, MEDELEG, MIDELEG, MIE, MTVEC, MCOUNTEREN, MENVCFG = 0x30a, MCOUNTINHIBIT = 0x320, MHPMEVENT3 = 0x323,
  MSCRATCH = 0x340, MEPC, MCAUSE, MTVAL, MIP, PMPCFG0 = 0x3a0, PMPCFG2 = 0x3a2, PMPADDR0 = 0x3b0,
  TSELECT = 0x7a0, TDATA1, TDATA2, TDATA3, MCYCLE = 0xb00, MINSTRET = 0xb02, MHPMCOUNTER3,
  CYCLE = 0xc00, TIME, INSTRET, HPMCOUNTER3, MVENDORID = 0xf11, MARCHID, MIMPID, MHARTID, MCONFIGPTR
};
// clang-format on
#define BIT(n) ((u64)1 << (n))
#define SR_SIE BIT(1)
#define SR_MIE BIT(3)
#define SR_SPIE BIT(5)
#define SR_MPIE BIT(7)
#define SR_SPP BIT(8)
#define SR_MPP(mode) ((u64)(mode) << 11)
#define SR_FS(n) ((u64)(n) << 13)
#define SR_MPRV BIT(17)
#define SR_SUM BIT(18)
#define SR_MXR BIT(19)
#define SR_TVM BIT(20)
#define SR_TW BIT(21)
#define SR_TSR BIT(22)
#define SR_SD BIT(63)
#define INTERRUPT BIT(63)

// Of a CSR whose number is a constant, in M mode.
#define get(csr)                                                      \
  ({                                                                  \
    u64 value_;                                                       \
    asm volatile("csrr %0, %1" : "=r"(value_) : "i"(csr) : "memory"); \
    value_;                                                           \
  })
#define put(csr, to) ({ asm volatile("csrw %0, %1" : : "i"(csr), "r"((u64)(to)) : "memory"); })
#define set(csr, bits) ({ asm volatile("csrs %0, %1" : : "i"(csr), "r"((u64)(bits)) : "memory"); })
#define clear(csr, bits) ({ asm volatile("csrc %0, %1" : : "i"(csr), "r"((u64)(bits)) : "memory"); })

// --- The board (QEMU's virt)
#define REG32(at) (*(volatile u32*)(u64)(at))
#define REG64(at) (*(volatile u64*)(u64)(at))
enum { UART = 0x10000000, CLINT = 0x2000000, PLIC = 0xc000000, FINISHER = 0x100000 };
#define MSIP REG32(CLINT)
#define MTIMECMP REG64(CLINT + 0x4000)
#define MTIME REG64(CLINT + 0xbff8)

// --- Verdicts
// Where the architecture leaves a choice and QEMU 7.2 made another one, or QEMU is known to be wrong, both are said,
// with the reason. Each machine is held to its own: the judge's answer does not excuse ours.
int on_judge(void);  // QEMU, which alone has a marchid
void check(const char* where, const char* what, u64 seen, u64 expected);
void note(const char* text, u64 value);  // which case of a table the next checks are about
void print(const char* text);
void print_hex(u64 value);
#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
#define HERE __FILE__ ":" TEXT(__LINE__)
#define CHECK(seen, expected) check(HERE, #seen, (u64)(seen), (u64)(expected))
#define CHECK_CHOICE(seen, ours, judges, why) \
  check(HERE, #seen " (" why ")", (u64)(seen), on_judge() ? (u64)(judges) : (u64)(ours))
// QEMU 7.2 takes what an AMO comes to grief on for a load's; the architecture says store/AMO (3.1.15).
#define OF_AMO(store_cause) (on_judge() ? (store_cause)-2 : (store_cause))
// That the last run ended in the ebreak behind n instructions.
#define RAN(n) CHECK((f.cause | (f.epc - code_at()) << 8), (BREAKPOINT | (u64)(n)*4 << 8))
// That it ended with this trap, at that instruction, with that mtval.
#define TRAPPED(why, n, value) (CHECK(f.cause, why), CHECK(f.epc - code_at(), (n)*4), CHECK(f.tval, value))
// An illegal instruction; mtval is its bits.
#define ILLEGAL_AT(n) TRAPPED(ILLEGAL, n, code_words[n])

// U and S may access everything; no interrupt is enabled, nothing delegated, no translation. Called before main, too.
void fresh(void);
// What CSRs held when the program began, behind the board's six instructions in ROM.
extern struct reset_state {
  u64 mstatus, misa, mie, medeleg, mideleg, menvcfg, senvcfg, mcountinhibit, pmpcfg0, pmpcfg2, satp, mcause, mcounteren,
      scounteren, stimecmp, mip, minstret;
} at_reset;
// Called by kit/start.S only.
void remember(void);
void finish(void);
void kit_trapped(u64 cause, u64 epc, u64 value);
int main(void);
