# SPDX-License-Identifier: MIT
"""Compiles the workloads for both machines and packs what the guest needs.

The same sources, compiler family and options on both sides. Automatic vectorisation is off, since neither emulator
nor guest has vectors here, and so is the recognition of loops as memset or memcpy: a library's vector code would
stand against ours. Everything is made anew when a source or a command changed. Next: engines.py.
"""

import hashlib
import pathlib
import re
import shutil
import subprocess
import sys

from harness.failures import Missing, say

BENCH = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(BENCH.parent / "tools" / "guests"))
from guestlib import cpio  # noqa: E402  (after the line above)

COMMON = ["-O2", "-fno-tree-vectorize", "-fno-tree-loop-distribute-patterns", "-Wall", "-Wextra", "-static"]
GUEST = ["-march=rv64gc", "-mabi=lp64d"]
BARE = ["-mcmodel=medany", "-ffreestanding", "-nostdlib", "-no-pie", "-Wl,--build-id=none",
        "-Wl,--no-warn-rwx-segments"]
S_MODE_START = ["-Wl,--defsym=LOAD_ADDRESS=0x80200000"]
NATIVE_COMPILER, GUEST_COMPILER = "gcc", "riscv64-linux-gnu-gcc"
PACKAGES = {NATIVE_COMPILER: "gcc", GUEST_COMPILER: "gcc-riscv64-linux-gnu"}
BARE_WORKLOADS = ("sieve", "fib", "quicksort")


class Built:
    """Paths of everything that was built, in one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.native = folder / "workloads.native"
        self.judge = folder / "workloads.judge"  # native, with fused multiply-add where the guest has it
        self.guest = folder / "workloads.riscv64"
        self.init = folder / "init.riscv64"
        self.shutdown = folder / "shutdown.elf"
        self.finish = folder / "finish.elf"

    def bare(self, name):
        return self.folder / f"bare-{name}.elf"


def workload_table():
    """(name, family, rounds, quick rounds) of every workload, read from the rows of table.c."""
    text = (BENCH / "workloads" / "table.c").read_text()
    rows = re.findall(r'^ *\{"(\w+)", *"(\w+)", *(\d+), *(\d+),', text, re.MULTILINE)
    return [(name, family, int(full), int(quick)) for name, family, full, quick in rows]


def build(folder, bare_rounds):
    """bare_rounds: name -> rounds. Returns what was built."""
    for compiler, package in PACKAGES.items():
        if not shutil.which(compiler):
            raise Missing(f"{compiler} is not installed: apt-get install {package}")
    folder.mkdir(parents=True, exist_ok=True)
    built = Built(folder)
    for command in commands(built, bare_rounds):
        make(command, folder)
    return built


def commands(built, bare_rounds):
    sources = sorted(map(str, (BENCH / "workloads").glob("*.c")))
    bare = [str(BENCH / "bare" / name) for name in ("start.S", "main.c")]
    script = ["-T", str(BENCH / "bare" / "link.ld")]
    yield [NATIVE_COMPILER, *COMMON, *sources, "-lm", "-o", built.native]
    yield [NATIVE_COMPILER, *COMMON, "-mfma", *sources, "-lm", "-o", built.judge]
    yield [GUEST_COMPILER, *COMMON, *GUEST, *sources, "-lm", "-o", built.guest]
    yield [GUEST_COMPILER, *COMMON, *GUEST, str(BENCH / "guest" / "init.c"), "-o", built.init]
    for name, start in (("shutdown", S_MODE_START), ("finish", [])):
        yield [GUEST_COMPILER, *COMMON, *GUEST, *BARE, *script, *start, str(BENCH / "bare" / f"{name}.S"),
               "-o", built.folder / f"{name}.elf"]
    for name, rounds in bare_rounds.items():
        yield [GUEST_COMPILER, *COMMON, *GUEST, *BARE, *script, f"-DWORKLOAD={name}", f"-DROUNDS={rounds}", *bare,
               str(BENCH / "workloads" / f"{name}.c"), "-o", built.bare(name)]


def make(command, folder):
    """Runs a compiler unless the same command made the same output from the same sources before."""
    output = pathlib.Path(command[-1])
    stamp = folder / (output.name + ".stamp")
    state = state_of(command)
    if output.exists() and stamp.exists() and stamp.read_text() == state:
        return
    say(f"compiling {output.name}")
    stamp.unlink(missing_ok=True)
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Missing(f"{output.name} does not compile:\n{done.stderr.strip()}")
    if done.stderr.strip():
        say(done.stderr.strip())
    stamp.write_text(state)


def state_of(command):
    """The command, and everything under bench/ that it may read."""
    digest = hashlib.sha256(repr([str(word) for word in command]).encode())
    for path in sorted(BENCH.glob("*/*")):
        if path.suffix in (".c", ".h", ".S", ".ld"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def archives(built, linux):
    """Initial file systems, made of the guest's own and an archive of ours behind it, as the kernel allows: one with
    the workloads, and a small one with the process 1 whose start is measured."""
    base = (linux / "initramfs.cpio.gz").read_bytes()
    base += b"\0" * (-len(base) % 4)
    session, start = built.folder / "session.cpio", built.folder / "start.cpio"
    session.write_bytes(base + archive({"bench/workloads": built.guest, "bench/serve": BENCH / "guest" / "serve"}))
    start.write_bytes(base + archive({"vt-init": built.init}))
    return session, start


def archive(files):
    members = cpio.Archive(time_stamp=0)
    for path, source in files.items():
        members.file(path, source.read_bytes(), 0o755)
    return members.to_bytes()
