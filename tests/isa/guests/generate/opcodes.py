# SPDX-License-Identifier: MIT
"""Which words are instructions of this machine in M mode with FS on, from the opcode tables of the specification (chapters "RV32/64G
Instruction Set Listings" and "C", and those of each extension), written down a second time: nothing here has read our decoder.

The whole 16-bit space is gone through. Of the 32-bit space, for each major opcode all funct3 x funct7, and all values of the other
fields where they select. V, H, cryptography (Zkn, Zks), Zfa, Zicfiss, Q and RV128 are not there."""
import struct

ILLEGAL, LEGAL, LEFT_OUT, JUDGES_LEGAL, JUDGES_ILLEGAL = 0, 1, 2, 3, 4  # the last two: ours is the other


def legal16(w):
    """Quadrants 0 to 2 of RV64DC."""
    quadrant, funct3 = w & 3, w >> 13
    rd, rs2, rdc = w >> 7 & 31, w >> 2 & 31, w >> 7 & 7
    if quadrant == 0:
        if funct3 == 0:
            return w >> 5 & 0xFF != 0  # c.addi4spn with no immediate is reserved; 0 is illegal
        return funct3 != 4
    if quadrant == 1:
        if funct3 == 1:
            return rd != 0  # c.addiw
        if funct3 == 3:
            return (w >> 12 & 1, rs2) != (0, 0)  # c.lui, c.addi16sp of 0
        if funct3 == 4 and w >> 10 & 3 == 3:
            return not w >> 12 & 1 or w >> 5 & 3 < 2  # c.subw, c.addw; two are reserved
        return True
    if funct3 in (2, 3):
        return rd != 0  # c.lwsp, c.ldsp
    if funct3 == 4 and rs2 == 0 and rd == 0:
        return bool(w >> 12 & 1)  # c.jr x0 is reserved; c.ebreak
    return True


# Jumps to themselves: c.j and c.bnez by 0.
ENDLESS = {0xA001, *(0xE001 | r << 7 for r in range(8))}


def op_imm(f3, f7, rs2, word):
    f6 = f7 >> 1
    if f3 == 1 and not word:
        return f6 in (0, 0b001010, 0b010010, 0b011010) or (f7 == 0b0110000 and rs2 in (0, 1, 2, 4, 5))
    if f3 == 5 and not word:
        return f6 in (0, 0b010000, 0b011000, 0b010010) or (f7 << 5 | rs2) in (0b001010000111, 0b011010111000, 0b011010000111)
    if f3 == 1:
        return f7 == 0 or f6 == 0b000010 or (f7 == 0b0110000 and rs2 in (0, 1, 2))
    if f3 == 5:
        return f7 in (0, 0b0100000, 0b0110000)
    return not word or f3 == 0


OP = {0: range(8), 0b0100000: (0, 4, 5, 6, 7), 1: range(8), 0b0010000: (2, 4, 6), 0b0000101: range(1, 8), 0b0110000: (1, 5), 0b0100100: (1, 5), 0b0110100: (1,),
      0b0010100: (1, 2, 4), 0b0000100: (4, 7), 0b0000111: (5, 7)}
OP_32 = {0: (0, 1, 5), 0b0100000: (0, 5), 1: (0, 4, 5, 6, 7), 0b0010000: (2, 4, 6), 0b0110000: (1, 5), 0b0000100: (0, 4)}


def op_fp(f3, f7, rs2):
    kind, fmt = f7 >> 2, f7 & 3
    if fmt == 3:
        return False
    rounds = f3 not in (5, 6)
    if kind in (0, 1, 2, 3):
        return rounds
    if kind == 0b01011:
        return rounds and rs2 == 0
    if kind == 0b00100:
        return f3 < 3
    if kind == 0b00101:
        return f3 < 2
    if kind == 0b10100:
        return f3 < 3
    if kind in (0b11000, 0b11010):
        return rounds and rs2 < 4
    if kind == 0b11100:
        return rs2 == 0 and f3 < 2
    if kind == 0b11110:
        return rs2 == 0 and f3 == 0
    if kind == 0b01000:
        return rounds and rs2 < 3 and rs2 != fmt
    return False


AMOS = (0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28)
SYSTEM_0 = {0: "ecall", 1: "ebreak", 0x102: "sret", 0x105: "wfi", 0x302: "mret", 0x180: "sfence.w.inval", 0x181: "sfence.inval.ir", 0x00D: "wrs.nto", 0x01D: "wrs.sto"}


def verdict32(w):
    opcode, rd, f3, rs1, rs2, f7 = w >> 2 & 31, w >> 7 & 31, w >> 12 & 7, w >> 15 & 31, w >> 20 & 31, w >> 25
    i = w >> 20
    if opcode == 0b00000:
        return f3 < 7
    if opcode in (0b00001, 0b01001):
        return f3 in (1, 2, 3)
    if opcode == 0b00011:
        if f3 == 2:
            if rd != 0 or i not in (0, 1, 2, 4):
                return ILLEGAL
            return JUDGES_ILLEGAL  # Zicbom and Zicboz
        return f3 < 2
    if opcode == 0b00100:
        return op_imm(f3, f7, rs2, False)
    if opcode == 0b00110:
        return op_imm(f3, f7, rs2, True)
    if opcode in (0b00101, 0b01101):
        return True
    if opcode == 0b01000:
        return f3 < 4
    if opcode == 0b01011:
        return f3 in (2, 3) and f7 >> 2 in AMOS and (f7 >> 2 != 2 or rs2 == 0)
    if opcode == 0b01100:
        if f7 == 0b0000111 and f3 in OP[f7]:
            return JUDGES_ILLEGAL  # Zicond
        return f3 in OP.get(f7, ())
    if opcode == 0b01110:
        return f3 in OP_32.get(f7, ()) or (f7 >> 1 == 0b000010 and f3 == 0 and f7 & 1 == 0)
    if opcode in (0b10000, 0b10001, 0b10010, 0b10011):
        return f7 & 3 != 3 and f3 not in (5, 6)
    if opcode == 0b10100:
        return op_fp(f3, f7, rs2)
    if opcode == 0b11000:
        return f3 not in (2, 3)
    if opcode == 0b11001:
        return f3 == 0
    if opcode == 0b11011:
        return True
    if opcode == 0b11100:
        if f3 != 0:
            return ILLEGAL if f3 == 4 else LEFT_OUT  # Zicsr has programs of its own
        if f7 in (0b0001001, 0b0001011):
            return rd == 0  # sfence.vma, sinval.vma
        if rd or rs1 or i not in SYSTEM_0:
            return ILLEGAL
        if SYSTEM_0[i] in ("mret", "sret", "wfi"):
            return LEFT_OUT  # they would go on elsewhere, or not
        return JUDGES_ILLEGAL if SYSTEM_0[i].startswith("wrs") else LEGAL
    return ILLEGAL


TARGETS = {0b11000: 0x00000063 | 4 << 7, 0b11011: 0x0040006F}  # branches and jal: to the next instruction


def fields(opcode, f3):
    """The (funct7, rs2, rd, rs1) that are tried: all where they select, some where they are operands."""
    f7s, rs2s, others = (0, 1, 0b0100000, 127), (0, 11), [(10, 12)]
    if opcode in (0b01100, 0b01110, 0b10000, 0b10001, 0b10010, 0b10011):
        f7s = range(128)
    if opcode in (0b00100, 0b00110) and f3 in (1, 5) or opcode == 0b10100:
        f7s, rs2s = range(128), range(32)
    if opcode == 0b01011:
        f7s, rs2s = range(0, 128, 4), (0, 1, 11, 31)
    if opcode == 0b00011 and f3 == 2:
        f7s, rs2s, others = range(128), range(32), [(0, 12), (1, 12)]
    if opcode == 0b11100 and f3 == 0:
        f7s, rs2s, others = range(128), range(32), [(0, 0), (10, 0), (0, 12)]
    if opcode == 0b11100 and f3 == 4:
        f7s = range(128)
    for f7 in f7s:
        # Of OP-FP, rs2 selects in what has one operand.
        some = opcode == 0b10100 and f7 >> 2 in (0, 1, 2, 3, 4, 5, 0b10100)
        for rs2 in (0, 11) if some else rs2s:
            for rd, rs1 in others:
                yield f7, rs2, rd, rs1


def words32():
    for opcode in range(32):
        for f3 in range(8):
            if opcode in TARGETS:
                yield from {TARGETS[opcode] | (f3 << 12 | 10 << 15 | r if opcode == 0b11000 else 10 << 7) for r in (0, 10 << 20, 11 << 20)}
                continue
            for f7, rs2, rd, rs1 in fields(opcode, f3):
                yield f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opcode << 2 | 3


def write(folder):
    (folder / "opcodes_16.bin").write_bytes(bytes(LEFT_OUT if w & 3 == 3 or w in ENDLESS else legal16(w) for w in range(65536)))
    words = [(w, int(verdict32(w))) for w in words32()]
    # Longer instructions than 32 bits, and the two words that are illegal by definition.
    words += [(w, ILLEGAL) for w in (0xFFFFFFFF, 0x0000001F, 0x0000003F, 0x0000005F, 0x0000007F, 0x0000107F, 0x0000707F)]
    words = [w for w in words if w[1] != LEFT_OUT]
    (folder / "opcodes_32.bin").write_bytes(b"".join(struct.pack("<II", *w) for w in words))
