#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One libFuzzer target: from the seeds of seeds.py, the inputs in corpus/NAME that once failed, and what earlier runs
found (kept beside the program), for so many seconds of a processor's time as libFuzzer sees it.

    run.py build-fuzz/tests/fuzz/virtio_fuzz --seconds 60
    run.py build build-fuzz            builds all of them; exit code 77 if there is no clang++

Says how many inputs ran, how fast, and how coverage (edges) and corpus grew. If one fails, it is kept, and the command that
runs it alone is printed; such an input belongs into corpus/NAME. Exit code: 0, or 1 if an input failed.
"""

import argparse
import fcntl
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import seeds

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIMITS = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=4096", "-print_final_stats=1", "-use_value_profile=1"]


def number(pattern, text, otherwise=0):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else otherwise


def build(folder):
    """As ./test --fuzz does, which holds the same lock meanwhile."""
    if not shutil.which("clang++"):
        print("skipped: the fuzz targets need clang++, and it is not installed")
        return 77
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (["cmake", "--preset", "fuzz", "-B", folder], ["cmake", "--build", folder, "--target", "tests/fuzz/all", "-j2"]):
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
            if done.returncode:
                print(done.stdout[-8000:])
                return 1
    return 0


def main():
    if sys.argv[1:2] == ["build"]:
        return build(pathlib.Path(sys.argv[2]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--fresh", action="store_true", help="from the seeds alone: what earlier runs found would have to be read first")
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    if not program.exists():
        print(f"skipped: there is no {program}, which only clang++ can build")
        return 77
    name = program.name.removesuffix("_fuzz")
    folder = program.parent / "runs" / name
    with tempfile.TemporaryDirectory(prefix="fuzz-") as temporary:
        return fuzz(program, name, folder, pathlib.Path(temporary) if arguments.fresh else folder / "corpus", arguments.seconds)


def fuzz(program, name, folder, found, seconds):
    first = folder / "seeds"
    for each in (found, first):
        each.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(seeds.SEEDS[name]()):
        (first / f"{i:03}").write_bytes(seed)
    once_failed = [HERE / "corpus" / name] if (HERE / "corpus" / name).is_dir() else []
    done = subprocess.run([program, *LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={folder}/", found, first, *once_failed],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    text = done.stdout
    begun = re.search(r"INITED\s+cov: (\d+) .*? corp: (\d+)/", text)
    if done.returncode == 0 and begun:
        print(f"{name}: {number(r'stat::number_of_executed_units: *([0-9]+)', text):,} inputs, "
              f"{number(r'stat::average_exec_per_sec: *([0-9]+)', text):,} a second; coverage {begun[1]} -> {number(r'cov: ([0-9]+)', text)} "
              f"edges, corpus {begun[2]} -> {number(r'corp: ([0-9]+)/', text)}")
        return 0
    print(text[-8000:])
    kept = re.findall(r"Test unit written to (\S+)", text)
    if kept:
        print(f"The input that failed was kept. To run it alone: {shlex.join([str(program), kept[-1]])}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
