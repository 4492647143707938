#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""spike.py sees what differs, and nothing else; and, where there is a Spike, a small program is the same on both.

  spike_test.py build/vitrine
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import spike

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "app"))
from suite_case import VITRINE, elf  # noqa: E402
from tiny_riscv import Program  # noqa: E402

LOG = """core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000
core   0: 3 0x0000000080000004 (0x0002b303) x6  0x0000000000000007 mem 0x0000000080000000
core   0: 3 0x0000000080000008 (0x186f2faf) x31 0x0000000000000000 mem 0x0000000080000108 0x12344fff
core   0: 3 0x000000008000000c (0x0062b023) mem 0x0000000080000000 0x0000000000000007
""".splitlines()


def theirs(line, old, new):
    return [text.replace(old, new) if index == line else text for index, text in enumerate(LOG)]


class Compared(unittest.TestCase):
    def test_Equal_AllOfIt(self):
        self.assertEqual(spike.compare(LOG, LOG), (4, "", ""))
        self.assertEqual(spike.compare(LOG, LOG + ["core   0: 3 0x0000000080000010 (0x0000006f)"]), (4, "", ""), "Spike ends later")

    def test_AnyWord_IsADifference(self):
        for line, old, new in ((0, "80000000 (", "80000002 ("), (1, "(0x0002b303)", "(0x0002b383)"), (1, "x6  0x0000000000000007", "x6  0x0000000000000008"),
                               (1, " mem 0x0000000080000000", ""), (3, "0x0000000000000007", "0x0000000000000006"), (0, ": 3 ", ": 1 ")):
            with self.subTest(new):
                count, difference, _ = spike.compare(LOG, theirs(line, old, new))
                self.assertEqual(count, line)
                self.assertIn("vitrine: " + LOG[line], difference)

    def test_SpikeEndsFirst_IsADifference(self):
        self.assertIn("(ends)", spike.compare(LOG, LOG[:2])[1])

    def test_StoreConditional_MayFailOnOne(self):
        self.assertEqual(spike.compare(LOG, theirs(2, "0x0000000000000000 mem", "0x0000000000000001 mem"))[:2], (2, ""))


class OnSpike(unittest.TestCase):
    def test_TinyProgram_IsTheSame(self):
        if not shutil.which("spike"):
            self.skipTest("there is no spike on this host")
        program = Program().la("t0", "tohost").li("t1", 0x1234_5678).sw("t1", "t0", 8).lw("t2", "t0", 8).lr_w("t3", "t0").sc_w("t4", "t1", "t0")
        program.csrw(0x340, "t1").csrw(0x104, "t1").li("t1", 1).sd("t1", "t0", 0).spin()
        program.label("tohost").word(0).word(0).word(0).word(0).label("fromhost").word(0).word(0)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "tiny")
            path.write_bytes(elf(program, ["tohost", "fromhost"]))
            done = subprocess.run([sys.executable, spike.__file__, VITRINE, path], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"1 programs, 1\d instructions: no difference")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
