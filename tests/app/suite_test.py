#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vitrine suite run`: what is found, and each verdict with its reason.

  suite_test.py build/vitrine
"""

import os
import shutil
import signal
import subprocess
import sys
import unittest

from suite_case import BASE, PASS, VITRINE, SuiteCase, elf, failing, saying, worker_of
from tiny_riscv import Program


class Seeds(SuiteCase):
    def test_EachTestWithEachSeed(self):
        """A guest that counts on a register which nobody has set."""
        guest = Program().bne("s11", "x0", "junk").finish(PASS).label("junk").finish(failing(3))
        self.add("guest.elf", elf(guest))
        self.assertEqual(self.judged("guest.elf", code=0)["verdict"], "pass")
        self.suite("--seeds", "3,ram")
        lines = self.results()
        self.assertEqual(sorted(lines), ["guest.elf@1", "guest.elf@2", "guest.elf@3"])
        for seed in 1, 2, 3:
            line = lines[f"guest.elf@{seed}"]
            self.assertEqual((line["verdict"], line["reason"]), ("fail", "exit-code"))
            self.assertIn(f"--chaos={seed},ram", line["again"])

    def test_BadSeeds(self):
        self.add("guest.elf", saying(""))
        for words in "0", "x", "5,fence", "100001":
            done = self.suite("--seeds", words)
            self.assertEqual(done.returncode, 110, words)
            self.assertIn("from 1 to 100000", done.stderr)


class Verdicts(SuiteCase):
    def judge(self, content, *words, **files):
        """The line of one guest, with files beside it: expect="text", toml="text"."""
        shutil.rmtree(self.tests)
        self.add("guest.elf", content)
        for suffix, text in files.items():
            self.add(f"guest.{suffix}", text)
        return self.judged("guest.elf", *words)

    def expect(self, verdict, reason, content, *words, says=None, **files):
        line = self.judge(content, *words, **files)
        self.assertEqual((line["verdict"], line["reason"]), (verdict, reason), line["words"])
        if says:
            self.assertRegex(line["words"], says)
        good = verdict in ("pass", "expected-failure", "skipped")
        self.assertEqual(self.said.returncode, 0 if good else 120 if verdict == "crashed" else 1, self.said.stderr)
        return line

    def test_Finisher_PassAndCode(self):
        self.expect("pass", "", saying(""))
        self.expect("fail", "exit-code", saying("", failing(7)), says="code 7")

    def test_Htif_PassAndCode(self):
        def guest(word):
            program = Program().la("t0", "tohost").li("t1", word).sd("t1", "t0", 0).spin()
            while len(program.words) % 2:
                program.word(0)
            return elf(program.label("tohost").word(0).word(0), ["tohost"])
        self.expect("pass", "", guest(1))
        self.expect("fail", "exit-code", guest(5 << 1 | 1), says="code 5")

    def test_SbiReset_ReasonDecides(self):
        def guest(kind, reason):
            program = Program().li("a7", 0x53525354).addi("a6", "x0", 0).li("a0", kind).li("a1", reason).ecall().spin()
            return elf(program, at=0x8020_0000)
        self.expect("pass", "", guest(0, 0))
        self.expect("fail", "panic", guest(0, 1), says="panicked")

    def test_KvmUnitTests_LastLineDecides(self):
        self.expect("pass", "", saying("PASS: x\nSUMMARY: 1 tests\n\nEXIT: STATUS=1\n"))
        self.expect("fail", "assertion", saying("PASS: x\nFAIL: sbi: base: mvendorid\nEXIT: STATUS=3\n"), says="mvendorid")
        self.expect("fail", "exit-line", saying("ABORT\nEXIT: STATUS=127\n"), says="STATUS=127")
        self.expect("skipped", "skipped", saying("SKIP: no such thing\nEXIT: STATUS=77\n"))
        # Their exit() tells of a system failure, whatever did not pass.
        self.expect("skipped", "skipped", saying("SKIP: no such thing\nEXIT: STATUS=77\n", failing(0)))
        self.expect("fail", "assertion", saying("FAIL: sbi: time\nEXIT: STATUS=3\n", failing(0)), says="sbi: time")
        self.expect("fail", "exit-code", saying("EXIT: STATUS=1\n", failing(0)))

    def test_Tap_PlanAndLinesDecide(self):
        self.expect("pass", "", saying("TAP version 14\n1..2\nok 1 - a\nok 2 - b # SKIP none here\n"))
        self.expect("pass", "", saying("1..1\nnot ok 1 - a # TODO later\n"))
        self.expect("fail", "assertion", saying("1..2\nok 1\nnot ok 2 - the wall\n"), says="the wall")
        self.expect("fail", "plan", saying("1..3\nok 1\nok 2\n"), says="planned 3 .* told of 2")
        self.expect("fail", "plan", saying("TAP version 14\nok 1\n"), says="no plan")
        self.expect("fail", "assertion", saying("1..2\nok 1\nBail out! no memory\n"), says="no memory")
        self.expect("skipped", "skipped", saying("1..0 # SKIP not on this board\n"), says="not on this board")
        self.expect("pass", "", saying("this is ok 1\n"))

    def test_Ktap_SubtestsAndTimeStamps(self):
        good = "[    0.1] KTAP version 1\n[    0.1] 1..1\n[    0.1]     KTAP version 1\n[    0.1]     1..1\n[    0.2]     ok 1 inner\n[    0.2] ok 1 outer\n"
        self.expect("pass", "", saying(good))
        self.expect("fail", "assertion", saying(good.replace("ok 1 inner", "not ok 1 inner").replace("ok 1 outer", "not ok 1 outer")), says="inner")

    def test_TwoTapDocuments_EachHasItsPlan(self):
        one = "TAP version 13\n1..1\nok 1 a\n"
        self.expect("pass", "", saying(one + one))
        self.expect("fail", "plan", saying(one + "TAP version 13\n1..2\nok 1 a\n"))

    def test_Expect_LinesInOrder(self):
        guest = saying("boot\nhart 3 is up\nready\n")
        self.expect("pass", "", guest, expect="hart * is up\nready\n")
        self.expect("fail", "console", guest, expect="ready\nhart * is up\n", says=r"no line 'hart \* is up'")
        self.expect("fail", "console", guest, expect="hart \\* is up\n")
        self.expect("fail", "console", guest, expect="!hart*\nready\n", says="must not be there")

    def test_Panic_IsNeverAPass(self):
        for line in ("panic: freewalk: leaf", "Kernel panic - not syncing: Attempted to kill init!", "[kernel] Panicked at src/main.rs:10 oh",
                     "[ERROR] panicked at src/trap.rs"):
            with self.subTest(line):
                self.expect("fail", "panic", saying(line + "\n"), says=line.split()[0].strip("[]"))
        self.expect("fail", "panic", saying("OOPS: it is over\n"), toml='panics = ["OOPS: *"]')
        self.expect("fail", "panic", saying("panic: x\n"), toml='ends = ["pass", "fail"]')
        self.expect("pass", "", saying("no panic: all is well\n"))

    def test_Endless_EachHasItsReason(self):
        self.expect("fail", "instruction-limit", elf(Program().spin()), "--max-instructions", 10000, says="limit of 10000 instructions.* hart 0 runs, M mode at 0x80000000")
        self.expect("fail", "nothing-wakes", elf(Program().hang()))
        self.expect("fail", "fault-loop", elf(Program().word(0)))
        self.expect("fail", "time-limit", elf(Program().spin()), "--max-seconds", "0.2", "--max-instructions", 10**12)

    def test_EndlessOutput_IsBoundedAndAFailure(self):
        loop = Program().li("t0", 0x1000_0000).li("t1", ord("x")).label("more").sb("t1", "t0", 0).jal("x0", "more")
        self.expect("fail", "endless-output", elf(loop), "--max-instructions", 10**10, says="8 MiB")
        self.assertLessEqual(sum(f.stat().st_size for f in self.last_out.rglob("*") if f.is_file()), 9 << 20)

    def test_Ends_ATestMayEndInAnotherWay(self):
        spin = elf(Program().text("up\n").spin())
        self.expect("pass", "", spin, toml='ends = ["instruction-limit"]\nmax_instructions = 100_000\nexpect = ["up"]')
        self.expect("fail", "end", saying("up\n"), toml='ends = ["instruction-limit"]\n', says="no success")
        self.expect("error", "not-run", saying("up\n"), toml='ends = ["panic"]\n', says=r"guest\.toml:1: 'panic' is no end")

    def signature_guest(self, value):
        program = Program().la("t0", "begin_signature").li("t1", value).sw("t1", "t0", 4).finish(PASS).label("begin_signature")
        return elf(program.word(0x11223344).word(0).word(5).word(0).label("end_signature").word(9), ["begin_signature", "end_signature"])

    def test_Signature_ComparedWithTheReference(self):
        words = "11223344\n0000002a\n00000005\n00000000\n"
        self.expect("pass", "", self.signature_guest(42), signature=words)
        self.expect("pass", "", self.signature_guest(42), reference_output="0000002a11223344\n0000000000000005\n")
        self.expect("fail", "signature", self.signature_guest(43), signature=words, says=r"begin_signature\+0x4: 0x0000002b instead of 0x0000002a")
        self.expect("fail", "signature", self.signature_guest(42), signature=words + "00000009\n", says="nothing instead of 0x00000009")
        last = Program().finish(PASS).label("begin_signature").word(7).label("end_signature")
        self.expect("pass", "", elf(last, ["begin_signature", "end_signature"]), signature="00000007\n")  # the image ends there, too
        self.expect("fail", "signature", saying(""), signature=words, says="no signature")
        self.expect("error", "signature", self.signature_guest(42), signature="hello\n")

    def test_KnownFailure_BothWays(self):
        toml = 'known_failure = "issue 12"'
        self.expect("expected-failure", "exit-code", saying("", failing(1)), toml=toml, says="issue 12")
        self.expect("unexpected-pass", "unexpected-pass", saying(""), toml=toml, says="issue 12")

    def test_Skip_SaysWhy(self):
        self.expect("skipped", "skipped", saying(""), toml='skip = "wants a network"', says="wants a network")

    def test_WorkerThatIsKilledOrCrashes_IsNobodysFailure(self):
        self.add("spin.elf", elf(Program().spin()))
        self.add("good.elf", saying(""))
        self.add("spin.toml", 'known_failure = "a crash is never expected"')
        # A sanitizer makes its own report of a host's fault, and ends the worker with a code of its own.
        bug = ("exit", "") if "VITRINE_SANITIZE" in os.environ else ("bug", "bug")
        for number, reason, words in ((signal.SIGKILL, "signal", "signal 9"), (signal.SIGSEGV, *bug)):
            with self.subTest(number.name):
                shutil.rmtree(self.out, ignore_errors=True)
                self.crash(number, reason, words)

    def crash(self, number, reason, words):
        running = subprocess.Popen([VITRINE, "suite", "run", self.tests, "--out", self.out, "-j2", "--max-instructions", str(10**12)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        os.kill(worker_of(running, "spin.elf"), number)
        said, _ = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 120, said)
        line = self.results()["spin.elf"]
        self.assertEqual((line["verdict"], line["reason"]), ("crashed", reason))
        self.assertIn(words, line["words"])
        self.assertEqual(self.verdicts()["good.elf"], "pass")


class Commands(SuiteCase):
    """A failure can be made again by what is printed."""

    def test_Failure_KeptAndReplayedToTheInstruction(self):
        self.add("bad.elf", saying("first\nlast words\n", failing(3)))
        self.add("good.elf", saying("fine\n"))
        done = self.suite()
        self.assertEqual(done.returncode, 1)
        self.assertIn("  | last words\n", done.stdout)
        line = self.results()["bad.elf"]
        again = subprocess.run(line["again"], shell=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=self.environment)
        self.assertEqual((again.returncode, again.stdout), (3, "first\nlast words\n"))
        why = subprocess.run(line["why"], shell=True, capture_output=True, text=True, env=self.environment)
        self.assertEqual(why.returncode, 0, why.stderr)
        self.assertRegex(why.stdout, "reported failure, code 3")
        self.assertIn(f"{line['steps']:,}".replace(",", ""), why.stdout.replace(",", "").replace("_", "") + str(line["steps"]))
        self.assertTrue((self.out / line["kept"]).exists())
        self.assertFalse((self.out / "kept/good.elf.run").exists(), "a pass is not kept")
        self.assertEqual((self.out / line["log"]).read_text(), "first\nlast words\n")

    def test_OptionsOfRun_AreForEveryTest(self):
        probe = Program().la("t1", "none").csrw(0x305, "t1")  # mtvec: what is not there is an access fault
        probe.li("t0", BASE + (3 << 20)).sw("t0", "t0", 0).finish(PASS).label("none").finish(failing(1))
        self.add("probe.elf", elf(probe))
        self.assertEqual(self.judged("probe.elf", "--memory", "4M")["verdict"], "pass")
        again = self.judged("probe.elf", "--memory", "4M", "--max-instructions", 9999)["again"]
        self.assertEqual(again.count("--max-instructions"), 1, again)
        self.assertEqual(self.judged("probe.elf", "--memory", "3M")["verdict"], "fail")
        self.assertEqual(self.suite("--keep", "x").returncode, 110)
        self.assertEqual(self.suite("--memroy", "2M").returncode, 110)
        self.assertIn("did you mean --memory?", self.suite("--memroy", "2M").stderr)

    def test_Disks_AreSnapshotsHoweverTheyAreNamed(self):
        for name in "abcd":
            self.add(f"{name}.img", bytes(4096))
        self.add("k.elf", saying("", failing(1)))
        self.add("k.toml", f'disks = ["a.img,slot=3", "d.img,ro"]\noptions = ["--disk", "{self.tests}/b.img"]')
        again = self.judged("k.elf", f"--disk={self.tests}/c.img")["again"]
        self.assertIn("--max-instructions 2000000000 ", again)
        for disk in ("a.img,slot=3,snapshot", "b.img,snapshot", "c.img,snapshot", "d.img,ro "):
            self.assertIn(f"{self.tests}/{disk}", again + " ")
        self.add("k.toml", 'options = ["--keep", "x"]')
        self.assertIn("for a single run", self.judged("k.elf")["words"])

    def test_LimitsCountInstructions_SameStepsWhateverTheLoad(self):
        for i in range(6):
            self.add(f"spin{i}.elf", elf(Program().spin()))
        self.suite("--max-instructions", 1_000_000, "-j", 6)
        self.assertEqual({line["steps"] for line in self.results().values()}, {1_000_000})

    def test_Filter_NamesPartsAndLabels(self):
        for name in ("a/one.elf", "a/two.elf", "b/one.elf"):
            self.add(name, saying(""))
        self.add("b/suite.toml", 'labels = ["slow"]')
        def names(term):
            out = self.folder / f"f{term}".replace("/", "_").replace("*", "s")
            self.suite("--filter", term, out=out)
            return sorted(self.verdicts(out=out))
        self.assertEqual(names("a/*"), ["a/one.elf", "a/two.elf"])
        self.assertEqual(names("two"), ["a/two.elf"])
        self.assertEqual(names("label:slow"), ["b/one.elf"])
        self.assertEqual(names("one,-label:slow"), ["a/one.elf"])
        self.assertEqual(self.suite("--filter", "three").returncode, 110)

    def test_FailFast_TheRestIsNotRun(self):
        self.add("a.elf", saying("", failing(1)))
        for name in "bcdefgh":
            self.add(f"{name}.elf", saying(""))
        done = self.suite("--fail-fast", "-j1")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.verdicts(), {"a.elf": "fail"})
        self.assertIn("7 tests were not run", done.stderr)


class Found(SuiteCase):
    def test_WhatIsAGuest(self):
        self.add("kernel", saying(""))
        self.add("notes.txt", "text")
        self.add("host-program", elf(Program().spin(), machine=62))
        self.add("data.bin", bytes(100))
        self.add("sub/raw.bin", Program().finish(PASS).code().ljust(64, b"\0"))
        self.add("sub/raw.toml", 'options = ["--bios", "none"]')
        self.add(".git/kernel", saying(""))
        done = self.suite()
        self.assertEqual(self.verdicts(), {"kernel": "pass", "sub/raw.bin": "pass"}, done.stdout)

    def test_NamedFilesAndPatterns(self):
        self.add("one.elf", saying(""))
        self.add("two.elf", saying(""))
        self.assertEqual(self.vitrine("suite", "run", self.tests / "one.elf", "--out", self.folder / "o1").returncode, 0)
        self.vitrine("suite", "run", f"{self.tests}/*.elf", "--out", self.folder / "o2")
        self.assertEqual(sorted(self.verdicts(out=self.folder / "o2")), ["one.elf", "two.elf"])
        self.vitrine("suite", "run", self.tests, self.tests / "one.elf", "--out", self.folder / "o3")
        self.assertEqual(sorted(self.verdicts(out=self.folder / "o3")), ["one.elf", "two.elf"])
        self.assertEqual(self.vitrine("suite", "run", self.tests / "three.elf").returncode, 112)
        (self.folder / "empty").mkdir()
        done = self.vitrine("suite", "run", self.folder / "empty")
        self.assertEqual(done.returncode, 112)
        self.assertIn("no guest", done.stderr)

    def test_TomlWithAKernel_IsATestOfItsOwn(self):
        self.add("kernel.elf", saying("hello\n"))
        self.add("cases/good.toml", 'kernel = "../kernel.elf"\nexpect = ["hello"]')
        self.add("cases/bad.toml", 'kernel = "../kernel.elf"\nexpect = ["goodbye"]')
        self.add("Cargo.toml", '[package]\nname = "x"')
        self.suite()
        self.assertEqual(self.verdicts(), {"kernel.elf": "pass", "cases/good": "pass", "cases/bad": "fail"})

    def test_SuiteToml_NearerFilesCountAndListsGrow(self):
        self.add("suite.toml", 'max_instructions = 1000\nexclude = ["skipped*"]\nlabels = ["all"]')
        self.add("a.elf", elf(Program().spin()))
        self.add("skipped.elf", elf(Program().spin()))
        self.add("sub/suite.toml", 'max_instructions = 2000\nlabels = ["sub"]')
        self.add("sub/b.elf", elf(Program().spin()))
        self.add("sub/c.elf", elf(Program().spin()))
        self.add("sub/c.toml", "max_instructions = 3000")
        self.suite()
        self.assertEqual({name: line["steps"] for name, line in self.results().items()}, {"a.elf": 1000, "sub/b.elf": 2000, "sub/c.elf": 3000})
        self.assertEqual(self.results()["sub/b.elf"]["labels"], ["all", "sub"])

    def test_BadInput_OneVerdictEachAndTheRestGoesOn(self):
        self.add("good.elf", saying(""))
        self.add("rv32.elf", elf(Program().spin(), bits=32))
        self.add("short.elf", elf(Program().spin())[:90])
        self.add("huge.elf", elf(Program().spin(), at=0x7000_0000))
        self.add("disk.elf", saying(""))
        self.add("disk.toml", 'disks = ["gone.img"]')
        self.add("typo.elf", saying(""))
        self.add("typo.toml", 'points = 3\nexpct = ["x"]')
        self.add("broken.elf", saying(""))
        self.add("broken.toml", "points = = 3")
        (self.tests / "dangling.elf").symlink_to("nothing")
        done = self.suite()
        self.assertEqual(done.returncode, 1, done.stderr)
        lines = self.results()
        self.assertEqual({name for name, line in lines.items() if line["verdict"] == "pass"}, {"good.elf"})
        self.assertEqual({line["verdict"] for name, line in lines.items() if name != "good.elf"}, {"error"})
        for name, pattern in {"rv32.elf": "RV32", "short.elf": "short.elf", "huge.elf": "huge.elf", "disk.elf": "gone.img",
                              "typo.elf": r"typo\.toml:2: .*did you mean expect\?", "broken.elf": r"broken\.toml:1", "dangling.elf": "no file"}.items():
            self.assertRegex(lines[name]["words"], pattern)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "who is not root is not refused by who is")
    def test_UnreadableFile_IsAnError(self):
        self.add("good.elf", saying(""))
        secret = self.add("secret", saying(""))
        secret.chmod(0)
        for folder in (self.folder, self.tests):
            folder.chmod(0o755)
        self.out.mkdir()
        self.out.chmod(0o777)
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", VITRINE, "suite", "run", self.tests, "--out", self.out],
                              capture_output=True, text=True, env=self.environment, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.verdicts(), {"good.elf": "pass", "secret": "error"})
        self.assertIn("may not be read", self.results()["secret"]["words"])


class Dialogues(SuiteCase):
    ECHO = Program().text("name? ").get("s2").text("hello ").put("s2").text("\n$ ").get("s3").text("bye ").put("s3").text("\n").spin()

    def test_ConsoleDialogue_SameStepsOnBothEngines(self):
        self.add("echo.elf", elf(self.ECHO))
        self.add("echo.toml", """
max_instructions = 10_000_000
end_at = ["bye y\\n"]
[[dialogue]]
expect = "name? "
send = "x"
[[dialogue]]
expect = "$ "
send = "y"
""")
        translated, interpreted = (self.judged("echo.elf", "--engine", engine) for engine in ("translator", "interpreter"))
        self.assertEqual(translated["verdict"], "pass", translated["words"])
        self.assertEqual(translated["steps"], interpreted["steps"])
        self.assertEqual((self.last_out / "logs/echo.elf.log").read_text(), "name? hello x\n$ bye y\n")

    def test_DialogueThatIsNotFinished_NamesWhatWasWaitedFor(self):
        self.add("echo.elf", elf(self.ECHO))
        self.add("echo.toml", 'ends = ["instruction-limit"]\nmax_instructions = 1_000_000\n[[dialogue]]\nexpect = "password: "\nsend = "x"\n')
        line = self.judged("echo.elf")
        self.assertEqual((line["verdict"], line["reason"]), ("fail", "dialogue"))
        self.assertIn("never said 'password: '", line["words"])

    def test_FailureWithADialogue_IsMadeAgain(self):
        self.add("echo.elf", elf(self.ECHO))
        self.add("echo.toml", 'end_at = ["hello x\\n"]\nexpect = ["hello z"]\n[[dialogue]]\nexpect = "? "\nsend = "x"\n')
        line = self.judged("echo.elf")
        self.assertEqual((line["verdict"], line["reason"]), ("fail", "console"))
        again = subprocess.run(line["again"], shell=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=self.environment)
        self.assertEqual((again.returncode, again.stdout), (0, "name? hello x\n"))
        why = subprocess.run(line["why"], shell=True, capture_output=True, text=True, env=self.environment)
        self.assertEqual(why.returncode, 0, why.stderr)
        self.assertIn("which ends the run", why.stdout)


class Grading(SuiteCase):
    """A kernel cannot talk itself through rules over facts of the host's side."""

    def judge(self, program, symbols, toml, *words):
        shutil.rmtree(self.tests)
        self.add("k.elf", elf(program, symbols))
        self.add("k.toml", toml)
        return self.judged("k.elf", *words)

    @staticmethod
    def caller(times):
        program = Program()
        for _ in range(times):
            program.jal("ra", "work")
        return program.finish(PASS).label("work").jalr("x0", "ra", 0).label("forbidden").jalr("x0", "ra", 0)

    def test_Reached_CountedExactly(self):
        symbols = ["work", "forbidden"]
        rule = '[[rule]]\nreached = "work"\n'
        self.assertEqual(self.judge(self.caller(3), symbols, rule)["verdict"], "pass")
        self.assertEqual(self.judge(self.caller(3), symbols, rule + "equals = 3")["verdict"], "pass")
        line = self.judge(self.caller(3), symbols, rule + 'at_least = 4\nsays = "each process is scheduled"')
        self.assertEqual((line["verdict"], line["reason"]), ("fail", "rule"))
        self.assertRegex(line["words"], "each process is scheduled .*work 3 times, and at least 4")
        self.assertEqual(self.judge(self.caller(0), symbols, rule)["verdict"], "fail")
        self.assertEqual(self.judge(self.caller(1), symbols, '[[rule]]\nnever = "forbidden"')["verdict"], "pass")
        self.assertEqual(self.judge(self.caller(1), symbols, '[[rule]]\nnever = "work"')["verdict"], "fail")
        line = self.judge(self.caller(1), ["work"], '[[rule]]\nnever = "forbidden"')
        self.assertEqual(line["verdict"], "fail", "a symbol that was taken away proves nothing")

    def test_Reached_TheRunIsTheSame(self):
        steps = {self.judge(self.caller(5), ["work"], toml)["steps"] for toml in ('[[rule]]\nreached = "work"', "")}
        self.assertEqual(len(steps), 1)

    def test_Memory_AtTheEnd(self):
        def guest(value):
            return Program().la("t0", "total").li("t1", value).sw("t1", "t0", 0).finish(PASS).label("total").word(0).word(0x64636261)
        rule = '[[rule]]\nmemory = "total"\nbytes = 4\nequals = 1234'
        self.assertEqual(self.judge(guest(1234), ["total"], rule)["verdict"], "pass")
        line = self.judge(guest(1235), ["total"], rule)
        self.assertEqual((line["verdict"], line["reason"]), ("fail", "rule"))
        self.assertIn("1235, and 1234 was asked for", line["words"])
        self.assertEqual(self.judge(guest(1), ["total"], '[[rule]]\nmemory = "total+4"\ntext = "abcd"')["verdict"], "pass")
        self.assertEqual(self.judge(guest(1), ["total"], '[[rule]]\nmemory = "total+4"\ntext = "abce"')["verdict"], "fail")
        self.assertEqual(self.judge(guest(1), [], rule)["verdict"], "fail")

    def test_Count_OfEvents(self):
        guest = Program().csrr("t0", 0x300).csrr("t0", 0x300).finish(PASS)  # and once mhartid, in the mask ROM
        for rule, verdict in (("at_least = 3", "pass"), ("at_most = 2", "fail"), ("equals = 3", "pass")):
            self.assertEqual(self.judge(guest, [], f'[[rule]]\ncount = "exits/csr-access/count"\n{rule}')["verdict"], verdict, self.said.stdout)
        self.assertEqual(self.judge(guest, [], '[[rule]]\ncount = "exits/no-such-thing/count"\nat_most = 1')["verdict"], "fail")

    def test_TrustHost_ConsoleCountsForNothing(self):
        liar = Program().text("1..1\nok 1 - all of it\n").finish(PASS).label("work").spin()
        rule = 'trust = "host"\nexpect = ["ok 1*"]\n[[rule]]\nreached = "work"'
        self.assertEqual(self.judge(liar, ["work"], rule)["verdict"], "fail")
        humble = Program().text("not ok 1\n").jal("x0", "work").label("work").finish(PASS)
        self.assertEqual(self.judge(humble, ["work"], rule)["verdict"], "pass")
        line = self.judge(liar, ["work"], 'trust = "host"\nexpect = ["ok 1*"]')
        self.assertEqual(line["verdict"], "error", "there is nothing that the host could check")
        self.assertIn("nothing that the host could check", line["words"])

    def test_Nonce_IsAnotherOneEachTimeAndMustComeBack(self):
        def reader(copy):
            program = Program().la("s4", "answer").li("s5", 0)
            for _ in range(8):  # eight digits
                program.get("s2").addi("s2", "s2", -ord("0")).slli("t2", "s5", 3).slli("t3", "s5", 1).add("s5", "t2", "t3").add("s5", "s5", "s2")
            if copy:
                program.sw("s5", "s4", 0)
            return program.finish(PASS).label("answer").word(0).word(0)
        toml = 'trust = "host"\ntyped = "{nonce}"\n[[rule]]\nmemory = "answer"\nbytes = 4\nequals = "{nonce}"'
        good = self.judge(reader(True), ["answer"], toml)
        self.assertEqual(good["verdict"], "pass", good["words"])
        other = self.judge(reader(True), ["answer"], toml)
        self.assertNotEqual(good["again"].split("--answer")[1], other["again"].split("--answer")[1])
        self.assertEqual(self.judge(reader(False), ["answer"], toml)["verdict"], "fail")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
