# SPDX-License-Identifier: MIT
"""The ground under tests that run `qemu-system-riscv64`, or a program that takes its command line: the program's words
are sys.argv[1:]. Next: qemu_contract_test.py, qemu_words_test.py."""

import os
import subprocess
import sys
import unittest

from in_folder import InFolder
from tiny_riscv import DeviceTree

EMULATOR = []
TIMEOUT = 30
PASS, FAIL, RESET = 0x5555, 0x3333, 0x7777  # for the test finisher


def is_vitrine():
    return b"Vitrine" in subprocess.run([*EMULATOR, "-version"], capture_output=True, timeout=TIMEOUT).stdout


class Case(InFolder):
    def setUp(self):
        super().setUp()
        self.environment = {k: v for k, v in os.environ.items() if k != "VITRINE_OPTS"}

    def file(self, name, content):
        return str(super().file(name, content))

    def kernel(self, program):
        return self.file("kernel.bin", program.code() + bytes(64))

    def start(self, *words, **how):
        how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        process = subprocess.Popen([*EMULATOR, *map(str, words)], cwd=self.folder, env=self.environment, **how)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def run_words(self, *words, **how):
        process = self.start(*words, **how)
        out, err = process.communicate(timeout=TIMEOUT)
        return process.returncode, out.decode("latin-1"), err.decode("latin-1")

    def run_guest(self, program, *words, **how):
        return self.run_words("-M", "virt", "-nographic", "-bios", "none", "-kernel", self.kernel(program), *words,
                              **how)

    def output_of(self, program, *words, **how):
        code, out, err = self.run_guest(program, *words, **how)
        self.assertEqual(code, 0, err)
        return out

    def tree(self, *words):
        path = self.folder / "board.dtb"
        code, _, err = self.run_words("-nographic", "-M", f"virt,dumpdtb={path}", *words)
        self.assertEqual(code, 0, err)
        return DeviceTree(path.read_bytes())

    def refused(self, *words):
        """The message, of a refusal with exit code 1 and nothing but a message."""
        code, _, err = self.run_words(*words)
        self.assertEqual(code, 1, f"{words}: {err}")
        self.assertNotIn("Traceback", err)
        return err


def main(documentation):
    if len(sys.argv) < 2:
        sys.exit(documentation)
    EMULATOR[:] = sys.argv[1:]
    if os.sep in EMULATOR[0]:
        EMULATOR[0] = os.path.abspath(EMULATOR[0])
    only = os.environ.get("ONLY")  # one test while working on it
    unittest.main(argv=[sys.argv[0], *([only] if only else [])], verbosity=2)
