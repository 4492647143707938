# SPDX-License-Identifier: MIT
"""A machine under test and its console: start it, wait for what it prints, type, see it end.

The machine is any command whose console is its standard input and output. Nothing here knows which emulator that
is. Escape sequences that shells send to terminals are removed before anything is compared. Next: linux_console.py.
"""

import os
import re
import selectors
import subprocess
import time

ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")

# What no healthy guest says. Waiting out the time limit after one of these would only hide it.
FATAL = re.compile(r"Kernel panic.*|Oops.*|BUG: .*|.*soft lockup.*|.*detected stalls? on.*|Unhandled exception:.*")


class ConsoleError(Exception):
    """The session cannot go on; the text says why."""


class Console:
    def __init__(self, command, timeout):
        self._command = command
        self._timeout = timeout
        self._raw = b""      # what came since the last match
        self._transcript = b""
        self._ended = False

    def __enter__(self):
        try:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             stderr=subprocess.STDOUT, bufsize=0)
        except OSError as error:
            raise ConsoleError(f"the emulator cannot be started: {error}") from error
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        return self

    def __exit__(self, *_):
        self._process.kill()  # only this one, and a no-op when it has ended
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._selector.close()

    @property
    def transcript(self):
        return _clean(self._transcript)

    def type(self, text):
        try:
            self._process.stdin.write(text.encode())
        except BrokenPipeError as error:
            raise ConsoleError(f"the machine ended before this could be typed: {text.strip()}") from error

    def wait_for(self, pattern, what):
        """Waits until `pattern` matches; returns the text before the match and the match. Both are used up."""
        deadline = time.monotonic() + self._timeout
        while True:
            text = _clean(self._raw)
            if fatal := FATAL.search(text):
                self._read_rest()
                raise ConsoleError(f"the guest failed while waiting for {what}: {fatal[0].strip()}")
            if match := re.search(pattern, text, re.MULTILINE):
                self._raw = text[match.end():].encode()
                return text[:match.start()], match
            if self._ended:
                raise ConsoleError(f"the machine ended (exit code {self._process.wait()}) before {what}")
            if not self._read(deadline):
                raise ConsoleError(f"{what}: not within {self._timeout:g} s")

    def exit_code(self):
        """Waits for the machine to end by itself."""
        deadline = time.monotonic() + self._timeout
        while not self._ended:
            if not self._read(deadline):
                raise ConsoleError(f"the machine still runs {self._timeout:g} s after it should have ended")
        return self._process.wait(timeout=self._timeout)

    def _read(self, deadline):
        """Takes what is there, waiting for it until the deadline; False when nothing came."""
        if not self._selector.select(max(0, deadline - time.monotonic())):
            return False
        piece = os.read(self._process.stdout.fileno(), 65536)
        self._ended = not piece
        self._raw += piece
        self._transcript += piece
        return True

    def _read_rest(self):
        """After a panic: the lines that follow are the ones that explain it."""
        deadline = time.monotonic() + 1
        while not self._ended and self._read(deadline):
            pass


def _clean(raw):
    return ESCAPE_SEQUENCE.sub("", raw.decode("utf-8", "replace")).replace("\r", "")
