# SPDX-License-Identifier: MIT
# Where conformance guests begin, and go(): down into the code under test, and back at the next trap into M mode.
# mscratch is the frame while the code under test runs, and 0 otherwise.

#define F_PC 256
#define F_STATUS 264
#define F_CAUSE 272
#define F_EPC 280
#define F_TVAL 288
#define F_MSTATUS 296
#define F_SLOT 304
#define F_STACK 312

        .section .text.entry
        .globl  _start
_start: csrr    t0, mhartid
        bnez    t0, other_hart          # one hart is enough, but for programs that have their own of this name
        la      sp, stack_top
        la      t0, bss_begin
        la      t1, bss_end
zero:   sd      zero, (t0)              # RAM may hold anything
        addi    t0, t0, 8
        bltu    t0, t1, zero
        csrw    mscratch, zero
        call    remember
        call    fresh
        call    main
        call    finish

        .weak   other_hart
other_hart:
        j       other_hart

        .text
        .globl  go
go:     addi    sp, sp, -112
        sd      ra, 0(sp)
        sd      gp, 8(sp)
        sd      tp, 16(sp)
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        sd      s\n, 24 + 8 * \n(sp)
        .endr
        addi    sp, sp, -16
        sd      s11, 0(sp)
        sd      sp, F_STACK(a0)
        csrw    mscratch, a0
        ld      t0, F_PC(a0)
        csrw    mepc, t0
        ld      t0, F_STATUS(a0)
        csrw    mstatus, t0
        .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        ld      x\n, 8 * \n(a0)
        .endr
        ld      a0, 80(a0)
        mret

# Each way in says which slot of the vector it was.
        .balign 256
        .globl  m_vector
m_vector:
        .altmacro
        .macro  slot n
        j       m_slot\n
        .endm
        .set    i, 0
        .rept   32
        slot    %i
        .set    i, i + 1
        .endr
        .macro  stub n
m_slot\n:
        csrrw   a0, mscratch, a0
        beqz    a0, unexpected
        sd      t0, 40(a0)
        li      t0, \n
        j       m_known
        .endm
        .set    i, 0
        .rept   32
        stub    %i
        .set    i, i + 1
        .endr

        .balign 4
        .globl  m_direct
m_direct:
        csrrw   a0, mscratch, a0
        beqz    a0, unexpected
        sd      t0, 40(a0)
        li      t0, 64
m_known:
        sd      t0, F_SLOT(a0)
        .irp    n, 1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        sd      x\n, 8 * \n(a0)
        .endr
        csrr    t0, mscratch
        sd      t0, 80(a0)
        csrr    t0, mcause
        sd      t0, F_CAUSE(a0)
        csrr    t0, mepc
        sd      t0, F_EPC(a0)
        csrr    t0, mtval
        sd      t0, F_TVAL(a0)
        csrr    t0, mstatus
        sd      t0, F_MSTATUS(a0)
        li      t0, 1 << 17             # MPRV is for the code under test
        csrc    mstatus, t0
        csrw    mscratch, zero
        ld      sp, F_STACK(a0)
        ld      s11, 0(sp)
        addi    sp, sp, 16
        ld      ra, 0(sp)
        ld      gp, 8(sp)
        ld      tp, 16(sp)
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        ld      s\n, 24 + 8 * \n(sp)
        .endr
        addi    sp, sp, 112
        ret

# The kit itself trapped. Whatever is wrong, its stack is good.
unexpected:
        csrw    mscratch, zero
        csrr    a0, mcause
        csrr    a1, mepc
        csrr    a2, mtval
        la      sp, stack_top
        la      t0, m_direct
        csrw    mtvec, t0
        call    kit_trapped
1:      j       1b

        .balign 256
        .globl  s_landing
s_landing:
        .rept   64
        .word   0x00100073
        .endr

        .section .stack, "aw", @nobits
        .balign 16
        .space  16384
stack_top:
