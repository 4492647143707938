# SPDX-License-Identifier: MIT
"""Kernel modules: which need which, and the modules.dep that busybox's modprobe reads.

A package ships its modules without modules.dep, because depmod(8) makes it where the package is installed. Each
module says in its ELF section .modinfo (zero-terminated "key=value" strings) what it depends on; that is enough for
the few that a guest needs. Next: linux.py.
"""

import lzma
import os
import struct

from .report import Failed

SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")


def name_of(path):
    """modprobe's name of a module file: no folder, no endings, and - is _."""
    return os.path.basename(path).split(".")[0].replace("-", "_")


def decompress(path, data):
    return lzma.decompress(data) if path.endswith(".xz") else data


def section(elf, wanted):
    """The bytes of a section of a little-endian ELF64 file; empty when there is none of that name."""
    if elf[:6] != b"\x7fELF\x02\x01":
        raise Failed("a kernel module is not a little-endian ELF64 file")
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names_index = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [SECTION_HEADER.unpack_from(elf, table + i * size) for i in range(count)]
    names = headers[names_index][4]
    for name, _, _, _, offset, length, *_ in headers:
        start = names + name
        if elf[start:elf.index(b"\0", start)].decode() == wanted:
            return elf[offset:offset + length]
    return b""


def dependencies(elf):
    for entry in section(elf, ".modinfo").split(b"\0"):
        if entry.startswith(b"depends="):
            return [name.decode().replace("-", "_") for name in entry[8:].split(b",") if name]
    return []


def load_order(wanted, depends):
    """`wanted` and all that they need, every module after those that it needs. depends: {name: [names]}."""
    order = []

    def visit(name):
        if name in order:
            return
        if name not in depends:
            raise Failed(f"the kernel package has no module {name}")
        for needed in depends[name]:
            visit(needed)
        order.append(name)

    for name in wanted:
        visit(name)
    return order


def modules_dep(order, paths, depends):
    """modules.dep: "path: paths that must be loaded before it, the nearest first"."""
    lines = []
    for name in order:
        needed = load_order(depends[name], depends)
        lines.append(f"{paths[name]}: {' '.join(paths[other] for other in reversed(needed))}".rstrip() + "\n")
    return "".join(lines)
