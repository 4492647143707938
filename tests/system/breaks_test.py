#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each break of core/breaks.inc: a small guest comes to grief on it in the way that the break's sentence foretells, and does
not without it; on each engine, with the same state hashes.

    breaks_test.py VITRINE [ENGINE]...
    breaks_test.py VITRINE --teach         the teaching kernel with each break: whatever it comes to, both engines come to it

A guest tries the behaviour ROUNDS times, often enough to be translated, and ends with success if it was right in every
round, with exit code BROKEN if it was wrong in every round exactly as the sentence says, and otherwise with MIXED. What is
right: the privileged and unprivileged specifications, the PLIC's, virtio 1.2.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "app"))
from tiny_riscv import FINISHER, UART, Program, elf  # noqa: E402

ROUNDS = 200
BROKEN, MIXED = 21, 99
PASS = 0x5555

CLINT, PLIC, VIRTIO7 = 0x0200_0000, 0x0C00_0000, 0x1000_8000
MTIMECMP, MTIME = CLINT + 0x4000, CLINT + 0xBFF8
SSTATUS, STVEC, SEPC, SIP, STIMECMP, SATP = 0x100, 0x105, 0x141, 0x144, 0x14D, 0x180
MSTATUS, MEDELEG, MIDELEG, MIE, MTVEC, MENVCFG = 0x300, 0x302, 0x303, 0x304, 0x305, 0x30A
MEPC, MIP, PMPCFG0, PMPADDR0, MHARTID = 0x341, 0x344, 0x3A0, 0x3B0, 0xF14
S_SIE, M_MIE, SPP, MPP_S, MPRV, SUM, MXR = 1 << 1, 1 << 3, 1 << 8, 1 << 11, 1 << 17, 1 << 18, 1 << 19
V, R, W, X, U, A, D = (1 << bit for bit in (0, 1, 2, 3, 4, 6, 7))

# Where things are. The guest's page at VIRTUAL is PAGE or OTHER; RAM itself is mapped as it is for S mode.
ROOT, MIDDLE, LEAF, PAGE, OTHER = 0x8001_0000, 0x8001_1000, 0x8001_2000, 0x8002_0000, 0x8002_1000
VIRTUAL = 0x4000_0000


def pte(at, flags):
    return at >> 2 | flags


class Guest(Program):
    """s0: what mstatus is put to in each round; s1: how often something was right; s2: rounds left; s3: how often wrong."""

    def begin(self):
        return self.li("s1", 0).li("s2", ROUNDS).li("s3", 0)

    def everything_permitted(self):
        return self.li("t0", 0xFFFF_FFFF).slli("t0", "t0", 22).li("t1", 0x3F_FFFF).or_("t0", "t0", "t1") \
            .csrw(PMPADDR0, "t0").li("t0", 0x1F).csrw(PMPCFG0, "t0")

    def dword(self, at, value):
        return self.li("t0", at).li("t1", value).sd("t1", "t0", 0)

    def paging(self, flags, status=0):
        """Data accesses of M mode as those of S mode, under Sv39; PAGE holds 1 and OTHER 2."""
        self.everything_permitted()
        self.dword(ROOT + 8 * 2, pte(0x8000_0000, V | R | W | X | A | D)).dword(ROOT + 8, pte(MIDDLE, V))
        self.dword(MIDDLE, pte(LEAF, V)).dword(LEAF, pte(PAGE, flags)).dword(PAGE, 1).dword(OTHER, 2)
        self.li("t0", 8).slli("t0", "t0", 60).li("t1", ROOT >> 12).or_("t0", "t0", "t1").csrw(SATP, "t0").sfence_vma()
        return self.li("s0", MPRV | MPP_S | status).csrw(MSTATUS, "s0")

    def next_round(self, label="round"):
        return self.addi("s2", "s2", -1).bne("s2", "x0", label)

    def end(self):
        """Right in all rounds, wrong in all rounds, or neither."""
        self.label("end").csrw(MSTATUS, "x0").li("t3", ROUNDS)
        self.beq("s1", "t3", "right").beq("s3", "t3", "wrong").finish(MIXED << 16 | 0x3333)
        self.label("wrong").finish(BROKEN << 16 | 0x3333)
        return self.label("right").finish(PASS)

    def count(self, register, right, wrong):
        """One more right or wrong round, by a register's value; anything else ends the guest."""
        n = len(self.words)
        self.li("t3", right).beq(register, "t3", f"right{n}").li("t3", wrong).beq(register, "t3", f"wrong{n}").jal("x0", "end")
        self.label(f"right{n}").addi("s1", "s1", 1).jal("x0", f"counted{n}")
        return self.label(f"wrong{n}").addi("s3", "s3", 1).label(f"counted{n}")

    def expect_fault(self, access):
        """An access that must trap: mtvec's handler sets s4, and goes on behind it."""
        self.la("t0", "handler").csrw(MTVEC, "t0").begin()
        self.label("round").li("s4", 0).csrw(MSTATUS, "s0")
        access(self)
        self.count("s4", *([1, 0] if self.must_trap else [0, 1])).next_round().jal("x0", "end")
        self.word(0x13)  # mtvec has two bits for its mode
        while len(self.words) % 4:
            self.word(0x13)
        self.label("handler").addi("s4", "x0", 1).csrr("t4", MEPC).addi("t4", "t4", 4).csrw(MEPC, "t4").mret()
        return self.end()

    must_trap = True


# --- The guests, by break


def stale(_):
    """VIRTUAL leads to PAGE and OTHER in turn, each time fenced: what is read there alternates."""
    p = Guest().paging(V | R | W | A | D).begin().li("s5", pte(PAGE, V | R | W | A | D)).li("s6", pte(PAGE, 0) ^ pte(OTHER, 0))
    p.li("s7", LEAF).li("s8", VIRTUAL).ld("t2", "s8", 0).li("s9", 1)
    p.label("round").csrw(MSTATUS, "s0")
    p.word(4 << 12 | 0x33 | 22 << 20 | 21 << 15 | 21 << 7)  # xor s5, s5, s6
    p.sd("s5", "s7", 0).sfence_vma().xori("s9", "s9", 3).ld("t2", "s8", 0)
    # In odd rounds PAGE would be right anyway: only rounds with OTHER are counted.
    p.addi("t3", "x0", 1).beq("s9", "t3", "skip").count("t2", 2, 1).label("skip").next_round()
    # Half of the rounds, so each counts twice.
    return p.add("s1", "s1", "s1").add("s3", "s3", "s3").end()


def delegated(p, mode_bits):
    """Both handlers, and down to the mode that mode_bits says, at `below`."""
    p.everything_permitted().begin().la("t0", "machine").csrw(MTVEC, "t0").la("t0", "supervisor").csrw(STVEC, "t0")
    return p.la("t0", "below").csrw(MEPC, "t0").li("t0", mode_bits).csrw(MSTATUS, "t0")


def aligned(p, label):
    while len(p.words) % 4:
        p.word(0x13)
    return p.label(label)


def delegation_of_exceptions(_):
    """ecall of U mode, which medeleg gives to S mode."""
    p = Guest().li("t0", 1 << 8).csrw(MEDELEG, "t0")
    delegated(p, 0).mret()
    p.label("below").ecall().next_round("below").jal("x0", "end")
    aligned(p, "supervisor").addi("s1", "s1", 1).csrr("t4", SEPC).addi("t4", "t4", 4).csrw(SEPC, "t4").sret()
    aligned(p, "machine").addi("s3", "s3", 1).csrr("t4", MEPC).addi("t4", "t4", 4).csrw(MEPC, "t4").mret()
    return at_end_in_any_mode(p)


def at_end_in_any_mode(p):
    """As end(), which M mode alone may run to its beginning."""
    p.label("end").li("t3", ROUNDS).beq("s1", "t3", "right").beq("s3", "t3", "wrong").finish(MIXED << 16 | 0x3333)
    return p.label("wrong").finish(BROKEN << 16 | 0x3333).label("right").finish(PASS)


def delegation_of_interrupts(_):
    """SSIP, which U mode's ecall into M mode raises, and mideleg gives to S mode."""
    p = Guest().li("t0", 2).csrw(MIDELEG, "t0").csrw(MIE, "t0")
    delegated(p, 0).mret()
    p.label("below").li("a0", 0).ecall().next_round("below").jal("x0", "end")
    aligned(p, "supervisor").addi("s1", "s1", 1).csrci(SIP, 2).sret()
    aligned(p, "machine").csrr("t4", 0x342).addi("t5", "x0", 8).bne("t4", "t5", "interrupt")
    p.csrsi(MIP, 2).csrr("t4", MEPC).addi("t4", "t4", 4).csrw(MEPC, "t4").mret()
    p.label("interrupt").addi("s3", "s3", 1).csrci(MIP, 2).mret()
    return at_end_in_any_mode(p)


def sie_in_user_mode(_):
    """csrci and csrsi of SIE must trap in U mode, and so must those of other bits, broken or not."""
    p = Guest().li("s10", 0)
    delegated(p, S_SIE)  # U mode, SIE on
    p.mret().label("below").csrci(SSTATUS, S_SIE).csrsi(SSTATUS, 8).next_round("below").ecall()
    aligned(p, "supervisor")
    aligned(p, "machine").csrr("t4", 0x342).addi("t5", "x0", 8).beq("t4", "t5", "over")
    p.addi("s10", "s10", 1).csrr("t4", MEPC).addi("t4", "t4", 4).csrw(MEPC, "t4").mret()
    # 2 * ROUNDS traps: right. ROUNDS: only those of SIE are missing. SIE itself has to be what it was.
    p.label("over").csrr("t4", MSTATUS).andi("t4", "t4", S_SIE).addi("s1", "s10", -ROUNDS).beq("s1", "x0", "silent").jal("x0", "end")
    p.label("silent").beq("t4", "x0", "end").li("s3", ROUNDS)
    return p.end()


def interrupts_in_a_handler(_):
    """mstatus.MIE in the handler of an ecall that came while it was on."""
    p = Guest().begin().la("t0", "handler").csrw(MTVEC, "t0").label("round").csrsi(MSTATUS, M_MIE).ecall()
    p.count("s4", 0, M_MIE).next_round().jal("x0", "end")
    aligned(p, "handler").csrr("s4", MSTATUS).andi("s4", "s4", M_MIE).csrr("t4", MEPC).addi("t4", "t4", 4).csrw(MEPC, "t4").mret()
    return p.end()


def reservation(_):
    """Hart 0 reserves a word, and hart 1 writes to it before hart 0's sc."""
    word, turn = PAGE, OTHER  # turn: 0 hart 0's, 1 hart 1's
    p = Guest().csrr("t0", MHARTID).li("s5", word).li("s6", turn).bne("t0", "x0", "second").begin()
    p.label("round").lr_w("t0", "s5").addi("t1", "x0", 1).sw("t1", "s6", 0)
    p.label("wait").pause().lw("t1", "s6", 0).bne("t1", "x0", "wait")
    p.sc_w("t2", "x0", "s5").count("t2", 1, 0).next_round().end()
    p.label("second").pause().lw("t1", "s6", 0).beq("t1", "x0", "second").sw("t1", "s5", 0).sw("x0", "s6", 0).jal("x0", "second")
    return p


def written_code(_):
    """A function at PAGE that returns 1 or 2: it is written, fence.i, called."""
    p = Guest().begin().li("s5", PAGE).li("s6", 0x0010_0513).li("s7", 3 << 20).li("t0", 0x8067).sw("t0", "s5", 4)
    p.sw("s6", "s5", 0).fence_i().jalr("ra", "s5", 0).li("s9", 1)
    p.label("round").word(4 << 12 | 0x33 | 23 << 20 | 22 << 15 | 22 << 7)  # xor s6, s6, s7
    p.sw("s6", "s5", 0).fence_i().xori("s9", "s9", 3).jalr("ra", "s5", 0)
    p.addi("t3", "x0", 1).beq("s9", "t3", "skip").count("a0", 2, 1).label("skip").next_round()
    return p.add("s1", "s1", "s1").add("s3", "s3", "s3").end()


def dirty(_):
    """A store through an entry with A and D clear, which hardware sets (Svadu)."""
    flags = V | R | W
    p = Guest().paging(flags).begin().li("s5", pte(PAGE, flags)).li("s7", LEAF).li("s8", VIRTUAL)
    p.label("round").csrw(MSTATUS, "s0").sd("s5", "s7", 0).sfence_vma().sd("s2", "s8", 0).ld("t2", "s7", 0)
    # The store must have arrived, broken or not.
    p.li("t0", PAGE).ld("t1", "t0", 0).bne("t1", "s2", "end")
    return p.andi("t2", "t2", A | D).count("t2", A | D, A).next_round().end()


def load(p):
    return p.li("t0", VIRTUAL).ld("t1", "t0", 0)


def sum_off(_):
    return Guest().paging(V | R | W | U | A | D).expect_fault(load)


def mxr_on(_):
    p = Guest().paging(V | X | A | D, status=MXR)
    p.must_trap = False
    return p.expect_fault(load)


def user(_):
    p = Guest().paging(V | R | W | A | D)
    return p.li("s0", MPRV).expect_fault(load)


def forbidden(_):
    """PMP: PAGE is nobody's, all else everybody's. (pmpaddr has bits 55:2 of an address; NAPOT of 4 KiB.)"""
    p = Guest().everything_permitted().csrr("t0", PMPADDR0).csrw(PMPADDR0 + 1, "t0")
    p.li("t0", PAGE >> 2 | 0x1FF).csrw(PMPADDR0, "t0").li("t0", 0x1F18).csrw(PMPCFG0, "t0").li("s0", MPRV | MPP_S)
    return p.expect_fault(lambda p: p.li("t0", PAGE).ld("t1", "t0", 0))


LATE_ROUNDS = 2  # of 1 ms each


def late(p, bit, arm):
    """Waits for a bit of mip, and looks at how much later than 100 ticks from now that was."""
    p.li("s6", MTIME).li("s5", 10_000).li("s2", LATE_ROUNDS)
    p.label("round").ld("t0", "s6", 0).addi("s4", "t0", 100)
    arm(p)
    p.label("wait").csrr("t1", MIP).andi("t1", "t1", bit).beq("t1", "x0", "wait").ld("t0", "s6", 0).sub("t0", "t0", "s4")
    # Below 100 ticks: in time. 10,000 to 10,100: late.
    p.addi("t2", "s5", 100).li("t1", 100).bltu("t0", "t1", "intime").bltu("t0", "s5", "end").bltu("t0", "t2", "late").jal("x0", "end")
    p.label("intime").addi("s1", "s1", ROUNDS // LATE_ROUNDS).jal("x0", "next")
    p.label("late").addi("s3", "s3", ROUNDS // LATE_ROUNDS).label("next").next_round()
    return p.end()


def machine_timer(_):
    return late(Guest().begin(), 1 << 7, lambda p: p.li("t1", MTIMECMP).sd("s4", "t1", 0))


def supervisor_timer(_):
    p = Guest().begin().li("t0", 1).slli("t0", "t0", 63).csrs(MENVCFG, "t0")
    return late(p, 1 << 5, lambda p: p.csrw(STIMECMP, "s4"))


def request_in_service(_):
    """The UART asks twice: for its interrupt that is claimed, and again before that is completed."""
    source, claim = 10, PLIC + 0x20_0004
    p = Guest().begin().store(PLIC + 4 * source, 1).store(PLIC + 0x2000, 1 << source).store(claim - 4, 0)
    p.li("s5", UART).li("s6", claim).addi("t1", "x0", 2).sb("t1", "s5", 1)  # IER: transmitter empty
    p.label("round").lw("t4", "s6", 0).addi("t3", "x0", source).bne("t4", "t3", "end")
    p.lbu("t2", "s5", 2).addi("t1", "x0", ord("x")).sb("t1", "s5", 0)  # IIR quiets it, a byte makes it ask again
    p.sw("t4", "s6", 0).lw("t4", "s6", 0).count("t4", source, 0)
    # For the next round: completed, quiet, and asked once more.
    p.addi("t3", "x0", source).sw("t3", "s6", 0).lw("t4", "s6", 0).sw("t3", "s6", 0)
    return p.lbu("t2", "s5", 2).sb("x0", "s5", 1).addi("t1", "x0", 2).sb("t1", "s5", 1).next_round().end()


def used_length(_):
    """virtio-entropy in slot 7: 64 bytes are asked for, one chain a round. The used ring says how many were written."""
    rings, asked, size = PAGE, 64, 256
    available, used = rings + 0x1000, rings + 0x2000
    p = Guest().begin().li("s5", VIRTIO7)

    def register(offset, value):
        p.li("t1", value).sw("t1", "s5", offset)
    register(0x70, 0)
    register(0x70, 3)
    register(0x24, 1)
    register(0x20, 1)  # VERSION_1
    register(0x24, 0)
    register(0x20, 0)
    register(0x70, 11)
    register(0x30, 0)
    register(0x38, size)
    for offset, value in ((0x80, rings), (0x90, available), (0xA0, used)):
        register(offset, value)
        register(offset + 4, 0)
    register(0x44, 1)
    register(0x70, 15)
    # Descriptor 0: 64 bytes at OTHER + 0x8000, which the device writes. Every place of the available ring is 0.
    p.dword(rings, OTHER + 0x8000).li("t1", 2).slli("t1", "t1", 32).addi("t1", "t1", asked).li("t0", rings).sd("t1", "t0", 8)
    p.li("s6", available).li("s7", used).li("s8", 0)
    p.label("round").addi("s8", "s8", 1).slli("t1", "s8", 16).sw("t1", "s6", 0).sw("x0", "s5", 0x50)
    p.label("wait").lw("t1", "s7", 0).srli("t1", "t1", 16).bne("t1", "s8", "wait")
    p.addi("t2", "s8", -1).slli("t2", "t2", 3).add("t2", "t2", "s7").lw("t2", "t2", 8)
    return p.count("t2", asked, 0).next_round().end()


CASES = {
    "shadow-unprotected": [(stale, ["--mmu", "shadow"])],
    "tlb-never-flushed": [(stale, ["--mmu", "tlb-fenced"]), (stale, ["--mmu", "shadow-lazy"])],
    "delegation-ignored": [(delegation_of_exceptions, []), (delegation_of_interrupts, [])],
    "sie-silent": [(sie_in_user_mode, [])],
    "trap-leaves-interrupts-on": [(interrupts_in_a_handler, [])],
    "reservation-never-lost": [(reservation, ["--harts", "2"])],
    "fence-i-ignored": [(written_code, [])],
    "dirty-bit-not-set": [(dirty, []), (dirty, ["--mmu", "tlb"]), (dirty, ["--mmu", "tlb-fenced"])],
    "sum-ignored": [(sum_off, []), (sum_off, ["--mmu", "shadow-lazy"])],
    "mxr-ignored": [(mxr_on, [])],
    "user-bit-ignored": [(user, []), (user, ["--mmu", "tlb-fenced"])],
    "pmp-ignored": [(forbidden, [])],
    "timer-late": [(machine_timer, []), (supervisor_timer, [])],
    "interrupt-lost": [(request_in_service, [])],
    "used-len-wrong": [(used_length, ["--rng"])],
}


def run(vitrine, *words):
    done = subprocess.run([vitrine, "run", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def hashes(text):
    return [line for line in text.splitlines() if line.startswith("state-hash ")]


def check(vitrine, engines, name, guest, options, folder):
    """All that is wrong with one break and one guest."""
    image = folder / f"{name}-{guest.__name__}.elf"
    image.write_bytes(elf(guest(name).code()))
    wrong, seen = [], {}
    for broken, code in (([], 0), (["--break", name], BROKEN)):
        for engine in engines:
            words = [str(image), "--memory", "16M", "--engine", engine, *options, *broken, "--state-hash-every", "2000" if name == "timer-late" else "100",
                     "--max-instructions", "3000000"]
            got, _, said = run(vitrine, *words)
            what = f"{' '.join(words[1:])}: {guest.__name__}"
            if got != code:
                wrong.append(f"{what}: exit code {got}, expected {code}\n{said[-600:]}")
            lines = hashes(said)
            if len(lines) < 5:
                wrong.append(f"{what}: only {len(lines)} state hashes")
            if seen.setdefault(code, lines) != lines:
                wrong.append(f"{what}: another run than with {engines[0]}")
            if (f" broken={name}" in said, f"Wrong on purpose, {name}:" in said) != (bool(broken),) * 2:
                wrong.append(f"{what}: the run does not say what is broken, or says it for nothing:\n{said[-600:]}")
    return wrong


# What the teaching kernel comes to: exit codes. It uses no lr, reads no length, and never looks at D.
TEACH = {"shadow-unprotected": 100, "tlb-never-flushed": 103, "delegation-ignored": 101, "trap-leaves-interrupts-on": 101,
         "fence-i-ignored": 102}


def teach(vitrine):
    root = pathlib.Path(__file__).resolve().parents[2] / "examples/teach"
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        disk, keys = pathlib.Path(name) / "disk.img", pathlib.Path(name) / "keys"
        subprocess.run([sys.executable, root / "mkfs.py", "create", "--blocks", "1024", "--from", root / "teach.elf", disk],
                       check=True, stdout=subprocess.DEVNULL)
        keys.write_text("ls\npages\nforktest\nfault\nwrite file words\ncat file\nls\nhalt\n")
        for break_ in CASES:
            mmu = CASES[break_][0][1] if "--mmu" in CASES[break_][0][1] else []
            words = ["--memory", "32M", "--harts", "3", "--disk", f"{disk},snapshot", "--rng", "--input", str(keys), *mmu,
                     "--state-hash-every", "200000", "--max-instructions", "40000000", "--break", break_]
            runs = [run(vitrine, str(root / "teach.elf"), *words, "--engine", engine) for engine in ("interpreter", "translator")]
            same = (runs[0][0], runs[0][1], hashes(runs[0][2])) == (runs[1][0], runs[1][1], hashes(runs[1][2]))
            good = same and runs[0][0] == TEACH.get(break_, 0) and hashes(runs[0][2])
            wrong += not good
            print(f"{'as it should be' if good else 'WRONG          '} {break_}: exit codes {runs[0][0]}, {runs[1][0]}; "
                  f"{'equal' if same else 'DIFFERENT'} at {len(hashes(runs[0][2]))} points", flush=True)
    return 1 if wrong else 0


def refusals(vitrine, image):
    """What breaks nothing is refused, with what would."""
    wrong = []
    for words, says in ((["--break", "tlb-never-flushed"], "--mmu shadow-lazy or --mmu tlb-fenced"),
                        (["--break", "shadow-unprotected", "--mmu", "tlb"], "--mmu shadow"),
                        (["--break", "sie-silnt"], "did you mean sie-silent"),
                        (["--break", "sie-silent,"], "there is no such break")):
        code, _, said = run(vitrine, str(image), *words)
        if code != 110 or says not in said:
            wrong.append(f"{words}: exit code {code}, {said}")
    return wrong


def main():
    vitrine, engines = sys.argv[1], sys.argv[2:] or ["interpreter"]
    if engines == ["--teach"]:
        return teach(vitrine)
    _, listed, _ = run(vitrine, "--break", "help")
    names = re.findall(r"^([a-z-]+)  \(", listed, re.M)
    wrong = [] if sorted(names) == sorted(CASES) else [f"--break help lists {names}, there are tests of {sorted(CASES)}"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for case, guests in CASES.items():
            before = len(wrong)
            for guest, options in guests:
                wrong += check(vitrine, engines, case, guest, options, folder)
            print(f"{'as it should be' if len(wrong) == before else 'WRONG          '} {case}", flush=True)
        wrong += refusals(vitrine, next(folder.iterdir()))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
