#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ctest, and before its summary a list of what was skipped, each with its own words: a skip that nobody sees looks
like a pass.

  run_ctest.py FOLDER CTEST-OPTION...      ctest's exit code; 1 if no test was run

A test says that it skips as its kind does: GoogleTest's GTEST_SKIP, unittest's skipTest (run with verbosity 2), or
exit code 77 and a line that begins with "skipped:".
"""

import os
import pathlib
import re
import subprocess
import sys
import time

SUMMARY = re.compile(r"\d+% tests passed|No tests were found")
REASONS = (re.compile(r"^\S+:\d+: Skipped\n(.+)", re.M),  # GoogleTest
           re.compile(r"^(\w+ \(.*\) ?\.\.\. skipped .*)", re.M),  # unittest
           re.compile(r"^skipped: (.+)", re.M | re.I))
ENTRY = re.compile(r"^\d+/\d+ Testing: (?P<name>.+)\n(?:.*\n)*?Output:\n-+\n(?P<output>(?:.*\n)*?)<end of output>", re.M)


def skips(log, summary):
    """(test, reason) of all skips in ctest's log, and of those that ctest alone knows of."""
    told = set()
    for entry in ENTRY.finditer(log):
        for pattern in REASONS:
            for reason in pattern.findall(entry["output"]):
                told.add(entry["name"])
                yield entry["name"], reason.strip()
    for name in re.findall(r"^\s+\d+ - (\S+) \(Skipped\)", summary, re.M):
        if name not in told:
            yield name, "it does not say why"


def skipped_text(log, summary):
    lines = [f"  {name}: {reason}\n" for name, reason in skips(log, summary)]
    return "".join([f"\nSkipped, and why ({len(lines)}):\n", *lines]) if lines else ""


def log_since(folder, start):
    path = pathlib.Path(folder) / "Testing/Temporary/LastTest.log"
    if not path.exists() or path.stat().st_mtime < start - 1:
        return ""  # ctest ran nothing (it listed tests, say)
    return path.read_text(errors="replace")


def main(folder, *options):
    os.environ["VITRINE_KEEP"] = "off"  # no test's run is anybody's last run
    start = time.time()
    summary = ""
    with subprocess.Popen(["ctest", "--test-dir", folder, "--no-tests=error", *options], stdout=subprocess.PIPE, text=True,
                          errors="replace") as ctest:
        for line in ctest.stdout:
            if summary or SUMMARY.match(line):
                summary += line
            else:
                print(line, end="", flush=True)
    print(skipped_text(log_since(folder, start), summary), end="")
    print("\n" + summary if summary else "", end="", flush=True)
    return ctest.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
