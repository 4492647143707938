#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vitrine dap`, by a client of a few lines: new and kept runs, forwards and backwards, what an editor asks for at a stop, and input
that makes no sense.

  dap_test.py build/vitrine ENGINE...        engines of this build

Judges: guests of a few instructions, whose steps are counted by hand; a C program whose lines stand here; `vitrine explain --json`
and the event log, which find moments in other ways; binutils' objdump.
"""
import base64
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import unittest

from dap_client import DapClient
from in_folder import InFolder
from tiny_riscv import UART, Program

VITRINE = os.path.abspath(sys.argv.pop(1))
ENGINES = sys.argv[1:] or ["interpreter"]
del sys.argv[1:]
ROOT = pathlib.Path(__file__).resolve().parents[2]
TEACH = ROOT / "examples/teach/teach.elf"
GCC, OBJDUMP = shutil.which("riscv64-unknown-elf-gcc"), shutil.which("riscv64-unknown-elf-objdump")
KEYS = "ls\npages\nhalt\n"
ROM = 6  # steps of the board's reset code, before a bare guest's first instruction
RAM = 0x8000_0000
MTVEC, MEPC, MSCRATCH = 0x305, 0x341, 0x340


class Case(InFolder):
    def setUp(self):
        super().setUp()
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.folder), "HOME": str(self.folder), "VITRINE_KEEP": "on"}

    def vitrine(self, *words):
        return subprocess.run([VITRINE, *map(str, words)], capture_output=True, text=True, errors="replace", timeout=300, check=False,
                              stdin=subprocess.DEVNULL, env=self.environment, cwd=self.folder)

    def client(self):
        client = DapClient(VITRINE, env=self.environment, cwd=self.folder)
        self.addCleanup(client.kill)
        return client

    def begun(self, request="launch", **arguments):
        client = self.client()
        client.begin(request, stopOnEntry=True, **arguments)
        return client

    def done(self, client):
        self.assertEqual(client.close(), (0, ""))


class Bare(Case):
    """t0 = UART, then letters, a word in memory, a call, and an environment call that M mode handles itself."""

    def setUp(self):
        super().setUp()
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
        self.guest = self.file("guest.bin", program.code())
        self.words = [word for word, in struct.iter_unpack("<I", program.code())]
        self.at = {name: RAM + 4 * index for name, index in program.labels.items()}
        self.call, self.ecall = RAM + 4 * 15, RAM + 4 * 17
        self.kept = self.folder / "kept.run"
        done = self.vitrine("run", self.guest, "--bios", "none", "--keep", self.kept)
        self.assertEqual(done.returncode, 0, done.stderr)

    def runs(self):
        for engine in ENGINES:
            yield self.begun(run=str(self.kept), arguments=["--engine", engine])
            yield self.begun(guest=str(self.guest), arguments=["--bios", "none", "--no-keep", "--engine", engine])

    def test_InstructionsForwardsAndBack(self):
        for it in self.runs():
            self.assertEqual(it.step(), 0)
            for motion, step in (("stepIn", 1), ("stepIn", 2), ("stepBack", 1), ("next", 2), ("stepBack", 1), ("stepBack", 0)):
                stop = it.go(motion, granularity="instruction")
                self.assertEqual((stop["reason"], stop["threadId"], stop["allThreadsStopped"]), ("step", 1, True))
                self.assertEqual(it.step(), step)
            self.assertEqual(it.go("stepBack", granularity="instruction")["reason"], "entry")
            self.assertEqual(it.go("reverseContinue")["reason"], "entry")
            self.done(it)

    def test_InstructionBreakpoints_NextGoesOverCallsAndTraps(self):
        for it in self.runs():
            points = it.ask("setInstructionBreakpoints", breakpoints=[{"instructionReference": hex(self.call)},
                                                                      {"instructionReference": hex(self.call), "offset": 1},
                                                                      {"instructionReference": "elsewhere"}])["breakpoints"]
            self.assertEqual([point["verified"] for point in points], [True, False, False])
            self.assertIn("odd", points[1]["message"])
            stop = it.go("continue")
            self.assertEqual((stop["reason"], stop["hitBreakpointIds"]), ("instruction breakpoint", [points[0]["id"]]))
            self.assertEqual((it.step(), it.place()), (ROM + 15, self.call))
            steps = []
            for motion in ("next", "next", "next", "stepBack", "stepBack", "stepBack", "stepIn"):
                it.go(motion, granularity="instruction")
                steps.append(it.step())
            self.assertEqual(steps, [ROM + 18, ROM + 19, ROM + 25, ROM + 24, ROM + 23, ROM + 22, ROM + 23])
            self.assertEqual(it.go("reverseContinue")["hitBreakpointIds"], [points[0]["id"]])
            self.assertEqual(it.step(), ROM + 15)
            self.assertEqual(it.ask("setInstructionBreakpoints", breakpoints=[])["breakpoints"], [])
            self.assertEqual(it.go("reverseContinue")["reason"], "entry")
            self.done(it)

    def test_LinesThatAreNotKnown_AreInstructions(self):
        for it in self.runs():
            it.go("next")
            self.assertEqual(it.step(), 1)
            it.go("stepBack")
            self.assertEqual(it.step(), 0)
            self.done(it)

    def test_DataBreakpoints_BothWays(self):
        for it in self.runs():
            info = it.ask("dataBreakpointInfo", name=hex(RAM + 0x1000), asAddress=True, bytes=8)
            point = it.ask("setDataBreakpoints", breakpoints=[{"dataId": info["dataId"], "accessType": "write"}])["breakpoints"][0]
            stops = [(it.go(motion), it.step()) for motion in ("continue", "continue", "reverseContinue", "reverseContinue")]
            self.assertEqual([step for _, step in stops], [ROM + 15, ROM + 27, ROM + 26, ROM + 14])
            for stop, _ in stops:
                self.assertEqual((stop["reason"], stop["hitBreakpointIds"]), ("data breakpoint", [point["id"]]))
            self.assertIn("0x0000000000000000 became 0x0000000000000005", stops[0][0]["description"])
            self.assertIn("0x0000000000000005 became 0x0000000000000007", stops[1][0]["description"])
            self.done(it)

    def test_Events_AreExceptions(self):
        for it in self.runs():
            filters = {each["filter"] for each in it.capabilities["exceptionBreakpointFilters"]}
            self.assertLessEqual({"guest-exception", "trap-return", "device-write"}, filters)
            points = it.ask("setExceptionBreakpoints", filters=["guest-exception"], filterOptions=[{"filterId": "nothing"}])["breakpoints"]
            self.assertEqual([point["verified"] for point in points], [True, False])
            stop = it.go("continue")
            self.assertEqual((stop["reason"], stop["hitBreakpointIds"], stop["text"]), ("exception", [points[0]["id"]], "guest trap guest-exception"))
            self.assertEqual((it.step(), it.place()), (ROM + 20, self.at["handler"]))
            self.assertEqual(it.ask("exceptionInfo", threadId=1)["exceptionId"], "guest-exception")
            self.assertIn("environment call", stop["description"])
            self.done(it)

    def test_RegistersCsrsAndMemory(self):
        for it in self.runs():
            it.verb("goto 38")
            self.assertEqual(it.event("stopped")["reason"], "goto")
            registers = it.registers()
            self.assertEqual((registers["t2"], registers["s0"], registers["pc"]), (7, RAM + 0x1000, it.place()))
            csrs = it.variables(it.scope("CSRs"))
            self.assertEqual(int(csrs["mepc"]["value"].split()[0], 16), self.ecall + 4)
            self.assertEqual(csrs["mcause"]["value"].split(maxsplit=1)[1], "environment call from M mode")
            fields = it.variables(csrs["mstatus"]["variablesReference"])
            self.assertEqual((fields["MPP"]["value"], fields["MIE"]["value"]), ("0 (U mode)", "0"))  # behind mret
            memory = it.ask("readMemory", memoryReference=hex(RAM + 0x1000), offset=-4, count=16)
            self.assertEqual((int(memory["address"], 16), base64.b64decode(memory["data"])), (RAM + 0xFFC, bytes(4) + struct.pack("<Q", 7) + bytes(4)))
            nothing = it.ask("readMemory", memoryReference="0x10", count=100)
            self.assertEqual((nothing["data"], nothing["unreadableBytes"]), ("", 100))
            pages = it.variables(it.scope("Page table"))
            self.assertIn("bare", pages["satp"]["value"])
            self.assertEqual(it.ask("evaluate", expression="*$s0", context="hover")["result"].split()[-1], f"{7:#018x}")
            self.assertEqual(it.ask("evaluate", expression="$t2", context="watch")["result"], f"{7:#018x}")
            self.assertIn("no such register", it.refused("evaluate", expression="$q", context="watch"))
            complete = it.ask("completions", text="csr mepx", column=8)["targets"]
            self.assertEqual([(each["label"], each["start"], each["length"]) for each in complete], [("mepc", 5, 3)])
            self.assertEqual(it.verb(f"x/1dw {RAM + 0x1000:#x}"), f"{RAM + 0x1000:#x}: 7")
            self.done(it)

    def test_Disassembly_IsWhatStandsThere(self):
        for it in self.runs():
            it.verb("goto 10")
            for offset, count in ((0, 8), (-6, 10), (4, 3)):
                rows = it.ask("disassemble", memoryReference=hex(self.call), instructionOffset=offset, instructionCount=count)["instructions"]
                self.assertEqual([int(row["address"], 16) for row in rows], [self.call + 4 * (offset + i) for i in range(count)])
                self.assertEqual([int(row["instructionBytes"], 16) for row in rows], self.words[15 + offset:15 + offset + count])
            rows = it.ask("disassemble", memoryReference="0x10", instructionOffset=-3, instructionCount=5)["instructions"]
            self.assertEqual([row["presentationHint"] for row in rows], ["invalid"] * 5)
            self.done(it)

    def test_TheEndIsAMomentToo(self):
        for it in self.runs():
            stop = it.go("continue")
            self.assertEqual(stop["reason"], "end")
            self.assertIn("The guest ended with success", stop["description"])
            end = it.step()
            self.assertEqual(it.output["stdout"], "A")
            self.assertEqual(it.go("continue")["reason"], "end")
            it.go("stepBack", granularity="instruction")
            self.assertEqual(it.step(), end - 1)
            it.go("next", granularity="instruction")
            self.assertEqual((it.step(), it.output["stdout"]), (end, "A"))
            it.ask("terminate")
            self.assertEqual(it.event("exited"), {"exitCode": 0})
            it.event("terminated")
            self.assertIn("no run any more", it.refused("stackTrace", threadId=1))
            self.done(it)

    def test_Writing_AtTheEdgeOnly(self):
        for engine in ENGINES:
            it = self.begun(guest=str(self.guest), arguments=["--bios", "none", "--engine", engine])
            it.ask("setInstructionBreakpoints", breakpoints=[{"instructionReference": hex(self.ecall)}])
            it.go("continue")
            registers = it.scope("Registers")
            self.assertNotIn("presentationHint", it.variables(registers)["t2"])
            self.assertEqual(int(it.ask("setVariable", variablesReference=registers, name="t2", value="0x40")["value"], 16), 0x40)
            self.assertEqual(int(it.ask("setVariable", variablesReference=it.scope("CSRs"), name="mscratch", value="9")["value"], 16), 9)
            wrote = it.ask("writeMemory", memoryReference=hex(RAM + 0x1008), data=base64.b64encode(b"seen").decode())
            self.assertEqual(wrote["bytesWritten"], 4)
            it.go("stepBack", granularity="instruction")
            self.assertEqual(it.variables(registers)["t2"]["presentationHint"], {"attributes": ["readOnly"]})
            for name, value in (("t2", "1"), ("pc", "0x80000000")):
                self.assertIn("past cannot be changed", it.refused("setVariable", variablesReference=registers, name=name, value=value))
            self.assertIn("past cannot be changed", it.refused("writeMemory", memoryReference=hex(RAM), data="AAAA"))
            self.assertEqual(it.go("continue")["reason"], "instruction breakpoint")
            self.assertEqual(it.go("continue")["reason"], "end")
            self.assertEqual(base64.b64decode(it.ask("readMemory", memoryReference=hex(RAM + 0x1000), count=12)["data"]), struct.pack("<Q", 0x41) + b"seen")
            self.done(it)
            for other in ENGINES:  # what was written was kept as input
                done = self.vitrine("replay", "--engine", other)
                self.assertEqual(done.returncode, 0, done.stderr)
        it = self.begun(run=str(self.kept))
        self.assertIn("A kept run is what it was", it.refused("setVariable", variablesReference=it.scope("Registers"), name="t2", value="1"))
        self.done(it)


def spinner(harts=False):
    """Waits for a letter of the console, prints it, and ends the machine."""
    program = Program()
    if harts:
        program.csrr("a0", 0xF14).beq("a0", "x0", "first").label("others").jal("x0", "others").label("first")
    program.li("t0", UART).label("loop").lbu("t1", "t0", 5).andi("t1", "t1", 1).beq("t1", "x0", "loop")
    return program.lbu("t2", "t0", 0).sb("t2", "t0", 0).finish(0x5555)


class Live(Case):
    def start(self, *words, harts=False, stop=True):
        guest = self.file("guest.bin", spinner(harts).code())
        client = self.client()
        client.begin("launch", guest=str(guest), arguments=["--bios", "none", "--no-keep", *words], stopOnEntry=stop, wait=stop)
        return client

    def test_Pause_InputAndPointsWhileItMoves(self):
        for engine in ENGINES:
            it = self.start("--engine", engine)
            it.ask("continue", threadId=1)
            for _ in range(3):
                self.assertEqual(len(it.ask("threads")["threads"]), 1)
                for request in ("stackTrace", "next", "continue"):
                    self.assertIn("moving", it.refused(request, threadId=1))
                self.assertIn("moving", it.refused("evaluate", expression="regs", context="repl"))
                self.assertIn("moving", it.refused("evaluate", expression="$a0", context="hover"))
                it.ask("pause", threadId=1)
                stop = it.event("stopped")
                self.assertEqual(stop["reason"], "pause")
                self.assertTrue(RAM <= it.place() < RAM + 0x100 or 0x1000 <= it.place() < 0x1100)  # or in the reset code
                it.ask("continue", threadId=1)
            store = RAM + 4 * (spinner().labels["loop"] + 4)
            self.assertTrue(it.ask("setInstructionBreakpoints", breakpoints=[{"instructionReference": hex(store)}])["breakpoints"][0]["verified"])
            self.assertIn("wait to be read", it.verb("send x\\c"))
            self.assertEqual((it.event("stopped")["reason"], it.place()), ("instruction breakpoint", store))
            self.assertEqual(it.registers()["t2"], ord("x"))
            self.assertEqual(it.go("continue")["reason"], "end")
            self.assertEqual(it.output["stdout"], "x")
            self.done(it)

    def test_AVerbThatMoves_IsPausedAndTold(self):
        guest = self.file("dot.bin", Program().li("t0", UART).addi("t1", "x0", ord(".")).sb("t1", "t0", 0).spin().code() + bytes(64))
        for engine in ENGINES:
            it = self.begun(guest=str(guest), arguments=["--bios", "none", "--no-keep", "--engine", engine])
            it.verb("continue @3")
            self.assertEqual((it.event("stopped")["reason"], it.step()), ("goto", 3))
            verb = it.send("evaluate", expression="continue", context="repl")
            while "stdout" not in it.output:  # so it moves
                it.message()
            pause = it.send("pause", threadId=1)
            self.assertIn("Interrupted", it.response(verb)["body"]["result"])
            self.assertTrue(it.response(pause)["success"])
            self.assertEqual(it.event("stopped")["reason"], "goto")
            self.assertGreater(it.step(), 3)
            self.done(it)

    def test_OfEveryMotion_PauseAndTheEndOfTheSession(self):
        for request, event in (("pause", "stopped"), ("terminate", "terminated"), ("disconnect", None)):
            for engine in ENGINES:
                it = self.start("--engine", engine, stop=False)
                it.ask("configurationDone")
                it.event("continued")
                it.ask(request, threadId=1)
                if event:
                    it.event(event)
                self.done(it)
        it = self.start()  # the stream's end while it moves
        it.ask("continue", threadId=1)
        it.process.stdin.close()
        self.assertEqual(it.process.wait(60), 0)

    def test_HartsAreThreads(self):
        for engine in ENGINES:
            it = self.start("--engine", engine, "--harts", "2", harts=True)
            self.assertEqual([thread["id"] for thread in it.ask("threads")["threads"]], [1, 2])
            others = RAM + 4 * spinner(True).labels["others"]
            it.ask("setInstructionBreakpoints", breakpoints=[{"instructionReference": hex(others)}])
            stop = it.go("continue")
            self.assertEqual((stop["threadId"], it.place(2), it.registers(2)["a0"]), (2, others, 1))
            self.assertNotEqual(it.place(1), others)
            it.ask("setInstructionBreakpoints", breakpoints=[])
            before = it.step()
            self.assertEqual(it.go("stepIn", thread=2, granularity="instruction")["threadId"], 2)
            self.assertGreater(it.step(), before)
            it.go("stepBack", thread=2, granularity="instruction")
            self.assertEqual((it.step(), it.place(2)), (before, others))
            self.assertIn("no such thread", it.refused("stackTrace", threadId=3))
            self.done(it)


class Teach(Case):
    """The teaching kernel, new and as it ran."""

    def setUp(self):
        super().setUp()
        keys = self.file("keys", KEYS.encode())
        self.kept, self.log = self.folder / "teach.run", self.folder / "log.ndjson"
        done = self.vitrine("run", "teach", "--memory", "32M", "--input", keys, "--keep", self.kept, "--log", "csr-access,guest-traps", "--log-file", self.log)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.console = done.stdout
        self.events = [json.loads(line) for line in self.log.read_text().splitlines()]

    def explained(self, moment):
        done = self.vitrine("explain", self.kept, moment, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["moments"][0]

    def runs(self):
        for engine in ENGINES:
            yield self.begun("attach", run=str(self.kept), engine=engine)
            yield self.begun(guest=str(TEACH), arguments=["--memory", "32M", "--input", str(self.folder / "keys"), "--no-keep", "--engine", engine])

    def test_FunctionBreakpointsAndFrames(self):
        first, second = (self.explained(f"pc:proc_fork#{n}")["step"] for n in (1, 2))
        for it in self.runs():
            points = it.ask("setFunctionBreakpoints", breakpoints=[{"name": "proc_fork"}, {"name": "no_such_function"}])["breakpoints"]
            self.assertEqual([point["verified"] for point in points], [True, False])
            for motion, step in (("continue", first), ("continue", second), ("reverseContinue", first)):
                stop = it.go(motion)
                self.assertEqual((stop["reason"], stop["hitBreakpointIds"], it.step()), ("function breakpoint", [points[0]["id"]], step))
            names = [frame["name"].split("+")[0] for frame in it.frames()]
            self.assertEqual(names[:4], ["proc_fork", "sys_fork", "syscall", "trap"])
            caller = it.variables(it.scope("Frame", level=1))
            self.assertEqual(caller["pc"]["value"].split()[1].strip("<>").split("+")[0], "sys_fork")
            self.assertEqual(it.variables(it.scope("Machine"))["process"]["value"], "init[1]")
            it.go("stepOut")
            self.assertEqual(it.frames()[0]["name"].split("+")[0], "sys_fork")
            self.assertEqual(it.go("reverseContinue")["reason"], "function breakpoint")
            self.assertEqual(it.step(), first)
            self.done(it)

    def test_TheConsoleIsToldOnce(self):
        for it in self.runs():
            self.assertEqual(it.go("continue")["reason"], "end")
            self.assertEqual(it.go("reverseContinue")["reason"], "entry")
            self.assertEqual(it.go("continue")["reason"], "end")
            self.assertEqual(it.output["stdout"].replace("\r\n", "\n"), self.console)
            self.done(it)

    def test_WalksAndMappings_AreThoseOfExplain(self):
        trap = [event["step"] for event in self.events if event["kind"] == "guest-exception"][2]
        fetch = self.explained(f"@{trap + 1}")["walks"][0]
        for it in self.runs():
            it.verb(f"continue @{trap + 1}")
            it.event("stopped")
            walk = it.variables(it.variables(it.scope("Page table"))["fetch of pc"]["variablesReference"])
            entries = [re.search(r": (0x\w+) ", walk[f"level {entry['level']}"]["value"])[1] for entry in fetch["entries"]]
            self.assertEqual([int(value, 16) for value in entries], [int(entry["value"], 16) for entry in fetch["entries"]])
            self.assertEqual(int(walk["physical"]["value"], 16), int(fetch["physical"], 16))
            pc = int(fetch["address"], 16)
            maps = it.variables(it.variables(it.scope("Page table"))["mappings"]["variablesReference"])
            inside = [int(each["value"].split()[0], 16) + pc - int(name.split("-")[0], 16) for name, each in maps.items()
                      if "-" in name and int(name.split("-")[0], 16) <= pc <= int(name.split("-")[1], 16)]
            self.assertEqual(inside, [int(fetch["physical"], 16)])
            self.done(it)

    def test_Events_AreThoseOfTheLog(self):
        expected = [event["step"] + 1 for event in self.events if event["kind"] == "guest-interrupt"][:3]
        for it in self.runs():
            it.ask("setExceptionBreakpoints", filters=["guest-interrupt"])
            steps = []
            for motion in ("continue", "continue", "continue", "reverseContinue"):
                self.assertEqual(it.go(motion)["reason"], "exception")
                steps.append(it.step())
            self.assertEqual(steps, [*expected, expected[2] - 1])
            self.done(it)

    def test_Disassembly_IsObjdumps(self):
        if not OBJDUMP:
            self.skipTest("there is no riscv64-unknown-elf-objdump (Debian package binutils-riscv64-unknown-elf)")
        text = subprocess.run([OBJDUMP, "-d", "-z", "--no-show-raw-insn", TEACH], capture_output=True, text=True, check=True).stdout
        places = [int(line.split(":")[0], 16) for line in text.splitlines() if re.match(r"\s+[0-9a-f]+:\t", line)]
        it = self.begun("attach", run=str(self.kept))
        for middle in (200, 1000, 2500):
            rows = it.ask("disassemble", memoryReference=hex(places[middle]), instructionOffset=-150, instructionCount=300)["instructions"]
            self.assertEqual([int(row["address"], 16) for row in rows], places[middle - 150:middle + 150])
        self.done(it)


C_GUEST = """\
volatile unsigned total;
volatile unsigned *const finisher = (unsigned *)0x100000;
__attribute__((noinline)) unsigned twice(unsigned x) {
  unsigned y = x + x;
  return y;
}
void start(void) {
  for (unsigned i = 1; i < 4; i++) {
    total += twice(i);
  }
  total = 0;
  *finisher = 0x5555;
  for (;;) {}
}
"""


class Source(Case):
    """A program of a few lines of C: line 3 begins twice(), line 9 calls it three times, line 11 clears the sum."""

    def setUp(self):
        super().setUp()
        if not GCC:
            self.skipTest("there is no riscv64-unknown-elf-gcc (Debian package gcc-riscv64-unknown-elf)")
        self.source = self.file("sum.c", C_GUEST.encode())
        self.file("begin.S", b".globl _start\n_start: la sp, _start + 0x10000\n call start\n")
        self.program = self.folder / "sum.elf"
        self.compile()
        self.kept = self.folder / "sum.run"
        done = self.vitrine("run", self.program, "--keep", self.kept)
        self.assertEqual(done.returncode, 0, done.stderr)

    def compile(self):
        subprocess.run([GCC, "-g", "-O0", "-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-nostdlib", "-ffreestanding",
                        "-Wl,-n,-Ttext=0x80000000,--no-warn-rwx-segments", "-o", self.program, self.folder / "begin.S", self.source], check=True, cwd=self.folder)

    def runs(self):
        for engine in ENGINES:
            yield self.begun(run=str(self.kept), arguments=["--engine", engine])
            yield self.begun(guest=str(self.program), arguments=["--no-keep", "--engine", engine])

    def line(self, it):
        frame = it.frames()[0]
        self.assertEqual(frame["source"]["path"], str(self.source))
        return frame["line"]

    def lines(self, it, *motions):
        return [(it.go(motion)["reason"], self.line(it))[1] for motion in motions]

    def set_lines(self, it, *lines, path=None):
        return it.ask("setBreakpoints", source={"path": str(path or self.source)}, breakpoints=[{"line": line} for line in lines])["breakpoints"]

    def test_LineBreakpoints(self):
        for it in self.runs():
            points = self.set_lines(it, 9, 10, 400)
            self.assertEqual([(point["verified"], point.get("line")) for point in points], [(True, 9), (True, 11), (False, None)])
            hits = [(it.go(motion)["hitBreakpointIds"][0], self.line(it)) for motion in ("continue", "continue", "continue", "continue", "reverseContinue")]
            nine, eleven = points[0]["id"], points[1]["id"]
            self.assertEqual(hits, [(nine, 9), (nine, 9), (nine, 9), (eleven, 11), (nine, 9)])
            for other in ("/elsewhere/sum.c", "/elsewhere/other.c"):
                self.assertIn("was made of", self.set_lines(it, 9, path=other)[0]["message"])
            self.done(it)

    def test_SourcesThatStandElsewhere(self):
        """The same file by a link; and one that was moved since it was compiled."""
        moved, link = self.folder / "src" / "sum.c", self.folder / "link.c"
        moved.parent.mkdir()
        link.symlink_to(self.source)
        it = self.begun(run=str(self.kept))
        self.assertTrue(self.set_lines(it, 9, path=link)[0]["verified"])
        self.source.rename(moved)
        self.done(it)
        it = self.begun(run=str(self.kept))
        self.assertTrue(self.set_lines(it, 9, path=moved)[0]["verified"])
        self.assertEqual(it.go("continue")["reason"], "breakpoint")
        self.assertEqual(it.frames()[0]["source"]["path"], str(moved))
        self.done(it)

    def test_BreakPointsOfAProgram_AreNotAnotherOnes(self):
        """What stands at its addresses is another program: names and lines do not stop there, addresses do."""
        raw, other = self.folder / "sum.bin", self.folder / "other.elf"
        subprocess.run([GCC.replace("gcc", "objcopy"), "-O", "binary", self.program, raw], check=True)
        self.source.write_text(C_GUEST.replace("x + x", "x + x + x"))
        self.program = other
        self.compile()
        for engine in ENGINES:
            it = self.begun(guest=str(raw), arguments=["--bios", "none", "--no-keep", "--engine", engine], symbols=[str(other)])
            point = it.ask("setFunctionBreakpoints", breakpoints=[{"name": "twice"}])["breakpoints"][0]
            self.assertTrue(point["verified"])
            self.assertEqual(it.go("continue")["reason"], "end")
            self.assertEqual(it.go("reverseContinue")["reason"], "entry")
            it.ask("setInstructionBreakpoints", breakpoints=[{"instructionReference": point["instructionReference"]}])
            self.assertEqual(it.go("continue")["reason"], "function breakpoint")
            self.done(it)

    def test_StepsByLines_ForwardsAndBack(self):
        for it in self.runs():
            self.set_lines(it, 9)
            it.go("continue")
            self.set_lines(it)
            self.assertEqual(self.lines(it, "stepIn", "next", "next", "next", "next"), [3, 4, 5, 6, 9])
            self.assertEqual([frame["name"].split("+")[0] for frame in it.frames()], ["start", "_start"])
            self.assertEqual(self.lines(it, "next", "next", "next"), [8, 9, 8])
            self.assertEqual(self.lines(it, "stepBack", "stepBack", "stepBack"), [9, 8, 9])
            self.assertEqual(self.lines(it, "stepIn", "stepOut"), [3, 9])
            self.done(it)

    def test_ALineThatNeverEnds_IsPaused(self):
        source = C_GUEST.replace("  *finisher = 0x5555;\n", "\n")
        self.source.write_text(source)
        self.compile()
        for engine in ENGINES:
            it = self.begun(guest=str(self.program), arguments=["--no-keep", "--engine", engine])
            self.set_lines(it, 13)
            it.go("continue")
            for motion in ("next", "stepIn"):
                it.ask(motion, threadId=1)
                it.ask("threads")
                it.ask("pause", threadId=1)
                self.assertEqual((it.event("stopped")["reason"], self.line(it)), ("pause", 13))
            self.done(it)

    def test_WriterOfAVariable(self):
        for it in self.runs():
            info = it.ask("dataBreakpointInfo", name="total 4")
            self.assertIn("4 bytes at", info["description"])
            it.ask("setDataBreakpoints", breakpoints=[{"dataId": info["dataId"], "accessType": "write"}])
            for expected in (2, 6, 12, 0):
                self.assertEqual(it.go("continue")["reason"], "data breakpoint")
                value = it.ask("evaluate", expression="total", context="hover")["result"]
                self.assertEqual(int(value.split()[-1], 16) & 0xFFFFFFFF, expected)
            self.assertEqual(self.line(it), 12)  # behind the store
            self.assertEqual(self.lines(it, "reverseContinue", "reverseContinue"), [11, 9])
            self.done(it)

    def test_SourcesAndDisassemblyWithLines(self):
        it = self.begun(run=str(self.kept))
        self.assertIn(str(self.source), [each["path"] for each in it.ask("loadedSources")["sources"]])
        self.assertEqual(it.ask("source", source={"path": str(self.source)}, sourceReference=0)["content"], C_GUEST)
        self.assertIn("made of", it.refused("source", source={"path": "/etc/hostname"}))
        locations = it.ask("breakpointLocations", source={"path": str(self.source)}, line=1, endLine=20)["breakpoints"]
        self.assertEqual([each["line"] for each in locations], [3, 4, 5, 6, 7, 8, 9, 11, 12, 13])
        rows = it.ask("disassemble", memoryReference="twice", instructionCount=8, instructionOffset=0)["instructions"]
        self.assertEqual((rows[0]["symbol"], rows[0]["line"], rows[0]["location"]["path"]), ("twice", 3, str(self.source)))
        self.assertIn(4, [row.get("line") for row in rows])
        self.done(it)

    def test_SymbolsOfAProgramThatTheGuestLoads(self):
        """The same code as bytes, whose names are in a file beside it."""
        raw = self.folder / "sum.bin"
        subprocess.run([GCC.replace("gcc", "objcopy"), "-O", "binary", self.program, raw], check=True)
        for symbols in ([], [str(self.program)]):
            it = self.begun(guest=str(raw), arguments=["--bios", "none", "--no-keep"], symbols=symbols)
            self.assertEqual([point["verified"] for point in self.set_lines(it, 9)], [bool(symbols)])
            if symbols:
                self.assertEqual(it.go("continue")["reason"], "breakpoint")
                self.assertEqual((self.line(it), it.frames()[0]["name"].split("+")[0]), (9, "start"))
            self.done(it)
        self.assertIn("gone.elf", self.client_refuses(guest=str(raw), arguments=["--bios", "none"], symbols=["gone.elf"]))

    def client_refuses(self, **arguments):
        it = self.client()
        it.ask("initialize", adapterID="vitrine")
        why = it.refused("launch", **arguments)
        self.done(it)
        return why


class Refusals(Case):
    """What makes no sense is answered, or ends the session clearly."""

    def setUp(self):
        super().setUp()
        self.guest = self.file("guest.bin", spinner().code())

    def test_WordsThatCannotBeRun(self):
        for arguments, says in (({}, "it wants 'guest'"), ({"guest": "gone.elf"}, "gone.elf"), ({"run": "gone.run"}, "gone.run"),
                                ({"guest": "teach", "run": True}, "one of both"), ({"guest": "teach", "arguments": ["--hats", "2"]}, "--hats"),
                                ({"guest": "teach", "arguments": ["--engine", "lockstep"]}, "lockstep"), ({"run": True}, "No run"),
                                ({"guest": "teach", "cwd": "gone"}, "gone")):
            it = self.client()
            it.ask("initialize", adapterID="vitrine")
            self.assertIn(says, it.refused("launch", **arguments))
            it.ask("launch", guest=str(self.guest), arguments=["--bios", "none", "--no-keep"], stopOnEntry=True)  # the next one may be right
            it.event("initialized")
            self.assertIn("already", it.refused("launch", guest="teach"))
            self.done(it)

    def test_RequestsOutOfTurn(self):
        it = self.client()
        self.assertIn("initialize first", it.refused("launch", guest="teach"))
        it.ask("initialize", adapterID="vitrine")
        self.assertIn("already", it.refused("initialize", adapterID="vitrine"))
        for request in ("continue", "stackTrace", "evaluate", "configurationDone"):
            self.assertIn("no run yet", it.refused(request, threadId=1))
        self.assertIn("no request 'flyAway'", it.refused("flyAway"))
        self.assertEqual(it.ask("threads"), {"threads": []})
        it.ask("launch", guest=str(self.guest), arguments=["--bios", "none", "--no-keep"], stopOnEntry=True)
        self.assertIn("configurationDone", it.refused("continue", threadId=1))
        self.done(it)

    def test_StreamsThatMakeNoSense(self):
        for data, says in ((b"Content-Length: 99999999999\r\n\r\n", "99999999999 bytes"), (b"Content-Length: 999999999999999999999\r\n\r\n", "no length"),
                           (b"Content-Length: -3\r\n\r\n", "no length"), (b"Content-Type: x\r\n\r\n", "no Content-Length"), (b"x" * 5000, "no header")):
            it = self.client()
            it.write(data)
            self.assertIn(says, it.event("output")["output"])
            self.assertEqual(it.process.wait(60), 1)
        for data in (b"", b"Content-Le", b"Content-Length: 10\r\n\r\n{}"):  # it ends in the middle
            it = self.client()
            it.write(data)
            it.process.stdin.close()
            self.assertEqual(it.process.wait(60), 0)
        done = self.vitrine("dap", "teach")
        self.assertEqual((done.returncode, done.stdout), (110, ""))

    def test_MessagesThatAreNoRequests(self):
        it = self.client()
        for data in (b"[1,", b"", b"null", b"[[[[]]]]", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 50_000):
            it.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
            self.assertIn("no JSON object", it.event("output")["output"])
        for data in (b"{}", b'{"type":"response","command":"x"}', b'{"type":1}'):  # not for us
            it.write(b"content-length:  %d \r\nOther: x\r\n\r\n%s" % (len(data), data))
        it.ask("initialize", adapterID="vitrine")
        self.done(it)

    def test_MutatedRequests_EachIsAnswered(self):
        """Requests as an editor sends them, with one value after the other made into something else."""
        chance = random.Random(20260101)
        values = [None, True, -1, 0, 1, 7, 2**31, 2**53 - 1, -2**53, 2**64, 1.5, 1e308, "", "x", "0x80000000", "0xffffffffffffffff", "\x00", "$a0",
                  "continue", "goto end", "x/99999i 0", "é" * 100, [], {}, [None], [{}] * 3, {"path": 1}, {"path": "/x.c"}, "A" * 70_000]
        point = [{"line": 3, "instructionReference": hex(RAM), "offset": 4, "name": "0x80000010", "dataId": f"{RAM:#x}/8", "accessType": "readWrite"}]
        requests = {
            "threads": {}, "stackTrace": {"threadId": 1, "startFrame": 0, "levels": 20}, "scopes": {"frameId": 1},
            "variables": {"variablesReference": 2, "start": 0, "count": 5}, "setVariable": {"variablesReference": 2, "name": "a0", "value": "5"},
            "evaluate": {"expression": "regs", "context": "repl", "frameId": 1}, "next": {"threadId": 1, "granularity": "line"},
            "stepIn": {"threadId": 1, "granularity": "instruction"}, "stepOut": {"threadId": 1}, "stepBack": {"threadId": 1, "granularity": "line"},
            "pause": {"threadId": 1}, "reverseContinue": {"threadId": 1}, "exceptionInfo": {"threadId": 1}, "loadedSources": {},
            "source": {"source": {"path": "/etc/hostname"}, "sourceReference": 0}, "setBreakpoints": {"source": {"path": "/x.c"}, "breakpoints": point},
            "setFunctionBreakpoints": {"breakpoints": point}, "setInstructionBreakpoints": {"breakpoints": point},
            "setDataBreakpoints": {"breakpoints": point}, "setExceptionBreakpoints": {"filters": ["trap-return"], "filterOptions": [{"filterId": "fence-i"}]},
            "dataBreakpointInfo": {"name": "0x80000000", "bytes": 8, "asAddress": True, "variablesReference": 0},
            "breakpointLocations": {"source": {"path": "/x.c"}, "line": 1, "endLine": 9},
            "disassemble": {"memoryReference": hex(RAM), "offset": 0, "instructionOffset": -10, "instructionCount": 30, "resolveSymbols": True},
            "readMemory": {"memoryReference": hex(RAM), "offset": 0, "count": 64}, "writeMemory": {"memoryReference": hex(RAM + 0x1000), "offset": 0, "data": "AAAA"},
            "completions": {"text": "break pro", "column": 10}, "launch": {"guest": "teach"}, "attach": {"run": True}, "configurationDone": {}, "initialize": {},
        }

        def mutated(node):
            if not isinstance(node, (dict, list)) or not node or chance.random() < 0.2:
                return chance.choice(values)
            copy = dict(node) if isinstance(node, dict) else list(node)
            key = chance.choice(list(copy) if isinstance(copy, dict) else range(len(copy)))
            if isinstance(copy, dict) and chance.random() < 0.2:
                del copy[key]
            else:
                copy[key] = mutated(copy[key])
            return copy

        it = self.begun(guest=str(self.guest), arguments=["--bios", "none", "--no-keep", "--max-instructions", "100000"])
        unanswered, names = set(), list(requests)
        for _ in range(1500):
            name = chance.choice(names)
            arguments = mutated(requests[name])
            body = json.dumps({"seq": it.sent + 1, "type": "request", "command": name, "arguments": arguments}).encode()
            it.sent += 1
            unanswered.add(it.sent)
            it.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            while len(unanswered) > 20:
                message = it.message()
                if message["type"] == "response":
                    unanswered.discard(message["request_seq"])
            it.events.clear()
        while unanswered:
            message = it.message()
            if message["type"] == "response":
                unanswered.discard(message["request_seq"])
        self.assertIsNone(it.process.poll())
        it.ask("setInstructionBreakpoints", breakpoints=[])  # it is as good as before
        it.ask("pause", threadId=1)
        it.kill()


if __name__ == "__main__":
    unittest.main()
