# SPDX-License-Identifier: MIT
# Code for tests.c: what a scanner of instructions could get wrong. In a section of its own, which begins a page.
        .section .code_tests, "ax"
        .globl  scan_me, read_own, write_own, rewritten, rewritten_code
        .balign 4096
page:
# uint64_t scan_me(5): each kind of access, at addresses 0 and 2 modulo 4, among things that only look like one.
scan_me:
        csrw    sscratch, a0            # 5
        c.nop
        csrr    t0, sscratch            # t0 = 5
        c.addi  t0, 1                   # t0 = 6
        csrrw   t2, sscratch, t0        # t2 = 5, sscratch = 6
        csrsi   sscratch, 8             # 14
        csrrci  t3, sscratch, 2         # t3 = 14, sscratch = 12
        csrc    sscratch, t2            # 8
        lui     t1, 0x10730             # its second half and the next instruction: csrw sscratch, a0
        .half   0x1405                  # c.addi s0, -31
        c.addi  s0, 31
        csrrs   t4, sscratch, t0        # t4 = 8, sscratch = 14
        j       1f
        .word   0x14051073              # no instruction, but it looks like csrw sscratch, a0
        .half   0x0073                  # whoever reads this reads the next ones wrong
1:      csrrwi  t5, sscratch, 3         # t5 = 14, sscratch = 3
        csrrw   t5, sscratch, t5        # t5 = 3, sscratch = 14
        rdtime  t1                      # no supervisor's
        j       2f
        .skip   4094 - (. - page)
2:      csrr    a0, sscratch            # 14: half of it in this page, half in the next
        csrw    sscratch, zero
        add     a0, a0, t2
        add     a0, a0, t3
        add     a0, a0, t4
        add     a0, a0, t5              # 14 + 5 + 14 + 8 + 3
        ret

# uint64_t read_own(): the bytes of an instruction that is sensitive, from the page that it is in. A page of its own:
# a write to it takes back what was patched in all of it.
        .balign 4096
read_own:
        la      t0, 1f
        lwu     a0, 0(t0)
        .balign 4
1:      csrr    t1, sstatus             # 0x10002373
        ret

# uint64_t write_own(instruction): puts it into rewritten(), which is in the same page, and calls that.
write_own:
        la      t0, rewritten
        sw      a0, 0(t0)
        fence.i
        tail    rewritten

        .balign 8
rewritten_code:
rewritten:
        .option push
        .option norvc
        li      a0, 1                   # 0x00100513
        ret
        .option pop
