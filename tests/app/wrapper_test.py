#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scripts ./vitrine and ./test, in a small checkout of their own whose "program" is a shell script.

Packages and root are played by tools of our own that stand in front of the host's in PATH.
"""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import time
import unittest

from in_folder import InFolder

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT = 120

CMAKE = """\
cmake_minimum_required(VERSION 3.25)
project(play LANGUAGES NONE)
option(VITRINE_TESTS "" ON)
add_custom_command(OUTPUT vitrine COMMAND cp ${PROJECT_SOURCE_DIR}/app/program vitrine
                   DEPENDS ${PROJECT_SOURCE_DIR}/app/program)
add_custom_target(program ALL DEPENDS vitrine)
if(VITRINE_TESTS)
  enable_testing()
  add_test(NAME good COMMAND true)
  add_test(NAME other COMMAND true)
  add_test(NAME absent COMMAND sh -c "echo 'skipped: the moon is down'; exit 77")
  set_tests_properties(absent PROPERTIES SKIP_RETURN_CODE 77)
endif()
"""
PROGRAM = """\
#!/bin/bash
echo "$0|$*"
"""


class Wrapper(InFolder):
    def setUp(self):
        super().setUp()
        self.here = self.folder / "checkout"
        self.tools = self.folder / "bin"
        self.tools.mkdir()
        for name in ("core", "isa", "mmu", "devices", "translator", "classes", "debugger", "app", "labs", "examples/teach", "tools"):
            (self.here / name).mkdir(parents=True)
        for name in ("vitrine", "test", "tools/build.sh", "tools/run_ctest.py", "CMakePresets.json"):
            shutil.copy2(ROOT / name, self.here / name)
        shutil.copytree(ROOT / "tools/packages", self.here / "tools/packages")
        (self.here / "examples/teach/teach.elf").touch()
        (self.here / "CMakeLists.txt").write_text(CMAKE)
        self.program(PROGRAM)
        self.packages_installed(True)
        self.tool("apt-get", 'echo "apt-get $*" >> "$LOG"; readlink /proc/self/fd/0 >> "$LOG"')
        self.log = self.folder / "log"

    def program(self, text):
        path = self.here / "app/program"
        path.write_text(text)
        path.chmod(0o755)

    def tool(self, name, script):
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def packages_installed(self, all_of_them):
        last = "$#" if all_of_them else "($# - 1)"
        # dpkg-query -W -f=FORMAT NAME...: the names, or all but the last
        self.tool("dpkg-query", f'shift 2; i=0; for p in "$@"; do i=$((i+1)); '
                                f'[ $i -le $(({last})) ] && echo "$p all installed" || echo "$p all not-installed"; done')

    def packages_installed_for(self, architecture):
        self.tool("dpkg", "echo ours")
        self.tool("dpkg-query", f'shift 2; for p in "$@"; do echo "$p {architecture} installed"; done')

    def user(self, number):
        self.tool("id", f"echo {number}")

    def run_script(self, *words, script="./vitrine", **options):
        environment = {**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}", "LOG": str(self.log)}
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([script, *words], cwd=self.here, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False, **options)

    def test_FirstRun_BuildsAndPassesTheWordsOn(self):
        done = self.run_script("run", "two words", "--x")
        self.assertEqual((done.returncode, done.stdout), (0, f"{self.here}/build/vitrine|run two words --x\n"))
        self.assertIn("building, once", done.stderr)

    def test_SecondRun_DoesNothingAndIsQuick(self):
        self.run_script()
        for name in ("cmake", "ninja", "dpkg-query", "apt-get"):
            self.tool(name, f'echo "{name} $*" >> "$LOG"; exit 1')
        best = 1e9  # seconds of the processor: the machine may be busy
        for _ in range(10):
            start = os.times()
            done = self.run_script("x")
            end = os.times()
            best = min(best, end.children_user + end.children_system - start.children_user - start.children_system)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertFalse(self.log.exists())
        self.assertLess(best, 0.05)

    def test_ChangedAddedOrRemovedSource_BuildsAgain(self):
        self.run_script()
        time.sleep(0.02)
        self.program(PROGRAM.replace("echo", "echo new"))
        self.assertRegex(self.run_script().stdout, r"^new ")
        for change in ((self.here / "core/new.cpp").touch, (self.here / "core/new.cpp").unlink):
            self.tool("cmake", f'echo "cmake $*" >> "$LOG"; exec {shutil.which("cmake")} "$@"')
            self.log.unlink(missing_ok=True)
            time.sleep(0.02)
            change()
            self.assertEqual(self.run_script().returncode, 0)
            self.assertIn("cmake --build", self.log.read_text())

    def test_Sources_AreTheFoldersThatCMakeBuilds(self):
        folders = re.findall(r"^ *(?:set\(|list\(APPEND )folders (.*)\)$", (ROOT / "CMakeLists.txt").read_text(), re.M)
        built = {folder.split("/")[0] for words in folders for folder in words.split()}
        self.assertGreaterEqual(built, {"core", "isa", "translator", "classes", "app"})
        sources = re.search(r"^sources=\((.*)\)$", (ROOT / "vitrine").read_text(), re.M)[1].split()
        self.assertEqual(built - set(sources), set(), "a change there would not be built")

    def test_MissingPackageWithoutRoot_ListsItAndStops(self):
        self.packages_installed(False)
        self.user(1000)
        done = self.run_script("run")
        self.assertEqual((done.returncode, done.stdout), (112, ""))
        self.assertRegex(done.stderr, r"missing: \S+\n")
        self.assertRegex(done.stderr, r"(?m)^  sudo apt-get install --no-install-recommends \S+$")
        self.assertFalse(self.log.exists())
        self.assertFalse((self.here / "build/vitrine").exists())

    def test_PackagesOfAnotherArchitecture_AreMissing(self):
        self.user(1000)
        self.packages_installed_for("another")
        self.assertEqual(self.run_script("run").returncode, 112)
        self.packages_installed_for("ours")
        self.assertEqual(self.run_script("run").returncode, 0)

    def test_MissingPackageAsRoot_InstallsJustThatAndNeverAsks(self):
        self.packages_installed(False)
        self.user(0)
        done = self.run_script("run", stdin=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        log = self.log.read_text()
        last = [line.split()[0] for line in (ROOT / "tools/packages/build.txt").read_text().splitlines()
                if line and line[0] != "#"][-1]
        self.assertRegex(log, rf"(?m)^apt-get .* install -y --no-install-recommends {last}$")
        self.assertIn("/dev/null", log, "apt-get has nobody to ask")

    def test_CheckoutThatMoved_BuildsAgain(self):
        self.run_script()
        elsewhere = self.folder / "elsewhere"
        self.here.rename(elsewhere)
        self.here = elsewhere
        self.program(PROGRAM.replace("echo", "echo moved"))
        done = self.run_script()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^moved ")

    def test_BuildThatFails_112AndNothingRuns(self):
        (self.here / "CMakeLists.txt").write_text(CMAKE.replace("COMMAND cp", "COMMAND false"))
        done = self.run_script("run")
        self.assertEqual((done.returncode, done.stdout), (112, ""))
        self.assertIn("the build failed", done.stderr)

    def test_ConfigurationThatFails_112AndItsWords(self):
        (self.here / "CMakeLists.txt").write_text(CMAKE + 'message(FATAL_ERROR "no such thing")\n')
        done = self.run_script("run")
        self.assertEqual(done.returncode, 112)
        self.assertIn("no such thing", done.stderr)

    def test_CalledByALink_FindsItsCheckout(self):
        (self.folder / "link").symlink_to(self.here / "vitrine")
        done = self.run_script("x", script=str(self.folder / "link"))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_TwoAtOnce_OneBuilds(self):
        environment = {**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}", "LOG": str(self.log)}
        self.tool("cmake", f'echo "cmake $*" >> "$LOG"; exec {shutil.which("cmake")} "$@"')
        both = [subprocess.Popen(["./vitrine"], cwd=self.here, env=environment, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) for _ in range(2)]
        for one in both:
            self.assertTrue(one.communicate(timeout=TIMEOUT)[0])
            self.assertEqual(one.returncode, 0)
        self.assertEqual(self.log.read_text().count("--build"), 1)

    def test_Test_BuildsAndEndsWithCtestsSummary(self):
        done = self.run_script(script="./test")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"Skipped, and why \(1\):\n  absent: the moon is down\n"
                                      r"\n100% tests passed, 0 tests failed out of 3\n")
        done = self.run_script("-R", "good", script="./test")
        self.assertRegex(done.stdout, r"0 tests failed out of 1")
        self.assertRegex(self.run_script("x").stdout, r"\|x$", "the same folder serves ./vitrine")

    def test_TestThatFails_ExitCodeAndSummary(self):
        with open(self.here / "CMakeLists.txt", "a", encoding="utf-8") as file:
            file.write("add_test(NAME bad COMMAND false)\n")
        done = self.run_script(script="./test")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"75% tests passed, 1 tests failed out of 4(\n.*)*- bad \(Failed\)")

    def test_Sanitize_HasAFolderOfItsOwnAndLeavesOutSlowTests(self):
        with open(self.here / "CMakeLists.txt", "a", encoding="utf-8") as file:
            file.write("set_tests_properties(other PROPERTIES LABELS slow)\n")
        done = self.run_script("--sanitize", script="./test")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"0 tests failed out of 2")
        self.assertIn("address,undefined", (self.here / "build-asan-ubsan/CMakeCache.txt").read_text())
        self.assertFalse((self.here / "build/CMakeCache.txt").exists())

    def test_TestsThatDoNotExist_AreAFailure(self):
        done = self.run_script("-R", "no such test", script="./test")
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
