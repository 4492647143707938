# SPDX-License-Identifier: MIT
# The first instructions, and the way into and out of a trap: once for any machine, once for a guest that knows of the
# hypervisor. The comments count: "csr" is one access to a CSR, an exit each under trap-and-emulate.
        .equ    FRAME, 34 * 8           # struct trap_frame: x[32], sepc, sstatus

        .section .text.entry, "ax"
        .globl  _start
_start: la      sp, stack_top           # a0: the hart's id, a1: the device tree
        la      t0, bss_start
        la      t1, bss_end
1:      sd      zero, 0(t0)
        addi    t0, t0, 8
        bltu    t0, t1, 1b
        tail    kernel_main

        .text
        .macro  each_register action    # x1 and x3 to x31
        .irp    n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        \action x\n, 8*\n(sp)
        .endr
        .endm

        .globl  trap_entry, leave_trap, paravirtual_entry, paravirtual_leave_trap
        .balign 4
trap_entry:                             # sscratch: in user mode the kernel's stack, in the kernel 0
        csrrw   sp, sscratch, sp        # csr
        bnez    sp, 1f
        csrr    sp, sscratch            # csr, if from the kernel
1:      addi    sp, sp, -FRAME
        each_register sd
        csrrw   t0, sscratch, zero      # csr: the interrupted sp
        sd      t0, 8*2(sp)
        csrr    t0, sepc                # csr
        sd      t0, 8*32(sp)
        csrr    t0, sstatus             # csr
        sd      t0, 8*33(sp)
        mv      a0, sp
        call    trap
        mv      a0, sp
leave_trap:
        mv      sp, a0
        ld      t0, 8*32(sp)
        csrw    sepc, t0                # csr
        ld      t1, 8*33(sp)
        csrw    sstatus, t1             # csr
        andi    t1, t1, 1 << 8          # SPP: back to the kernel?
        bnez    t1, 1f
        addi    t0, sp, FRAME
        csrw    sscratch, t0            # csr, if to user mode
1:      each_register ld
        ld      sp, 8*2(sp)
        sret                            # an exit, too

        .balign 4
paravirtual_entry:                      # the hypervisor has left everything in `exchange`; sp is the kernel's
        addi    sp, sp, -FRAME
        each_register sd
        la      t0, exchange            # struct shared of ../shared/paravirtual.h
        ld      t1, 24(t0)              # sp
        sd      t1, 8*2(sp)
        ld      t1, 32(t0)              # sepc
        sd      t1, 8*32(sp)
        ld      t1, 56(t0)              # sstatus
        sd      t1, 8*33(sp)
        mv      a0, sp
        call    trap
        mv      a0, sp
paravirtual_leave_trap:                 # a0: the frame, and the argument of the hypercall "return"
        li      a6, 1
        li      a7, 0x09000768
        ecall                           # one exit for all of leave_trap
        ebreak

        .bss
        .balign 16
        .globl  stack_top
        .space  4096
stack_top:
