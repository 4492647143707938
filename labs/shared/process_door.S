# SPDX-License-Identifier: MIT
# From a process in U mode into its kernel, and back. All registers go to a struct of 32 words, pc in the place of x0; the
# kernel's trap() is called on an empty stack, and ends by resume(). A lab that has no processes does not link this.
        .section .text.process_door, "ax"
        .globl  trap_entry, resume
        .balign 4
trap_entry:                             # sscratch: the process's registers
        csrrw   t6, sscratch, t6
        .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        sd      x\n, 8*\n(t6)
        .endr
        csrr    t0, sscratch
        sd      t0, 8*31(t6)
        csrr    t0, sepc
        sd      t0, 0(t6)
        la      sp, stack_top
        tail    trap

resume: csrw    sscratch, a0            # a0: a process's registers
        ld      t0, 0(a0)
        csrw    sepc, t0
        .irp    n, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ld      x\n, 8*\n(a0)
        .endr
        ld      a0, 8*10(a0)
        sret
