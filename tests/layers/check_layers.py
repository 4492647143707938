#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The dependency graph of docs/architecture.md, checked: every #include of ours must follow an arrow below.

CMake alone does not enforce it, since all folders share one include root. Fails on an include that has no arrow, on a
folder that is not in the graph, and on an arrow that nothing uses any more.
"""
import pathlib
import re
import sys

# folder -> folders that it may include (itself is always allowed)
ARROWS = {
    "core": set(),
    "isa/riscv": {"core", "isa/riscv/softfloat"},
    "isa/riscv/softfloat": set(),
    "isa/x86": {"core"},
    "mmu": {"core"},
    "translator": {"core", "isa/riscv", "isa/x86"},
    "devices": {"core"},
    "classes": {"core", "isa/riscv", "mmu"},
    "debugger": {"core"},
    "app": {"core", "isa/riscv", "isa/x86", "mmu", "translator", "devices", "classes", "debugger"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def folder_of(path: str) -> str | None:
    """The longest folder of the graph that holds the file."""
    parents = [f for f in ARROWS if path.startswith(f + "/")]
    return max(parents, key=len, default=None)


def main(root: pathlib.Path) -> int:
    problems, used, files = [], set(), 0
    for top in sorted({f.split("/")[0] for f in ARROWS}):
        for source in sorted((root / top).rglob("*")):
            if source.suffix not in (".h", ".cpp", ".inc"):
                continue
            files += 1
            name = source.relative_to(root).as_posix()
            here = folder_of(name)
            for included in INCLUDE.findall(source.read_text()):
                there = folder_of(included)
                if there is None:
                    problems.append(f"{name}: includes \"{included}\", which is in no folder of the graph")
                elif there == here:
                    continue
                elif there in ARROWS[here]:
                    used.add((here, there))
                else:
                    problems.append(f"{name}: includes \"{included}\": {here} must not know {there}")
    for here, targets in ARROWS.items():
        for there in sorted(targets):
            if (here, there) not in used:
                problems.append(f"the arrow {here} -> {there} is in the graph, and no include uses it")
    for problem in problems:
        print(problem)
    print(f"{files} files, {len(used)} arrows in use, {len(problems)} problems")
    if files < 50:
        print("fewer than 50 files were found: is this the root of the sources?")
        return 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
