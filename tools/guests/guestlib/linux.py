# SPDX-License-Identifier: MIT
"""The guest "linux": Debian's kernel, an initramfs of busybox, and the firmware to start them.

    Image                          the kernel, uncompressed, as the boot protocol of RISC-V wants it
    initramfs.cpio.gz              busybox, files/initramfs-init, the modules for virtio and ext4
    opensbi-{1.1,1.6}/fw_dynamic.bin, fw_jump.bin
    u-boot-{2023.01,2025.01}/{mmode,smode}/u-boot.bin

Next: files/initramfs-init, then root_disk.py.
"""

import re

from . import apt, cache, cpio, kmod
from .report import Failed, say

NAME = "linux"
NEEDS = ()
SOURCES = ("linux.py", "cpio.py", "kmod.py", "initramfs-init", "vitrine.sh")
KERNEL = "linux-image-riscv64"  # an empty package that depends on the current kernel
KERNEL_VERSION = "6.12."
FIRMWARE_SUITES = {"": {"opensbi": "1.6", "u-boot-qemu": "2025.01"},
                   f"/{apt.OLDER_SUITE}": {"opensbi": "1.1", "u-boot-qemu": "2023.01"}}
FIRMWARE_FOLDERS = {"usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin": "opensbi-{}/fw_dynamic.bin",
                    "usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin": "opensbi-{}/fw_jump.bin",
                    "usr/lib/u-boot/qemu-riscv64/u-boot.bin": "u-boot-{}/mmode/u-boot.bin",
                    "usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin": "u-boot-{}/smode/u-boot.bin"}

# What modprobe is asked for, in this order. crc32c_generic: ext4 wants it by a name that only aliases tell.
MODULES = ["virtio_mmio", "virtio_blk", "virtio_net", "virtio_rng", "crc32c_generic", "ext4"]
TIME_STAMP = 1735689600  # 2025-01-01: any fixed moment does
IMAGE_MAGIC = (0x38, b"RSC\x05")  # Documentation/arch/riscv/boot-image-header.rst


def build(private_apt, origin):
    kernel_name = _kernel_package(private_apt)
    firmware = {f"{name}{suite}": version for suite, both in FIRMWARE_SUITES.items() for name, version in both.items()}
    debs = private_apt.fetch([kernel_name, "busybox-static"])
    firmware_debs = {name: private_apt.fetch([name]) for name in firmware}  # one name, two versions: asked apart
    used = [*debs, *(package for found in firmware_debs.values() for package in found)]
    facts = {**origin, "packages": sorted(package.exact for package in used)}
    by_name = {package.name: path for package, path in debs.items()}

    say("making the kernel image, the initramfs and the firmware folders")
    with cache.building(NAME, facts) as folder:
        kernel = apt.files_of(by_name[kernel_name], _is_kernel_part)
        image = next(data for path, data in kernel.items() if path.startswith("boot/vmlinux-"))
        if image[IMAGE_MAGIC[0]:][:4] != IMAGE_MAGIC[1]:
            raise Failed(f"{kernel_name}: the kernel is not an uncompressed RISC-V Image")
        (folder / "Image").write_bytes(image)
        (folder / "initramfs.cpio.gz").write_bytes(cpio.compressed(_initramfs(kernel, by_name["busybox-static"])))
        for name, version in firmware.items():
            _add_firmware(folder, version, firmware_debs[name])


def _kernel_package(private_apt):
    (meta,) = private_apt.describe([KERNEL])
    name = re.search(r"linux-image-\S+", meta.depends)
    if not meta.version.startswith(KERNEL_VERSION) or not name:
        raise Failed(f"{meta.exact} is not the kernel that these guests were written for ({KERNEL_VERSION}*)")
    return name[0]


def _is_kernel_part(path):
    return path.startswith("boot/vmlinux-") or ".ko" in path and "/kernel/" in path and _might_be_needed(path)


# Unpacking all 4000 modules to read what they depend on would take a minute: these folders hold the ones in reach.
def _might_be_needed(path):
    return re.search(r"/kernel/(drivers/(virtio|block|net|char/hw_random)/[^/]*|crypto/crc32c_generic|"
                     r"fs/(ext4|jbd2)/[^/]*|fs/mbcache|lib/[^/]*crc[^/]*|net/core/failover)\.ko", path)


def _initramfs(kernel, busybox_deb):
    archive = cpio.Archive(TIME_STAMP)
    for path in ("dev", "proc", "sys", "run", "mnt", "newroot", "bin", "sbin", "usr/bin", "usr/sbin"):
        archive.directory(path)
    archive.directory("tmp", 0o1777)
    archive.directory("root", 0o700)
    archive.character_device("dev/console", 5, 1)
    archive.character_device("dev/null", 1, 3, 0o666)
    (busybox,) = apt.files_of(busybox_deb, lambda path: path.endswith("bin/busybox")).values()
    archive.file("bin/busybox", busybox, 0o755)
    archive.symlink("bin/sh", "busybox")
    archive.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    archive.file("etc/group", b"root:x:0:\n")
    archive.file("init", _source("initramfs-init"), 0o755)
    archive.file("lib/vitrine.sh", _source("vitrine.sh"))
    _add_modules(archive, {path: data for path, data in kernel.items() if ".ko" in path})
    return archive.to_bytes()


def _add_modules(archive, files):
    files = {re.sub(r"^(usr/)?lib/modules/", "", path): kmod.decompress(path, data) for path, data in files.items()}
    release = next(iter(files)).split("/")[0]
    paths = {kmod.name_of(path): path.removeprefix(f"{release}/").removesuffix(".xz") for path in files}
    depends = {kmod.name_of(path): kmod.dependencies(data) for path, data in files.items()}
    order = kmod.load_order(MODULES, depends)
    for path, data in files.items():
        if kmod.name_of(path) in order:
            archive.file(f"lib/modules/{path.removesuffix('.xz')}", data)
    archive.file(f"lib/modules/{release}/modules.dep", kmod.modules_dep(order, paths, depends).encode())
    archive.file("lib/vitrine.modules", " ".join(MODULES).encode() + b"\n")


def _add_firmware(folder, version, found):
    ((package, deb),) = found.items()
    if not package.version.startswith(version):
        raise Failed(f"{package.exact}: expected version {version}")
    for path, data in apt.files_of(deb, lambda path: path in FIRMWARE_FOLDERS).items():
        target = folder / FIRMWARE_FOLDERS[path].format(version)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _source(name):
    return (cache.HERE.parent / "files" / name).read_bytes()
