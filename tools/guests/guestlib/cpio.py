# SPDX-License-Identifier: MIT
"""An initramfs image: a cpio archive of the "newc" kind, compressed with gzip.

The format is described in the kernel's Documentation/driver-api/early-userspace/buffer-format.rst: per member a
header of 110 characters (magic 070701 and 13 numbers of 8 hexadecimal digits), the name, the data, each padded to
4 bytes; the member TRAILER!!! ends the archive. Writing it here, and not with cpio(1), makes device nodes without
root, owners always 0, one time stamp, and the same bytes from the same members. Next: linux.py.
"""

import gzip
import io
import os
import stat

HARD_LINKS = 1


class Archive:
    """Members by path; parent directories come by themselves."""

    def __init__(self, time_stamp):
        self._time_stamp = time_stamp
        self._members = {}  # path -> (mode, data, device)

    def directory(self, path, permissions=0o755):
        self._add(path, stat.S_IFDIR | permissions)

    def file(self, path, data, permissions=0o644):
        self._add(path, stat.S_IFREG | permissions, data)

    def symlink(self, path, target):
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, path, major, minor, permissions=0o600):
        self._add(path, stat.S_IFCHR | permissions, device=(major, minor))

    def _add(self, path, mode, data=b"", device=(0, 0)):
        parent = os.path.dirname(path)
        if parent and parent not in self._members:
            self.directory(parent)
        self._members[path] = (mode, data, device)

    def to_bytes(self):
        """The archive, members sorted by path, so that a directory stands before what is in it."""
        out = io.BytesIO()
        for inode, path in enumerate(sorted(self._members), start=1):
            mode, data, device = self._members[path]
            links = HARD_LINKS + stat.S_ISDIR(mode)
            self._write(out, path, data, (inode, mode, 0, 0, links, self._time_stamp, len(data), 0, 0, *device))
        self._write(out, "TRAILER!!!", b"", (0, 0, 0, 0, HARD_LINKS, 0, 0, 0, 0, 0, 0))
        return out.getvalue()

    @staticmethod
    def _write(out, path, data, numbers):
        name = path.encode() + b"\0"
        fields = (*numbers, len(name), 0)  # the last is a checksum that "newc" leaves 0
        out.write(b"070701" + b"".join(b"%08x" % field for field in fields) + name)
        _pad(out)
        out.write(data)
        _pad(out)


def _pad(out):
    out.write(b"\0" * (-out.tell() % 4))


def compressed(data):
    """gzip without a name or a time, so that equal data gives equal bytes."""
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=9, mtime=0) as file:
        file.write(data)
    return out.getvalue()
