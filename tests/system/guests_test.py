# SPDX-License-Identifier: MIT
"""Unit tests of tools/guests: the archive, the modules, the disks, the cache, and the words of the command line.

No network and no package is needed; a step that needs a tool that is not there is skipped and says so.
"""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools" / "guests"))

from guestlib import apt, cache, cpio, ext4, kmod  # noqa: E402
from guestlib.report import TOOL_PATH, Failed  # noqa: E402


def host_tool(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":" + TOOL_PATH)
    if path is None:
        raise unittest.SkipTest(f"the host has no {name}")
    return path


class InTemporaryFolder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)


class Cpio(unittest.TestCase):
    @staticmethod
    def archive(*steps):
        made = cpio.Archive(1000000000)
        for step in steps:
            step(made)
        return made.to_bytes()

    STEPS = (lambda a: a.file("bin/tool", b"12345", 0o755), lambda a: a.symlink("bin/sh", "tool"),
             lambda a: a.character_device("dev/console", 5, 1), lambda a: a.directory("tmp", 0o1777))

    def test_Archive_OfAnyOrder_IsTheSame(self):
        self.assertEqual(self.archive(*self.STEPS), self.archive(*reversed(self.STEPS)))

    def test_Archive_ReadByCpio_HasItsMembers(self):
        listing = subprocess.run([host_tool("cpio"), "-itvn", "--quiet"], input=self.archive(*self.STEPS),
                                 capture_output=True, check=True, env={"LC_ALL": "C", "TZ": "UTC"}).stdout.decode()
        rows = [line.split() for line in listing.splitlines()]
        self.assertEqual([(row[0], row[2], row[3]) for row in rows],
                         [("drwxr-xr-x", "0", "0"), ("lrwxrwxrwx", "0", "0"), ("-rwxr-xr-x", "0", "0"),
                          ("drwxr-xr-x", "0", "0"), ("crw-------", "0", "0"), ("drwxrwxrwt", "0", "0")])
        self.assertEqual([line.split("2001 ")[1] for line in listing.splitlines()],  # 10^9 s is in September 2001
                         ["bin", "bin/sh -> tool", "bin/tool", "dev", "dev/console", "tmp"])
        self.assertIn("5,   1", listing)


class Modules(InTemporaryFolder):
    def module(self, depends):
        source = f'__attribute__((section(".modinfo"), used)) static char a[] = "license=GPL\\0depends={depends}";'
        target = self.folder / "m.o"
        subprocess.run([host_tool("gcc"), "-x", "c", "-c", "-o", target, "-"], input=source.encode(), check=True)
        return target.read_bytes()

    def test_Dependencies_AreReadFromModinfo(self):
        self.assertEqual(kmod.dependencies(self.module("jbd2,crc-16")), ["jbd2", "crc_16"])
        self.assertEqual(kmod.dependencies(self.module("")), [])

    def test_SomethingElseThanElf_IsRefused(self):
        with self.assertRaises(Failed):
            kmod.dependencies(b"\xfd7zXZ, still compressed")

    def test_LoadOrder_PutsEveryModuleAfterItsNeeds(self):
        depends = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
        self.assertEqual(kmod.load_order(["a"], depends), ["d", "b", "c", "a"])
        self.assertEqual(kmod.modules_dep(["d", "b"], {"d": "k/d.ko", "b": "k/b.ko"}, depends),
                         "k/d.ko:\nk/b.ko: k/d.ko\n")
        with self.assertRaises(Failed):
            kmod.load_order(["e"], depends)


class Disks(InTemporaryFolder):
    SIZE = 8 * ext4.MIB

    def image(self, name, files):
        """An image of a fresh folder with these files, made in this order."""
        host_tool("mke2fs"), os.geteuid() == 0 or host_tool("fakeroot")
        tree = self.folder / (name + ".tree")
        tree.mkdir()
        for path, text in files:
            (tree / path).parent.mkdir(exist_ok=True)
            (tree / path).write_text(text, encoding="ascii")
            os.utime(tree / path, (len(name), len(name)))  # different times for differently named images
        ext4.make(tree, self.folder / name, self.SIZE, "test")
        return self.folder / name

    FILES = [("etc/hosts", "localhost"), ("a", "1"), ("b", "2"), ("etc/zone", "UTC")]

    def test_Image_OfTheSameFiles_IsTheSame(self):
        one, two = self.image("one", self.FILES), self.image("another", self.FILES[::-1])
        self.assertEqual(one.read_bytes(), two.read_bytes())

    def test_Image_IsSoundAndRootsOwn(self):
        image = self.image("one", self.FILES)
        subprocess.run([host_tool("e2fsck"), "-fn", image], check=True, capture_output=True)
        facts = subprocess.run([host_tool("debugfs"), "-R", "stat /etc/hosts", image], check=True, capture_output=True,
                               text=True, env={"TZ": "UTC", "LC_ALL": "C"}).stdout
        self.assertRegex(facts, r"User: +0 +Group: +0 ")
        for time in ("ctime", "atime", "mtime", "crtime"):
            self.assertRegex(facts, rf"{time}: 0x67748580:00000000 -- Wed Jan  1 00:00:00 2025")

    def test_Partition_HoldsTheFileSystem(self):
        image = self.image("one", self.FILES)
        disk = self.folder / "disk"
        ext4.in_partition(image, disk)
        data = disk.read_bytes()
        active, kind, first, count = struct.unpack_from("<B3xB3xII", data, 0x1BE)
        self.assertEqual((active, kind, data[510:512]), (0x80, 0x83, b"\x55\xaa"))
        self.assertEqual(data[first * 512:(first + count) * 512], image.read_bytes())
        self.assertEqual(len(data), (first + count) * 512)
        self.assertLess(disk.stat().st_blocks * 512, len(data))  # holes stay holes


class Cache(InTemporaryFolder):
    RECIPE = types.SimpleNamespace(NAME="thing", NEEDS=(), SOURCES=("vitrine.sh",))

    def setUp(self):
        super().setUp()
        patch = mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(self.folder)})
        patch.start()
        self.addCleanup(patch.stop)

    def build(self, text):
        with cache.building("thing", {**cache.origin(self.RECIPE), "packages": []}) as folder:
            (folder / "file").write_text(text, encoding="ascii")

    def test_Guest_IsThereAfterItsBuild(self):
        self.assertFalse(cache.is_current(self.RECIPE))
        self.build("one")
        self.assertTrue(cache.is_current(self.RECIPE))
        self.assertEqual(cache.changed_files("thing"), [])

    def test_FailedBuild_LeavesTheOldGuest(self):
        self.build("one")
        with self.assertRaises(KeyboardInterrupt):
            with cache.building("thing", {}) as folder:
                (folder / "file").write_text("half", encoding="ascii")
                raise KeyboardInterrupt
        self.assertEqual((cache.guest_folder("thing") / "file").read_text(encoding="ascii"), "one")
        self.assertEqual([path.name for path in (self.folder / "vitrine" / "guests").iterdir()], ["thing"])

    def test_ChangedRecipe_IsNotCurrent(self):
        self.build("one")
        path = cache.guest_folder("thing") / cache.MANIFEST
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="ascii")), "recipe": "another"}),
                        encoding="ascii")
        self.assertFalse(cache.is_current(self.RECIPE))

    def test_ChangedFile_IsFound(self):
        self.build("one")
        file = cache.guest_folder("thing") / "file"
        file.chmod(0o644)
        file.write_text("two", encoding="ascii")
        self.assertTrue(cache.is_current(self.RECIPE))  # of the same size: only --check reads everything
        self.assertEqual(cache.changed_files("thing"), ["file"])
        file.write_text("longer", encoding="ascii")
        self.assertFalse(cache.is_current(self.RECIPE))


class Fetch(InTemporaryFolder):
    def fetch(self, *words, home=None):
        return subprocess.run([sys.executable, ROOT / "tools/guests/fetch", *words], capture_output=True, text=True,
                              check=False, env={**os.environ, "XDG_CACHE_HOME": str(home or self.folder),
                                                apt.MIRROR_VARIABLE: f"file:{self.folder}/mirror"})

    def test_OfflineWithoutAnything_SaysWhatToDo(self):
        host_tool("apt-get")
        done = self.fetch("--offline", "linux")
        self.assertEqual((done.returncode, done.stdout), (112, ""))
        self.assertIn("run once with network", done.stderr)

    def test_CacheThatCannotBeWritten_SaysWhereAndWhatToDo(self):
        host_tool("apt-get")
        in_the_way = self.folder / "file"
        in_the_way.touch()
        done = self.fetch("linux", home=in_the_way)
        self.assertEqual((done.returncode, done.stdout), (112, ""))
        self.assertRegex(done.stderr, f"(?s)^guests: .*{in_the_way}/vitrine; set XDG_CACHE_HOME")
        self.assertNotIn("Traceback", done.stderr)

    def test_UnknownGuest_IsBadUsage(self):
        self.assertEqual(self.fetch("windows").returncode, 2)

    def test_UnsignedMirror_IsRefused(self):
        host_tool("apt-get")
        for suite in (apt.SUITE, apt.OLDER_SUITE):
            release = self.folder / "mirror" / "dists" / suite / "Release"
            release.parent.mkdir(parents=True)
            release.write_text(f"Origin: Debian\nSuite: {suite}\nCodename: {suite}\nComponents: main\n"
                               f"Architectures: riscv64 all\nDate: Wed, 01 Jan 2025 00:00:00 UTC\n", encoding="ascii")
        done = self.fetch("linux")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("not signed", done.stderr)


class Words(unittest.TestCase):
    def decode(self, text):
        """vt_decode of vitrine.sh. bash stands in for busybox: its printf knows the same escapes."""
        script = f". {ROOT}/tools/guests/files/vitrine.sh; vt_decode \"$1\""
        return subprocess.run([host_tool("bash"), "-c", script, "bash", text], check=True, capture_output=True,
                              text=True).stdout

    def test_Decode_IsThatOfUrls(self):
        for encoded, text in (("echo", "echo"), ("a%20b%3B%22c%22", 'a b;"c"'), ("100%25", "100%"), ("%zz%", "%zz%"),
                              (r"a\nb\\c", r"a\nb\\c"), ("%5Cn", r"\n"), ("a%0Ab", "a\nb"), ("%2541", "%41")):
            with self.subTest(encoded):
                self.assertEqual(self.decode(encoded), text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
