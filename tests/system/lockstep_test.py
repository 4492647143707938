#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The guests of the system tests with both engines in lockstep (docs/comparing.md), for a bounded number of steps.

  lockstep_test.py build/vitrine teach-disk      one scenario; without a name: what there is

A scenario is a command line, the steps it is run for, and what the console must have said by then: a run that ends early,
or that does nothing, is no proof. Exit code: 0 no difference, 1 a difference or a wrong console, 77 a guest is not there.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEACH = ROOT / "examples/teach"
GUESTS = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "vitrine" / "guests"
LIMIT, SUCCESS, SKIPPED = 103, 0, 77


class Scenario(NamedTuple):
    engine: str
    words: str            # '+' stands for a blank inside a word
    says: str             # on the console
    limit: int = 0        # steps; 0: to the guest's own end
    keys: str = ""        # typed by the file that is the standard input
    needs: tuple = ()     # files of GUESTS


LINUX = ("linux/Image", "linux/initramfs.cpio.gz", "linux/opensbi-1.6/fw_dynamic.bin")
DEBIAN = "--memory 256M --kernel {guests}/linux/Image --initrd {guests}/linux/initramfs.cpio.gz --bios "
OPENSBI = "{guests}/linux/opensbi-1.6/fw_dynamic.bin"
KEYS = "ls\npages\nforktest\nfault\nwrite file words\ncat file\n"

SCENARIOS = {
    "teach": Scenario("lockstep", "{teach} --memory 32M", r"teach\$ cat file\nwords\n", keys=KEYS + "halt\n"),
    "teach-disk": Scenario("lockstep", "{teach} --memory 32M --harts 3 --disk {disk} --rng",
                           r"teach\$ cat file\nwords\n", keys=KEYS + "halt\n"),
    "teach-lazy": Scenario("lockstep", "{teach} --memory 32M --mmu tlb-fenced", r"teach\$ halt", keys="ls\nhalt\n"),
    "u-boot": Scenario("lockstep", "--memory 256M --bios {guests}/linux/u-boot-2023.01/mmode/u-boot.bin", r"U-Boot 2023",
                       limit=12_000_000, needs=("linux/u-boot-2023.01/mmode/u-boot.bin",)),
    "linux": Scenario("lockstep", DEBIAN + OPENSBI, r"OpenSBI v1", limit=25_000_000, needs=LINUX),
    "linux-cached": Scenario("lockstep-cached", DEBIAN + "builtin --append earlycon=sbi", r"Linux version", limit=60_000_000,
                             needs=LINUX),
    "linux-four-harts": Scenario("lockstep-cached", DEBIAN + "builtin --harts 4 --append earlycon=sbi+keep_bootcon",
                                 r"smp: Brought up 1 node, 4 CPUs", limit=140_000_000, needs=LINUX),
    "linux-disk": Scenario("lockstep-cached", DEBIAN + OPENSBI + " --disk {guests}/linux-disk/root.ext4,snapshot --rng "
                           "--clock real --append earlycon=sbi", r"Linux version", limit=40_000_000,
                           needs=(*LINUX, "linux-disk/root.ext4")),
}


def run(vitrine: str, scenario: Scenario, folder: pathlib.Path) -> int:
    missing = [name for name in scenario.needs if not (GUESTS / name).exists()]
    if missing:
        print(f"skipped: {', '.join(missing)} of {GUESTS} is not there; `vitrine run linux-disk` fetches the guests")
        return SKIPPED
    keys, disk = folder / "keys", folder / "disk.img"
    keys.write_text(scenario.keys)
    if "{disk}" in scenario.words:
        subprocess.run([sys.executable, TEACH / "mkfs.py", "create", "--blocks", "1024", "--from", TEACH / "teach.elf", disk], check=True)
    command = [vitrine, "run"]
    for word in scenario.words.split():
        command.append(word.replace("+", " ").format(guests=GUESTS, teach=TEACH / "teach.elf", disk=disk))
    command += ["--engine", scenario.engine, "--stats"]
    if scenario.limit:
        command += ["--max-instructions", str(scenario.limit)]
    with open(keys, "rb") as typed:
        done = subprocess.run(command, stdin=typed, capture_output=True, text=True, errors="replace", check=False)
    said = re.search(scenario.says, done.stdout.replace("\r", ""))
    if done.returncode == (LIMIT if scenario.limit else SUCCESS) and said:
        print(f"no difference in {' '.join(command)}")
        return 0
    print(f"{' '.join(command)}\nexit code {done.returncode}; the console {'is right' if said else 'is not right'}:")
    print(done.stdout, done.stderr, sep="\n")
    return 1


def main(words: list[str]) -> int:
    if len(words) != 2 or words[1] not in SCENARIOS:
        print(f"one of: {' '.join(SCENARIOS)}")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        return run(words[0], SCENARIOS[words[1]], pathlib.Path(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
