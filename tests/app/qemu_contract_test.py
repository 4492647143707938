#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What scripts and Makefiles rely on when they call `qemu-system-riscv64 -M virt`, asked of whatever program is named:

    qemu_contract_test.py build/vitrine qemu              ours
    qemu_contract_test.py qemu-system-riscv64             the judge of this test, 7.2 or later

Both have to pass. Where ours differs on purpose it is asked what it promises instead, and QEMU is skipped, aloud.
Guests are a few instructions each (tiny_riscv.py); nothing but Python is needed. Option by option:
qemu_words_test.py.
"""

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

from qemu_case import EMULATOR, FAIL, PASS, RESET, TIMEOUT, Case, is_vitrine, main
from tiny_riscv import DeviceTree, Program, elf

VIRTIO = 0x1000_1000


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

    def virtio_echo(self):
        """Sends back what the virtio console in slot 7 receives, through the legacy interface: queue 0 at
        0x8001_0000 is filled with what was typed, queue 1 at 0x8001_2000 sends it. Two descriptors each: the table,
        at + 0x20 the available ring, at + 0x1000 the used ring, of which the length of the first element counts."""
        slot, receive, send, buffer = VIRTIO + 7 * 0x1000, 0x8001_0000, 0x8001_2000, 0x8002_0000
        program = Program().store(slot + 0x70, 0).store(slot + 0x70, 3).store(slot + 0x28, 4096).store(slot + 0x20, 0)
        for queue, (at, flags) in enumerate(((receive, 2), (send, 0))):
            program.store(at, buffer).store(at + 8, 16).store(at + 12, flags)
            program.store(slot + 0x30, queue).store(slot + 0x38, 2).store(slot + 0x3C, 4096)
            program.store(slot + 0x40, at >> 12)
        program.store(slot + 0x70, 7)
        program.li("s0", receive + 0x1000).li("s1", send).li("s2", 0).li("s4", slot).li("s5", receive)
        program.label("offer").addi("s2", "s2", 1).slli("s3", "s2", 16)  # an available ring: flags, index, entries 0
        program.sw("s3", "s5", 0x20).sw("x0", "s4", 0x50)
        program.label("wait").lw("t0", "s0", 0).srli("t0", "t0", 16).andi("t1", "s2", 0x7FF).bne("t0", "t1", "wait")
        # The used ring has two elements, taken in turn: the one before the index.
        program.addi("t0", "s2", -1).andi("t0", "t0", 1).slli("t0", "t0", 3).add("t0", "t0", "s0").lw("t1", "t0", 8)
        program.sw("t1", "s1", 8).sw("s3", "s1", 0x20).li("t0", 1).sw("t0", "s4", 0x50)
        return program.jal("x0", "offer")

    def test_virtio_console_may_have_the_terminal(self):
        process = self.start("-M", "virt", "-bios", "none", "-kernel", self.kernel(self.virtio_echo()), "-nographic",
                             "-serial", "null", "-monitor", "none", "-device", "virtio-serial-device", "-chardev",
                             "stdio,id=c,mux=on,signal=off", "-device", "virtconsole,chardev=c", stdin=subprocess.PIPE)
        for piece in (b"hello", b"a\x01\x01b", b"again"):
            self.send(process, piece)
            want = piece.replace(b"\x01\x01", b"\x01")
            self.assertEqual(process.stdout.read(len(want)), want)
        self.send(process, b"\x01x")
        out, _ = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 0)
        self.assertIn(b"QEMU: Terminated", out)

    def test_one_port_has_the_terminal(self):
        self.assertIn("cannot use stdio by multiple character devices",
                      self.refused("-M", "virt", "-display", "none", "-serial", "stdio", "-serial", "stdio"))


class Terminal(Case):
    """A terminal of our own: who gets Ctrl-C?"""

    def on_terminal(self, *words):
        ours, its = pty.openpty()
        self.addCleanup(os.close, ours)
        before = termios.tcgetattr(its)

        def take_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        process = self.start("-M", "virt", "-bios", "none", "-kernel",
                             self.kernel(Program().text("!").label("next").get("s0").put("s0").jal("x0", "next")), *words,
                             stdin=its, stdout=its, preexec_fn=take_terminal)
        self.addCleanup(os.close, its)
        self.wait_for(ours, b"!")
        return process, ours, lambda: self.assertEqual(termios.tcgetattr(its), before, "the terminal is given back")

    def wait_for(self, terminal, part):
        seen = b""
        while part not in seen:
            ready, _, _ = select.select([terminal], [], [], TIMEOUT)
            self.assertTrue(ready, f"only {seen}")
            seen += os.read(terminal, 1024)

    def test_shared_with_the_monitor_it_is_the_guests(self):
        for words in (("-nographic",), ("-display", "none", "-serial", "mon:stdio")):
            process, terminal, check_restored = self.on_terminal(*words)
            os.write(terminal, b"a\x03b")
            self.wait_for(terminal, b"a\x03b")
            os.write(terminal, b"\x01x")
            self.wait_for(terminal, b"QEMU: Terminated")
            self.assertEqual(process.wait(TIMEOUT), 0)
            check_restored()

    def test_plain_stdio_leaves_it_a_signal(self):
        process, terminal, check_restored = self.on_terminal("-display", "none", "-serial", "stdio", "-monitor", "none")
        os.write(terminal, b"a")
        self.wait_for(terminal, b"a")
        os.write(terminal, b"\x03")
        self.assertEqual(process.wait(TIMEOUT), 0)
        check_restored()


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

    def test_an_interrupt_that_stays_high_comes_once(self):
        """The PLIC does not look at a line again when an interrupt is completed: xv6 of 2022 never ends the UART's
        transmitter interrupt, and would do nothing else. What is new at the UART is heard of all the same."""
        plic = 0xC00_0000
        pending, claim = plic + 0x1000, plic + 0x20_0004
        program = Program().store(plic + 4 * 10, 1).store(plic + 0x2000, 1 << 10)
        program.li("s0", 0x1000_0000).li("s2", pending).li("s3", claim)
        program.li("t0", 2).sb("t0", "s0", 1)  # IER: transmitter empty, as it is
        program.lw("s4", "s2", 0).lw("s5", "s3", 0).sw("s5", "s3", 0).lw("s6", "s2", 0)
        program.lbu("t0", "s0", 5).lw("s7", "s2", 0)  # LSR tells nothing new
        program.li("t0", ord("!")).sb("t0", "s0", 0).lw("s8", "s2", 0)  # THR does
        program.lw("s9", "s3", 0).sb("x0", "s0", 1)
        for register in ("s4", "s5", "s6", "s7", "s8", "s9"):
            program.hex(register, 3)
        self.assertEqual(self.output_of(program.finish(PASS)), "!400 00a 000 000 400 00a ")

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


if __name__ == "__main__":
    main(__doc__)
