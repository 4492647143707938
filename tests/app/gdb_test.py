#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A run under gdb: Debian's gdb-multiarch as the client, and clients of a few lines, as grading scripts have them.

  gdb_test.py build/vitrine ENGINE...        engines of this build

Judges: gdb itself, symbols of the kernel as nm would tell them, `vitrine explain`, which finds moments in another way, and guests
whose instructions stand in the source.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import unittest

from in_folder import InFolder
from tiny_riscv import FINISHER, Program

VITRINE = os.path.abspath(sys.argv.pop(1))
ENGINES = sys.argv[1:] or ["interpreter"]
del sys.argv[1:]
TEACH = pathlib.Path(__file__).resolve().parents[2] / "examples/teach/teach.elf"
GDB = shutil.which("gdb-multiarch")
KEYS = b"forktest\nfault null\nhello\nhalt\n"
TIMEOUT = 120

# For gdb's Python: where the program stands, and a line of JSON for the test.
HELPERS = """
import gdb, json
def reg(name): return int(gdb.parse_and_eval("$" + name)) & 0xffffffffffffffff
def do(command): return gdb.execute(command, to_string=True)
def tell(**what): print("TOLD " + json.dumps(what))
def at(): return {name: reg(name) for name in ("step", "pc", "priv", "scause", "sepc", "space")}
"""


class Case(InFolder):
    def setUp(self):
        super().setUp()
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.folder), "VITRINE_KEEP": "on", "HOME": str(self.folder)}
        self.servers = 0

    def vitrine(self, *words, **more):
        return subprocess.run([VITRINE, *map(str, words)], capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False,
                              stdin=subprocess.DEVNULL, env=self.environment, cwd=self.folder, **more)

    def serve(self, *words):
        """The program, once it listens, and where."""
        self.servers += 1
        said = self.folder / f"said.{self.servers}"
        with open(said, "wb") as err:
            process = subprocess.Popen([VITRINE, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err,
                                       env=self.environment, cwd=self.folder)
        self.addCleanup(self.stop, process)
        deadline = time.monotonic() + TIMEOUT
        while not (found := re.search(r"^gdb: (\S+)$", said.read_text(), re.M)):
            self.assertIsNone(process.poll(), said.read_text())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        process.said = said
        return process, found[1]

    @staticmethod
    def stop(process):
        if process.stdout.closed:
            return
        if process.poll() is None:
            process.kill()
        process.communicate()

    def ended(self, process):
        out, _ = process.communicate(timeout=TIMEOUT)
        return process.returncode, out.decode("latin-1"), process.said.read_text()

    def gdb(self, address, script, *words):
        """What the script told, and all that gdb printed."""
        if not GDB:
            self.skipTest("there is no gdb-multiarch (Debian package gdb-multiarch)")
        path = self.file("script.py", (HELPERS + script).encode())
        done = subprocess.run([GDB, "-q", "-nx", "-batch", "-ex", "set pagination off", "-ex", "set confirm off", "-ex", "set remotetimeout 60",
                               "-ex", "set architecture riscv:rv64", "-ex", f"target remote {address.removeprefix('unix:')}", "-x", path, *words],
                              capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False, env=self.environment)
        said = done.stdout + done.stderr
        self.assertNotIn("Traceback", said)
        self.assertNotIn("Error", said)
        return [json.loads(line[5:]) for line in said.splitlines() if line.startswith("TOLD ")], said


class Client:
    """As in grading scripts: no handshake, no acknowledgements."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=TIMEOUT)
        self.buffer = b""

    def send(self, text):
        data = text.encode("latin-1")
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xFF))

    def packet(self):
        while not (found := re.search(rb"\$([^#]*)#..", self.buffer)):
            got = self.socket.recv(4096)
            if not got:
                raise EOFError(self.buffer)
            self.buffer += got
        self.buffer = self.buffer[found.end():]
        return re.sub(r"(.)\*(.)", lambda run: run[1] * (ord(run[2]) - 28), found[1].decode("latin-1"))

    def ask(self, text):
        self.send(text)
        return self.packet()

    def close(self):
        self.socket.close()

    __del__ = close


def for_each(engines_and_harts):
    def around(test):
        def each(self):
            for engine, harts in engines_and_harts:
                with self.subTest(engine=engine, harts=harts):
                    test(self, engine, harts)
        return each
    return around


BOTH = [(engine, harts) for engine in ENGINES for harts in (1, 4)]


class Teach(Case):
    """The teaching kernel, as it ran, forwards and backwards."""

    def kept(self, harts):
        run = self.folder / f"teach.{harts}"
        if not run.exists():
            keys = self.file("keys", KEYS)
            done = self.vitrine("run", "--memory", "32M", "--harts", harts, "--input", keys, "--keep", run)
            self.assertEqual(done.returncode, 0, done.stderr)
        return run

    def debug(self, engine, harts, script):
        process, address = self.serve("replay", self.kept(harts), "--gdb=:0", "--engine", engine)
        told, said = self.gdb(address, script, TEACH)
        self.stop(process)
        return told, said

    def explained(self, harts, moment):
        done = self.vitrine("explain", self.kept(harts), moment, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["moments"][0]["step"]

    @for_each(BOTH)
    def test_break_points_are_where_explain_finds_them(self, engine, harts):
        told, said = self.debug(engine, harts, """
do("break *proc_fork")
for go in ("continue", "continue", "reverse-continue", "reverse-continue"):
    do(go)
    tell(**at())
""")
        first, second = (self.explained(harts, f"pc:proc_fork#{n}") for n in (1, 2))
        self.assertEqual([place["step"] for place in told], [first, second, first, 0], said)

    @for_each(BOTH)
    def test_one_step_goes_into_the_handler_and_back_out(self, engine, harts):
        """Each guest trap in turn: the step before its handler is in U mode, and a step from there is the trap."""
        told, said = self.debug(engine, harts, """
do("break *proc_fork")
do("continue")  # the kernel has set stvec by now
do("delete")
handler = reg("stvec")
do("break *%d" % handler)
causes = {}
for i in range(400):
    do("continue")
    here = at()
    if here["pc"] != handler: break
    if here["scause"] in causes: continue
    do("reverse-stepi")
    before = at()
    do("stepi")
    causes[here["scause"]] = 1
    tell(here=here, before=before, again=at())
do("delete")
""")
        self.assertTrue(told, said)
        for trap in told:
            self.assertEqual(trap["here"], trap["again"])
            self.assertEqual(trap["before"]["step"] + 1, trap["here"]["step"])
            self.assertEqual(trap["before"]["pc"], trap["here"]["sepc"])
        causes = {trap["here"]["scause"] for trap in told}
        self.assertIn(8, causes)  # ecall from U mode
        self.assertTrue(causes & {13, 15}, causes)  # page faults
        self.assertTrue([cause for cause in causes if cause >> 63], causes)  # interrupts

    @for_each(BOTH)
    def test_break_point_in_user_processes_holds_in_each_space(self, engine, harts):
        told, said = self.debug(engine, harts, """
def word(): return int.from_bytes(gdb.selected_inferior().read_memory(reg("pc"), 4).tobytes(), "little")
text = gdb.selected_inferior().read_memory(0x80200000, 0x4000).tobytes()
do("break *%d" % (0x80200000 + text.index(bytes.fromhex("73002010"))))
do("continue")
assert word() == 0x10200073, hex(word())
to = reg("sepc")
do("stepi")
tell(**at(), to=to)
do("delete")
entry = reg("pc")
do("break *%d" % entry)
for i in range(3):
    do("continue")
    tell(**at(), to=entry)
""")
        self.assertEqual([(place["pc"], place["priv"]) for place in told], [(place["to"], 0) for place in told], said)
        self.assertEqual(len(told), 4, said)
        self.assertGreaterEqual(len({place["space"] for place in told}), 3, said)
        self.assertEqual(sorted({place["step"] for place in told}), [place["step"] for place in told])

    @for_each(BOTH)
    def test_watched_variable_leads_back_to_its_writer(self, engine, harts):
        told, said = self.debug(engine, harts, """
def last_pid(): return int(gdb.parse_and_eval("*(int*)&last_pid"))
do("watch *(int*)&last_pid")
for go in ("continue",) * 4 + ("reverse-continue",) * 2:
    do(go)
    tell(**at(), value=last_pid())
do("stepi")
tell(**at(), value=last_pid())
""")
        values = [place["value"] for place in told]
        self.assertEqual(values, [1, 2, 3, 4, 3, 2, 3], said)
        # Back at the third write: before its store, and a step makes it.
        self.assertEqual(told[5]["step"] + 1, told[2]["step"], said)
        self.assertEqual(told[6]["step"], told[2]["step"], said)

    @for_each(BOTH)
    def test_steps_and_back_are_the_same_places(self, engine, harts):
        told, said = self.debug(engine, harts, """
do("break *proc_fork")
do("continue")
for i in range(8):
    tell(**at())
    do("stepi")
for i in range(8):
    do("reverse-stepi")
    tell(**at())
do("maintenance flush register-cache")
gdb.execute("set $step = 1000")
do("maintenance flush register-cache")
tell(step=reg("step"))
""")
        self.assertEqual(told[:8], told[8:16][::-1], said)
        self.assertEqual(told[16]["step"], 1000)

    def test_monitor_has_the_verbs_of_the_debugger(self):
        told, said = self.debug(ENGINES[0], 1, """
print(do("monitor goto last-trap"))
do("maintenance flush register-cache")
tell(**at())
print(do("monitor csr stvec"))
print(do("monitor walk $pc"))
do("monitor catch guest-exception")
print(do("reverse-continue"))
tell(**at())
try: gdb.execute("monitor nonsense")
except gdb.error as problem: print("REFUSED", problem)
try: gdb.execute("monitor goto 1 2 3")
except gdb.error as problem: print("REFUSED", problem)
""")
        kept = self.kept(1)
        here = self.vitrine("debug", kept, "--batch", "-e", "goto last-trap", "-e", "csr stvec", "-e", "walk $pc", "-e", "catch guest-exception",
                            "-e", "rcontinue", "-e", "goto +0")
        steps = [int(step) for step in re.findall(r"^@(\d+) hart", here.stdout, re.M)]
        self.assertEqual([told[0]["step"], told[1]["step"]], [steps[1], steps[-1]], here.stdout + said)
        self.assertLess(told[1]["step"], told[0]["step"])
        self.assertIn("stvec", said)
        self.assertIn(re.search(r"^stvec .*$", here.stdout, re.M)[0], said)
        self.assertIn("'nonsense' is not a verb", said)
        self.assertEqual(len(re.findall(r"^REFUSED .*", said, re.M)), 2, said)
        self.assertIn("Caught: guest trap guest-exception", said)

    def test_block_register_is_where_the_code_of_pc_is(self):
        if "translator" not in ENGINES:
            self.skipTest("this build has no translator")
        told, said = self.debug("translator", 1, """
do("hbreak proc_fork")
do("continue")
do("delete")
do("continue")
do("monitor goto last-trap")
do("maintenance flush register-cache")
tell(pc=reg("pc"), block=reg("block"))
print(do("monitor blocks $pc 1"))
""")
        found = re.search(r"^(0x[0-9a-f]+) U from physical .* host code at (0x[0-9a-f]+)", said, re.M)
        shown = int(found[2], 16) if found and int(found[1], 16) == told[0]["pc"] else 0
        self.assertEqual(told[0]["block"], shown, said)

    def test_ends_of_history_are_told_and_nothing_of_it_can_be_written(self):
        told, said = self.debug(ENGINES[0], 4, """
do("reverse-stepi")
tell(**at())
print(do("continue"))
tell(**at())
do("reverse-stepi")
tell(**at())
print(do("info threads"))
try: do("set $a0 = 1")
except gdb.error as problem: print("REFUSED", problem)
try: do("set *(int*)0x80300000 = 1")
except gdb.error as problem: print("REFUSED", problem)
print(do("monitor help"))
""")
        self.assertEqual(said.count("No more reverse-execution history"), 2, said)
        self.assertEqual(told[0]["step"], 0)
        self.assertEqual(told[2]["step"], told[1]["step"] - 1)
        self.assertIn("The guest ended with success.", said)
        self.assertEqual(len(re.findall(r"^REFUSED .*", said, re.M)), 2, said)
        self.assertIn("nothing in it can be written", said)
        self.assertIn("hart 3", said)


def spinner():
    """Goes on when a0 is no longer 0, and ends with what is in memory behind it."""
    return (Program().li("t0", FINISHER).label("loop").beq("a0", "x0", "loop").la("t1", "value").lw("t2", "t1", 0).sw("t2", "t0", 0)
            .label("stay").jal("x0", "stay").label("value").word(0x3333))


class Live(Case):
    """Runs that go on while gdb looks."""

    def guest(self, program):
        return self.file("kernel.bin", program.code() + bytes(64))

    def start(self, program, *words):
        return self.serve("run", "--kernel", self.guest(program), "--bios", "none", "--memory", "4M", "--gdb=:0", *words)

    def test_writes_are_inputs_that_come_in_again(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                process, address = self.start(spinner(), "--freeze", "--engine", engine)
                value = 0x80000000 + 4 * spinner().labels["value"]
                told, said = self.gdb(address, f"""
do("stepi 20")
do("set *(int*){value} = 0x5555")
tell(value=int(gdb.parse_and_eval("*(int*){value}")))
do("set $a0 = 1")
do("set $sscratch = 0x1234")
do("stepi 2")
do("reverse-stepi")
do("stepi")
tell(a0=reg("a0"), sscratch=reg("sscratch"))
print(do("continue"))
do("reverse-stepi 3")
tell(a0=reg("a0"))
do("detach")
""")
                self.assertEqual(told, [{"value": 0x5555}, {"a0": 1, "sscratch": 0x1234}, {"a0": 1}], said)
                self.assertIn("The guest ended with success", said)
                self.assertEqual(self.ended(process)[0], 0)
                for other in ENGINES:
                    done = self.vitrine("replay", "--engine", other)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("The guest ended with success. Made again", done.stderr)

    def test_grading_client_without_manners_gets_its_stop(self):
        """xv6's gradelib: comes and goes, a hardware break point before there is paging, `c`, T05."""
        process, address = self.start(spinner(), "--freeze")
        Client(address).close()
        client = Client(address)
        client.send(f"Z1,{0x80000000 + 4 * spinner().labels['loop']:x},1")
        client.send("c")
        self.assertEqual(client.packet(), "OK")
        self.assertTrue(client.packet().startswith("T05"))
        client.send("c")
        self.assertTrue(client.packet().startswith("T05"))
        client.close()
        self.assertIsNone(process.poll())

    def test_interrupt_detach_and_kill(self):
        process, address = self.start(spinner())
        client = Client(address)
        self.assertTrue(client.ask("?").startswith("T05"))
        for _ in range(3):
            client.send("vCont;c")
            time.sleep(0.05)
            client.socket.sendall(b"\x03")
            self.assertTrue(client.packet().startswith("T02"))
        here = client.ask("p1042")
        self.assertEqual(client.ask("p1042"), here)  # it stands
        deadline = time.monotonic() + TIMEOUT
        while here == (there := client.ask("p1042")):  # it goes on while nobody is there
            self.assertLess(time.monotonic(), deadline)
            client.ask("D")
            client.close()
            time.sleep(0.05)
            client = Client(address)
        self.assertNotEqual(there, here)
        client.send("k")
        self.assertEqual(self.ended(process)[0], 0)

    def test_second_client_is_told_why_not(self):
        _, address = self.start(spinner(), "--freeze")
        first = Client(address)
        self.assertEqual(first.ask("qAttached"), "1")
        _, said = self.gdb_refused(address)
        self.assertIn("another gdb is connected", said)
        self.assertEqual(first.ask("qAttached"), "1")

    def gdb_refused(self, address):
        if not GDB:
            second = Client(address)
            return None, second.ask("qSupported:")
        done = subprocess.run([GDB, "-q", "-nx", "-batch", "-ex", f"target remote {address}"], capture_output=True, text=True,
                              timeout=TIMEOUT, check=False)
        return None, done.stdout + done.stderr

    def test_damaged_packets_are_asked_for_again_and_acks_can_go(self):
        _, address = self.start(spinner(), "--freeze")
        client = Client(address)
        client.socket.sendall(b"$qAttached#00")
        self.assertEqual(client.socket.recv(1), b"-")
        client.send("qAttached")
        self.assertEqual(client.socket.recv(1), b"+")
        self.assertEqual(client.packet(), "1")
        client.socket.sendall(b"-")
        self.assertEqual(client.packet(), "1")
        self.assertEqual(client.ask("QStartNoAckMode"), "OK")
        client.buffer = b""
        client.send("qAttached")
        self.assertEqual(client.packet(), "1")
        self.assertEqual(client.buffer, b"")

    def test_unix_socket_and_signal(self):
        path = self.folder / "socket"
        process, address = self.serve("run", "--kernel", self.guest(spinner()), "--bios", "none", f"--gdb=unix:{path}", "--freeze")
        self.assertEqual(address, f"unix:{path}")
        told, said = self.gdb(address, "do('stepi')\ntell(pc=reg('pc'))\n")
        self.assertEqual(told, [{"pc": 0x1004}], said)
        process.terminate()
        code, _, said = self.ended(process)
        self.assertEqual(code, 128 + 15, said)
        self.assertFalse(path.exists())

    def test_wrong_words_are_refused(self):
        for words in (("--gdb=x",), ("--gdb=:70000",), ("--freeze",), ("--gdb=:0", "--engine", "lockstep")):
            done = self.vitrine("run", "--kernel", self.guest(spinner()), "--bios", "none", *words)
            self.assertEqual(done.returncode, 110, f"{words} {done.stderr}")


class Qemu(Case):
    """`vitrine qemu`: the words of QEMU, and its end."""

    def start(self, *words):
        kernel = self.file("kernel.bin", spinner().code() + bytes(64))
        return self.serve("qemu", "-M", "virt", "-nographic", "-bios", "none", "-kernel", kernel, *words)

    def test_held_back_guest_runs_when_gdb_says_so_and_its_end_is_told(self):
        for words in (("-S", "-gdb", "tcp::0"), ("-S", "-gdb", "tcp:127.0.0.1:0,server=on,wait=off"), ("-S", "-gdb", "tcp::0,server,nowait"),
                      ("-gdb", "tcp::0,server,wait")):
            with self.subTest(words=words):
                process, address = self.start(*words)
                client = Client(address)
                self.assertEqual(client.ask("p20"), "0010000000000000")  # the board's boot ROM
                loop = f"{0x80000000 + 4 * spinner().labels['loop']:x}"
                self.assertEqual(client.ask(f"Z0,{loop},4"), "OK")
                self.assertTrue(client.ask("c").startswith("T05"))
                self.assertEqual(client.ask(f"z0,{loop},4"), "OK")
                self.assertEqual(client.ask(f"M{0x80000000 + 4 * spinner().labels['value']:x},2:5555"), "OK")
                self.assertEqual(client.ask("Pa=0100000000000000"), "OK")
                self.assertEqual(client.ask("c"), "W00")
                self.assertEqual(self.ended(process)[0], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
