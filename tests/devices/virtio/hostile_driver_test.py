#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drivers that break every rule of virtio, as a guest (hostile_driver/main.c): the devices answer what is right, work on, and
the host's memory, messages and disks stay as they should.

  hostile_driver_test.py build/vitrine ENGINE...            engines of this build
  hostile_driver_test.py --planted [--check] [NAME]...      whether it finds mistakes planted into the devices
"""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import planting  # noqa: E402

COMPILER = "riscv64-unknown-elf-gcc"
FLAGS = ("-O1 -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -ffreestanding -nostdlib -static -Wall -Wextra -Werror "
         "-Wl,--no-warn-rwx-segments").split()
SECTORS = 64
DISK = b"".join(bytes([n + 1]) * 512 for n in range(SECTORS))
OFFENCES = {"true": 219, "false": 249}  # by force-legacy: a rule that is not tried any more is missed here
MEMORY = 400 << 20                      # of the emulator at its highest, with 64 MiB of guest RAM
MESSAGES = 20_000                       # bytes on standard error

WRITES = "bool RawFile::write(uint64_t offset, std::span<const iovec> from) {\n  "

# name: (file, text, what stands there instead), and again where one alone does no harm
PLANTED = {
    "loops_are_followed": ("devices/virtio/queue.cpp", "length < layout_.size;", "length < 1u << 20;"),
    "next_is_not_checked": ("devices/virtio/queue.cpp", "if (index >= table.size) return", "if (index > table.size) return"),
    "index_may_run_ahead": ("devices/virtio/queue.cpp", "next_available_) > layout_.size)", "next_available_) > 4 * layout_.size)"),
    "reads_may_follow_writes": ("devices/virtio/queue.cpp", "if (!(d.flags & kWrite) && !chain.writable.empty()) return", "if (false) return"),
    "bytes_are_not_summed": ("devices/virtio/queue.cpp", "if (bytes > ram_->size()) return", "if (false) return"),
    "indirect_without_agreement": ("devices/virtio/queue.cpp", "if (!indirect_) return", "if (false) return"),
    "indirect_in_indirect": ("devices/virtio/queue.cpp", "if (inside) return", "if (false) return"),
    "indirect_half_a_descriptor": ("devices/virtio/queue.cpp", "d.size % kDescriptorSize != 0", "false"),
    "queue_of_any_size": ("devices/virtio/queue.cpp", "layout_.size > kMaxSize || !std::has_single_bit(layout_.size)", "layout_.size > kMaxSize"),
    "features_of_any_kind": ("devices/virtio/mmio.cpp", "if (driver_features_ & ~offered())", "if (false)"),
    "served_when_broken": ("devices/virtio/mmio.cpp", "return !(status_ & kNeedsReset) && ", "return "),
    "driver_is_not_told": ("devices/virtio/mmio.cpp", "if (status_ & kDriverOk) raise(kConfigChange);", ""),
    "queue_moves_while_ready": ("devices/virtio/mmio.cpp", "  if (ready == queues_[queue].enabled()) return;\n", ""),
    "reset_leaves_requests": ("devices/virtio/blk.h", "void reset() override { event_.disarm(); }", "void reset() override {}"),
    "queues_survive_a_reset": ("devices/virtio/mmio.cpp", "  for (VirtQueue& queue : queues_) queue.disable();\n", ""),
    "disk_has_no_end": ("devices/virtio/blk.cpp", "sector <= capacity && bytes / kSectorSize <= capacity - sector", "(sector + bytes / kSectorSize) * kSectorSize <= capacity * kSectorSize"),
    "read_only_is_written": ("devices/virtio/blk.cpp", "if (backend_->read_only() || !inside", "if (!inside",
                             "devices/virtio/raw_file.cpp", "(writes ? O_RDWR : O_RDONLY)", "O_RDWR",
                             "devices/virtio/raw_file.cpp", WRITES + "if (sync_failed_ || read_only())", WRITES + "if (sync_failed_)"),
    "short_headers_are_taken": ("devices/virtio/blk.cpp", "!= sizeof header ||", "< 8 ||"),
    "status_is_not_last": ("devices/virtio/blk.cpp", "part_of(chain.writable, writable - 1, 1)", "part_of(chain.writable, 0, 1)"),
    "everything_is_told": ("app/session.cpp", "if (times < Notices::kRepeats) return say(text);", "return say(text);"),
}


def command(vitrine, folder, legacy):
    drives = [("c", "off"), ("b", "on")]
    words = [vitrine, "qemu", "-M", "virt", "-m", "64M", "-nographic", "-bios", "none", "-kernel", folder / "hostile.elf",
             "-global", f"virtio-mmio.force-legacy={legacy}"]
    for name, readonly in drives:
        words += ["-drive", f"file={folder / name}.img,format=raw,if=none,id={name},readonly={readonly}", "-device", f"virtio-blk-device,drive={name}"]
    return words + ["-device", "virtio-rng-device", "-device", "virtio-serial-device", "-chardev", f"file,id=console,path={folder / 'said'}",
                    "-device", "virtconsole,chardev=console"]


def problems_of(vitrine, folder, legacy, engine, *more):
    """What is wrong, as sentences."""
    for name in "bc":
        (folder / f"{name}.img").write_bytes(DISK)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "VITRINE_OPTS": " ".join(["--engine", engine, *more])}
    done = subprocess.run(command(vitrine, folder, legacy), env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=300, check=False)
    problems = [line for line in done.stdout.splitlines() if line.startswith("PROBLEM")]
    wanted = f"hostile driver: 4 devices, {OFFENCES[legacy]} offences, 0 problems"
    if wanted not in done.stdout.splitlines():
        problems.append(f"it did not say '{wanted}', but {done.stdout.splitlines()[-1:]} and {done.stderr[-500:]!r}")
    if done.returncode != 0:
        problems.append(f"exit code {done.returncode}")
    if len(done.stderr) > MESSAGES:
        problems.append(f"{len(done.stderr)} bytes on standard error")
    if (folder / "b.img").read_bytes() != DISK or (folder / "c.img").read_bytes() != DISK:
        problems.append("a disk was changed, and no offence is a good write")
    return problems


def build_guest(folder):
    subprocess.run([COMPILER, *FLAGS, "-T", ROOT / "bench/bare/link.ld", "-o", folder / "hostile.elf", ROOT / "bench/bare/start.S",
                    *sorted((HERE / "hostile_driver").glob("*.c"))], check=True)


def attack(vitrine, engines):
    """All ways; and a device that is broken on purpose must be found."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        build_guest(folder)
        problems = [f"{engine}, force-legacy={legacy}: {text}" for engine in engines for legacy in OFFENCES
                    for text in problems_of(vitrine, folder, legacy, engine)]
        if not problems_of(vitrine, folder, "false", engines[0], "--break", "used-len-wrong"):
            problems.append("used-len-wrong is not found")
    return problems


def planted(plant, root):
    texts, words = {}, iter(PLANTED[plant.name])
    for file, text, instead in zip(words, words, words):
        texts[file] = planting.replaced(plant.name, file, texts.get(file) or (root / file).read_text(), text, instead)
    return texts


class Plant:
    def __init__(self, name):
        self.name = name


def try_planted(arguments):
    options = planting.options_of(__doc__.splitlines()[0]).parse_args(arguments)
    plants = planting.chosen([Plant(name) for name in PLANTED], options.words)
    problems = planting.problems_of(plants, planted)
    if options.check or problems:
        print(*problems, f"{len(plants)} mistakes, {len(problems)} of them cannot be planted", sep="\n")
        return 1 if problems else 0
    missed = []
    with tempfile.TemporaryDirectory(prefix="hostile-driver-") as temporary:
        shop = planting.Workshop(options.work or pathlib.Path(temporary), options.jobs, "-DVITRINE_TESTS=OFF")
        for plant in plants:
            with shop.holding(planted(plant, shop.source)):
                shop.make("vitrine")
                try:
                    found = attack(shop.build / "vitrine", ["interpreter"])
                except subprocess.TimeoutExpired:
                    found = ["it does not end"]
            print(f"{'found ' if found else 'MISSED'}  {plant.name}: {found[0][:150] if found else ''}", flush=True)
            missed += [] if found else [plant.name]
    print(f"{len(plants) - len(missed)} of {len(plants)} planted mistakes were found")
    return 1 if missed else 0


def main():
    if sys.argv[1:2] == ["--planted"]:
        return try_planted(sys.argv[2:])
    if not shutil.which(COMPILER):
        print(f"skipped: there is no {COMPILER} that could build the guest")
        return 77
    problems = attack(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:] or ["interpreter"])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    if peak > MEMORY and "VITRINE_SANITIZE" not in os.environ:
        problems.append(f"it took {peak >> 20} MiB")
    print(*problems, f"{len(problems)} problems", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
