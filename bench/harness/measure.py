# SPDX-License-Identifier: MIT
"""What is measured and in which order: everything once a pass, all engines in turn for each row, pass after pass.

A guest under Linux is started once and sits at its console while others have the processor; nothing runs beside the
one that is measured. Next: report.py.
"""

import dataclasses
import os
import re
import resource
import subprocess
import time

from harness.failures import Broken, say
from harness.guest import Guest, Sample, counts_of, spawn

STEPS_PER_TICK = 100  # Vitrine's guest time: part of a run's identity, and its default
SESSION_WORDS = "console=ttyS0 panic=-1 vt.cmd=/bench/serve"
START_WORDS = "console=ttyS0 panic=-1 quiet rdinit=/vt-init"
NATIVE = "native"
NATIVE_REPEATS = 3  # natively a run takes some 50 ms: more of them find the minimum
STARTS_PER_PASS = 10


@dataclasses.dataclass
class Row:
    """One line of the results."""

    name: str
    family: str
    rounds: int = 0
    checksum: str = ""                                # the right one; empty: not judged
    samples: dict = dataclasses.field(default_factory=dict)   # engine -> [Sample]
    failures: dict = dataclasses.field(default_factory=dict)  # engine -> why

    def add(self, engine, sample):
        self.samples.setdefault(engine, []).append(sample)


class Bench:
    """The machinery of a run: what was built, the processor, the folder for logs, the limits."""

    def __init__(self, built, linux, archives, processor, timeout):
        self.built, self.linux, self.processor, self.timeout = built, linux, processor, timeout
        self.session_archive, self.start_archive = archives

    def guest(self, engine, command, what):
        log = self.built.folder / f"{what}-{re.sub('[^a-z0-9]+', '-', engine.name)}.log"
        return Guest(engine, command, self.processor, log, self.timeout)

    def process(self, words):
        """Runs a host program on the processor; returns its output."""
        child = spawn([str(word) for word in words], self.processor, stdin=subprocess.DEVNULL,
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd="/dev/shm")
        try:
            output, _ = child.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise Broken(f"not within {self.timeout:g} s") from None
        if child.returncode != 0:
            raise Broken(f"exit code {child.returncode}: {output.strip()[-200:]}")
        return output


def native_sample(bench, program, name, rounds):
    """A native run; it takes its own time."""
    output = bench.process([program, "run", name, rounds])
    match = re.search(rf"^VT-END {name} ([0-9a-f]{{16}})(.*)$", output, re.MULTILINE)
    if not match:
        raise Broken(f"no result: {output.strip()[-200:]}")
    counts = counts_of(match[2])
    return Sample(counts["ns"] / 1e9, counts["cpu_us"] / 1e6, match[1], counts)


class Session:
    """A guest under Linux that runs workloads on demand; started when first needed, and again after a failure."""

    def __init__(self, bench, engine):
        self._bench, self._engine, self._guest = bench, engine, None

    def run(self, row):
        try:
            guest = self._guest = self._guest or self._start()
            guest.type(f"held {row.name} {row.rounds}\n")
            sample = guest.held_run(row.name)
            status, _ = guest.wait_for(r"^VT-STATUS (\d+)", f"the status of {row.name}")
            if status[1] != "0":
                raise Broken(f"{row.name} ended with {status[1]}")
        except Broken:
            self.close()
            raise
        if self._engine.is_vitrine:
            sample.counts["instructions"] = sample.counts["ticks"] * STEPS_PER_TICK
        return sample

    def _start(self):
        bench = self._bench
        say(f"starting Linux on {self._engine.name}")
        command = self._engine.linux(bench.linux, bench.session_archive, SESSION_WORDS)
        guest = bench.guest(self._engine, command, "session")
        try:
            guest.wait_for(r"^VT-READY", "the guest's shell")
        except Broken:
            guest.close()
            raise
        return guest

    def close(self):
        if self._guest:
            self._guest.close()
        self._guest = None


def bare_sample(bench, engine, row):
    guest = bench.guest(engine, engine.bare(bench.built.bare(row.name)), f"bare-{row.name}")
    try:
        sample = guest.held_run(row.name)
        if code := guest.wait_end():
            raise Broken(f"exit code {code}")
    finally:
        guest.close()
    if not engine.is_vitrine:
        sample.counts.pop("instructions")  # elsewhere minstret counts other things
    return sample


def start_sample(bench, engine, what):
    """From the program's start to its end; the processor time is that of this one child."""
    command = engine.starts(bench.built, bench.linux)[what]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    child = spawn(command, bench.processor, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                  stderr=subprocess.DEVNULL)
    try:
        code = child.wait(bench.timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise Broken(f"not within {bench.timeout:g} s") from None
    wall = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if code != 0:
        raise Broken(f"exit code {code}")
    return Sample(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "")


def linux_sample(bench, engine, _what):
    """From the program's start to process 1, and the emulator's memory at that moment."""
    guest = bench.guest(engine, engine.linux(bench.linux, bench.start_archive, START_WORDS), "start")
    try:
        _, now = guest.wait_for(r"^VT-INIT", "process 1")
        counts = memory(guest.pid)
        guest.type("\n")
        if code := guest.wait_end():
            raise Broken(f"exit code {code}")
    finally:
        guest.close()
    return Sample(now.wall - guest.started, now.cpu, "", counts)


def memory(pid):
    """KiB of a process: resident, its proportional part, page tables."""
    wanted = {"Rss": "rss", "Pss": "pss", "VmPTE": "page_tables"}
    counts = {}
    for name in ("smaps_rollup", "status"):
        with open(f"/proc/{pid}/{name}", encoding="ascii", errors="replace") as file:
            for line in file:
                key, _, value = line.partition(":")
                if key in wanted:
                    counts[wanted[key]] = int(value.split()[0])
    return counts


class Runner:
    """Takes the samples of all rows."""

    def __init__(self, bench, engines, with_native):
        self._bench, self._engines, self._with_native = bench, engines, with_native
        self._sessions = {engine.name: Session(bench, engine) for engine in engines}

    def set_checksums(self, rows):
        """Natively, by the build with fused multiply-add: that is what the guest's compiler makes of a*b + c."""
        for row in rows:
            if row.family == "fp" and not host_has_fma():
                say(f"{row.name}: the checksum is not judged, since this host has no fused multiply-add")
            elif row.rounds:
                row.checksum = native_sample(self._bench, self._bench.built.judge, row.name, row.rounds).checksum

    def run(self, rows, passes):
        try:
            for number in range(1, passes + 1):
                for row in rows:
                    say(f"pass {number} of {passes}: {row.family}/{row.name}")
                    self._row(row)
        finally:
            for session in self._sessions.values():
                session.close()

    def _row(self, row):
        if self._with_native and row.family not in ("start", "linux"):
            for _ in range(NATIVE_REPEATS):
                self._sample(row, NATIVE, lambda: native_sample(self._bench, self._bench.built.native, row.name,
                                                                row.rounds))
        for engine in self._engines:
            for _ in range(STARTS_PER_PASS if row.family == "start" else 1):
                self._sample(row, engine.name, lambda: self._guest_sample(row, engine))

    def _guest_sample(self, row, engine):
        if row.family == "bare":
            return bare_sample(self._bench, engine, row)
        if row.family == "start":
            return start_sample(self._bench, engine, row.name)
        if row.family == "linux":
            return linux_sample(self._bench, engine, row.name)
        return self._sessions[engine.name].run(row)

    @staticmethod
    def _sample(row, engine, take):
        """One sample; a failure is kept, and ends this engine's part in the row."""
        if engine in row.failures:
            return
        try:
            sample = take()
            rounded = engine == NATIVE and row.family == "fp"  # without fused multiply-add: other last digits
            if row.checksum and not rounded and sample.checksum != row.checksum:
                raise Broken(f"the checksum is {sample.checksum}, natively it is {row.checksum}")
        except Broken as problem:
            row.failures[engine] = str(problem)
            say(f"{row.family}/{row.name} on {engine} FAILED: {problem}")
            return
        row.add(engine, sample)


def host_has_fma():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        return bool(re.search(r"^flags\s*:.*\bfma\b", file.read(), re.MULTILINE))


def last_processor():
    return max(os.sched_getaffinity(0))
