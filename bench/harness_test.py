#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the harness that need no emulator: its arithmetic, and that it finds what it is there to find.

Run it by itself: bench/harness_test.py
"""

import html.parser
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

sys.dont_write_bytecode = True

from harness import build, counters, engines, guest, measure, page, report  # noqa: E402  (after the line above)
from harness.failures import Broken, Missing, Usage  # noqa: E402


class FakeEngine:
    """A name, and whether it is one of ours."""

    def __init__(self, name, is_vitrine=False):
        self.name, self.is_vitrine = name, is_vitrine


def row(family="integer", **times):
    """A row with those processor seconds by engine; elapsed time is twice as long."""
    made = measure.Row("example", family, rounds=1)
    for engine, seconds in times.items():
        for second in seconds:
            made.add(engine, guest.Sample(2 * second, second, "0", {"instructions": 6_000_000}))
    return made


class Table(unittest.TestCase):
    def test_families_have_the_programs_that_make_the_means(self):
        families = [family for _, family, _, _ in build.workload_table()]
        self.assertEqual({family: families.count(family) for family in families},
                         {"integer": 15, "fp": 6, "os": 12})

    def test_names_are_unique_and_bare_ones_exist(self):
        names = [name for name, *_ in build.workload_table()]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(set(build.BARE_WORKLOADS), set(names))


class Arithmetic(unittest.TestCase):
    def test_mean_is_geometric_and_skips_what_is_missing(self):
        self.assertAlmostEqual(report.mean([2, None, 8]), 4)
        self.assertIsNone(report.mean([None]))

    def test_best_is_the_minimum_and_spread_the_median_above_it(self):
        numbers, one = report.Numbers("cpu"), row(qemu=[3, 2, 5])
        self.assertEqual(numbers.best(one, "qemu"), 2)
        self.assertAlmostEqual(numbers.spread(one, "qemu"), 0.5)

    def test_slowdown_and_speed_up_are_ratios_of_minima(self):
        rows = [row(native=[1, 2], ours=[6, 4], qemu=[8]), row(native=[1], ours=[9], qemu=[36])]
        means = report.family_means(rows, [FakeEngine("ours", True), FakeEngine("qemu")], report.Numbers("cpu"))
        self.assertAlmostEqual(means["ours"]["slowdown"], 6)               # sqrt(4 * 9)
        self.assertAlmostEqual(means["ours"]["speed_up"]["qemu"], 8 ** .5)  # sqrt(8/4 * 36/9)
        self.assertAlmostEqual(means["qemu"]["slowdown"], (8 * 36) ** .5)

    def test_speed_is_instructions_by_the_chosen_clock(self):
        one = row(ours=[2, 3])
        self.assertAlmostEqual(report.Numbers("cpu").speed(one, "ours"), 3)
        self.assertAlmostEqual(report.Numbers("wall").speed(one, "ours"), 1.5)

    def test_busy_machine_is_noticed(self):
        self.assertAlmostEqual(report.waiting([row(ours=[1, 3])]), 2)

    def test_figures_have_three_digits(self):
        self.assertEqual([report.figure(number) for number in (0.01234, 1.234, 99.94, 123.4, 12345.6, 0, None)],
                         ["0.0123", "1.23", "99.9", "123", "12,346", "0", "-"])

    def test_counters_are_differences_per_million_steps(self):
        found = counters.difference({"steps": 150_000_000, "fills": 900}, {"steps": 50_000_000, "fills": 400})
        self.assertEqual(found, {"steps": 100_000_000, "fills": 5})

    def test_counters_that_are_shares(self):
        warm = {"steps": 50_000_000, "host_code_bytes": 400, "instructions_translated": 10, "host_seconds": 1,
                "translation_microseconds": 500_000}
        run = {"steps": 150_000_000, "host_code_bytes": 600, "instructions_translated": 20, "host_seconds": 3,
               "translation_microseconds": 600_000}
        found = counters.difference(run, warm)
        self.assertEqual(found["host bytes per translated instruction"], 30)
        self.assertAlmostEqual(found["translation, % of the host's time"], 15)  # 10 of 20 instructions in 2 s; 20 took 0.6 s
        self.assertFalse({"host_seconds", "translation_microseconds"} & found.keys())

    def test_counters_of_a_short_run_are_refused(self):
        with self.assertRaises(Broken):
            counters.difference({"steps": 51_000_000}, {"steps": 50_000_000})


class Failures(unittest.TestCase):
    @staticmethod
    def sampled(checksum, family="integer", engine="ours"):
        one = measure.Row("example", family, rounds=1, checksum="1")
        measure.Runner._sample(one, engine, lambda: guest.Sample(1, 1, checksum))
        return one

    def test_wrong_checksum_is_a_failure_and_no_sample(self):
        one = self.sampled("2")
        self.assertIn("ours", one.failures)
        self.assertEqual(one.samples, {})

    def test_right_checksum_is_a_sample(self):
        one = self.sampled("1")
        self.assertEqual(one.failures, {})
        self.assertEqual(len(one.samples["ours"]), 1)

    def test_native_floating_point_is_not_judged_but_a_guests_is(self):
        self.assertEqual(self.sampled("2", "fp", measure.NATIVE).failures, {})
        self.assertIn("ours", self.sampled("2", "fp").failures)

    def test_unknown_engine_is_a_usage_error(self):
        with self.assertRaises(Usage):
            engines.make("interpeter", "/nowhere", None)


def document():
    """A run as --json writes it: two families, QEMU and one engine, one failure with a hostile name."""
    rows = [row(native=[1, 2], translator=[6, 4], qemu=[8]), row("fp", native=[1], translator=[9, 12], qemu=[36])]
    rows[0].failures["qemu"] = "</svg><script>alert(1)</script>"
    ours, other = FakeEngine("translator", True), FakeEngine("qemu")
    ours.program, other.program = "/x/vitrine", "/x/qemu-system-riscv64"
    for engine in (ours, other):
        engine.version, engine.words = "1 & 2", []
    made = report.as_json(rows, [ours, other], report.Numbers("cpu"), {"passes": 2, "size": "quick"})
    made["counters_per_million_steps"] = [{"row": "integer/example", "engine": "translator", "steps": 3e7, "fills": 5.25}]
    return json.loads(json.dumps(made))


class Tags(html.parser.HTMLParser):
    """The names of a page's elements, and whether they are closed in order."""

    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.cells = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


class Page(unittest.TestCase):
    def setUp(self):
        try:
            page.pyplot()
        except Missing as problem:
            self.skipTest(str(problem))

    def test_elements_are_balanced_and_nothing_is_let_in(self):
        text = page.text(document())
        tags = Tags(text)
        self.assertEqual(tags.open, [])
        self.assertNotIn("script", tags.seen)
        self.assertIn("&lt;script&gt;", text)
        self.assertNotRegex(text, r'(?:src|href)="(?!#)')  # nothing is fetched

    def test_numbers_are_in_the_tables(self):
        cells = Tags(page.text(document())).cells
        for number in ("4.00", "9.00", "2.00", "50%", "5.25", "30.0"):  # 4/1, 9/1, 8/4, median 5 over 4, the counters
            self.assertIn(number, cells)

    def test_a_plot_for_each_family_with_all_its_rows(self):
        plots = re.findall(r"<svg.*?</svg>", page.text(document()), re.DOTALL)
        self.assertEqual(len(plots), 2)
        for plot in plots:
            texts = [node.firstChild.data.strip() for node in xml.dom.minidom.parseString(plot).getElementsByTagName("text")]
            for word in ("example", "geometric mean", "translator", "qemu / translator"):
                self.assertIn(word, texts)

    def test_the_same_run_makes_the_same_page(self):
        run = document()
        self.assertEqual(page.text(run), page.text(run))

    def test_program_writes_beside_the_json_file(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "run.json"
            source.write_text(json.dumps(document()))
            done = subprocess.run([sys.executable, pathlib.Path(__file__).parent / "page", source], check=False)
            self.assertEqual(done.returncode, 0)
            self.assertIn("<h1>", source.with_suffix(".html").read_text())


class PageWithoutMatplotlib(unittest.TestCase):
    def test_what_is_missing_is_named(self):
        """A folder in front of the library's place in which importing it fails, as where there is none."""
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "matplotlib.py").write_text("raise ImportError\n")
            source = pathlib.Path(folder) / "run.json"
            source.write_text("{}")
            done = subprocess.run([sys.executable, pathlib.Path(__file__).parent / "page", source], text=True,
                                  env={"PYTHONPATH": folder, "PATH": "/usr/bin:/bin"}, capture_output=True, check=False)
            self.assertEqual(done.returncode, 112)
            self.assertIn("python3-matplotlib", done.stderr)


class Console(unittest.TestCase):
    """A shell script stands for the emulator."""

    def guest(self, script, timeout=5):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        made = guest.Guest(FakeEngine("fake"), ["sh", "-c", script], measure.last_processor(),
                           pathlib.Path(folder.name) / "log", timeout)
        self.addCleanup(made.close)
        return made

    def test_only_the_work_between_the_lines_is_measured(self):
        busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
        fake = self.guest(f"{busy}; {busy}; echo VT-BEGIN x; read l; {busy}; echo VT-END x 00000000000000ab ns=7; "
                          f"read l; {busy}; echo done")
        sample = fake.held_run("x")
        fake.wait_for("^done", "the end")
        self.assertEqual((sample.checksum, sample.counts), ("00000000000000ab", {"ns": 7}))
        self.assertGreater(sample.cpu, 0.1 * fake.now().cpu)
        self.assertLess(sample.cpu, 0.4 * fake.now().cpu)  # a quarter of the whole

    def test_idle_time_is_not_processor_time(self):
        sample = self.guest("echo VT-BEGIN x; read l; sleep 1; echo VT-END x 0000000000000000; read l").held_run("x")
        self.assertGreater(sample.wall, 0.9)
        self.assertLess(sample.cpu, 0.5)

    def test_end_of_the_emulator_is_said_with_its_exit_code(self):
        with self.assertRaisesRegex(Broken, "exit code 3"):
            self.guest("echo VT-BEGIN x; exit 3").held_run("x")

    def test_hanging_guest_ends_at_the_time_limit(self):
        with self.assertRaisesRegex(Broken, "not within"):
            self.guest("sleep 20", timeout=0.2).held_run("x")

    def test_failed_workload_and_panic_do_not_wait_for_the_limit(self):
        for line in ("VT-FAILED sieve: wrong", "[ 1.2] Kernel panic - not syncing"):
            with self.assertRaisesRegex(Broken, "FAILED|panic"):
                self.guest(f"echo '{line}'; sleep 20").held_run("x")


if __name__ == "__main__":
    unittest.main(verbosity=2)
