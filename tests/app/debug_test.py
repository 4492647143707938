#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vitrine debug` by its verbs, on a kept run and on a new one.

  debug_test.py build/vitrine ENGINE...        engines of this build

Judges: guests of a few instructions, whose steps are counted by hand; `vitrine explain --json`, which makes the run again on
its own; the event log of the run when it was made.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import tiny_riscv
from in_folder import InFolder
from tiny_riscv import UART, Program

VITRINE = os.path.abspath(sys.argv.pop(1))
ENGINES = sys.argv[1:] or ["interpreter"]
del sys.argv[1:]
ROOT = pathlib.Path(__file__).resolve().parents[2]
TEACH = ROOT / "examples/teach/teach.elf"
KEYS = "ls\npages\nhalt\n"
ROM = 6  # steps of the board's reset code, before a bare guest's first instruction
RAM = 0x8000_0000
MTVEC, MEPC, MSCRATCH = 0x305, 0x341, 0x340


def vitrine(*words, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([VITRINE, *map(str, words)], capture_output=True, text=True, errors="replace", timeout=300, check=False,
                          **options)


class WithDebugger(InFolder):
    def debug(self, *words, verbs, code=0):
        """The prompts and answers, in the order of the verbs: [(prompt, answer)]."""
        done = vitrine("debug", *words, "--batch", *(word for verb in verbs for word in ("-e", verb)))
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        parts = re.split(r"^(@\d+ hart \d+ [USM] .*?) > (.*)\n", done.stdout, flags=re.M)[1:]
        answers = list(zip(parts[0::3], parts[2::3]))
        self.errors = done.stderr
        if code == 0:
            self.assertEqual(parts[1::3], list(verbs))
        return answers

    def steps(self, *words, verbs):
        """Where each verb has put the machine."""
        answers = self.debug(*words, verbs=[*verbs, "info"])
        return [int(prompt[1:].split()[0]) for prompt, _ in answers[1:]]


class BareGuest(WithDebugger):
    """t0 = UART, then letters, a counter in memory, a call, and an environment call that M mode handles itself."""

    def setUp(self):
        super().setUp()
        self.kept = self.folder / "kept.run"
        program = Program().la("t0", "handler").csrw(MTVEC, "t0")            # 0, 1; 2
        program.li("t0", UART)                                               # 3..6
        program.addi("t1", "x0", ord("A")).sb("t1", "t0", 0)                  # 7, 8
        program.li("s0", RAM + 0x1000)                                       # 9..12
        program.addi("t2", "x0", 5).sd("t2", "s0", 0)                         # 13, 14
        program.jal("ra", "function")                                        # 15, then 2 of the function
        program.csrw(MSCRATCH, "t2")                                          # 18
        program.ecall()                                                      # 19, then 5 of the handler
        program.addi("t2", "t2", 1).sd("t2", "s0", 0)                         # 25, 26
        program.finish(0x5555)                                               # 27..35: the store
        program.label("function").addi("t2", "t2", 1).jalr("x0", "ra", 0)
        program.label("handler").csrr("t3", MEPC).addi("t3", "t3", 4).csrw(MEPC, "t3").csrw(MSCRATCH, "x0").mret()
        (self.folder / "guest.bin").write_bytes(program.code())
        self.at = {name: RAM + 4 * index for name, index in program.labels.items()}
        self.call, self.ecall = RAM + 4 * 15, RAM + 4 * 17
        done = vitrine("run", self.folder / "guest.bin", "--bios", "none", "--keep", self.kept)
        self.assertEqual(done.returncode, 0, done.stderr)

    def runs(self):
        for engine in ENGINES:
            yield [self.kept, "--engine", engine]
            yield [self.folder / "guest.bin", "--bios", "none", "--no-keep", "--engine", engine]

    def test_Steps_OneEach_ForwardsAndBack(self):
        for run in self.runs():
            self.assertEqual(self.steps(*run, verbs=["step", "step 9", "back", "back 4", "s 2", "goto +5", "goto -1", "goto 3", "goto start"]),
                             [1, 10, 9, 5, 7, 12, 11, 3, 0])

    def test_Next_GoesOverCallsAndTraps(self):
        for run in self.runs():
            self.assertEqual(self.steps(*run, verbs=[f"until {self.call:#x}", "next", "next", "next"]),
                             [ROM + 15, ROM + 18, ROM + 19, ROM + 25])
            self.assertEqual(self.steps(*run, verbs=[f"until {self.ecall:#x}", "step", "step"]), [ROM + 19, ROM + 20, ROM + 21])

    def test_BreakPoint_ForwardsAndBack(self):
        for run in self.runs():
            verbs = [f"break {self.at['function']:#x}", "continue", "continue @40", "rcontinue", "delete 1", "continue @30"]
            answers = self.debug(*run, verbs=[*verbs, "info"])
            self.assertEqual([int(prompt[1:].split()[0]) for prompt, _ in answers[1:]], [0, ROM + 16, 40, ROM + 16, ROM + 16, 30])
            self.assertIn("Break point 1", answers[1][1])
            self.assertIn("There are no stop points", answers[-1][1])

    def test_WatchPoint_OldAndNewValue(self):
        for run in self.runs():
            answers = self.debug(*run, verbs=[f"watch {RAM + 0x1000:#x} 8", "continue", "continue", "rcontinue", "rcontinue", "info"])
            self.assertEqual([int(prompt[1:].split()[0]) for prompt, _ in answers[1:]], [0, ROM + 15, ROM + 27, ROM + 26, ROM + 14])
            self.assertIn("0x0000000000000000 became 0x0000000000000005", answers[1][1])
            self.assertIn("0x0000000000000005 became 0x0000000000000007", answers[2][1])

    def test_Writer_IsTheLastOneBeforeNow(self):
        for run in self.runs():
            answers = self.debug(*run, verbs=["continue @38", f"writer {RAM + 0x1000:#x}", f"writer {RAM + 0x1000:#x}", "info"])
            self.assertEqual([int(prompt[1:].split()[0]) for prompt, _ in answers[1:]], [38, ROM + 26, ROM + 14])
            self.assertIn("sd t2, 0(s0)", answers[2][0])
        self.debug(self.kept, verbs=["goto 10", f"writer {RAM + 0x1000:#x}"], code=1)
        self.assertIn("No hart wrote", self.errors)

    def test_Changes_OfACsr(self):
        for run in self.runs():
            answers = self.debug(*run, verbs=["continue @38", "changes mscratch", "changes mscratch", "goto 38", "changes mepc", "changes mepc", "info"])
            self.assertEqual([int(prompt[1:].split()[0]) for prompt, _ in answers[1:]],
                             [38, ROM + 23, ROM + 18, 38, ROM + 22, ROM + 19])
            self.assertIn("0x6 became 0x0", answers[1][1])
            self.assertIn(f"{self.ecall:#x} became {self.ecall + 4:#x}", answers[4][1])

    def test_Events_NextAndPrevious(self):
        for run in self.runs():
            self.assertEqual(self.steps(*run, verbs=["next guest-exception", "next trap-return", "prev trap-return", "prev guest-exception"]),
                             [ROM + 20, ROM + 25, ROM + 24, ROM + 19])
            answers = self.debug(*run, verbs=["catch device-write", "continue", "continue", "info"])
            self.assertEqual([int(prompt[1:].split()[0]) for prompt, _ in answers[1:3]], [0, ROM + 9])
            self.assertIn("exit device-write", answers[1][1])
            self.assertIn("THR", answers[1][1])

    def test_Moments_AreThoseOfExplain(self):
        moments = ["line:A", "event:device-write#1", "event:2", f"pc:{self.at['handler']:#x}", "last-trap", "@7"]
        done = vitrine("explain", self.kept, *moments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        expected = [it["step"] for it in json.loads(done.stdout)["moments"]]
        for engine in ENGINES:
            self.assertEqual(self.steps(self.kept, "--engine", engine, verbs=["goto " + moment for moment in moments]), expected)

    def test_RegistersAndMemory(self):
        for run in self.runs():
            answers = self.debug(*run, verbs=["continue @38", "regs t2 s0", f"x/2xg {RAM + 0x1000:#x}", f"xp/1dw {RAM + 0x1000:#x}", "csr mepc",
                                              f"x/3i {self.at['function']:#x}", "console"])
            self.assertRegex(answers[1][1], r"t2 +0x0000000000000007")
            self.assertRegex(answers[1][1], r"s0 +0x0000000080001000")
            self.assertEqual(answers[2][1], "0x80001000: 0x0000000000000007 0x0000000000000000\n")
            self.assertEqual(answers[3][1], "0x80001000: 7\n")
            self.assertEqual(answers[4][1].split(), ["mepc", f"{self.ecall + 4:#x}"])
            self.assertEqual([line.split("  ")[-1] for line in answers[5][1].splitlines()], ["addi t2, t2, 1", "ret", "csrr t3, mepc"])
            self.assertEqual(answers[6][1], "A\n")

    def test_Events_AreThoseOfTheLogBeforeNow(self):
        log = self.folder / "log.ndjson"
        vitrine("run", self.folder / "guest.bin", "--bios", "none", "--no-keep", "--log", "all", "--log-file", log)
        # What the shadow lacks depends on where the machine was put back to.
        logged = [(event["step"], event["kind"]) for event in map(json.loads, log.read_text().splitlines()) if event["kind"] != "hidden-fault"]
        self.assertGreaterEqual(sum(10 < step < 38 for step, _ in logged), 3)
        for run in self.runs():
            answers = self.debug(*run, verbs=["continue @38", "events 100", "goto 20", "events 100", "info"])
            for answer, now in ((answers[1][1], 38), (answers[3][1], 20)):
                told = [(int(step), kind) for step, kind in re.findall(r"^@(\d+) .*?: (?:exit|guest trap) ([a-z-]+):", answer, re.M)]
                self.assertEqual([it for it in told if it[1] != "hidden-fault"], [it for it in logged if it[0] < now])
            self.assertEqual([int(answers[i][0][1:].split()[0]) for i in (2, 4)], [38, 20])  # to look back moves nothing

    def test_Explain_IsThatOfVitrineExplain(self):
        steps = [ROM + 13, ROM + 14, ROM + 19]
        for engine in ENGINES:
            for step in steps:
                told = vitrine("explain", self.kept, f"@{step}", "--engine", engine).stdout
                answers = self.debug(self.kept, "--engine", engine, verbs=[f"goto {step}", "explain", "info"])
                # What a shadow lacks depends on where the machine was put back to.
                kept = [line for line in told.splitlines() if line.startswith(("Step", "The instruction", "Guest trap", "Changed", "Memory"))]
                self.assertGreater(len(kept), 1)
                for line in kept:
                    self.assertIn(line, answers[1][1].splitlines())
                self.assertEqual(int(answers[2][0][1:].split()[0]), step)

    def test_DevicesAndInterrupts(self):
        answers = self.debug(self.kept, verbs=["goto 38", "devices", "devices uart0", "irq", "walk 0x80001000", "maps"])
        self.assertRegex(answers[1][1], r"(?m)^uart0 +0x10000000-")
        self.assertRegex(answers[2][1], r"LSR +0x60 ")
        self.assertIn("pending (mip):", answers[3][1])
        self.assertIn("is not translated: the address is physical", answers[4][1])
        self.assertIn("no paging", answers[5][1])

    def test_End_IsToldWithTheOutcome(self):
        for run in self.runs():
            answers = self.debug(*run, verbs=["continue", "back", "info"])
            self.assertIn("The run ends here", answers[0][1])
            self.assertIn("the run has ended", answers[1][0])
            self.assertEqual(int(answers[2][0][1:].split()[0]), int(answers[1][0][1:].split()[0]) - 1)

    def test_WrongWords_SayWhatToDo_AndEndTheScript(self):
        for verb, says in (("bxeak", "did you mean"), ("break nowhere", "neither a number nor a symbol"), ("x/3q 0", "forms are"), ("step 0", "at least 1"),
                           ("watch", "it wants an address"), ("catch ecall", "no kind of exit or guest trap"), ("delete 7", "no stop point"),
                           ("csr mstat", "did you mean mstatus"), ("goto line:never", "never came"), ("hart 4", "no hart"), ("regs q9", "no such register"),
                           ("x 0x10", "neither RAM nor"), ("send hello", "A new run takes input"), ("finish", "is not known"), ("list", "debug information"),
                           ("s 1 hart 9", "no hart"), ("continue @x", "no step"), ("r", "")):
            done = vitrine("debug", self.kept, "--batch", "-e", verb, "-e", "info")
            self.assertEqual(done.returncode, 1 if says else 0, verb)
            self.assertIn(says, done.stderr)
            self.assertEqual("A kept run" in done.stdout, not says)

    def test_StandardInput_IsReadLineByLine(self):
        done = vitrine("debug", self.kept, stdin=None, input="s 3\n\n# nothing\nback\nq\ns\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(re.findall(r"^@(\d+) .* > (.*)$", done.stdout, re.M), [("0", "s 3"), ("3", ""), ("3", "# nothing"), ("3", "back"), ("2", "q")])
        script = self.folder / "script"
        script.write_text("s 3\nback\n")
        done = vitrine("debug", self.kept, "--batch", "-x", script, "-e", "s")
        self.assertEqual(re.findall(r"^@(\d+) .* > (.*)$", done.stdout, re.M), [("0", "s 3"), ("3", "back"), ("2", "s")])
        self.assertEqual(vitrine("debug", self.folder / "no such file").returncode, 112)
        self.assertEqual(vitrine("debug", self.kept, "--harts", "2").returncode, 110)


class Teach(WithDebugger):
    """The teaching kernel, whose run is kept once for all tests, with its event log."""

    def setUp(self):
        super().setUp()
        (self.folder / "keys").write_text(KEYS)
        self.kept = self.folder / "teach.run"
        self.log = self.folder / "log.ndjson"
        done = vitrine("run", "teach", "--input", self.folder / "keys", "--keep", self.kept, "--log", "csr-access,guest-traps", "--log-file",
                       self.log)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.events = [json.loads(line) for line in self.log.read_text().splitlines()]

    def test_CaughtEvents_AreThoseOfTheLog(self):
        expected = [event["step"] + 1 for event in self.events if event["kind"] == "guest-interrupt"][:3]
        self.assertEqual(len(expected), 3)
        for engine in ENGINES:
            steps = self.steps(self.kept, "--engine", engine, verbs=["catch guest-interrupt", "c", "c", "c", "rc", "rc"])
            self.assertEqual(steps, [0, *expected, expected[2] - 1, expected[1] - 1])

    def test_WalkAndMaps_AreThoseOfExplain(self):
        # A store of S mode in paging, as explain tells its walk.
        trap = [event["step"] for event in self.events if event["kind"] == "guest-exception"][2]
        done = vitrine("explain", self.kept, f"@{trap + 1}", "--json")
        fetch = json.loads(done.stdout)["moments"][0]["walks"][0]
        answers = self.debug(self.kept, verbs=[f"goto {trap + 1}", "walk $pc fetch", "maps", "info"])
        tables = re.findall(r"\|\s+(\d+) \| (0x[0-9a-f]{16}) \|", answers[1][1])
        self.assertEqual([int(value, 16) for _, value in tables], [int(entry["value"], 16) for entry in fetch["entries"]])
        self.assertIn(f"physical address is {fetch['physical']}", answers[1][1])
        pc, physical = int(fetch["address"], 16), int(fetch["physical"], 16)
        inside = [(first, base) for first, last, base in ((int(a, 16), int(b, 16), int(c, 16)) for a, b, c in
                  re.findall(r"^(0x\w+)-(0x\w+) -> (0x\w+)", answers[2][1], re.M)) if first <= pc <= last]
        self.assertEqual([base + pc - first for first, base in inside], [physical])

    def test_SpacesAndShadow_AreThoseOfSatpAndOfTheWalk(self):
        step = [event["step"] for event in self.events if event["kind"] == "guest-exception"][-1]
        for engine in ENGINES:
            answers = self.debug(self.kept, "--engine", engine, verbs=[f"goto {step - 3000}", f"continue @{step}", "csr satp", "spaces", "shadow $sp", "walk $sp load",
                                                                       "shadow 0x10000000000"])
            satp = int(re.search(r"satp +(0x[0-9a-f]+)", answers[2][1]).group(1), 16)
            mine = [line for line in answers[3][1].splitlines() if "<- satp of hart 0" in line]
            self.assertEqual(len(mine), 1, answers[3][1])
            self.assertIn(f"root table at {(satp & ((1 << 44) - 1)) << 12:#x}", mine[0])
            physical = re.search(r"physical address is (0x[0-9a-f]+)", answers[5][1]).group(1)
            self.assertIn(f"-> guest-physical {physical} -> host-virtual 0x", answers[4][1])
            self.assertNotIn("not where the walk leads", answers[4][1])
            self.assertIn("where the walk leads", answers[4][1])
            self.assertIn("So a load would be a guest trap", answers[6][1])

    def test_Blocks_CoverTheirInstructions(self):
        if "translator" not in ENGINES:
            self.skipTest("this build has no translator")
        kept = [self.kept, "--engine", "translator"]
        step = [event["step"] for event in self.events if event["kind"] == "guest-exception"][-1]
        listed = self.debug(*kept, verbs=[f"goto {step}", "blocks 0 1000"])[1][1]
        blocks = [(int(pc, 16), mode, int(at, 16)) for pc, mode, at in re.findall(r"^(0x[0-9a-f]+) ([USM]) from physical (0x[0-9a-f]+),", listed, re.M)]
        self.assertGreater(len(blocks), 10)
        self.assertEqual(blocks, sorted(blocks, key=lambda block: block[0]))
        self.assertIn(f"{len(blocks)} blocks, ", listed)
        for pc, mode, physical in blocks[5::20]:
            if mode == "S":
                self.assertEqual(physical, pc)  # the teaching kernel's own mapping
            answers = self.debug(*kept, verbs=[f"goto {step}", f"block {pc:#x}", f"ir {pc:#x}", f"ir {pc:#x} --pass fold", f"host {pc:#x}"])
            its = next(part for part in re.split(r"(?m)^(?=0x)", answers[1][1]) if part.startswith(f"{pc:#x} {mode} "))
            insns = [(int(at, 16), text) for at, text in re.findall(r"^  (?:->|  ) (0x[0-9a-f]+)  (.*)$", its, re.M)]
            count = int(re.search(r"it ends behind (\d+) instructions", its).group(1))
            self.assertEqual((len(insns), insns[0][0]), (count, pc))
            if mode == "S":  # memory says the same, as the handler sees it on the other engine
                shown = self.debug(self.kept, "--engine", "interpreter", verbs=[f"goto {step + 1}", f"x/{count}i {pc:#x}"])[1][1]
                self.assertEqual([line.split("  ")[-1] for line in shown.splitlines() if not line.endswith(":")], [text for _, text in insns])
            built = re.findall(r"^; (0x[0-9a-f]+)  (.*)$", answers[2][1].split("fold")[0], re.M)
            self.assertEqual([int(at, 16) for at, _ in built], [at for at, _ in insns])
            self.assertRegex(answers[3][1], r"(?m)^(After fold:|fold changes nothing)")
            beside = [int(at, 16) for at in re.findall(r"^  (0x[0-9a-f]+)  ", answers[4][1], re.M)]
            self.assertTrue(set(beside) <= {at for at, _ in insns} and beside, answers[4][1])
        self.debug(self.kept, "--engine", "interpreter", verbs=["blocks"], code=1)
        self.assertIn("the interpreter runs this machine", self.errors)

    def test_Sabotage_SaysWhatIsWrongAndHowToBeginSo(self):
        self.debug(self.kept, verbs=["sabotage timer-late"], code=1)
        self.assertIn("vitrine debug GUEST --break timer-late", self.errors)
        answers = self.debug("teach", "--no-keep", "--break", "timer-late", verbs=["sabotage", "sabotage timer-late"])
        self.assertEqual(re.findall(r"^\* (\S+)", answers[0][1], re.M), ["timer-late"])
        self.assertIn("So it is here", answers[1][1])

    def test_Send_IsTyped_AtThePresentOnly(self):
        for engine in ENGINES:
            answers = self.debug("teach", "--no-keep", "--engine", engine, verbs=["continue @600000", "send halt", "continue", "console 3", "info"])
            self.assertIn("5 bytes wait", answers[1][1])
            self.assertIn("The run ends here: The guest ended with success", answers[2][1])
            self.assertIn("halt", answers[3][1])
        self.debug("teach", "--no-keep", verbs=["step 100", "back", "send halt"], code=1)
        self.assertIn("the past cannot be changed. Use: goto @100", self.errors)

    def test_SeveralHarts_StepsOfOne(self):
        (self.folder / "loop.bin").write_bytes(Program().label("loop").addi("t0", "t0", 1).jal("x0", "loop").code().ljust(64, b"\0"))
        kept = self.folder / "harts.run"
        vitrine("run", self.folder / "loop.bin", "--bios", "none", "--harts", "3", "--max-instructions", "500000", "--keep", kept)
        for engine in ENGINES:
            answers = self.debug(kept, "--engine", engine,
                                 verbs=["goto end", "info", "back 5 hart 2", "info", "step 3 hart 2", "info", "hart 1", "regs"])
            steps = [[int(it) for it in re.findall(r"(\d+) steps", answers[i][1])] for i in (1, 3, 5)]
            self.assertEqual([len(it) for it in steps], [3, 3, 3])
            self.assertGreater(steps[0][2], 1000)
            self.assertEqual([it[2] - steps[0][2] for it in steps], [0, -5, -2])
            self.assertIn("Hart 1", answers[7][1])

    def test_Finish_ReturnsToTheCaller(self):
        trap = [event["step"] for event in self.events if event["kind"] == "guest-exception"][2]
        for engine in ENGINES:
            verbs = [f"goto {trap}", "until trap", "where", "finish", "info"]
            answers = self.debug(self.kept, "--engine", engine, verbs=verbs)
            self.assertRegex(answers[2][1], r"#0 0x\w+ \(trap\), sp .*\n#1 0x\w+ \(trap_return\)")
            self.assertRegex(answers[4][0], r"^@\d+ hart 0 S trap_return: ld t0, 256\(sp\)$")

    def test_Changes_AreThoseOfTheLog(self):
        last = [event["step"] for event in self.events if event["kind"] == "guest-exception"][-1]
        for engine in ENGINES:
            steps = self.steps(self.kept, "--engine", engine, verbs=["goto end", "prev guest-exception", "goto end", "changes scause"])
            self.assertEqual(steps[1], last)
            # What scause was before the last trap that changed it.
            before = self.debug(self.kept, "--engine", engine, verbs=[f"goto {steps[3]}", "csr scause", "step", "csr scause"])
            self.assertNotEqual(before[1][1], before[3][1])
            self.assertIn(steps[3], [event["step"] for event in self.events])


if __name__ == "__main__":
    unittest.main()
