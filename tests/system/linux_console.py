#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sits at the console of a guest of tools/guests, types commands, and judges the answers.

    linux_console.py SCENARIO [options] -- EMULATOR WORDS...

    shell      the busybox shell of the initramfs (guest linux, no vt.* words)
    disk       the Debian root (guests linux and linux-disk, vt.root=...): Python, gcc, make, SQLite, the disk itself
    u-boot     U-Boot's prompt, as firmware or after OpenSBI
    extlinux   U-Boot boots the guest u-boot-disk by itself; then the first jobs of "shell"

{guests} in a word becomes the folder of the guests. tools/guests/README.md has the command lines.

Every expected value is computed here, by Python on the host, or stands in a specification; nothing expected comes
from a run of the guest. Exit code: 0 all passed, 1 something failed, 77 a guest is not there (skipped).
"""

import argparse
import base64
import dataclasses
import os
import pathlib
import re
import sys
import time
import zlib

from console import Console, ConsoleError
import linux_jobs

SKIPPED = 77
READY = r"^vitrine-init: ready$"
FIRST_PROMPT = r"[#$] \Z"
PROMPT = r"^vt\[(\d+)\]> \Z"
# The prompt carries the last exit status. A wide terminal keeps shells from breaking the lines that they echo.
SET_PROMPT = "stty cols 1000; PS1='vt[$?]> '\n"
U_BOOT_PROMPT = r"^=> \Z"


@dataclasses.dataclass
class Tally:
    passed: int = 0
    failed: int = 0

    def record(self, name, problem, seconds):
        self.passed += problem is None
        self.failed += problem is not None
        print(f"{'ok  ' if problem is None else 'FAIL'} {name} ({seconds:.1f} s)", flush=True)
        if problem is not None:
            print("     " + problem.replace("\n", "\n     "), flush=True)


class Shell:
    """A guest's shell behind a prompt of ours."""

    def __init__(self, console):
        self._console = console

    def set_up(self):
        self._console.wait_for(READY, "the guest's init")
        self._console.wait_for(FIRST_PROMPT, "the shell's first prompt")
        self._console.type(SET_PROMPT)
        self._console.wait_for(PROMPT, "our own prompt")

    def run(self, command, keys=""):
        """Types a command, and later `keys`; returns its output, without the echo, and its exit status."""
        self._console.type(command + "\n")
        if keys:
            self._console.wait_for(r"^started\n", f"the start of: {command}")
            self._console.type(keys)
        text, prompt = self._console.wait_for(PROMPT, f"the end of: {command}")
        return (text if keys else text.partition("\n")[2]).strip(), int(prompt[1])

    def put_file(self, path, content):
        """Types a file. Lines stay far below what terminals and shells take at once."""
        self.run(f"rm -f {path}")
        encoded = base64.b64encode(content.encode()).decode()
        for at in range(0, len(encoded), 400):
            self.run(f"echo {encoded[at:at + 400]} | base64 -d >> {path}")

    def judge(self, job):
        for path, content in job.files.items():
            self.put_file(path, content)
        output, status = self.run(job.command, job.keys)
        if status != job.status:
            return f"exit status {status}, expected {job.status}; output:\n{output}"
        if not job.accepts(output):
            return f"got      {output!r}\nexpected {job.expected!r}"
        return None


def timed(tally, name, action):
    """Runs one step; what it returns is the problem, if any. A ConsoleError ends the session, recorded as well."""
    start = time.monotonic()
    try:
        tally.record(name, action(), time.monotonic() - start)
    except ConsoleError as error:
        tally.record(name, str(error), time.monotonic() - start)
        raise


def power_off(console, command):
    console.type(command + "\n")
    code = console.exit_code()
    return None if code == 0 else f"the emulator's exit code is {code}, expected 0"


def shell_session(console, tally, jobs, boot="boot to the shell"):
    shell = Shell(console)
    timed(tally, boot, shell.set_up)
    for job in jobs:
        timed(tally, job.name, lambda job=job: shell.judge(job))
    timed(tally, "leaving the shell powers off", lambda: power_off(console, "exit"))


def u_boot_session(console, tally, options):
    def command(line):
        console.type(line + "\n")
        return console.wait_for(U_BOOT_PROMPT, f"the end of: {line}")[0]

    def prompt():
        console.wait_for("Hit any key to stop autoboot", "U-Boot's countdown")
        console.type("\n")
        console.wait_for(U_BOOT_PROMPT, "U-Boot's prompt")

    def memory():
        text = command("bdinfo")
        size = re.search(r"-> size\s+= 0x([0-9a-f]+)", text)
        if "-> start    = 0x0000000080000000" in text and size and int(size[1], 16) == options.memory << 20:
            return None
        return f"bdinfo does not show {options.memory} MiB at 0x80000000:\n{text}"

    def checksum():
        command("mw.b 0x82000000 0x5a 0x100000")
        text = command("crc32 0x82000000 0x100000")
        expected = f"==> {zlib.crc32(bytes([0x5A]) * 0x100000):08x}"
        return None if expected in text else f"expected {expected}:\n{text}"

    timed(tally, "U-Boot's prompt", prompt)
    timed(tally, "bdinfo", memory)
    timed(tally, "mw and crc32 over 1 MiB", checksum)
    timed(tally, "poweroff", lambda: power_off(console, "poweroff"))


def extlinux_session(console, tally, options):
    def menu():
        console.wait_for("Enter choice: ", "the menu of extlinux.conf")
        console.type("1\n")

    timed(tally, "U-Boot's menu", menu)
    shell_session(console, tally, linux_jobs.shell_jobs(options.harts)[:4], "U-Boot to the shell")


SCENARIOS = {
    "shell": lambda console, tally, options: shell_session(console, tally, linux_jobs.shell_jobs(options.harts)),
    "disk": lambda console, tally, options: shell_session(console, tally, linux_jobs.disk_jobs(options.harts)),
    "u-boot": u_boot_session,
    "extlinux": extlinux_session,
}


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--harts", type=int, default=1, help="how many harts the command line asks for")
    parser.add_argument("--memory", type=int, default=256, help="how many MiB the command line asks for (u-boot)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for each step")
    parser.add_argument("--transcript", help="write everything that the console said to this file")
    # By hand: an emulator's own options must never be read as ours.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:end])
    options.emulator = arguments[end + 1:]
    if not options.emulator:
        parser.error("no emulator: put -- and its command line at the end")
    return options


def command_line(words):
    """Replaces {guests}; a guest that is not there is no failure of the emulator."""
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "vitrine" / "guests"
    for word in words:
        for path in re.findall(r"\{guests\}([^,]*)", word):
            if not (folder / path.lstrip("/")).exists():
                print(f"skipped: {folder}{path} is not there; make it with tools/guests/fetch "
                      f"{path.strip('/').split('/')[0]}")
                sys.exit(SKIPPED)
    return [word.replace("{guests}", str(folder)) for word in words]


def main(arguments):
    options = parse(arguments)
    tally = Tally()
    command = command_line(options.emulator)
    try:
        with Console(command, options.timeout) as console:
            run_scenario(console, tally, options)
    except ConsoleError as error:
        tally.record("start of the machine", str(error), 0)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


def run_scenario(console, tally, options):
    try:
        SCENARIOS[options.scenario](console, tally, options)
    except ConsoleError:  # recorded by the step that it ended
        print("the console's last lines:\n  " + "\n  ".join(console.transcript.splitlines()[-30:]))
    if options.transcript:
        pathlib.Path(options.transcript).write_text(console.transcript, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
