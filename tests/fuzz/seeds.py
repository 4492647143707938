# SPDX-License-Identifier: MIT
"""The seeds of the fuzz targets: a few inputs each that reach behind the first checks. Built here from the formats'
definitions; what the bytes mean to a target is told at its head (NAME_fuzz.cpp)."""

import gzip
import struct

BASE = 0x8000_0000


def elf():
    """ELF64 for RISC-V: one segment, one symbol (System V gABI, "ELF Header" and on)."""
    code, names, sections = b"\x13\0\0\0" * 4, b"\0tohost\0", b"\0.text\0.symtab\0.strtab\0"
    symbols = bytes(24) + struct.pack("<IBBHQQ", 1, 0x12, 0, 1, BASE + 8, 4)
    at_code, at_symbols = 120, 120 + len(code)
    at_names = at_symbols + len(symbols)
    at_sections = at_names + len(names)
    table = (at_sections + len(sections) + 7) & ~7
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 243, 1, BASE, 64, table, 5, 64, 56, 1, 64, 5, 4)
    program = struct.pack("<IIQQQQQQ", 1, 5, at_code, BASE, BASE, len(code), len(code) + 32, 4096)

    def section(name, kind, offset, size, link=0, entry=0, address=0):
        return struct.pack("<IIQQQQIIQQ", name, kind, 0, address, offset, size, link, 0, 1, entry)

    rows = (bytes(64) + section(1, 1, at_code, len(code), address=BASE) + section(7, 2, at_symbols, 48, 3, 24) +
            section(15, 3, at_names, len(names)) + section(15, 3, at_sections, len(sections)))
    return (header + program + code + symbols + names + sections).ljust(table, b"\0") + rows


def linux_image():
    return struct.pack("<IIQQQIIQ8s4sI", 0x6f, 0, 0x200000 >> 8, 256, 0, 2, 0, 0, b"RISCV\0\0\0", b"RSC\5", 0) + bytes(range(192))


def device_tree():
    """A root node without properties (Devicetree Specification, chapter 5)."""
    struct_block = struct.pack(">IIII", 1, 0, 2, 9)
    return struct.pack(">10I", 0xd00dfeed, 72, 56, 72, 40, 17, 16, 0, 0, 16) + bytes(16) + struct_block


def image():
    files = (elf(), linux_image(), gzip.compress(linux_image(), mtime=0), gzip.compress(elf(), mtime=0), device_tree(), b"\x13\0\0\0" * 20)
    return [bytes([use]) + file for file in files for use in range(3)]


def gzipped():
    plain = gzip.compress(b"a text of some length, a text of some length, " * 9, mtime=0)
    flags = plain[:3] + b"\x1f" + plain[4:10] + b"\2\0xx" + b"name\0" + b"comment\0" + b"\0\0" + plain[10:]
    return [struct.pack("<H", limit) + file for limit in (10, 5000) for file in (plain, flags, plain + plain, plain[:30])]


def decoder():
    words = (0x00000013, 0x00c58533, 0x30200073, 0x10500073, 0x0000100f, 0x3200f053, 0x02b50533, 0x1005252f, 0x00b50023, 0x4501, 0x9002, 0x8082)
    return [struct.pack("<Q", without) + b"".join(struct.pack("<I", word) for word in words) for without in (0, 2**64 - 1, 0xaaaa)]


def registers(*shape):
    """Each row read and written, with some time between."""
    acts = b"".join(bytes([1, 2, row, 0, 0]) + struct.pack("<Q", value) + bytes([0, 2, row, 0, 0, 3, 100, 0, 4 + row % 4, row + 1])
                    for row in range(8) for value in (0, 0xff, 3))
    return [bytes(shape) + acts, bytes(shape) + acts * 3, bytes(shape) + acts[::-1]]


def buffer(index, at, size, flags, following=0):
    """A descriptor of the table, of a buffer in RAM at a 16-bit offset and with a length of 16 bytes times something."""
    return bytes([1, index, 3]) + struct.pack("<H", at) + bytes([size, flags | following << 3])


def virtio():
    """A good driver of each kind of device, of either version; then one that changes its mind while it is served."""
    start, offer, notify, later = bytes([0, 0x88]), bytes([3, 0]), bytes([12, 0]), bytes([9, 255, 0])
    request = b"".join(bytes([6, kind, 1, 1]) + buffer(0, 0x3000, 1, 1, 1) + buffer(1, 0x4000, 32, 3, 2) + buffer(2, 0x5001, 2, 2) + offer + notify + later
                       for kind in (0, 4, 8))
    write = b"".join(bytes([6, kind, 1, 1]) + buffer(0, 0x3000, 1, 1, 1) + buffer(1, 0x4000, 32, 1, 2) + buffer(2, 0x5001, 2, 2) + offer + notify + later
                     for kind in (1, 4, 11, 13))
    fill = buffer(0, 0x4000, 4, 2) + offer + notify + bytes([10, 65, 66]) + later
    send = buffer(0, 0x4000, 4, 0) + offer + bytes([12, 1]) + later
    loop = buffer(0, 0x4000, 4, 1, 0) + offer + notify + later
    table = buffer(0, 0x2000, 2, 4) + bytes([2, 0, 3, 0, 0x30, 1, 9, 2, 1, 3, 0, 0x40, 32, 2]) + offer + notify + later
    return [bytes([kind]) + start + acts for kind in range(6) for acts in (request, write, fill, send, loop, table, fill + start + fill)]


def sbi():
    call = [bytes([1, 0, row]) + bytes([0] * (row % 2)) + bytes([7, 1, 3]) + struct.pack("<I", 0x1000) + bytes([7, 1, 7, 0, 7, 0]) for row in range(45)]
    return [b"".join(call), b"".join(call[::-1])] + call


def page_walk():
    def entry(place, page, flags):
        return struct.pack("<HBH", place, page, flags)

    def access(indexes, how):
        return struct.pack("<IBH", indexes, how, 0x123)

    tables = bytes([4]) + entry(0, 1, 0) + entry(512, 2, 0) + entry(1024, 9, 0xdf) + entry(1025, 10, 0x1f)
    return [bytes([shape, rules]) + tables + access(0, 1) + bytes([0]) + access(1, 0) + bytes([1]) + entry(1, 0, 0xcf) + access(0x100, 6)
            for shape in range(3) for rules in (0x17, 0x1f, 4, 0x37)]


KERNEL = """\
current = ["cpus[hart].proc", { symbol = "current", offset = 8, stride = 16 }, { register = "tp" }]
type = "struct proc"
name = { offset = 360, size = 16 }
pid = "pid"
"""
SUITE = """\
options = ["--memory", "32M"]
typed = "ls\\n"
end_at = "done"
max_instructions = 1000000
max_seconds = 2.5
ends = ["pass", "reset"]
expect = ["init: starting", "/ok [0-9]+/"]
panics = ["panic"]
trust = "host"
points = 3
labels = ["a", "b"]
hidden = true
known_failure = "a reason"
exclude = ["*.txt"]
[[dialogue]]
expect = "$ "
send = "ls\\n"
[[rule]]
says = "it came there"
reached = "main"
at_least = 1
[[rule]]
memory = "counter"
bytes = 4
equals = 3
[[rule]]
never = "panic"
"""
LAB = """\
title = "A lab"
heading = "Hypervisors"
summary = "What it shows."
concepts = ["exit"]
minutes = 20
[parameters]
n = { value = 3, range = [1, 8], what = "how many" }
word = { value = "ab", range = [0, 4], what = "a text" }
[let]
twice = "2 * n"
[[run]]
name = "a"
what = "the machine"
options = ["--memory", "32M"]
disk = 64
typed = "{n}\\n"
[counters]
seen = "a: print seen"
exits = "a: exits/hidden-fault/count"
[[question]]
id = "q1"
asks = "How many?"
answer = "floor(twice / 2)"
measured = "seen"
because = "it is so"
[[question.misconception]]
answer = "n + 1"
says = "off by one"
[[question]]
id = "q2"
asks = "How many?"
answer = "mod(n, 2)"
measured = "exits"
because = "it is so"
[[question.misconception]]
answer = "0"
says = "none"
[[question]]
id = "q3"
asks = "How many?"
answer = "word"
measured = "seen + exits"
because = "it is so"
[[question.misconception]]
answer = "9"
says = "no"
[[break]]
name = "timer-late"
asks = "What is wrong?"
because = "it is late"
symptom = "seen > 3"
changes = ["q1"]
"""
KEPT = """\
vitrine-kept-run 2
version fuzz
program vitrine
environment \\
folder /tmp
identity machine\\x201
date 0
word run
verb run
clock virtual
input abc
disk 64 32768 /tmp/d.img
begin
p 10 20 0 1 b a\\x0a
i 20 30 1 1 m 40
r 0 0 1f 2f
w 0 1 1 KLUv/SAEIQAAAAAAAA==
z 0 3 2
at 30
hash 1234
end 40 0 0 \\
"""


def texts(*prefixes_and_texts):
    return [bytes([prefix]) + text.encode() for prefixes, text in prefixes_and_texts for prefix in prefixes]


SEEDS = {
    "decoder": decoder,
    "image": image,
    "gzip": gzipped,
    "uart": registers,
    "plic": lambda: registers(2) + registers(1) + registers(15),
    "clint": lambda: registers(0) + registers(3),
    "port_disk": lambda: registers(0) + registers(1),
    "virtio": virtio,
    "sbi": sbi,
    "page_walk": page_walk,
    "kernel_toml": lambda: [KERNEL.encode()],
    "suite_toml": lambda: texts(((0, 1), SUITE), ((0,), 'kernel = "../a"\n')),
    "lab_toml": lambda: [LAB.encode()],
    "kept_run": lambda: texts(((1,), KEPT), ((0,), KEPT)),
    "disk_tape": lambda: [bytes(i % 20 for i in range(200)), b"".join(bytes([0, kind, 1, 2, 9]) for kind in (1, 0, 2, 0, 3, 4)) + bytes([12, 0, 0, 0, 0])],
    "disk_option": lambda: [b"a,b.img,ro", b"a,snapshot,slot=3", b"a,slot=7,ro"],
    "gdb_packets": lambda: texts(((), "+$qC#b4+\x03$m0,4#fd$X0,1:}\x03#97"), ((), "0aff")),
    "qemu_words": lambda: texts(((0, 1), "file=a,,b.img,if=none,format=raw,id=d,readonly=on"), ((1,), "virtio-blk-device,drive=x0,help")),
}
