# SPDX-License-Identifier: MIT
# Entry of a bare workload in M mode: floating point on, a stack, bss cleared, main. A guest trap stops in a loop, so
# that the harness runs into its time limit and says so.
  .section .text.start
  .globl _start
_start:
  la t0, stop
  csrw mtvec, t0
  li t0, 0x6000               # mstatus.FS = dirty
  csrs mstatus, t0
  .option push
  .option norelax             # gp is not set yet
  la gp, __global_pointer$
  .option pop
  la sp, stack_top
  la t0, bss_start
  la t1, bss_end
1:
  bgeu t0, t1, 2f
  sd zero, 0(t0)
  addi t0, t0, 8
  j 1b
2:
  call main
  .balign 4
stop:
  wfi
  j stop
