#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the conformance guests that go through all instruction rows: generate.py FOLDER

    operands_{integers,floats,memory,compressed}.S   each row with aliases of registers, edges of operands and immediates
    opcodes_{16,32}.bin                              words, and which of them are legal (opcodes.py)

The rows are asked for their names only, so that none is forgotten. Encodings come from the GNU assembler, results from
integers.py and floats.py, legality from opcodes.py: nothing of what is tested has a say. QEMU judges all of it.
"""
import pathlib
import random
import re
import sys

import floats
import integers
import opcodes
from integers import ATOMIC, BINARY, EDGES, IMMEDIATE, M64, UNARY, s32

HERE = pathlib.Path(__file__).resolve().parent
ROWS = HERE.parents[3] / "isa/riscv/instruction_rows.inc"

# Rows whose behaviour has programs written by hand.
BY_HAND = {
    "fence": "code.c", "fence_tso": "code.c", "pause": "ours.c", "fence_i": "code.c", "ecall": "traps.c", "ebreak": "traps.c",
    "csrrw": "csrs.c", "csrrs": "csrs.c", "csrrc": "csrs.c", "csrrwi": "csrs.c", "csrrsi": "csrs.c", "csrrci": "csrs.c",
    "mret": "traps.c", "sret": "traps.c", "wfi": "interrupts.c", "sfence_vma": "csrs.c", "sinval_vma": "csrs.c", "sfence_w_inval": "csrs.c",
    "sfence_inval_ir": "csrs.c", "wrs_nto": "ours.c", "wrs_sto": "ours.c", "cbo_inval": "ours.c", "cbo_clean": "ours.c", "cbo_flush": "ours.c",
    "cbo_zero": "ours.c", "prefetch_i": "ours.c", "prefetch_r": "ours.c", "prefetch_w": "ours.c", "lr_w": "atomics.c", "lr_d": "atomics.c",
    "sc_w": "atomics.c", "sc_d": "atomics.c", "c_ebreak": "traps.c",
    "czero_eqz": "operands_zicond.S", "czero_nez": "operands_zicond.S",
}
# Found wrong on QEMU 7.2, which is not asked: ctzw of a word that is 0 counts on in the upper half.
JUDGE_IS_WRONG = {("ctzw", 1 << 63)}
REGISTERS = "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6".split()
NUMBER = {name: i for i, name in enumerate(REGISTERS)}
ARCH = "rv64imafdc_zicsr_zifencei_zfh_zba_zbb_zbc_zbs_zbkb_zbkc_zbkx"


class Program:
    """Snippets and their cases, as assembly."""

    def __init__(self):
        self.code, self.data, self.table, self.covered, self.count = [], [], [], set(), 0

    def snippet(self, rows, text, registers, out, cases, kind=0, compressed=False):
        """rows: those that it tests. cases: (in 0, in 1, in 2, out, more); out may be an expression with HERE."""
        n = self.count
        self.count += 1
        self.covered |= {rows} if isinstance(rows, str) else set(rows)
        option = "rvc" if compressed else "norvc"
        self.code += [f".balign 4\n.option push\n.option {option}\ns{n}: {text}\n.option pop\ne{n}: .word 0x00100073"]
        self.data.append(f"c{n}:")
        for case in cases:
            self.data.append(".dword " + ", ".join(x.replace("HERE", f"s{n}") if isinstance(x, str) else hex(x & M64) for x in case))
        regs = [NUMBER[r] for r in registers] + [0] * (3 - len(registers))
        title = text.replace("\n", "; ").replace('"', "'")
        self.table.append(f'.dword s{n}, e{n}, c{n}, {len(cases)}\n.byte {regs[0]}, {regs[1]}, {regs[2]}, {NUMBER[out]}, {kind}, 0, 0, 0\n.dword t{n}')
        self.data.append(f't{n}: .asciz "{title}"\n.balign 8')

    def text(self, judge=None):
        return "\n".join(["# Written by generate.py.", *([f"# judge: none, {judge}"] if judge else []), f'.attribute arch, "{ARCH}"', ".text", *self.code, ".section .rodata", ".balign 8", *self.data, ".balign 8",
                          ".globl snippets, snippets_end", "snippets:", *self.table, "snippets_end:", ""])


def mnemonic(row):
    return row.rstrip("_").replace("_", ".")


def pairs(count, seed):
    """Pairs of edges: each edge on each side, and some by chance."""
    chance = random.Random(seed)
    return [(a, chance.choice(EDGES)) for a in EDGES[:count]] + [(chance.choice(EDGES), b) for b in EDGES[:count]]


ALIASES = [("a0", "a1", "a2"), ("a0", "a0", "a1"), ("a0", "a1", "a0"), ("a0", "a0", "a0"), ("a0", "a1", "a1"), ("zero", "a1", "a2"), ("a0", "zero", "a1"),
           ("a0", "a1", "zero"), ("t6", "t5", "t4"), ("ra", "sp", "gp"), ("t1", "s1", "s11"), ("sp", "ra", "t6")]


def binary(p, row, alias_count=len(ALIASES)):
    name = mnemonic(row)
    for k, (d, s, t) in enumerate(ALIASES[:alias_count]):
        cases = []
        for a, b in pairs(len(EDGES) if k == 0 else 5, f"{name}{k}"):
            if s == t:
                b = a
            x, y = (0 if s == "zero" else a), (0 if t == "zero" else b)
            cases.append((a, b, 0, BINARY[name](x, y), 0))
        # The assembler of Debian 12 does not know Zicond.
        text = f".insn r 0x33, {5 if name == 'czero.eqz' else 7}, 7, {d}, {s}, {t}" if name.startswith("czero") else f"{name} {d}, {s}, {t}"
        p.snippet(row, text, [s, t] if s != t else [s], d, cases)


def unary(p, row):
    name = mnemonic(row)
    for d, s in (("a0", "a1"), ("a0", "a0"), ("zero", "a1"), ("a0", "zero"), ("t6", "t5"), ("ra", "sp")):
        p.snippet(row, f"{name} {d}, {s}", [s], d, [(a, 0, 0, UNARY[name](0 if s == "zero" else a), (name, a) in JUDGE_IS_WRONG) for a in EDGES])


def immediate(p, row):
    name = mnemonic(row)
    shift = re.match(r"(sll|srl|sra|ror|bclr|bext|binv|bset)", name)
    top = 31 if name.endswith("w") and shift else 63
    values = [0, 1, 2, 4, 8, 16, top - 1, top] + ([32] if top == 63 else []) if shift else [0, 1, -1, 2047, -2048, 5, 0x2AA, -0x2AB]
    for i, value in enumerate(values):
        for d, s in (("a0", "a1"), ("a0", "a0")) if i else (("a0", "a1"), ("a0", "a0"), ("zero", "a1"), ("a0", "zero"), ("t6", "t5")):
            p.snippet(row, f"{name} {d}, {s}, {value}", [s], d,
                      [(a, 0, 0, IMMEDIATE[name](0 if s == "zero" else a, value & M64), 0) for a in EDGES[::1 if i < 2 else 3]])


def upper(p):
    for value in (0, 1, 0x7FFFF, 0x80000, 0xFFFFF, 0x12345):
        for d in ("a0", "t6", "zero"):
            p.snippet("lui", f"lui {d}, {value}", [], d, [(0, 0, 0, s32(value << 12), 0)])
            p.snippet("auipc", f"auipc {d}, {value}", [], d, [(0, 0, 0, f"HERE + {s32(value << 12)}", 0)])


BRANCHES = {"beq": lambda a, b: a == b, "bne": lambda a, b: a != b, "bltu": lambda a, b: a < b, "bgeu": lambda a, b: a >= b,
            "blt": lambda a, b: integers.s64(a) < integers.s64(b), "bge": lambda a, b: integers.s64(a) >= integers.s64(b)}


def control(p):
    p.snippet("jal", "jal a0, 1f\nli a0, 9\n1:", [], "a0", [(0, 0, 0, "HERE + 4", 0)])
    p.snippet("jal", "j 2f\n1: j 3f\n2: jal ra, 1b\nnop\n3:", [], "ra", [(0, 0, 0, "HERE + 12", 0)])
    p.snippet("jalr", "auipc a0, 0\njalr a0, 13(a0)\nli a0, 9", [], "a0", [(0, 0, 0, "HERE + 8", 0)])
    p.snippet("jalr", "auipc a0, 0\njalr zero, 12(a0)\nli a0, 9\n", [], "a0", [(0, 0, 0, "HERE", 0)])
    for name, taken in BRANCHES.items():
        cases = [(a, b, 1, 1 if taken(a, b) else 7, 0) for a, b in pairs(len(EDGES), name) + [(e, e) for e in EDGES]]
        p.snippet(name, f"{name} a1, a2, 1f\nli a0, 7\n1:", ["a1", "a2", "a0"], "a0", cases)
        p.snippet(name, f"{name} a1, a1, 1f\nli a0, 7\n1:", ["a1", "a2", "a0"], "a0", [(5, 0, 1, 1 if taken(5, 5) else 7, 0)])
        p.snippet(name, f"{name} zero, a2, 1f\nli a0, 7\n1:", ["a1", "a2", "a0"], "a0", [(5, b, 1, 1 if taken(0, b) else 7, 0) for b in EDGES])
        p.snippet(name, f"j 3f\n1: j 4f\n3: {name} a1, a2, 1b\nli a0, 7\n4:", ["a1", "a2", "a0"], "a0", cases[:8])


# --- Memory
LOADS = {"lb": (1, True), "lh": (2, True), "lw": (4, True), "ld": (8, True), "lbu": (1, False), "lhu": (2, False), "lwu": (4, False)}
STORES = {"sb": 1, "sh": 2, "sw": 4, "sd": 8}
FLOAT_WIDTH = {"h": 2, "w": 4, "d": 8}
CONTENTS = [0x8182838485868788, 0x7172737475767778, M64, 0]


def loaded(contents, size, signed):
    value = contents & (1 << 8 * size) - 1
    return integers.sign(value, 8 * size) if signed else value


def stored(contents, value, size):
    mask = (1 << 8 * size) - 1
    return contents & ~mask | value & mask


def boxed(value, size):
    return value | (M64 & ~((1 << 8 * size) - 1))


def loads_and_stores(p):
    for displacement in (0, 2047, -2048, 8, -8):
        for name, (size, signed) in LOADS.items():
            for d, s in (("a2", "a0"), ("a0", "a0"), ("zero", "a0"), ("t6", "sp")):
                p.snippet(name, f"{name} {d}, {displacement}({s})", [s, "a1"], d, [(m, 0, displacement, loaded(m, size, signed), m) for m in CONTENTS], 2)
        for name, size in STORES.items():
            for t, s in (("a1", "a0"), ("t6", "sp")):
                p.snippet(name, f"{name} {t}, {displacement}({s})", [s, t], "zero", [(m, 0x1122334455667788, displacement, 0, stored(m, 0x1122334455667788, size)) for m in CONTENTS], 2)
            p.snippet(name, f"{name} zero, {displacement}(a0)", ["a0", "a1"], "zero", [(m, 0, displacement, 0, stored(m, 0, size)) for m in CONTENTS], 2)
        for letter, size in FLOAT_WIDTH.items():
            p.snippet(f"fl{letter}", f"fl{letter} f31, {displacement}(a0)\nfmv.x.d a2, f31", ["a0", "a1"], "a2",
                      [(m, 0, displacement, boxed(loaded(m, size, False), size), m) for m in CONTENTS], 2)
            p.snippet(f"fs{letter}", f"fmv.d.x f1, a1\nfs{letter} f1, {displacement}(a0)", ["a0", "a1"], "zero",
                      [(m, 0x1122334455667788, displacement, 0, stored(m, 0x1122334455667788, size)) for m in CONTENTS], 2)


def atomics(p):
    for base, function in ATOMIC.items():
        for unsigned in ("", "u") if base in ("amomin", "amomax") else ("",):
            for suffix, width in (("w", 4), ("d", 8)):
                row, name = f"{base}{unsigned}_{suffix}", f"{base}{unsigned}.{suffix}"
                def operand(x):
                    return x & (1 << 8 * width) - 1 if unsigned else integers.sign(x, 8 * width)
                cases = []
                for old, value in pairs(len(EDGES), name):
                    after = stored(old, function(operand(old), operand(value)), width)
                    cases.append((old, value, 0, integers.sign(old, 8 * width), after))
                for order in ("", ".aq", ".rl", ".aqrl"):
                    p.snippet(row, f"{name}{order} a2, a1, (a0)", ["a0", "a1"], "a2", cases if not order else cases[::7], 2)
                p.snippet(row, f"{name} a1, a1, (a0)", ["a0", "a1"], "a1", cases[::3], 2)
                p.snippet(row, f"{name} a0, a1, (a0)", ["a0", "a1"], "a0", cases[::3], 2)
                p.snippet(row, f"{name} zero, a1, (a0)", ["a0", "a1"], "zero", cases[::3], 2)


# --- Floating point: a0, a1, a2 go to f28, f19, f14; a3 to fcsr; the result comes from f25 to a0, the flags to a1.
MODES = ["rne", "rtz", "rdn", "rup", "rmm"]
TAKE = "csrw fcsr, a3\nfmv.d.x f28, a0\nfmv.d.x f19, a1\nfmv.d.x f14, a2\n"
GIVE = "\nfmv.x.d a0, f25\ncsrr a1, fflags"
MOVE = ", rne\nfmv.d f25, f28"
GIVE_X = "\ncsrr a1, fflags"


def float_snippets(p, row, text, operation, operands, rounds, result_in_x):
    """operation(in 0, in 1, in 2, mode) -> (64 bits, flags)."""
    give = GIVE_X if result_in_x else GIVE

    def cases(these, frm_of, mode_of):
        listed = []
        for i, (a, b, c) in enumerate(these):
            out, flags = operation(a, b, c, mode_of(i))
            accrued = i % 3 and 1 << i % 5  # flags that stand already stay
            listed.append((a, b, c, out, flags | accrued | (frm_of(i) << 5 | accrued) << 8))
        return listed
    if not rounds:
        return p.snippet(row, TAKE + text + give, ["a0", "a1", "a2"], "a0", cases(operands, lambda i: i % 8, lambda i: 0), 1)
    p.snippet(row, TAKE + text + ", dyn" + give, ["a0", "a1", "a2"], "a0", cases(operands, lambda i: i % 5, lambda i: i % 5), 1)
    for m, mode in enumerate(MODES):
        p.snippet(row, TAKE + text + f", {mode}" + give, ["a0", "a1", "a2"], "a0", cases(operands[m::6], lambda i: i % 8, lambda i, m=m: m), 1)


def float_operands(f, count, arity):
    """Raw register contents: boxed edges, some not boxed."""
    chance, values = random.Random(f"{f.letter}{arity}"), floats.edges(f)
    listed = []
    for i in range(count):
        operands = [values[i % len(values)] if k == i // len(values) % arity else chance.choice(values + [chance.getrandbits(f.width)]) for k in range(arity)]
        raw = [f.boxed(x) if f.width < 64 else x for x in operands] + [0] * (3 - arity)
        if f.width < 64 and i % 9 == 8:
            raw[i % arity] &= ~(1 << chance.randrange(f.width, 64))
        listed.append(tuple(raw))
    return listed


def float_format(p, f):
    letter, two, one, three = f.letter, float_operands(f, 100, 2), float_operands(f, 88, 1), float_operands(f, 160, 3)

    def opened(function, arity):
        def operation(a, b, c, mode):
            bits, flags = function(f, *[f.unboxed(x) for x in (a, b, c)[:arity]], mode)
            return f.boxed(bits) if f.width < 64 else bits, flags
        return operation
    for name, function in (("fadd", floats.add), ("fsub", floats.sub), ("fmul", floats.mul), ("fdiv", floats.div)):
        float_snippets(p, f"{name}_{letter}", f"{name}.{letter} f25, f28, f19", opened(function, 2), two, True, False)
    float_snippets(p, f"fsqrt_{letter}", f"fsqrt.{letter} f25, f28", opened(floats.sqrt, 1), one, True, False)

    def negated(x, yes):
        return x ^ f.sign if yes and not f.is_nan(x) else x
    for name, product, addend in (("fmadd", 0, 0), ("fmsub", 0, 1), ("fnmsub", 1, 0), ("fnmadd", 1, 1)):
        float_snippets(p, f"{name}_{letter}", f"{name}.{letter} f25, f28, f19, f14",
                       opened(lambda f, a, b, c, mode, x=product, y=addend: floats.fma(f, negated(a, x), b, negated(c, y), mode), 3), three, True, False)
    # The destination is a source.
    float_snippets(p, f"fsub_{letter}", f"fsub.{letter} f28, f28, f19" + MOVE, opened(floats.sub, 2), two[::4], False, False)
    float_snippets(p, f"fsub_{letter}", f"fsub.{letter} f19, f28, f19" + MOVE.replace("f28", "f19"), opened(floats.sub, 2), two[1::4], False, False)
    float_snippets(p, f"fmsub_{letter}", f"fmsub.{letter} f14, f28, f19, f14" + MOVE.replace("f28", "f14"),
                   opened(lambda f, a, b, c, mode: floats.fma(f, a, b, negated(c, 1), mode), 3), three[::4], False, False)
    for name in ("fsgnj", "fsgnjn", "fsgnjx"):
        float_snippets(p, f"{name}_{letter}", f"{name}.{letter} f25, f28, f19", opened(lambda f, a, b, mode, n=name: (floats.sign_injected(f, n, a, b), 0), 2), two[::2], False, False)
    for name in ("fmin", "fmax"):
        float_snippets(p, f"{name}_{letter}", f"{name}.{letter} f25, f28, f19", opened(lambda f, a, b, mode, n=name: floats.minimum(f, a, b, n == "fmax"), 2), two, False, False)
        zeros = [(z, y, 0) for z in (0, f.sign) for y in (0, f.sign)]
        float_snippets(p, f"{name}_{letter}", f"{name}.{letter} f25, f28, f19", opened(lambda f, a, b, mode, n=name: floats.minimum(f, a, b, n == "fmax"), 2),
                       [tuple(f.boxed(x) if f.width < 64 else x for x in z) for z in zeros], False, False)
    for name in ("feq", "flt", "fle"):
        both = two + [(a, a, 0) for a, _, _ in one]
        float_snippets(p, f"{name}_{letter}", f"{name}.{letter} a0, f28, f19", lambda a, b, c, mode, n=name: floats.compare(f, n, f.unboxed(a), f.unboxed(b)), both, False, True)
    float_snippets(p, f"fclass_{letter}", f"fclass.{letter} a0, f28", lambda a, b, c, mode: (floats.classify(f, f.unboxed(a)), 0), one, False, True)
    ints = [(x, 0, 0) for x in EDGES + [(1 << 53) + 1, (1 << 24) + 1, 0xFFFFFF7FFFFFFF, 0x3FFFFFFFFFFFFF, 2049, 65519, 65520, M64 - 2048]]
    for kind in floats.INTEGERS:
        float_snippets(p, f"fcvt_{kind}_{letter}", f"fcvt.{kind}.{letter} a0, f28", lambda a, b, c, mode, k=kind: floats.to_int(f, k, f.unboxed(a), mode),
                       one + near_limits(f), True, True)

        def from_int(a, b, c, mode, k=kind):
            bits, flags = floats.from_int(f, k, a, mode)
            return f.boxed(bits) if f.width < 64 else bits, flags
        # The assembler takes no rounding mode where none can matter.
        exact = letter == "d" and kind in ("w", "wu")
        float_snippets(p, f"fcvt_{letter}_{kind}", f"fcvt.{letter}.{kind} f25, a0", from_int, ints, not exact, False)
    word = {"h": "h", "s": "w", "d": "d"}[letter]
    float_snippets(p, f"fmv_x_{word}", f"fmv.x.{word} a0, f28", lambda a, b, c, mode: (integers.sign(a, f.width) & M64, 0), one, False, True)
    float_snippets(p, f"fmv_{word}_x", f"fmv.{word}.x f25, a0", lambda a, b, c, mode: (f.boxed(a & (1 << f.width) - 1) if f.width < 64 else a, 0), ints, False, False)


def near_limits(f):
    """Halves around 0, and what is near the limits of the integer kinds."""
    from fractions import Fraction
    wanted = [Fraction(n, 4) for n in (1, 2, 3, 5, 6, 7, 10, -1, -2, -3, -5, -6, -10)]
    wanted += [Fraction(2) ** e + d for e in (31, 32, 63, 64) for d in (-1, Fraction(-1, 2), 0, Fraction(1, 2), 1)]
    wanted += [-x for x in wanted[13:]]
    return [(f.boxed(b) if f.width < 64 else b, 0, 0) for b in (floats.rounded(f, x, 0)[0] for x in wanted)]


def float_conversions(p):
    for to in floats.FORMATS.values():
        for source in floats.FORMATS.values():
            if to is source:
                continue
            widens = to.width > source.width

            def operation(a, b, c, mode, to=to, source=source):
                bits, flags = floats.convert(to, source, source.unboxed(a), mode)
                return to.boxed(bits) if to.width < 64 else bits, flags
            operands = float_operands(source, 88, 1)
            if not widens:  # values around the ends of the narrower format
                operands += [(source.boxed(x) if source.width < 64 else x, 0, 0) for x in around(to, source)]
            float_snippets(p, f"fcvt_{to.letter}_{source.letter}", f"fcvt.{to.letter}.{source.letter} f25, f28", operation, operands, not widens, False)


def around(narrow, wide):
    listed = []
    for bits in floats.edges(narrow):
        if narrow.is_nan(bits) or narrow.is_infinite(bits):
            continue
        exact = floats.convert(wide, narrow, bits, 0)[0]
        half = 1 << wide.precision - narrow.precision - 1
        listed += [exact, exact + half, exact + half - 1, exact + half + 1]
    return listed


# --- Compressed
def compressed(p):
    c = dict(compressed=True)
    sample = EDGES[::3]

    def one(row, text, source, out, function):
        p.snippet(row, text, [source], out, [(a, 0, 0, function(a), 0) for a in sample], **c)

    def two(row, text, d, t, function):
        p.snippet(row, text, [d, t], d, [(a, b, 0, function(a, b), 0) for a, b in pairs(11, row)], **c)
    for value in (4, 8, 64, 512, 1020):
        one("c_addi4spn", f"c.addi4spn s0, sp, {value}", "sp", "s0", lambda a, v=value: a + v)
        one("c_addi4spn", f"c.addi4spn a5, sp, {value}", "sp", "a5", lambda a, v=value: a + v)
    for value in (16, -16, 32, 64, 128, 256, 496, -512):
        one("c_addi16sp", f"c.addi16sp sp, {value}", "sp", "sp", lambda a, v=value: a + v)
    for value in (1, -1, 31, -32, 21):
        one("c_addi", f"c.addi t6, {value}", "t6", "t6", lambda a, v=value: a + v)
        one("c_addiw", f"c.addiw t6, {value}", "t6", "t6", lambda a, v=value: s32(a + v))
        one("c_li", f"c.li a0, {value}", "a1", "a0", lambda a, v=value: v)
        one("c_andi", f"c.andi a5, {value}", "a5", "a5", lambda a, v=value: a & v)
        one("c_lui", f"c.lui t6, {value & 0xfffff}", "a1", "t6", lambda a, v=value: s32(v << 12))
    one("c_addiw", "c.addiw a0, 0", "a0", "a0", s32)
    for hint in ("c.nop 5", "c.addi a1, 0", "c.li zero, 3", "c.lui zero, 3", "c.slli zero, 3", "c.mv zero, a1", "c.add zero, a1", ".hword 0x1002", ".hword 0x0082", ".hword 0x8001 + 0x200"):
        p.snippet("c_nop", hint, ["a1"], "zero", [(5, 0, 0, 0, 0)], **c)  # hints do nothing
    p.snippet("c_nop", "c.nop", [], "zero", [(0, 0, 0, 0, 0)], **c)
    for value in (1, 31, 32, 63):
        one("c_slli", f"c.slli t6, {value}", "t6", "t6", lambda a, v=value: a << v)
        one("c_srli", f"c.srli s1, {value}", "s1", "s1", lambda a, v=value: a >> v)
        one("c_srai", f"c.srai a5, {value}", "a5", "a5", lambda a, v=value: integers.s64(a) >> v)
    for row in ("sub", "xor", "or", "and", "subw", "addw"):
        two(f"c_{row}", f"c.{row} s0, a5", "s0", "a5", BINARY[row])
        two(f"c_{row}", f"c.{row} a5, s0", "a5", "s0", BINARY[row])
    two("c_add", "c.add t6, ra", "t6", "ra", BINARY["add"])
    two("c_add", "c.add a0, t5", "a0", "t5", BINARY["add"])
    two("c_mv", "c.mv t6, ra", "t6", "ra", lambda a, b: b)
    two("c_mv", "c.mv a0, t5", "a0", "t5", lambda a, b: b)
    p.snippet("c_j", "c.j 1f\nc.li a0, 7\n1:", ["a0"], "a0", [(1, 0, 0, 1, 0)], **c)
    p.snippet("c_j", "c.j 2f\n1: c.j 3f\n2: c.j 1b\n3:", ["a0"], "a0", [(1, 0, 0, 1, 0)], **c)
    p.snippet("c_j", "c.j 2f\n1: c.j 3f\n.space 1000\n2: c.j 1b\n.space 1000\n3: c.nop", ["a0"], "a0", [(1, 0, 0, 1, 0)], **c)
    for s in ("s0", "a5"):
        for row, zero in (("c_beqz", True), ("c_bnez", False)):
            name = row.replace("_", ".")
            cases = [(a, 1, 0, 1 if (a == 0) == zero else 7, 0) for a in EDGES]
            p.snippet(row, f"{name} {s}, 1f\nc.li a0, 7\n1:", [s, "a0"], "a0", cases, **c)
            p.snippet(row, f"c.j 2f\n1: c.j 3f\n.space 240\n2: {name} {s}, 1b\nc.li a0, 7\n3:", [s, "a0"], "a0", cases[:4], **c)
    p.snippet("c_jr", "auipc a0, 0\nc.addi a0, 12\nc.jr a0\nc.li a0, 7\n.balign 4", [], "a0", [(0, 0, 0, "HERE + 12", 0)], **c)
    p.snippet("c_jalr", "auipc ra, 0\nc.addi ra, 12\nc.jalr ra\nc.li a0, 7\n.balign 4", [], "ra", [(0, 0, 0, "HERE + 8", 0)], **c)
    for name, size, row in (("c.lw", 4, "c_lw"), ("c.ld", 8, "c_ld")):
        for displacement in [0, size, 64, (31 * size)]:
            for d, s in (("a5", "s0"), ("s0", "s0"), ("s1", "a5")):
                p.snippet(row, f"{name} {d}, {displacement}({s})", [s, "ra"], d, [(m, 0, displacement, loaded(m, size, True), m) for m in CONTENTS], 2, True)
        for displacement in [0, size, 128, 63 * size]:
            for d in ("a0", "t6", "sp"):
                p.snippet(row + "sp", f"{name}sp {d}, {displacement}(sp)", ["sp", "ra"], d, [(m, 0, displacement, loaded(m, size, True), m) for m in CONTENTS], 2, True)
    for name, size, row in (("c.sw", 4, "c_sw"), ("c.sd", 8, "c_sd")):
        for displacement in [0, size, 64, 31 * size]:
            p.snippet(row, f"{name} a5, {displacement}(s0)", ["s0", "a5"], "zero", [(m, 0x1122334455667788, displacement, 0, stored(m, 0x1122334455667788, size)) for m in CONTENTS], 2, True)
        for displacement in [0, size, 128, 63 * size]:
            p.snippet(row + "sp", f"{name}sp t6, {displacement}(sp)", ["sp", "t6"], "zero", [(m, 0x1122334455667788, displacement, 0, stored(m, 0x1122334455667788, size)) for m in CONTENTS], 2, True)
    for displacement in (0, 8, 64, 248):
        p.snippet("c_fld", f"c.fld fa5, {displacement}(s0)\nfmv.x.d a0, fa5", ["s0", "ra"], "a0", [(m, 0, displacement, m, m) for m in CONTENTS], 2, True)
        p.snippet("c_fldsp", f"c.fldsp f31, {displacement * 2 + 8}(sp)\nfmv.x.d a0, f31", ["sp", "ra"], "a0", [(m, 0, displacement * 2 + 8, m, m) for m in CONTENTS], 2, True)
        p.snippet("c_fsd", f"fmv.d.x fs0, a1\nc.fsd fs0, {displacement}(a5)", ["a5", "a1"], "zero", [(m, 77, displacement, 0, 77) for m in CONTENTS], 2, True)
        p.snippet("c_fsdsp", f"fmv.d.x f31, a1\nc.fsdsp f31, {displacement * 2 + 8}(sp)", ["sp", "a1"], "zero", [(m, 77, displacement * 2 + 8, 0, 77) for m in CONTENTS], 2, True)


def rows_of():
    return re.findall(r"^INSN(?:_C|_AS)?\((\w+),", ROWS.read_text(), re.M)


def main():
    folder = pathlib.Path(sys.argv[1])
    programs = {name: Program() for name in ("integers", "floats", "memory", "compressed")}
    for row in rows_of():
        name = mnemonic(row)
        if row in BY_HAND:
            continue
        if name in BINARY:
            binary(programs["integers"], row)
        elif name in UNARY:
            unary(programs["integers"], row)
        elif name in IMMEDIATE:
            immediate(programs["integers"], row)
    upper(programs["integers"])
    control(programs["integers"])
    loads_and_stores(programs["memory"])
    atomics(programs["memory"])
    for f in floats.FORMATS.values():
        float_format(programs["floats"], f)
    float_conversions(programs["floats"])
    compressed(programs["compressed"])
    zicond = programs["zicond"] = Program()
    for row in ("czero_eqz", "czero_nez"):
        binary(zicond, row)
    covered = set(BY_HAND).union(*(p.covered for p in programs.values()))
    if missing := [row for row in rows_of() if row not in covered]:
        print("rows without a test:", *missing)
        return 1
    for name, program in programs.items():
        (folder / f"operands_{name}.S").write_text(program.text("QEMU 7.2 has no Zicond" if name == "zicond" else None))
    opcodes.write(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
