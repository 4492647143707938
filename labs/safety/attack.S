# SPDX-License-Identifier: MIT
# The process: a0 is an address of its kernel's, a1 how often. It loads from there, stores to there, and ends.
        .option norvc
        .section .user, "ax"
        .globl  attack
attack: mv      t0, a1
1:      ld      t1, 0(a0)
        addi    t0, t0, -1
        bnez    t0, 1b
        mv      t0, a1
2:      sd      t0, 0(a0)
        addi    t0, t0, -1
        bnez    t0, 2b
        ecall

        .text
        .globl  load_from, store_to     # the kernel's own attempts
load_from:
        ld      t0, 0(a0)
        ret
store_to:
        sd      zero, 0(a0)
        ret
