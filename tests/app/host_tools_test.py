#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names of generated code for tools of the host: --perf-map, --jitdump, --gdb-jit.

  host_tools_test.py build/vitrine

The files are read by parsers of their own; then by perf and gdb themselves, where these are installed. The guest is a
loop at an address that is known, so the name of the block that must be hot is known, too.
"""

import os
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import unittest

from in_folder import InFolder

VITRINE = os.path.abspath(sys.argv.pop(1) if len(sys.argv) > 1 else "build/vitrine")
TIMEOUT = 120
NAME = re.compile(r"guest_([USM])_([0-9a-f]{1,16})")
# 0x80000000: lui t0, 0x40000; loop: addi t0, t0, -1; addi t1, t1, 1; bnez t0, loop; j . - all in M mode
LOOP = (0x400002B7, 0xFFF28293, 0x00130313, 0xFE029CE3, 0x0000006F)
HOT = "guest_M_80000004"


class HostTools(InFolder):
    def setUp(self):
        super().setUp()
        self.guest = self.folder / "guest.bin"
        self.guest.write_bytes(struct.pack(f"<{len(LOOP)}I", *LOOP).ljust(64, b"\0"))

    def vitrine(self, *words, steps=2_000_000, guest=None):
        """Runs to the limit of steps; answers the number of the process, for the names of its files."""
        words = [VITRINE, "run", guest or self.guest, "--bios", "none", "--max-instructions", steps, *words]
        if guest:
            del words[3:5]
        process = subprocess.Popen([str(w) for w in words], cwd=self.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        _, self.said = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 103, self.said)
        self.addCleanup(pathlib.Path(f"/tmp/perf-{process.pid}.map").unlink, missing_ok=True)
        return process.pid

    def perf_map(self, pid):
        lines = pathlib.Path(f"/tmp/perf-{pid}.map").read_text().splitlines()
        pieces = [line.split(" ") for line in lines]
        self.assertTrue(all(len(piece) == 3 for piece in pieces))
        return [(int(at, 16), int(size, 16), name) for at, size, name in pieces]

    def jitdump(self, pid):
        """Linux, tools/perf/Documentation/jitdump-specification.txt, word by word."""
        data = (self.folder / f"jit-{pid}.dump").read_bytes()
        magic, version, header_size, machine, _, process, begun, flags = struct.unpack_from("<6I2Q", data)
        self.assertEqual((magic, version, header_size, machine, process, flags), (0x4A695444, 1, 40, 62, pid, 0))
        at, pieces, last = header_size, [], begun
        while at < len(data):
            kind, size, time = struct.unpack_from("<IIQ", data, at)
            self.assertGreaterEqual(time, last)
            last = time
            if kind == 3:
                self.assertEqual((size, at + size), (16, len(data)), "the end is the end")
                break
            self.assertEqual(kind, 0)
            process, thread, vma, address, code_size, index = struct.unpack_from("<2I4Q", data, at + 16)
            end = data.index(0, at + 56)
            self.assertEqual((process, thread, vma, index), (pid, pid, address, len(pieces)))
            self.assertEqual(at + size, end + 1 + code_size)
            pieces.append((address, code_size, data[at + 56:end].decode(), data[end + 1:at + size]))
            at += size
        else:
            self.fail("no record says that this is the end")
        return pieces

    def check_pieces(self, pieces):
        """No two at one place; every name is of a block or a thunk."""
        pieces = sorted(pieces)
        for (at, size, name, *_), (following, *_) in zip(pieces, pieces[1:]):
            self.assertGreater(size, 0)
            self.assertLessEqual(at + size, following, name)
        for _, _, name, *_ in pieces:
            self.assertTrue(NAME.fullmatch(name) or name.startswith("vitrine_"), name)

    def test_MapAndDump_SayTheSame(self):
        typed = pathlib.Path(self.folder, "typed")
        typed.write_text("ps\n" * 40)  # often enough for the shell to be translated
        pid = self.vitrine("--perf-map", "--jitdump", ".", "--input", typed, guest="teach", steps=6_000_000)
        mapped, dumped = self.perf_map(pid), self.jitdump(pid)
        self.assertEqual(mapped, [piece[:3] for piece in dumped])
        self.check_pieces(dumped)
        privileges = {NAME.match(name)[1] for _, _, name in mapped if NAME.match(name)}
        self.assertEqual(privileges, {"U", "S"}, "a kernel on the built-in SBI")
        self.assertGreater(len(mapped), 100)

    def test_NameIsOfTheGuestAddress(self):
        names = [name for _, _, name in self.perf_map(self.vitrine("--perf-map"))]
        self.assertIn(HOT, names)

    def test_Dump_HoldsTheCode(self):
        for _, size, name, code in self.jitdump(self.vitrine("--jitdump", self.folder)):
            self.assertEqual(len(code), size)
            if name == HOT:  # sub r15, 3: three instructions are paid for
                self.assertIn(bytes((0x49, 0x83, 0xEF, 3)), code[:16])
                return
        self.fail(f"no {HOT}")

    def test_Nothing_WhenNotAskedFor(self):
        pid = self.vitrine()
        self.assertFalse(pathlib.Path(f"/tmp/perf-{pid}.map").exists())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["guest.bin"])

    def test_SameRun(self):
        hashes = set()
        for words in ((), ("--perf-map", "--gdb-jit")):
            self.vitrine("--state-hash-every", 300_000, *words, guest="teach", steps=900_000)
            hashes.add("\n".join(re.findall("state-hash .*", self.said)))
        self.assertEqual(len(hashes), 1)
        self.assertIn("state-hash 900000", hashes.pop())

    def test_WrongFolder_112(self):
        done = subprocess.run([VITRINE, "run", "--jitdump", self.folder / "gone"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        self.assertEqual((done.returncode, done.stdout), (112, ""))
        self.assertRegex(done.stderr, r"gone/jit-\d+\.dump' .* cannot be made: No such file")

    def test_NothingToName_110(self):
        done = subprocess.run([VITRINE, "run", "--engine", "interpreter", "--gdb-jit"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        self.assertEqual((done.returncode, done.stdout), (110, ""))
        self.assertIn("--engine translator", done.stderr)

    def test_FullDisk_SaidAtTheEnd(self):
        """A shell that waits; then no file may grow any more, and a command makes new blocks."""
        process = subprocess.Popen([VITRINE, "run", "teach", "--jitdump", "."], cwd=self.folder, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
        seen = b""
        while not seen.endswith(b"teach$ "):
            seen += process.stdout.read(1)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, 1))
        _, said = process.communicate(b"ls\nhelp\nhalt\n", timeout=TIMEOUT)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(re.findall(rb"jit-\d+\.dump' is not complete: File too large", said)), 1, said)

    # --- The tools themselves

    def perf(self, *words):
        done = subprocess.run(["perf", *map(str, words)], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=TIMEOUT,
                              env={**os.environ, "HOME": str(self.folder), "PERF_BUILDID_DIR": str(self.folder / "ids")})
        return done

    def record(self, *words):
        """A run that is long enough for some hundred samples, by a clock that every host has."""
        if not shutil.which("perf"):
            self.skipTest("there is no perf (Debian package linux-perf)")
        done = self.perf("record", "-q", "-e", "cpu-clock", "-F", 1000, "-k", "mono", "-o", "data", VITRINE, "run", self.guest,
                         "--bios", "none", "--max-instructions", 600_000_000, *words)
        if done.returncode not in (0, 103) or not (self.folder / "data").exists():
            self.skipTest(f"perf cannot record here: {done.stderr.strip()[:200]}")

    def check_report(self, data):
        done = self.perf("report", "-i", data, "--stdio", "--sort", "symbol")
        shares = {name: float(share) for share, name in re.findall(r"^\s+([0-9.]+)%\s+\[\.\] (\S+)", done.stdout, re.M)}
        self.assertGreater(shares.get(HOT, 0), 50, done.stdout + done.stderr)

    def test_PerfReport_ByMap(self):
        self.record("--perf-map")
        self.check_report("data")
        for path in pathlib.Path("/tmp").glob("perf-*.map"):
            if HOT in path.read_text() and not pathlib.Path("/proc", path.stem.split("-")[1]).exists():
                path.unlink()

    def test_PerfReport_ByDump(self):
        self.record("--jitdump", ".")
        done = self.perf("inject", "--jit", "-i", "data", "-o", "injected")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_report("injected")

    def gdb(self, *commands, words=()):
        if not shutil.which("gdb"):
            self.skipTest("there is no gdb (Debian package gdb)")
        script = self.folder / "script"
        script.write_text("\n".join(("set pagination off", "set confirm off", "set debuginfod enabled off",
                                     "set breakpoint pending on", *commands)) + "\n")
        done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-x", script, "--args", VITRINE, "run", self.guest, "--bios",
                               "none", "--max-instructions", "2000000", *words],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=TIMEOUT)
        if "Could not trace the inferior" in done.stderr or "ptrace" in done.stderr:
            self.skipTest(f"gdb cannot trace here: {done.stderr.strip()[:200]}")
        return done.stdout + done.stderr

    def test_Gdb_StopsInABlockByItsName(self):
        """A breakpoint of the hardware: generated code cannot be written where it runs."""
        said = self.gdb("break vitrine::translator::Translator::run", "ignore 1 50", "run", "delete 1",
                        f"thbreak *&{HOT}", "continue", "info symbol $pc", "kill", words=("--gdb-jit",))
        if "Could not insert hardware" in said:
            self.skipTest("this host gives gdb no breakpoints of the hardware")
        self.assertRegex(said, rf"(?m)^{HOT} in section \.text of", said)

    def test_Gdb_ForgetsWhatIsGone(self):
        """At the end of the program every file in memory has been taken back."""
        said = self.gdb("break exit", "run", "print *(long*)((char*)&__jit_debug_descriptor + 16)", f"info symbol {HOT}", "kill",
                        words=("--gdb-jit",))
        self.assertRegex(said, r"(?m)^\$1 = 0$", said)
        self.assertIn(f'No symbol "{HOT}" in current context', said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
