#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Options of QEMU that have to be taken, and mistakes that have to be refused with exit code 1 and QEMU's words, asked
of whatever program is named, as qemu_contract_test.py does. What only Vitrine promises comes last; QEMU skips it."""

import pathlib
import subprocess
import time

from qemu_case import EMULATOR, PASS, TIMEOUT, Case, is_vitrine, main
from tiny_riscv import Program, elf


class Accepted(Case):
    def test_words_of_other_peoples_makefiles(self):
        """Whatever they ask for, the guest runs and its power-off is exit code 0."""
        lines = """
            -accel tcg
            -accel tcg,thread=single
            -accel kvm -accel tcg
            -machine virt,accel=tcg
            -cpu rv64
            -cpu rv64,zba=true,zbb=true
            -cpu rv64,pmp=false
            -cpu rv64,sstc=off
            -name guest
            -name guest,process=x
            -rtc base=utc
            -rtc base=localtime,clock=vm
            -rtc base=2020-01-01T10:11:12
            -icount shift=auto
            -icount 3
            -icount shift=1,sleep=off
            -no-reboot
            -snapshot
            -nodefaults -serial mon:stdio
            -monitor none
            -monitor none -serial stdio
            -net none
            -nic none
            -vga none
            -parallel none
            -s
            -gdb tcp::0
            -d guest_errors,unimp -D log
            -d int,cpu_reset,in_asm,mmu -D log
            -seed 3
            -boot c
            -k fr
            -L /
            -uuid 00000000-0000-0000-0000-000000000001
            -no-user-config
            -semihosting
            -semihosting-config enable=on,target=native
            -object rng-random,filename=/dev/urandom,id=r -device virtio-rng-device,rng=r
            -device virtio-rng-device,id=a,max-bytes=1024,period=1000
            -device virtio-serial-device -chardev null,id=c -device virtconsole,chardev=c
            -global virtio-mmio.force-legacy=off
            -global driver=virtio-mmio,property=force-legacy,value=false
            -pidfile pid
            -action reboot=reset
            -M aclint=on
            -smp 2,sockets=1,cores=2,threads=1
        """
        kernel = self.kernel(Program().first_hart_only().text("ok").finish(PASS))
        for line in lines.strip().splitlines():
            with self.subTest(line=line.strip()):
                code, out, err = self.run_words("-M", "virt", "-nographic", "-bios", "none", "-kernel", kernel,
                                                *line.split())
                self.assertEqual(code, 0, err)
                self.assertEqual(out, "ok", err)

    def test_two_dashes(self):
        code, out, err = self.run_words("--machine", "virt", "--nographic", "--bios", "none", "--kernel",
                                        self.kernel(Program().first_hart_only().text("ok").finish(PASS)), "--m", "64M",
                                        "--smp", "2")
        self.assertEqual((code, out), (0, "ok"), err)

    def test_log_file_appears(self):
        self.output_of(Program().finish(PASS), "-d", "int", "-D", "log")
        self.assertTrue((self.folder / "log").exists())


class Refused(Case):
    def test_messages(self):
        disk = self.file("disk.img", bytes(512))
        kernel = self.kernel(Program().hang())
        for words, part in (
                (("-M", "foo"), "unsupported machine type"),
                (("-M", "virt,foo=on"), "Property 'virt-machine.foo' not found"),
                (("-M", "virt,aclint=maybe"), "Parameter 'aclint' expects 'on' or 'off'"),
                (("-cpu", "foo"), "unable to find CPU model 'foo'"),
                (("-cpu", "rv64,foo=on"), "foo' not found"),
                (("-cpu", "rv64,pmp=maybe"), "Parameter 'pmp' expects 'on' or 'off'"),
                (("-m", "foo"), "Parameter 'size' expects a non-negative number below 2^64"),
                (("-m", "128MB"), "Parameter 'size' expects"),
                (("-m", "128M,foo=1"), "Invalid parameter 'foo'"),
                (("-smp", "600"), "Invalid SMP CPUs 600. The max CPUs supported by machine 'virt' is"),
                (("-smp", "cpus=2,cores=3"), "product of the hierarchy must match maxcpus"),
                (("-smp", "foo"), "Parameter 'smp.cpus' expects integer"),
                (("-accel", "kvm"), "invalid accelerator kvm"),
                (("-kernel", "/nowhere/k"), "/nowhere/k"),
                (("-kernel", "/"), "'/'"),
                (("-bios", "/nowhere/fw"), 'Unable to load the RISC-V firmware "/nowhere/fw"'),
                (("-kernel", kernel, "-initrd", "/nowhere/i"), "/nowhere/i"),
                (("-dtb", "/nowhere/d"), "/nowhere/d"),
                (("-initrd", kernel), "-initrd only allowed with -kernel option"),
                (("-append", "x"), "-append only allowed with -kernel option"),
                (("/nowhere/disk.img",), "/nowhere/disk.img: Could not open '/nowhere/disk.img'"),
                (("-drive", "file=/nowhere/d,if=none,id=x", "-device", "virtio-blk-device,drive=x"), "/nowhere/d"),
                (("-drive", f"file={disk},if=ide,format=raw"), "machine type does not support if=ide"),
                (("-drive", f"file={disk},if=foo"), "unsupported bus type 'foo'"),
                (("-drive", f"file={disk},format=foo"), "Unknown driver 'foo'"),
                (("-drive", f"file={disk},format=raw,foo=1"), "Block format 'raw' does not support the option 'foo'"),
                (("-device", "foo"), "'foo' is not a valid device model name"),
                (("-device", "virtio-blk-device"), "drive property not set"),
                (("-device", "virtio-blk-device,drive=zz"), "can't find value 'zz'"),
                (("-device", "virtio-rng-device,foo=1"), "Property 'virtio-rng-device.foo' not found"),
                (("-device", "virtio-rng-device,bus=virtio-mmio-bus.9"), "Bus 'virtio-mmio-bus.9' not found"),
                (("-device", "virtio-rng-device,bus=virtio-mmio-bus.1") * 2, "Bus 'virtio-mmio-bus.1' is full"),
                (("-device", "virtconsole"), "No 'virtio-serial-bus' bus found for device 'virtconsole'"),
                (("-device", "loader,addr=0x80000000,data=1"), "Both data and data-len must be specified"),
                (("-global", "virtio-mmio.force-legacy=maybe"), "expects 'on' or 'off'"),
                (("-rtc", "base=foo"), "invalid datetime format"),
                (("-icount", "shift=99"), "icount: Invalid shift value"),
                (("-seed", "x"), "Invalid seed number: x"),
                (("-chardev", "stdio"), "chardev: no id specified"),
                (("-chardev", "foo,id=a"), "'foo' is not a valid char driver name"),
                (("-serial", "foo"), "'foo' is not a valid char driver"),
                (("-serial", "file:/nowhere/x"), "Could not open '/nowhere/x'"),
                (("-display", "foo"), "Parameter 'type' does not accept value 'foo'"),
                (("-d", "int", "-D", "/nowhere/log"), "Error opening logfile /nowhere/log"),
        ):
            with self.subTest(words=words):
                self.assertIn(part, self.refused("-display", "none", "-M", "virt", *words))

    def test_kernel_at_the_firmwares_place(self):
        code = elf(Program().hang().code(), 0x8000_0000)
        firmware = self.file("fw.bin", Program().hang().code())
        message = self.refused("-M", "virt", "-display", "none", "-bios", firmware, "-kernel", self.file("k", code))
        self.assertIn("overlap", message)

    def test_empty_kernel(self):
        self.assertIn("empty", self.refused("-M", "virt", "-display", "none", "-bios", "none", "-kernel",
                                            self.file("empty", b"")))


class Vitrines(Case):
    """What only ours promises."""

    def setUp(self):
        super().setUp()
        if not is_vitrine():
            self.skipTest("this is not Vitrine")

    def test_missing_parts_are_named_with_the_nearest(self):
        for words, part in ((("-netdev", "user,id=n"), "no network in this version"),
                            (("-device", "e1000,netdev=n"), "no network in this version"),
                            (("-device", "virtio-gpu-device"), "-nographic"),
                            (("-device", "virtio-blk-pci,drive=x"), "use virtio-blk-device"),
                            (("-display", "gtk"), "-nographic"), (("-monitor", "stdio"), "-monitor none"),
                            (("-serial", "pty"), "file:PATH"), (("-drive", "file=d,if=pflash"), "-bios FILE"),
                            (("-virtfs", "local,path=."), "mke2fs -d"), (("-cpu", "rv64,v=true"), "vector"),
                            (("-hda", "x"), "virtio-blk-device"), (("-usb",), "no USB")):
            with self.subTest(words=words):
                self.assertIn(part, self.refused("-M", "virt", "-display", "none", *words))

    def test_debugger_words_are_accepted_with_one_line(self):
        code, out, err = self.run_guest(Program().text("ok").finish(PASS), "-gdb", "tcp::0,server=on,wait=off")
        self.assertEqual((code, out), (0, "ok"))
        self.assertRegex(err, r"^gdb: 127\.0\.0\.1:\d+\n$")
        code, out, err = self.run_guest(Program().text("ok").finish(PASS), "-S")
        self.assertEqual((code, out), (0, "ok"))
        self.assertIn("-S does not hold the guest back", err)
        for words in ("tcp::0,nonsense=1", "tcp::0,wait=maybe", "stdio", "tcp::x"):
            self.assertIn(words.split(",")[-1].split("=")[0].split(":")[-1], self.refused("-M", "virt", "-display", "none", "-gdb", words))

    def test_options_of_vitrine_come_from_the_environment(self):
        self.environment["VITRINE_OPTS"] = "--max-instructions 1000 --seed '7'"
        code, _, err = self.run_guest(Program().spin())
        self.assertEqual(code, 103, err)
        self.environment["VITRINE_OPTS"] = "--nonsense"
        self.assertIn("VITRINE_OPTS", self.refused("-M", "virt", "-display", "none"))

    def test_called_by_qemus_name(self):
        link = self.folder / "qemu-system-riscv64"
        link.symlink_to(pathlib.Path(EMULATOR[0]).resolve())
        found = subprocess.run([str(link), "-foo"], capture_output=True, timeout=TIMEOUT)
        self.assertEqual(found.returncode, 1)
        self.assertEqual(found.stderr.decode().splitlines()[0], "qemu-system-riscv64: -foo: invalid option")
        found = subprocess.run([*EMULATOR, "-foo"], capture_output=True, timeout=TIMEOUT)
        self.assertEqual(found.stderr.decode().splitlines()[0], "vitrine qemu: -foo: invalid option")

    def test_nothing_can_wake_it(self):
        """wfi with nothing set and no input: said once, and then it waits as QEMU does."""
        process = self.start("-M", "virt", "-nographic", "-bios", "none", "-kernel",
                             self.kernel(Program().text("!").hang()))
        self.assertEqual(process.stdout.read(1), b"!")
        time.sleep(1)
        self.assertIsNone(process.poll())
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertIn("Nothing can wake the machine", process.stderr.read().decode())

    def test_default_firmware_is_opensbi_if_there_is_one(self):
        kernel = self.kernel(Program().finish(PASS))
        code, out, err = self.run_words("-M", "virt", "-nographic", "-kernel", kernel)
        if "built-in SBI" in err:
            self.skipTest("no OpenSBI is installed")
        self.assertEqual(code, 0, err)
        self.assertIn("OpenSBI", out)

    def test_kernels_of_other_machines_are_named(self):
        """QEMU runs them, or what it takes them for."""
        code = Program().hang().code()
        good = elf(code)
        for content, part in ((elf(code, bits=32), "32"), (elf(code, machine=62), "x86"),
                              (good[:96] + (1 << 40).to_bytes(8, "little") * 2 + good[112:], "")):
            path = self.file("bad.elf", content)
            message = self.refused("-M", "virt", "-display", "none", "-bios", "none", "-kernel", path)
            self.assertIn("bad.elf", message)
            self.assertIn(part, message)


if __name__ == "__main__":
    main(__doc__)
