# SPDX-License-Identifier: MIT
# A guest in M mode whose first act is to end the machine through the finisher of the virt board: 0x5555 is success.
  .globl _start
_start:
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
1:
  wfi
  j 1b
