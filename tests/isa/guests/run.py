#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds our conformance guests and runs them: on Vitrine's engines by `vitrine suite run`, and on qemu-system-riscv64, which
judges what they expect.

    run.py [WORD]... [--vitrine FILE] [--engines interpreter,translator] [--judge] [--breaks] [--out DIR] [-j N] [-- OPTION...]

WORD: only guests whose name contains one of the words. --judge: on QEMU only. --breaks: machines that are wrong on purpose, each
of which a guest has to find. --out: keeps the guests and their results. OPTION: of `vitrine suite run`, say --mmu tlb.
Exit code 0: all passed; 1: not; 77: a tool is missing. A guest's source says in its head what options it needs
("// vitrine: svade=on"), QEMU's for the same machine ("// judge: pmp=off") or why it cannot judge ("// judge: none, no Zicond"),
and how many harts it has, if not one ("// harts: 2").
"""
import argparse
import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
GCC = "riscv64-unknown-elf-gcc"
QEMU = "qemu-system-riscv64"
FLAGS = ["-march=rv64ima_zicsr_zifencei", "-mabi=lp64", "-mcmodel=medany", "-O1", "-g", "-ffreestanding", "-nostdlib", "-static",
         "-Wall", "-Wextra", "-Werror", "-I", str(HERE / "kit"), "-T", str(HERE / "kit/link.ld")]
# The same processor: what QEMU 7.2 calls rv64 has H, and not all that ours has.
CPU = "rv64,sv57=on"
JUDGES_CPU = "rv64,h=off,Zfh=on,zbkb=on,zbkc=on,zbkx=on,svinval=on,svnapot=on,svpbmt=on"
GENERATED = ["operands_integers", "operands_floats", "operands_memory", "operands_compressed", "operands_zicond", "opcodes"]
MAX_INSTRUCTIONS = 200_000_000
SECONDS = 120


class Guest:
    def __init__(self, source: pathlib.Path):
        self.source, self.name = source, source.stem
        head = "\n".join(source.read_text().splitlines()[:20])
        self.cpu = [w for line in re.findall(r"^(?://|#) vitrine: (.*)", head, re.M) for w in line.split()]
        judge = re.findall(r"^(?://|#) judge: (none, )?(.*)", head, re.M)
        self.unjudged = next((reason for none, reason in judge if none), None)
        self.harts = next(iter(re.findall(r"^(?://|#) harts: (\d+)$", head, re.M)), "1")
        self.judges_cpu = [words for none, words in judge if not none]


def sources(words: list[str], folder: pathlib.Path) -> list[Guest]:
    """Those in this folder, and those that generate.py writes. A word that is a whole name means that guest only."""
    own = sorted(HERE.glob("*.c"))
    names = {s.stem for s in own} | set(GENERATED)
    wanted = {n for n in names if not words or any(w == n or (w not in names and w in n) for w in words)}
    if wanted & set(GENERATED):
        (folder / "parts").mkdir(exist_ok=True)
        subprocess.run([sys.executable, HERE / "generate/generate.py", folder / "parts"], check=True)
        own += [HERE / "generate/opcodes.c", *sorted((folder / "parts").glob("*.S"))]
    return [Guest(s) for s in own if s.stem in wanted]


def build(guests: list[Guest], folder: pathlib.Path, jobs: int) -> None:
    """NAME and NAME.toml for each guest."""
    # The file's name alone goes into the messages, whatever the checkout is called.
    flags = [*FLAGS, f"-fmacro-prefix-map={HERE}/=", f"-Wa,-I{folder}/parts"]
    (folder / "parts").mkdir(exist_ok=True)
    parts = {name: folder / f"parts/{name}.o" for name in ("start", "kit", "operands")}
    for name, text in zip(parts, (HERE / "kit/start.S", HERE / "kit/kit.c", HERE / "generate/operands.c")):
        subprocess.run([GCC, *flags, "-c", text, "-o", parts[name]], check=True)

    def one(guest: Guest) -> None:
        used = [parts["start"], parts["kit"]] + ([parts["operands"]] if guest.source.suffix == ".S" else [])
        subprocess.run([GCC, *flags, *used, guest.source, "-o", folder / guest.name], check=True)
        words = ["--cpu", ",".join([CPU, *guest.cpu]), "--memory", "128M", "--harts", guest.harts]
        (folder / f"{guest.name}.toml").write_text(f"options = {json.dumps(words)}\nmax_instructions = {MAX_INSTRUCTIONS}\n")
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, guests))


def judged(guest: Guest, folder: pathlib.Path) -> tuple[bool, str]:
    """On QEMU: did it pass, and its console."""
    command = [QEMU, "-M", "virt", "-cpu", ",".join([JUDGES_CPU, *guest.judges_cpu]), "-m", "128M", "-smp", guest.harts, "-bios", "none", "-display", "none", "-serial", "stdio", "-monitor", "none",
               "-kernel", folder / guest.name]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as late:
        return False, (late.stdout or b"").decode(errors="replace") + f"not through after {SECONDS} s\n"
    return done.returncode == 0, done.stdout + done.stderr


def judge(guests: list[Guest], folder: pathlib.Path, jobs: int) -> int:
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda g: (True, f"not judged: {g.unjudged}\n") if g.unjudged else judged(g, folder), guests)
        for guest, (good, said) in zip(guests, results):
            wrong += not good
            print(f"{'pass' if good else 'FAIL'} {guest.name} on QEMU: {said.strip().splitlines()[-1] if said.strip() else ''}", flush=True)
            if not good:
                print(*said.splitlines()[-20:], sep="\n")
    return wrong


def suite(vitrine: str, engine: str, folder: pathlib.Path, options: list[str]) -> int:
    """A suite run; 0 or 1."""
    out = folder / f"results-{engine}"
    print(f"--engine {engine}", flush=True)
    done = subprocess.run([vitrine, "suite", "run", folder, "--out", out, "--engine", engine, *options], check=False)
    for log in sorted((out / "logs").glob("*.log")) if done.returncode else []:
        failed = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("FAIL")]
        print(*(f"{log.stem}: {line}" for line in failed), sep="\n")
    return done.returncode


# Of --break, those that a guest without disks can see, what they need, and the guest that finds them.
BREAKS = [("shadow-unprotected", "paging"), ("tlb-never-flushed --mmu tlb-fenced", "paging"), ("tlb-never-flushed --mmu shadow-lazy", "paging"),
          ("delegation-ignored", "traps"), ("sie-silent", "csrs"), ("trap-leaves-interrupts-on", "traps"), ("reservation-never-lost", "atomics"), ("reservation-never-lost", "harts"),
          ("fence-i-ignored", "code"), ("dirty-bit-not-set", "paging"), ("sum-ignored", "paging"), ("mxr-ignored", "paging"), ("user-bit-ignored", "paging"),
          ("pmp-ignored", "pmp"), ("timer-late", "interrupts"), ("interrupt-lost", "interrupts")]


def find_breaks(vitrine: str, engines: list[str], folder: pathlib.Path) -> int:
    """How many are not found."""
    missed = 0
    for words, guest in BREAKS:
        for engine in engines:
            command = [vitrine, "suite", "run", folder / guest, "--out", folder / f"results-{guest}-{words.split()[0]}-{engine}-{len(words)}", "--engine", engine,
                       "--max-instructions", "80000000", "--break", *words.split()]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
            found = done.returncode == 1 and f"fail  {guest}" in done.stdout
            missed += not found
            print(f"{'found ' if found else 'MISSED'} --break {words} by {guest}, {engine}", flush=True)
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--vitrine", default=str(ROOT / "build/vitrine"))
    parser.add_argument("--engines", default="interpreter,translator")
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--breaks", action="store_true")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    words = sys.argv[1:]
    more = words[words.index("--") + 1:] if "--" in words else []
    options = parser.parse_args(words[:len(words) - len(more) - 1] if more else words)
    if options.breaks:
        options.words = sorted({guest for _, guest in BREAKS})
    for tool in [GCC] + ([QEMU] if options.judge else []):
        if not shutil.which(tool):
            print(f"skipped: there is no {tool}")
            return 77
    with tempfile.TemporaryDirectory(prefix="guests-") as temporary:
        folder = options.out or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        guests = sources(options.words, folder)
        build(guests, folder, options.jobs)
        if options.judge:
            return 1 if judge(guests, folder, options.jobs) else 0
        engines = options.engines.split(",")
        if options.breaks:
            return 1 if find_breaks(options.vitrine, engines, folder) else 0
        return max(suite(options.vitrine, engine, folder, ["-j", str(options.jobs), *more]) for engine in engines)


if __name__ == "__main__":
    sys.exit(main())
