#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What scripts and Makefiles rely on when they call `qemu-system-riscv64 -M virt`, asked of whatever program is named:

    qemu_contract_test.py build/vitrine qemu              ours
    qemu_contract_test.py qemu-system-riscv64             the judge of this test, 7.2 or later

Both have to pass. Where ours differs on purpose it is asked what it promises instead, and QEMU is skipped, aloud.
Guests are a few instructions each (tiny_riscv.py); nothing but Python is needed.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from tiny_riscv import DeviceTree, Program, elf

EMULATOR = []
TIMEOUT = 30
PASS, FAIL, RESET = 0x5555, 0x3333, 0x7777
VIRTIO = 0x1000_1000


def is_vitrine():
    return b"Vitrine" in subprocess.run([*EMULATOR, "-version"], capture_output=True, timeout=TIMEOUT).stdout


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) if hasattr(
            self, "enterContext") else self._folder()
        self.environment = {k: v for k, v in os.environ.items() if k != "VITRINE_OPTS"}

    def _folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def kernel(self, program):
        return self.file("kernel.bin", program.code() + bytes(64))

    def start(self, *words, **how):
        how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        process = subprocess.Popen([*EMULATOR, *map(str, words)], cwd=self.folder, env=self.environment, **how)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def run_words(self, *words, **how):
        process = self.start(*words, **how)
        out, err = process.communicate(timeout=TIMEOUT)
        return process.returncode, out.decode("latin-1"), err.decode("latin-1")

    def run_guest(self, program, *words, **how):
        return self.run_words("-M", "virt", "-nographic", "-bios", "none", "-kernel", self.kernel(program), *words,
                              **how)

    def output_of(self, program, *words, **how):
        code, out, err = self.run_guest(program, *words, **how)
        self.assertEqual(code, 0, err)
        return out

    def tree(self, *words):
        path = self.folder / "board.dtb"
        code, _, err = self.run_words("-nographic", "-M", f"virt,dumpdtb={path}", *words)
        self.assertEqual(code, 0, err)
        return DeviceTree(path.read_bytes())

    def refused(self, *words):
        """The message, of a refusal with exit code 1 and nothing but a message."""
        code, _, err = self.run_words(*words)
        self.assertEqual(code, 1, f"{words}: {err}")
        self.assertNotIn("Traceback", err)
        return err


class Probes(Case):
    def test_help_has_a_line_that_begins_with_gdb(self):
        for form in ("-help", "--help", "-h"):
            code, out, _ = self.run_words(form)
            self.assertEqual(code, 0)
            self.assertRegex(out, r"(?m)^-gdb")

    def test_version_first_line(self):
        for form in ("-version", "--version"):
            code, out, _ = self.run_words(form)
            self.assertEqual(code, 0)
            line = out.splitlines()[0]
            match = re.fullmatch(r"QEMU emulator version (\d+)\.(\d+)\.(\d+) \(.+\)", line)
            self.assertTrue(match, line)
            self.assertGreaterEqual((int(match[1]), int(match[2])), (7, 2))
            self.assertEqual(line.split()[3], f"{match[1]}.{match[2]}.{match[3]}", "awk '{print $4}'")

    def test_xv6_probes_word_for_word(self):
        shell = ' '.join(EMULATOR)
        found = subprocess.run(f"if {shell} -help | grep -q '^-gdb'; then echo '-gdb tcp::1'; else echo '-s -p 1'; fi",
                               shell=True, capture_output=True, timeout=TIMEOUT)
        self.assertEqual(found.stdout, b"-gdb tcp::1\n")
        sed = r"sed -E 's/^QEMU emulator version ([0-9]+\.[0-9]+)\..*/\1/'"
        found = subprocess.run(f"{shell} --version | head -n 1 | {sed}", shell=True, capture_output=True, timeout=TIMEOUT)
        self.assertRegex(found.stdout.decode(), r"^\d+\.\d+\n$")

    def test_lists(self):
        for words, part in ((("-M", "?"), r"(?m)^virt\s"), (("-machine", "help"), r"(?m)^virt\s"),
                            (("-M", "virt", "-cpu", "help"), r"(?m)^\s*rv64$"),
                            (("-M", "virt", "-cpu", "?"), r"(?m)^\s*rv64$"),
                            (("-device", "help"), r'name "virtio-blk-device", bus virtio-bus'),
                            (("-device", "virtio-blk-device,help"), r"(?m)^\s+drive="),
                            (("-accel", "help"), r"(?m)^tcg$")):
            code, out, err = self.run_words(*words)
            self.assertEqual(code, 0, err)
            self.assertRegex(out, part)

    def test_names_are_checked_first(self):
        self.assertIn("-foo: invalid option", self.refused("-version", "-foo"))
        self.assertIn("--foo: invalid option", self.refused("--foo"))
        self.assertIn("-kernel: requires an argument", self.refused("-M", "virt", "-kernel"))


class Exits(Case):
    def code_of(self, value, *words):
        code, _, err = self.run_guest(Program().finish(value), *words)
        return code

    def test_finisher(self):
        self.assertEqual(self.code_of(PASS), 0)
        self.assertEqual(self.code_of(1 << 16 | FAIL), 1)
        self.assertEqual(self.code_of(42 << 16 | FAIL), 42)
        self.assertEqual(self.code_of(255 << 16 | FAIL), 255)
        self.assertEqual(self.code_of(0x1FE << 16 | FAIL), 0xFE, "cut to 8 bits")
        self.assertEqual(self.code_of(0x100 << 16 | FAIL), 0, "cut to 8 bits")
        self.assertEqual(self.code_of(FAIL), 0, "FAIL with code 0")

    def test_reset_with_no_reboot_ends(self):
        self.assertEqual(self.code_of(RESET, "-no-reboot"), 0)
        self.assertEqual(self.code_of(RESET, "-action", "reboot=shutdown"), 0)

    def test_reset_starts_again(self):
        process = self.start("-M", "virt", "-nographic", "-bios", "none", "-kernel",
                             self.kernel(Program().text("x").finish(RESET)))
        seen = b""
        while seen.count(b"x") < 3:
            piece = process.stdout.read(1)
            self.assertTrue(piece, "it ended")
            seen += piece
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 0)

    def ended_by(self, number, program):
        process = self.start("-M", "virt", "-nographic", "-bios", "none", "-kernel",
                             self.kernel(Program().text("!") if program is None else program))
        self.assertEqual(process.stdout.read(1), b"!")
        time.sleep(0.2)
        self.assertIsNone(process.poll())
        process.send_signal(number)
        before = time.monotonic()
        code = process.wait(TIMEOUT)
        self.assertLess(time.monotonic() - before, 5)
        err = process.stderr.read().decode()
        self.assertIn(f"terminating on signal {int(number)}", err)
        return code

    def test_signals_end_it_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self.assertEqual(self.ended_by(number, Program().text("!").spin()), 0)
            self.assertEqual(self.ended_by(number, Program().text("!").hang()), 0)

    def test_a_guest_that_never_ends_stays(self):
        """Every trap is one more at 0: diagnosed, perhaps, but not ended."""
        process = self.start("-M", "virt", "-nographic", "-bios", "none", "-kernel",
                             self.kernel(Program().text("!").word(0)))
        self.assertEqual(process.stdout.read(1), b"!")
        time.sleep(1)
        self.assertIsNone(process.poll())
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 0)
        err = process.stderr.read().decode()
        if is_vitrine():
            diagnosis = [line for line in err.splitlines() if "terminating" not in line]
            self.assertEqual(len(diagnosis), 1, err)
            self.assertIn("Fault loop", diagnosis[0])


class Console(Case):
    ECHO = Program().label("next").get("s0").put("s0").jal("x0", "next")

    def talk(self, *words):
        return self.start("-M", "virt", "-bios", "none", "-kernel", self.kernel(self.ECHO), *words,
                          stdin=subprocess.PIPE)

    def send(self, process, data):
        process.stdin.write(data)
        process.stdin.flush()

    def test_quit_by_keys_over_a_pipe(self):
        for words in (("-nographic",), ("-display", "none", "-serial", "mon:stdio"),
                      ("-display", "none", "-chardev", "stdio,id=c,mux=on,signal=off", "-serial", "chardev:c", "-mon",
                       "chardev=c")):
            process = self.talk(*words)
            self.send(process, b"a")
            self.assertEqual(process.stdout.read(1), b"a")
            self.send(process, b"\x01x")
            out, _ = process.communicate(timeout=TIMEOUT)
            self.assertEqual(process.returncode, 0)
            self.assertIn(b"QEMU: Terminated", out)

    def test_escape_twice_sends_one(self):
        process = self.talk("-nographic")
        self.send(process, b"a\x01\x01b")
        self.assertEqual(process.stdout.read(3), b"a\x01b")

    def test_plain_stdio_has_no_keys(self):
        process = self.talk("-display", "none", "-serial", "stdio", "-monitor", "none")
        self.send(process, b"a\x01xb")
        self.assertEqual(process.stdout.read(4), b"a\x01xb")

    def test_end_of_input_does_not_end_it(self):
        process = self.talk("-nographic")
        self.send(process, b"a")
        self.assertEqual(process.stdout.read(1), b"a")
        process.stdin.close()
        process.stdin = None
        time.sleep(1)
        self.assertIsNone(process.poll())
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_quit_by_keys_in_a_file(self):
        keys = self.folder / "keys"
        keys.write_bytes(b"\x01x")
        with keys.open("rb") as stdin:
            code, out, _ = self.run_guest(Program().hang(), stdin=stdin)
        self.assertEqual(code, 0)
        self.assertIn("QEMU: Terminated", out)

    def test_many_bytes_arrive_in_order(self):
        data = bytes(32 + i % 90 for i in range(3000))
        process = self.talk("-nographic")
        self.send(process, data)
        self.assertEqual(process.stdout.read(len(data)), data)

    def test_bytes_are_not_changed(self):
        program = Program()
        for byte in (0, 10, 13, 27, 127, 128, 255):
            program.li("t2", byte).put("t2")
        process = self.start("-M", "virt", "-nographic", "-bios", "none", "-kernel", self.kernel(program.finish(PASS)))
        out, _ = process.communicate(timeout=TIMEOUT)
        self.assertEqual(out, bytes((0, 10, 13, 27, 127, 128, 255)))

    def test_serial_to_a_file(self):
        for words in (("-serial", f"file:{self.folder}/out"),
                      ("-chardev", f"file,id=f,path={self.folder}/out", "-serial", "chardev:f")):
            out = self.output_of(Program().text("hello").finish(PASS), "-monitor", "none", *words)
            self.assertEqual(out, "")
            self.assertEqual((self.folder / "out").read_text(), "hello")
        self.output_of(Program().text("!").finish(PASS), "-monitor", "none", "-chardev",
                       f"file,id=f,path={self.folder}/out,append=on", "-serial", "chardev:f")
        self.assertEqual((self.folder / "out").read_text(), "hello!")

    def test_serial_to_nowhere(self):
        for words in (("-serial", "null"), ("-serial", "none"), ("-nodefaults",)):
            out = self.output_of(Program().text("hello").finish(PASS), "-monitor", "none", *words)
            self.assertEqual(out, "")

    def test_display_none_shows_nothing(self):
        code, out, err = self.run_words("-M", "virt", "-display", "none", "-bios", "none", "-kernel",
                                        self.kernel(Program().text("hello").finish(PASS)))
        self.assertEqual((code, out), (0, ""), err)

    def test_one_port_has_the_terminal(self):
        self.assertIn("cannot use stdio by multiple character devices",
                      self.refused("-M", "virt", "-display", "none", "-serial", "stdio", "-serial", "stdio"))


class Board(Case):
    def words_of_slots(self, offset, *words):
        """A register of every virtio slot."""
        program = Program()
        for slot in range(8):
            program.li("s0", VIRTIO + slot * 0x1000).lw("s1", "s0", offset).hex("s1", 1)
        return self.output_of(program.finish(PASS), *words).split()

    def test_slots_are_filled_from_the_top(self):
        ids = self.words_of_slots(8, "-device", "virtio-rng-device")
        self.assertEqual(ids, ["0"] * 7 + ["4"])
        ids = self.words_of_slots(8, "-device", "virtio-rng-device", "-device", "virtio-serial-device")
        self.assertEqual(ids, ["0"] * 6 + ["3", "4"])

    def test_slots_by_bus(self):
        ids = self.words_of_slots(8, "-device", "virtio-rng-device,bus=virtio-mmio-bus.0", "-device",
                                  "virtio-rng-device,bus=virtio-mmio-bus.7", "-device", "virtio-serial-device")
        self.assertEqual(ids, ["4"] + ["0"] * 5 + ["3", "4"])

    def test_disk_in_any_order(self):
        disk = self.file("disk,1.img", bytes(4096))
        drive = ("-drive", f"file={disk.replace(',', ',,')},if=none,format=raw,id=x0")
        device = ("-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0")
        for words in ((*drive, *device), (*device, *drive)):
            program = Program().li("s0", VIRTIO).lw("s1", "s0", 8).hex("s1", 1).lw("s1", "s0", 0x100).hex("s1")
            self.assertEqual(self.output_of(program.finish(PASS), *words), "2 00000008 ", "8 sectors")

    def test_legacy_is_the_default(self):
        self.assertEqual(set(self.words_of_slots(4, "-device", "virtio-rng-device")), {"1"})
        modern = self.words_of_slots(4, "-device", "virtio-rng-device", "-global", "virtio-mmio.force-legacy=false")
        self.assertEqual(modern[7], "2")

    def test_reset_rom_and_registers(self):
        program = Program().li("s0", 0x1000)
        for offset in range(0, 24, 4):
            program.lw("s1", "s0", offset).hex("s1")
        program.hex("a0", 1).hex("a1").lw("s1", "a1", 0).hex("s1").hex("a2", 4)
        program.lw("s1", "a2", 0).hex("s1").lw("s1", "a2", 8).hex("s1", 1)
        # The program's own address.
        program.word(0x17 | 9 << 7).label("here").hex("s1")
        self.assertEqual(self.output_of(program.finish(PASS)).split(), [
            "00000297", "02828613", "f1402573", "0202b583", "0182b283", "00028067", "0", "87e00000", "edfe0dd0", "1028",
            "4942534f", "2", f"{0x8000_0000 + 4 * (program.labels['here'] - 1):08x}"])

    def test_firmware_and_kernel(self):
        firmware = Program().ld("s0", "a2", 16).hex("s0").ld("s1", "a2", 24).hex("s1", 1).jalr("x0", "s0", 0)
        kernel = Program().text("kernel").finish(PASS)
        code, out, err = self.run_words("-M", "virt", "-nographic", "-bios", self.file("fw.bin", firmware.code()),
                                        "-kernel", self.kernel(kernel))
        self.assertEqual((code, out), (0, "80200000 1 kernel"), err)

    def test_firmware_alone(self):
        code, out, err = self.run_words("-M", "virt", "-nographic", "-bios",
                                        self.file("fw.bin", Program().text("firmware").finish(PASS).code()))
        self.assertEqual((code, out), (0, "firmware"), err)

    def test_elf_kernel_as_the_last_word(self):
        code = elf(Program().text("elf").finish(PASS).code())
        self.assertEqual(self.run_words("-M", "virt", "-nographic", "-bios", "none", "-kernel",
                                        self.file("k.elf", code))[:2], (0, "elf"))

    def test_without_firmware_the_start_is_where_ram_begins(self):
        """Whatever the ELF file says of its entry."""
        program = Program().text("begin").finish(PASS).label("other")
        other = 4 * program.labels["other"]
        code = elf(program.text("entry").finish(PASS).code(), entry=0x8000_0000 + other)
        self.assertEqual(self.run_words("-M", "virt", "-nographic", "-bios", "none", "-kernel",
                                        self.file("k.elf", code))[:2], (0, "begin"))

    def test_loader(self):
        data = self.file("data.bin", b"\x78\x56\x34\x12")
        program = Program().li("s0", 0x8010_0000).lw("s1", "s0", 0).hex("s1").lw("s1", "s0", 16).hex("s1")
        self.assertEqual(self.output_of(program.finish(PASS), "-device", f"loader,file={data},addr=0x80100000",
                                        "-device", "loader,addr=0x80100010,data=0xcafebabe,data-len=4").split(),
                         ["12345678", "cafebabe"])
        code = elf(Program().text("loaded").finish(PASS).code())
        self.assertEqual(self.run_words("-M", "virt", "-nographic", "-bios", "none", "-device",
                                        f"loader,file={self.file('k.elf', code)}")[:2], (0, "loaded"))

    def test_aclint_has_supervisor_software_interrupts(self):
        program = Program().li("s0", 0x2F0_0000).lw("s1", "s0", 0).hex("s1").finish(PASS)
        self.assertEqual(self.output_of(program, "-M", "virt,aclint=on"), "00000000 ")


class Trees(Case):
    def test_dumpdtb(self):
        path = self.folder / "x.dtb"
        code, _, err = self.run_words("-nographic", "-machine", f"virt,dumpdtb={path}")
        self.assertEqual(code, 0)
        self.assertIn(f"dtb dumped to {path}. Exiting.", err)
        self.assertEqual(DeviceTree(path.read_bytes()).text("/", "compatible"), "riscv-virtio")
        self.assertIn("dtb", self.refused("-nographic", "-machine", f"virt,dumpdtb={self.folder}/no/x.dtb"))

    def memory(self, *words):
        return int.from_bytes(self.tree(*words).nodes["/memory@80000000"]["reg"][8:], "big")

    def test_memory(self):
        mega = 1 << 20
        self.assertEqual(self.memory(), 128 * mega)
        for form, size in (("128M", 128), ("128m", 128), ("8M", 8), ("256", 256), ("2G", 2048), ("size=64M", 64),
                           ("1.5G", 1536), ("131072k", 128), ("0", 128), ("128M,slots=2,maxmem=512M", 128)):
            self.assertEqual(self.memory("-m", form), size * mega, form)

    def test_harts(self):
        for words, harts in (((), 1), (("-smp", "3"), 3), (("-smp", "cpus=2"), 2), (("-smp", "4,cores=4"), 4),
                             (("-smp", "cores=2"), 2), (("-smp", "2,maxcpus=4"), 2), (("-smp", "8"), 8)):
            tree = self.tree(*words)
            self.assertEqual(sum(1 for path in tree.nodes if re.fullmatch(r"/cpus/cpu@\d+", path)), harts, words)

    def test_kernel_words(self):
        kernel = self.kernel(Program().hang())
        initrd = self.file("initrd", bytes(5000))
        tree = self.tree("-bios", "none", "-kernel", kernel, "-initrd", initrd, "-append", "root=/dev/vda ro,x")
        self.assertEqual(tree.text("/chosen", "bootargs"), "root=/dev/vda ro,x")
        start, end = tree.number("/chosen", "linux,initrd-start"), tree.number("/chosen", "linux,initrd-end")
        self.assertEqual((start, end - start), (0x8400_0000, 5000), "kernel + min(memory / 2, 128 MiB)")
        big = self.tree("-m", "1G", "-bios", "none", "-kernel", kernel, "-initrd", initrd)
        self.assertEqual(big.number("/chosen", "linux,initrd-start"), 0x8800_0000)

    def test_virtio_slots_are_listed_from_the_top(self):
        slots = [path for path in self.tree().nodes if "virtio_mmio@" in path]
        self.assertEqual(slots, [f"/soc/virtio_mmio@1000{n}000" for n in range(8, 0, -1)])

    def test_own_tree(self):
        mine = self.folder / "mine.dtb"
        self.run_words("-nographic", "-M", f"virt,dumpdtb={mine}", "-m", "64M")
        tree = self.tree("-dtb", mine)
        self.assertEqual(int.from_bytes(tree.nodes["/memory@80000000"]["reg"][8:], "big"), 64 << 20)


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
        code, out, err = self.run_guest(Program().text("ok").finish(PASS), "-S", "-gdb", "tcp::26000")
        self.assertEqual((code, out), (0, "ok"))
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertIn("no gdb server", err)

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
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    EMULATOR = sys.argv[1:]
    sys.argv[1:] = []
    if os.sep in EMULATOR[0]:
        EMULATOR[0] = os.path.abspath(EMULATOR[0])
    only = os.environ.get("ONLY")  # one test while working on it
    unittest.main(verbosity=1, argv=[sys.argv[0], *([only] if only else [])])
