#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs are kept, and made again from what was kept: the same console, the same state at the end, on both engines.

  kept_run_test.py build/vitrine

Somebody types at our teaching kernel at times that no run can foresee. What the console said and the state hash of that run
are the judges of the one that is made again.
"""

import json
import os
import pathlib
import random
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

import tiny_riscv

VITRINE = sys.argv.pop(1) if len(sys.argv) > 1 else "build/vitrine"
TIMEOUT = 120
NEVER = str(1 << 62)


class KeptRun(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)
        self.kept = self.folder / "kept.run"

    def vitrine(self, *words, env=None, **more):
        return subprocess.run([VITRINE, *map(str, words)], capture_output=True, timeout=TIMEOUT, check=False, cwd=self.folder,
                              env={**os.environ, **(env or {})}, stdin=more.pop("stdin", subprocess.DEVNULL), **more)

    def explain(self, *words, code=0, **more):
        done = self.vitrine("explain", *words, **more)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done

    def moments(self, *words, **more):
        return json.loads(self.explain(*words, "--json", **more).stdout)["moments"]

    def type_at(self, lines, *words, seed=1, verb=("run",), cut=None):
        """Types letter by letter at random times, the next line after each prompt. Console and last state hash."""
        dice = random.Random(seed)
        command = [VITRINE, *verb, *map(str, words)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                              cwd=self.folder, env={**os.environ, "VITRINE_OPTS": f"--state-hash-every {NEVER} --keep kept.run"}
                              ) as run:
            said, deadline = b"", time.monotonic() + TIMEOUT
            for line in lines:
                while said.count(b"teach$ ") == 0:
                    self.assertLess(time.monotonic(), deadline, said)
                    if select.select([run.stdout], [], [], 0.1)[0]:
                        said += run.stdout.read(4096)
                before, said = said, b""
                self.heard = getattr(self, "heard", b"") + before
                for letter in line:
                    time.sleep(dice.uniform(0, 0.02))
                    run.stdin.write(letter.encode())
            if cut:
                time.sleep(cut[1])
                run.send_signal(cut[0])
            rest, errors = run.communicate(timeout=TIMEOUT)
            console = self.heard + said + rest
            self.heard = b""
            hashes = re.findall(rb"state-hash (\d+) (\w+)", errors)
            return run.returncode, console, hashes[-1] if hashes else None

    def check_again(self, console, last):
        for engine in ("translator", "interpreter"):
            with self.subTest(engine=engine):
                end, = self.moments(self.kept, "exit", "--engine", engine)
                outcome = end["outcome"]
                self.assertEqual(end["step"] + 1, int(last[0]))
                self.assertEqual(outcome["state_hash"], last[1].decode())
                self.assertEqual(outcome["console_bytes"], len(console))
                self.assertEqual(outcome["console_crc32"], f"{zlib.crc32(console):08x}")

    LINES = ("echo one two\n", "ps\n", "cat nothing\n", "halt\n")

    def test_TypedAtPacedClock_SameAgain(self):
        for harts in (1, 2):
            with self.subTest(harts=harts):
                code, console, last = self.type_at(self.LINES, "--harts", harts, "--state-hash-every", NEVER, "--keep", "kept.run",
                                                   seed=harts)
                self.assertEqual(code, 0, console)
                self.check_again(console, last)

    def test_TypedAtRealClock_SameAgain(self):
        for harts in (1, 2):
            with self.subTest(harts=harts):
                code, console, last = self.type_at(self.LINES, "--harts", harts, "--clock", "real", "--state-hash-every", NEVER,
                                                   "--keep", "kept.run", seed=10 + harts)
                self.assertEqual(code, 0, console)
                self.check_again(console, last)

    def test_TypedAtVirtualClockAndBothEnginesKept_SameAgain(self):
        for engine in ("interpreter", "translator", "lockstep-cached"):
            with self.subTest(engine=engine):
                code, console, last = self.type_at(("echo\n", "halt\n"), "--clock", "virtual", "--engine", engine, "--mmu", "tlb",
                                                   "--state-hash-every", NEVER, "--keep", "kept.run", seed=20)
                self.assertEqual(code, 0, console)
                self.check_again(console, last)

    def test_StoppedBySignal_EndsThereAgain(self):
        code, console, last = self.type_at(("echo one\n",), "--clock", "real", "--state-hash-every", NEVER, "--keep", "kept.run",
                                           cut=(signal.SIGTERM, 0.3))
        self.assertEqual(code, 128 + signal.SIGTERM)
        self.check_again(console, last)
        self.assertEqual(self.moments(self.kept, "exit")[0]["outcome"]["words"].split("\n")[0], "Ended by Terminated.")

    def test_Killed_KeptSoFar(self):
        self.type_at(("echo one\n",), "--keep", "kept.run", cut=(signal.SIGKILL, 0.2))
        done = self.explain(self.kept, "line:teach$", f"@{NEVER}", "--json", code=1)
        self.assertEqual(len(json.loads(done.stdout)["moments"]), 1)
        self.assertIn(b"was killed", done.stderr)

    def test_LimitOfSteps_SameAgain(self):
        for limit in (1, 12345, 900_000):
            done = self.vitrine("run", "--max-instructions", limit, "--state-hash-every", NEVER, "--keep", self.kept)
            self.assertEqual(done.returncode, 103)
            self.check_again(done.stdout, re.findall(rb"state-hash (\d+) (\w+)", done.stderr)[-1])

    def test_FileAsInput_KeptWithTheRun(self):
        (self.folder / "typed").write_text("echo from a file\nhalt\n")
        with open(self.folder / "typed") as typed:
            done = self.vitrine("run", "--state-hash-every", NEVER, "--keep", self.kept, stdin=typed)
        self.assertEqual(done.returncode, 0)
        (self.folder / "typed").unlink()
        self.check_again(done.stdout, re.findall(rb"state-hash (\d+) (\w+)", done.stderr)[-1])

    def test_QemusWords_SameAgain(self):
        kernel = pathlib.Path(__file__).resolve().parents[2] / "examples/teach/teach.elf"
        (self.folder / "teach.elf").write_bytes(kernel.read_bytes())
        code, console, last = self.type_at(("ps\n", "halt\n"), "-M", "virt", "-nographic", "-smp", "2", "-kernel", "teach.elf",
                                           "-bios", "default", verb=("qemu",))
        self.assertEqual(code, 0, console)
        os.environ["VITRINE_OPTS"] = "--harts 7"  # of another day: what counts is what was kept
        self.addCleanup(os.environ.pop, "VITRINE_OPTS")
        self.check_again(console, last)

    # --- Where it is kept

    def state(self):
        return {"XDG_STATE_HOME": str(self.folder / "state"), "VITRINE_KEEP": ""}

    def test_WithoutWords_LastRunIsKept(self):
        for limit in (1000, 2000):
            self.vitrine("run", "--max-instructions", limit, env=self.state())
        end, = self.moments("exit", env=self.state())
        self.assertEqual(end["step"], 1999)
        self.assertEqual(os.listdir(self.folder / "state/vitrine"), ["last.run"])

    def test_KeptByNobody_NoFile(self):
        for words, env in ((("--no-keep",), {}), ((), {"VITRINE_KEEP": "off"})):
            self.vitrine("run", "--max-instructions", 1000, *words, env={**self.state(), **env})
            self.assertFalse((self.folder / "state").exists())
            self.assertIn(b"No run is kept yet", self.explain("exit", env=self.state(), code=112).stderr)

    def test_PlaceThatCannotBeWritten_RunsAllTheSame(self):
        done = self.vitrine("run", "--max-instructions", 1000, env={"XDG_STATE_HOME": "/proc/nowhere", "VITRINE_KEEP": ""})
        self.assertEqual(done.returncode, 103)
        self.assertNotIn(b"kept", done.stderr)
        done = self.vitrine("run", "--max-instructions", 1000, "--keep", self.folder / "no" / "file")
        self.assertEqual(done.returncode, 103)
        self.assertIn(b"The run is not kept in", done.stderr)

    def test_RunsSideBySide_LastOneToBeginIsWhole(self):
        many = [subprocess.Popen([VITRINE, "run", "--max-instructions", str(900_000 + i)], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **self.state()})
                for i in range(6)]
        for run in many:
            self.assertEqual(run.wait(TIMEOUT), 103)
        end, = self.moments("exit", env=self.state())
        self.assertIn(end["step"] + 1, range(900_000, 900_006))
        self.assertEqual(os.listdir(self.folder / "state/vitrine"), ["last.run"])

    # --- What is refused

    def refuse(self, code, *words):
        done = self.explain(*words, code=code)
        self.assertEqual(done.stdout, b"")
        self.assertNotIn(b"\x1b", done.stderr)
        return done.stderr.decode()

    def test_ChangedKernel_Named(self):
        kernel = self.folder / "kernel.bin"
        kernel.write_bytes(tiny_riscv.Program().finish(0x5555).code().ljust(64, b"\0"))
        self.vitrine("run", kernel, "--bios", "none", "--keep", self.kept)
        self.assertEqual(self.moments(self.kept, "exit")[0]["accesses"][0]["register"], "FINISH")
        kernel.write_bytes(tiny_riscv.Program().finish(0x7777).code().ljust(64, b"\0"))
        self.assertRegex(self.refuse(110, self.kept, "exit"), "kernel was kernel.bin#.* then, and is kernel.bin#.* now")
        kernel.unlink()
        self.assertRegex(self.refuse(112, self.kept, "exit"), "kernel.bin")

    def test_ChangedDisk_NamedAndNeverWritten(self):
        disk = self.folder / "disk.img"
        disk.write_bytes(bytes(1 << 20))
        self.vitrine("run", "--max-instructions", 2_000_000, "--disk", disk, "--keep", self.kept)
        before = disk.stat().st_mtime_ns
        self.moments(self.kept, "exit")
        self.assertEqual((disk.stat().st_mtime_ns, disk.read_bytes()), (before, bytes(1 << 20)))
        disk.write_bytes(b"x" * (1 << 20))
        self.assertRegex(self.refuse(110, self.kept, "exit"), "the disk .*disk.img has changed since")

    def test_NoKeptRun_SaysSo(self):
        self.assertRegex(self.refuse(112, self.folder / "nothing", "exit"), "nothing")
        other = self.folder / "other"
        other.write_text("hello\n")
        self.assertRegex(self.refuse(111, other, "exit"), "is no kept run")

    def test_WrongWords_AreNamed(self):
        self.assertRegex(self.refuse(110), "wants a moment")
        self.assertRegex(self.refuse(110, "--jsn", "exit"), "did you mean --json")
        self.assertRegex(self.refuse(110, "event:hidden-falt"), "did you mean hidden-fault")
        for word in ("@", "@x", "event:hidden-fault#0", "pc:", "pc:a+b", "line:"):
            self.assertIn("Moments look like", self.refuse(110, word))
        self.vitrine("run", "--max-instructions", 1000, "--keep", self.kept)
        self.assertRegex(self.refuse(110, self.kept, "pc:no_such_symbol"), "has a symbol 'no_such_symbol'")


if __name__ == "__main__":
    unittest.main(verbosity=2)
