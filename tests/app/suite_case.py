# SPDX-License-Identifier: MIT
"""Guests and a folder for tests of `vitrine suite`.

Each guest is a few instructions of tiny_riscv, as an ELF file with symbols. How it must be judged stands in the test that
makes it, never in the program that is tested.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import time

from in_folder import InFolder
from tiny_riscv import Program

VITRINE = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else "build/vitrine")
ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT = 300
PASS, BASE = 0x5555, 0x8000_0000


def failing(code):
    """What makes the finisher report a failure with this code."""
    return code << 16 | 0x3333


def elf(program, symbols=(), at=BASE, bits=64, machine=243):
    """The program as an ELF file; each label of `symbols` is a symbol of it."""
    code = program.code()
    names, table = b"\0", struct.pack("<IBBHQQ", 0, 0, 0, 0, 0, 0)
    for name in symbols:
        table += struct.pack("<IBBHQQ", len(names), 0x10, 0, 1, at + 4 * program.labels[name], 0)
        names += name.encode() + b"\0"
    code_at, table_at = 120, 120 + len(code)
    names_at = table_at + len(table)
    sections_at = names_at + len(names) + 7 & ~7
    header = struct.pack("<4s12B2HI3QI6H", b"\x7fELF", 2 if bits == 64 else 1, 1, 1, *[0] * 9, 2, machine, 1, at, 64, sections_at, 0,
                         64, 56, 1, 64, 4, 3)
    segment = struct.pack("<2I6Q", 1, 7, code_at, at, at, len(code), len(code), 4)
    section = struct.Struct("<2I4Q2I2Q")
    sections = [section.pack(*[0] * 10), section.pack(0, 1, 7, at, code_at, len(code), 0, 0, 4, 0),
                section.pack(0, 2, 0, 0, table_at, len(table), 3, 1, 8, 24), section.pack(0, 3, 0, 0, names_at, len(names), 0, 0, 1, 0)]
    return (header + segment + code + table + names).ljust(sections_at, b"\0") + b"".join(sections)


def saying(text, end=PASS):
    """Prints, and ends by the finisher."""
    return elf(Program().text(text).finish(end))


def worker_of(suite, name):
    """The process of a running suite in which this guest runs, once it is past its start."""
    for _ in range(1200):
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == suite.pid and f"/{name}\0".encode() in (process / "cmdline").read_bytes():
                    time.sleep(0.3)
                    return int(process.name)
            except OSError:
                continue  # it has just ended
        time.sleep(0.05)
    raise AssertionError("there was no worker")


class SuiteCase(InFolder):
    def setUp(self):
        super().setUp()
        self.tests = self.folder / "tests"
        self.out = self.folder / "out"
        self.tests.mkdir()
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state")}
        for name in list(self.environment):
            if name.startswith(("SLURM_", "TEST_", "GTEST_", "JOB_COMPLETION")):
                del self.environment[name]

    def add(self, name, content):
        path = self.tests / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def vitrine(self, *words, **options):
        options.setdefault("env", self.environment)
        return subprocess.run([VITRINE, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT,
                              check=False, errors="replace", **options)

    def suite(self, *words, out=None, **options):
        return self.vitrine("suite", "run", self.tests, "--out", out or self.out, *words, **options)

    def results(self, out=None, name="results.ndjson"):
        """Test name -> its last line in the results."""
        lines = [json.loads(line) for line in ((out or self.out) / name).read_text().splitlines()]
        return {line["test"]: line for line in lines if "test" in line}

    def verdicts(self, **options):
        return {name: line["verdict"] for name, line in self.results(**options).items()}

    def judged(self, name, *words, code=None):
        """Runs the suite and gives the line of one test."""
        out = self.folder / f"out{len(list(self.folder.iterdir()))}"
        done = self.suite(*words, out=out)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.said = done
        self.last_out = out
        return self.results(out=out)[name]
