#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A person at the prompt of `vitrine debug`, behind a pseudo-terminal: keys of the line editor, Ctrl-C, what is remembered.

  debug_terminal_test.py build/vitrine

Judge: what the verbs then do, and the terminal's settings as its other end reads them.
"""
import fcntl
import os
import pathlib
import re
import signal
import stat
import struct
import subprocess
import sys
import termios
import time
import unittest

from in_folder import InFolder
from pseudo_terminal import TIMEOUT, Terminal

VITRINE = os.path.abspath(sys.argv.pop(1))
UP, TAB, CTRL_A, CTRL_C, CTRL_D = b"\x1b[A", b"\t", b"\x01", b"\x03", b"\x04"
TEACH = pathlib.Path(__file__).resolve().parents[2] / "examples/teach/teach.elf"


class Prompt(InFolder):
    def setUp(self):
        super().setUp()
        self.state = self.folder / "state"
        self.lines = self.state / "vitrine/debug.lines"
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.state), "TERM": "xterm", "VITRINE_KEEP": "0"}
        self.kept = self.folder / "kept.run"
        done = subprocess.run([VITRINE, "run", TEACH, "--keep", self.kept, "--max-instructions", "300000"], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
        self.assertTrue(self.kept.exists(), done.stderr)

    def start(self, *words):
        terminal = Terminal(VITRINE, "debug", *words, env=self.environment, cwd=self.folder)
        self.addCleanup(terminal.__exit__)
        terminal.wait_for(r"@\d+ hart .* > $")
        self.terminal = terminal
        return terminal

    def do(self, keys, pattern=r"@\d+ hart .* > $"):
        """What is said from these keys until the pattern, without the terminal's own sequences."""
        self.terminal.text = ""
        self.terminal.type(keys)
        self.terminal.wait_for(pattern)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.terminal.text)

    def end(self):
        self.terminal.type(CTRL_D)
        self.assertEqual(self.terminal.end(), 0, self.terminal.text)
        self.assertEqual(self.terminal.settings(), self.terminal.before)

    def test_Tab_CompletesByWhatTheVerbWants(self):
        self.start(self.kept)
        self.assertIn("break at 0x80200024 (trap_entry)", self.do(b"bre" + TAB + b"trap_en" + TAB + b"\n"))
        self.assertIn("catch guest trap guest-interrupt", self.do(b"cat" + TAB + b"guest-i" + TAB + b"\n"))
        self.assertRegex(self.do(b"csr msc" + TAB + b"\n"), r"mscratch +0x")
        self.assertIn("break at 0x0", self.do(b"break $sscr" + TAB + b"\n"))
        self.assertRegex(self.do(b"dev" + TAB + b"uart" + TAB + b"\n"), r"uart0 +0x10000000")
        (self.folder / "one word").mkdir()
        (self.folder / "onefile.x").write_text("")
        self.assertIn("@300000 ", self.do(b"goto en" + TAB + b"\n"))
        self.assertIn("/onefile.x'", self.do(b"snapshot on" + TAB + b"\n"))
        self.end()

    def test_Tab_ShowsWhatThereIs(self):
        self.start(self.kept)
        self.assertRegex(self.do(b"break trap_" + TAB, r"trap_return"), r"trap_entry +trap_init")
        self.assertRegex(self.do(CTRL_C + b"catch zz" + TAB, "\a"), "zz")
        self.do(CTRL_C)
        self.end()

    def test_ArrowUp_BringsLinesBack_AlsoOfSessionsBefore(self):
        self.start(self.kept)
        self.do(b"step 7\n")
        self.assertIn("@14 ", self.do(UP + b"\n"))
        self.do(b"info\n")
        self.end()
        self.assertEqual(self.lines.read_text().splitlines(), ["step 7", "info"])
        self.assertEqual(stat.S_IMODE(self.lines.stat().st_mode), 0o600)
        self.start(self.kept)
        self.assertIn("@7 ", self.do(UP + UP + b"\n"))
        self.end()

    def test_Lines_AreBounded_AndForeignOnesDoNoHarm(self):
        self.lines.parent.mkdir(parents=True)
        self.lines.write_bytes(b"\x1b[31mred\n\xff\xfe\n" + b"".join(b"step %d\n" % i for i in range(1, 3000)) + b"x" * 5000)
        self.start(self.kept)
        self.assertIn("@2999 ", self.do(UP + b"\n"))
        self.do(b"info\n")
        self.end()
        lines = self.lines.read_text().splitlines()
        self.assertEqual((len(lines), lines[-2:]), (1000, ["step 2999", "info"]))

    def test_CtrlC_GivesTheLineUp(self):
        self.start(self.kept)
        self.do(b"step 5" + CTRL_C)
        self.assertIn("@1 ", self.do(b"step\n"))
        self.end()

    def test_CtrlC_DuringMotion_ComesBackToThePrompt(self):
        self.start("teach")
        self.do(b"until trap\n")
        for _ in range(2):  # it waits for input; then it computes
            said = self.go_on_and_interrupt()
            self.assertIn("Interrupted.", said)
            self.do(b"send spin 1000\n")
        step = int(re.search(r"@(\d+) hart", self.do(b"info\n")).group(1))
        self.assertEqual(int(re.findall(r"@(\d+) hart", self.do(b"step\n"))[-1]), step + 1)
        self.do(b"back 1000\n")
        self.end()

    def go_on_and_interrupt(self):
        """Long enough after `continue` that the shell asks for a command, or that it is being obeyed."""
        self.terminal.text = ""
        self.terminal.type(b"continue\n")
        time.sleep(0.5)
        return self.do(CTRL_C)

    def test_CtrlD_Ends_AndSoDoesQuit(self):
        self.start(self.kept)
        self.end()
        self.start(self.kept)
        self.terminal.type(b"quit\n")
        self.assertEqual(self.terminal.end(), 0)

    def test_WrongVerb_TheNextOneIsAsked(self):
        self.start(self.kept)
        self.assertIn("did you mean break?", self.do(b"brek\n"))
        self.assertIn("@3 ", self.do(b"step 3\n"))
        self.end()

    def test_EmptyLine_MovesOnceMore(self):
        self.start(self.kept)
        self.do(b"step 3\n")
        self.assertIn("@6 ", self.do(b"\n"))
        self.assertIn("@6 ", self.do(CTRL_C))
        self.assertIn("@9 ", self.do(b"\n"))
        self.do(b"regs a0\n")
        self.assertIn("@9 ", self.do(b"\n"))
        self.end()

    def test_WindowResized_TheLineStays(self):
        self.start(self.kept)
        self.do(b"step 1", "1$")
        for rows, columns in ((10, 20), (50, 200), (1, 1), (24, 80)):
            fcntl.ioctl(self.terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            time.sleep(0.05)
        self.assertRegex(self.do(b"2\n", r"@12 hart .* > $"), "@12 ")
        self.end()

    def test_StoppedAndContinued_EditsAgain(self):
        self.start(self.kept)
        edits = self.terminal.flags()
        self.assertFalse(edits & termios.ICANON)
        self.terminal.process.send_signal(signal.SIGSTOP)
        termios.tcsetattr(self.terminal.slave, termios.TCSANOW, self.terminal.before)  # as a shell does
        self.terminal.process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + TIMEOUT
        while self.terminal.flags() != edits:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertIn("@2 ", self.do(b"step 2\n", r"@2 hart .* > $"))
        self.end()

    def test_Terminated_TheTerminalIsGivenBack(self):
        self.start(self.kept)
        self.terminal.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.terminal.end(), -signal.SIGTERM)
        self.assertEqual(self.terminal.settings(), self.terminal.before)


if __name__ == "__main__":
    unittest.main()
