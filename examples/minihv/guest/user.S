# SPDX-License-Identifier: MIT
# The process: programs in user mode. It has nothing but its registers, this text, and pages that it asks for by
# touching them.
        .equ    SYS_ADD, 1
        .equ    SYS_EXIT, 2

        .section .user, "ax"
        .globl  user_main
user_main:                              # a0: pages, a1: calls
        li      t0, 0x20000000
        li      t1, 4096
        li      t2, 0
1:      beq     t2, a0, 2f              # page n: the number n is written there; a page fault each
        sd      t2, 0(t0)
        add     t0, t0, t1
        addi    t2, t2, 1
        j       1b
2:      li      s0, 0                   # and read again: s0 = 0 + 1 + ... + (pages - 1)
3:      beqz    t2, 4f
        sub     t0, t0, t1
        ld      t3, 0(t0)
        add     s0, s0, t3
        addi    t2, t2, -1
        j       3b
4:      mv      s1, a1                  # calls, calls - 1, ... 1 are added in the kernel
5:      beqz    s1, 6f
        mv      a0, s1
        li      a7, SYS_ADD
        ecall
        addi    s1, s1, -1
        j       5b
6:      mv      a0, s0
        li      a7, SYS_EXIT
        ecall

# The tests of tests.c, as seen by a process. The kernel answers a fault by leaving its cause in a0 and going on.
        .macro  result
        sd      a0, 0(s0)
        addi    s0, s0, 8
        li      a0, 0
        .endm

        .globl  user_tests
user_tests:
        li      s0, 0x20000000
        li      a0, 0
        li      t0, 0x80200000          # the kernel's
        ld      t1, 0(t0)
        result
        sd      t1, 0(t0)
        result
        jalr    t0
        result
        csrr    t1, sstatus
        result
        csrsi   sstatus, 2
        result
        sret
        result
        sfence.vma
        result
        la      t0, user_tests          # its own text, which is not writable
        sd      t1, 0(t0)
        result
        ebreak
        result
        li      t0, 0xffffffffc0200000  # where a hypervisor could be
        ld      t1, 0(t0)
        result
        jalr    t0
        result
        li      t0, 1 << 38
        ld      t1, 0(t0)
        result
        li      t0, 0x20200000          # behind what it may have
        ld      t1, 0(t0)
        result
        rdtime  t1
        result
        rdcycle t1                      # the kernel has not permitted it
        result
        li      t0, 0x20001000          # a page of its own
        li      t1, 7
        sd      t1, 0(t0)
        ld      a0, 0(t0)
        result
        li      t0, 0x20000000          # the kernel's timer handler writes there
1:      ld      t1, 504(t0)
        beqz    t1, 1b
        mv      a0, t1
        result
        li      a7, SYS_EXIT
        ecall
