# SPDX-License-Identifier: MIT
# A guest in S mode whose first act is to turn the machine off: SBI's System Reset extension, function 0, with type
# shutdown (0) and no reason (0). SBI specification 2.0, chapter 10.
  .globl _start
_start:
  li a0, 0
  li a1, 0
  li a6, 0
  li a7, 0x53525354
  ecall
1:
  wfi
  j 1b
