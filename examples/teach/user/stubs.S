# SPDX-License-Identifier: MIT
# Where a program begins, and how it enters the kernel: one stub for each row of syscalls.def.

        .section .text.start, "ax"
        .globl  _start
_start: call    main                    # exec has put argc into a0 and argv into a1
        call    exit                    # main's result is the exit code

#define SYSCALL(number, name, arguments) \
        .section .text.name, "ax";       \
        .globl  name;                    \
name:   li      a7, number;              \
        ecall;                           \
        ret;
#include "../shared/syscalls.def"
