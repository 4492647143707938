# SPDX-License-Identifier: MIT
# The work: five loops of three instructions each. The first of the three is what the loop is about.
#
#   uint64_t work(arithmetic, masks, enables, devices, writes, device, entry)
#
# Returns how many instructions that were: from the first rdinstret on, and up to the second.
        .text
        .globl  work
work:   rdinstret t6

        j       2f
1:      add     t4, t4, a0              # arithmetic: innocuous
        addi    a0, a0, -1
2:      bnez    a0, 1b

        j       2f
1:      csrci   sstatus, 2              # interrupts off: privileged and control-sensitive
        addi    a1, a1, -1
2:      bnez    a1, 1b

        j       2f
1:      csrw    sie, zero               # which interrupts may come: privileged and control-sensitive
        addi    a2, a2, -1
2:      bnez    a2, 1b

        j       2f
1:      lbu     t4, 5(a5)               # a device's register: whether it is one is known by its address alone
        addi    a3, a3, -1
2:      bnez    a3, 1b

        j       2f
1:      sd      t4, 0(a6)               # an entry of a page table: the same
        addi    a4, a4, -1
2:      bnez    a4, 1b

        rdinstret a0
        sub     a0, a0, t6
        ret
