#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Snapshots as scripts and people meet them: `run --snapshot-at`, `run SNAPSHOT`, `replay`, `explain`, suites, kills.

  snapshot_test.py build/vitrine

Judge: the run of our teaching kernel that nobody interrupted. Damage and disks: snapshot_test.cpp.
"""

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time
import unittest

from in_folder import InFolder
from tiny_riscv import Program

VITRINE = os.path.abspath(sys.argv.pop(1) if len(sys.argv) > 1 else "build/vitrine")
TIMEOUT = 120
ENGINES = ("translator", "interpreter") if os.uname().machine == "x86_64" else ("interpreter",)
LINES = b"ps\nforktest\nfault null\npages\nhalt\n"
STEP = 2_500_000
USAGE, BAD_IMAGE, MISSING, INSTRUCTION_LIMIT, NOTHING_WAKES = 110, 111, 112, 103, 102


class Snapshot(InFolder):
    def vitrine(self, *words, code=0, folder=None, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([VITRINE, *map(str, words)], capture_output=True, text=True, timeout=TIMEOUT, check=False, errors="replace",
                              cwd=folder or self.folder, env={**os.environ, **more.pop("env", {})}, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def hashes(self, *words, **more):
        """Step -> state hash, each million steps and at the end."""
        done = self.vitrine("run", *words, "--state-hash-every", 1_000_000, **more)
        return dict(re.findall(r"^state-hash (\d+) (\w+)$", done.stderr, re.M)), done

    def template(self, *words, step=STEP, name="booted", **more):
        self.file("keys", LINES)
        self.vitrine("run", *words, "--input", "keys", "--snapshot-at", f"{step}:{name}", **more)
        return self.folder / name

    def waiting(self, *words, name="waiting"):
        """A machine that has taken all its input, and waits at its prompt."""
        self.file("keys", b"ps\n")
        words = (*words, "--input", "keys")
        step = max(map(int, self.hashes(*words, code=NOTHING_WAKES)[0]))
        self.vitrine("run", *words, "--snapshot-at", f"{step}:{name}", code=NOTHING_WAKES)
        return self.folder / name

    def with_input(self, name, *words):
        with open(self.folder / name, "rb") as keys:
            return self.vitrine(*words, stdin=keys).stdout


class GoesOn(Snapshot):
    def test_EachEngine_SameStates(self):
        for harts in (1, 3):
            self.file("keys", LINES)
            straight, said = self.hashes("--harts", harts, "--input", "keys")
            for first in ENGINES:
                self.template("--harts", harts, "--engine", first)
                for engine in ENGINES:
                    with self.subTest(harts=harts, first=first, engine=engine):
                        on, rest = self.hashes("booted", "--engine", engine)
                        self.assertEqual(on, {step: value for step, value in straight.items() if int(step) > STEP})
                        self.assertTrue(said.stdout.endswith(rest.stdout))
                        self.assertGreater(len(rest.stdout), 100)

    def test_AnotherInput_AndALiveOne(self):
        template = self.template()
        self.file("others", b"ps\nhalt\n")
        done = self.vitrine("run", template, "--input", "others")
        self.assertEqual(done.stdout.count("teach$ ps\n"), 1, done.stdout)
        self.assertNotIn("teach$ pages", done.stdout)
        self.assertEqual(done.stdout, self.with_input("others", "run", template))
        # All of the first run's input is taken: what is typed comes in.
        self.waiting()
        read, write = os.pipe()
        os.write(write, b"halt\n")
        os.close(write)
        with os.fdopen(read) as pipe:
            self.assertIn("halt", self.vitrine("run", "waiting", stdin=pipe).stdout)

    def test_FilesAreWhereTheyWere(self):
        (self.folder / "a" / "img").mkdir(parents=True)
        (self.folder / "b").mkdir()
        guest = Program().li("t0", 1000).label("again").addi("t0", "t0", -1).bne("t0", "x0", "again").text("done\n").finish(0x5555)
        (self.folder / "a" / "img" / "guest.bin").write_bytes(guest.code().ljust(64, b"\0"))
        (self.folder / "a" / "d.img").write_bytes(bytes(4096))
        words = ("--kernel", "img/guest.bin", "--bios", "none", "--disk", "d.img,snapshot", "--snapshot-at", "500:../b/s")
        self.vitrine("run", *words, folder=self.folder / "a")
        self.assertEqual(self.vitrine("run", "s", folder=self.folder / "b").stdout, "done\n")
        # Given away: there is no such folder, and the files are here.
        (self.folder / "a").rename(self.folder / "c")
        self.assertEqual(self.vitrine("run", "../b/s", folder=self.folder / "c").stdout, "done\n")
        self.assertIn("guest.bin", self.vitrine("run", "s", folder=self.folder / "b", code=MISSING).stderr)

    def test_LimitAndCounters_AreThoseOfThisRun(self):
        template = self.template()
        self.vitrine("run", template, "--max-instructions", 1000, "--stats-json", "s.json", code=INSTRUCTION_LIMIT)
        told = json.loads((self.folder / "s.json").read_text())
        self.assertEqual(told["steps"], 1000)
        self.assertLessEqual(told["guest_seconds"], 1)
        self.assertIn(f"@{STEP}", told["identity"])

    def test_RunOfQemusWords(self):
        self.file("keys", LINES)
        teach = pathlib.Path(__file__).parents[2] / "examples/teach/teach.elf"
        with open(self.folder / "keys", "rb") as keys:
            self.vitrine("qemu", "-M", "virt", "-m", "32M", "-nographic", "-kernel", teach, stdin=keys,
                         env={"VITRINE_OPTS": f"--snapshot-at {STEP}:s"})
        self.assertIn("teach$ halt", self.vitrine("run", "s").stdout)


class Kept(Snapshot):
    def test_RunThatBeganWithASnapshot_MadeAgainAndExplained(self):
        template = self.template()
        on = self.vitrine("run", template, "--record", "film")
        for engine in ENGINES:
            again = self.vitrine("replay", "film", "--engine", engine)
            self.assertEqual(again.stdout, on.stdout)
            self.assertIn("The state at the end is the same", again.stderr)
        told = self.vitrine("explain", "film", f"@{STEP + 5}", "last-trap").stdout
        self.assertIn(f"{STEP + 5:,}".replace(",", ""), told.replace(",", "").replace(" ", ""))
        early = self.vitrine("explain", "film", "@5", code=1)
        self.assertIn(f"begins later, with a snapshot. The run goes from step {STEP}", early.stderr)
        template.write_bytes(template.read_bytes()[:-1])
        self.assertIn("is damaged", self.vitrine("replay", "film", code=BAD_IMAGE).stderr)
        template.unlink()
        self.assertIn("booted", self.vitrine("replay", "film", code=MISSING).stderr)

    def test_SnapshotOfAKeptRun(self):
        self.file("keys", LINES)
        straight, _ = self.hashes("--input", "keys", "--keep", "kept")
        done = self.vitrine("replay", "kept", "--snapshot-at", "3000000:b", "--snapshot-at", f"{STEP}:a")
        self.assertIn("The snapshot of step 3000000 is in", done.stderr)
        for name, step in (("a", STEP), ("b", 3_000_000)):
            on, _ = self.hashes(name)
            self.assertEqual(on, {at: value for at, value in straight.items() if int(at) > step})
        self.assertIn("has no step 99000000", self.vitrine("replay", "kept", "--snapshot-at", "99000000:c", code=MISSING).stderr)
        # What the disk held then is in no file.
        self.file("d.img", bytes(1 << 20))
        self.vitrine("run", "--input", "keys", "--disk", "d.img", "--keep", "kept")
        self.assertIn("'d.img'", self.vitrine("replay", "kept", "--snapshot-at", f"{STEP}:c", code=USAGE).stderr)
        self.assertFalse((self.folder / "c").exists())


class Debugged(Snapshot):
    def test_SnapshotOfAMoment(self):
        self.file("keys", LINES)
        straight, _ = self.hashes("--input", "keys", "--keep", "kept")
        later = {at: value for at, value in straight.items() if int(at) > STEP}
        for run in (("kept",), ("teach", "--input", "keys")):
            with self.subTest(run=run):
                verbs = ("goto 3000000", f"goto {STEP}", "snapshot s")  # on the way back
                done = self.vitrine("debug", *run, "--batch", *(word for verb in verbs for word in ("-e", verb)))
                self.assertIn(f"Step {STEP} is in '", done.stdout)
                self.assertEqual(self.hashes("s")[0], later)
                done = self.vitrine("debug", "s", "--batch", "-e", "info", "-e", "step", "-e", "back")
                self.assertIn(f"@{STEP + 1}", done.stdout)


class Refused(Snapshot):
    def test_Words(self):
        template = self.template()
        self.assertIn("--memory would make another machine of it", self.vitrine("run", template, "--memory", "1G", code=USAGE).stderr)
        self.assertIn("wants a step and a file", self.vitrine("run", "--snapshot-at", "5", code=USAGE).stderr)
        self.assertIn("wants a step and a file", self.vitrine("run", "--snapshot-at", "x:y", code=USAGE).stderr)
        self.assertIn("It is run by itself", self.vitrine("run", "--bios", template, code=BAD_IMAGE).stderr)
        self.assertIn("a snapshot of a machine", self.vitrine("inspect", template).stdout)

    def test_NeverReached_IsNoSuccess(self):
        self.file("keys", b"halt\n")
        done = self.vitrine("run", "--input", "keys", "--snapshot-at", "9000000000:never", code=MISSING)
        self.assertIn("never came to step 9000000000", done.stderr)
        self.assertFalse((self.folder / "never").exists())

    def test_SomethingElseIsThere(self):
        self.file("keys", b"halt\n")
        (self.folder / "folder").mkdir()
        done = self.vitrine("run", "--input", "keys", "--snapshot-at", "1000:folder", code=MISSING)
        self.assertIn("something else than a file is there", done.stderr)


class Suites(Snapshot):
    def test_TestsBeginWithIt(self):
        self.file("d.img", bytes(1 << 20))
        (self.folder / "tests").mkdir()
        for name, how in (("tests/booted", ",snapshot"), ("tests/writes", "")):
            self.waiting("--disk", f"d.img{how}", name=name)
        for name, kernel, typed, expect in (("good", "booted", "halt", "halt"), ("bad", "booted", "halt", "hello"),
                                            ("stuck", "booted", "ps", "*"), ("written", "writes", "halt", "*")):
            self.file(f"tests/{name}.toml", f'kernel = "{kernel}"\ntyped = "{typed}\\n"\nexpect = ["{expect}"]\n'
                                            'max_instructions = 20000000\n'.encode())
        self.vitrine("suite", "run", "tests", "--out", "out", code=1)
        lines = [json.loads(line) for line in (self.folder / "out/results.ndjson").read_text().splitlines()]
        results = {line["test"]: line for line in lines if "test" in line}
        self.assertEqual({name: line["verdict"] for name, line in results.items()},
                         {"good": "pass", "bad": "fail", "stuck": "fail", "written": "error"}, results)
        self.assertLess(results["good"]["steps"], 20_000_000)
        self.assertIn("FILE,snapshot", json.dumps(results["written"]))


class Killed(Snapshot):
    """Whenever the run is killed, the file is one that was whole."""

    def test_OldOrNew(self):
        # 16 MiB that cannot be made small, then on and on.
        guest = (Program().li("t0", 0x8100_0000).li("t1", 0x8200_0000).li("t2", 0x9E3779B97F4A7C15).li("t3", 12345)
                 .label("fill").add("t3", "t3", "t2").slli("t4", "t3", 13).word(0x01DE4E33)  # xor t3, t3, t4
                 .sd("t3", "t0", 0).addi("t0", "t0", 8).bltu("t0", "t1", "fill").label("on").addi("t5", "t5", 1).jal("x0", "on"))
        self.file("guest.bin", guest.code().ljust(64, b"\0"))
        first = 30_000_000
        words = ["run", "--kernel", "guest.bin", "--bios", "none", "--memory", "64M"]
        self.vitrine(*words, "--snapshot-at", f"{first}:s", "--max-instructions", first, code=INSTRUCTION_LIMIT)
        self.assertGreater((self.folder / "s").stat().st_size, 8 << 20)
        for step in range(first + 1, first + 1000):
            words += ["--snapshot-at", f"{step}:s"]
        dice, seen, left = random.Random(1), set(), 0
        for _ in range(int(os.environ.get("KILLS", "12"))):
            with subprocess.Popen([VITRINE, *words], cwd=self.folder, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL) as run:
                old = (self.folder / "s").stat().st_ino
                deadline = time.monotonic() + TIMEOUT
                while (self.folder / "s").stat().st_ino == old and time.monotonic() < deadline:
                    time.sleep(0.001)
                time.sleep(dice.random() * 0.5)
                run.send_signal(signal.SIGKILL)
            done = self.vitrine("run", "s", "--max-instructions", 1, code=INSTRUCTION_LIMIT)
            seen.add(re.search(r"at step (\d+)", done.stderr)[1])
            for part in self.folder.glob("s.*"):
                left += 1
                part.unlink()
        self.assertGreater(len(seen), 1)
        self.assertGreater(left, 0, "no kill came while a file was written")


if __name__ == "__main__":
    unittest.main()
