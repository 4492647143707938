# SPDX-License-Identifier: MIT
# The instructions that C cannot express: the first ones, the way into and out of a trap, and the switch from
# one kernel stack to another. Read next: trap.c, where the trap goes on.
#
# The path of a trap (priv 3.1.6.1 and 4.1; here a system call):
#
#   user mode                          supervisor mode
#   ---------                          ---------------
#   ecall  ---- the hardware: -------> trap_entry   sp <-> sscratch: the kernel stack of this process
#               sepc   = pc                         all registers are saved there: the trap frame
#               scause = 8                 |
#               SPP = 0, SIE = 0           v
#               pc = stvec             trap() in trap.c: system call, page fault, interrupt ...
#                                          |         (it may call schedule(): then another process
#                                          v          returns below, and this one some time later)
#   next   <--- sret: pc = sepc ------ trap_return  registers come back, sscratch = the kernel stack
#   instruction
#
# sscratch says where we came from: in user mode it holds the top of the process's kernel stack, in the kernel
# it is zero. The kernel runs with interrupts off, except for one window in the idle loop (proc.c).

        .equ FRAME, 34 * 8              # struct trap_frame: x[32], sepc, sstatus

# ---- the first instructions. SBI hands over: a0 the hart's id, a1 the device tree; paging is off.
        .section .text.entry, "ax"
        .globl _start
_start: la      sp, boot_stack_top
        la      t0, bss_start
        la      t1, bss_end
1:      sd      zero, 0(t0)
        addi    t0, t0, 8
        bltu    t0, t1, 1b
        tail    kernel_main

# ---- traps
        .text
        .macro  each_register action    # x1 and x3 to x31; x2 is sp, which needs care
        .irp    n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        \action x\n, 8*\n(sp)
        .endr
        .endm

        .globl  trap_entry, trap_return, process_start, switch_stack
        .balign 4                       # stvec keeps its mode in the two low bits (priv 4.1.2)
trap_entry:
        csrrw   sp, sscratch, sp
        bnez    sp, 1f                  # from user mode: sp is now the kernel stack
        csrr    sp, sscratch            # from the kernel: stay on the stack we were on
1:      addi    sp, sp, -FRAME
        each_register sd
        csrrw   t0, sscratch, zero      # the interrupted sp; and from here on: "in the kernel"
        sd      t0, 8*2(sp)
        csrr    t0, sepc
        sd      t0, 8*32(sp)
        csrr    t0, sstatus
        sd      t0, 8*33(sp)
        mv      a0, sp
        call    trap

trap_return:                            # sp points to the frame
        ld      t0, 8*32(sp)
        csrw    sepc, t0
        ld      t1, 8*33(sp)
        csrw    sstatus, t1
        andi    t1, t1, 1 << 8          # SPP: back to the kernel?
        bnez    t1, 1f
        addi    t0, sp, FRAME
        csrw    sscratch, t0
1:      each_register ld
        ld      sp, 8*2(sp)
        sret

# ---- void switch_stack(uint64_t* save_sp, uint64_t new_sp): go on where the owner of new_sp called this.
# Only the registers that a C function must preserve: the caller has saved the others, if it needs them.
switch_stack:
        addi    sp, sp, -14*8
        sd      ra, 0(sp)
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11
        sd      s\n, 8+8*\n(sp)
        .endr
        sd      sp, 0(a0)
        mv      sp, a1
        ld      ra, 0(sp)
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11
        ld      s\n, 8+8*\n(sp)
        .endr
        addi    sp, sp, 14*8
        ret

# ---- where the first switch to a new process arrives: call the function in s0, then go to user mode.
process_start:
        jalr    s0
        j       trap_return

        .bss
        .balign 16
        .space  4096
boot_stack_top:

# ---- the file system that the kernel carries with it (block.c)
        .section .rodata
        .balign 8
        .globl  fs_image, fs_image_end
fs_image:
        .incbin "fs.img"
fs_image_end:
