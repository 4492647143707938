#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a guest may rely on when its disk is a file, asked of whatever program is named, as qemu_contract_test.py does:
what was flushed survives the emulator's death, and what the host cannot do is an I/O error for the guest and a word for
the user, never a crash and never silence.

    disk_test.py build/vitrine qemu               KILLS=200 disk_test.py build/vitrine qemu

The environment's KILLS says how often the writing guest is killed (5), SEED which moments those are. A killed process
leaves what it handed to the kernel, so this test finds data that the emulator itself holds back; that a flush reaches
fdatasync before it completes is shown by tests/devices/virtio/power_cut_test.cpp."""

import os
import pathlib
import random
import resource
import struct
import subprocess
import time
import unittest

import virtio_disk_guest as guest
from qemu_case import EMULATOR, FAIL, PASS, TIMEOUT, Case, is_vitrine, main
from tiny_riscv import Program

SECTOR = 512
PER_BLOCK = guest.BLOCK // SECTOR


def sectors_of(image):
    """The number that fills each sector, or None where it is not one number."""
    result = []
    for at in range(0, len(image), SECTOR):
        words = set(struct.unpack("<128I", image[at:at + SECTOR]))
        result.append(words.pop() if len(words) == 1 else None)
    return result


def complaint(before, after, start, flushed):
    """What is wrong with a disk whose sectors were `before` when write number `start` was the last, and are `after` when
    the guest had seen everything up to write `flushed` flushed. None if nothing is."""
    durable = list(before)
    for n in range(start + 1, flushed + 1):
        first = guest.block_of(n) * PER_BLOCK
        durable[first:first + PER_BLOCK] = [n] * PER_BLOCK
    for sector, (now, least) in enumerate(zip(after, durable)):
        if now is None:
            return f"sector {sector} is torn"
        if now != least and (now <= flushed or guest.block_of(now) != sector // PER_BLOCK):
            return f"sector {sector} has the data of write {now}; write {least} was flushed"
    # Nothing of a batch is written before the batch before it was flushed.
    newest = max(after)
    batch = max(flushed, newest - (newest - 1) % guest.BATCH - 1)
    for n in range(flushed + 1, batch + 1):
        first = guest.block_of(n) * PER_BLOCK
        if min(after[first:first + PER_BLOCK]) < n:
            return f"write {n} is not whole, though write {newest} came after its flush"
    return None


class Checker(unittest.TestCase):
    """The judge is judged: it has to find what it is there for."""

    def after(self, last):
        sectors = [0] * (guest.BLOCKS * PER_BLOCK)
        for n in range(1, last + 1):
            first = guest.block_of(n) * PER_BLOCK
            sectors[first:first + PER_BLOCK] = [n] * PER_BLOCK
        return sectors

    def test_it_finds_what_is_lost_or_torn(self):
        empty = self.after(0)
        self.assertIsNone(complaint(empty, self.after(21), 0, 21))
        self.assertIsNone(complaint(empty, self.after(24), 0, 21), "later writes may be there")
        lost = self.after(21)
        lost[guest.block_of(20) * PER_BLOCK + 3] = 0
        self.assertIn("write 20 was flushed", complaint(empty, lost, 0, 21))
        self.assertIsNone(complaint(empty, lost, 0, 14), "the last batch was not flushed")
        torn = self.after(21)
        torn[5] = None
        self.assertIn("torn", complaint(empty, torn, 0, 14))
        early = self.after(21)
        early[guest.block_of(22) * PER_BLOCK] = 22
        early[guest.block_of(16) * PER_BLOCK] = 0
        self.assertIn("write 16 is not whole", complaint(empty, early, 0, 14))
        self.assertIn("sector 0", complaint(empty, [7] + self.after(21)[1:], 0, 21), "elsewhere")
        self.assertEqual(sectors_of(struct.pack("<128I", *[9] * 128) + bytes(511) + b"x"), [9, None])


class Killed(Case):
    def run_once(self, kernel, disk, rings, start, moment):
        """Runs the writer until some time after its first flushes, kills it, and returns the last write that it
        reported as flushed."""
        process = self.start("-M", "virt", "-nographic", "-bios", "none", "-kernel", kernel, "-drive",
                             f"file={disk},if=none,format=raw,id=d", "-device", "virtio-blk-device,drive=d", "-device",
                             f"loader,file={rings},addr={guest.RINGS:#x}", "-device",
                             f"loader,addr={guest.SEQUENCE:#x},data={start},data-len=4", "-device",
                             f"loader,addr={guest.SEQUENCE + 4:#x},data={guest.block_of(start)},data-len=4")
        first = process.stdout.read(9)
        if len(first) < 9:
            self.fail(process.stderr.read().decode())
        time.sleep(moment)
        self.assertIsNone(process.poll(), "a request failed")
        process.kill()
        out, _ = process.communicate(timeout=TIMEOUT)
        return int((first + out).decode()[:(9 + len(out)) // 9 * 9].split()[-1], 16)

    def test_what_was_flushed_is_there(self):
        seed = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
        chance = random.Random(seed)
        disk = self.folder / "disk.img"
        disk.write_bytes(bytes(guest.BLOCKS * guest.BLOCK))
        rings = self.file("rings", guest.writer_rings().image())
        kernel = self.kernel(guest.writer(FAIL | 1 << 16))
        start, sectors, flushes = 0, sectors_of(disk.read_bytes()), 0
        kills = int(os.environ.get("KILLS", "5"))
        for kill in range(kills):
            flushed = self.run_once(kernel, disk, rings, start, chance.random() ** 2 / 10)
            self.assertGreater(flushed, start)
            now = sectors_of(disk.read_bytes())
            wrong = complaint(sectors, now, start, flushed)
            self.assertIsNone(wrong, f"kill {kill}, SEED={seed}")
            flushes += (flushed - start) // guest.BATCH
            sectors = now
            newest = max(flushed, *now)
            start = newest + -newest % guest.BATCH
        print(f"{kills} kills, {flushes} flushes, nothing lost (SEED={seed})")


class Asked(Case):
    """A few requests, and the status byte of each: 0 done, 1 I/O error, 2 unsupported."""

    def words(self, rings, disk, options="", **how):
        image = self.file("rings", rings.image())
        kernel = self.kernel(guest.requests(rings, **how).finish(PASS))
        return ("-M", "virt", "-nographic", "-bios", "none", "-kernel", kernel, "-drive",
                f"file={disk},if=none,format=raw,id=d{options}", "-device", "virtio-blk-device,drive=d", "-device",
                f"loader,file={image},addr={guest.RINGS:#x}")

    def disk(self, size=1 << 20):
        path = self.folder / "disk.img"
        with path.open("wb") as file:
            file.truncate(size)
        return path

    def ours(self):
        if not is_vitrine():
            self.skipTest("QEMU answers this in another way")

    def test_read_only_disk(self):
        rings = guest.Rings().request(guest.READ, 0, 512).request(guest.WRITE, 0, 512)
        code, out, err = self.run_words(*self.words(rings, self.disk(), ",readonly=on"))
        self.assertEqual((code, out), (0, "00 01 "), err)

    def test_end_of_the_disk(self):
        rings = guest.Rings()
        for kind, sector, size in ((guest.WRITE, 2047, 512), (guest.WRITE, 2047, 1024), (guest.READ, 2048, 512),
                                   (guest.WRITE, 1 << 55, 512)):
            rings.request(kind, sector, size)
        code, out, err = self.run_words(*self.words(rings, self.disk()))
        self.assertEqual((code, out), (0, "00 01 01 01 "), err)
        self.assertEqual((self.folder / "disk.img").stat().st_size, 1 << 20)

    def one_message(self, err):
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertIn("disk.img", err)
        self.assertIn("I/O error", err)

    def test_writes_beyond_what_the_host_allows(self):
        """RLIMIT_FSIZE: EFBIG, and a signal that must not kill. Guest memory, 128 MiB, is a file too."""
        self.ours()
        rings, limit, far = guest.Rings(), 130 << 20, (130 << 20) // SECTOR
        for kind, sector in ((guest.WRITE, 0), (guest.WRITE, far), (guest.READ, 0), (guest.WRITE, far - 4), (guest.WRITE, 8)):
            rings.request(kind, sector, 4096)
        for _ in range(3):
            rings.request(guest.FLUSH, 0)
        words = self.words(rings, self.disk(256 << 20))
        code, out, err = self.run_words(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.assertEqual((code, out), (0, "00 01 00 01 00 00 00 00 "), err)
        self.one_message(err)
        less = limit // 2
        code, _, err = self.run_words(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (less, less)))
        self.assertEqual(code, 1, err)
        self.assertIn("memory", err)

    def test_full_file_system(self):
        self.ours()
        mount = self.folder / "small"
        mount.mkdir()
        script = f"mount -t tmpfs -o size=64k none {mount} && truncate -s 1M {mount}/disk.img && exec \"$@\""
        inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
        try:
            subprocess.run([*inside, "true"], check=True, capture_output=True, timeout=TIMEOUT)
        except (OSError, subprocess.CalledProcessError) as error:
            self.skipTest(f"no small file system can be made here: {error}")
        rings = guest.Rings()
        for sector in (0, 512, 1024, 1536):  # four times 8 KiB of the 64; the rest is taken before
            rings.request(guest.WRITE, sector, 8192)
        words = self.words(rings, mount / "disk.img")
        full = script.replace("&& exec", f"&& head -c 45056 /dev/zero > {mount}/rest && exec")
        found = subprocess.run([*inside[:6], full, "sh", *EMULATOR, *map(str, words)], capture_output=True,
                               timeout=TIMEOUT, stdin=subprocess.DEVNULL)
        self.assertEqual((found.returncode, found.stdout), (0, b"00 00 01 01 "), found.stderr)
        self.one_message(found.stderr.decode())

    def test_image_cut_while_in_use(self):
        self.ours()
        rings = guest.Rings()
        for _ in range(4):
            rings.request(guest.READ, 1024, 4096)
        disk = self.disk()
        process = self.start(*self.words(rings, disk, waits_for_key=True), stdin=subprocess.PIPE)
        self.assertEqual(process.stdout.read(3), b"00 ")
        os.truncate(disk, 4096)
        out, err = process.communicate(b"xxx", timeout=TIMEOUT)
        self.assertEqual((process.returncode, out), (0, b"01 01 01 "), err)
        self.one_message(err.decode())

    def test_too_few_resources_of_the_host(self):
        """Few descriptors or little memory: it runs, or says why not."""
        self.ours()
        rings = guest.Rings().request(guest.READ, 0, 512)
        words = self.words(rings, self.disk())
        ran = 0
        if b"__asan_init" in pathlib.Path(EMULATOR[0]).read_bytes():
            self.skipTest("a sanitizer needs more of the host than this test gives")
        for which, amounts in ((resource.RLIMIT_NOFILE, range(3, 20)),
                               (resource.RLIMIT_AS, [n << 20 for n in range(24, 400, 16)])):
            for amount in amounts:
                with self.subTest(which=which, amount=amount):
                    code, out, err = self.run_words(
                        *words, preexec_fn=lambda: resource.setrlimit(which, (amount, amount)))
                    ran += code == 0
                    if code == 0:
                        self.assertEqual(out, "00 ")
                    elif "vitrine qemu:" in err:
                        self.assertEqual(code, 1, err)
                    else:  # the dynamic linker's refusal: main was not reached
                        self.assertEqual(code, 127, err)
        self.assertGreater(ran, 10)


if __name__ == "__main__":
    main(__doc__)
