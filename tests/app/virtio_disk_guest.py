# SPDX-License-Identifier: MIT
"""Guests that use a virtio disk in slot 7 through the legacy interface, for disk_test.py. The rings are made here and put
into RAM by `-device loader`, so that the program only counts, notifies and waits. Virtual I/O Device (VIRTIO) 1.2,
sections 2.7 (split virtqueues), 4.2.4 (legacy registers), 5.2 (block device).

    0x8001_0000  32 descriptors, the available ring; + 0x1000 the used ring
    0x8002_0000  request headers, 16 bytes each          0x8002_1000  status bytes
    0x8003_0000  data, 8 KiB a request
"""

import struct

from tiny_riscv import Program

SLOT = 0x1000_1000 + 7 * 0x1000
RINGS, HEADERS, STATUSES, DATA = 0x8001_0000, 0x8002_0000, 0x8002_1000, 0x8003_0000
AVAILABLE, USED = RINGS + 0x200, RINGS + 0x1000
QUEUE = 32
READ, WRITE, FLUSH = 0, 1, 4
NEXT, DEVICE_WRITES = 1, 2
F_FLUSH = 1 << 9
UNTOUCHED = 0xEE


class Rings:
    """Descriptors, available ring, headers and status bytes as the bytes to load at RINGS."""

    def __init__(self):
        self.descriptors = []
        self.heads = []
        self.headers = b""

    def request(self, kind, sector, *sizes):
        """One request whose data are pieces of these sizes, one after the other in its 8 KiB."""
        n = len(self.heads)
        self.heads.append(len(self.descriptors))
        pieces = [(HEADERS + 16 * n, 16, 0)]
        at = DATA + 0x2000 * n
        for size in sizes:
            pieces.append((at, size, DEVICE_WRITES if kind == READ else 0))
            at += size
        pieces.append((STATUSES + n, 1, DEVICE_WRITES))
        for i, (address, size, flags) in enumerate(pieces):
            last = i == len(pieces) - 1
            self.descriptors.append(struct.pack("<QIHH", address, size, flags | (0 if last else NEXT),
                                                0 if last else len(self.descriptors) + 1))
        self.headers += struct.pack("<IIQ", kind, 0, sector)
        return self

    def image(self):
        """The available ring holds the requests in turn, over and over."""
        assert len(self.descriptors) <= QUEUE and QUEUE % len(self.heads) == 0
        ring = b"".join(self.descriptors).ljust(AVAILABLE - RINGS, b"\0") + bytes(4)
        ring += b"".join(struct.pack("<H", h) for h in self.heads) * (QUEUE // len(self.heads))
        ring = ring.ljust(HEADERS - RINGS, b"\0") + self.headers
        return ring.ljust(STATUSES - RINGS, b"\0") + bytes([UNTOUCHED]) * len(self.heads)


def start_driver(program, features=F_FLUSH):
    """Brings the device up; s2 will count the requests that were made available."""
    for offset, value in ((0x70, 0), (0x70, 3), (0x20, features), (0x28, 4096), (0x30, 0), (0x38, QUEUE), (0x3C, 4096),
                          (0x40, RINGS >> 12), (0x70, 7)):
        program.store(SLOT + offset, value)
    return program.li("s2", 0)


def offer(program, count):
    """Makes the next `count` requests available and waits until all have been used."""
    wait = f"used{len(program.words)}"
    program.addi("s2", "s2", count).slli("t1", "s2", 16)
    program.li("t0", AVAILABLE).sw("t1", "t0", 0)  # flags 0, index s2
    program.store(SLOT + 0x50, 0)
    program.slli("t2", "s2", 48).srli("t2", "t2", 48).li("t0", USED)
    return program.label(wait).lw("t1", "t0", 0).slli("t1", "t1", 32).srli("t1", "t1", 48).bne("t1", "t2", wait)


# --- The guest of the kill test

BLOCKS, BLOCK = 128, 8192  # a disk of 1 MiB
BATCH = 7                  # writes between two flushes
SEQUENCE = 0x8000_F000     # word: the number of the last write before this run; word: its block
STRIDE = 37                # write n goes to block 37 n mod 128, whose words all become n


def block_of(n):
    return n * STRIDE % BLOCKS


def writer_rings():
    rings = Rings()
    for _ in range(BATCH):
        rings.request(WRITE, 0, 1536, BLOCK - 1536)
    return rings.request(FLUSH, 0)


def writer(finish_value):
    """Seven writes, a flush, the number of the last write on the console; over and over. Anything but success of a
    request ends the run with `finish_value`."""
    program = start_driver(Program())
    program.li("t0", SEQUENCE).lw("s1", "t0", 0).lw("s3", "t0", 4).label("batch")
    for n in range(BATCH):
        fill = f"fill{n}"
        program.addi("s1", "s1", 1).addi("s3", "s3", STRIDE).andi("s3", "s3", BLOCKS - 1)
        program.slli("t1", "s3", 4).li("t0", HEADERS + 16 * n).sw("t1", "t0", 8)
        program.li("t0", DATA + 0x2000 * n).li("t1", DATA + 0x2000 * n + BLOCK)
        program.label(fill).sw("s1", "t0", 0).addi("t0", "t0", 4).bne("t0", "t1", fill)
    for count, first in ((BATCH, 0), (1, BATCH)):
        offer(program, count)
        program.li("t0", STATUSES)
        for n in range(first, first + count):
            program.lbu("t1", "t0", n).bne("t1", "x0", "failed").li("t1", UNTOUCHED).sb("t1", "t0", n)
    program.hex("s1").jal("x0", "batch")
    return program.label("failed").finish(finish_value)


# --- Guests that make some requests and show what became of them

def requests(rings, features=F_FLUSH, waits_for_key=False):
    """Each request in turn, and its status byte; with a key waited for before each but the first."""
    program = start_driver(Program(), features)
    for n in range(len(rings.heads)):
        if waits_for_key and n:
            program.get("s4")
        offer(program, 1).li("s5", STATUSES + n).lbu("s4", "s5", 0).hex("s4", 2)
    return program
