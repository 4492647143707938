# SPDX-License-Identifier: MIT
# What each process does. A process keeps everything in registers and only stores, so
# that what it costs is easily counted: a page of code, and the pages that it writes.
#
#   s0 the first page of data  s1 how many pages  s2 writes  s3 unmaps  s4 the next page of its order  s5 the order's step
#   s6 the value it writes     s7 children        s8 the value that it writes before it forks
        .equ    FORK, 0
        .equ    YIELD, 1
        .equ    UNMAP, 2
        .equ    EXIT, 3

        .section .user, "ax"
        .balign 4
        mv      t0, s1                  # touch each page once: the kernel maps it then
        mv      t1, s0
        li      t2, 4096
touch:  sd      s8, 0(t1)
        add     t1, t1, t2
        addi    t0, t0, -1
        bnez    t0, touch

fork:   beqz    s7, write
        addi    s7, s7, -1
        li      a7, FORK
        ecall
        bnez    a0, fork                # 0 in the child

write:  beqz    s2, done
        slli    t1, s4, 12
        add     t1, t1, s0
        sd      s6, 0(t1)               # a page fault, if the page is still shared
        add     s4, s4, s5
        bltu    s4, s1, 1f
        sub     s4, s4, s1
1:      addi    s2, s2, -1
        j       write

done:   li      a7, YIELD
        ecall

unmap:  beqz    s3, leave
        slli    t1, s4, 12
        add     a0, t1, s0
        li      a7, UNMAP
        ecall
        add     s4, s4, s5
        bltu    s4, s1, 1f
        sub     s4, s4, s1
1:      addi    s3, s3, -1
        j       unmap

leave:  li      a7, EXIT
        ecall
