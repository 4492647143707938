#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds of other compilers, or for other hosts, give the same state hashes, on every engine, cached or not.

    compilers_test.py build/vitrine /tmp/build-clang/vitrine
    compilers_test.py --with clang++ build/vitrine          builds the second one first (build/other-compiler)
    compilers_test.py build/vitrine "qemu-aarch64 /tmp/build-aarch64/vitrine"

Each VITRINE is a command; the first is the reference. Two guests run: the built-in teaching kernel with typed input, and
the first steps of a Debian Linux boot, if the guest is in the cache (vitrine run linux fetches it; --million N for a
longer boot). Everything that a run prints must be equal: its identity, the console, the state hashes, how it ended.
Exit code: 0 equal, 1 different, 77 skipped (said why).
"""

import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
TYPED = "ps\nforktest\nfault null\npages\nsyscalls\nspin 3\n"
WAYS = {"the default engine": [], "the interpreter": ["--engine", "interpreter"],
        "the interpreter without caches": ["--engine", "interpreter", "--no-cache"]}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vitrine", metavar="VITRINE", nargs="+", help="the program, or a command that runs it")
    parser.add_argument("--with", dest="compiler", metavar="CXX", help="build with this compiler, and compare that too")
    parser.add_argument("--million", metavar="N", type=int, default=12, help="steps of the Linux boot; 12 million")
    return parser.parse_args()


def skip(text):
    print(f"SKIPPED: {text}")
    sys.exit(SKIPPED)


def build_with(compiler, first):
    """A second build beside the first one; returns the program."""
    if not shutil.which(compiler):
        skip(f"the compiler {compiler} is not installed.")
    folder = pathlib.Path(first).resolve().parent / "other-compiler"
    ccache = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={path}"] if (path := shutil.which("ccache")) else []
    for command in (["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}",
                     "-DCMAKE_BUILD_TYPE=Release", "-DVITRINE_TESTS=OFF", *ccache],
                    ["cmake", "--build", folder, "--target", "vitrine"]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit(f"{shlex.join(map(str, command))} failed:\n{done.stdout}")
    return shlex.quote(str(folder / "vitrine"))


def outcome(vitrine, words):
    """Lines of a run: its exit code, the console, and what the program said."""
    command = shlex.split(vitrine) + ["run", *words, "--clock", "virtual"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    return [f"exit code {done.returncode}", *done.stdout.decode("latin-1").split("\n"),
            *done.stderr.decode("latin-1").split("\n")]


def hashes(lines):
    return [line for line in lines if line.startswith("state-hash ")]


def compare(name, programs, words, meant):
    """True if all runs are one; `meant` is what the console must show for it to be the run that was meant."""
    reference, same = None, True
    for program in programs:
        for way, option in WAYS.items():
            lines = outcome(program, words + option)
            if reference is None:
                reference = lines
                if len(hashes(lines)) < 10 or not any(meant in line for line in lines):
                    print(f"FAIL {name}: this is not the run that was meant:\n" + "\n".join(lines))
                    return False
            if lines == reference:
                continue
            same = False
            pairs = zip(lines + ["(no more)"], reference + ["(no more)"])
            first = next((pair for pair in pairs if pair[0] != pair[1]), (len(lines), len(reference)))
            print(f"FAIL {name}, {program}, {way}: {first[0]!r}, and the reference has {first[1]!r}")
    if same:
        print(f"ok   {name}: {len(hashes(reference))} state hashes of {len(programs)} builds, {len(WAYS)} ways each, are equal; "
              f"the last one: {hashes(reference)[-1]}")
    return same


def linux_is_cached():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "vitrine" / "guests" / "linux"
    return all((cache / name).exists() for name in ("Image", "initramfs.cpio.gz", "opensbi-1.6/fw_dynamic.bin"))


def main():
    arguments = parse()
    programs = list(arguments.vitrine)
    if arguments.compiler:
        programs.append(build_with(arguments.compiler, shlex.split(programs[0])[0]))
    if len(programs) == 1:
        others = [name for name in ("g++", "clang++") if shutil.which(name)]
        skip("there is one build only. To compare: " + (
            f"{sys.argv[0]} --with {others[-1]} {programs[0]}, or cmake -DVITRINE_SECOND_COMPILER={others[-1]}"
            if len(others) == 2 else "install a second compiler (sudo apt-get install clang)"))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as typed:
        typed.write(TYPED)
        typed.flush()
        same = compare("teach", programs, ["teach", "--input", typed.name, "--state-hash-every", "100000",
                                           "--max-instructions", "15000000"], "no page was lost")
    if linux_is_cached():
        steps = arguments.million * 1_000_000
        same &= compare("linux", programs, ["linux", "--memory", "256M", "--max-instructions", str(steps),
                                            "--state-hash-every", str(steps // 20)], "OpenSBI")
    else:
        print("skipped in part: the guest linux is not in the cache (vitrine run linux fetches it)")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
