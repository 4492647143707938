# SPDX-License-Identifier: MIT
"""A guest that counts what happens to it: its traps by cause, its returns from them, its accesses to devices and its calls of
the firmware. It runs in S mode on the built-in SBI, and a part of it in U mode, without page tables. At the end it prints the
counts as it has them in registers, 16 hexadecimal digits each; so every number there is from the guest's own additions.

    code, rounds = counting_guest.program(illegal=3, breakpoints=4, ...)

What it prints are the counts before printing; printing a character is one read (LSR) and one write (THR) of the UART.
"""
from tiny_riscv import REGISTERS, UART, Program

# Registers of the counts, in the order in which they are printed, and what they count.
COUNTS = {"s2": "illegal-instruction", "s3": "breakpoint", "s4": "load-access-fault", "s5": "ecall-from-u",
          "s6": "supervisor-timer-interrupt", "s7": "trap-return", "s8": "device-read", "s9": "device-write", "s10": "hypercall"}
SCAUSE, SEPC, STVEC, SSTATUS, SIE, TIME = 0x142, 0x141, 0x105, 0x100, 0x104, 0xC01
SBI_BASE, SBI_TIME, SBI_RESET = 0x10, 0x54494D45, 0x53525354
SPP = 0x100


class Guest(Program):
    def csr(self, funct3, rd, csr, rs1):
        return self.word(csr << 20 | REGISTERS[rs1] << 15 | funct3 << 12 | REGISTERS[rd] << 7 | 0x73)

    def csrw(self, csr, rs1): return self.csr(1, "x0", csr, rs1)
    def csrs(self, csr, rs1): return self.csr(2, "x0", csr, rs1)
    def csrc(self, csr, rs1): return self.csr(3, "x0", csr, rs1)
    def ecall(self): return self.word(0x73)
    def ebreak(self): return self.word(0x100073)
    def sret(self): return self.word(0x10200073)
    def count(self, register): return self.addi(register, register, 1)

    def address(self, rd, label):
        """auipc and addi, of a label within 2 KiB."""
        self.word(REGISTERS[rd] << 7 | 0x17)
        self.branches.append((len(self.words), label, lambda to: (to + 4 & 0xFFF) << 20 | REGISTERS[rd] << 15
                              | REGISTERS[rd] << 7 | 0x13))
        return self.word(0)

    def sbi(self, extension, function=0):
        return self.li("a7", extension).li("a6", function).count("s10").ecall()

    def repeat(self, times, body):
        """s11 counts down."""
        again = f"again{len(self.words)}"
        self.li("s11", times).label(again)
        body()
        return self.addi("s11", "s11", -1).bne("s11", "x0", again)


def handler(guest):
    guest.label("handler").csrr("t4", SCAUSE).blt("t4", "x0", "timer")
    for cause, register in ((2, "s2"), (3, "s3"), (5, "s4"), (8, "s5")):
        other = f"not{cause}"
        guest.addi("t5", "x0", cause).bne("t4", "t5", other).count(register)
        if cause == 8:  # U mode asks to come back
            guest.bne("a7", "x0", "back")
        guest.jal("x0", "skip").label(other)
    guest.hang()
    guest.label("skip").csrr("t4", SEPC).addi("t4", "t4", 4).csrw(SEPC, "t4").count("s7").sret()
    guest.label("back").li("t4", SPP).csrs(SSTATUS, "t4").csrw(SEPC, "s0").count("s7").sret()
    guest.label("timer").count("s6").addi("a0", "x0", -1).sbi(SBI_TIME).count("s7").sret()


def program(illegal, breakpoints, loads, calls, timers, probes, reads, writes):
    guest = Guest()
    guest.jal("x0", "start")
    handler(guest)
    guest.label("start").address("t4", "handler").csrw(STVEC, "t4")
    for register in COUNTS:
        guest.addi(register, "x0", 0)
    guest.repeat(illegal, lambda: guest.word(0))
    guest.repeat(breakpoints, guest.ebreak)
    guest.repeat(loads, lambda: guest.count("s8").lw("t1", "x0", 0x40))  # nothing is there
    guest.li("s1", UART)
    guest.repeat(reads, lambda: guest.count("s8").lbu("t1", "s1", 7))
    guest.repeat(writes, lambda: guest.count("s9").sb("s11", "s1", 7))
    guest.repeat(probes, lambda: guest.sbi(SBI_BASE))
    # To U mode, which calls, and back.
    guest.address("s0", "here").address("t4", "user").csrw(SEPC, "t4").li("t4", SPP).csrc(SSTATUS, "t4").count("s7").sret()
    guest.label("user").addi("a7", "x0", 0)
    guest.repeat(calls - 1, guest.ecall)
    guest.addi("a7", "x0", 1).ecall()
    guest.label("here")
    # The timer, soon; the wait ends at the latest then.
    guest.li("t4", 0x20).csrw(SIE, "t4").li("t4", 2).csrs(SSTATUS, "t4")

    def wait():
        soon = f"soon{len(guest.words)}"
        guest.addi("s0", "s6", 0).csrr("a0", TIME).addi("a0", "a0", 20).sbi(SBI_TIME)
        return guest.label(soon).wfi().beq("s0", "s6", soon)
    guest.repeat(timers, wait)
    guest.count("s10")  # the last call
    for register in COUNTS:
        guest.hex(register, 16)
    guest.li("a7", SBI_RESET).addi("a6", "x0", 0).addi("a0", "x0", 0).addi("a1", "x0", 0).ecall().hang()
    return guest.code()
