# SPDX-License-Identifier: MIT
"""Judges linux_console.py itself: it must pass what is right and fail what is wrong.

The "machine" is a shell of the host behind a pseudo-terminal, which answers as a guest would, except for the jobs
that ask what machine it is. Each test then breaks one thing. Needs bash and the host's usual tools.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
MACHINE = """
import os, pty, sys
print("vitrine-init: ready", flush=True)
pty.spawn(["bash", "--norc", "--noprofile", "-i"])
print(os.environ.get("LAST_WORDS", ""), flush=True)
sys.exit(int(os.environ.get("EXIT_CODE", "0")))
"""


class LinuxConsole(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tools = pathlib.Path(self.folder.name)
        # What a riscv64 guest would say; the files under /proc are the host's.
        self.tool("uname", "echo Linux riscv64")
        self.tool("grep", 'case "$*" in *^processor*) echo 1 ;; *) echo "isa : rv64imafdc" ;; esac')

    def tool(self, name, script):
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
        path.chmod(0o755)

    def console(self, *options, machine=MACHINE, **variables):
        """Runs the scenario "shell"; returns the exit code and the names of the steps that failed."""
        environment = {"PATH": f"{self.tools}:{os.environ['PATH']}", "LC_ALL": "C", "PS1": "# ", "TERM": "dumb",
                       "HOME": self.folder.name, **variables}
        done = subprocess.run([sys.executable, HERE / "linux_console.py", "shell", "--timeout", "20", *options, "--",
                               sys.executable, "-c", machine], env=environment, capture_output=True, text=True,
                              check=False)
        return done.returncode, re.findall(r"^FAIL (.*) \(", done.stdout, re.MULTILINE)

    def test_RightAnswers_Pass(self):
        self.assertEqual(self.console(), (0, []))

    def test_WrongNumberOfHarts_Fails(self):
        self.assertEqual(self.console("--harts", "2"), (1, ["the harts of /proc/cpuinfo"]))

    def test_WrongDigest_Fails(self):
        self.tool("sha256sum", "cat > /dev/null; echo " + "0" * 64)
        self.assertEqual(self.console(), (1, ["sha256sum of generated data"]))

    def test_WrongFloatingPoint_Fails(self):
        self.tool("awk", "echo 9.094508852984405")  # the last digit
        self.assertEqual(self.console(), (1, ["floating point in awk"]))

    def test_RightOutputWrongStatus_Fails(self):
        self.tool("uname", "echo Linux riscv64; exit 1")
        self.assertEqual(self.console(), (1, ["uname"]))

    def test_EmulatorEndsWithAnotherCode_Fails(self):
        self.assertEqual(self.console(EXIT_CODE="3"), (1, ["leaving the shell powers off"]))

    def test_Panic_EndsTheSessionAtOnce(self):
        panic = "print('[ 1.0] Kernel panic - not syncing: no', flush=True); import time; time.sleep(60)"
        self.assertEqual(self.console(machine=panic), (1, ["boot to the shell"]))

    def test_Silence_FailsAfterTheTimeLimit(self):
        self.assertEqual(self.console("--timeout", "1", machine="import time; time.sleep(60)"),
                         (1, ["boot to the shell"]))

    def test_MissingGuest_IsSkippedAloud(self):
        done = subprocess.run([sys.executable, HERE / "linux_console.py", "shell", "--", "x", "{guests}/linux/Image"],
                              env={**os.environ, "XDG_CACHE_HOME": self.folder.name}, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 77)
        self.assertIn("tools/guests/fetch linux", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
