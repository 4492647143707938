# SPDX-License-Identifier: MIT
"""What the integer instructions compute, from the words of the specification, and nothing from our decoder or semantics.
A function has the operands as unsigned 64-bit numbers; what it returns is cut to 64 bits."""

M64 = (1 << 64) - 1


def s64(x):
    return (x & M64) - ((x >> 63 & 1) << 64)


def u32(x):
    return x & 0xFFFFFFFF


def s32(x):
    return u32(x) - ((x >> 31 & 1) << 32)


def sign(x, bits):
    return (x & (1 << bits) - 1) - ((x >> bits - 1 & 1) << bits)


def quotient(a, b, width):
    """Rounds towards zero. a and b have the sign that they are to have."""
    if b == 0:
        return -1
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def remainder(a, b):
    return a if b == 0 else a - b * quotient(a, b, 0)


def clmul(a, b):
    """All 128 bits."""
    product = 0
    for i in range(64):
        if b >> i & 1:
            product ^= a << i
    return product


def by_bytes(x, function):
    return sum(function(x >> 8 * i & 255) << 8 * i for i in range(8))


def rotated(x, by, width):
    by %= width
    x &= (1 << width) - 1
    return (x >> by | x << width - by) & (1 << width) - 1


def leading_zeros(x, width):
    return width - (x & (1 << width) - 1).bit_length()


def trailing_zeros(x, width):
    return next((i for i in range(width) if x >> i & 1), width)


def permuted(a, b, bits):
    mask, result = (1 << bits) - 1, 0
    for i in range(0, 64, bits):
        index = (b >> i & mask) * bits
        if index < 64:
            result |= (a >> index & mask) << i
    return result


# Two registers; and what the same instruction with an immediate does.
BINARY = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b,
    "sll": lambda a, b: a << (b & 63), "srl": lambda a, b: a >> (b & 63), "sra": lambda a, b: s64(a) >> (b & 63),
    "slt": lambda a, b: s64(a) < s64(b), "sltu": lambda a, b: a < b,
    "xor": lambda a, b: a ^ b, "or": lambda a, b: a | b, "and": lambda a, b: a & b,
    "addw": lambda a, b: s32(a + b), "subw": lambda a, b: s32(a - b),
    "sllw": lambda a, b: s32(a << (b & 31)), "srlw": lambda a, b: s32(u32(a) >> (b & 31)), "sraw": lambda a, b: s32(a) >> (b & 31),
    "mul": lambda a, b: a * b, "mulh": lambda a, b: s64(a) * s64(b) >> 64, "mulhsu": lambda a, b: s64(a) * b >> 64, "mulhu": lambda a, b: a * b >> 64,
    "mulw": lambda a, b: s32(a * b),
    "div": lambda a, b: quotient(s64(a), s64(b), 64), "divu": lambda a, b: quotient(a, b, 64),
    "rem": lambda a, b: remainder(s64(a), s64(b)), "remu": remainder,
    "divw": lambda a, b: s32(quotient(s32(a), s32(b), 32)), "divuw": lambda a, b: s32(quotient(u32(a), u32(b), 32)),
    "remw": lambda a, b: s32(remainder(s32(a), s32(b))), "remuw": lambda a, b: s32(remainder(u32(a), u32(b))),
    "add.uw": lambda a, b: u32(a) + b, "sh1add": lambda a, b: (a << 1) + b, "sh2add": lambda a, b: (a << 2) + b, "sh3add": lambda a, b: (a << 3) + b,
    "sh1add.uw": lambda a, b: (u32(a) << 1) + b, "sh2add.uw": lambda a, b: (u32(a) << 2) + b, "sh3add.uw": lambda a, b: (u32(a) << 3) + b,
    "xnor": lambda a, b: ~(a ^ b), "orn": lambda a, b: a | ~b, "andn": lambda a, b: a & ~b,
    "min": lambda a, b: min(s64(a), s64(b)), "max": lambda a, b: max(s64(a), s64(b)), "minu": min, "maxu": max,
    "rol": lambda a, b: rotated(a, -(b & 63), 64), "ror": lambda a, b: rotated(a, b & 63, 64),
    "rolw": lambda a, b: s32(rotated(a, -(b & 31), 32)), "rorw": lambda a, b: s32(rotated(a, b & 31, 32)),
    "bclr": lambda a, b: a & ~(1 << (b & 63)), "bext": lambda a, b: a >> (b & 63) & 1, "binv": lambda a, b: a ^ 1 << (b & 63), "bset": lambda a, b: a | 1 << (b & 63),
    "clmul": clmul, "clmulh": lambda a, b: clmul(a, b) >> 64, "clmulr": lambda a, b: clmul(a, b) >> 63,
    "pack": lambda a, b: u32(a) | u32(b) << 32, "packh": lambda a, b: a & 255 | (b & 255) << 8, "packw": lambda a, b: s32(a & 0xFFFF | (b & 0xFFFF) << 16),
    "xperm4": lambda a, b: permuted(a, b, 4), "xperm8": lambda a, b: permuted(a, b, 8),
    "czero.eqz": lambda a, b: 0 if b == 0 else a, "czero.nez": lambda a, b: 0 if b != 0 else a,
}
UNARY = {
    "clz": lambda a: leading_zeros(a, 64), "ctz": lambda a: trailing_zeros(a, 64), "cpop": lambda a: bin(a).count("1"),
    "clzw": lambda a: leading_zeros(a, 32), "ctzw": lambda a: trailing_zeros(a, 32), "cpopw": lambda a: bin(u32(a)).count("1"),
    "sext.b": lambda a: sign(a, 8), "sext.h": lambda a: sign(a, 16), "zext.h": lambda a: a & 0xFFFF,
    "orc.b": lambda a: by_bytes(a, lambda b: 255 if b else 0), "rev8": lambda a: int.from_bytes(a.to_bytes(8, "little"), "big"),
    "brev8": lambda a: by_bytes(a, lambda b: int(f"{b:08b}"[::-1], 2)),
}
IMMEDIATE = {name + "i": BINARY[name] for name in ("add", "slt", "xor", "or", "and", "sll", "srl", "sra", "ror", "bclr", "bext", "binv", "bset")}
IMMEDIATE |= {"sltiu": BINARY["sltu"], "addiw": BINARY["addw"], "slliw": BINARY["sllw"], "srliw": BINARY["srlw"], "sraiw": BINARY["sraw"],
              "roriw": BINARY["rorw"], "slli.uw": lambda a, b: u32(a) << b}

# What an AMO leaves in memory; the old value is what rd gets. `width` 4 or 8: both operands are cut to it, and signed.
ATOMIC = {
    "amoswap": lambda old, b: b, "amoadd": lambda old, b: old + b, "amoxor": lambda old, b: old ^ b, "amoand": lambda old, b: old & b, "amoor": lambda old, b: old | b,
    "amomin": min, "amomax": max,
}

EDGES = [0, 1, 2, 0x7F, 0x80, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 0x0123456789ABCDEF, 0xFEDCBA9876543210,
         0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFF80000000, 0xFFFFFFFFFFFFFFFF, 0x5555555555555555, 31, 32, 63, 64]
