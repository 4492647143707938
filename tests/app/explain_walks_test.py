#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vitrine explain` against another page walk: 1,000 random page tables, one access to each, judged by the walker below.

  explain_walks_test.py build/vitrine [TREES [SEED]]

The image holds the tables and a guest of a few instructions. For each tree it enters S or U mode, where one instruction loads,
stores, exchanges or jumps; whatever comes of it leads back. The walker is written from the privileged specification, "Virtual
Address Translation Process", and knows the tree as it was made: not a line of it is the machine's. Where several bits of an
entry forbid the access it gives all of them, since the specification names no order; an explanation has to name one of them.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

import tiny_riscv

VITRINE = sys.argv[1] if len(sys.argv) > 1 else "build/vitrine"
TREES = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1

RAM, RAM_END = 0x8000_0000, 0x8400_0000
DATA = 0x8300_0000  # zeros up to the end of RAM: what pages show, and what is stored
CODE, HANDLER = 0x4000_0000, 0x4000_1000  # addresses in each tree
V, R, W, X, U, G, A, D = (1 << bit for bit in range(8))
N, PBMT, RESERVED = 1 << 63, 3 << 61, 0x7F << 54
POINTER_RESERVED = {A: "A", D: "D", U: "U", PBMT: "PBMT", N: "N"}
SATP, MSTATUS, MEDELEG, MTVEC, STVEC, MEPC, MENVCFG, PMPCFG0, PMPADDR0 = (
    0x180, 0x300, 0x302, 0x305, 0x105, 0x341, 0x30A, 0x3A0, 0x3B0)
SUM, MXR, ADUE, PBMTE = 1 << 18, 1 << 19, 1 << 61, 1 << 62
# Of an access: where its instruction is in the page of code, the instruction, its use.
ACCESSES = {"ld": (0x00, 0x0005_3283, "load"), "lbu": (0x10, 0x0005_4283, "load"), "lr.d": (0x20, 0x1005_32AF, "load"),
            "sd": (0x30, 0x0005_3023, "store"), "sb": (0x40, 0x0005_0023, "store"), "amoadd.d": (0x50, 0x0005_32AF, "store"),
            "jr": (0x60, 0x0005_0067, "fetch")}
CAUSES = {"load": {"page": 13, "access": 5}, "store": {"page": 15, "access": 7}, "fetch": {"page": 12, "access": 1}}
ECALL = 0x73


class Case:
    """One tree and one access to it."""

    def __init__(self, **more):
        self.__dict__.update(more)


def leads_to(entry):
    return (entry >> 10 & (1 << 44) - 1) << 12


def walk(memory, levels, root, address, use, case):
    """(entries [(level, at, value)], fault, the bits that fail, physical): the specification's steps."""
    entries, bits = [], 12 + 9 * levels
    upper = address >> bits - 1
    if upper not in (0, (1 << 65 - bits) - 1):
        return entries, "page", set(), None
    table = root
    for level in reversed(range(levels)):
        at = table + 8 * (address >> 12 + 9 * level & 511)
        if not RAM <= at < RAM_END:
            return entries + [(level, at, None)], "access", set(), None
        entry = memory(at)
        entries.append((level, at, entry))
        if failing := malformed(entry, case):
            return entries, "page", failing, None
        if not entry & (R | X):
            if failing := {name for bit, name in POINTER_RESERVED.items() if entry & bit}:
                return entries, "page", failing, None
            if level == 0:
                return entries, "page", {"R", "X"}, None
            table = leads_to(entry)
            continue
        if failing := refused(entry, level, use, case):
            return entries, "page", failing, None
        span = (1 << 12 + 9 * level) - 1
        if entry & N:
            span = (1 << 16) - 1
        return entries, "none", set(), leads_to(entry) & ~span | address & span
    raise AssertionError


def malformed(entry, case):
    failing = set()
    if not entry & V:
        failing.add("V")
    if entry & W and not entry & R:
        failing.add("W")
    if entry & RESERVED:
        failing.add("reserved")
    kind = (entry & PBMT) >> 61
    if kind == 3 or (kind and not case.menvcfg & PBMTE):
        failing.add("PBMT")
    return failing


def refused(entry, level, use, case):
    failing = set()
    user = case.mode == "U"
    if user and not entry & U or not user and entry & U and (use == "fetch" or not case.mstatus & SUM):
        failing.add("U")
    if use == "fetch" and not entry & X:
        failing.add("X")
    if use == "store" and not entry & W:
        failing.add("W")
    if use == "load" and not (entry & R or entry & X and case.mstatus & MXR):
        failing.add("R")
    if leads_to(entry) & (1 << 12 + 9 * level) - 1:
        failing.add("PPN")
    if entry & N and (level or leads_to(entry) >> 12 & 15 != 8):
        failing.add("N")
    if not case.menvcfg & ADUE:
        if not entry & A:
            failing.add("A")
        if use == "store" and not entry & D:
            failing.add("D")
    return failing


class Image:
    """RAM as the run begins: the guest, its list of cases, and pages of tables behind them."""

    def __init__(self, dice):
        self.dice = dice
        self.tables = {}  # by address: {index: entry}
        self.next_table = RAM + 0x10_0000
        self.code_tables = {}
        self.cases = []

    def memory(self, at):
        return self.tables.get(at & ~0xFFF, {}).get((at & 0xFFF) >> 3, 0)

    def table(self):
        at, self.next_table = self.next_table, self.next_table + 0x1000
        self.tables[at] = {}
        return at

    def code_entry(self, mode, levels):
        """What each root has for the pages of code and handler, by tables that all trees share."""
        if (mode, levels) not in self.code_tables:
            chain = [self.table() for _ in range(levels - 1)]
            for level, at in zip(reversed(range(1, levels - 1)), chain):
                self.tables[at][CODE >> 12 + 9 * level & 511] = (chain[chain.index(at) + 1] >> 2) | V
            leaf = self.tables[chain[-1]]
            leaf[CODE >> 12 & 511] = (RAM + 0x1000) >> 2 | V | R | X | A | D | (U if mode == "U" else 0)
            leaf[HANDLER >> 12 & 511] = (RAM + 0x2000) >> 2 | V | R | X | A | D
            self.code_tables[mode, levels] = (chain[0] >> 2) | V
        return self.code_tables[mode, levels]

    def leaf(self, level):
        """A leaf, mostly a good one, whose pages are in the data or nowhere."""
        dice = self.dice
        size = 1 << 12 + 9 * level
        at = {0: DATA + 0x1000 * dice.randrange(256), 1: DATA + 0x20_0000 * dice.randrange(8), 2: RAM, 3: 0}[level]
        if dice.random() < 0.1:
            at = dice.randrange(1 << 35, 1 << 55) & ~(size - 1)
        if level and dice.random() < 0.15:
            at |= 0x1000 * (1 << dice.randrange(9 * level))
        entry = at >> 2 | V | dice.choice((R, R | W, R | W, R | X, R | W | X, R | W | X, X))
        entry |= dice.choice((U, U, 0)) | dice.choice((0, G)) | dice.choice((A | D,) * 5 + (A, D, 0))
        if level == 0 and dice.random() < 0.1:
            return entry & ~(0xF << 10) | N | dice.choice((8, 8, 8, 0, 4, 9)) << 10
        return entry

    def entry(self, level):
        """(the entry, the table that it leads to or None)"""
        dice = self.dice
        if dice.random() < (0.06 if level == 0 else 0.7):
            if dice.random() < 0.04:  # a table where no RAM is
                return dice.randrange(1 << 35, 1 << 55) >> 12 << 10 | V, None
            table = self.table()
            entry = table >> 2 | V | dice.choice((0, 0, 0, 1 << 8, 1 << 9, G))
            if dice.random() < 0.08:
                entry |= dice.choice((A, D, U, A | U, N, 1 << 61))
            return entry, table
        entry = self.leaf(level)
        if dice.random() < 0.25:
            entry = dice.choice((entry & ~V, entry & ~R | W, entry | 1 << dice.randrange(54, 61), entry | N,
                                 entry | dice.randrange(1, 4) << 61, dice.getrandbits(64) & ~V))
        return entry, None

    def tree(self):
        dice = self.dice
        levels = dice.choice((3, 3, 3, 4))
        mode = dice.choice("US")
        low = DATA - RAM + 8 * dice.randrange(0x100_0000 // 8)
        address = dice.choice((0, 2, 3, 100, 255)) << 30 | low
        if levels == 4:
            address = dice.choice((2, 77)) << 30 | dice.randrange(1, 256) << 39 | low
        if dice.random() < 0.3:  # the upper half
            address |= (1 << 64) - (1 << 11 + 9 * levels)
        if dice.random() < 0.03:
            address ^= 1 << dice.randrange(12 + 9 * levels, 64)
        root = table = self.table()
        for level in reversed(range(levels)):
            entry, below = self.entry(level)
            self.tables[table][address >> 12 + 9 * level & 511] = entry
            if below is None:
                break
            table = below
        self.tables[root][CODE >> 12 + 9 * (levels - 1) & 511] = self.code_entry(mode, levels)
        access = dice.choice(("ld", "lbu", "lr.d", "sd", "sd", "sb", "amoadd.d", "jr", "jr", "jr"))
        self.cases.append(Case(
            levels=levels, mode=mode, address=address, root=root, access=access, use=ACCESSES[access][2],
            mstatus=(1 << 11 if mode == "S" else 0) | dice.choice((0, SUM)) | dice.choice((0, MXR)),
            menvcfg=dice.choice((0, ADUE)) | dice.choice((0, PBMTE)),
            medeleg=sum(1 << cause for cause in (1, 2, 5, 7, 8, 12, 13, 15) if dice.random() < 0.5)))

    def guest(self):
        """(code, where mret is, where the M-mode handler is)"""
        def csrw(csr, register):
            return program.word(csr << 20 | tiny_riscv.REGISTERS[register] << 15 | 0x1073)
        program = tiny_riscv.Program()
        program.li("t0", 0xFFFF_FFFF)
        csrw(PMPADDR0, "t0")
        program.addi("t0", "x0", 0x1F)
        csrw(PMPCFG0, "t0")
        program.li("t0", HANDLER)
        csrw(STVEC, "t0")
        program.li("s0", RAM + 0x4000).li("s1", RAM + 0x4000 + 48 * len(self.cases)).li("t0", RAM + 0x800)
        csrw(MTVEC, "t0")
        program.label("loop").beq("s0", "s1", "done")
        for offset, csr in ((0, SATP), (16, MEPC), (24, MSTATUS), (32, MEDELEG), (40, MENVCFG)):
            program.ld("t0", "s0", offset)
            csrw(csr, "t0")
        program.word(0x1200_0073).ld("a0", "s0", 8).addi("s0", "s0", 48)
        mret = RAM + 4 * len(program.words)
        program.word(0x3020_0073)
        program.label("done").finish(0x5555)
        while len(program.words) < 0x800 // 4:
            program.word(0x13)
        return program.jal("x0", "loop").code(), mret, RAM + 0x800

    def bytes(self):
        code, self.mret, self.handler = self.guest()
        image = bytearray(self.next_table - RAM)
        image[:len(code)] = code

        def put(at, value, size=8):
            image[at - RAM:at - RAM + size] = value.to_bytes(size, "little")
        for place, word, _ in ACCESSES.values():
            put(RAM + 0x1000 + place, word, 4)
            put(RAM + 0x1004 + place, ECALL, 4)
        put(RAM + 0x2000, ECALL, 4)
        for i, case in enumerate(self.cases):
            mode = {3: 8, 4: 9}[case.levels]
            words = (mode << 60 | case.root >> 12, case.address, CODE + ACCESSES[case.access][0], case.mstatus, case.medeleg,
                     case.menvcfg)
            for j, word in enumerate(words):
                put(RAM + 0x4000 + 48 * i + 8 * j, word)
        for at, entries in self.tables.items():
            for index, entry in entries.items():
                put(at + 8 * index, entry)
        return bytes(image)


class Walks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.temporary.name)
        cls.image = Image(random.Random(SEED))
        for _ in range(TREES):
            cls.image.tree()
        (folder / "guest.bin").write_bytes(cls.image.bytes())
        cls.kept = folder / "kept.run"
        subprocess.run([VITRINE, "run", folder / "guest.bin", "--bios", "none", "--memory", "64M", "--cpu", "rv64,sv48=on",
                        "--keep", cls.kept], stdin=subprocess.DEVNULL, check=True, timeout=60)
        first = cls.explain(*(f"pc:{cls.image.mret:#x}#{i + 1}" for i in range(TREES)))
        # Behind mret comes the access; a jump is made, and then cannot fetch.
        steps = [it["step"] + (2 if case.use == "fetch" else 1) for it, case in zip(first, cls.image.cases)]
        cls.moments = cls.explain(*(f"@{step}" for step in steps))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def explain(cls, *words):
        done = subprocess.run([VITRINE, "explain", cls.kept, "--json", *words], capture_output=True, timeout=300, check=True)
        return json.loads(done.stdout)["moments"]

    def compare_walk(self, shown, case, address, use):
        entries, fault, failing, physical = walk(self.image.memory, case.levels, case.root, address, use, case)
        self.assertEqual((shown["use"], int(shown["address"], 16)), (use, address))
        self.assertEqual([(entry["level"], int(entry["at"], 16), entry["value"] and int(entry["value"], 16))
                          for entry in shown["entries"]], entries)
        self.assertEqual(shown["fault"], fault)
        self.assertEqual(shown["physical"] and int(shown["physical"], 16), physical)
        if failing:
            self.assertLessEqual(set(shown["failed_bit"].split(",")), failing)
        else:
            self.assertIsNone(shown["failed_bit"])
        if fault != "none":
            self.assertTrue(shown["reason"])
        return fault, physical, failing

    def cause(self, case, fault, physical):
        if fault == "none" and not RAM <= physical < RAM_END:
            fault = "access"
        if fault == "none":
            return 2 if case.use == "fetch" else None  # zeros are no instruction
        return CAUSES[case.use][fault]

    def test_EachTree_WalkedAsBySomebodyElse(self):
        seen = {}
        for number, (case, it) in enumerate(zip(self.image.cases, self.moments)):
            with self.subTest(tree=number, case=vars(case)):
                self.assertTrue(it["made"])
                self.assertEqual((it["mode"], it["paging"]), (case.mode, {3: "Sv39", 4: "Sv48"}[case.levels]))
                pc = case.address if case.use == "fetch" else CODE + ACCESSES[case.access][0]
                self.assertEqual(int(it["pc"], 16), pc & ~1)
                if case.use != "fetch":
                    self.assertEqual(self.compare_walk(it["walks"][0], case, pc, "fetch")[0], "none")
                self.assertEqual(len(it["walks"]), 1 if case.use == "fetch" else 2)
                fault, physical, failing = self.compare_walk(it["walks"][-1], case, case.address, case.use)
                cause = self.cause(case, fault, physical)
                self.compare_trap(it, case, cause)
                for word in (fault, cause, case.use, case.mode, case.levels, *failing):
                    seen[word] = seen.get(word, 0) + 1
        print("trees by what they show:", dict(sorted(seen.items(), key=str)))
        if TREES >= 1000:  # the dice came to all of it
            for word in ("V", "W", "R", "X", "U", "A", "D", "PPN", "N", "PBMT", "reserved", "page", "access", "none",
                         1, 2, 5, 7, 12, 13, 15, None, 3, 4):
                self.assertGreater(seen.get(word, 0), 2, word)

    def compare_trap(self, it, case, cause):
        if cause is None:
            self.assertIsNone(it["trap"])
            return
        trap = it["trap"]
        delegated = bool(case.medeleg >> cause & 1)
        self.assertEqual((trap["cause"], trap["interrupt"], trap["from"]), (cause, False, case.mode))
        self.assertEqual(int(trap["value"], 16), 0 if cause == 2 else case.address)
        self.assertEqual(trap["delegation"], {"register": "medeleg", "bit": cause, "set": delegated})
        self.assertEqual(trap["to"], "S" if delegated else "M")
        self.assertEqual(int(trap["handler"], 16), HANDLER if delegated else self.image.handler)

    def test_Looking_ChangesNothing(self):
        end, = self.explain("exit")
        self.assertEqual(end["outcome"]["exit_code"], 0)
        # The same run with all explanations on the way.
        *_, again = self.explain(*(it["moment"] for it in self.moments), "exit")
        self.assertEqual(again["outcome"]["state_hash"], end["outcome"]["state_hash"])


if __name__ == "__main__":
    os.environ.setdefault("VITRINE_KEEP", "off")
    unittest.main(verbosity=2, argv=sys.argv[:1])
