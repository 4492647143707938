# SPDX-License-Identifier: MIT
# The first instructions, and the door between the guest and the handler. Read next: exits.c.
#
#   real U mode: the guest, vS and vU              real S mode: the hypervisor
#   ---------------------------------              ---------------------------
#   an exit, whatever its cause  ---------------->  exit_entry   x1 to x31 and pc go to the virtual hart
#                                                       |
#                                                       v
#                                                   handle_exit() in exits.c does to the virtual hart what
#                                                       |         the machine would have done to a real one
#                                                       v
#   goes on, perhaps elsewhere   <---- sret ------  resume       they come back, changed or not
#
# sscratch holds the address of the virtual hart all the time. The hypervisor runs with interrupts off.

        .section .text.entry, "ax"
        .globl  _start, resume, exit_entry
_start: la      t0, bss_start           # a0: the hart's id, a1: the device tree; paging is off
        la      t1, bss_end
1:      sd      zero, 0(t0)
        addi    t0, t0, 8
        bltu    t0, t1, 1b

        # Paging goes on, and the next fetch, from an address that means nothing any more, faults to stvec:
        # to the same code, at the address it is linked for.
        li      t1, 0xffffffff40000000  # OFFSET
        la      t2, 2f
        add     t2, t2, t1
        csrw    stvec, t2
        la      t0, shadow_root         # what it holds at first is our own gibibyte (shadow.c)
        srli    t0, t0, 12
        li      t2, 8 << 60             # Sv39
        or      t0, t0, t2
        sfence.vma
        csrw    satp, t0
        .balign 4
2:      la      sp, stack_top
        la      t0, exit_entry
        csrw    stvec, t0
        call    hypervisor_main         # returns the virtual hart in a0
        csrw    sscratch, a0
        j       resume

        .macro  each_register action    # but x31, which is in use
        .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        \action x\n, 8*\n(x31)
        .endr
        .endm

        .balign 4
exit_entry:
        csrrw   x31, sscratch, x31      # x31 = the virtual hart
        each_register sd
        mv      a0, x31
        csrrw   t0, sscratch, x31       # the guest's x31
        sd      t0, 8*31(a0)
        csrr    t0, sepc
        sd      t0, 8*32(a0)
        la      sp, stack_top
        call    handle_exit
resume: csrr    x31, sscratch
        ld      t0, 8*32(x31)
        csrw    sepc, t0
        each_register ld
        ld      x31, 8*31(x31)
        sret

        .bss
        .balign 16
        .space  4096
stack_top:
