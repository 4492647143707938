#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Processes have the names that the guest's kernel gives them, in the log, in its filter and in explanations.

  processes_test.py build/vitrine ENGINE...        engines of this build

Judges: what the teaching kernel's `ps` and Linux' own shell print, and a guest whose processes stand in its source.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from in_folder import InFolder

VITRINE = os.path.abspath(sys.argv.pop(1))
ENGINES = sys.argv[1:] or ["interpreter"]
del sys.argv[1:]
HERE = pathlib.Path(__file__).resolve().parent
TEACH = HERE.parents[1] / "examples/teach"
GCC = shutil.which("riscv64-unknown-elf-gcc")
GUESTS = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "vitrine/guests"

BY_NAMES = 'current = "cpus[hart].proc"\nname = "name"\npid = "pid"\n'
# struct proc on RV64: lock 0, state 8, pid 12, as 16 (group 16, user 24), name 32; struct cpu: depth 0, proc 8, 16 bytes.
BY_NUMBERS = ('current = { symbol = "cpus", stride = 16, offset = 8 }\nname = { offset = 32, size = 16 }\n'
              "pid = { offset = 12, size = 4 }\n")


def vitrine(*words, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([VITRINE, *map(str, words)], capture_output=True, text=True, errors="replace", timeout=300, check=False,
                          **options)


class WithLog(InFolder):
    def log(self, *words, code=0, **more):
        path = self.folder / "log.ndjson"
        done = vitrine("run", *words, "--log", "all", "--log-file", path, **more)
        self.assertEqual(done.returncode, code, done.stderr)
        self.said = done.stdout
        return [json.loads(line) for line in path.read_text().splitlines()]


def process_of(event):
    process = event.get("process")
    return process and (process["name"], process.get("pid"))


class Teach(WithLog):
    def typed(self, keys):
        return self.file("keys", keys.encode())

    def test_Names_AreThoseOfPs(self):
        kernels = {"": (), "the file beside it": (TEACH / "teach.elf",)}
        seen = set()
        for kind, kernel in kernels.items():
            for engine in ENGINES:
                with self.subTest(kernel=kind, engine=engine):
                    events = self.log(*kernel, "--memory", "32M", "--engine", engine, "--input", self.typed("spin 1 &\nps\nhalt\n"))
                    listed = {(name, int(pid)) for pid, name in re.findall(r"(?m)^ *(\d+) +\w+ .*?\b(init|sh|spin|ps)\b", self.said)}
                    self.assertEqual({name for name, _ in listed}, {"init", "sh", "spin", "ps"}, self.said)
                    named = {process_of(event) for event in events if event["mode"] == "U"} - {None}
                    self.assertLessEqual(listed - named, {listed_one for listed_one in listed if listed_one[0] == "init"})
                    self.assertIn("init", {name for name, _ in named})
                    # Before there is a process the kernel's own has no name.
                    self.assertIsNone(process_of(events[0]))
                    seen.add(json.dumps([process_of(event) for event in events]))
        self.assertEqual(len(seen), 1, "it depends on the engine, or on where the file is")

    def test_Exec_ChangesTheNameAndTheTable(self):
        events = self.log("--memory", "32M", "--input", self.typed("hello\nhalt\n"))
        names, of_table = {}, {}
        for event in events:
            if event["mode"] == "U" and process_of(event):
                name, pid = process_of(event)
                names.setdefault(pid, []).append(name)
                of_table.setdefault((event["root"], pid), set()).add(name)
        self.assertIn(["sh", "hello"], [sorted(set(of_one), key=of_one.index) for of_one in names.values()])
        self.assertEqual({len(some) for some in of_table.values()}, {1}, "exec makes a new table, with a new name")

    def test_Filter_TakesNameAndNumber(self):
        keys = self.typed("hello\nhalt\n")
        everything = self.log("--memory", "32M", "--input", keys)
        pid = next(process_of(event)[1] for event in everything if process_of(event) and process_of(event)[0] == "hello")
        for words, holds in {"process=hello": lambda p: p and p[0] == "hello", f"process={pid}": lambda p: p and p[1] == pid,
                             "process=hello,process=sh": lambda p: p and p[0] in ("hello", "sh")}.items():
            expected = [event for event in everything if holds(process_of(event))]
            self.assertEqual(self.log("--memory", "32M", "--input", keys, "--log-filter", words), expected)
            self.assertTrue(expected)
        done = vitrine("run", self.file("loop.bin", b"\x6f\0\0\0" * 16), "--bios", "none", "--log", "all", "--log-filter", "process=sh")
        self.assertEqual(done.returncode, 110)
        self.assertIn("docs/your-kernel.md", done.stderr)

    def test_TextAndExplain_TellIt(self):
        kept, log = self.folder / "kept", self.folder / "log"
        words = ("--memory", "32M", "--input", self.typed("hello\nhalt\n"), "--keep", kept)
        vitrine("run", *words, "--log", "environment-call", "--log-file", log)
        line = next(line for line in log.read_text().splitlines() if " hello[" in line)
        step, process = re.search(r"@(\d+) .* (hello\[\d+\]) ", line).groups()
        for engine in ENGINES:
            done = vitrine("explain", kept, f"@{step}", "--engine", engine)
            self.assertIn(f"process {process}", " ".join(done.stdout.split()))
            found = json.loads(vitrine("explain", kept, f"@{step}", "@0", "--json", "--engine", engine).stdout)["moments"]
            self.assertEqual([it["process"] for it in found], [{"name": "hello", "pid": int(process[6:-1])}, None])


@unittest.skipUnless(GCC, "there is no riscv64-unknown-elf-gcc")
class LikeXv6(WithLog):
    """tests/app/processes_guest.c, which says who runs where."""

    def build(self, *options, name="kernel"):
        elf = self.folder / name
        subprocess.run([GCC, "-march=rv64imac_zicsr_zifencei", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding", "-nostdlib", "-O1",
                        "-Wl,-n,--no-warn-rwx-segments", *options,
                        "-T", self.file("link.ld", b"SECTIONS { . = 0x80000000; .text : { *(.text.start) *(.text*) } "
                                        b".data : { *(.rodata*) *(.srodata*) *(.data*) *(.sdata*) } .bss : { *(.sbss*) *(.bss*) } }"),
                        "-o", elf, HERE / "processes_guest.c"], check=True)
        return elf

    def run_it(self, elf, *words, harts=2):
        return self.log(elf, "--bios", "none", "--memory", "64M", "--harts", harts, *words)

    def marks(self, events, number):
        return [process_of(event) for event in events
                if event["kind"] == "device-read" and event["operands"]["physical_address"] == hex(0x10000000 + number)]

    def check(self, events, first=("first", 7), second=("the second one", 70000)):
        self.assertEqual(self.marks(events, 1), [None])
        self.assertEqual(self.marks(events, 2), [first])
        self.assertEqual(self.marks(events, 3), [second] if second else [])
        calls = [process_of(event) for event in events if event["kind"] == "environment-call"]
        self.assertEqual(calls, [first, None], "in U mode, where the kernel is in no page table; and a pointer to the program's page")
        self.assertEqual(self.marks(events, 4), [None] * 7)

    def test_ByNamesAndByNumbers(self):
        self.build("-gdwarf-5", name="with")
        self.build("-gdwarf-2", name="old")
        self.build("-g0", name="without")
        for kernel, toml in (("with", BY_NAMES), ("old", BY_NAMES), ("with", BY_NUMBERS), ("without", BY_NUMBERS)):
            for engine in ENGINES:
                with self.subTest(kernel=kernel, toml=toml, engine=engine):
                    self.check(self.run_it(self.folder / kernel, "--kernel-info", self.file("k.toml", toml.encode()), "--engine", engine))

    def test_Beside_IsFoundAndIsNoPartOfTheRun(self):
        elf = self.build("-g", name="my.elf")
        hashes = []
        for toml in None, BY_NAMES:
            if toml:
                self.file("my.kernel.toml", toml.encode())
            done = vitrine("run", elf, "--bios", "none", "--memory", "64M", "--harts", 2, "--log", "all", "--log-file",
                           self.folder / "log.ndjson", "--state-hash-every", 10000)
            hashes.append(done.stderr)
        self.assertEqual(*hashes)
        self.check([json.loads(line) for line in (self.folder / "log.ndjson").read_text().splitlines()])

    def test_NameBehindAPointerAndInAMember(self):
        elf = self.build("-g")
        for toml in ('current = "cpus[hart].proc"\nname = "as.user"\n',
                     'current = { symbol = "cpus", stride = 16, offset = 8 }\nname = { offset = 24, pointer = true }\n'):
            self.check(self.run_it(elf, "--kernel-info", self.file("k.toml", toml.encode())), ("ada", None), ("grace", None))

    def test_OneVariable_AndAList(self):
        elf = self.build("-g")
        for toml in ('current = "single"\nname = "name"\npid = "pid"\n',
                     'current = [{ register = "tp" }, "single"]\ntype = "struct proc"\nname = "name"\npid = "pid"\n'):
            self.check(self.run_it(elf, "--kernel-info", self.file("k.toml", toml.encode()), harts=1), second=None)

    def test_Explain_TakesAFileOfItsOwn(self):
        elf, kept = self.build("-g"), self.folder / "kept"
        vitrine("run", elf, "--bios", "none", "--memory", "64M", "--harts", 2, "--keep", kept)
        found = [json.loads(vitrine("explain", kept, "event:environment-call#1", "--json", *more).stdout)["moments"][0]["process"]
                 for more in ((), ("--kernel-info", os.path.relpath(self.file("k.toml", BY_NAMES.encode()))))]
        self.assertEqual(found, [None, {"name": "first", "pid": 7}])

    def test_Mistakes_AreToldWithTheirLine(self):
        cases = {
            "current = \n": "k.toml:1: ",
            "": "k.toml:1: 'current' is missing",
            'current = "single"\n': "'name' is missing",
            'current = "single"\nnam = "name"\n': "k.toml:2: there is no key 'nam' here; did you mean name?",
            'current = 5\nname = "name"\n': "k.toml:1: 'current' is a text",
            'current = []\nname = "name"\n': "k.toml:1: 'current' is an empty list",
            'current = "single->next"\nname = "name"\n': "k.toml:1: 'single->next' is no VARIABLE",
            'name = "name"\ncurrent = "singel"\n': "k.toml:2: neither kernel nor firmware has a symbol 'singel'",
            'current = "single[hart]"\nname = "name"\n': "k.toml:1: 'single' is no array",
            'current = "cpus[hart]"\nname = "name"\n': "k.toml:1: 'current' is no pointer",
            'current = "cpus[hart].prc"\nname = "name"\n': "k.toml:1: there is no member 'prc' there",
            'current = "single"\n\nname = "nam"\n': "k.toml:3: the process has no member 'nam'",
            'current = "single"\nname = "pid"\n': "k.toml:2: 'pid' is neither an array of characters nor a pointer",
            'current = "single"\nname = "name"\npid = "as"\n': "k.toml:3: 'as' is no number",
            'current = "single"\nname = { offset = 4 }\n': "k.toml:2: 'name' wants a size, or pointer = true",
            'current = "single"\nname = { size = 4 }\n': "k.toml:2: 'offset' is missing",
            'current = "single"\nname = { offset = -1, size = 4 }\n': "k.toml:2: 'offset' must be a whole number from 0 to",
            'current = "single"\nname = "name"\npid = { offset = 0, size = 9 }\n': "k.toml:3: 'size' must be a whole number from 1 to 8",
            'current = { register = "tpp" }\nname = { offset = 0, size = 4 }\n': "k.toml:1: 'tpp' is neither sscratch nor a register",
            'current = { register = "tp" }\nname = "name"\n': "k.toml:2: 'type' is missing",
            'current = { register = "tp" }\ntype = "process"\nname = "name"\n': "k.toml:2: the debug information knows no structure 'process'",
            'current = { symbol = "single" }\nname = { offset = 0, size = 4 }\nx = 1\n': "k.toml:3: there is no key 'x' here",
        }
        elf = self.build("-g")
        for toml, says in cases.items():
            with self.subTest(toml=toml):
                done = vitrine("run", elf, "--bios", "none", "--kernel-info", self.file("k.toml", toml.encode()))
                self.assertEqual(done.returncode, 111, done.stderr)
                self.assertIn(says, done.stderr)
        bare = self.build("-g0")
        done = vitrine("run", bare, "--bios", "none", "--kernel-info", self.file("k.toml", BY_NAMES.encode()))
        self.assertEqual(done.returncode, 111)
        self.assertRegex(done.stderr, r"k\.toml:1: the kernel has no debug information .* current = \{ symbol = ")
        self.assertEqual(vitrine("run", elf, "--bios", "none", "--kernel-info", self.folder / "gone").returncode, 112)


@unittest.skipUnless((GUESTS / "linux/Image").exists(), "the guest linux is not in the cache")
class Linux(WithLog):
    def test_Names_AreThoseOfTheKernel(self):
        command = "sh%20-c%20'echo%20it%20is%20$$;%20exec%20cat%20/proc/self/comm'"
        path = self.folder / "log.ndjson"
        done = vitrine("run", "linux", "--append", f"quiet vt.cmd={command}", "--log", "environment-call", "--log-file", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        pid = int(re.search(r"it is (\d+)", done.stdout).group(1))
        comm = re.search(r"it is \d+\s+(\w+)", done.stdout).group(1)
        calls = [json.loads(line) for line in path.read_text().splitlines()]
        user = [event for event in calls if event["mode"] == "U"]
        self.assertEqual([event for event in user if not process_of(event)], [])
        names = [process_of(event)[0] for event in user if process_of(event)[1] == pid]
        self.assertEqual((names[0], names[-1]), ("init", comm))
        self.assertEqual({name for name, number in map(process_of, user) if number == 1}, {"init"})
        # The kernel's own calls of the firmware: the first ones before there is any process but the swapper.
        kernel = [process_of(event) for event in calls if event["mode"] == "S"]
        self.assertEqual([name for name in kernel if not name], [])
        self.assertEqual(kernel[0], ("swapper", 0))


if __name__ == "__main__":
    unittest.main(verbosity=2)
