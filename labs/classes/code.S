# SPDX-License-Identifier: MIT
# The instructions, the process, and the way between the modes.
        .macro  loop instruction:vararg
        .balign 4
1:      \instruction
        addi    a1, a1, -1
        bnez    a1, 1b
        j       done
        .endm

        .option norvc                   # four bytes each: the kernel skips what traps
        .section .user, "ax"
        .globl  execute
        # a0: which, a1: how often; comes back to ra
process: call   execute                 # the first instruction of the page: where the process begins
        ecall

execute: slli   a0, a0, 4               # four instructions each
        la      t0, table
        add     t0, t0, a0
        jr      t0
        .balign 4
table:  loop    add t1, t2, t3          # innocuous
        loop    csrr t1, sscratch       # privileged: illegal in U mode
        loop    csrr t1, time           # behaviour-sensitive: what it gives, and whether it may, depends on others
        loop    sfence.vma              # privileged and control-sensitive
        loop    csrci sstatus, 2        # privileged and control-sensitive: interrupts off
done:   ret

        .text
        .globl  process_trap, run_process
        .balign 4
run_process:                            # a0: pc, a1, a2: its a0 and a1. What C wants kept is on the stack
        addi    sp, sp, -112
        sd      ra, 0(sp)
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11
        sd      s\n, 8*\n+8(sp)
        .endr
        csrw    sscratch, sp
        csrw    sepc, a0
        mv      a0, a1
        mv      a1, a2
        sret                            # sstatus.SPP is 0: to U mode

process_trap:                             # of the process's registers only a1 is alive, and ra
        csrrw   sp, sscratch, sp
        addi    sp, sp, -32
        sd      a1, 0(sp)
        sd      ra, 8(sp)
        call    trap_of_process
        ld      a1, 0(sp)
        ld      ra, 8(sp)
        addi    sp, sp, 32
        bnez    a0, 1f
        csrrw   sp, sscratch, sp
        sret
1:      ld      ra, 0(sp)
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11
        ld      s\n, 8*\n+8(sp)
        .endr
        addi    sp, sp, 112
        ret
