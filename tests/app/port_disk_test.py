#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The port-style disk and the virtio console of `vitrine run`, as guests and users meet them.

  port_disk_test.py build/vitrine ENGINE...        engines of this build

The device alone: tests/devices/port_disk_test.cpp.
"""
import json
import os
import struct
import subprocess
import sys
import unittest

from in_folder import InFolder
from tiny_riscv import FINISHER, DeviceTree, Program

VITRINE = os.path.abspath(sys.argv.pop(1))
ENGINES = sys.argv[1:] or ["interpreter"]
del sys.argv[1:]
NODE = "/soc/port-disk@10010000"
DISK, SECTORS, SECTOR, COMMAND, STATUS, DATA = 0x1001_0000, 0x04, 0x08, 0x0C, 0x10, 0x14  # docs/port-disk.md
READ, WRITE, FLUSH = 1, 2, 3
VIRTIO = 0x1000_8000  # slot 7, the first that is taken
SECTOR_SIZE = 512


def vitrine(*words):
    return subprocess.run([VITRINE, *map(str, words)], capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)


class Guest(Program):
    """s0 is the disk, s1 counts, s2 adds up. t0 to t3 are the idioms'."""

    def begin(self):
        return self.li("s0", DISK)

    def command(self, command, sector):
        """Prints the status."""
        self.li("t1", sector).sw("t1", "s0", SECTOR).li("t1", command).sw("t1", "s0", COMMAND)
        return self.lw("a0", "s0", STATUS).hex("a0", 1)

    def all_words(self, action):
        again = f"word{len(self.words)}"
        self.addi("s1", "x0", 128).label(again)
        action()
        return self.addi("s1", "s1", -1).bne("s1", "x0", again)

    def print_sum(self):
        """Of the buffer's words, without their carries."""
        self.addi("s2", "x0", 0)
        self.all_words(lambda: self.lw("t1", "s0", DATA).add("s2", "s2", "t1"))
        return self.hex("s2")

    def fill(self):
        """The words 128, 127 ... 1."""
        return self.all_words(lambda: self.sw("s1", "s0", DATA))


def numbered(sectors):
    return struct.pack(f"<{sectors * 128}I", *range(sectors * 128))


WRITTEN = struct.pack("<128I", *range(128, 0, -1))


class WithGuest(InFolder):
    def kernel(self, guest):
        return self.file("guest.bin", guest.code().ljust(64, b"\0"))


class Disk(WithGuest):
    def setUp(self):
        super().setUp()
        self.image = self.file("disk.img", numbered(3))

    def run_guest(self, guest, *options):
        return vitrine("run", self.kernel(guest), "--bios", "none", "--memory", "8M", *options)

    def on_each_engine(self, guest, *options):
        before = self.image.read_bytes()
        for engine in ENGINES + (["lockstep"] if "translator" in ENGINES else []):
            self.image.write_bytes(before)
            with self.subTest(engine=engine):
                done = self.run_guest(guest, "--engine", engine, *options)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                yield done.stdout

    def test_Sectors_AreReadWordByWord(self):
        guest = Guest().begin().lw("a0", "s0", SECTORS).hex("a0").command(READ, 2).print_sum().command(READ, 0).print_sum()
        guest.command(READ, 3).print_sum().finish(0x5555)
        sums = [sum(struct.unpack("<128I", numbered(3)[at:at + SECTOR_SIZE])) for at in (1024, 0)]
        for said in self.on_each_engine(guest, "--port-disk", self.image):
            self.assertEqual(said, f"00000003 0 {sums[0]:08x} 0 {sums[1]:08x} 1 00000000 ")

    def test_Writes_GoToTheFile_OrNot(self):
        guest = Guest().begin().fill().command(WRITE, 1).command(FLUSH, 0).command(READ, 1).print_sum().finish(0x5555)
        ours = sum(range(1, 129))
        old = sum(range(128, 256))
        for option, said, stored in (("", f"0 0 0 {ours:08x} ", WRITTEN), (",snapshot", f"0 0 0 {ours:08x} ", None),
                                     (",ro", f"2 0 0 {old:08x} ", None)):
            self.image.write_bytes(numbered(3))
            for found in self.on_each_engine(guest, "--port-disk", f"{self.image}{option}"):
                self.assertEqual(found, said, option)
                wanted = numbered(3) if stored is None else numbered(1) + stored + numbered(3)[1024:]
                self.assertEqual(self.image.read_bytes(), wanted, option)

    def test_ReadingABlock_Takes131Exits(self):
        once, twice = Guest().begin(), Guest().begin()
        for guest, times in ((once, 1), (twice, 2)):
            for _ in range(times):
                guest.li("t1", 1).sw("t1", "s0", SECTOR).sw("t1", "s0", COMMAND).lw("t1", "s0", STATUS)
                guest.all_words(lambda guest=guest: guest.lw("t1", "s0", DATA))
            guest.finish(0x5555)
        for engine in ENGINES:
            counts = []
            for guest in (once, twice):
                stats = self.folder / "stats.json"
                done = self.run_guest(guest, "--engine", engine, "--port-disk", self.image, "--stats-json", stats)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                counts.append({name: row["count"] for name, row in json.loads(stats.read_text())["exits"].items()})
            self.assertEqual(counts[1]["device-read"] - counts[0]["device-read"], 129)
            self.assertEqual(counts[1]["device-write"] - counts[0]["device-write"], 2)

    def test_Log_NamesDeviceAndRegister(self):
        guest = Guest().begin().li("t1", 1).sw("t1", "s0", SECTOR).sw("t1", "s0", COMMAND).lw("t1", "s0", DATA).finish(0x5555)
        log = self.folder / "log"
        done = self.run_guest(guest, "--port-disk", self.image, "--log", "device-read,device-write", "--log-file", log)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for words in ("port-disk SECTOR <- 0x1", "port-disk COMMAND <- 0x1", "port-disk DATA -> 0x80"):
            self.assertIn(words, log.read_text())

    def test_KeptRun_IsExplainedAndWritesNothing(self):
        guest = Guest().begin().fill().command(WRITE, 1).finish(0x5555)
        kept = self.folder / "run"
        done = self.run_guest(guest, "--port-disk", f"{self.image},snapshot", "--keep", kept)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = vitrine("explain", kept, "event:device-write#129")  # 128 words, then the sector's number
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("port-disk SECTOR <- 0x1", done.stdout)
        self.assertEqual(self.image.read_bytes(), numbered(3))
        self.image.write_bytes(numbered(4))
        done = vitrine("explain", kept, "exit")
        self.assertEqual(done.returncode, 110)
        self.assertIn(f"The disk '{self.image}' has changed since the run: it had 3 sectors of 512 bytes, and has 4.", done.stderr)
        altered = bytearray(numbered(3))
        altered[512] ^= 1
        self.image.write_bytes(altered)
        done = vitrine("explain", kept, "exit")
        self.assertEqual(done.returncode, 110)
        self.assertIn(f"the disk '{self.image}' has changed since the run: block 0 (bytes 0x0 to 0x5ff) is another one", done.stderr)

    def test_Tree_HasItWhereTheOptionIs(self):
        for options, there in (((), False), (("--port-disk", self.image), True)):
            blob = self.folder / "tree"
            self.assertEqual(vitrine("run", "--dump-dtb", blob, *options).returncode, 0)
            tree = DeviceTree(blob.read_bytes())
            self.assertEqual(NODE in tree.nodes, there)
            if there:
                self.assertEqual(tree.text(NODE, "compatible"), "vitrine,port-disk")
                self.assertEqual(tree.nodes[NODE]["reg"], struct.pack(">2Q", DISK, 0x1000))
                self.assertNotIn("interrupts", tree.nodes[NODE])

    def test_QemusBoard_HasNone(self):
        blob = self.folder / "tree"
        self.assertEqual(vitrine("qemu", "-M", f"virt,dumpdtb={blob}").returncode, 0)
        self.assertNotIn(NODE, DeviceTree(blob.read_bytes()).nodes)
        self.assertNotEqual(vitrine("qemu", "-device", "port-disk", "-nographic").returncode, 0)

    def test_WithoutTheOption_NobodyIsThere(self):
        guest = Guest().begin().lw("a0", "s0", 0).finish(0x5555)  # an access fault, and mtvec is 0: a fault loop
        done = self.run_guest(guest, "--max-instructions", 1_000_000)
        self.assertEqual(done.returncode, 101, done.stderr)

    def test_ImagesThatAreNone_AreRefused(self):
        kernel = self.kernel(Guest().finish(0x5555))
        for code, image, says in ((112, self.folder / "gone", "There is no disk image"), (111, self.folder, "is a directory"),
                                  (111, self.file("empty", b""), "is empty"), (110, ",ro", "--port-disk ,ro: there is no file"),
                                  (110, f"{self.image},ro,snapshot", "exclude each other"), (112, f"{self.image},slot=1", "slot=1")):
            done = vitrine("run", kernel, "--bios", "none", "--port-disk", image)
            self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
            self.assertIn(says, done.stderr)

    def test_Image_TwiceForWriting_IsRefused(self):
        kernel = self.kernel(Guest().finish(0x5555))
        done = vitrine("run", kernel, "--bios", "none", "--port-disk", self.image, "--disk", self.image)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("disk.img", done.stderr)


class Console(WithGuest):
    def test_Output_IsOnTheConsoleInOrder(self):
        """Bytes alternate between the UART and the virtio console's emergency register (virtio 1.2, 5.3.4)."""
        guest = Program().li("s0", VIRTIO)
        for uart, virtio in ("ab", "cd", "ef"):
            guest.text(uart).li("t1", ord(virtio)).sw("t1", "s0", 0x108)
        kernel = self.kernel(guest.finish(0x5555))
        for engine in ENGINES + (["lockstep"] if "translator" in ENGINES else []):
            done = vitrine("run", kernel, "--bios", "none", "--memory", "8M", "--engine", engine, "--virtio-console")
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "abcdef", ""))

    def test_Typed_GoesToTheUart(self):
        guest = Program().get("a0").hex("a0", 2).finish(0x5555)
        done = vitrine("run", self.kernel(guest), "--bios", "none", "--memory", "8M", "--virtio-console", "--input", self.file("typed", b"x"))
        self.assertEqual((done.returncode, done.stdout), (0, f"{ord('x'):02x} "))


if __name__ == "__main__":
    unittest.main()
