# SPDX-License-Identifier: MIT
"""Guests of a few instructions, assembled here so that tests need no compiler, and a reader of device trees.

    program = Program()
    program.li("t0", 0x100000).li("t1", 0x5555).sw("t1", "t0", 0).hang()
    bytes = program.code()

Encodings: RISC-V unprivileged specification, chapter "RV32/64G Instruction Set Listings". The flattened device tree:
Devicetree Specification, chapter 5. Next: qemu_contract_test.py.
"""

import struct

REGISTERS = {name: number for number, names in enumerate(
    "zero/x0 ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6".split())
    for name in names.split("/")}

UART = 0x1000_0000
FINISHER = 0x10_0000


class Program:
    """Machine code with labels. Every method appends and returns the program."""

    def __init__(self):
        self.words = []
        self.labels = {}
        self.branches = []  # (index of the word, label, how to encode it with its distance)

    def code(self):
        words = list(self.words)
        for index, label, encode in self.branches:
            words[index] = encode(4 * (self.labels[label] - index))
        return struct.pack(f"<{len(words)}I", *words)

    def word(self, value):
        self.words.append(value & 0xFFFF_FFFF)
        return self

    def label(self, name):
        self.labels[name] = len(self.words)
        return self

    # --- Formats
    def _i(self, opcode, funct3, rd, rs1, immediate):
        return self.word((immediate & 0xFFF) << 20 | REGISTERS[rs1] << 15 | funct3 << 12 | REGISTERS[rd] << 7 | opcode)

    def _s(self, funct3, rs2, rs1, immediate):
        return self.word((immediate >> 5 & 0x7F) << 25 | REGISTERS[rs2] << 20 | REGISTERS[rs1] << 15 | funct3 << 12
                         | (immediate & 0x1F) << 7 | 0x23)

    def _branch(self, funct3, rs1, rs2, label):
        def encode(to):
            bits = (to >> 12 & 1) << 31 | (to >> 5 & 0x3F) << 25 | (to >> 1 & 0xF) << 8 | (to >> 11 & 1) << 7
            return bits | REGISTERS[rs2] << 20 | REGISTERS[rs1] << 15 | funct3 << 12 | 0x63
        self.branches.append((len(self.words), label, encode))
        return self.word(0)

    def jal(self, rd, label):
        def encode(to):
            bits = (to >> 20 & 1) << 31 | (to >> 1 & 0x3FF) << 21 | (to >> 11 & 1) << 20 | (to >> 12 & 0xFF) << 12
            return bits | REGISTERS[rd] << 7 | 0x6F
        self.branches.append((len(self.words), label, encode))
        return self.word(0)

    # --- Instructions
    def addi(self, rd, rs1, immediate): return self._i(0x13, 0, rd, rs1, immediate)
    def andi(self, rd, rs1, immediate): return self._i(0x13, 7, rd, rs1, immediate)
    def slli(self, rd, rs1, amount): return self._i(0x13, 1, rd, rs1, amount)
    def srli(self, rd, rs1, amount): return self._i(0x13, 5, rd, rs1, amount)
    def lbu(self, rd, rs1, offset): return self._i(0x03, 4, rd, rs1, offset)
    def lw(self, rd, rs1, offset): return self._i(0x03, 2, rd, rs1, offset)
    def ld(self, rd, rs1, offset): return self._i(0x03, 3, rd, rs1, offset)
    def sb(self, rs2, rs1, offset): return self._s(0, rs2, rs1, offset)
    def sw(self, rs2, rs1, offset): return self._s(2, rs2, rs1, offset)
    def jalr(self, rd, rs1, offset): return self._i(0x67, 0, rd, rs1, offset)
    def beq(self, rs1, rs2, label): return self._branch(0, rs1, rs2, label)
    def bne(self, rs1, rs2, label): return self._branch(1, rs1, rs2, label)
    def blt(self, rs1, rs2, label): return self._branch(4, rs1, rs2, label)
    def csrr(self, rd, csr): return self._i(0x73, 2, rd, "x0", csr)
    def add(self, rd, rs1, rs2):
        return self.word(REGISTERS[rs2] << 20 | REGISTERS[rs1] << 15 | REGISTERS[rd] << 7 | 0x33)

    def sd(self, rs2, rs1, offset): return self._s(3, rs2, rs1, offset)
    def xori(self, rd, rs1, immediate): return self._i(0x13, 4, rd, rs1, immediate)
    def or_(self, rd, rs1, rs2): return self.word(REGISTERS[rs2] << 20 | REGISTERS[rs1] << 15 | 6 << 12 | REGISTERS[rd] << 7 | 0x33)
    def sub(self, rd, rs1, rs2): return self.word(0x20 << 25 | REGISTERS[rs2] << 20 | REGISTERS[rs1] << 15 | REGISTERS[rd] << 7 | 0x33)
    def bltu(self, rs1, rs2, label): return self._branch(6, rs1, rs2, label)

    # --- System instructions; CSRs by number
    def csrw(self, csr, rs1): return self._i(0x73, 1, "x0", rs1, csr)
    def csrs(self, csr, rs1): return self._i(0x73, 2, "x0", rs1, csr)
    def csrc(self, csr, rs1): return self._i(0x73, 3, "x0", rs1, csr)
    def csrsi(self, csr, bits): return self.word(csr << 20 | bits << 15 | 6 << 12 | 0x73)
    def csrci(self, csr, bits): return self.word(csr << 20 | bits << 15 | 7 << 12 | 0x73)
    def ecall(self): return self.word(0x73)
    def mret(self): return self.word(0x30200073)
    def sret(self): return self.word(0x10200073)
    def fence_i(self): return self.word(0x100F)
    def pause(self): return self.word(0x0100000F)
    def sfence_vma(self, rs1="x0", rs2="x0"): return self.word(9 << 25 | REGISTERS[rs2] << 20 | REGISTERS[rs1] << 15 | 0x73)
    def lr_w(self, rd, rs1): return self.word(2 << 27 | REGISTERS[rs1] << 15 | 2 << 12 | REGISTERS[rd] << 7 | 0x2F)
    def sc_w(self, rd, rs2, rs1):
        return self.word(3 << 27 | REGISTERS[rs2] << 20 | REGISTERS[rs1] << 15 | 2 << 12 | REGISTERS[rd] << 7 | 0x2F)

    def la(self, rd, label):
        """The address of a label, relative to pc: auipc and addi, for labels within 2 KiB."""
        self.word(REGISTERS[rd] << 7 | 0x17)
        self.branches.append((len(self.words), label, lambda to: (to + 4 & 0xFFF) << 20 | REGISTERS[rd] << 15
                              | REGISTERS[rd] << 7 | 0x13))
        return self.word(0)

    def wfi(self): return self.word(0x10500073)

    def li(self, rd, value):
        """Any value of 32 bits, zero-extended."""
        low = (value & 0xFFF) - (value & 0x800) * 2
        self.word((value - low & 0xFFFF_F000) | REGISTERS[rd] << 7 | 0x37)
        self.addi(rd, rd, low)
        return self.slli(rd, rd, 32).srli(rd, rd, 32)

    # --- Idioms; they use t0 to t3
    def first_hart_only(self):
        """At the start, where a0 is the hart's number: the others stay here."""
        return self.beq("a0", "x0", "first").hang().label("first")

    def hang(self):
        here = f"hang{len(self.words)}"
        return self.label(here).wfi().jal("x0", here)

    def spin(self):
        here = f"spin{len(self.words)}"
        return self.label(here).jal("x0", here)

    def finish(self, value):
        """Writes the test finisher, and stays there should that not end the machine."""
        return self.li("t0", FINISHER).li("t1", value).sw("t1", "t0", 0).hang()

    def put(self, register):
        """A byte to the serial port, when there is room for it."""
        wait = f"put{len(self.words)}"
        self.li("t0", UART)
        self.label(wait).lbu("t1", "t0", 5).andi("t1", "t1", 0x20).beq("t1", "x0", wait)
        return self.sb(register, "t0", 0)

    def store(self, at, value):
        """A word at a fixed address."""
        return self.li("t0", at).li("t1", value).sw("t1", "t0", 0)

    def text(self, text):
        for byte in text.encode():
            self.li("t2", byte).put("t2")
        return self

    def get(self, register):
        """Waits for a byte of the serial port."""
        wait = f"get{len(self.words)}"
        self.li("t0", UART)
        self.label(wait).lbu("t1", "t0", 5).andi("t1", "t1", 1).beq("t1", "x0", wait)
        return self.lbu(register, "t0", 0)

    def hex(self, register, digits=8):
        """The lowest digits of a register and a space; not of t0 to t3."""
        for place in reversed(range(digits)):
            letter = f"hex{len(self.words)}"
            self.srli("t2", register, 4 * place).andi("t2", "t2", 0xF)
            self.addi("t3", "x0", 10).addi("t2", "t2", ord("0")).addi("t3", "t3", ord("0"))
            self.blt("t2", "t3", letter).addi("t2", "t2", ord("a") - ord("0") - 10)
            self.label(letter).put("t2")
        return self.text(" ")


class DeviceTree:
    """A flattened device tree: nodes by path, their properties as bytes."""

    def __init__(self, blob):
        magic, _, structure, strings = struct.unpack_from(">4I", blob)
        if magic != 0xD00D_FEED:
            raise ValueError("no device tree")
        self.nodes = {}  # in the order of the file
        path, at = [], structure
        while True:
            token, = struct.unpack_from(">I", blob, at)
            at += 4
            if token == 1:  # a node begins
                end = blob.index(b"\0", at)
                path.append(blob[at:end].decode())
                self.nodes["/" + "/".join(path[1:])] = {}
                at = end + 4 & ~3
            elif token == 2:  # it ends
                path.pop()
            elif token == 3:  # a property
                size, name = struct.unpack_from(">2I", blob, at)
                key = blob[strings + name:blob.index(b"\0", strings + name)].decode()
                self.nodes["/" + "/".join(path[1:])][key] = blob[at + 8:at + 8 + size]
                at += 8 + size + 3 & ~3
            elif token == 9:
                return

    def number(self, path, name):
        return int.from_bytes(self.nodes[path][name], "big")

    def text(self, path, name):
        return self.nodes[path][name].rstrip(b"\0").decode()

    def children(self, beginning):
        return [path for path in self.nodes if path.startswith(beginning)]


def elf(code, at=0x8000_0000, machine=243, bits=64, entry=None):
    """A program of one segment as an ELF file; 243 is RISC-V."""
    entry = at if entry is None else entry
    if bits == 32:
        header = struct.pack("<4s12B2H5I6H", b"\x7fELF", 1, 1, 1, *[0] * 9, 2, machine, 1, entry, 52, 0, 0, 52, 32, 1, 0,
                             0, 0)
        return header + struct.pack("<8I", 1, 84, at, at, len(code), len(code), 5, 4) + code
    header = struct.pack("<4s12B2HI3QI6H", b"\x7fELF", 2, 1, 1, *[0] * 9, 2, machine, 1, entry, 64, 0, 0, 64, 56, 1, 0, 0,
                         0)
    return header + struct.pack("<2I6Q", 1, 5, 120, at, at, len(code), len(code), 4) + code
