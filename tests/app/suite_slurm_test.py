#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vitrine suite` under a real Slurm, on this machine alone: four tasks of an array, of which one is killed in the middle and
submitted again.

  suite_slurm_test.py build/vitrine

Wants root, slurmctld, slurmd and sbatch (apt-get install --no-install-recommends slurm-wlm), and neither systemd nor munge. The
daemons are those of this test: they have a folder and ports of their own.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import unittest

from suite_case import VITRINE, SuiteCase, elf, saying
from tiny_riscv import Program

CONFIGURATION = """\
ClusterName=vitrine
SlurmctldHost={host}
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}
SlurmdSpoolDir={folder}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} CPUs={cpus}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

# As docs/suites.md has it; the second task is killed when it has a result, the first time.
JOB = """\
#!/bin/sh
"{vitrine}" suite run "{tests}" --out "{out}" --shard auto/4 --resume -j1 &
if [ "$SLURM_ARRAY_TASK_ID" = 2 ] && [ ! -e "{out}.killed" ]; then
  while [ "$(wc -l < "{out}/results-3-of-4.ndjson" 2> /dev/null || echo 0)" -lt 2 ]; do sleep 0.02; done
  touch "{out}.killed"
  kill -KILL $!
fi
wait $!
"""


def free_port():
    with socket.socket() as s:
        s.bind(("", 0))
        return s.getsockname()[1]


def why_not():
    missing = [name for name in ("slurmctld", "slurmd", "sbatch", "squeue") if not shutil.which(name)]
    if missing:
        return f"Slurm is not installed ({', '.join(missing)}): apt-get install --no-install-recommends slurm-wlm"
    return None if os.geteuid() == 0 else "Slurm's daemons want root"


class Slurm(SuiteCase):
    def setUp(self):
        super().setUp()
        if why_not():
            self.skipTest(why_not())
        self.slurm = self.folder / "slurm"
        self.slurm.mkdir()
        configuration = self.slurm / "slurm.conf"
        configuration.write_text(CONFIGURATION.format(host=socket.gethostname().split(".")[0], ports=(free_port(), free_port()),
                                                      folder=self.slurm, cpus=os.cpu_count()))
        self.environment["SLURM_CONF"] = str(configuration)
        for daemon in ("slurmctld", "slurmd"):
            log = open(self.slurm / f"{daemon}.out", "wb")
            self.addCleanup(log.close)
            process = subprocess.Popen([daemon, "-D"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment)
            self.addCleanup(process.wait)
            self.addCleanup(process.terminate)
        self.wait_until(lambda: "idle" in self.tool("sinfo", "-h"), "the node is idle")

    def tool(self, *words):
        return subprocess.run(words, capture_output=True, text=True, env=self.environment, stdin=subprocess.DEVNULL, cwd=self.slurm).stdout

    def wait_until(self, condition, what):
        for _ in range(600):
            if condition():
                return
            time.sleep(0.2)
        logs = "".join(f"\n{path.name}:\n{path.read_text(errors='replace')[-2000:]}" for path in sorted(self.slurm.glob("*.*")) if path.is_file() and path.suffix in (".log", ".out"))
        self.fail(f"never: {what}{logs}")

    def submit(self, array):
        job = re.search(r"\d+", self.tool("sbatch", f"--array={array}", str(self.script))).group()
        self.wait_until(lambda: not self.tool("squeue", "-h", "-j", job).strip(), f"job {job} is through")

    def test_FourTasks_OneKilledAndSubmittedAgain_NothingLostAndNothingTwice(self):
        names = []
        for i in range(16):
            name = f"t{i:02}.elf"
            names.append(name)
            self.add(name, saying("") if i % 2 else elf(Program().spin()))
            if i % 2 == 0:
                self.add(f"t{i:02}.toml", 'ends = ["instruction-limit"]\nmax_instructions = 50_000_000')
        self.script = self.slurm / "job.sh"
        self.script.write_text(JOB.format(vitrine=VITRINE, tests=self.tests, out=self.out))
        self.submit("1-4")
        killed = self.vitrine("suite", "report", self.out)
        self.assertEqual(killed.returncode, 1, killed.stdout)
        self.assertIn("have no result", killed.stderr)
        self.submit("2")  # by itself: Slurm now counts one task
        path = self.folder / "all.json"
        done = self.vitrine("suite", "report", self.out, "--json", path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        merged = json.loads(path.read_text())
        self.assertEqual([test["name"] for test in merged["tests"]], names)
        self.assertEqual((merged["missing"], merged["repeated"], merged["absent_shards"]), ([], 0, []))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
