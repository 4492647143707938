# SPDX-License-Identifier: MIT
"""The guest "u-boot-disk": a disk from which U-Boot boots Linux by itself.

    disk.img      MBR, one bootable ext4 partition with /boot/extlinux/extlinux.conf and the guest "linux" in /boot

U-Boot comes from the guest "linux" too: as firmware in M mode, or in S mode after OpenSBI. Next: files/extlinux.conf.
"""

import shutil
import tempfile
from pathlib import Path

from . import cache, ext4, linux
from .report import say

NAME = "u-boot-disk"
NEEDS = (linux.NAME,)
SOURCES = ("boot_disk.py", "ext4.py", "mke2fs.conf", "extlinux.conf")
IMAGE = "disk.img"
LABEL = "vitrine-boot"
SIZE = 64 * ext4.MIB


def build(_private_apt, origin):
    say(f"making {IMAGE}")
    with cache.building(NAME, {**origin, "packages": []}) as folder, tempfile.TemporaryDirectory() as work:
        boot = Path(work) / "root" / "boot"
        (boot / "extlinux").mkdir(parents=True)
        shutil.copyfile(cache.HERE.parent / "files" / "extlinux.conf", boot / "extlinux" / "extlinux.conf")
        for file in ("Image", "initramfs.cpio.gz"):
            shutil.copyfile(cache.guest_folder(linux.NAME) / file, boot / file)
        file_system = Path(work) / "boot.ext4"
        ext4.make(boot.parent, file_system, SIZE, LABEL)
        ext4.in_partition(file_system, folder / IMAGE)
