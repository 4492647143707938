# SPDX-License-Identifier: MIT
"""A program at a terminal."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time

TIMEOUT = 60
LFLAGS = termios.ICANON | termios.ECHO | termios.ISIG


class Terminal:
    """A pseudo-terminal with a program on it, as its session's leader. `keep`: hold the program's side open, as a
    shell would."""

    def __init__(self, *words, stderr=None, **options):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.text = ""
        self.process = subprocess.Popen(words, stdin=self.slave, stdout=self.slave, stderr=self.slave if stderr is None else stderr,
                                        preexec_fn=self._lead, **options)

    @staticmethod
    def _lead():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for fd in (self.master, self.slave):
            if fd is not None:
                os.close(fd)

    def type(self, keys):
        os.write(self.master, keys)

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.text += os.read(self.master, 65536).decode("utf-8", "replace")

    def wait_for(self, pattern):
        deadline = time.monotonic() + TIMEOUT
        while not re.search(pattern, self.text):
            if time.monotonic() > deadline:
                raise AssertionError(f"no /{pattern}/ in {self.text!r}")
            self.read(0.1)

    def end(self):
        """Waits for the end; the exit code, with all that was printed."""
        deadline = time.monotonic() + TIMEOUT
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"still running; it said {self.text!r}")
            self.read(0.05)
        while select.select([self.master], [], [], 0)[0]:
            self.read(0)
        return self.process.returncode

    def flags(self):
        return termios.tcgetattr(self.slave)[3] & LFLAGS

    def settings(self):
        return termios.tcgetattr(self.slave)
