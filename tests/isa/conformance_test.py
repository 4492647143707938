#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/conformance enters results, and refuses a failure that nothing explains."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/conformance"
RESULTS = {"tests": [{"name": "a/one", "verdict": "pass"}, {"name": "a/two", "verdict": "fail"}, {"name": "b", "verdict": "skipped"}]}
CONSOLE = "PASS: sbi: base\r\nINFO: x\r\nSKIP: sbi: susp: none\r\nKFAIL: sbi: ipi: mask\r\nSUMMARY: 3 tests\r\n"


class Entered(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def enter(self, text, *options):
        (self.folder / "results").write_text(text, encoding="utf-8", newline="")
        command = [sys.executable, TOOL, "--data", self.folder / "data", "suite", "S", "--version", "1", "--engine", "E", *options]
        return subprocess.run([*command, self.folder / "results"], capture_output=True, text=True, check=False)

    def entries(self):
        return json.loads((self.folder / "data").read_text(encoding="utf-8"))["suites"]

    def test_Unexplained_IsRefused(self):
        done = self.enter(json.dumps(RESULTS), "--explain", "b*=x=y")
        self.assertEqual(done.returncode, 1)
        self.assertIn("a/two", done.stderr)
        self.assertFalse((self.folder / "data").exists())
        self.assertNotEqual(self.enter('{"tests": []}').returncode, 0)

    def test_Explained_IsCounted_AndReplacesWhatWasThere(self):
        for _ in range(2):
            self.assertEqual(self.enter(json.dumps(RESULTS), "--explain", "a/*=what=why = so").returncode, 0)
        (entry,) = self.entries()
        self.assertEqual([entry[key] for key in ("tests", "passed", "skipped", "failed")], [3, 1, 1, 1])
        self.assertEqual(entry["explained"], [{"count": 1, "what": "what", "why": "why = so"}])

    def test_Console_LinesAreTests(self):
        self.assertEqual(self.enter(CONSOLE, "--console").returncode, 1)
        self.assertEqual(self.enter(CONSOLE, "--console", "--explain", "*mask=what=why").returncode, 0)
        self.assertEqual([self.entries()[0][key] for key in ("tests", "passed", "skipped", "failed")], [3, 1, 1, 1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
