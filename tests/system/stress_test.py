#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Linux, some way into its boot: state hashes are equal whatever is cached, however little, and however often caches are
disturbed (--stress).

    stress_test.py VITRINE [--steps N]

77: the guest or the translator is missing.
"""
import argparse
import os
import pathlib
import subprocess
import sys

GUESTS = pathlib.Path(os.environ.get("VITRINE_GUESTS") or
                      pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "vitrine/guests")
FORMS = [
    "--engine translator",
    "--engine translator --stress 30",
    "--engine translator --mmu tlb --stress 100",
    "--engine translator --code-memory 256K --translated-pages 20 --decoded-pages 4",
    "--engine interpreter --stress 50",
    "--engine interpreter --mmu tlb --stress 100 --decoded-pages 4",
]
LAZY_FORMS = ["--engine translator", "--engine translator --stress 50", "--engine interpreter --stress 200"]


def hashes(vitrine: str, form: str, steps: int) -> list[str]:
    linux = GUESTS / "linux"
    done = subprocess.run([vitrine, "run", "--bios", linux / "opensbi-1.6/fw_dynamic.bin", "--kernel", linux / "Image",
                           "--initrd", linux / "initramfs.cpio.gz", "--memory", "256M", "--harts", "2", "--append",
                           "console=ttyS0", "--max-instructions", str(steps), "--state-hash-every", str(steps // 8),
                           *form.split()], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode != 103:
        raise SystemExit(f"{form}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return [line for line in done.stderr.splitlines() if line.startswith("state-hash ")]


def compare(vitrine: str, forms: list[str], steps: int) -> bool:
    first = hashes(vitrine, forms[0], steps)
    if len(set(line.split()[2] for line in first)) < 8:
        raise SystemExit(f"{forms[0]}: eight different hashes are expected, there are: {first}")
    good = True
    for form in forms[1:]:
        other = hashes(vitrine, form, steps)
        same = other == first
        good &= same
        where = "" if same else " " + next((f"{a} / {b}" for a, b in zip(first, other) if a != b), "fewer lines")
        print(f"{'equal    ' if same else 'DIFFERENT'} {form}{where}", flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vitrine")
    parser.add_argument("--steps", type=int, default=40_000_000)
    options = parser.parse_args()
    if not (GUESTS / "linux/Image").exists():
        print(f"skipped: there is no {GUESTS / 'linux/Image'} (tools/guests/fetch linux)")
        return 77
    if subprocess.run([options.vitrine, "run", "--engine", "translator", "--max-instructions", "1"], capture_output=True,
                      stdin=subprocess.DEVNULL).returncode != 103:
        print("skipped: this build has no translator")
        return 77
    good = compare(options.vitrine, FORMS, options.steps)
    for mmu in "shadow-lazy", "tlb-fenced":
        good &= compare(options.vitrine, [f"{form} --mmu {mmu}" for form in LAZY_FORMS], options.steps)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
