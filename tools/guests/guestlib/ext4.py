# SPDX-License-Identifier: MIT
"""Disk images without root and without a loop device: ext4 from a folder, and a partition table around it.

The same folder gives the same bytes: identifiers are fixed, the features are those of files/mke2fs.conf, and the
time stamps, which mke2fs(8) takes from the folder's files, are set to one moment afterwards.
Layouts: the kernel's Documentation/filesystems/ext4/ (super block, group descriptors, inodes). Next: boot_disk.py.
"""

import os
import struct
import uuid

from . import cache
from .report import Failed, as_root, run, tool

MIB = 1 << 20
TIME_STAMP = 1735689600  # 2025-01-01, as in the initramfs
NAMESPACE = uuid.UUID("5f0c6d6e-7a0b-4f0e-9a52-7669747269ae")  # drawn once; identifiers follow from the label

SUPER_BLOCK = 1024
SUPER_MAGIC = (0x38, 0xEF53)
DESCRIPTOR_SIZE = 64  # with the feature 64bit
# Offsets in an inode: atime, ctime, mtime; then the same with crtime in the part beyond 128 bytes, and their
# nanoseconds. A deleted inode's dtime is 0 in a fresh file system.
INODE_TIMES = (0x08, 0x0C, 0x10, 0x90)
INODE_NANOSECONDS = (0x84, 0x88, 0x8C, 0x94)

SECTOR = 512
PARTITION_START = MIB
PARTITION_TYPE_LINUX = 0x83
BOOTABLE = 0x80


def make(tree, image, size, label):
    """Writes a sparse image of `size` bytes with an ext4 of the folder `tree`; owners are root's, or in a process under
    fakeroot those that it knows."""
    identifier = uuid.uuid5(NAMESPACE, label)
    environment = {**os.environ, "LC_ALL": "C", "E2FSPROGS_FAKE_TIME": str(TIME_STAMP),
                   "MKE2FS_CONFIG": str(cache.HERE.parent / "files" / "mke2fs.conf")}
    run(as_root([tool("mke2fs", "e2fsprogs"), "-q", "-t", "ext4", "-L", label, "-U", identifier,
                 "-E", f"hash_seed={uuid.uuid5(identifier, 'hash')},root_owner=0:0",
                 "-d", tree, image, f"{size // 1024}k"]), env=environment)
    _pin_times(image)


def _pin_times(image):
    with open(image, "r+b") as file:
        file.seek(SUPER_BLOCK)
        super_block = file.read(1024)
        (magic,) = struct.unpack_from("<H", super_block, SUPER_MAGIC[0])
        if magic != SUPER_MAGIC[1]:
            raise Failed(f"{image} holds no ext4")
        inodes, blocks, _, _, _, _, log_block, _, per_group, _, inodes_per_group = struct.unpack_from(
            "<11I", super_block, 0)
        (inode_size,) = struct.unpack_from("<H", super_block, 0x58)
        block = 1024 << log_block
        file.seek(block)  # the group descriptors follow the block of the super block
        descriptors = file.read(DESCRIPTOR_SIZE * -(-blocks // per_group))
        for start in range(0, len(descriptors), DESCRIPTOR_SIZE):
            low, high = (struct.unpack_from("<I", descriptors, start + at)[0] for at in (0x08, 0x28))
            _pin_table(file, (low | high << 32) * block, min(inodes, inodes_per_group), inode_size)


def _pin_table(file, offset, count, inode_size):
    file.seek(offset)
    table = bytearray(file.read(count * inode_size))
    for start in range(0, len(table), inode_size):
        if table[start:start + 2] == b"\0\0":  # no mode: not in use, and a hole of the file should stay one
            continue
        for at in INODE_TIMES:
            struct.pack_into("<I", table, start + at, TIME_STAMP)
        for at in INODE_NANOSECONDS:
            struct.pack_into("<I", table, start + at, 0)
        file.seek(offset + start)
        file.write(table[start:start + inode_size])


def in_partition(file_system, disk):
    """Writes the image `disk`: an MBR whose one partition, marked bootable, is the image `file_system`."""
    length = os.path.getsize(file_system)
    entry = struct.pack("<BBHBBHII", BOOTABLE, 0xFE, 0xFFFF, PARTITION_TYPE_LINUX, 0xFE, 0xFFFF,  # by LBA, not CHS
                        PARTITION_START // SECTOR, length // SECTOR)
    with open(disk, "wb") as out:
        out.write(b"\0" * 440 + struct.pack("<IH", uuid.uuid5(NAMESPACE, "disk").int & 0xFFFFFFFF, 0)
                  + entry.ljust(64, b"\0") + b"\x55\xAA")
        out.truncate(PARTITION_START + length)
        _copy_sparse(file_system, out, PARTITION_START)


def _copy_sparse(source, out, offset):
    """Copies only what is not zero, in pieces of one file-system block."""
    with open(source, "rb") as file:
        for at in range(0, os.path.getsize(source), 4096):
            piece = file.read(4096)
            if piece.count(0) != len(piece):
                out.seek(offset + at)
                out.write(piece)
