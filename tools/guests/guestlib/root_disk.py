# SPDX-License-Identifier: MIT
"""The guest "linux-disk": a Debian root with Python, a C compiler, make and SQLite on an ext4 disk.

    root.ext4      the disk, for virtio-blk; booted by the guest "linux" with vt.root=/dev/vda

The packages are unpacked, not installed: no maintainer script runs, so no riscv64 code runs on the host. What the
scripts would have done for the tools here is done by `finish`. Owners in the image are those of the packages; a
user who is not root gets them from fakeroot(1). Next: files/disk-init, then boot_disk.py.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

from . import cache, ext4
from .report import Failed, as_root, run, say, tool

NAME = "linux-disk"
NEEDS = ()
SOURCES = ("root_disk.py", "ext4.py", "mke2fs.conf", "disk-init", "vitrine.sh")
IMAGE = "root.ext4"
LABEL = "vitrine-root"
SIZE = 600 * ext4.MIB

PACKAGES = ["base-files", "base-passwd", "bash", "busybox-static", "bzip2", "coreutils", "dash", "diffutils",
            "findutils", "gcc", "grep", "gzip", "hostname", "libc-bin", "libc6-dev", "make", "mawk", "mount",
            "procps", "python3", "sed", "sqlite3", "tar", "util-linux", "xz-utils"]

# A third of the files by size, and nothing that a job needs. Licences (doc/*/copyright) stay.
PRUNED = ["usr/share/locale/*", "usr/share/man/*", "usr/share/info/*", "usr/share/lintian", "usr/share/bug",
          "usr/share/doc/*/*[!t]", "usr/share/doc/*/*[!h]t", "usr/bin/*-lto-dump-*",
          "usr/lib/gcc/*/*/lib[altu]*san*.a"]

LINKS = {"usr/bin/awk": "mawk", "usr/bin/cc": "gcc", "usr/bin/c99": "c99-gcc", "usr/sbin/init": "vitrine-init",
         "var/run": "/run", "var/lock": "/run/lock", "etc/mtab": "/proc/self/mounts"}
COPIES = {"usr/share/base-passwd/passwd.master": "etc/passwd", "usr/share/base-passwd/group.master": "etc/group",
          "usr/share/libc-bin/nsswitch.conf": "etc/nsswitch.conf", "usr/share/base-files/profile": "etc/profile",
          "usr/share/base-files/dot.bashrc": "root/.bashrc", "usr/share/base-files/dot.profile": "root/.profile"}
TEXTS = {"etc/hostname": "vitrine\n",
         "etc/hosts": "127.0.0.1 localhost vitrine\n",
         "etc/resolv.conf": "nameserver 10.0.2.3\n",  # where user-mode networking answers
         "etc/fstab": "/dev/vda / ext4 rw 0 1\n",
         "etc/shells": "/bin/sh\n/bin/bash\n"}


def build(private_apt, origin):
    debs = private_apt.fetch(PACKAGES, with_dependencies=True)
    facts = {**origin, "packages": sorted(package.exact for package in debs)}
    say(f"unpacking {len(debs)} packages and making {IMAGE}")
    with cache.building(NAME, facts) as folder, tempfile.TemporaryDirectory(
            prefix=f".{NAME}.", dir=cache.guest_folder(NAME).parent) as work:
        command = [sys.executable, "-B", "-m", "guestlib.root_disk", work, folder / IMAGE, *sorted(debs.values())]
        run(as_root(command), cwd=cache.HERE.parent)


def unpack(debs, tree):
    # base-files first: it brings the links /bin -> usr/bin and the like, which later packages go through.
    for deb in sorted(debs, key=lambda deb: not pathlib.Path(deb).name.startswith("base-files_")):
        subprocess.run([tool("dpkg-deb", "dpkg"), "-x", deb, tree], check=True)


def finish(tree):
    """What the maintainer scripts of these packages would have done, as far as the tools need it."""
    for pattern in PRUNED:
        for path in tree.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for folder in ("var/run", "var/lock"):
        (tree / folder).rmdir()
    for folder in ("mnt", "opt", "srv", "media", "usr/local/bin", "usr/local/lib", "usr/local/sbin"):
        (tree / folder).mkdir(parents=True, exist_ok=True)
    for source, target in COPIES.items():
        shutil.copyfile(tree / source, tree / target)
    for target, text in TEXTS.items():
        (tree / target).write_text(text, encoding="utf-8")
    for link, target in LINKS.items():
        (tree / link).symlink_to(target)
    files = cache.HERE.parent / "files"
    shutil.copyfile(files / "vitrine.sh", tree / "usr/lib/vitrine.sh")
    shutil.copyfile(files / "disk-init", tree / "usr/sbin/vitrine-init")
    (tree / "usr/sbin/vitrine-init").chmod(0o755)


def main(work, image, *debs):
    """Runs as root or under fakeroot: one process tree, so that owners survive from dpkg-deb to mke2fs."""
    tree = pathlib.Path(work) / "root"
    tree.mkdir()
    unpack(debs, tree)
    finish(tree)
    ext4.make(tree, image, SIZE, LABEL)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Failed as failure:
        sys.exit(str(failure))
