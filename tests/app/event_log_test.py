#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The event log: what it says is what was counted, on both engines; it changes nothing; wrong words are refused.

  event_log_test.py build/vitrine ENGINE...        engines of this build
"""
import collections
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import unittest

import counting_guest
from in_folder import InFolder
from tiny_riscv import FINISHER, Program

VITRINE = os.path.abspath(sys.argv.pop(1))
ENGINES = sys.argv[1:] or ["interpreter"]
del sys.argv[1:]
ROOT = pathlib.Path(__file__).resolve().parents[2]
TEACH = ROOT / "examples/teach/teach.elf"
KEYS = "ls\npages\nforktest\nfault\nhalt\n"
PROTECTED = {"shadow": ("page-table-write",), "tlb": ("page-table-write",)}  # on the lazy machines writes are no exits


def vitrine(*words, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([VITRINE, *map(str, words)], capture_output=True, text=True, errors="replace", timeout=300, check=False,
                          **options)


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


class WithLog(InFolder):
    def run_teach(self, *options, keys=KEYS):
        typed = self.file("keys", keys.encode())
        with open(typed, "rb") as stdin:
            return vitrine("run", TEACH, "--memory", "32M", *options, stdin=stdin)

    def bare(self, code, *options):
        """M mode, at 0x80000000."""
        return vitrine("run", self.file("guest.bin", code.ljust(64, b"\0")), "--bios", "none", "--memory", "32M", *options)


class Sums(WithLog):
    def test_Teach_LinesAreTheCounters(self):
        logs = {}
        for mmu in ("shadow", "tlb", "shadow-lazy", "tlb-fenced"):
            for engine in ENGINES:
                with self.subTest(mmu=mmu, engine=engine):
                    log, stats = self.folder / "all.ndjson", self.folder / "stats.json"
                    done = self.run_teach("--engine", engine, "--mmu", mmu, "--log", "all", "--log-file", log, "--stats-json", stats)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.check_sums(mmu, lines_of(log), json.loads(stats.read_text()))
                    logs.setdefault(mmu, set()).add(log.read_bytes())
        for mmu, found in logs.items():
            self.assertEqual(len(found), 1, f"--mmu {mmu}: the log depends on the engine")
        # The shadow's reads are filled in bulk, and so fewer; everything else is the same.
        rest = {mmu: [self.without_what_is_known(json.loads(line)) for line in min(logs[mmu]).splitlines()
                      if json.loads(line)["kind"] != "hidden-fault"] for mmu in ("shadow", "tlb")}
        self.assertEqual(rest["shadow"], rest["tlb"])

    @staticmethod
    def without_what_is_known(event):
        if event["kind"] == "address-space-change":
            event["effect"] = event["effect"].split("): ")[0]
        return {key: value for key, value in event.items() if key != "event"}

    def check_sums(self, mmu, lines, stats):
        self.assertEqual([line["event"] for line in lines], list(range(1, len(lines) + 1)))
        exits = collections.Counter((line["kind"], line["mode"]) for line in lines if line["column"] == "exit")
        for kind, row in stats["exits"].items():
            self.assertEqual({mode: exits[kind, mode] for mode in "USM"}, {mode: row[mode] for mode in "USM"}, kind)
        self.assertEqual(sum(exits.values()), sum(row["count"] for row in stats["exits"].values()))
        traps = collections.Counter(line["cause"] for line in lines if line["column"] == "guest trap")
        self.assertEqual({cause: row["count"] for cause, row in stats["guest_traps"].items() if row["count"]}, traps)
        for kind in ("address-space-change", "translation-fence", "guest-page-fault", *PROTECTED.get(mmu, ())):
            self.assertGreater(stats["exits"][kind]["count"], 0, kind)
        steps = [line["step"] for line in lines]
        self.assertEqual(steps, sorted(steps))

    def test_WithAndWithout_TheSameRun(self):
        hashes = set()
        for engine in ENGINES:
            for log in ((), ("--log", "all", "--log-file", self.folder / "log"), ("--log", "faults", "--log-file", "/dev/null")):
                done = self.run_teach("--engine", engine, "--state-hash-every", "1000000", *log)
                self.assertEqual(done.returncode, 0)
                hashes.add(re.sub(r"(?m)^(?!state-hash).*\n", "", done.stderr))
        self.assertEqual(len(hashes), 1)
        self.assertGreater(len(hashes.pop().splitlines()), 3)

    def test_Filters_TakeWhatTheySay(self):
        def log(*options):
            path = self.folder / "some.ndjson"
            done = self.run_teach("--log", "all", "--log-file", path, *options)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return lines_of(path)
        everything = log()
        symbol = next(line["symbol"].split("+")[0] for line in everything if line["mode"] == "S" and line["symbol"])
        middle = everything[len(everything) // 2]
        cases = {
            "mode=U": lambda e: e["mode"] == "U",
            "mode=U,mode=M": lambda e: e["mode"] in "UM",
            "hart=1": lambda e: False,
            f"step={middle['step']}..,mode=S": lambda e: e["step"] >= middle["step"] and e["mode"] == "S",
            f"event=10..{middle['event']}": lambda e: 10 <= e["event"] <= middle["event"],
            f"pc={middle['pc']}": lambda e: e["pc"] == middle["pc"],
            f"pc={symbol}": lambda e: e["symbol"].split("+")[0] == symbol,
            "cause=ecall-from-u": lambda e: e.get("trap") == "ecall-from-u",
            "cause=load-page-fault,cause=store-page-fault": lambda e: e.get("trap") in ("load-page-fault", "store-page-fault"),
            "address=0x10000000..0x100000ff": lambda e: 0x10000000 <= int(e["operands"].get("physical_address", "0"), 16) <= 0x100000ff
                                                          and e["kind"].startswith("device"),
        }
        root = next((line["root"] for line in reversed(everything) if "root" in line), None)
        cases[f"root={root}"] = lambda e: e.get("root") == root
        self.assertTrue(root)
        for words, holds in cases.items():
            with self.subTest(filter=words):
                expected = [e for e in everything if holds(e)]
                self.assertEqual(log("--log-filter", words), expected)
                if words != "hart=1":
                    self.assertNotIn(len(expected), (0, len(everything)))
        both = [e for e in everything if e["mode"] == "U" and e["cause"] == "fault"]
        path = self.folder / "some.ndjson"
        self.run_teach("--log", "faults", "--log-filter", "mode=U", "--log-file", path)
        self.assertEqual(lines_of(path), both)

    def test_Groups_AreTheirKinds(self):
        path = self.folder / "some.ndjson"
        self.run_teach("--log", "all", "--log-file", path)
        everything = lines_of(path)
        for words, holds in {"exits": lambda e: e["column"] == "exit", "guest-traps": lambda e: e["column"] == "guest trap",
                             "instruction": lambda e: e["cause"] == "instruction", "addresses": lambda e: e["cause"] == "address", "address": lambda e: e["cause"] == "address",
                             "interrupts": lambda e: e["cause"] == "interrupt",
                             "wait,device-write": lambda e: e["kind"] in ("wait", "device-write")}.items():
            with self.subTest(words=words):
                self.run_teach("--log", words, "--log-file", path)
                self.assertEqual(lines_of(path), [e for e in everything if holds(e)])

    def test_Text_HasTheSameEventsAndSaysWhatHappened(self):
        path, text = self.folder / "all.ndjson", self.folder / "all.txt"
        self.run_teach("--log", "all", "--log-file", path)
        self.run_teach("--log", "all", "--log-file", text)
        heading, *lines = text.read_text().splitlines()
        self.assertTrue(heading.startswith("# number, step"))
        events = lines_of(path)
        self.assertEqual(len(lines), len(events))
        for line, event in zip(lines, events):
            self.assertRegex(line, rf"^ *{event['event']} @{event['step']} ")
            self.assertIn(f"{event['kind']} ({event['cause']}): {event['effect']}", line)
            self.assertTrue(event["effect"], event)
            self.assertNotIn("\n", event["effect"])
        whole = "\n".join(lines)
        for words in (r"device-write \(address\): uart0 THR <- '\$'", r"uart0 LSR -> 0x60",
                      r"csrw satp, \w+ +address-space-change \(instruction\): address space \d+ -> \d+ \(root 0x8\w+, asid \d+\): nothing known yet",
                      r"csrw satp, \w+ +address-space-change \(instruction\): .*: kept, \d+ pages known",
                      r"csr-access \(instruction\): sstatus 0x\w+ -> 0x\w+: SIE 0 -> 1",
                      r"guest-exception \(ecall-from-u\): environment call from U mode: S mode's handler at 0x\w+ runs",
                      r"sret +trap-return \(instruction\): S mode -> U mode at 0x",
                      r"hidden-fault \(fault\): 0x\w+ may be used for writing, at 0x8",
                      r"guest-page-fault \(fault\): (load|store|instruction) page fault at 0x"):
            self.assertRegex(whole, words)


class Counting(WithLog):
    """The guest's own counts are the rows of --stats-json, and the lines of the log."""
    ROUNDS = {"illegal": 3, "breakpoints": 5, "loads": 7, "calls": 11, "timers": 4, "probes": 13, "reads": 17, "writes": 19}

    def test_GuestsOwnCounts_AreTheRows(self):
        image = self.file("counting.bin", counting_guest.program(**self.ROUNDS))
        for engine in ENGINES:
            for mmu in ("shadow", "tlb"):
                with self.subTest(engine=engine, mmu=mmu):
                    stats, log = self.folder / "stats.json", self.folder / "log.ndjson"
                    done = vitrine("run", "--kernel", image, "--bios", "builtin", "--memory", "32M", "--engine", engine, "--mmu", mmu,
                                   "--clock", "virtual", "--stats-json", stats, "--log", "all", "--log-file", log)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.check(done.stdout, json.loads(stats.read_text()), lines_of(log))

    def check(self, said, stats, lines):
        counted = dict(zip(counting_guest.COUNTS.values(), (int(word, 16) for word in said.split())))
        self.assertEqual(len(counted), len(counting_guest.COUNTS))
        counted["device-read"] += len(said)  # of printing them
        counted["device-write"] += len(said)
        r = self.ROUNDS  # the guest did what it was asked to
        self.assertEqual([counted[name] for name in ("illegal-instruction", "breakpoint", "load-access-fault", "ecall-from-u",
                                                     "supervisor-timer-interrupt")],
                         [r["illegal"], r["breakpoints"], r["loads"], r["calls"], r["timers"]])
        logged = collections.Counter(line["kind"] for line in lines)
        for name in ("device-read", "device-write", "hypercall", "trap-return"):
            self.assertEqual(stats["exits"][name]["count"], counted[name], name)
            self.assertEqual(logged[name], counted[name], name)
        traps = {name: count for name, count in counted.items() if name in stats["guest_traps"]}
        self.assertEqual(len(traps), 5)
        self.assertEqual({name: row["count"] for name, row in stats["guest_traps"].items() if row["count"]}, traps)
        # Each kind of guest trap and the exit that leads there.
        for exit_kind, name in (("illegal-instruction", "illegal-instruction"), ("breakpoint", "breakpoint"),
                                ("guest-access-fault", "load-access-fault"), ("environment-call", "ecall-from-u"),
                                ("supervisor-timer-interrupt", "supervisor-timer-interrupt")):
            self.assertEqual(stats["exits"][exit_kind]["count"], counted[name])


class Words(WithLog):
    PASS = (Program().finish(0x5555)).code()

    def refuse(self, *options, says):
        done = self.bare(self.PASS, *options)
        self.assertEqual(done.returncode, 110, done.stderr)
        for words in says:
            self.assertIn(words, done.stderr)

    def test_WrongWords_AreRefusedWithWhatIsThere(self):
        self.refuse("--log", "csr-acess", says=["csr-acess", "did you mean csr-access?", "--log help"])
        self.refuse("--log", "all,interupts", says=["did you mean interrupts?"])
        self.refuse("--log", "refill", says=["refill is a counter", "--stats"])
        self.refuse("--log", "", says=["--log"])
        self.refuse("--log", "all", "--log-filter", "hartt=1", says=["hartt=1", "hart, mode, pc"])
        self.refuse("--log", "all", "--log-filter", "mode=K", says=["mode=K", "U, S, M"])
        self.refuse("--log", "all", "--log-filter", "step=9..5", says=["step=9..5", "5..9"])
        self.refuse("--log", "all", "--log-filter", "cause=load", says=["load-page-fault"])
        self.refuse("--log", "all", "--log-filter", "pc=no_such_function", says=["no_such_function", "symbol"])
        self.refuse("--log", "all", "--log-format", "yaml", says=["yaml", "text, json"])
        self.refuse("--log", "all", "--log-format", "spike", says=["--log retire"])
        self.refuse("--log", "all,retire", says=["goes alone"])
        self.refuse("--log-file", "x", says=["--log KIND"])
        self.refuse("--log", "retire", "--engine", "lockstep", says=["lockstep"])

    def test_LogHelp_ListsEveryKind(self):
        done = vitrine("run", "--log", "help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        table = (ROOT / "docs/events.md").read_text().split("By cause")[0]
        kinds = re.findall(r"(?m)^\| `([a-z-]+)` \|", table)
        self.assertGreater(len(kinds), 20)
        for kind in kinds:
            self.assertRegex(done.stdout, rf"(?m)^  {kind} ")

    def test_FileThatCannotBeMade_IsSaid(self):
        done = self.bare(self.PASS, "--log", "all", "--log-file", self.folder / "no" / "log")
        self.assertEqual(done.returncode, 112)
        self.assertIn("The log cannot be written to", done.stderr)

    def test_DiskFull_EndsTheRun(self):
        loop = Program().li("s1", 0x1000_0000).label("again").lbu("t1", "s1", 7).jal("x0", "again").code()
        done = self.bare(loop, "--log", "all", "--log-file", "/dev/full", "--max-instructions", "100000000")
        self.assertEqual(done.returncode, 112, done.stderr)
        self.assertIn("The log cannot be written to '/dev/full': No space left on device.", done.stderr)

    def test_DiskFullAtTheEnd_IsNoSuccess(self):
        done = self.bare(self.PASS, "--log", "all", "--log-file", "/dev/full")
        self.assertEqual(done.returncode, 112, done.stderr)

    def test_Stderr_IsWhereItGoesOtherwise(self):
        done = self.bare(self.PASS, "--log", "device-write")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"\A# number.*\n.* hart 0 M 0x800000\w\w .*sw t1, ?0\(t0\) .*device-write \(address\): finisher \w+ <- 0x5555\n\Z")


class Retired(WithLog):
    def spike(self, code, *options, ends=0):
        path = self.folder / "spike.log"
        done = self.bare(code, "--log", "retire", "--log-file", path, *options)
        self.assertEqual(done.returncode, ends, done.stderr)
        # From the kernel on: the reset vector's six instructions are before it.
        return done, [line for line in path.read_text().splitlines() if " 0x00000000800" in line.split("(")[0]]

    def test_TinyProgram_LinesAsSpikeHasThem(self):
        program = [
            (0x00000297, "x5  0x0000000080000000"),                                      # auipc t0, 0
            (0x12345337, "x6  0x0000000012345000"),                                      # lui t1, 0x12345
            (0xFFF30313, "x6  0x0000000012344fff"),                                      # addi t1, t1, -1
            (0x1062B023, "mem 0x0000000080000100 0x0000000012344fff"),                   # sd t1, 256(t0)
            (0x1062A423, "mem 0x0000000080000108 0x12344fff"),                           # sw t1, 264(t0)
            (0x10629623, "mem 0x000000008000010c 0x4fff"),                               # sh t1, 268(t0)
            (0x10628723, "mem 0x000000008000010e 0xff"),                                 # sb t1, 270(t0)
            (0x10C2A383, "x7  0x0000000000ff4fff mem 0x000000008000010c"),               # lw t2, 268(t0)
            (0x00000013, ""),                                                            # nop
            (0x34029073, "c832_mscratch 0x0000000080000000"),                            # csrw mscratch, t0
            (0x34033E73, "x28 0x0000000080000000 c832_mscratch 0x0000000080000000"),     # csrrc t3, mscratch, t1: t1 has no bit of it
            (0x34002EF3, "x29 0x0000000080000000"),                                      # csrr t4, mscratch
            (0x10828F13, "x30 0x0000000080000108"),                                      # addi t5, t0, 264
            (0x006F2FAF, "x31 0x0000000012344fff mem 0x0000000080000108 mem 0x0000000080000108 0x24689ffe"),  # amoadd.w t6, t1, (t5)
            (0x100F2FAF, "x31 0x0000000024689ffe mem 0x0000000080000108"),               # lr.w t6, (t5)
            (0x186F2FAF, "x31 0x0000000000000000 mem 0x0000000080000108 0x12344fff"),    # sc.w t6, t1, (t5)
            (0x186F2FAF, "x31 0x0000000000000001"),                                      # sc.w t6, t1, (t5): no reservation
        ]
        tail = Program().finish(0x5555).code()
        code = struct.pack(f"<{len(program)}I", *(word for word, _ in program)) + tail
        _, lines = self.spike(code)
        for index, (word, wrote) in enumerate(program):
            line = f"core   0: 3 {0x80000000 + 4 * index:#018x} ({word:#010x})"
            self.assertEqual(lines[index], f"{line} {wrote}" if wrote else line)
        self.assertEqual(lines[-1].split(" mem ")[1], f"{FINISHER:#018x} 0x00005555")

    def test_FloatingPoint_FlagsAndDirtyState(self):
        dirty = "c768_mstatus 0x8000000a00006000"  # SD, UXL and SXL of 64 bits, FS = Dirty (privileged 3.1.6)
        program = [
            (0x00000417, "x8  0x0000000080000000"),                                         # auipc s0, 0
            (0x000022B7, "x5  0x0000000000002000"),                                         # lui t0, 2
            (0x3002A073, "c768_mstatus 0x0000000a00002000"),                                # csrs mstatus, t0: FS = Initial
            (0x12345337, "x6  0x0000000012345000"),                                         # lui t1, 0x12345
            (0xF20300D3, f"f1  0x0000000012345000 {dirty}"),                                # fmv.d.x f1, t1
            (0x1A008153, "f2  0x7ff0000000000000 c1_fflags 0x0000000000000008"),            # fdiv.d f2, f1, f0: DZ
            (0x20243027, "mem 0x0000000080000200 0x7ff0000000000000"),                      # fsd f2, 512(s0)
            (0x1A008153, "f2  0x7ff0000000000000 c1_fflags 0x0000000000000008"),            # again: raised, though it is set; FS is Dirty
            (0x20043187, "f3  0x7ff0000000000000 mem 0x0000000080000200"),                  # fld f3, 512(s0)
            (0x001023F3, "x7  0x0000000000000008"),                                         # frflags t2
            (0x00101073, "c1_fflags 0x0000000000000000"),                                   # fsflags x0
            (0x10429073, "c260_sie 0x0000000000000000 c772_mie 0x0000000000000000"),        # csrw sie, t0: nothing is delegated
        ]
        code = struct.pack(f"<{len(program)}I", *(word for word, _ in program)) + Program().finish(0x5555).code()
        _, lines = self.spike(code)
        for index, (word, wrote) in enumerate(program):
            self.assertEqual(lines[index], f"core   0: 3 {0x80000000 + 4 * index:#018x} ({word:#010x}) {wrote}")

    def test_CompressedTrapsAndReturns(self):
        code = struct.pack("<3I", 0x00000297, 0x02028293, 0x30529073)  # auipc t0, 0; addi t0, t0, 32; csrw mtvec, t0
        code += struct.pack("<2HI2HI", 0x4505, 0x0001, 0x73, 0x4589, 0x0001, 0x6F)  # li a0, 1; nop; ecall; li a1, 2; nop; j .
        code = code.ljust(32, b"\0")
        code += struct.pack("<4I", 0x34102373, 0x00430313, 0x34131073, 0x30200073)  # csrr t1, mepc; addi t1, t1, 4; csrw; mret
        _, lines = self.spike(code, "--max-instructions", "40", ends=103)
        at = {line.split()[3]: line for line in lines}
        self.assertEqual(at["0x000000008000000c"], "core   0: 3 0x000000008000000c (0x4505) x10 0x0000000000000001")
        self.assertEqual(at["0x000000008000000e"], "core   0: 3 0x000000008000000e (0x0001)")
        self.assertNotIn("0x0000000080000010", at, "ecall does not retire")
        self.assertEqual(at["0x0000000080000020"], "core   0: 3 0x0000000080000020 (0x34102373) x6  0x0000000080000010")
        self.assertEqual(at["0x0000000080000028"], "core   0: 3 0x0000000080000028 (0x34131073) c833_mepc 0x0000000080000014")
        self.assertRegex(at["0x000000008000002c"], r"\(0x30200073\) c768_mstatus 0x[0-9a-f]{16}$")
        self.assertEqual(at["0x0000000080000014"], "core   0: 3 0x0000000080000014 (0x4589) x11 0x0000000000000002")

    def test_TranslatorAskedFor_TheInterpreterRunsAndSaysSo(self):
        if "translator" not in ENGINES:
            self.skipTest("this build has no translator")
        done, _ = self.spike(Words.PASS, "--engine", "translator")
        self.assertIn("runs on the interpreter", done.stderr)
        done, _ = self.spike(Words.PASS)
        self.assertEqual(done.stderr, "")

    def test_Retired_IsTheCounter(self):
        stats = self.folder / "stats.json"
        path = self.folder / "log"
        self.assertEqual(self.run_teach("--log", "retire", "--log-file", path, "--stats-json", stats, "--max-instructions", 300000).returncode, 103)
        with_log = self.run_teach("--log", "retire", "--log-file", path, "--max-instructions", 300000, "--state-hash-every", 100000)
        without = self.run_teach("--max-instructions", 300000, "--state-hash-every", 100000)
        hashes = [re.findall(r"(?m)^state-hash .*$", done.stderr) for done in (with_log, without)]
        self.assertEqual(hashes[0], hashes[1])
        self.assertEqual(len(hashes[0]), 3)
        self.assertEqual(path.read_bytes().count(b"\n"), json.loads(stats.read_text())["counters"]["instructions"])


if __name__ == "__main__":
    unittest.main()
