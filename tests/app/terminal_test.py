#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A user at a terminal: `vitrine run` behind a pseudo-terminal. However it ends, the terminal is as it was before.

  terminal_test.py build/vitrine

The terminal's settings are read from its other end, so they are what a shell would find.
"""

import os
import signal
import subprocess
import sys
import time
import unittest

from pseudo_terminal import TIMEOUT, Terminal

VITRINE = sys.argv.pop(1) if len(sys.argv) > 1 else "build/vitrine"


class TerminalTest(unittest.TestCase):
    def start(self, *words, **options):
        terminal = Terminal(VITRINE, "run", *words, **options)
        self.addCleanup(terminal.__exit__)
        return terminal

    def at_prompt(self, *words, **options):
        terminal = self.start(*words, **options)
        terminal.wait_for(r"teach\$ $")
        self.assertEqual(terminal.flags(), 0, "the terminal is raw while the guest runs")
        return terminal

    def restored(self, terminal):
        self.assertEqual(terminal.settings(), terminal.before)

    def test_GuestPowersOff_Restored(self):
        terminal = self.at_prompt()
        terminal.type(b"halt\n")
        self.assertEqual(terminal.end(), 0)
        self.restored(terminal)

    # What is typed reaches the second machine of lockstep at the very step, and so does a clock that the host moves.
    def test_Lockstep_TypedInput_NoDifference(self):
        probe = subprocess.run([VITRINE, "run", "--engine", "translator", "--max-instructions", "1"], capture_output=True,
                               stdin=subprocess.DEVNULL, check=False)
        if b"host code for x86-64" in probe.stderr:
            self.skipTest("this build has no translator")
        for words in (("--engine", "lockstep"), ("--engine", "lockstep-cached", "--clock", "real")):
            with self.subTest(words=words):
                terminal = self.at_prompt(*words)
                terminal.type(b"echo typed words\n")
                terminal.wait_for(r"\ntyped words")
                terminal.type(b"halt\n")
                self.assertEqual(terminal.end(), 0)
                self.restored(terminal)

    def test_Banner_TellsTheKeys(self):
        terminal = self.at_prompt()
        self.assertRegex(terminal.text, r"Ctrl-A x +quit")
        self.assertRegex(terminal.text, r"Ctrl-A h")
        self.assertLess(terminal.text.index("Ctrl-A x"), terminal.text.index("teach"), "before the guest speaks")

    def test_Summary_IsOneLineWithNumbersAndWhatToTypeNext(self):
        terminal = self.at_prompt()
        terminal.type(b"halt\n")
        terminal.end()
        self.assertRegex(terminal.text, r"\r\nvitrine: The guest ended with success\. [\d,]+ instructions, [\d,]+ exits \([\d,]+ hidden faults\), [\d,]+ guest traps; [\d.]+ s guest time, [\d.]+ s host time, "
                                        r"\d+ million a second\. Next: \S*vitrine run linux; every exit and guest trap: --stats\r\n$")

    def test_CtrlA_x_Quits(self):
        terminal = self.at_prompt()
        terminal.type(b"\x01x")
        self.assertEqual(terminal.end(), 0)
        self.restored(terminal)

    def test_CtrlA_x_WhileTheGuestComputes_Quits(self):
        terminal = self.at_prompt()
        terminal.type(b"spin 1000\n")
        terminal.wait_for(r"spin 1000\r+\n")
        terminal.type(b"\x01x")
        self.assertEqual(terminal.end(), 0)
        self.restored(terminal)

    def test_CtrlA_h_HelpsAndTheGuestGoesOn(self):
        terminal = self.at_prompt()
        terminal.type(b"\x01h")
        terminal.wait_for(r"the keys:")
        terminal.type(b"hello\n")
        terminal.wait_for(r"Hello from user mode")

    def test_CtrlA_c_SaysThatTheDebuggerComesLater(self):
        terminal = self.at_prompt()
        terminal.type(b"\x01c")
        terminal.wait_for(r"debugger's prompt comes with a later version")

    def test_CtrlC_IsTheGuests(self):
        terminal = self.at_prompt()
        terminal.type(b"\x03")
        terminal.type(b"hello\n")
        terminal.wait_for(r"Hello from user mode")

    def test_CtrlA_CtrlA_SendsOne(self):
        # The shell of the guest takes 0x01 for "to the beginning of the line", or ignores it: either way it goes on.
        terminal = self.at_prompt()
        terminal.type(b"\x01\x01hello\n")
        terminal.wait_for(r"Hello from user mode")

    def test_Signals_RestoredAndShellsExitCode(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number.name):
                terminal = self.at_prompt()
                terminal.process.send_signal(number)
                self.assertEqual(terminal.end(), 128 + number)
                self.restored(terminal)

    def test_DeadlySignals_Restored(self):
        for number in (signal.SIGQUIT, signal.SIGALRM, signal.SIGUSR1):
            with self.subTest(number.name):
                terminal = self.at_prompt()
                terminal.process.send_signal(number)
                self.assertEqual(terminal.end(), -number)
                self.restored(terminal)

    def test_Abort_RestoredWithReportAndExitCode120(self):
        self.dies_of_a_bug(signal.SIGABRT)

    def test_HostFaults_RestoredWithReportAndExitCode120(self):
        if "VITRINE_SANITIZE" in os.environ:
            self.skipTest("the sanitizers of this build report host faults themselves")
        for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE):
            with self.subTest(number.name):
                self.dies_of_a_bug(number)

    def dies_of_a_bug(self, number):
        terminal = self.at_prompt("--seed", "77")
        terminal.process.send_signal(number)
        self.assertEqual(terminal.end(), 120)
        self.restored(terminal)
        self.assertRegex(terminal.text, r"a bug of ours")
        self.assertRegex(terminal.text, r"at step \d+")
        self.assertRegex(terminal.text, r"again: \S*vitrine run --seed 77")
        self.assertRegex(terminal.text, r"seed=77")

    def test_StopAndContinue_TheShellHasItsTerminalMeanwhile(self):
        terminal = self.at_prompt()
        terminal.process.send_signal(signal.SIGTSTP)
        self.wait_until(lambda: terminal.settings() == terminal.before, "restored while stopped")
        terminal.process.send_signal(signal.SIGCONT)
        self.wait_until(lambda: terminal.flags() == 0, "raw again")
        terminal.type(b"halt\n")
        self.assertEqual(terminal.end(), 0)
        self.restored(terminal)

    def test_TerminalGoesAway_EndsByItself(self):
        terminal = self.at_prompt(stderr=subprocess.DEVNULL)
        os.close(terminal.slave)
        os.close(terminal.master)
        terminal.master = terminal.slave = None
        self.assertEqual(terminal.process.wait(TIMEOUT), 128 + signal.SIGHUP)

    def test_NoTerminal_NoBannerAndNoSummary(self):
        done = subprocess.run([VITRINE, "run"], input=b"halt\n", capture_output=True, timeout=TIMEOUT, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, b"")

    def wait_until(self, condition, what):
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main(verbosity=2)
