# SPDX-License-Identifier: MIT
"""The numbers of a run, as tables for people and as JSON for programs. README.md says what they mean."""

import datetime
import math
import os
import pathlib
import platform
import re
import statistics
import subprocess

from harness.measure import NATIVE

SCHEMA = 1
BUSY = 1.1  # elapsed over processor time above which the numbers are not to be trusted
# Families whose rows are compared with native runs, in the order of the tables, and what they are called there.
FAMILIES = {"integer": "integer", "fp": "floating point", "os": "operating system", "bare": "bare, M mode"}


class Numbers:
    """One clock of the samples, "cpu" or "wall", and everything derived from it."""

    def __init__(self, clock):
        self.clock = clock

    def times(self, row, engine):
        return [getattr(sample, self.clock) for sample in row.samples.get(engine, [])]

    def best(self, row, engine):
        return min(self.times(row, engine), default=None)

    def spread(self, row, engine):
        """How far the median lies above the minimum: 0.05 is 5 %."""
        times = self.times(row, engine)
        return statistics.median(times) / min(times) - 1 if times and min(times) > 0 else None

    def ratio(self, row, engine, to):
        mine, other = self.best(row, engine), self.best(row, to)
        return mine / other if mine and other else None

    def speed(self, row, engine):
        """Million guest instructions a second, where the engine counts them."""
        speeds = [sample.counts["instructions"] / getattr(sample, self.clock) / 1e6
                  for sample in row.samples.get(engine, [])
                  if sample.counts.get("instructions") and getattr(sample, self.clock) > 0]
        return max(speeds, default=None)


def mean(values):
    """Geometric mean of what is there, or None."""
    values = [value for value in values if value]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def instructions(row):
    for samples in row.samples.values():
        for sample in samples:
            if sample.counts.get("instructions"):
                return sample.counts["instructions"]
    return None


def waiting(rows):
    """Elapsed over processor time, median of all samples: above 1 while the machine had other things to do. Starts are
    left out, since a guest that boots does wait."""
    ratios = [sample.wall / sample.cpu for row in rows if row.family in FAMILIES
              for samples in row.samples.values() for sample in samples if sample.cpu > 0]
    return statistics.median(ratios) if ratios else None


# Tables. A cell is a text; None becomes a dash.

def figure(value, digits=3):
    """Three digits that mean something: 0.123, 1.23, 12.3, 123."""
    if value is None:
        return "-"
    return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(value)))}f}" if 0 < value < 1000 else f"{value:,.0f}"


def percent(value):
    return "-" if value is None else f"{100 * value:.0f}%"


def table(head, lines):
    widths = [max(len(line[i]) for line in (head, *lines)) for i in range(len(head))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in (head, ["-" * width for width in widths], *lines))


class Report:
    def __init__(self, rows, engines, numbers):
        self._rows, self._engines, self._numbers = rows, engines, numbers
        self._references = [engine for engine in engines if not engine.is_vitrine]

    def text(self):
        parts = [self._family(family) for family in FAMILIES if self._of(family)]
        parts += [part for part in (self._starts(), self._means(), self._busy(), self._failures()) if part]
        return "\n\n".join(parts)

    def _of(self, family):
        return [row for row in self._rows if row.family == family]

    def _columns(self):
        """Heading and function of a row for each column."""
        numbers = self._numbers
        yield "native ms", lambda row: figure(milliseconds(numbers.best(row, NATIVE)))
        yield "M instr", lambda row: figure((instructions(row) or 0) / 1e6 or None)
        for engine in self._engines:
            yield f"{engine.name} ms", lambda row, e=engine.name: figure(milliseconds(numbers.best(row, e)))
            yield "/native", lambda row, e=engine.name: figure(numbers.ratio(row, e, NATIVE))
            if engine.is_vitrine:
                yield "M/s", lambda row, e=engine.name: figure(numbers.speed(row, e))
                for other in self._references:
                    yield (f"{other.name}/it",
                           lambda row, e=engine.name, o=other.name: figure(numbers.ratio(row, o, e)))
            yield "spread", lambda row, e=engine.name: percent(numbers.spread(row, e))

    def _family(self, family):
        rows = self._of(family)
        columns = list(self._columns())
        lines = [[row.name, *(cell(row) for _, cell in columns)] for row in rows]
        lines.append(self._mean_line(family))
        return table([FAMILIES[family], *(head for head, _ in columns)], lines)

    def _mean_line(self, family):
        means, line = family_means(self._of(family), self._engines, self._numbers), ["geometric mean", "", ""]
        for engine in self._engines:
            of = means[engine.name]
            line += ["", figure(of["slowdown"])]
            if engine.is_vitrine:
                line += [figure(of["million_instructions_per_second"])]
                line += [figure(of["speed_up"][other.name]) for other in self._references]
            line += [percent(of["spread"])]
        return line

    def _starts(self):
        rows = self._of("start") + self._of("linux")
        if not rows:
            return None
        head = ["start of the program to ...", *(f"{engine.name} ms" for engine in self._engines),
                *(f"{other.name}/{mine.name}" for mine in self._engines if mine.is_vitrine
                  for other in self._references)]
        wall = Numbers("wall")  # waiting counts here
        lines = []
        for row in rows:
            line = [START_NAMES.get(row.name, row.name)]
            line += [figure(milliseconds(wall.best(row, engine.name))) for engine in self._engines]
            line += [figure(wall.ratio(row, other.name, mine.name)) for mine in self._engines if mine.is_vitrine
                     for other in self._references]
            lines.append(line)
        text = table(head, lines)
        if linux := self._of("linux"):
            text += "\n\n" + self._memory(linux[0])
        return text

    def _memory(self, row):
        lines = []
        for engine in self._engines:
            if samples := row.samples.get(engine.name):
                counts = min((sample.counts for sample in samples), key=lambda counts: counts["pss"])
                lines.append([engine.name, *(figure(counts[key] / 1024) for key in ("rss", "pss", "page_tables")),
                              figure((counts["pss"] + counts["page_tables"]) / 1024)])
        return table(["memory at process 1, MiB", "resident", "PSS", "page tables", "PSS + tables"], lines)

    def _means(self):
        lines = []
        for family in FAMILIES:
            rows = self._of(family)
            for engine in self._engines if rows else ():
                of = family_means(rows, self._engines, self._numbers)[engine.name]
                lines.append([f"{FAMILIES[family]}, {engine.name}", f"{of['rows']} of {len(rows)}",
                              figure(of["slowdown"]), figure(of.get("million_instructions_per_second")),
                              *(figure(of["speed_up"].get(other.name)) for other in self._references),
                              percent(of["spread"]), percent(of["largest_spread"])])
        head = ["geometric means", "rows", "/native", "M/s", *(f"{other.name}/it" for other in self._references),
                "mean spread", "largest"]
        return table(head, lines) if lines else None

    def _busy(self):
        ratio = waiting(self._rows)
        if not ratio or ratio < BUSY:
            return None
        return (f"This machine was busy with other things: elapsed time was {figure(ratio)} times the processor time "
                "(median). Differences mean\nlittle, those of starts nothing.")

    def _failures(self):
        lines = [f"FAILED {row.family}/{row.name} on {engine}: {why}"
                 for row in self._rows for engine, why in row.failures.items()]
        return "\n".join(lines)


START_NAMES = {"shutdown": "exit, SBI shutdown (Vitrine's own SBI)", "shutdown_opensbi": "exit, SBI shutdown (OpenSBI)",
               "finish_bare": "exit, finisher in M mode", "init": "process 1 of Linux"}


def milliseconds(seconds):
    return None if seconds is None else seconds * 1000


def family_means(rows, engines, numbers):
    """engine -> its means over the rows. A row without a number for a ratio is left out of that ratio's mean."""
    references = [engine for engine in engines if not engine.is_vitrine]
    means = {}
    for engine in engines:
        name = engine.name
        spreads = [numbers.spread(row, name) for row in rows if row.samples.get(name)]
        means[name] = {
            "rows": sum(1 for row in rows if row.samples.get(name) and name not in row.failures),
            "slowdown": mean(numbers.ratio(row, name, NATIVE) for row in rows),
            "million_instructions_per_second": mean(numbers.speed(row, name) for row in rows),
            "speed_up": {other.name: mean(numbers.ratio(row, other.name, name) for row in rows)
                         for other in references if engine.is_vitrine},
            "spread": statistics.mean(spreads) if spreads else None,
            "largest_spread": max(spreads, default=None),
        }
    return means


def as_json(rows, engines, numbers, settings):
    families = {row.family: None for row in rows}
    return {
        "schema": SCHEMA,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "settings": settings | {"clock": numbers.clock},
        "engines": {engine.name: {"program": pathlib.Path(engine.program).name, "version": engine.version,
                                  "words": engine.words} for engine in engines},
        "means": {family: family_means([row for row in rows if row.family == family], engines, numbers)
                  for family in families},
        "elapsed_over_processor_time": waiting(rows),
        "rows": [row_json(row, numbers) for row in rows],
    }


def row_json(row, numbers):
    return {
        "name": row.name, "family": row.family, "rounds": row.rounds, "checksum": row.checksum,
        "instructions": instructions(row), "failures": row.failures,
        "engines": {engine: {
            "best_seconds": numbers.best(row, engine), "spread": numbers.spread(row, engine),
            "slowdown": numbers.ratio(row, engine, NATIVE),
            "million_instructions_per_second": numbers.speed(row, engine),
            "samples": [{"wall": s.wall, "cpu": s.cpu, **s.counts} for s in samples],
        } for engine, samples in row.samples.items()},
    }


def machine():
    """What somebody needs to know to compare these numbers with others."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        cpu = dict(re.findall(r"^(model name|flags|cache size)\s*:\s*(.*)$", file.read(), re.MULTILINE))
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = re.search(r"MemTotal:\s*(\d+)", file.read())
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "") if hasattr(platform, "freedesktop_os_release") \
        else ""
    return {
        "processor": cpu.get("model name", platform.machine()), "processors": os.cpu_count(),
        "virtual": "hypervisor" in cpu.get("flags", "").split(), "cache": cpu.get("cache size", ""),
        "memory_mib": int(memory[1]) // 1024 if memory else None,
        "kernel": platform.release(), "system": release, "load_average": os.getloadavg(),
        "compiler": first_line(["gcc", "--version"]),
        "guest_compiler": first_line(["riscv64-linux-gnu-gcc", "--version"]),
    }


def first_line(command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\n")[0]


def heading(settings, engines, about, numbers):
    clock = {"cpu": "processor time of the emulator", "wall": "elapsed time"}[numbers.clock]
    virtual = " of a virtual machine" if about["virtual"] else ""
    passes = "1 pass" if settings["passes"] == 1 else f"{settings['passes']} passes"
    lines = [f"{about['processor']}, {about['processors']} processors{virtual}, {about['system']}, "
             f"kernel {about['kernel']}, load {about['load_average'][0]:.1f}",
             f"{about['compiler']}; {about['guest_compiler']}",
             *(f"{engine.name}: {engine.version}" for engine in engines),
             f"{passes}, {settings['size']} sizes, processor {settings['processor']}; minimum of the passes, by {clock}",
             "spread: how far the median is above the minimum; QEMU/it: how many times as long QEMU takes"]
    return "\n".join(lines)
