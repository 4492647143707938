#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`step host` beside ptrace: the debugger of the host breaks at host addresses that `vitrine debug` shows, and sees the registers
and bytes that it shows.

  host_steps_test.py build/vitrine

A first run shows addresses. In a second one, also without random addresses, gdb puts them into the processor's debug registers and waits
until the trap flag is set: the block that is walked through runs. What gdb then reads is compared with what that same run prints.
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
TEACH = pathlib.Path(__file__).resolve().parents[2] / "examples/teach/teach.elf"
GDB = shutil.which("gdb")
TIMEOUT = 120
GENERAL = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split()

# TF and RF belong to the two ways of stopping. The traps of the program go back to it, and no others (gdb breaks on loaded libraries);
# a break point goes before gdb would step over it and take the trap behind it for its own.
AT_ADDRESSES = """
import gdb, json
PLACES = json.loads('%s')
for command in ("set pagination off", "set confirm off", "attach %d", "handle SIGTRAP stop print nopass"):
    gdb.execute(command, to_string=True)
points = {place: gdb.Breakpoint(f"*{place}", type=gdb.BP_HARDWARE_BREAKPOINT) for place in PLACES}
def number(what): return int(gdb.parse_and_eval(what)) & 0xffffffffffffffff
def number_of_flags(what): return int(gdb.execute("output/x " + what, to_string=True), 16)
print("READY", flush=True)
TRAP_HWBKPT = 4
own = True
while points:
    gdb.execute("signal 0" if own else "signal SIGTRAP", to_string=True)
    own = number("$_siginfo.si_code") == TRAP_HWBKPT
    at, flags = number("$rip"), number_of_flags("$eflags")
    if own and flags & 0x100:
        points.pop(at).delete()
        seen = {name: number("$" + name) for name in %r}
        seen |= {f"xmm{i}": number(f"$xmm{i}.v2_int64[0]") for i in range(16)}
        seen |= {"rip": at, "flags": flags & ~0x10100, "mxcsr": number_of_flags("$mxcsr")}
        seen["bytes"] = gdb.selected_inferior().read_memory(at, 15).tobytes().hex()
        print("TOLD " + json.dumps(seen), flush=True)
gdb.execute("detach", to_string=True)
"""


class HostSteps(InFolder):
    def setUp(self):
        super().setUp()
        if not GDB:
            self.skipTest("there is no gdb (Debian package gdb)")
        if subprocess.run(["setarch", "-R", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("this host does not let a program go without random addresses")
        (self.folder / "keys").write_text("hello\nhalt\n")
        done = subprocess.run([VITRINE, "run", TEACH, "--input", "keys", "--record", "run"], cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=TIMEOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def debug(self):
        """The debugger, always at the same addresses; what it needs for showing code is loaded."""
        process = subprocess.Popen(["setarch", "-R", VITRINE, "debug", "run"], cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, bufsize=1)
        self.addCleanup(self.stop, process)
        process.stdin.write("step host\ninfo\n")
        while ">" not in (line := process.stdout.readline()) or "info" not in line:
            self.assertTrue(line)
        return process

    @staticmethod
    def stop(process):
        process.kill()
        process.communicate()

    def gdb(self, process, places):
        script = self.folder / "script.py"
        script.write_text(AT_ADDRESSES % (json.dumps(places), process.pid, GENERAL))
        gdb = subprocess.Popen([GDB, "-q", "-nx", "-batch", "-x", script], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.stop, gdb)
        said = ""
        while "READY" not in said and (line := gdb.stdout.readline()):
            said += line
        if "READY" not in said:
            self.skipTest("gdb may not look at programs here: " + said.strip().splitlines()[-1])
        return gdb

    @staticmethod
    def shown(said):
        """What each `inside regs` printed that stood before a host instruction."""
        views = []
        for view in re.findall(r"> inside regs\n(.*?)(?=^@)", said, re.M | re.S):
            registers, _, following = view.partition("next ")
            if not following:
                continue
            values = {name: int(value, 16) for name, value in re.findall(r"(\w+)(?: \(\w+\))? +(0x[0-9a-f]{8,16})\b", registers)}
            values["bytes"] = re.search(r": ([0-9a-f ]+)$", following.strip())[1].replace(" ", "")
            views.append(values)
        return views

    def test_registers_and_bytes_are_those_that_gdb_sees(self):
        compared = 0
        for step in (700_000, 900_123, 1_200_017):
            with self.subTest(step=step):
                verbs = "\n".join([f"goto {step}", *["step host", "inside regs"] * 8, "info"]) + "\n"
                said, _ = self.debug().communicate(verbs, timeout=TIMEOUT)
                first = self.shown(said)
                self.assertGreaterEqual(len(first), 4, said)
                # The first time that the block comes to a place; the processor has four registers for this.
                order = list(dict.fromkeys(view["rip"] for view in first))
                places = order[::max(1, len(order) // 4)][:4]
                process = self.debug()
                gdb = self.gdb(process, places)
                said, _ = process.communicate(verbs, timeout=TIMEOUT)
                errors, _ = gdb.communicate(timeout=TIMEOUT)
                if re.search("hardware breakpoint|Couldn't write debug register", errors):
                    self.skipTest("this host has no debug registers for gdb: " + errors.strip().splitlines()[-1])
                views = {}
                for view in self.shown(said):
                    views.setdefault(view["rip"], view)
                told = [json.loads(line[5:]) for line in errors.splitlines() if line.startswith("TOLD ")]
                self.assertEqual([seen["rip"] for seen in told], places, said + errors)
                for seen in told:
                    view = dict(views[seen["rip"]])
                    self.assertEqual(len(view), 36)
                    self.assertEqual(seen.pop("bytes")[:len(view["bytes"])], view.pop("bytes"))
                    self.assertEqual(seen, view)
                    compared += 1
        self.assertGreaterEqual(compared, 9)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=2)
