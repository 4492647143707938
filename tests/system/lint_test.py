#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule of --lint: a small guest breaks it, and lint says so once, at that pc; its twin does the same as the specification
has it, and lint is silent. On each engine; lint changes neither the exit code nor the state.

    lint_test.py VITRINE [ENGINE]...

A guest is made by a function of `wrong`: True for the one that breaks the rule, at its label `here`.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "app"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from breaks_test import (A, D, LEAF, MENVCFG, MHARTID, MIE, MSTATUS, MTIMECMP, OTHER, PAGE, PASS, R, STIMECMP, V,  # noqa: E402
                         VIRTIO7, VIRTUAL, W, Guest, pte)
from tiny_riscv import UART, elf  # noqa: E402

BASE = 0x8000_0000
ROUNDS = 100  # each guest does it so often, and is told of once


class Rule(Guest):
    def loop(self, body):
        self.li("s2", ROUNDS).label("round")
        body(self)
        return self.next_round().csrw(MSTATUS, "x0").finish(PASS)


def nothing_there(wrong):
    """A load from a hole of the board, which faults, or from the UART."""
    p = Rule().li("s5", 0x5000_0000 if wrong else UART + 5).la("t0", "handler").csrw(0x305, "t0").jal("x0", "start")
    while len(p.words) % 4:
        p.word(0x13)
    p.label("handler").csrr("t4", 0x341).addi("t4", "t4", 4).csrw(0x341, "t4").mret()
    return p.label("start").loop(lambda p: p.label("here").lbu("t1", "s5", 0))


def wfi_nothing(wrong):
    """wfi with mie 0; or with the timer on, which is due in the next tick. One round, as nobody wakes from the first."""
    p = Rule().li("t0", 0 if wrong else 1 << 7).csrw(MIE, "t0").li("t0", MTIMECMP).li("t1", 10).sd("t1", "t0", 0)
    return p.label("here").wfi().finish(PASS)


def wfi_timer(wrong):
    """mie has a timer only: at its end of time, or at 10 ticks. One round."""
    p = Rule().li("t0", 1).slli("t0", "t0", 63).csrs(MENVCFG, "t0").li("t0", 1 << 5).csrw(MIE, "t0")
    p.addi("t1", "x0", -1 if wrong else 10).csrw(STIMECMP, "t1")
    return p.label("here").wfi().finish(PASS)


def written_code(wrong):
    """A function is written, fenced or not, and called; then written again."""
    p = Rule().li("s5", PAGE).li("s6", 0x0010_0513).li("s7", 3 << 20).li("t0", 0x8067).sw("t0", "s5", 4).sw("s6", "s5", 0)
    p.fence_i().jalr("ra", "s5", 0)

    def body(p):
        p.word(4 << 12 | 0x33 | 23 << 20 | 22 << 15 | 22 << 7).sw("s6", "s5", 0)  # xor s6, s6, s7
        if not wrong:
            p.fence_i()
        p.jalr("ra", "s5", 0)
    return p.loop(body)


def data_beside_code(_):
    """A word beside instructions is written: none of the instructions is."""
    p = Rule().la("s5", "data")
    return p.loop(lambda p: p.jal("x0", "over").label("data").word(0).word(0).label("over").sd("s2", "s5", 0))


def table(p, body, flags=V | R | W | A | D):
    p.paging(flags).li("s7", LEAF).li("s8", VIRTUAL).ld("t2", "s8", 0)
    p.li("s5", pte(PAGE, flags)).li("s6", pte(PAGE, 0) ^ pte(OTHER, 0))
    return p.loop(lambda p: (p.csrw(MSTATUS, "s0"), body(p)))


def toggled(wrong):
    """An entry leads elsewhere, and is used."""
    def body(p):
        p.word(4 << 12 | 0x33 | 22 << 20 | 21 << 15 | 21 << 7).sd("s5", "s7", 0)  # xor s5, s5, s6
        if not wrong:
            p.sfence_vma()
        p.label("here").ld("t2", "s8", 0)
    return table(Rule(), body)


def removed(wrong):
    """An entry becomes invalid, and valid with another page; each time it is used. A fence of its address is enough."""
    def body(p):
        p.sd("x0", "s7", 0)
        if not wrong:
            p.sfence_vma("s8")
        p.word(4 << 12 | 0x33 | 22 << 20 | 21 << 15 | 21 << 7).sd("s5", "s7", 0)
        p.label("here").ld("t2", "s8", 0)
    return table(Rule(), body)


def read_only(wrong):
    """An entry loses W, and a store goes there, which traps: an old entry would let it through."""
    handler = 0x8000_4000

    def body(p):
        p.sd("s5", "s7", 0).sfence_vma().sd("s2", "s8", 0).sd("s6", "s7", 0)
        if not wrong:
            p.sfence_vma()
        p.label("here").sd("s2", "s8", 0)
    p = Rule().li("t0", handler).csrw(0x305, "t0")
    # csrr t4, mepc; addi t4, t4, 4; csrw mepc, t4; mret
    for at, word in enumerate((0x34102EF3, 0x004E8E93, 0x341E9073, 0x30200073)):
        p.li("t0", handler).li("t1", word).sw("t1", "t0", 4 * at)
    p.fence_i().paging(V | R | W | A | D).li("s7", LEAF).li("s8", VIRTUAL).ld("t2", "s8", 0)
    p.li("s5", pte(PAGE, V | R | W | A | D)).li("s6", pte(PAGE, V | R | A | D))
    return p.loop(lambda p: (p.csrw(MSTATUS, "s0"), body(p)))


def read_of_read_only(_):
    """An entry loses W, and is read by: the same with the old entry."""
    def body(p):
        p.li("t0", pte(PAGE, V | R | A | D)).sd("t0", "s7", 0).ld("t2", "s8", 0)
        p.sd("s5", "s7", 0).sfence_vma().ld("t2", "s8", 0)
    return table(Rule(), body)


def split(_):
    """A superpage of 2 MiB becomes a table of 4 KiB pages that lead to the same, as a kernel's that protects some of them."""
    middle = LEAF - 0x1000  # its first entry served VIRTUAL by LEAF
    p = Rule().paging(V | R | W | A | D).li("s7", middle).li("s8", VIRTUAL)
    p.li("s5", pte(0x8000_0000, V | R | W | A | D)).li("s6", pte(LEAF, V)).dword(LEAF, pte(0x8000_0000, V | R | W | A | D))

    def body(p):
        p.sd("s5", "s7", 0).sfence_vma().ld("t2", "s8", 0).sd("s6", "s7", 0).ld("t2", "s8", 0)
    return p.loop(lambda p: (p.csrw(MSTATUS, "s0"), body(p)))


def unlinked(_):
    """The way to a table is taken away, and fenced; then the table is changed, and linked again."""
    def body(p):
        p.li("t0", LEAF - 0x1000).sd("x0", "t0", 0).sfence_vma()
        p.word(4 << 12 | 0x33 | 22 << 20 | 21 << 15 | 21 << 7).sd("s5", "s7", 0)  # xor s5, s5, s6
        p.li("t0", LEAF - 0x1000).li("t1", pte(LEAF, V)).sd("t1", "t0", 0).ld("t2", "s8", 0)
    return table(Rule(), body)


def more_rights(_):
    """From read-only to writable, and new: needs no fence for what was permitted before."""
    def body(p):
        p.li("t0", pte(PAGE, V | R | W | A | D)).sd("t0", "s7", 0).sd("s2", "s8", 0)
        p.li("t0", pte(PAGE, V | R | A)).sd("t0", "s7", 0).sfence_vma().ld("t2", "s8", 0)
    return table(Rule(), body, V | R | A)


def other_space(_):
    """The entry is changed for another address space, and used there: another ASID."""
    def body(p):
        p.word(4 << 12 | 0x33 | 22 << 20 | 21 << 15 | 21 << 7).sd("s5", "s7", 0)
        p.csrr("t0", 0x180).li("t1", 1).slli("t1", "t1", 44).add("t0", "t0", "t1").csrw(0x180, "t0").ld("t2", "s8", 0)
    return table(Rule(), body)


MODERN_SETUP = [(0x70, 0), (0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x24, 0), (0x20, 0), (0x70, 11), (0x30, 0), (0x38, 8),
                (0x80, PAGE), (0x84, 0), (0x90, PAGE + 0x1000), (0x94, 0), (0xA0, PAGE + 0x2000), (0xA4, 0), (0x44, 1), (0x70, 15),
                (0x50, 0)]


def virtio(writes, wrong_at):
    """Registers of the device in slot 7; the write at `here`, by its number, is the wrong one."""
    p = Rule().li("s5", VIRTIO7)
    for number, (offset, value) in enumerate(writes):
        p.li("t1", value)
        if number == wrong_at:
            p.label("here")
        p.sw("t1", "s5", offset)
    return p.finish(PASS)


def without(writes, *numbers):
    return [row for number, row in enumerate(writes) if number not in numbers]


# Of the setup: what is left out or added, where it shows (number of the write), and what is said. Legacy devices are had by
# QEMU's command line only: tests/app/lint_virtio_test.cpp.
def virtio_cases():
    m = MODERN_SETUP
    yield "virtio-order", m[:17] + [m[18]] + m[17:], 17, "notified before DRIVER_OK"
    yield "virtio-order", without(m, 9), 15, "before QueueNum"
    yield "virtio-order", without(m, 12, 13), 14, "before all three"
    yield "virtio-order", m[:7] + m[8:17] + [m[7]] + m[17:], 15, "made ready before FEATURES_OK"
    yield "virtio-order", m[:16] + [m[17], m[16], m[18]], 17, "made ready after DRIVER_OK"
    yield "virtio-order", m + [(0x38, 16)], len(m), "changed while it is ready"
    yield "virtio-order", m[:8] + [(0x20, 0)] + m[8:], 8, "features are written after FEATURES_OK"
    yield "virtio-mixed", m[:4] + [(0x20, 0)] + m[5:], 7, "VIRTIO_F_VERSION_1 was not accepted"
    yield "virtio-mixed", m[:9] + [(0x28, 4096)] + m[9:], 9, "GuestPageSize is written"


# rule, guest, exit code, options
PAIRS = [
    ("nothing-there", nothing_there, 0, []),
    ("wfi-unarmed", wfi_nothing, 102, []),
    ("wfi-unarmed", wfi_timer, 102, []),
    ("no-fence-i", written_code, 0, []),
    ("no-sfence-vma", toggled, 0, ["--mmu", "shadow"]),
    ("no-sfence-vma", toggled, 0, ["--mmu", "tlb"]),
    ("no-sfence-vma", removed, 0, []),
    ("no-sfence-vma", read_only, 0, []),
]
SILENT = [data_beside_code, more_rights, read_of_read_only, split, unlinked, other_space]


class Checker:
    def __init__(self, vitrine, engines, folder):
        self.vitrine, self.engines, self.folder, self.wrong = vitrine, engines, folder, []

    def run(self, words):
        done = subprocess.run([self.vitrine, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                              timeout=120, check=False)
        return done.returncode, done.stderr

    def check(self, name, program, code, options, expected):
        """`expected`: None for silence, or (rule, pc or None, words)."""
        image = self.folder / f"guest{len(list(self.folder.iterdir()))}.elf"
        image.write_bytes(elf(program.code()))
        for engine in self.engines:
            words = ["run", str(image), "--memory", "16M", "--rng", "--engine", engine, "--state-hash-every", "200",
                     "--max-instructions", "300000", *options]
            plain, (got, said) = self.run(words), self.run([*words, "--lint"])
            hashes = [[line for line in text.splitlines() if line.startswith("state-hash")] for text in (plain[1], said)]
            what = f"{name} {' '.join(words[2:])}"
            if (got, plain[0]) != (code, code) or hashes[0] != hashes[1]:
                self.wrong.append(f"{what}: exit codes {plain[0]} without lint, {got} with it, {code} expected; or another run\n{said[-500:]}")
            self.judge(what, said, expected)

    def judge(self, what, said, expected):
        found = re.findall(r"lint: ([a-z-]+): step (\d+), hart (\d), pc (0x[0-9a-f]+)[^:]*: (.*)", said)
        if expected is None:
            if found or "lint: nothing found" not in said:
                self.wrong.append(f"{what}: silence is expected\n{said[-800:]}")
            return
        rule, pc, words = expected
        good = len(found) == 1 and found[0][0] == rule and (pc is None or int(found[0][3], 16) == pc) and words in found[0][4]
        if not good or not re.search(r"lint: (1 finding|\d+ findings) at 1 place", said):
            self.wrong.append(f"{what}: expected {expected}\n{said[-800:]}")


def main():
    vitrine, engines = sys.argv[1], sys.argv[2:] or ["interpreter"]
    with tempfile.TemporaryDirectory() as name:
        checker = Checker(vitrine, engines, pathlib.Path(name))
        for rule, guest, code, options in PAIRS:
            p = guest(True)
            pc = BASE + 4 * p.labels["here"] if "here" in p.labels else PAGE
            checker.check(guest.__name__, p, code, options, (rule, pc, ""))
            checker.check(guest.__name__ + ", right,", guest(False), 0, options, None)
        for guest in SILENT:
            checker.check(guest.__name__, guest(False), 0, [], None)
        checker.check("virtio, right,", virtio(MODERN_SETUP, None), 0, [], None)
        for rule, writes, at, words in virtio_cases():
            p = virtio(writes, at)
            checker.check(f"virtio: {words}:", p, 0, [], (rule, BASE + 4 * p.labels["here"], words))
    for line in checker.wrong:
        print(line)
    print(f"{len(checker.wrong)} of the guests are judged wrongly" if checker.wrong else "every guest is judged rightly")
    return 1 if checker.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
