# SPDX-License-Identifier: MIT
"""What can go wrong, in three kinds, and how the harness speaks (progress on stderr, results on stdout)."""

import sys


class Missing(Exception):
    """The reader's to mend: a compiler, an emulator, the guest. Says what to do."""

    exit_code = 112


class Usage(Missing):
    """Words that mean nothing."""

    exit_code = 2


class Broken(Exception):
    """One measurement that did not work: a guest that hangs, a wrong checksum. The others go on; exit code 1."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
