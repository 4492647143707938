#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--chaos finds what other machines forgive: faults planted into copies of the teaching kernel, and into a guest with two harts,
are silent without chaos and found within SEEDS seeds of it; what is right runs as before with each of them.

    chaos_test.py VITRINE [--seeds N] [--list]    --list: with which seeds each fault was found

Found: what the guest prints, or how it ends, differs from what it should. Skipped (77) without the compiler for the guests.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
TEACH = HERE.parents[1] / "examples" / "teach"
COMPILER = "riscv64-unknown-elf-gcc"
SEEDS = 200
CALM_SEEDS = 10  # with which the right guests are tried

# Commands whose output says nothing of time.
COMMANDS = """ls
cat welcome
write note one two three
cat note
forktest
pages
hello
sh
hello
fault demand
fault text
rm note
halt
"""

# name: (file of the teaching kernel, text, what stands there instead)
KERNEL_FAULTS = {
    "tables_walked_before_they_are_written": ("kernel/vm.c", "  fence_all();  // what was written of the tables is in memory before they are walked\n", ""),
    "no_fence_behind_lost_rights": ("kernel/vm.c", "  fence_user();  // the parent must not use what its hart remembers of the lost rights\n", ""),
    "no_fence_behind_a_mended_fault": ("kernel/vm.c", "  fence_page(va);  // a hart may remember that an entry was not valid, too\n", ""),
    "no_fence_i_behind_loading": ("kernel/exec.c", "  fence_code();  // the instructions were written as data (unprivileged spec, Zifencei)\n", ""),
    "new_pages_are_believed_to_be_zero": ("kernel/page.c", "    next_new += PAGE;\n", "    next_new += PAGE;\n    free_count--;\n    return *holders_of(page) = 1, page;\n"),
    "registers_are_believed_to_be_zero": ("kernel/entry.S", "        la      t1, bss_end\n", "        la      t1, bss_end\n        bnez    s11, _start\n"),
}
GUEST_FAULTS = ["NO_LOCK", "RELEASE_UNORDERED", "MESSAGE_UNORDERED", "SC_ONCE", "NOT_CLEARED"]

LINKER_SCRIPT = """ENTRY(_start)
SECTIONS {
  . = 0x80200000;
  .text : { *(.text.entry) *(.text*) *(.rodata*) }
  .data : { *(.data*) *(.sdata*) }
  .bss (NOLOAD) : { bss_start = .; *(.sbss*) *(.bss*) *(COMMON) bss_end = .; }
  .stacks (NOLOAD) : { *(.stacks) }
}
"""


def build_kernel(work, name, fault):
    source, out = work / f"source-{name}", work / name
    shutil.copytree(TEACH, source)
    if fault:
        file, text, instead = fault
        path = source / file
        before = path.read_text()
        if before.count(text) != 1:
            sys.exit(f"{name}: its text is {before.count(text)} times in {file}")
        path.write_text(before.replace(text, instead))
    made = subprocess.run(["make", "-s", "-C", source, f"OUT={out}", "all", "disk"], capture_output=True, text=True)
    if made.returncode:
        sys.exit(f"{name}: make failed:\n{made.stderr}")
    return ["--kernel", out / "teach.elf", "--disk", f"{out / 'disk.img'},snapshot", "--memory", "32M", "--input", work / "commands"]


def build_guest(work, fault):
    elf = work / f"guest-{fault}.elf"
    script = work / "guest.ld"
    subprocess.run([COMPILER, "-O1", "-march=rv64imac_zicsr_zifencei", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding", "-nostdlib", "-static",
                    "-Wall", "-Wextra", "-Werror", "-Wl,--no-warn-rwx-segments", f"-DFAULT={fault}", "-T", script, "-o", elf, HERE / "chaos_guest.c"], check=True)
    return ["--kernel", elf, "--harts", "2", "--memory", "16M"]


class Checker:
    def __init__(self, vitrine, seeds):
        self.vitrine, self.seeds = vitrine, seeds
        self.problems = []

    def run(self, guest, seed=None):
        """Output and exit code."""
        chaos = [] if seed is None else ["--chaos", str(seed)]
        done = subprocess.run([self.vitrine, "run", *guest, *chaos, "--no-keep", "--max-instructions", "40000000"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode >= 110:
            self.problems.append(f"{' '.join(map(str, done.args))}: exit code {done.returncode}: {done.stderr.decode(errors='replace')}")
        return done.stdout, done.returncode

    def states(self, guest, seed, *options):
        done = subprocess.run([self.vitrine, "run", *guest, "--chaos", str(seed), "--no-keep", "--state-hash-every", "50000", *options], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        return [line for line in done.stderr.splitlines() if line.startswith("state-hash")]

    def same_on_both_engines(self, name, guest, seed):
        """Also with all caches off, since the numbers are drawn where the guest leads to, not where a cache misses."""
        interpreted = self.states(guest, seed, "--engine", "interpreter")
        if len(interpreted) < 2:
            self.problems.append(f"{name}: no state hashes with --chaos {seed}")
        for options in (), ("--no-cache",):
            if self.states(guest, seed, *options) != interpreted:
                self.problems.append(f"{name}: --chaos {seed} {' '.join(options)} has other states than on the interpreter")

    def right(self, name, guest):
        good = self.run(guest)
        self.same_on_both_engines(name, guest, 3)
        if good[1] != 0:
            self.problems.append(f"{name} fails without chaos: exit code {good[1]}")
        for seed in range(1, CALM_SEEDS + 1):
            if self.run(guest, seed) != good:
                self.problems.append(f"{name}, which is right, differs with --chaos {seed}")
        return good

    def faulty(self, name, guest, good):
        """The first seed that finds it."""
        if self.run(guest) != good:
            self.problems.append(f"{name} is not silent without chaos")
        for seed in range(1, self.seeds + 1):
            if self.run(guest, seed) != good:
                return seed
        self.problems.append(f"{name} is not found within {self.seeds} seeds")
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vitrine", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if not shutil.which(COMPILER):
        print(f"skipped: there is no {COMPILER} to build guests with")
        return 77
    checker = Checker(arguments.vitrine, arguments.seeds)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        work = pathlib.Path(folder)
        (work / "commands").write_text(COMMANDS)
        (work / "guest.ld").write_text(LINKER_SCRIPT)
        kernel = checker.right("the teaching kernel", build_kernel(work, "right", None))
        guest = checker.right("the guest with two harts", build_guest(work, "NONE"))
        jobs = {name: pool.submit(lambda n=name, f=fault: checker.faulty(n, build_kernel(work, n, f), kernel)) for name, fault in KERNEL_FAULTS.items()}
        jobs |= {name: pool.submit(lambda n=name: checker.faulty(n, build_guest(work, n), guest)) for name in GUEST_FAULTS}
        for name, job in jobs.items():
            seed = job.result()
            if arguments.list:
                print(f"{name}: seed {seed}", flush=True)
    for problem in checker.problems:
        print(problem)
    print(f"{len(KERNEL_FAULTS) + len(GUEST_FAULTS)} planted faults, {len(checker.problems)} problems")
    return 1 if checker.problems else 0


if __name__ == "__main__":
    sys.exit(main())
