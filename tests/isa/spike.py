#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Spike as a judge: a program runs on both, and their commit logs are compared, instruction by instruction.

  spike.py build/vitrine PROGRAM... [--spike PATH] [--instructions N] [--json FILE]

Each program is an ELF file that starts in M mode and ends by HTIF. Every instruction that retires from its entry to its end has to
have the same mode, pc, bits, registers, CSRs and memory accesses; the first difference is shown with the lines before it. What is
not compared, since no architecture says what it is: see LEFT_OUT. Exit status: 0 no difference, 1 some, 2 wrong use, 77 there is no
Spike (told).
"""

import argparse
import itertools
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import deque

# The machine that `vitrine run --bios none` has, in Spike's words. Hardware that sets A and D is off on both: menvcfg.ADUE is 0 at
# Spike's reset and 1 at ours.
CPU = "rv64,svade=on,svadu=off"
ISA = ("rv64imafdc_zicsr_zifencei_zihintpause_zawrs_zicond_zicbom_zicbop_zicboz_zfh_zba_zbb_zbc_zbs_zbkb_zbkc_zbkx_zicntr_zihpm_"
       "svinval_svnapot_svpbmt_sstc_svade_zicclsm")
MEGABYTES = 128
BEFORE = 4  # lines that are shown before a difference

# A program that reads one of these sees the machine and not the architecture: from there on, nothing is compared any more.
LEFT_OUT = {0xC00: "cycle", 0xC01: "time", 0xC02: "instret", 0xB00: "mcycle", 0xB02: "minstret", 0xF11: "mvendorid", 0xF12: "marchid",
            0xF13: "mimpid", 0x301: "misa"}
# What is written into these is told of and not compared: fields that each machine chooses (docs/conformance.md), and mvip, a part of
# mip that Spike tells of twice. Where a program reads them, it sees the difference.
NOT_COMPARED = ("c769_misa", "c777_mvip", "c770_medeleg", "c774_mcounteren", "c262_scounteren", "c800_mcountinhibit", "c778_menvcfg",
                "c266_senvcfg", "c1952_tselect", "c1953_tdata1", "c1954_tdata2", "c1955_tdata3")
LINE = re.compile(r"core +0: (\d) (0x[0-9a-f]{16}) \((0x[0-9a-f]+)\)(.*)")


def entry_of(program):
    with open(program, "rb") as file:
        head = file.read(64)
    if head[:5] != b"\x7fELF\x02" or struct.unpack_from("<H", head, 18)[0] != 243:
        sys.exit(f"spike.py: '{program}' is no 64-bit ELF file for RISC-V")
    return struct.unpack_from("<Q", head, 24)[0]


def retired(path, entry):
    """The lines of a log from the program's entry on."""
    with open(path, encoding="ascii", errors="replace") as file:
        lines = (line.rstrip() for line in file if line.startswith("core") and LINE.match(line))
        yield from itertools.dropwhile(lambda line: f" {entry:#018x} (" not in line, lines)


def words_of(line):
    """Mode, pc and bits, and then what was written and read, whatever its order."""
    mode, pc, bits, rest = LINE.match(line).groups()
    words = re.findall(r"mem 0x[0-9a-f]+(?: 0x[0-9a-f]+)?|\S+ +0x[0-9a-f]+", rest)
    return mode, pc, bits, sorted(word for word in words if not word.startswith(NOT_COMPARED))


def left_out(line):
    """The name of the CSR that this instruction reads and nothing compares, or None."""
    bits = int(LINE.match(line)[3], 16)
    is_csr = bits & 0x7F == 0x73 and bits >> 12 & 3 != 0 and bits >> 7 & 0x1F != 0
    return LEFT_OUT.get(bits >> 20) if is_csr else None


def is_store_conditional(line):
    bits = int(LINE.match(line)[3], 16)
    return bits & 0x7F == 0x2F and bits >> 27 == 3


def why_not_comparable(our, their):
    """Why two lines of one instruction may differ, or None."""
    if our.split(")")[0] != their.split(")")[0]:
        return None
    if left_out(our):
        return f"{left_out(our)} is read"
    return "sc fails on one of them, as it may" if is_store_conditional(our) else None


def run_both(arguments, program, folder):
    logs = folder / "ours", folder / "spike"
    limit = str(arguments.instructions)
    ours = subprocess.run([arguments.vitrine, "run", "--bios", "none", "--cpu", CPU, "--kernel", program, "--memory", f"{MEGABYTES}M", "--log", "retire",
                           "--log-file", logs[0], "--max-instructions", limit], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", check=False)
    if not logs[0].exists():
        sys.exit(f"spike.py: vitrine did not run '{program}':\n{ours.stderr}")
    # Spike's limit counts more than what retires.
    spike = [arguments.spike, f"--isa={ISA}", "--priv=msu", "--pmpregions=16", "--triggers=0", f"-m{MEGABYTES}", "-l", "--log-commits",
             f"--log={logs[1]}", f"--instructions={4 * int(limit)}", program]
    theirs = subprocess.run(spike, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    if not logs[1].exists() or logs[1].stat().st_size == 0:
        sys.exit(f"spike.py: Spike did not run '{program}':\n{theirs.stderr}")
    return logs


def compare(ours, theirs):
    """How many instructions were the same, and the difference as text ("" if there is none); or why it ended."""
    before = deque(maxlen=BEFORE)
    count = 0
    for our, their in itertools.zip_longest(ours, theirs):
        if our is None:
            break  # our machine ends at the very store to tohost, Spike looks at it now and then
        if their is None or words_of(our) != words_of(their):
            if their is not None and (why := why_not_comparable(our, their)):
                return count, "", why
            shown = [f"           {line}" for line in before] + [f"  vitrine: {our}", f"  spike:   {their or '(ends)'}"]
            return count, "\n".join(shown), ""
        before.append(our)
        count += 1
    return count, "", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vitrine")
    parser.add_argument("programs", nargs="+", metavar="PROGRAM")
    parser.add_argument("--spike", default="spike")
    parser.add_argument("--instructions", type=int, default=200_000, metavar="N", help="of each program at most (%(default)s)")
    parser.add_argument("--json", metavar="FILE", help="results for tools/conformance")
    arguments = parser.parse_args()
    if not shutil.which(arguments.spike):
        print(f"SKIPPED: there is no {arguments.spike} (Spike, the RISC-V ISA simulator) on this host")
        return 77
    results, total = [], 0
    for program in arguments.programs:
        name = pathlib.Path(program).name
        with tempfile.TemporaryDirectory(prefix="vitrine-spike-") as folder:
            logs = run_both(arguments, program, pathlib.Path(folder))
            count, difference, ended = compare(*(retired(log, entry_of(program)) for log in logs))
        if count == 0 and not difference:
            difference = "  nothing was compared: one of the logs does not come to the program's entry"
        total += count
        results.append({"name": name, "verdict": "fail" if difference else "pass", "instructions": count})
        if difference:
            print(f"{name}: differs behind {count} instructions\n{difference}", flush=True)
        elif ended:
            print(f"{name}: the same for {count} instructions, and then {ended}", flush=True)
    failed = sum(result["verdict"] == "fail" for result in results)
    print(f"{len(results)} programs, {total} instructions: " + (f"{failed} programs differ" if failed else "no difference"))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps({"tests": results}, indent=1) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
