# SPDX-License-Identifier: MIT
"""Whoever runs a guest: rows of engines, and their command lines for each kind of guest.

An engine is asked for by name, with more words of its own command line behind it if need be: "interpreter",
"translator --mmu tlb", "qemu". All machines have one hart and 256 MiB. Next: guest.py.
"""

import dataclasses
import pathlib
import re
import shutil
import subprocess

from harness.failures import Missing, Usage

MEMORY = "256M"
USAGE_ERROR = 110  # Vitrine's exit code for an option value that it does not know


@dataclasses.dataclass
class Engine:
    name: str
    program: str
    words: list  # of the command line, behind everything else
    version: str
    is_vitrine = False

    def linux(self, linux, initrd, append):
        raise NotImplementedError

    def bare(self, elf):
        raise NotImplementedError

    def starts(self, built, linux):
        """Command lines that run from the program's start to its end, by what they start."""
        raise NotImplementedError


class Vitrine(Engine):
    is_vitrine = True

    def _run(self, *words):
        return [self.program, "run", *words, "--memory", MEMORY, *self.words]

    def linux(self, linux, initrd, append):
        return self._run("--bios", firmware(linux), "--kernel", str(linux / "Image"), "--initrd", str(initrd),
                         "--append", append, "--no-reboot")

    def bare(self, elf):
        return self._run("--bios", "none", "--kernel", str(elf))

    def starts(self, built, linux):
        return {"shutdown": self._run("--bios", "builtin", "--kernel", str(built.shutdown)),
                "shutdown_opensbi": self._run("--bios", firmware(linux), "--kernel", str(built.shutdown)),
                "finish_bare": self.bare(built.finish)}


class Qemu(Engine):
    def _run(self, *words):
        return [self.program, "-M", "virt", "-m", MEMORY, "-smp", "1", "-display", "none", "-monitor", "none",
                "-serial", "stdio", "-no-reboot", *words, *self.words]

    def linux(self, linux, initrd, append):
        return self._run("-bios", firmware(linux), "-kernel", str(linux / "Image"), "-initrd", str(initrd),
                         "-append", append)

    def bare(self, elf):
        return self._run("-bios", "none", "-kernel", str(elf))

    def starts(self, built, linux):
        # QEMU has no SBI of its own: OpenSBI is the only way to a guest in S mode.
        opensbi = self._run("-bios", firmware(linux), "-kernel", str(built.shutdown))
        return {"shutdown": opensbi, "shutdown_opensbi": opensbi, "finish_bare": self.bare(built.finish)}


def firmware(linux):
    return str(linux / "opensbi-1.6" / "fw_dynamic.bin")


def of_vitrine(program, name, words):
    return Vitrine(name, str(program), ["--engine", *words], version_of([str(program), "--version"]))


def of_qemu(program, name, words):
    path = shutil.which(program)
    if not path:
        raise Missing(f"{program} is not there; Debian's is in qemu-system-misc (apt-get install qemu-system-misc), "
                      "and --engines leaves it out")
    return Qemu(name, path, words, version_of([path, "--version"]))


def version_of(command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\n")[0].strip()


def vitrine_has(program, engine, elf):
    done = subprocess.run([str(program), "run", "--bios", "none", "--kernel", str(elf), "--engine", engine],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode != USAGE_ERROR


def choose(wanted, vitrine, qemu, built):
    """The engines, in order. `wanted`: names with words, or None for all that there are; `qemu`: a newer QEMU."""
    if wanted is None:
        wanted = [name for name in ("interpreter", "translator") if vitrine_has(vitrine, name, built.finish)]
        wanted += ["qemu"] + (["qemu-new"] if qemu else [])
    if len(set(wanted)) != len(wanted):
        raise Usage("--engines names one engine twice")
    return [make(spec, vitrine, qemu) for spec in wanted]


def make(spec, vitrine, qemu):
    """One engine from its name and further words."""
    name, *words = spec.split()
    if match := re.fullmatch(r"qemu(-new)?(-icount)?", name):
        if match[1] and not qemu:
            raise Usage(f"{name} needs --qemu PATH")
        deterministic = ["-icount", "shift=0"] if match[2] else []
        return of_qemu(qemu if match[1] else "qemu-system-riscv64", spec, deterministic + words)
    if name not in ("interpreter", "translator", "lockstep"):
        raise Usage(f"there is no engine {name}; there are: native, interpreter, translator, lockstep, qemu, "
                      "qemu-icount, qemu-new, qemu-new-icount")
    return of_vitrine(pathlib.Path(vitrine).resolve(), spec, [name, *words])
