#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""QEMU's -d and -D on `vitrine qemu`: each item tells of what it names, and what is not logged is said.

  qemu_log_test.py build/vitrine ENGINE...
"""
import os
import pathlib
import re
import subprocess
import sys
import unittest

from in_folder import InFolder
from tiny_riscv import Program, elf

VITRINE = os.path.abspath(sys.argv.pop(1))
ENGINES = sys.argv[1:] or ["interpreter"]
del sys.argv[1:]
TRANSLATOR = "translator" in ENGINES
ROOT = pathlib.Path(__file__).resolve().parents[2]
TEACH = ROOT / "examples/teach/teach.elf"
PASS = 0x5555


class Items(InFolder):
    def qemu(self, image, *words, environment="", keys=b""):
        """-bios none: the image begins in M mode."""
        typed = self.file("keys", keys)
        with open(typed, "rb") as stdin:
            return subprocess.run([VITRINE, "qemu", "-M", "virt", "-nographic", "-m", "32M", "-kernel", image, *map(str, words)],
                                  stdin=stdin, capture_output=True, text=True, timeout=120, check=False,
                                  env={**os.environ, "VITRINE_OPTS": "--clock virtual " + environment})

    def bare(self, program, *words, **options):
        done = self.qemu(self.file("k.elf", elf(program.code())), "-bios", "none", *words, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def teach(self, *words, **options):
        done = self.qemu(TEACH, "-D", self.folder / "log", *words, keys=b"forktest\nhalt\n",
                         environment="--bios builtin " + options.pop("environment", ""))
        self.assertEqual((done.returncode, options.get("says", "") in done.stderr), (0, True), done.stderr)
        return (self.folder / "log").read_text(), done

    @staticmethod
    def kinds(log):
        return set(re.findall(r"([a-z-]+) \([a-z-]+\): ", log.split("\n", 1)[1]))

    def test_int_GuestTraps(self):
        log, done = self.teach("-d", "int")
        self.assertEqual(done.stderr, "")
        self.assertEqual(self.kinds(log), {"guest-exception", "guest-interrupt"})
        self.assertIn("(ecall-from-u): environment call from U mode: S mode's handler at", log)

    def test_mmu_FaultsOfTranslation(self):
        log, _ = self.teach("-d", "mmu")
        self.assertEqual(self.kinds(log), {"hidden-fault", "guest-page-fault"})

    def test_guest_errors_WhatNobodyAnswers(self):
        # mtvec is 0 at first: where the fault leads is set up by hand. auipc t0, 0; addi t0, t0, 32; csrw mtvec, t0
        program = Program().word(0x297).word(0x02028293).word(0x30529073).lw("t1", "x0", 0x40).hang()
        while len(program.words) < 8:
            program.word(0)
        program.finish(PASS)
        for item in "guest_errors", "unimp":
            with self.subTest(item=item):
                lines = self.bare(program, "-d", item).stderr.splitlines()
                self.assertEqual(len(lines), 2, lines)
                self.assertRegex(lines[1], r"M 0x8000000c .* lw t1, ?64\(zero\) .*device-read \(address\): nothing is at 0x40")
        self.assertEqual(self.bare(program).stderr, "")

    def test_cpu_reset_Registers(self):
        done = self.bare(Program().finish(PASS), "-d", "cpu_reset", "-smp", "2")
        self.assertEqual(len(re.findall(r"(?m)^reset of hart [01] at step 0$", done.stderr)), 2)
        self.assertRegex(done.stderr, r"(?m)^  pc .*1000$")

    @unittest.skipUnless(TRANSLATOR, "this build has no translator")
    def test_blocks_GuestIrAndHost(self):
        loop = Program().li("t3", 5000).label("again").addi("t3", "t3", -1).bne("t3", "x0", "again").finish(PASS)
        log = self.bare(loop, "-d", "in_asm,op,op_opt,out_asm").stderr
        block = next(part for part in log.split("---- ") if "addi t3, t3, -1" in part)
        heads = re.findall(r"(?m)^(\w+):$", block)
        self.assertEqual(heads, ["in_asm", "op", "op_opt", "out_asm"])
        self.assertRegex(block, r"(?m)^0x800000\w\w:  fffe0e13  addi t3, t3, -1$")
        log = self.bare(loop, "-d", "out_asm").stderr
        self.assertNotIn("in_asm:", log)
        self.assertRegex(log, r"(?m)^out_asm:\n.*0x")

    @unittest.skipUnless(TRANSLATOR, "this build has no translator")
    def test_blocks_OnTheInterpreterThereAreNone(self):
        done = self.bare(Program().finish(PASS), "-d", "in_asm", environment="--engine interpreter")
        self.assertIn("-d: the interpreter translates no blocks", done.stderr)

    def test_exec_EachBlockEntered(self):
        loop = Program().li("t3", 100).label("again").addi("t3", "t3", -1).bne("t3", "x0", "again").finish(PASS)
        for engine in ENGINES:
            with self.subTest(engine=engine):
                done = self.bare(loop, "-d", "exec", "-D", self.folder / "log", environment=f"--engine {engine}")
                self.assertIn("slow", done.stderr)
                entries = re.findall(r"(?m)^exec @(\d+) hart 0 M (0x\w+).*: (\d+) steps$", (self.folder / "log").read_text())
                self.assertEqual(len(entries), (self.folder / "log").read_text().count("\n"))
                step = 0  # every step is in one entry
                for at, _, steps in entries:
                    self.assertEqual(int(at), step)
                    step += int(steps)
                self.assertGreater(step, 200)

    def test_exec_TheSameRun(self):
        hashes = set()
        for words in (), ("-d", "exec"), ("-d", "int,mmu,in_asm,out_asm,cpu_reset"):
            _, done = self.teach(*words, environment="--state-hash-every 1000000") if words else (None, self.qemu(
                TEACH, keys=b"forktest\nhalt\n", environment="--bios builtin --state-hash-every 1000000"))
            hashes.add(tuple(re.findall(r"(?m)^state-hash .*$", done.stderr)))
        self.assertEqual(len(hashes), 1)
        self.assertGreater(len(hashes.pop()), 1)

    def test_Others_AreSaid(self):
        done = self.bare(Program().finish(PASS), "-d", "fpu,trace:memory*", "-D", self.folder / "log")
        self.assertIn("no log of that kind: fpu, trace:memory*", done.stderr)
        self.assertEqual((self.folder / "log").read_text(), "")

    def test_Help_ListsThem(self):
        done = subprocess.run([VITRINE, "qemu", "-d", "help"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        for item in "int in_asm op out_asm exec cpu_reset guest_errors unimp mmu".split():
            self.assertRegex(done.stdout, rf"(?m)^{item} +(?!accepted)")
        self.assertRegex(done.stdout, r"(?m)^fpu +accepted, and nothing is written")


if __name__ == "__main__":
    unittest.main()
