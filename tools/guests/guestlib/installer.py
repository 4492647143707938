# SPDX-License-Identifier: MIT
"""The guest "installer": Debian's installer as it is, a long boot with a large initrd and a text interface.

    linux, initrd.gz     the network-boot kernel (uncompressed Image) and its initrd
"""

from . import apt, cache
from .report import Failed, say

NAME = "installer"
NEEDS = ()
SOURCES = ("installer.py",)
PACKAGE = "debian-installer-13-netboot-riscv64"
FILES = {"linux", "initrd.gz"}


def build(private_apt, origin):
    ((package, deb),) = private_apt.fetch([PACKAGE]).items()
    say("unpacking the installer")
    with cache.building(NAME, {**origin, "packages": [package.exact]}) as folder:
        found = apt.files_of(deb, lambda path: "/text/debian-installer/riscv64/" in path
                             and path.rsplit("/", 1)[-1] in FILES)
        if len(found) != len(FILES):
            raise Failed(f"{package.exact} is of another shape: it has {', '.join(found) or 'none of the files'}")
        for path, data in found.items():
            (folder / path.rsplit("/", 1)[-1]).write_bytes(data)
