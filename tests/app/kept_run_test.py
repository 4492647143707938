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

    # --- Disks

    MKFS = pathlib.Path(__file__).resolve().parents[2] / "examples/teach/mkfs.py"
    WRITES = "write one hello\ncat one\nrm welcome\nwrite two again\nls\nhalt\n"

    def disk(self, name="disk.img"):
        path = self.folder / name
        subprocess.run([sys.executable, self.MKFS, "create", "--blocks", "1024", "--from", self.MKFS.parent / "teach.elf", path],
                       check=True, capture_output=True)
        return path

    def write_to(self, disk, keys=WRITES, access="", kept=None):
        (self.folder / "keys").write_text(keys)
        done = self.vitrine("run", "--disk", f"{disk}{access}", "--input", "keys", "--state-hash-every", NEVER, "--keep", kept or self.kept)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, re.findall(rb"state-hash (\d+) (\w+)", done.stderr)[-1]

    def test_DiskThatWasWritten_SameAgainFromWhatItIsNow(self):
        disk = self.disk()
        before = disk.read_bytes()
        console, last = self.write_to(disk)
        behind = disk.read_bytes()
        self.assertNotEqual(behind, before)
        self.check_again(console, last)
        self.assertEqual(disk.read_bytes(), behind)
        disk.write_bytes(before)
        self.check_again(console, last)
        # And of one that begins where the first one ended.
        disk.write_bytes(behind)
        console, last = self.write_to(disk, "write three x\nls\nhalt\n")
        self.assertIn(b"two", console)
        self.check_again(console, last)

    def test_DiskWrittenByALaterRun_BlockIsNamedIfItMatters(self):
        disk, later = self.disk(), self.folder / "later.run"
        console, last = self.write_to(disk)
        self.write_to(disk, "cat two\nrm one\nwrite four 4444\nhalt\n", kept=later)
        self.moments(later, "exit")
        self.check_again(console, last)  # both wrote to the same blocks
        self.write_to(disk, "ls\ncat four\nhalt\n")
        self.write_to(disk, "rm four\nwrite five 55555\nhalt\n", kept=later)
        said = self.refuse(110, self.kept, "exit")
        self.assertRegex(said, r"the disk '.*disk\.img' has changed since the run: block \d+ \(bytes 0x\w+ to 0x\w+\) is another one")

    def test_SnapshotAndReadOnly_OnlyWhatWasReadCounts(self):
        for access in ",snapshot", ",ro":
            with self.subTest(access=access):
                disk = self.disk()
                console, last = self.write_to(disk, "ls\ncat welcome\nhalt\n", access)
                os.utime(disk, (1, 1))
                with open(disk, "r+b") as image:
                    image.seek(-100, os.SEEK_END)  # no file is there
                    image.write(b"changed")
                self.check_again(console, last)
                with open(disk, "r+b") as image:
                    image.write(b"changed")
                self.assertRegex(self.refuse(110, self.kept, "exit"), "the disk .*disk.img' has changed since the run: block 0 ")
                disk.unlink()

    def test_KilledWhileItWrites_KeptSoFarAndTrue(self):
        dice = random.Random(3)
        lines = [f"write f{i % 9} {'x' * (i % 50)}{i}\ncat f{i % 9}\nrm f{i % 9}\n" for i in range(4000)]
        (self.folder / "keys").write_text("".join(lines) + "halt\n")
        for round_ in range(6):
            disk = self.disk()
            with subprocess.Popen([VITRINE, "run", "--disk", disk, "--input", "keys", "--keep", self.kept], cwd=self.folder,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as run:
                time.sleep(dice.uniform(1.2, 2.4))
                run.kill()
            if run.returncode == 0:
                self.skipTest("this host is too fast for this test")
            behind = disk.read_bytes()
            for engine in ("translator", "interpreter"):
                end, = self.moments(self.kept, "exit", "--engine", engine)
                self.assertIn("What was kept ends here", end["text"])
                self.assertIsNone(end["outcome"]["exit_code"])
                self.assertEqual(disk.read_bytes(), behind)
                fresh = self.vitrine("run", "--disk", self.disk("fresh.img"), "--input", "keys", "--max-instructions", end["step"] + 1,
                                     "--state-hash-every", NEVER, "--no-keep")
                hashes = re.findall(rb"state-hash (\d+) (\w+)", fresh.stderr)
                self.assertEqual(hashes[-1], (str(end["step"] + 1).encode(), end["outcome"]["state_hash"].encode()))
                self.assertEqual(end["outcome"]["console_bytes"], len(fresh.stdout))

    # --- Recordings, and the verb that plays them

    def replay(self, run, engine, code=0, cwd=None):
        done = subprocess.run([VITRINE, "replay", run, "--engine", engine], capture_output=True, timeout=TIMEOUT, check=False,
                              cwd=cwd or self.folder, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done

    def test_Recording_SaysTheSameOnEitherEngineAndEndsInTheSameState(self):
        disk = self.disk()
        code, console, last = self.type_at(("echo one two\n", "write one 1\n", "cat one\n", "halt\n"), "--disk", disk, "--state-hash-every",
                                           NEVER, "--record", "film.run")
        self.assertEqual(code, 0, console)
        self.assertEqual((self.folder / "film.run").read_bytes()[:4], bytes.fromhex("28b52ffd"))
        for engine in "translator", "interpreter":
            done = self.replay("film.run", engine)
            self.assertEqual(done.stdout.rstrip(b"\n"), console.rstrip(b"\n"))
            self.assertRegex(done.stderr.decode(), f"^vitrine: The guest ended with success. Made again: {int(last[0])} steps. "
                                                   f"The state at the end is the same, {last[1].decode()}.\n$")
        self.kept = self.folder / "film.run"
        self.check_again(console, last)

    def test_TwoDisksInLockstep_SameAgain(self):
        first, second = self.disk("first.img"), self.disk("second.img")
        (self.folder / "keys").write_text(self.WRITES)
        for order in (first, second), (second, first):
            done = self.vitrine("run", "--engine", "lockstep-cached", "--disk", order[0], "--disk", f"{order[1]},slot=0", "--input", "keys",
                                "--record", self.kept)
            self.assertEqual(done.returncode, 0, done.stderr)
            for engine in "translator", "interpreter":
                self.assertEqual(self.replay(self.kept, engine).stdout, done.stdout)

    def test_Replay_HasTheRunsExitCode(self):
        kernel = self.folder / "kernel.bin"
        kernel.write_bytes(tiny_riscv.Program().finish(7 << 16 | 0x3333).code().ljust(64, b"\0"))
        self.assertEqual(self.vitrine("run", kernel, "--bios", "none", "--record", self.kept).returncode, 7)
        self.assertIn(b"code 7", self.replay(self.kept, "interpreter", code=7).stderr)
        self.assertEqual(self.vitrine("replay", env=self.state()).returncode, 112)

    def test_RecordingGivenAway_FindsTheImagesWhereItIsPlayed(self):
        here, there = self.folder / "here", self.folder / "there"
        here.mkdir()
        (here / "kernel.bin").write_bytes(tiny_riscv.Program().li("t0", tiny_riscv.UART).addi("t1", "x0", ord("A")).sb("t1", "t0", 0)
                                          .finish(0x5555).code().ljust(64, b"\0"))
        done = subprocess.run([VITRINE, "run", "kernel.bin", "--bios", "none", "--record", "film.run"], cwd=here, capture_output=True,
                              stdin=subprocess.DEVNULL, check=True)
        here.rename(there)
        self.assertEqual(self.replay("film.run", "translator", cwd=there).stdout.strip(), done.stdout)
        (there / "kernel.bin").write_bytes(b"\x13\0\0\0" * 16)
        self.assertIn(b"kernel was kernel.bin#", self.replay("film.run", "translator", code=110, cwd=there).stderr)

    def test_RecordingKilled_PlaysUpToThere(self):
        self.type_at(("echo one\n",), "--record", "film.run", cut=(signal.SIGKILL, 0.2))
        done = self.replay("film.run", "translator", code=1)
        self.assertIn(b"teach$ echo", done.stdout)
        self.assertIn(b"where what was kept ends", done.stderr)

    def test_RecordingCutOrDamaged_Refused(self):
        self.vitrine("run", "--max-instructions", 900_000, "--record", self.kept)
        whole, other, dice = self.kept.read_bytes(), self.folder / "other.run", random.Random(1)
        cases = [whole[:dice.randrange(4, len(whole))] for _ in range(60)] + [whole + b"x"]
        for _ in range(140):
            at = dice.randrange(len(whole))
            cases.append(whole[:at] + bytes([whole[at] ^ 1 << dice.randrange(8)]) + whole[at + 1:])
        true, refused = self.replay(self.kept, "translator", code=103), 0
        for case in cases:
            other.write_bytes(case)
            done = self.vitrine("replay", other)
            if done.returncode == 103:  # a bit that zstd does not use: what is in it is the same
                self.assertEqual((done.stdout, done.stderr), (true.stdout, true.stderr))
                continue
            self.assertEqual((done.returncode, done.stdout), (111, b""), done.stderr)
            self.assertRegex(done.stderr, b"is damaged|is no kept run")
            refused += 1
        self.assertGreater(refused, 190)

    def test_RecordingThatCannotBeWritten_NoRun(self):
        done = self.vitrine("run", "--max-instructions", 1000, "--record", self.folder / "no" / "file")
        self.assertEqual((done.returncode, done.stdout), (112, b""))
        self.assertIn(b"The recording cannot be written to", done.stderr)

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
        self.assertRegex(self.refuse(110, self.kept, "exit"), "the disk .*disk.img' has changed since")

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
