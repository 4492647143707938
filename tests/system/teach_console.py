#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sits down at the console of the teaching kernel (examples/teach), types, and judges what comes back.

  teach_console.py [options] -- qemu-system-riscv64 -M virt -nographic -kernel examples/teach/teach.elf
  teach_console.py [options] -- build/vitrine run examples/teach/teach.elf

Everything after "--" starts the machine, with its console on standard input and output. If a word there
contains {disk}, each session gets a disk image at that place, and what the kernel wrote to it is read back by
examples/teach/mkfs.py: a second reading of the format, independent of the kernel's.

What is expected comes from the programs' texts and from the specifications (encodings, the address space as
kernel/vm.c draws it), never from a run. Exit code: 0 all passed, 1 something failed, 77 skipped (said why).
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TEACH = os.path.join(HERE, "..", "..", "examples", "teach")
PROMPT = "teach$ "
PROMPT_LINE = r"^teach\$ "


class Failed(Exception):
    """The session cannot go on; the text says why."""


class Machine:
    """A running machine and everything that its console said."""

    def __init__(self, command, timeout):
        self.timeout = timeout
        self.text = ""
        self.seen = 0  # how much of the text has been judged
        self.news = threading.Condition()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0)
        self.closed = False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            piece = self.process.stdout.read(4096)
            with self.news:
                self.text += piece.decode("utf-8", "replace").replace("\r", "")
                self.closed = not piece
                self.news.notify_all()
            if not piece:
                return

    def type(self, keys):
        self.process.stdin.write(keys.encode())

    def wait_for(self, wanted):
        """The text up to and with the first match of a pattern, from where the last match ended."""
        pattern = re.compile(wanted, re.M)
        deadline = time.monotonic() + self.timeout
        with self.news:
            while True:
                match = pattern.search(self.text, self.seen)
                if match:
                    before, self.seen = self.text[self.seen:match.end()], match.end()
                    return before
                left = deadline - time.monotonic()
                if self.closed or left <= 0:
                    why = "the machine ended" if self.closed else f"nothing for {self.timeout} s"
                    raise Failed(f"{why} while waiting for /{wanted}/ in\n{self.text[self.seen:][-2000:]}")
                self.news.wait(left)

    def run(self, line):
        """Types a command; returns what it printed, without its echo and without the next prompt."""
        self.type(line + "\n")
        text = self.wait_for(PROMPT_LINE)
        return text[: -len(PROMPT)].partition("\n")[2]

    def end(self):
        """Waits for the machine to end by itself; its exit status."""
        try:
            return self.process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"still running {self.timeout} s after power-off") from None

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()


class Verdict:
    def __init__(self):
        self.checks = 0
        self.failures = []
        self.session = ""

    def check(self, good, what, text=""):
        self.checks += 1
        if not good:
            self.failures.append(f"{self.session}: {what}" + (f", but:\n{text}" if text else ""))

    def has(self, text, patterns, what):
        for pattern in patterns:
            self.check(re.search(pattern, text, re.M) is not None, f"{what}: expected /{pattern}/", text)


# Commands whose output stands for itself: what is typed, what must be there.
COMMANDS = [
    ("help", [r"^  hello  +the smallest", r"^  ps ", r"^  pages ", r"^  fault ", r"^  spin ", r"^  syscalls ",
              r"^  halt "]),
    ("hello", [r"\AHello from user mode\. I am process \d+\.\n\Z"]),
    ("", [r"\A\Z"]),
    ("echo one  two   three", [r"\Aone two three\n\Z"]),
    ("nosuch", [r"\Anosuch: no such command, try help\n", r"^\(exit code 127\)$"]),
    ("welcome", [r"\Awelcome: not a program\n"]),
    ("a b c d e f g h i j k l m n o p", [r"\Atoo many words\n\Z"]),
    ("ls", [r"^ +\d+  sh$", r"^ +472  welcome$"]),
    ("cat welcome", [r"\AWelcome\. .*\n", r"^  halt +the end\n\Z"]),
    ("cat nothing", [r"\Anothing: no such file\n\(exit code 1\)\n\Z"]),
    ("rm nothing", [r"\Anothing: no such file\n"]),
    ("write a/b text", [r"\Aa/b: invalid argument\n"]),
    ("write this-name-is-much-too-long text", [r"(invalid argument|too long)\n"]),
    ("ps", [r"^ +1 +0  sleeping  child .* init$", r"^ +2 +1  sleeping  child .* sh$", r"^ +\d+ +2  running .* ps$"]),
    ("pages 99", [r"\A99: no such process\n"]),
    # What kernel/vm.c draws: program, stack, kernel text, kernel data, the gigapage of the devices.
    ("pages", [r"^  0000010000 - 0000010fff   00[89ab].* 4 KiB  r-xu-a--$", r"^  003ffff000 - 003fffffff .* rw-u-ad-$",
               r"^  0080200000 - 00802.....   0080200000 - .* 4 KiB  r-x-gad-$",
               r"- 00803fffff   .* - 00803fffff .* 4 KiB  rw--gad-$", r"^  0080400000 - .* 2 MiB  rw--gad-$",
               r"^  00c0000000 - 00ffffffff   0000000000 - 003fffffff     1 x 1 GiB  rw--gad-$"]),
    ("pages 2", [r"^The page table of process 2 \(sh\):$", r"^  003ffff000 - 003fffffff .* r--u-adc$"]),
    ("fault null", [r"killed by: load page fault, address 0x0, pc 0x10[0-9a-f]{3}: nothing is mapped there$"]),
    ("fault text", [r"killed by: store page fault, address 0x10[0-9a-f]{3}, pc .*: the page may not be written to$"]),
    ("fault kernel", [r"killed by: load page fault, address 0x80200000, pc .*: that is not user memory$"]),
    ("fault jump", [r"instruction page fault, address 0x30000000, pc 0x30000000: nothing is mapped there$"]),
    ("fault illegal", [r"killed by: illegal instruction, instruction 0xffffffff, pc 0x10[0-9a-f]{3}$"]),
    ("fault privileged", [r"killed by: illegal instruction, instruction 0x18002073, pc 0x10[0-9a-f]{3}$"]),
    ("fault stack", [r"killed by: store page fault, address 0x3ffef[0-9a-f]{3}, pc .*: the stack is full$"]),
    ("fault memory", [r"killed by: store page fault, address 0x[0-9a-f]+, pc .*: out of memory$"]),
    ("fault demand", [r"every second one written to: 8 page faults, all mended$"]),
    ("fault", [r"\Ausage: fault KIND"]),
    ("forktest", [r"^forktest: parent and child share pages until one of them writes$",
                  r"^forktest: 29 children at once, each came back with its number, no page was lost$"]),
]


def boot(machine, verdict):
    banner = machine.wait_for(PROMPT_LINE)
    verdict.has(banner, [r"\|  teach  \|", r"hart \d+, \d+ MiB, Sv39$", r'^Type "help" for the commands\.$'], "banner")
    return banner


def power_off(machine, verdict):
    machine.type("halt\n")
    status = machine.end()
    verdict.check(status == 0, f"halt: exit status 0, not {status}")


def counts(machine):
    return {name: int(n) for name, n in re.findall(r"^ +\d+  (\w+) +(\d+)$", machine.run("syscalls"), re.M)}


def free_pages(machine):
    return int(re.search(r", (\d+) of them free", machine.run("uptime")).group(1))


def table(machine, verdict):
    machine.run("hello")  # the shell's pages have settled
    before = free_pages(machine)
    for line, patterns in COMMANDS:
        verdict.has(machine.run(line), patterns, f"`{line}`")
    after = free_pages(machine)
    verdict.check(before == after, f"pages are lost: {before} were free, and now {after}")


def editing(machine, verdict):
    for keys, what in (("helXX\x7f\blo", "backspace"), ("rubbish\x15hello", "Ctrl-U"), ("\x1b[Ahel\x1b[1;5Clo", "arrows")):
        verdict.has(machine.run(keys), [r"^Hello from user mode"], what)
    verdict.has(machine.run("echo " + "x" * 300), [r"\Ax{122}\n\Z"], "a line that is too long is cut at 127")
    machine.type("hello\r")  # what the Enter key of a terminal sends
    verdict.has(machine.wait_for(PROMPT_LINE), [r"^Hello from user mode"], "carriage return")
    machine.type("\x04")
    machine.wait_for(PROMPT_LINE)  # Ctrl-D: the shell stays


def files(machine, verdict):
    machine.type("write lines\nfirst\nsecond\n\x04")
    machine.wait_for(PROMPT_LINE)
    verdict.check(machine.run("cat lines") == "first\nsecond\n", "a file of typed lines")
    machine.run("write notes something to be replaced by less")
    machine.run("write notes a b c")
    verdict.check(machine.run("cat notes lines") == "a b c\nfirst\nsecond\n", "two files")
    verdict.has(machine.run("ls"), [r"^ +6  notes$", r"^ +13  lines$"], "sizes")
    machine.run("rm lines")
    verdict.check("lines" not in machine.run("ls"), "a removed file is gone")


def collatz(n):
    steps = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def background(machine, verdict):
    pids = [re.search(r"\[(\d+)\] spin", machine.run("spin 1 &")).group(1) for _ in range(2)]
    listing = machine.run("ps")
    verdict.has(listing, [rf"^ +{pid} +2  runnable .* spin$" for pid in pids], "two spin, and ps runs")
    for _ in pids:
        said = machine.wait_for(r"spin: process \d+ .*\n")
        slices, start, steps = map(int, re.search(r"used up (\d+) .* at (\d+) \((\d+) steps", said).groups())
        verdict.check(slices >= 5, f"a second of spinning beside another is many slices, not {slices}")
        verdict.check(collatz(start) == steps, f"spin computes: {start} takes {collatz(start)} steps, not {steps}")
    ended = machine.run("hello") + machine.run("hello")  # the shell tells before its next prompt
    verdict.has(ended, [rf"^\[{pid}\] ended$" for pid in pids], "both are reported as ended")


def killing(machine, verdict):
    pid = re.search(r"\[(\d+)\] spin", machine.run("spin 1000 &")).group(1)
    verdict.has(machine.run(f"kill {pid}") + machine.run("hello"), [rf"^\[{pid}\] ended$"], "kill")
    verdict.check("spin" not in machine.run("ps"), "what was killed is not in ps")
    verdict.has(machine.run("kill 1"), [r"^1: invalid argument$"], "process 1 cannot be killed")
    verdict.has(machine.run("kill 9999"), [r"^9999: no such process$"], "kill of nobody")
    verdict.has(machine.run("kill 2"), [r"^init: the shell ended, here is another one$"], "a new shell")
    verdict.has(machine.run("hello"), [r"^Hello from user mode"], "the new shell works")


def system_calls(machine, verdict):
    before = counts(machine)
    machine.run("hello")
    after = counts(machine)
    for name, more in (("fork", 2), ("exec", 2), ("getpid", 1)):  # hello, and the second `syscalls`
        verdict.check(after[name] - before.get(name, 0) == more, f"{more} more {name}: {before} {after}")
    machine.run("syscalls on")
    traced = machine.run("hello")
    machine.run("syscalls off")
    verdict.has(traced, [r"^  \d+ sh: fork\(\) = (\d+)\n  \1 sh: fork\(\) = 0$", r'^  (\d+) sh: exec\("hello", 0x[0-9a-f]+\) = 1$',
                         r"^  (\d+) hello: getpid\(\) = \1$", r"^Hello from user mode", r"^  \d+ hello: exit\(0\)$",
                         r"^  \d+ sh: wait\((\d+), 0x[0-9a-f]+, 0\) = \1$"], "trace")
    verdict.check(machine.run("echo quiet") == "quiet\n", "syscalls off")


def whole_session(machine, verdict):
    boot(machine, verdict)
    for part in (table, editing, files, background, killing, system_calls):
        part(machine, verdict)
    power_off(machine, verdict)


def second_boot(machine, verdict):
    """On the same disk: what the first session wrote is there."""
    boot(machine, verdict)
    verdict.check(machine.run("cat notes") == "a b c\n", "the file is still there after a reboot")
    machine.run("rm notes")
    machine.run("rm welcome")
    verdict.has(machine.run("hello"), [r"^Hello from user mode"], "hello from the disk")
    power_off(machine, verdict)


def piped_session(machine, verdict):
    """All input at once, before the machine has even started: each command still follows its prompt."""
    machine.type("\n\nhello\necho one\nspin 0\necho two\nhalt\n")  # a firmware may take the first byte
    status = machine.end()
    machine.wait_for(r"teach\$ halt\n")
    verdict.has(machine.text, [r"teach\$ hello\nHello from .*\nteach\$ echo one\none\nteach\$ spin 0\nspin: .*\n"
                               r"teach\$ echo two\ntwo\nteach\$ halt\n"], "a piped session")
    verdict.check(status == 0, f"halt: exit status 0, not {status}")


def panic_session(machine, verdict):
    boot(machine, verdict)
    machine.type("panic on-purpose\n")
    machine.end()  # with which status is the firmware's business
    said = machine.wait_for(r"while running .*\n")
    verdict.has(said, [r"^kernel panic: on-purpose\nwhile running pid 3 \(panic\)$"], "panic")


def failed_halt_session(machine, verdict):
    boot(machine, verdict)
    machine.type("halt 1\n")
    machine.end()


def full_disk(machine, verdict):
    """Three blocks are free."""
    boot(machine, verdict)
    for name in "abc":
        verdict.check(machine.run(f"write {name} text") == "", f"{name} still fits")
    verdict.has(machine.run("write d text"), [r"^d: file system is full$"], "the fourth does not fit")
    machine.run("rm b")
    verdict.check(machine.run("write d text") == "", "it fits when another is gone")
    verdict.check(machine.run("cat a c d") == "text\ntext\ntext\n", "nothing is mixed up")
    power_off(machine, verdict)


def foreign_disk(machine, verdict):
    banner = boot(machine, verdict)
    verdict.has(banner, [r"^kernel: the disk is not used: it holds no teachfs$"], "a disk without a file system")
    verdict.has(machine.run("hello"), [r"^Hello from user mode"], "the RAM disk stands in")
    power_off(machine, verdict)


def damaged_disk(machine, verdict):
    """The chain of `welcome` leads to itself, the entry of `hello` beyond the end: errors, and nothing else."""
    boot(machine, verdict)
    verdict.has(machine.run("cat welcome"), [r"\AWelcome"], "a ring is readable as far as the file's size goes")
    verdict.has(machine.run("hello"), [r"^hello: (disk error|not a program)$"], "an impossible block number")
    verdict.check(machine.run("echo fine") == "fine\n", "other files are not affected")
    verdict.check(machine.run("rm welcome hello") == "", "what is damaged can be removed")
    power_off(machine, verdict)


def mkfs(*arguments):
    tool = os.path.join(TEACH, "mkfs.py")
    return subprocess.run([sys.executable, tool, *arguments], capture_output=True, check=False)


def new_disk(path, kernel, blocks):
    made = mkfs("create", "--blocks", str(blocks), "--from", kernel, path)
    if made.returncode != 0:
        raise Failed(made.stderr.decode())


def free_blocks(path):
    return int(re.search(rb", (\d+) blocks free", mkfs("check", path).stdout).group(1))


def damage(path):
    """By the drawing in kernel/fs.c, with 1,024 blocks: chain table in blocks 1 and 2, directory in 3 and 4."""
    with open(path, "r+b") as disk:
        data = bytearray(disk.read())
        for at in range(3 * 1024, 5 * 1024, 32):
            name = data[at:at + 24].rstrip(b"\0")
            first = int.from_bytes(data[at + 28:at + 30], "little")
            if name == b"welcome":
                data[1024 + 2 * first:1024 + 2 * first + 2] = first.to_bytes(2, "little")
            elif name == b"hello":
                data[at + 28:at + 30] = (60000).to_bytes(2, "little")
        disk.seek(0)
        disk.write(data)


class Runner:
    def __init__(self, arguments):
        self.arguments = arguments
        self.verdict = Verdict()
        self.sessions = 0
        self.disk = None

    def session(self, body, disk=None):
        command = [word.replace("{disk}", disk or "") for word in self.arguments.command]
        self.verdict.session = body.__name__
        self.sessions += 1
        start = time.monotonic()
        machine = Machine(command, self.arguments.timeout)
        try:
            body(machine, self.verdict)
        except (Failed, BrokenPipeError, AttributeError) as error:  # AttributeError: a pattern found nothing
            self.verdict.check(False, f"{error!r}", machine.text[-2000:])
        finally:
            machine.stop()
        print(f"  {body.__name__:20} {time.monotonic() - start:5.1f} s", flush=True)
        if self.arguments.show:
            print(machine.text)

    def good_on_disk(self, disk, what):
        result = mkfs("check", disk)
        self.verdict.check(result.returncode == 0, what, result.stderr.decode())

    def with_disks(self, folder):
        disk = os.path.join(folder, "disk.img")
        kernel = self.arguments.kernel
        new_disk(disk, kernel, 1024)
        free = free_blocks(disk)
        self.session(whole_session, disk)
        self.good_on_disk(disk, "the file system is in order after the first session")
        self.verdict.check(mkfs("cat", disk, "notes").stdout == b"a b c\n", "mkfs.py reads what the kernel wrote")
        self.session(second_boot, disk)
        self.good_on_disk(disk, "the file system is in order after the second session")
        self.verdict.check(free_blocks(disk) == free + 1, "the blocks of removed files are free again")
        new_disk(disk, kernel, 512)
        new_disk(disk, kernel, 512 - free_blocks(disk) + 3)
        self.session(full_disk, disk)
        self.good_on_disk(disk, "the file system is in order after it was full")
        new_disk(disk, kernel, 1024)
        damage(disk)
        self.session(damaged_disk, disk)
        # The blocks that the broken entry of `hello` had led to belong to nobody: that, and no worse.
        self.verdict.check(b"taken and belong to nobody" in mkfs("check", disk).stderr, "no block has two owners")
        with open(disk, "wb") as blank:
            blank.write(bytes(1 << 20))
        self.session(foreign_disk, disk)

    def without_disks(self):
        for body in (whole_session, piped_session, panic_session, failed_halt_session):
            self.session(body)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", default=os.path.join(TEACH, "teach.elf"), help="where disks get their files")
    parser.add_argument("--timeout", type=float, default=60, help="seconds to wait for any one answer")
    parser.add_argument("--show", action="store_true", help="print each session's console")
    parser.add_argument("command", nargs="+", help="the machine; {disk} stands for a disk image")
    arguments = parser.parse_args()
    if shutil.which(arguments.command[0]) is None:
        print(f"SKIPPED: there is no {arguments.command[0]} on this machine")
        return 77

    runner = Runner(arguments)
    if any("{disk}" in word for word in arguments.command):
        with tempfile.TemporaryDirectory() as folder:
            runner.with_disks(folder)
    else:
        runner.without_disks()
    verdict = runner.verdict
    for failure in verdict.failures:
        print(f"FAILED {failure}")
    print(f"teach_console: {verdict.checks} checks in {runner.sessions} sessions, "
          f"{len(verdict.failures) or 'none'} failed")
    return 1 if verdict.failures else 0


if __name__ == "__main__":
    sys.exit(main())
