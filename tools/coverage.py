#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the tests run of core/, isa/, mmu/ and devices/: lines, and branches both ways, by clang's source-based coverage,
which knows none of the branches that exceptions make.

    coverage.py BUILD-FOLDER        after the tests have run there (./test --coverage does both)

A branch counts once, however many templates it is compiled into, and is covered if one of them was. Code that the
translator generated is in no table; the interpreter's bodies are. Prints a table of folders and files; the branches that were
never taken, or always, go to BUILD-FOLDER/uncovered.txt, one a line.
"""

import collections
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDERS = ("core", "isa/riscv", "isa/x86", "mmu", "devices")


def tool(name):
    found = shutil.which(name) or shutil.which(f"{name}-14")
    if not found:
        sys.exit(f"{name} is not installed (sudo apt-get install llvm)")
    return found


def programs(build):
    """What was linked with the run-time of coverage."""
    for path in sorted(build.rglob("*")):
        if path.is_file() and path.stat().st_mode & 0o111 and not path.is_symlink() and "CMakeFiles" not in path.parts:
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF" and b"__llvm_covmap" in path.read_bytes():
                    yield path


def exported(build, profile):
    objects = [word for path in programs(build) for word in ("-object", str(path))]
    done = subprocess.run([tool("llvm-cov"), "export", f"-instr-profile={profile}", "-skip-expansions", *objects[1:]],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["data"][0]


class File:
    def __init__(self, entry):
        lines = entry["summary"]["lines"]
        self.lines = (lines["covered"], lines["count"])
        self.branches = collections.defaultdict(lambda: [0, 0])  # (line, column): times true, times false
        for line, column, _, _, true, false, *_ in entry["branches"]:
            both = self.branches[line, column]
            both[0] += true
            both[1] += false

    def figures(self):
        ways = [count for both in self.branches.values() for count in both]
        return (*self.lines, sum(count > 0 for count in ways), len(ways))


def gathered(data):
    files = {}
    for entry in data["files"]:
        path = pathlib.Path(entry["filename"]).resolve()
        if path.is_relative_to(ROOT) and any(path.is_relative_to(ROOT / folder) for folder in FOLDERS):
            files[str(path.relative_to(ROOT))] = File(entry)
    return files


def row(name, figures):
    def share(part, whole):
        return f"{100 * part / whole:5.1f} % of {whole:6,}" if whole else "      none      "
    return f"{name:44} {share(*figures[:2])} {share(*figures[2:])}"


def table(files):
    text = [f"{'':44} {'lines':>17} {'branches':>17}"]
    total = (0, 0, 0, 0)
    for folder in FOLDERS:
        inside = {name: file.figures() for name, file in sorted(files.items()) if name.startswith(folder + "/")}
        together = tuple(map(sum, zip(*inside.values()))) or (0, 0, 0, 0)
        total = tuple(map(sum, zip(total, together)))
        text += [row(folder + "/", together)] + [row("  " + name, figures) for name, figures in inside.items()]
    return "\n".join([*text, row("all", total)])


def uncovered(files):
    for name, file in sorted(files.items()):
        source = (ROOT / name).read_text(errors="replace").split("\n")
        for (line, column), (true, false) in sorted(file.branches.items()):
            if not true or not false:
                what = "never evaluated" if not true and not false else "never true" if not true else "never false"
                yield f"{name}:{line}:{column}: {what}: {source[line - 1].strip()}\n"


def main(build):
    build = pathlib.Path(build)
    raw = sorted(build.glob("profiles/*.profraw"))
    if not raw:
        sys.exit(f"{build}/profiles has no profile: no test has run there")
    profile = build / "tests.profdata"
    names = build / "profiles.txt"
    names.write_text("".join(f"{path}\n" for path in raw))
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", "--failure-mode=all", f"--input-files={names}", "-o", profile], check=True)
    files = gathered(exported(build, profile))
    print(table(files))
    (build / "uncovered.txt").write_text("".join(uncovered(files)))
    print(f"Branches that were never taken, or always: {build}/uncovered.txt")


if __name__ == "__main__":
    main(*sys.argv[1:])
