#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds teachfs images on the host, and reads them back. The format is drawn in kernel/fs.c; this is a second
reading of it, on purpose: the tests use it to judge what the kernel wrote.

  mkfs.py create [--blocks N] [--cut] IMAGE FILE...   a new file system with these files
  mkfs.py create [--blocks N] --from SOURCE IMAGE     with the files of another image, or of a kernel (teach.elf)
  mkfs.py list IMAGE                                  names and sizes
  mkfs.py cat IMAGE NAME                              one file, to standard output
  mkfs.py check IMAGE                                 whether every block is free, or belongs to one file
"""
import argparse
import os
import struct
import sys

BLOCK = 1024
MAGIC = b"TEACHFS1"
SUPER = struct.Struct("<8sIII")
ENTRY = struct.Struct("<24sIHH")
LAST = 0xFFFF
DIRECTORY_BLOCKS = 2


def up(bytes_, unit):
    return -(-bytes_ // unit)


class Damaged(Exception):
    """The image breaks a rule of the format."""


class Image:
    """A file system: its three tables, decoded."""

    def __init__(self, data):
        if len(data) < BLOCK or data[:8] != MAGIC:
            raise Damaged("no teachfs")
        _, self.blocks, self.chain_blocks, self.directory_blocks = SUPER.unpack_from(data)
        self.first_data = 1 + self.chain_blocks + self.directory_blocks
        if not (self.first_data < self.blocks < LAST and self.chain_blocks * BLOCK >= self.blocks * 2):
            raise Damaged("the sizes in the super block do not fit each other")
        # An image may be cut after its last used block: what is missing is zero.
        self.data = data[: self.blocks * BLOCK].ljust(self.blocks * BLOCK, b"\0")
        self.chain = struct.unpack_from(f"<{self.blocks}H", self.data, BLOCK)
        self.entries = []
        base = (1 + self.chain_blocks) * BLOCK
        for i in range(self.directory_blocks * BLOCK // ENTRY.size):
            name, size, first, _ = ENTRY.unpack_from(self.data, base + i * ENTRY.size)
            name = name.split(b"\0")[0].decode("ascii", "replace")
            if name:
                self.entries.append((name, size, first))

    def blocks_of(self, name, size, first):
        blocks = []
        while first not in (0, LAST):
            if not self.first_data <= first < self.blocks or first in blocks:
                raise Damaged(f"{name}: block {first} cannot be part of it")
            blocks.append(first)
            first = self.chain[first]
            if first == 0:
                raise Damaged(f"{name}: its chain leads to a free block")
        if len(blocks) != up(size, BLOCK):
            raise Damaged(f"{name}: {size} bytes in {len(blocks)} blocks")
        return blocks

    def read(self, name, size, first):
        blocks = self.blocks_of(name, size, first)
        return b"".join(self.data[b * BLOCK : (b + 1) * BLOCK] for b in blocks)[:size]

    def check(self):
        owner = {}
        for entry in self.entries:
            for block in self.blocks_of(*entry):
                if block in owner:
                    raise Damaged(f"block {block} belongs to {owner[block]} and to {entry[0]}")
                owner[block] = entry[0]
        lost = [b for b in range(self.first_data, self.blocks) if self.chain[b] != 0 and b not in owner]
        if lost:
            raise Damaged(f"blocks {lost} are taken and belong to nobody")


def build(files, blocks, cut):
    chain_blocks = up(blocks * 2, BLOCK)
    first_data = 1 + chain_blocks + DIRECTORY_BLOCKS
    chain = [LAST] * first_data + [0] * (blocks - first_data)
    directory, data, at = b"", b"", first_data
    if len(files) > DIRECTORY_BLOCKS * BLOCK // ENTRY.size:
        raise SystemExit(f"mkfs.py: {len(files)} files, but there is room for "
                         f"{DIRECTORY_BLOCKS * BLOCK // ENTRY.size}")
    for name, content in files:
        count = up(len(content), BLOCK)
        if len(name) > 23 or not name.isascii():
            raise SystemExit(f"mkfs.py: the name {name!r} is longer than 23 ASCII characters")
        if at + count > blocks:
            raise SystemExit(f"mkfs.py: {name} does not fit: the file system has {blocks} blocks")
        directory += ENTRY.pack(name.encode(), len(content), at if count else 0, 0)
        for block in range(at, at + count):
            chain[block] = block + 1 if block + 1 < at + count else LAST
        data += content.ljust(count * BLOCK, b"\0")
        at += count
    image = SUPER.pack(MAGIC, blocks, chain_blocks, DIRECTORY_BLOCKS).ljust(BLOCK, b"\0")
    image += struct.pack(f"<{blocks}H", *chain).ljust(chain_blocks * BLOCK, b"\0")
    image += directory.ljust(DIRECTORY_BLOCKS * BLOCK, b"\0") + data
    return image if cut else image.ljust(blocks * BLOCK, b"\0")


def find_image(data):
    """The file system inside a kernel: where the magic is followed by sizes that make sense."""
    at = data.find(MAGIC)
    while at >= 0:
        try:
            image = Image(data[at:])
            image.check()
            return image
        except (Damaged, struct.error):
            at = data.find(MAGIC, at + 1)
    raise SystemExit("mkfs.py: no file system in there")


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create")
    create.add_argument("image")
    create.add_argument("files", nargs="*")
    create.add_argument("--blocks", type=int, default=256)
    create.add_argument("--cut", action="store_true", help="leave out the free blocks at the end")
    create.add_argument("--from", dest="source")
    for name in ("list", "cat", "check"):
        command = commands.add_parser(name)
        command.add_argument("image")
        if name == "cat":
            command.add_argument("name")
    args = parser.parse_args()

    if args.command == "create":
        files = [(os.path.basename(path), read_file(path)) for path in args.files]
        if args.source:
            source = find_image(read_file(args.source))
            files = [(entry[0], source.read(*entry)) for entry in source.entries] + files
        with open(args.image, "wb") as out:
            out.write(build(files, args.blocks, args.cut))
        return 0
    try:
        image = Image(read_file(args.image))
        if args.command == "list":
            for name, size, _ in image.entries:
                print(f"{size:8}  {name}")
        elif args.command == "cat":
            found = [entry for entry in image.entries if entry[0] == args.name]
            if not found:
                raise SystemExit(f"mkfs.py: no file {args.name} in {args.image}")
            sys.stdout.buffer.write(image.read(*found[0]))
        else:
            image.check()
            print(f"{args.image}: {len(image.entries)} files, {image.chain[image.first_data:].count(0)} blocks free")
    except Damaged as error:
        raise SystemExit(f"mkfs.py: {args.image}: {error}") from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
