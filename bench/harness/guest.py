# SPDX-License-Identifier: MIT
"""An emulator under measurement: started on one processor, its console read, its clocks taken from outside.

A workload waits for a line before and after the work (see workloads/main.c), so the clocks are read while the guest
does nothing. Next: measure.py.
"""

import contextlib
import dataclasses
import os
import re
import selectors
import subprocess
import time

from harness.failures import Broken

FATAL = re.compile(r"^(VT-FAILED .*|.*Kernel panic.*|.*Oops.*)$", re.MULTILINE)


@dataclasses.dataclass
class Moment:
    wall: float  # seconds of the host's monotonic clock
    cpu: float   # processor seconds of the emulator, all its threads


@dataclasses.dataclass
class Sample:
    """One run of one workload."""

    wall: float
    cpu: float
    checksum: str
    counts: dict = dataclasses.field(default_factory=dict)  # what the workload itself says: ns, cpu_us, ticks, ...


def process_clock(pid):
    """The id of a process's CPU clock: Linux encodes it so (clock_getcpuclockid(3)); 2 is nanoseconds run."""
    return (~pid << 3) | 2


def spawn(command, processor, **streams):
    """Starts a process that stays on one processor: it inherits the place of this one, which then goes back."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    try:
        return subprocess.Popen(command, **streams)
    finally:
        os.sched_setaffinity(0, before)


def counts_of(text):
    """"ns=12 ticks=3" as a dictionary."""
    return {name: int(value) for name, _, value in (word.partition("=") for word in text.split())}


class Guest:
    """A running emulator and its console."""

    def __init__(self, engine, command, processor, log, timeout):
        self.engine = engine
        self._timeout = timeout
        self._log = open(log, "wb")
        self._text = ""
        self.started = time.monotonic()
        self._process = spawn(command, processor, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, bufsize=0)
        self.pid = self._process.pid
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)

    def now(self):
        return Moment(time.monotonic(), time.clock_gettime(process_clock(self.pid)))

    def type(self, text):
        try:
            self._process.stdin.write(text.encode())
        except BrokenPipeError:
            raise self._ended("it was told to go on") from None

    def wait_for(self, pattern, what):
        """Waits for a line; returns its match and the moment at which it was read."""
        deadline = time.monotonic() + self._timeout
        while True:
            if match := re.search(pattern + r"\n", self._text, re.MULTILINE):
                self._text = self._text[match.end():]
                return match, self.now()
            if fatal := FATAL.search(self._text):
                raise Broken(f"while waiting for {what}: {fatal[0]}")
            if not self._selector.select(max(0, deadline - time.monotonic())):
                raise Broken(f"{what}: not within {self._timeout:g} s")
            piece = os.read(self._process.stdout.fileno(), 65536)
            if not piece:
                raise self._ended(what)
            self._log.write(piece)
            self._text += piece.decode("utf-8", "replace").replace("\r", "")

    def _ended(self, what):
        return Broken(f"the emulator ended (exit code {self._process.wait()}) before {what}: {self._text.strip()[-200:]}")

    def held_run(self, name):
        """The part between a workload's two lines, which it prints next; takes the time and lets it go on."""
        self.wait_for(rf"^VT-BEGIN {name}", f"the beginning of {name}")
        begin = self.now()
        self.type("\n")
        match, end = self.wait_for(rf"^VT-END {name} ([0-9a-f]{{16}})(.*)", f"the end of {name}")
        self.type("\n")
        return Sample(end.wall - begin.wall, end.cpu - begin.cpu, match[1], counts_of(match[2]))

    def wait_end(self):
        """Waits for the emulator to end by itself; returns its exit code."""
        try:
            self._process.communicate(timeout=self._timeout)
        except subprocess.TimeoutExpired:
            raise Broken(f"the emulator still runs {self._timeout:g} s after the guest's end") from None
        return self._process.returncode

    def close(self):
        self._process.kill()  # only this one, and nothing when it has ended
        self._process.wait()
        for file in (self._selector, self._process.stdin, self._process.stdout, self._log):
            with contextlib.suppress(BrokenPipeError):
                file.close()
