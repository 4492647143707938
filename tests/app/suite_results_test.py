#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vitrine suite`: results that only grow, going on, shards, plans, and reports for others.

  suite_results_test.py build/vitrine
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree

from suite_case import PASS, VITRINE, SuiteCase, elf, failing, saying, worker_of
from tiny_riscv import Program

HOSTILE = "<b>&amp;\x07\xff \"quoted\" ]]> </script><script>alert(1)</script>"


class Results(SuiteCase):
    def many(self, count=12):
        for i in range(count):
            self.add(f"t{i:02}.elf", saying("", failing(1) if i % 5 == 4 else PASS))

    def start(self, *words, terminal=subprocess.PIPE, **options):
        return subprocess.Popen([VITRINE, "suite", "run", str(self.tests), "--out", str(self.out), *map(str, words)], stdout=terminal,
                                stderr=terminal, text=True, env=self.environment, **options)

    def wait_for_results(self, count, name="results.ndjson"):
        for _ in range(600):
            path = self.out / name
            if path.exists() and path.read_text().count("\n") > count:
                return
            time.sleep(0.02)
        raise AssertionError("there are too few results")

    def test_Out_MayBeAnEmptyFolderButNotOneWithResults(self):
        self.many(2)
        self.out.mkdir()
        self.assertEqual(self.suite().returncode, 0)
        again = self.suite()
        self.assertEqual(again.returncode, 110)
        self.assertIn("--resume", again.stderr)

    def test_NoOut_OurOwnFolderHoldsTheLastSuite(self):
        self.many(2)
        for _ in range(2):
            done = self.vitrine("suite", "run", self.tests)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.results(out=self.folder / "state/vitrine/suite")), 2)

    def test_Terminal_ABarAndOnlyWhatIsNotGood(self):
        for i in range(4):
            self.add(f"slow{i}.elf", elf(Program().spin()))
        self.add("suite.toml", 'ends = ["instruction-limit"]\nmax_instructions = 600_000_000')
        self.add("t-bad.elf", saying(""))
        terminal, side = os.openpty()
        running = self.start("-j1", stdin=subprocess.DEVNULL, terminal=side)
        os.close(side)
        said = b""
        try:
            while part := os.read(terminal, 65536):
                said += part
        except OSError:
            pass  # as a terminal ends
        self.assertEqual(running.wait(), 1)
        os.close(terminal)
        text = said.decode()
        self.assertRegex(text, r"\r\x1b\[K\[#+\.+\] \d/5, \d running: ")
        self.assertRegex(text, r"(?m)\r\x1b\[Kfail +t-bad\.elf: ")
        self.assertNotRegex(text, r"(?m)^pass")
        self.assertTrue(max(len(line) for line in re.split(r"[\r\n]", text) if "running" in line) < 90)
        self.assertIn("5 tests: 4 passed, 1 failed", text)

    def test_NoOut_AnotherSuiteIsLeftAlone(self):
        self.add("spin.elf", elf(Program().spin()))
        running = subprocess.Popen([VITRINE, "suite", "run", self.tests, "--max-instructions", str(10**13)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=self.environment)
        self.out = self.folder / "state/vitrine/suite"
        self.wait_for_results(0)
        done = self.vitrine("suite", "run", self.tests)
        running.terminate()
        running.wait()
        self.assertEqual(done.returncode, 110)
        self.assertIn("give --out DIR", done.stderr)
        self.assertTrue((self.out / "logs/spin.elf.log").exists())

    def test_NamesThatLeadUpwards_StayBelowTheFolder(self):
        for folder in ("a", "b"):
            self.add(f"{folder}/k.elf", saying(""))
        (self.folder / "here").mkdir()
        done = subprocess.run([VITRINE, "suite", "run", "../tests/a", "../tests/b", "--out", self.out], cwd=self.folder / "here", env=self.environment,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(self.verdicts()), ["../tests/a/k.elf", "../tests/b/k.elf"])
        self.assertEqual(sorted(str(path.relative_to(self.out)) for path in self.out.rglob("*.log")), ["logs/_/tests/a/k.elf.log", "logs/_/tests/b/k.elf.log"])

    def test_SignalsInTheMiddle_PartialResultsAreValidAndResumed(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number.name):
                shutil.rmtree(self.out, ignore_errors=True)
                self.many()
                for i in range(3):
                    self.add(f"t0{i}5.elf", elf(Program().spin()))  # among the others
                running = self.start("-j1", "--max-instructions", 300_000_000)
                self.wait_for_results(3)
                running.send_signal(number)
                said, complaint = running.communicate(timeout=60)
                partial = self.verdicts()
                self.assertTrue(0 < len(partial) < 15, partial)
                if number != signal.SIGKILL:
                    self.assertEqual(running.returncode, 128 + number)
                    self.assertIn("with --resume they are", complaint)
                report = self.vitrine("suite", "report", self.out)
                self.assertEqual(report.returncode, 1, "a part is not the whole")
                self.assertIn("have no result", report.stderr)
                done = self.suite("--resume", "--max-instructions", 300_000_000)
                self.assertIn(f"{len(partial)} tests have a result already", done.stderr)
                lines = (self.out / "results.ndjson").read_text().splitlines()
                self.assertEqual(len([line for line in lines if '"test":' in line]), 15, "none ran twice")
                self.assertIn("15 tests:", self.vitrine("suite", "report", self.out).stdout)

    def test_WorkersDoNotOutliveASuiteThatIsKilled(self):
        self.add("spin.elf", elf(Program().spin()))
        running = self.start("--max-instructions", 10**13)
        worker = worker_of(running, "spin.elf")
        running.kill()
        running.communicate()
        for _ in range(100):
            if not os.path.exists(f"/proc/{worker}"):
                return
            time.sleep(0.05)
        self.fail("the worker still runs")

    def test_TornLastLine_IsCutOffAndRunAgain(self):
        self.many(4)
        self.suite()
        path = self.out / "results.ndjson"
        path.write_text(path.read_text()[:-20])
        self.assertIn("middle of a line", self.vitrine("suite", "report", self.out).stderr)
        done = self.suite("--resume")
        self.assertIn("3 tests have a result already; 1 are left", done.stderr)
        self.assertEqual(len(self.results()), 4)

    def test_Resume_ChangedTestsRunAgain(self):
        self.many(4)
        self.suite()
        self.add("t01.elf", saying("", failing(9)))
        self.add("t02.toml", "points = 7")
        done = self.suite("--resume")
        self.assertIn("2 tests have a result already; 2 are left", done.stderr)
        self.assertEqual(self.verdicts()["t01.elf"], "fail")

    def test_FullDisk_ClearMessageAndNothingLost(self):
        self.many()
        self.out.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=36k", "none", self.out], capture_output=True, text=True)
        if mounted.returncode:
            self.skipTest("a small file system cannot be mounted here: " + mounted.stderr.strip())
        try:
            self.add("t00.elf", saying("x" * 30_000))
            done = self.suite("-j1")
            self.assertEqual(done.returncode, 112, done.stderr)
            self.assertRegex(done.stderr, r"No space left on device")
            kept = self.verdicts()
            self.assertTrue(kept)
            subprocess.run(["mount", "-o", "remount,size=4m", self.out], check=True)
            done = self.suite("--resume")
            self.assertEqual(done.returncode, 1)
            self.assertEqual(len(self.results()), 12)
            self.assertNotIn("error", self.verdicts().values())
        finally:
            subprocess.run(["umount", self.out], check=True)

    def test_TwoAtATimeInOneFolder_TheSecondIsRefused(self):
        self.add("spin.elf", elf(Program().spin()))
        running = self.start("--max-instructions", 10**13)
        self.wait_for_results(0)
        done = self.suite("--resume")
        running.terminate()
        running.communicate()
        self.assertEqual(done.returncode, 110)
        self.assertIn("just writing", done.stderr)


class Shards(SuiteCase):
    def setUp(self):
        super().setUp()
        for i in range(11):
            self.add(f"t{i:02}.elf", saying(""))
        self.names = {f"t{i:02}.elf" for i in range(11)}

    def run_shard(self, text, **environment):
        done = self.suite("--shard", text, env={**self.environment, **environment})
        self.assertEqual(done.returncode, 0, done.stderr)

    def merged(self, *words):
        path = self.folder / "all.json"
        done = self.vitrine("suite", "report", self.out, "--json", path, *words)
        return done, json.loads(path.read_text())

    def check_whole(self):
        done, merged = self.merged()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([test["name"] for test in merged["tests"]], sorted(self.names))
        self.assertEqual((merged["missing"], merged["repeated"]), ([], 0))

    def test_Shards_TogetherAreAllAndNoneTwice(self):
        for i in range(1, 5):
            self.run_shard(f"{i}/4")
        self.check_whole()

    def test_AbsentShard_IsTold(self):
        for i in (1, 2, 4):
            self.run_shard(f"{i}/4")
        done, merged = self.merged("--junit", self.folder / "j.xml")
        self.assertEqual((done.returncode, merged["absent_shards"]), (1, [3]))
        self.assertIn("no results of shard 3 of 4", done.stderr)
        self.assertIn("shard 3 of 4", (self.folder / "j.xml").read_text())

    def test_AutoShard_BySlurmBazelGoogleTestAndKubernetes(self):
        worlds = {
            "slurm from 1": ("auto", [{"SLURM_ARRAY_TASK_ID": str(i), "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "3"} for i in (1, 2, 3)]),
            "slurm in steps": ("auto", [{"SLURM_ARRAY_TASK_ID": str(4 * i), "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_COUNT": "3",
                                         "SLURM_ARRAY_TASK_STEP": "4"} for i in range(3)]),
            "bazel": ("auto", [{"TEST_SHARD_INDEX": str(i), "TEST_TOTAL_SHARDS": "3", "TEST_SHARD_STATUS_FILE": str(self.folder / "told")} for i in range(3)]),
            "googletest": ("auto", [{"GTEST_SHARD_INDEX": str(i), "GTEST_TOTAL_SHARDS": "3"} for i in range(3)]),
            "kubernetes": ("auto/3", [{"JOB_COMPLETION_INDEX": str(i)} for i in range(3)]),
        }
        for name, (text, environments) in worlds.items():
            with self.subTest(name):
                shutil.rmtree(self.out, ignore_errors=True)
                for environment in environments:
                    self.run_shard(text, **environment)
                self.check_whole()
        self.assertTrue((self.folder / "told").exists(), "Bazel wants to see that shards are known")

    def test_WrongShards_AreRefused(self):
        for text, environment in (("0/4", {}), ("5/4", {}), ("x", {}), ("auto", {}), ("auto", {"JOB_COMPLETION_INDEX": "1"}), ("auto/0", {}),
                                  ("auto", {"GTEST_SHARD_INDEX": "4", "GTEST_TOTAL_SHARDS": "4"})):
            with self.subTest(text):
                done = self.suite("--shard", text, env={**self.environment, **environment})
                self.assertEqual(done.returncode, 110, done.stderr)

    def test_MoreShardsThanTests_EmptyOnesAreGood(self):
        for i in range(1, 14):
            self.run_shard(f"{i}/13")
        self.check_whole()

    def test_SlurmTaskSubmittedAgainByItself_IsTheSameShard(self):
        for i in (1, 2, 3):
            self.run_shard("auto/3", SLURM_ARRAY_TASK_ID=str(i), SLURM_ARRAY_TASK_MIN="1", SLURM_ARRAY_TASK_COUNT="3")
        done = self.suite("--shard", "auto/3", "--resume",
                          env={**self.environment, "SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_MIN": "2", "SLURM_ARRAY_TASK_COUNT": "1"})
        self.assertIn("; 0 are left", done.stderr)
        self.check_whole()

    def test_Plan_BalancesByDuration(self):
        durations = self.folder / "durations"
        durations.mkdir()
        seconds = {name: 8.0 if name == "t03.elf" else 1.0 for name in self.names}
        with open(durations / "results.ndjson", "w") as file:
            file.write(json.dumps({"vitrine_suite": 1, "shard": [1, 1], "tests": sorted(self.names)}) + "\n")
            for name, its in seconds.items():
                file.write(json.dumps({"test": name, "verdict": "pass", "cpu_seconds": its}) + "\n")
        done = self.vitrine("suite", "plan", "--durations", durations, "--shards", 2)
        self.assertEqual(done.returncode, 0, done.stderr)
        plan = json.loads(done.stdout)["tests"]
        loads = [sum(seconds[name] for name in plan if plan[name] == shard) for shard in (1, 2)]
        self.assertEqual(sorted(loads), [9.0, 9.0])
        path = self.folder / "plan.json"
        path.write_text(done.stdout)
        for shard in (1, 2):
            self.assertEqual(self.suite("--shard", f"{shard}/2", "--plan", path).returncode, 0)
            ran = set(self.results(name=f"results-{shard}-of-2.ndjson"))
            self.assertEqual(ran, {name for name in plan if plan[name] == shard})
        self.check_whole()
        self.assertEqual(self.suite("--shard", "1/3", "--plan", path).returncode, 111)

    def test_UnderGnuParallel_FourTasksOneKilledInTheMiddle(self):
        if not shutil.which("parallel"):
            self.skipTest("GNU parallel is not installed: apt-get install parallel")
        for i in range(4):
            self.add(f"slow{i}.elf", elf(Program().spin()))
            self.add(f"slow{i}.toml", 'ends = ["instruction-limit"]\nmax_instructions = 100_000_000')
            self.names.add(f"slow{i}.elf")
        # The second task is killed once, when it has some results; parallel tries each task that failed again.
        task = self.folder / "task.sh"
        task.write_text(f"""#!/bin/sh
"$1" suite run "$2" --out "$3" --shard "$4/4" --resume &
if [ "$4" = 2 ] && [ ! -e "$3.killed" ]; then
  while [ "$(wc -l < "$3/results-2-of-4.ndjson" 2> /dev/null || echo 0)" -lt 2 ]; do sleep 0.02; done
  touch "$3.killed"
  kill -KILL $!
fi
wait $!
""")
        task.chmod(0o755)
        done = subprocess.run(["parallel", "--will-cite", "--retries", "2", "-j", "2", str(task), VITRINE, str(self.tests), str(self.out), "{}", ":::", "1", "2", "3", "4"],
                              capture_output=True, text=True, env=self.environment, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(pathlib.Path(f"{self.out}.killed").exists(), "one was killed")
        self.check_whole()


class Reports(SuiteCase):
    def setUp(self):
        super().setUp()
        self.add("good.elf", saying("fine\n"))
        self.add("sub/bad.elf", elf_of_bytes(HOSTILE, failing(2)))
        self.add("known.elf", saying("", failing(1)))
        self.add("known.toml", 'known_failure = "issue <7> # x"\npoints = 2')
        self.add("wonder.elf", saying(""))
        self.add("wonder.toml", 'known_failure = "issue 8"')
        self.add("absent.elf", saying(""))
        self.add("absent.toml", 'skip = "not here"')
        self.add("wrong.elf", elf(Program().spin(), bits=32))
        self.add("secret.elf", saying("the answer is 42\n", failing(1)))
        self.add("secret.toml", "hidden = true\npoints = 5\nlabels = ['exam']")
        self.suite()

    def report(self, form):
        path = self.folder / form
        done = self.vitrine("suite", "report", self.out, f"--{form}", path)
        self.assertEqual(done.returncode, 1, done.stderr)
        return path.read_text()

    def test_Junit_NamesArePathsAndVerdictsAreElements(self):
        suite = xml.etree.ElementTree.fromstring(self.report("junit"))[0]
        self.assertEqual({key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")},
                         {"tests": "7", "failures": "3", "errors": "1", "skipped": "2"})
        cases = {case.get("name"): [child.tag for child in case] for case in suite}
        self.assertEqual(cases, {"good.elf": [], "sub/bad.elf": ["failure"], "known.elf": ["skipped"], "wonder.elf": ["failure"],
                                 "absent.elf": ["skipped"], "wrong.elf": ["error"], "secret.elf": ["failure"]})
        bad = next(case for case in suite if case.get("name") == "sub/bad.elf")
        self.assertEqual(bad[0].get("type"), "exit-code")
        self.assertIn("Again: ", bad[0].text)
        self.assertIn("<script>alert(1)", bad[0].text)

    def test_Tap_DirectivesAndEscapes(self):
        lines = self.report("tap").splitlines()
        self.assertEqual(lines[:2], ["TAP version 14", "1..7"])
        tests = [line for line in lines if re.match(r"(not )?ok \d+", line)]
        self.assertEqual([line.split()[-1] if "#" not in line else line.split(" # ")[1].split()[0] for line in tests],
                         ["SKIP", "good.elf", "TODO", "secret.elf", "sub/bad.elf", "wonder.elf", "wrong.elf"])
        self.assertEqual([line.startswith("ok") for line in tests], [True, True, False, False, False, False, False])
        self.assertIn(r"issue <7> \# x", tests[2])

    def test_Html_IsEscapedAndNeedsNothingElse(self):
        page = self.report("html")
        self.assertNotIn("<script", page)
        self.assertIn("&lt;script&gt;alert(1)", page)
        self.assertNotRegex(page, r"(src|href)=")
        self.assertNotRegex(page, "[\x00-\x08\x0b-\x1f]")

    def test_Gradescope_PointsAndHiddenTests(self):
        grades = json.loads(self.report("gradescope"))
        tests = {test["name"]: test for test in grades["tests"]}
        self.assertEqual((tests["good.elf"]["score"], tests["good.elf"]["max_score"], tests["good.elf"]["visibility"]), (1, 1, "visible"))
        self.assertEqual((tests["secret.elf"]["score"], tests["secret.elf"]["max_score"], tests["secret.elf"]["visibility"]), (0, 5, "hidden"))
        self.assertNotIn("output", tests["secret.elf"])
        self.assertEqual(tests["secret.elf"]["tags"], ["exam"])
        self.assertNotIn("42", json.dumps(grades))
        self.assertEqual(tests["known.elf"]["score"], 0)

    def test_Json_CountsAndPoints(self):
        merged = json.loads(self.report("json"))
        self.assertEqual(merged["counts"], {"pass": 1, "fail": 2, "expected-failure": 1, "unexpected-pass": 1, "skipped": 1, "crashed": 0, "error": 1})
        self.assertEqual((merged["score"], merged["points"]), (1, 12))

    def test_Table_LastLinesOfFailuresAndCommands(self):
        text = self.vitrine("suite", "report", self.out).stdout
        self.assertRegex(text, r"(?m)^fail  sub/bad\.elf\n  the guest reported failure, code 2\n  \| .*alert")
        self.assertIn("7 tests: 1 passed, 2 failed, 1 failed as expected, 1 passed unexpectedly, 1 skipped, 1 could not be run", text)
        self.assertNotIn("\x07", text)

    def test_BadResults_AreNamed(self):
        self.assertEqual(self.vitrine("suite", "report", self.tests).returncode, 112)
        self.assertEqual(self.vitrine("suite", "report", self.folder / "nowhere").returncode, 112)
        other = self.folder / "other"
        other.mkdir()
        (other / "results.ndjson").write_text("hello\n")
        self.assertEqual(self.vitrine("suite", "report", other).returncode, 111)
        self.assertEqual(self.vitrine("suite", "report", self.out, "--html", self.folder / "no/where").returncode, 112)


def elf_of_bytes(text, end):
    program = Program()
    for byte in text.encode("latin-1"):
        program.li("t2", byte).put("t2")
    return elf(program.finish(end))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
