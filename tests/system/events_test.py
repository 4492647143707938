#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is an exit, and what a guest trap, does not depend on the engine (docs/events.md): whole guests on both engines, and
each row of --stats-json's `exits` and `guest_traps`, and each place of `exits_by_place`, is the same. So is each line of the
event log, and its lines of a kind are as many as the row says.

    events_test.py VITRINE SCENARIO [--mmu shadow|tlb|shadow-lazy|tlb-fenced] [--steps N]     N = 0: to the guest's own end

77: a guest is not there.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEACH = ROOT / "examples/teach"
GUESTS = pathlib.Path(os.environ.get("VITRINE_GUESTS") or
                      pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "vitrine/guests")
LINUX = GUESTS / "linux"
KEYS = "ls\npages\nforktest\nfault\nwrite file words\ncat file\nhalt\n"
# What must have happened often, or the comparison says little.
BUSY = {
    "teach": ("hidden-fault", "csr-access", "trap-return", "device-read", "device-write", "page-table-write", "environment-call",
              "guest-page-fault", "address-space-change", "translation-fence"),
    "linux": ("hidden-fault", "csr-access", "trap-return", "hypercall", "page-table-write", "environment-call", "guest-page-fault",
              "supervisor-timer-interrupt", "address-space-change", "translation-fence"),
}
FEWEST = 2
# Harts that wait for each other are millions of lines, of which waits are the most.
LOGGED = {"linux-harts": ("guest-traps", "address", "fault", "interrupt")}


def words_of(scenario: str, folder: pathlib.Path) -> list[str]:
    if scenario.startswith("teach"):
        harts = ["--harts", "3"] if scenario == "teach-harts" else []
        disk = folder / "disk.img"
        subprocess.run([sys.executable, TEACH / "mkfs.py", "create", "--blocks", "1024", "--from", TEACH / "teach.elf", disk],
                       check=True, stdout=subprocess.DEVNULL)
        return [str(TEACH / "teach.elf"), "--memory", "32M", "--disk", str(disk), *harts]
    return ["--bios", "builtin", "--kernel", str(LINUX / "Image"), "--initrd", str(LINUX / "initramfs.cpio.gz"), "--memory", "256M",
            "--append", "console=ttyS0 vt.poweroff", "--harts", "2" if scenario == "linux-harts" else "1"]


def run(vitrine: str, scenario: str, engine: str, options: argparse.Namespace, more: tuple = ()) -> dict:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        statistics, keys, log = folder / "statistics.json", folder / "keys", folder / "log.ndjson"
        keys.write_text(KEYS)
        command = [vitrine, "run", *words_of(scenario, folder), "--engine", engine, "--mmu", options.mmu, "--stats-json", statistics,
                   "--log", ",".join(LOGGED.get(scenario, ("all",))), "--log-file", log, *more]
        if options.steps:
            command += ["--max-instructions", str(options.steps)]
        with open(keys, "rb") as typed:
            done = subprocess.run(command, stdin=typed, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode not in (0, 103):
            raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stdout[-1000:]}\n{done.stderr[-1000:]}")
        hashes = [line for line in done.stderr.splitlines() if line.startswith("state-hash ")]
        return {**json.loads(statistics.read_text()), "hashes": hashes, "log": read_log(log)}


def read_log(path: pathlib.Path) -> dict:
    """The whole as a digest, and its sums."""
    digest, kinds, traps, last = hashlib.sha256(), collections.Counter(), collections.Counter(), (0, 0)
    with open(path, "rb") as lines:
        for line in lines:
            digest.update(line)
            event = json.loads(line)
            kinds[event["kind"]] += 1
            if event["column"] == "guest trap":
                traps[event["cause"]] += 1
            if event["event"] <= last[0] or event["step"] < last[1]:
                raise SystemExit(f"log: out of order: {line}")
            last = event["event"], event["step"]
    return {"digest": digest.hexdigest(), "kinds": kinds, "traps": traps, "last": last[0]}


def log_differences(scenario: str, one: dict) -> list[str]:
    """Of the log and the counters of one run."""
    logged = LOGGED.get(scenario)
    found = [f"log: {kind}: {one['log']['kinds'][kind]} lines, {row['count']} counted" for kind, row in one["exits"].items()
             if one["log"]["kinds"][kind] != (row["count"] if not logged or row["cause"] in logged else 0)]
    every = one["counters"]["exits"] + one["counters"]["guest_traps"]
    if not logged and one["log"]["last"] != every:
        found.append(f"log: the last event is number {one['log']['last']}, {every} counted")
    return found + [f"log: {cause}: {one['log']['traps'][cause]} lines, {row['count']} counted"
                    for cause, row in one["guest_traps"].items() if one["log"]["traps"][cause] != row["count"]]


def differences(one: dict, other: dict) -> list[str]:
    found = []
    for column in ("exits", "guest_traps"):
        for name in one[column].keys() | other[column].keys():
            a, b = one[column].get(name), other[column].get(name)
            if a != b:
                found.append(f"{column}: {name}: interpreter {a}, translator {b}")
    if one["steps"] != other["steps"]:
        found.append(f"steps: interpreter {one['steps']}, translator {other['steps']}")
    if not found and (one["exits_by_place"], one["exits_elsewhere"]) != (other["exits_by_place"], other["exits_elsewhere"]):
        found += [f"place: interpreter {a}, translator {b}" for a, b in zip(one["exits_by_place"], other["exits_by_place"]) if a != b]
        found.append(f"elsewhere: interpreter {one['exits_elsewhere']}, translator {other['exits_elsewhere']}")
    return found


def untracking(vitrine: str, scenario: str, options: argparse.Namespace) -> int:
    """--untrack-after changes exits and speed, and never the run: 0 sees each write, 1 hardly any."""
    hashes = ("--state-hash-every", "1000000")
    found = {after: run(vitrine, scenario, "translator", options, ("--untrack-after", str(after), *hashes)) for after in (0, 1, 16)}
    wrong = []
    if any((row["steps"], row["hashes"]) != (found[0]["steps"], found[0]["hashes"]) for row in found.values()) or not found[0]["hashes"]:
        wrong.append("the runs differ, or have no hashes")
    writes = {after: row["exits"]["page-table-write"]["count"] for after, row in found.items()}
    untracked = {after: row["counters"]["table_untracked"] for after, row in found.items()}
    if not writes[0] > writes[16] > writes[1] > 0 or not untracked[1] > untracked[16] > untracked[0] == 0:
        wrong.append(f"page-table writes {writes}, tables untracked {untracked}")
    for line in wrong:
        print(line)
    print(f"{scenario}: page-table writes {writes}, tables untracked {untracked}")
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vitrine")
    parser.add_argument("scenario", choices=("teach", "teach-harts", "linux", "linux-harts"))
    parser.add_argument("--mmu", default="shadow")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--untracking", action="store_true", help="compare runs that differ in --untrack-after alone")
    options = parser.parse_args()
    if options.scenario.startswith("linux") and not (LINUX / "Image").exists():
        print(f"skipped: there is no {LINUX / 'Image'}; `vitrine run linux` fetches it")
        return 77
    if options.untracking:
        return untracking(options.vitrine, options.scenario, options)
    runs = [run(options.vitrine, options.scenario, engine, options) for engine in ("interpreter", "translator")]
    wrong = differences(*runs) + log_differences(options.scenario, runs[0])
    if runs[0]["log"]["digest"] != runs[1]["log"]["digest"]:
        wrong.append("log: some lines differ between the engines")
    if options.mmu in ("shadow", "tlb"):
        exits = runs[0]["exits"]
        wrong += [f"{name}: {exits[name]['count']} are too few to compare" for name in BUSY[options.scenario.split("-")[0]]
                  if exits[name]["count"] < FEWEST]
    for line in wrong:
        print(line)
    counted = sum(row["count"] for row in runs[0]["exits"].values())
    print(f"{options.scenario}, {options.mmu}: {runs[0]['steps']} steps, {counted} exits, "
          f"{runs[0]['counters']['guest_traps']} guest traps; {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
