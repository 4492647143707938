#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vitrine explain`: moments are found where they are, and each kind of step is told as it is.

  explain_test.py build/vitrine

The guests are a few instructions each, so what happens at which step is counted by hand. Page walks: explain_walks_test.py.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import tiny_riscv
from tiny_riscv import UART, Program

VITRINE = sys.argv.pop(1) if len(sys.argv) > 1 else "build/vitrine"
ROOT = pathlib.Path(__file__).resolve().parents[2]
MTVEC, MSTATUS, MIE = 0x305, 0x300, 0x304
NOP = 0x13
ROM = 6  # steps of the board's reset code, before the guest's first instruction


def csrw(csr, register):
    return csr << 20 | tiny_riscv.REGISTERS[register] << 15 | 0x1073


class Explain(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)
        self.kept = self.folder / "kept.run"

    def run_guest(self, program, *words, name="guest.bin"):
        code = program if isinstance(program, bytes) else program.code().ljust(64, b"\0")
        (self.folder / name).write_bytes(code)
        return subprocess.run([VITRINE, "run", self.folder / name, "--bios", "none", "--keep", self.kept, *map(str, words)],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)

    def explain(self, *words, code=0):
        done = subprocess.run([VITRINE, "explain", self.kept, *map(str, words)], capture_output=True, text=True, timeout=120,
                              check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def moments(self, *words, code=0):
        return json.loads(self.explain(*words, "--json", code=code).stdout)["moments"]

    # Steps of the guest, behind those of the ROM. 0 to 3: li; 4: addi; 5: sb; 6: addi; 7: sb; 8 to 15: li, li; 16: sw, which ends the run.
    def letters(self):
        program = Program().li("t0", UART)
        return program.addi("t1", "x0", ord("A")).sb("t1", "t0", 0).addi("t1", "x0", ord("B")).sb("t1", "t0", 0).finish(0x5555)

    def test_EveryKindOfMoment_IsFoundAtItsStep(self):
        self.run_guest(self.letters())
        asked = {"@10": 4, "line:A": 5, "line:AB": 7, "event:device-write#1": 5, "event:device-write#2": 7,
                 "event:device-write": 16, "pc:0x80000014": 5, "exit": 16}
        asked = {word: step + ROM for word, step in asked.items()} | {"event:1": 0, "@0": 0, "pc:0x1000": 0}
        for order in (list(asked), list(asked)[::-1]):
            for engine in ("translator", "interpreter"):
                shown = self.moments(*order, "--engine", engine)
                self.assertEqual({it["moment"]: it["step"] for it in shown}, asked)
                self.assertEqual([it["moment"] for it in shown], order)
                self.assertTrue(all(it["made"] for it in shown))

    def test_EventByNumberAndByKind_SameStep(self):
        self.run_guest(self.letters())
        kinds = [(it["step"], [event["kind"] for event in it["events"]])
                 for it in self.moments(*(f"@{step}" for step in range(ROM + 17)))]
        flat = [(step, kind) for step, events in kinds for kind in events]
        self.assertEqual(flat.count((ROM + 5, "device-write")), 1)
        for number, (step, _) in enumerate(flat):
            self.assertEqual(self.moments(f"event:{number + 1}")[0]["step"], step)
        self.explain(f"event:{len(flat) + 1}", code=1)

    def test_PlainInstruction_WhatItDid(self):
        self.run_guest(self.letters())
        it, = self.moments(f"@{ROM + 4}")
        self.assertEqual((it["hart"], it["mode"], it["pc"], it["paging"]), (0, "M", "0x80000010", "bare"))
        self.assertEqual(it["instruction"], {"bits": "0x4100313", "length": 4, "text": "li t1, 65"})
        self.assertEqual(it["changes"], [{"name": "t1", "before": "0x0", "after": "0x41", "fields": None}])
        self.assertEqual((it["trap"], it["accesses"], it["next_pc"]), (None, [], "0x80000014"))

    def test_DeviceRegister_ByName(self):
        self.run_guest(self.letters())
        letter, end = self.moments(f"@{ROM + 5}", "exit")
        access, = letter["accesses"]
        self.assertEqual((access["use"], access["address"], access["width"], access["device"]), ("store", hex(UART), 1, "uart0"))
        self.assertIn("THR", access["register"])
        self.assertEqual((letter["console"], end["console"]), ("A", ""))
        self.assertEqual(end["accesses"][0]["register"], "FINISH")
        self.assertEqual((end["outcome"]["exit_code"], end["outcome"]["console_bytes"]), (0, 2))

    def test_Store_MemoryBeforeAndAfter(self):
        self.run_guest(Program().li("t0", 0x8000_1000).addi("t1", "x0", 7).sw("t1", "t0", 4).finish(0x5555))
        access, = self.moments(f"@{ROM + 5}")[0]["accesses"]
        self.assertEqual((access["before"], access["after"], access["device"]), ("0x0", "0x7", None))

    def test_NothingOnTheBus_SaysSoAndTraps(self):
        program = Program().li("t0", 0x8000_0000 + 0x80)
        program.word(csrw(MTVEC, "t0")).li("t0", 0x7000_0000).ld("t1", "t0", 8)  # its step: 9
        while len(program.words) < 0x80 // 4:
            program.word(NOP)
        self.run_guest(program.finish(0x5555))
        it, last = self.moments(f"@{ROM + 9}", "last-trap")
        self.assertEqual(last["step"], ROM + 9)
        self.assertIn("Nothing is on the bus at physical address 0x70000008", it["accesses"][0]["refused"])
        self.assertEqual({key: it["trap"][key] for key in ("cause", "interrupt", "value", "from", "to", "delegation", "handler")},
                         {"cause": 5, "interrupt": False, "value": "0x70000008", "from": "M", "to": "M",
                          "delegation": {"register": "medeleg", "bit": 5, "set": False}, "handler": "0x80000080"})
        self.assertEqual([event["kind"] for event in it["events"] if event["column"] == "guest trap"], ["guest-exception"])

    def test_MstatusFields_AreNamed(self):
        program = Program().addi("t0", "x0", 8).word(csrw(MSTATUS, "t0")).finish(0x5555)
        self.run_guest(program)
        change, = self.moments(f"@{ROM + 1}")[0]["changes"]
        self.assertEqual((change["name"], change["fields"]), ("mstatus", "MIE 0 -> 1"))

    # mtimecmp is 0 at reset of this board's CLINT only if it is written: steps 5 to 13 do, 14 to 17 enable.
    def test_Interrupt_ComesBeforeTheInstruction(self):
        program = Program().li("t0", 0x8000_0000 + 0x100).word(csrw(MTVEC, "t0"))
        program.store(0x200_4000, 0).store(0x200_4004, 0).addi("t0", "x0", 0x80).word(csrw(MIE, "t0"))
        program.addi("t0", "x0", 8).word(csrw(MSTATUS, "t0"))
        taken = len(program.words)
        while len(program.words) < 0x100 // 4:
            program.word(NOP)
        self.run_guest(program.finish(0x5555))
        it, = self.moments("last-trap")
        self.assertEqual((it["step"], it["pc"], it["instruction"]), (ROM + taken, hex(0x8000_0000 + 4 * taken), None))
        self.assertEqual((it["trap"]["cause"], it["trap"]["interrupt"], it["trap"]["delegation"]),
                         (7, True, {"register": "mideleg", "bit": 7, "set": False}))
        self.assertIn("An interrupt is pending", self.explain("last-trap").stdout)

    def test_TwoHarts_EachIsTheOneThatActs(self):
        # Each adds 1 and 2 to its number, and goes on so: turns of three steps.
        program = Program().addi("t0", "a0", 1).addi("t1", "a0", 2).addi("t2", "a0", 3).label("more").addi("t3", "t3", 1)
        self.run_guest(program.jal("x0", "more"), "--harts", 2, "--slice", 3, "--max-instructions", 4 * ROM)
        shown = self.moments(*(f"@{step}" for step in range(4 * ROM)))
        self.assertEqual([it["hart"] for it in shown], [0, 0, 0, 1, 1, 1] * 4)
        self.assertEqual([it["changes"][0]["after"] for it in shown[2 * ROM:2 * ROM + 6]], ["0x1", "0x2", "0x3", "0x2", "0x3", "0x4"])

    def test_PlaceInALoop_NthTime(self):
        program = Program().addi("t0", "x0", 5).label("loop").addi("t0", "t0", -1).bne("t0", "x0", "loop").finish(0x5555)
        self.run_guest(tiny_riscv.elf(program.code()))
        shown = self.moments("pc:0x80000004", "pc:0x80000004#5", "pc:0x80000000")
        self.assertEqual([it["step"] for it in shown], [ROM + 1, ROM + 9, ROM])
        self.assertIn("pc was 0x80000004 only 5 times", self.explain("pc:0x80000004#6", code=1).stderr)

    def test_NeverCame_SaysHowFarTheRunWent(self):
        self.run_guest(self.letters())
        for word, says in ((f"@{ROM + 17}", "did not come so far"), ("line:C", "no line"), ("event:999", "not so many events"),
                           ("event:wait", "0 events of this kind"), ("last-trap", "took no trap"), ("pc:0x1234", "never 0x1234")):
            with self.subTest(word=word):
                done = self.explain(word, code=1)
                self.assertEqual(done.stdout, "")
                self.assertRegex(done.stderr, says)
                self.assertRegex(done.stderr, rf"from step 0 to step {ROM + 17}\.")
        done = self.explain("line:C", f"@{ROM + 4}", code=1)  # the others are told all the same
        self.assertIn("li t1, 65", done.stdout)

    def test_Json_HasTheKeysOfTheManPage(self):
        self.run_guest(self.letters())
        it, = self.moments("exit")
        page = (ROOT / "docs/vitrine.1").read_text()
        keys = page[page.index(".SH EXPLAINING A MOMENT"):page.index(".SH CLASSES OF INSTRUCTIONS")]
        for key in (*it, *it["outcome"], *it["instruction"], *it["accesses"][0], *it["walks"][0], *it["events"][0]):
            self.assertRegex(keys, rf"\b{key}\b")

    def test_LineOfC_AsAddr2lineSays(self):
        gcc, addr2line = (shutil.which(f"riscv64-unknown-elf-{tool}") for tool in ("gcc", "addr2line"))
        if not gcc or not addr2line:
            self.skipTest("there is no riscv64-unknown-elf-gcc")
        (self.folder / "main.c").write_text("""volatile int sum;
static int add(int a) {
  sum += a;
  return sum;
}
void start(void) {
  asm volatile("li sp, 0x80010000");
  for (int i = 0; i < 3; ++i) add(i);
  *(volatile unsigned *)0x100000 = 0x5555;
}
""")
        for level in ("-O1", "-O2"):
            elf = self.folder / f"guest{level}"
            subprocess.run([gcc, "-g", level, "-march=rv64g", "-mabi=lp64d", "-mcmodel=medany", "-nostdlib", "-static",
                            "-Wl,-nmagic,-e,start,-Ttext=0x80000000", "main.c", "-o", elf], cwd=self.folder, check=True)
            self.run_guest(elf.read_bytes(), name="guest.elf")
            last, = self.moments("exit")
            self.assertEqual(last["symbol"].split("+")[0], "start")
            shown = self.moments(*(f"@{step}" for step in range(ROM, last["step"] + 1)))
            for it in shown:
                told = subprocess.run([addr2line, "-e", elf, it["pc"]], capture_output=True, text=True, check=True).stdout
                file, line = re.match(r"(?:.*/)?([^/]+:(\d+))", told).group(1, 2)
                self.assertTrue(it["line"].endswith(f"main.c:{line}"), (it["line"], file))


if __name__ == "__main__":
    os.environ.setdefault("VITRINE_KEEP", "off")
    unittest.main(verbosity=2)
