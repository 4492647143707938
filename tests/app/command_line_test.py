#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The `vitrine` program as scripts meet it: exit codes, messages, help, and texts that must agree with each other.

  command_line_test.py build/vitrine

Messages are judged by three things: what was given, what is wrong, what to do.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import unittest

from in_folder import InFolder

VITRINE = os.path.abspath(sys.argv.pop(1) if len(sys.argv) > 1 else "build/vitrine")
ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT = 120


def vitrine(*words, stdin=subprocess.DEVNULL, **options):
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.run([VITRINE, *map(str, words)], stdin=stdin, text=True, timeout=TIMEOUT, check=False, **options)


class WithGuests(InFolder):
    def words(self, *words):
        """A raw image of machine code, padded to what a kernel's file must have at least."""
        return self.file("guest.bin", struct.pack(f"<{len(words)}I", *words).ljust(64, b"\0"))


class Help(unittest.TestCase):
    def test_NoWords_SixLines(self):
        done = vitrine()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(len(done.stdout.splitlines()), 6)

    def test_Version_OneLine(self):
        done = vitrine("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\Avitrine \d+\.\d+\.\d+\n\Z")

    def test_Help_IsThatOfRun(self):
        text = vitrine("run", "--help").stdout
        for words in (("--help",), ("help",), ("-h",)):
            done = vitrine(*words)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, text, ""))

    def test_HelpOfEveryVerb_FitsAScreen(self):
        for verb in ("run", "lab", "bisect", "explain", "replay", "debug", "dap", "inspect", "classes", "suite", "doctor"):
            for word in ("--help", "-h"):
                done = vitrine(verb, word)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                lines = done.stdout.replace(VITRINE, "./vitrine").splitlines()
                self.assertIn(f"vitrine {verb}", lines[0])
                self.assertLessEqual(len(lines), 24)
                self.assertLessEqual(max(map(len, lines)), 80)

    def test_Chaos_SeedAndKinds(self):
        for given, says in (("x", "'x' is no seed"), ("1,fence", "'fence' is no kind of chaos"), ("1,", "'' is no kind"), ("-1", "is no seed")):
            done = vitrine("run", "teach", f"--chaos={given}")
            self.assertEqual(done.returncode, 110, given)
            self.assertIn(says, done.stderr)
            self.assertIn("schedule, fences, sc, ram, interrupts, stores", done.stderr)

    def test_BreakHelp_LinesFitAScreen(self):
        lines = vitrine("run", "--break", "help").stdout.splitlines()
        self.assertGreater(len(lines), 30)
        self.assertLessEqual(max(map(len, lines)), 80)

    def test_OptionOfRunAtQemu_SaysWhereItGoes(self):
        for option in "--break", "--lint", "-kernel-info":
            done = vitrine("qemu", "-M", "virt", option, "x")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{option}: invalid option", done.stderr)
            self.assertIn(f"VITRINE_OPTS='--{option.lstrip('-')} ...'", done.stderr)
        self.assertRegex(vitrine("qemu", "--help").stdout, r"VITRINE_OPTS.*\n.*--break, --lint")

    def test_NoWords_TheManualThatIsNamedIsThere(self):
        page = vitrine().stdout.split("; man ")[1].strip()
        if page != "vitrine":
            self.assertTrue(pathlib.Path(page).read_text().startswith('.\\"'))

    def options(self, *verb):
        """What the program itself accepts: its table, printed for the completion of shells."""
        done = vitrine("--list-options", *verb)
        self.assertEqual(done.returncode, 0)
        options = done.stdout.split()
        self.assertGreater(len(options), 0 if verb else 20)
        return options

    def test_EveryOption_IsInHelpManPageAndCompletions(self):
        help_texts = vitrine("--help").stdout, vitrine("classes", "--help").stdout, vitrine("lab", "--help").stdout, \
            vitrine("explain", "--help").stdout, vitrine("replay", "--help").stdout, vitrine("debug", "--help").stdout, \
            vitrine("suite", "--help").stdout
        texts = {"docs/vitrine.1": (ROOT / "docs/vitrine.1").read_text().replace("\\-", "-"),
                 "bash completion": (ROOT / "tools/completion/vitrine.bash").read_text(),
                 "zsh completion": (ROOT / "tools/completion/_vitrine").read_text()}
        for verb, help_text in zip(((), ("classes",), ("lab",), ("explain",), ("replay",), ("debug",), ("suite",)), help_texts):
            for option in self.options(*verb):
                for name, text in {**texts, "help": help_text}.items():
                    with self.subTest(option=option, text=name):
                        self.assertRegex(text, rf"(?<![\w-]){re.escape(option)}(?![\w-])")

    def test_EveryOptionOfTheTexts_Exists(self):
        options = {*self.options(), *self.options("classes"), *self.options("lab"), *self.options("explain"), *self.options("replay"), *self.options("debug"), *self.options("suite"), "--help", "--version"}
        for name in ("docs/vitrine.1", "tools/completion/vitrine.bash", "tools/completion/_vitrine"):
            text = (ROOT / name).read_text().replace("\\-", "-")
            for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)):
                with self.subTest(option=option, text=name):
                    self.assertIn(option, options)
        for words in ("--help",), ("classes", "--help"), ("lab", "--help"), ("explain", "--help"), ("replay", "--help"), ("debug", "--help"), ("suite", "--help"):
            for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", vitrine(*words).stdout)):
                self.assertIn(option, options)

    def test_ExitCodes_AreInHelpAndManPage(self):
        for text in (vitrine("--help").stdout, (ROOT / "docs/vitrine.1").read_text()):
            for code in ("0", "99", "100", "101", "102", "103", "104", "110", "111", "112", "120"):
                self.assertRegex(text, rf"\b{code}\b")

    def test_ManPage_HasNoErrors(self):
        try:
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", ROOT / "docs/vitrine.1"],
                                  capture_output=True, text=True, check=False, env={**os.environ, "MANROFFSEQ": ""})
        except FileNotFoundError:
            self.skipTest("there is no man on this machine")
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class WrongWords(WithGuests):
    def refuse(self, code, *words, says):
        done = vitrine(*words)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        for pattern in says:
            self.assertRegex(done.stderr, pattern)
        self.assertNotIn("\x1b", done.stderr)
        return done.stderr

    def test_UnknownVerb_NearestIsNamed(self):
        self.refuse(110, "rnu", says=[r"'rnu' is not a verb", r"Did you mean: \S+ run"])
        self.refuse(110, "inspct", "x", says=[r"Did you mean: \S+ inspect"])

    def test_GuestWithoutVerb_RunIsNamed(self):
        self.refuse(110, "linux-disk", says=[r"Did you mean: \S+ run linux-disk"])

    def test_UnknownOption_NearestIsNamed(self):
        self.refuse(110, "run", "--memroy", "1G", says=[r"no option --memroy", r"did you mean --memory\?", r"run --help"])

    def test_UnknownGuest_NearestIsNamed(self):
        self.refuse(112, "run", "taech", says=[r"'taech' is neither a guest", r"did you mean teach\?"])

    def test_MissingFiles_112AndTheName(self):
        gone = self.folder / "gone"
        raw = self.words(0x0000006f)
        self.refuse(112, "run", gone, says=["There is no file '.*gone'"])
        for option in ("--kernel", "--bios", "--initrd", "--dtb", "--disk", "--port-disk", "--input"):
            words = ["run", option, gone] if option == "--kernel" else ["run", raw, option, gone]
            self.refuse(112, *words, says=["gone"])

    def test_Directory_111(self):
        self.refuse(111, "run", self.folder, says=["directory"])

    def test_BadImages_111AndWhatToDo(self):
        cases = {"empty": b"", "short": b"\x13\0\0\0" * 15, "text": b"#!/bin/sh\necho hello\n" * 10,
                 "elf32": b"\x7fELF\x01\x01\x01" + bytes(60),
                 "truncated elf": b"\x7fELF\x02\x01\x01" + bytes(20)}
        for name, content in cases.items():
            with self.subTest(name):
                self.refuse(111, "run", self.file(name, content), says=[re.escape(name)])

    def test_RawData_111WhenItIsNoCode(self):
        for name, content in (("fs.img", bytes(4096)), ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(100)),
                              ("readme", "Gr\u00fc\u00dfe aus dem Quelltext, lang genug f\u00fcr einen Kern. ".encode() * 4)):
            self.refuse(111, "run", self.file(name, content), says=[re.escape(name)])
        self.refuse(111, "run", self.file("fs.img", bytes(4096)), says=["--disk .*fs.img"])

    def test_KernelLargerThanMemory_111AndTheMemoryItNeeds(self):
        big = self.file("big", bytes(3 << 20))
        self.refuse(111, "run", big, "--bios", "none", "--memory", "2M", says=["big", "memory"])

    def test_UnwritableStatistics_112(self):
        raw = self.words(0x00005337, 0x55530313, 0x001002b7, 0x0062a023)
        done = vitrine("run", raw, "--bios", "none", "--stats-json", self.folder / "no" / "file")
        self.assertEqual(done.returncode, 112)
        self.assertIn("statistics", done.stderr)
        endless = self.words(0x0000006F)
        self.refuse(112, "run", endless, "--bios", "none", "--stats-json", self.folder / "no" / "file", says=["statistics"])

    def test_ValueForgotten_TheOptionIsNamed(self):
        for option in ("--kernel", "--append", "--harts", "--max-seconds"):
            self.refuse(110, "run", option, says=[rf"{option} wants a value"])
        self.refuse(110, "run", "teach", "--seed", "1", "--memory", says=["--memory wants a value"])

    def test_HostileNames_NeverReachTheTerminal(self):
        self.refuse(112, "run", "./\x1b[31mred", says=[r"\\x1b"])


class Runs(WithGuests):
    PASS = (0x00005337, 0x55530313, 0x001002b7, 0x0062a023)  # 0x5555 to the finisher: see guests.h
    LOOP = (0x0000006f,)

    def bare(self, *program, options=(), **more):
        return vitrine("run", self.words(*program), "--bios", "none", *options, **more)

    def test_StateHashes_AtMultiplesAndAtTheEnd(self):
        lines = self.bare(*self.LOOP, options=("--max-instructions", 1050, "--state-hash-every", 250)).stderr
        steps = [int(step) for step in re.findall(r"^state-hash (\d+) [0-9a-f]{16}$", lines, re.M)]
        self.assertEqual(steps, [250, 500, 750, 1000, 1050])

    def test_StateHashes_EndOnAMultiple_OneLine(self):
        lines = self.bare(*self.LOOP, options=("--max-instructions", 500, "--state-hash-every", 250)).stderr
        self.assertEqual(re.findall(r"^state-hash (\d+)", lines, re.M), ["250", "500"])

    def test_StateHashes_SameWithAndWithoutCachesAndInAnyTurns(self):
        def hashes(*options):
            done = vitrine("run", "--input", self.file("in", b"hello\nhalt\n"), "--state-hash-every", 100000, *options)
            self.assertEqual(done.returncode, 0, done.stderr)
            return re.findall(r"^state-hash .*$", done.stderr, re.M)
        first = hashes()
        self.assertGreater(len(first), 10)
        self.assertEqual(hashes("--no-cache"), first)
        self.assertEqual(hashes(), first)
        self.assertNotEqual(hashes("--seed", "2")[0], first[0], "the seed is in the device tree")

    def test_Mmu_LazyOnesAreMachinesOfTheirOwn(self):
        def run(*options):
            done = vitrine("run", "--input", self.file("in", b"ps\nhalt\n"), "--state-hash-every", 1000000, *options)
            self.assertEqual(done.returncode, 0, done.stderr)
            identity = re.search(r"^vitrine-\S+ machine=.*$", done.stderr, re.M).group()
            return identity, re.findall(r"^state-hash .*$", done.stderr, re.M)
        shadow = run("--mmu", "shadow")
        self.assertEqual(run("--mmu", "tlb"), shadow)
        self.assertNotIn("mmu=", shadow[0])
        for kind in "shadow-lazy", "tlb-fenced":
            identity, hashes = run("--mmu", kind)
            self.assertIn(f" mmu={kind}", identity)
            self.assertNotEqual(hashes, shadow[1], "what it keeps is part of its state")
            self.assertEqual(run("--mmu", kind, "--engine", "interpreter"), (identity, hashes))
        self.assertEqual(vitrine("run", "--mmu", "lazy").returncode, 110)

    TLB_SERVES = r"(?m)^vitrine: A software TLB serves instead of shadow page tables: .*{}.*$"

    def hashes_of_teach(self, before, *options):
        command = [*before, VITRINE, "run", "--input", self.file("in", b"ps\nhalt\n"), "--memory", "32M",
                   "--max-instructions", "1000000", "--state-hash-every", "500000", *options]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300)
        self.assertEqual(done.returncode, 103, done.stderr)
        return re.findall(r"^state-hash .*$", done.stderr, re.M), done.stderr

    @unittest.skipIf("VITRINE_SANITIZE" in os.environ, "the sanitizers of this build need terabytes of addresses")
    def test_LittleAddressSpace_TlbServesAndSaysWhy(self):
        expected, quiet = self.hashes_of_teach([])
        self.assertNotIn("TLB", quiet)
        for gibibytes in 1, 3, 20:
            hashes, said = self.hashes_of_teach(["prlimit", f"--as={gibibytes << 30}"])
            self.assertEqual(hashes, expected)
            self.assertEqual(len(re.findall(self.TLB_SERVES.format("limited"), said)), 1, said)
        _, said = self.hashes_of_teach(["prlimit", f"--as={1 << 30}"], "--mmu", "tlb")
        self.assertNotIn("TLB", said, "nothing else was asked for")

    @unittest.skipIf("VITRINE_SANITIZE" in os.environ, "a build with sanitizers does not run under valgrind")
    def test_Valgrind_TlbServesAndSaysWhy(self):
        if not shutil.which("valgrind"):
            self.skipTest("valgrind is not installed")
        expected, _ = self.hashes_of_teach([])
        hashes, said = self.hashes_of_teach(["valgrind", "--quiet"], "--engine", "interpreter")
        self.assertEqual(hashes, expected)
        self.assertRegex(said, self.TLB_SERVES.format("valgrind"))

    def test_LongAddresses_TlbServesAndSaysWhy(self):
        # satp = Sv48 (9 << 60), and data accesses as S makes them (mstatus.MPRV, MPP = S): 0x20800.
        sv48 = 0x00900293, 0x03C29293, 0x18029073  # li t0, 9; slli t0, t0, 60; csrw satp, t0
        mprv = 0x00021337, 0x80030313, 0x30032073  # lui t1, 0x21; addi t1, t1, -2048; csrs mstatus, t1
        said = self.bare(*sv48, *mprv, *self.LOOP,
                         options=("--cpu", "rv64,sv48=on", "--max-instructions", 1000000)).stderr
        self.assertRegex(said, self.TLB_SERVES.format("Sv48"))

    def test_Identity_IsInEveryLog(self):
        self.assertRegex(self.bare(*self.PASS, options=("--state-hash-every", 5)).stderr, r"(?m)^vitrine-\S+ machine=virt .*seed=1 ")
        self.assertRegex(self.bare(*self.PASS, options=("--stats",)).stderr, r"(?m)^vitrine-\S+ machine=virt .*seed=1 ")

    def test_StatisticsJson_IsJsonWithTheCounters(self):
        path = self.folder / "stats.json"
        done = self.bare(*self.PASS, options=("--stats-json", path))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        stats = json.loads(path.read_text())
        self.assertEqual((stats["outcome"], stats["exit_code"], stats["steps"]), ("pass", 0, 10))
        self.assertEqual(stats["counters"]["instructions"], 10)
        more = self.folder / "more.json"
        self.bare(0x0002a303, 0x001002b7, 0x0002a303, *self.PASS, options=("--stats-json", more))  # two loads, one of RAM
        self.assertEqual(json.loads(more.read_text())["counters"]["device_read"],
                         stats["counters"]["device_read"] + 1)
        self.assertEqual(stats["counters"].keys(), stats["per_million_steps"].keys())
        self.assertIn("seed=1", stats["identity"])

    def test_Limits_ExitCodesAndThePlace(self):
        done = self.bare(*self.LOOP, options=("--max-instructions", 1000))
        self.assertEqual(done.returncode, 103)
        self.assertRegex(done.stderr, r"1000 instructions.*\n.*hart 0 runs, M mode at 0x80000000")
        self.assertEqual(self.bare(*self.LOOP, options=("--max-seconds", "0.1")).returncode, 104)

    def test_FaultLoop_SaysWhereAndWhy(self):
        done = self.bare(0x00000013, 0)
        self.assertEqual(done.returncode, 101)
        self.assertRegex(done.stderr, r"Fault loop: hart 0 .*\n.*instruction access fault at address 0x0")

    def test_RawCode_IsNamedWhenNothingComesOfIt(self):
        done = self.bare(0x00000013, 0)
        self.assertRegex(done.stderr, r"has no format that says what it is: it was taken for machine code at 0x80000000")

    def test_NearestSymbol_IsInTheDiagnosis(self):
        done = vitrine("run", "--max-instructions", 300000)
        self.assertEqual(done.returncode, 103)
        self.assertRegex(done.stderr, r"S mode at 0x[0-9a-f]+ \([a-z_]+(\+0x[0-9a-f]+)?\)")

    def test_DumpDtb_WritesATreeAndEnds(self):
        tree = self.folder / "board.dtb"
        done = vitrine("run", "--dump-dtb", tree, "--memory", "1G")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(tree.read_bytes()[:4], b"\xd0\x0d\xfe\xed")

    def test_ClosedStdout_EndsCleanly(self):
        for what in ("a pipe that nobody reads", "a closed descriptor", "a full device"):
            with self.subTest(what):
                if what == "a full device":
                    with open("/dev/full", "wb") as full:
                        done = vitrine("run", "--max-seconds", 30, stdout=full)
                elif what == "a closed descriptor":
                    done = vitrine("run", "--max-seconds", 30, stdout=None, preexec_fn=lambda: os.close(1))
                else:
                    reader, writer = os.pipe()
                    os.close(reader)
                    done = vitrine("run", "--max-seconds", 30, stdout=writer)
                    os.close(writer)
                self.assertEqual(done.returncode, 128 + signal.SIGPIPE)
                self.assertRegex(done.stderr, r"console's output cannot be written: \w+")

    def test_ClosedStderr_IsNoReasonToFail(self):
        done = vitrine("run", "--input", self.file("in", b"halt\n"), "--stats", stderr=None,
                       preexec_fn=lambda: os.close(2))
        self.assertEqual(done.returncode, 0)

    def test_Doctor_SaysWhatIsThere(self):
        done = vitrine("doctor")
        self.assertIn(done.returncode, (0, 112))
        self.assertRegex(done.stdout, r"(?m)^ok +guest +teach")
        self.assertEqual(done.returncode == 112, bool(re.search(r"^missing ", done.stdout, re.M)))

    def test_Doctor_WhatIsMissing_ByACommandForThisUser(self):
        tool = self.folder / "dpkg-query"
        tool.write_text("#!/bin/sh\necho bash amd64 installed\n")
        tool.chmod(0o755)
        done = vitrine("doctor", env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 112)
        sudo = "" if os.geteuid() == 0 else "sudo "
        self.assertRegex(done.stdout, rf"(?m)^missing +packages +to build: {sudo}apt-get install --no-install-recommends g\+\+ ")

    # lui t0, 0x101; lw a0, 0(t0); j .: reads the clock at its eighth step, behind six in the reset ROM
    CLOCK = (0x001012b7, 0x0002a503, 0x0000006f)

    def test_Bisect_DifferentRuns_FirstStepAndExitCode1(self):
        guest = self.words(*self.CLOCK)
        done = vitrine("bisect", "--date 2026-01-01", "--date '2026-01-02' --memory 8M", "--", guest, "--memory", "8M",
                       "--bios", "none", "--max-instructions", "500")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("A and B differ behind step 8; behind step 7 they are equal.", done.stdout)
        self.assertIn("hart 0, M mode at 0x80000004: lw a0, 0(t0)", done.stdout)
        again = re.search(r"(?m)^B: (.*)$", done.stdout)[1]
        self.assertIn("--date 2026-01-02", again)
        self.assertEqual(subprocess.run(again, shell=True, capture_output=True, check=False, timeout=TIMEOUT,
                                        stdin=subprocess.DEVNULL).returncode, 103, "the command can be pasted")

    def test_Bisect_EqualRuns_ExitCode0(self):
        done = vitrine("bisect", "--mmu tlb", "", "teach", "--max-instructions", "300000")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Equal in all 300000 steps.", done.stdout)

    def test_Bisect_WrongWords_AreRefused(self):
        for words, part in ((("--seed 1",), "two sets of options"), (("--sed 1", ""), "A: There is no option --sed"),
                            (("", "--clock real"), "no two runs are equal"), (("", "", "--disk"), "--disk")):
            done = vitrine("bisect", *words)
            self.assertEqual(done.returncode, 110)
            self.assertIn(part, done.stderr)

    def test_Bisect_DisksAreNotWritten(self):
        disk = self.file("disk", bytes(1 << 16))
        before = os.stat(disk).st_mtime_ns
        done = vitrine("bisect", "", "--seed 2", "teach", "--disk", disk)
        self.assertIn(done.returncode, (0, 1))
        self.assertEqual((disk.read_bytes(), os.stat(disk).st_mtime_ns), (bytes(1 << 16), before))

    def test_Inspect_DescribesAFile(self):
        done = vitrine("inspect", ROOT / "examples/teach/teach.elf")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("ELF", done.stdout)
        self.assertEqual(vitrine("inspect", self.folder / "gone").returncode, 112)
        self.assertEqual(vitrine("inspect").returncode, 110)


if __name__ == "__main__":
    unittest.main(verbosity=2)
