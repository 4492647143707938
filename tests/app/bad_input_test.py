#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a user can give by mistake, or an enemy on purpose: every time a message that names it, the right exit code, no
crash, no hang, and nothing on the guest's console.

  bad_input_test.py build/vitrine

Guests that go wrong are here too. What the parsers do with each field of a file: tests/core/elf_hostile_test.cpp.
"""

import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import unittest

from in_folder import InFolder

VITRINE = os.path.abspath(sys.argv.pop(1) if len(sys.argv) > 1 else "build/vitrine")
TEACH = pathlib.Path(__file__).resolve().parents[2] / "examples/teach/teach.elf"
TIMEOUT = 60  # what is refused is refused at once; this is for busy machines
RISCV64_ELF = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", 2, 243)
# How `vitrine run` may end when a guest was started, as it may have been by a file that could be anything.
A_GUEST_RAN = {*range(0, 105)}


class BadInput(InFolder):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(1)

    def file(self, name, content=b"", size=None):
        path = super().file(name, content)
        if size is not None:
            os.truncate(path, size)
        return path

    def run_vitrine(self, *words, before=(), **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([*before, VITRINE, "run", *map(str, words)], capture_output=True, text=True,
                              errors="replace", timeout=TIMEOUT, check=False, **options)

    def refused(self, code, *words, says, **options):
        done = self.run_vitrine(*words, "--max-instructions", 1000, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, says)
        self.assertRegex(done.stderr, r"\Avitrine: [^\n]*\.\n(The options: [^\n]*\n)?\Z", "one message")
        return done.stderr

    def survived(self, done, what):
        self.assertIn(done.returncode, {*A_GUEST_RAN, 111}, f"{what}: {done.stderr}")


class Images(BadInput):
    def test_TruncatedElf(self):
        whole = TEACH.read_bytes()
        for size in (64, 100, 1000, 0x1000, len(whole) // 2):
            with self.subTest(size):
                self.refused(111, self.file("cut.elf", whole[:size]), says="'.*cut.elf' .*truncated")

    def test_ElfForAnotherMachine(self):
        def changed(at, value):
            return whole[:at] + value + whole[at + len(value):]
        whole = TEACH.read_bytes()
        big_endian = b"\x7fELF\x02\x02\x01".ljust(16, b"\0") + struct.pack(">HHI", 2, 243, 1) + bytes(100)
        for content, says in ((changed(4, b"\x01"), "RV32"), (changed(18, struct.pack("<H", 62)), "x86-64"),
                              (changed(18, struct.pack("<H", 183)), "(?i)arm|aarch64"), (big_endian, "endian"),
                              (changed(4, b"\x07"), "class")):
            with self.subTest(says):
                self.refused(111, self.file("odd.elf", content), says=says)

    def test_RandomElf(self):
        for number in range(40):
            path = self.file("random.elf", RISCV64_ELF + self.dice.randbytes(3000))
            self.survived(self.run_vitrine(path, "--max-instructions", 1000), number)

    def test_ElfWithChangedBytes(self):
        whole = TEACH.read_bytes()
        for number in range(40):
            content = bytearray(whole)
            for _ in range(4):
                content[self.dice.randrange(64 + 5 * 56)] = self.dice.randrange(256)  # header and segments
            path = self.file("changed.elf", content)
            self.survived(self.run_vitrine(path, "--max-instructions", 1000), number)

    def test_RandomBytes(self):
        for number in range(40):
            path = self.file("random", self.dice.randbytes(5000))
            self.survived(self.run_vitrine(path, "--max-instructions", 10000), number)

    def test_LinuxImageThatIsCut(self):
        # Documentation/riscv/boot-image-header: text_offset, image_size, ..., "RISCV", "RSC\x05"
        header = struct.pack("<IIQQQIIQQI", 0x6f, 0, 0x200000, 1 << 30, 0, 2, 0, 0, 0x5643534952, 0x05435352)
        self.refused(111, self.file("Image", header), says="Image")

    def test_LargerThanMemory(self):
        # Refused before it is read: it has holes only, but reading it would take seconds and eight gigabytes.
        huge = self.file("huge", size=8 << 30)
        raw = self.file("guest.bin", b"\x6f\0\0\0".ljust(64, b"\0"))
        for words in ((huge,), (raw, "--bios", huge), (raw, "--initrd", huge), (raw, "--dtb", huge)):
            with self.subTest(words):
                self.refused(111, *words, "--memory", "64M", says=r"huge' .*(memory|large)")

    def test_DeviceTree(self):
        good = self.folder / "good.dtb"
        self.assertEqual(self.run_vitrine("--dump-dtb", good).returncode, 0)
        whole = good.read_bytes()
        bad = {"empty": b"", "random": self.dice.randbytes(3000), "only a header": whole[:40], "cut": whole[:-8],
               "no tree": whole[:8] + b"\xff" * 60}
        for name, content in bad.items():
            with self.subTest(name):
                self.refused(111, "teach", "--dtb", self.file("bad.dtb", content), says="bad.dtb")

    def test_Directories(self):
        for option in ("--kernel", "--bios", "--initrd", "--dtb", "--disk", "--port-disk", "--input"):
            with self.subTest(option):
                guest = () if option == "--kernel" else ("teach",)
                self.refused(111, *guest, option, self.folder, says="is a directory")


class Disks(BadInput):
    def test_Missing(self):
        self.refused(112, "teach", "--disk", self.folder / "gone", says="no disk image '.*gone'")

    def test_NoFileAtAll(self):
        self.refused(111, "teach", "--disk", "/dev/null", says="'/dev/null' is neither a file nor a block device")

    def test_HostileName(self):
        message = self.refused(112, "teach", "--disk", "\x1b[31mgone", says=r"\\x1b\[31mgone")
        self.assertNotIn("\x1b", message)

    def test_ReadOnlyOpenedForWriting(self):
        if not shutil.which("setpriv"):
            self.skipTest("there is no setpriv here, and root may write every file")
        image = self.file("disk", size=1 << 20)
        image.chmod(0o444)
        powerless = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
        self.refused(112, "teach", "--disk", image, before=powerless, says="(?s)'.*disk' cannot be opened for writing: "
                     "Permission denied. Use it read-only or as a snapshot")
        for how in (",ro", ",snapshot"):
            done = self.run_vitrine("teach", "--disk", f"{image}{how}", "--max-instructions", 1000, before=powerless)
            self.assertEqual(done.returncode, 103, done.stderr)

    def test_InUseByAnotherProcess(self):
        image = self.file("disk", size=1 << 20)
        with subprocess.Popen([VITRINE, "run", "--disk", image], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
            seen = b""
            while not seen.endswith(b"teach$ "):
                seen += first.stdout.read(1)
            for how in ("", ",ro", ",snapshot"):
                self.refused(112, "teach", "--disk", f"{image}{how}", says=rf"in use by process {first.pid} \(")
            first.communicate(b"halt\n", timeout=TIMEOUT)
            self.assertEqual(first.returncode, 0)
        self.assertEqual(self.run_vitrine("--disk", image, "--max-instructions", 1000).returncode, 103, "free again")

    def test_OddSizes(self):
        for size in (0, 1, 511, 513):
            done = self.run_vitrine("--disk", self.file("disk", size=size), "--input", self.file("in", b"halt\n"))
            self.assertEqual((done.returncode, done.stderr), (0, ""), size)


class Guests(BadInput):
    NOWHERE = (0x400002b7, 0x00028067)  # lui t0, 0x40000; jr t0
    WAITS = (0x10500073, 0xffdff06f)  # wfi; j .-4
    # la t0, .+16; csrw mtvec, t0; then a trap whose handler begins with another one
    LOOPS = (0x00000297, 0x01028293, 0x30529073, 0x00000073, 0x00000000)

    def ends(self, code, program, *says, **options):
        raw = self.file("guest.bin", struct.pack(f"<{len(program)}I", *program).ljust(64, b"\0"))
        done = self.run_vitrine(raw, "--bios", "none", **options)
        self.assertEqual(done.returncode, code, done.stderr)
        for pattern in says:
            self.assertRegex(done.stderr, pattern)

    def test_JumpToNowhere(self):
        self.ends(101, self.NOWHERE, "Fault loop: hart 0", "M mode at 0x0, cause instruction access fault",
                  "It began with an instruction access fault at address 0x40000000 at pc 0x40000000")

    def test_LoopInATrap(self):
        self.ends(101, self.LOOPS, "Fault loop: hart 0", "M mode at 0x80000010, cause illegal instruction",
                  "It began with an environment call from M mode at pc 0x8000000c")

    def test_WaitsForever(self):
        self.ends(102, self.WAITS, "Nothing can wake the machine", "no live input", "hart 0 waits")

    def test_WaitsForeverWithLiveInputThatItDoesNotTake(self):
        reader, writer = os.pipe()
        try:
            self.ends(102, self.WAITS, "the guest does not listen for input", stdin=reader)
        finally:
            os.close(reader)
            os.close(writer)

    def test_ConsolesLastLineIsTold(self):
        done = self.run_vitrine("teach", "--input", self.file("in", b"hello\n"))
        self.assertEqual(done.returncode, 102)
        self.assertTrue(re.search(r"console's last line: teach\$", done.stderr), done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
