# SPDX-License-Identifier: MIT
# The first instructions of a lab's guest: S mode, no paging, interrupts off. Firmware gives a0 = the hart's id and
# a1 = the device tree (SBI's boot protocol, as Linux expects it). Next: lab_main() of the lab.
        .section .text.entry, "ax"
        .globl  _start
_start: la      sp, stack_top
        la      t0, bss_begin
        la      t1, bss_end
1:      sd      zero, 0(t0)
        addi    t0, t0, 8
        bltu    t0, t1, 1b
        tail    lab_main

        .bss
        .balign 16
        .globl  stack_top
        .space  8192
stack_top:
