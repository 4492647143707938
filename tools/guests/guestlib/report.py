# SPDX-License-Identifier: MIT
"""How the guest scripts speak: progress on stderr, results on stdout, and two kinds of failure.

`Missing` is the reader's to mend (a host tool, the network): it says what is missing and what to do, exit code 112.
`Failed` is everything that should not happen (a bad signature, a package of another shape): exit code 1.
Next: cache.py.
"""

import os
import shutil
import subprocess
import sys

EXIT_MISSING = 112

# Folders of administration tools that an ordinary user's PATH leaves out, though the tools need no rights.
TOOL_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


class Failed(Exception):
    exit_code = 1


class Missing(Failed):
    exit_code = EXIT_MISSING


def say(text):
    print(f"guests: {text}", file=sys.stderr, flush=True)


def tool(name, package):
    """The full path of a host tool; when it is not installed, names Debian's package that has it."""
    path = shutil.which(name) or shutil.which(name, path=TOOL_PATH)
    if path is None:
        raise Missing(f"the host tool '{name}' is not installed; it is in Debian's package {package} "
                      f"(apt-get install {package})")
    return path


def as_root(command):
    """The command, under fakeroot(1) for a user who is not root: owners that it sees and sets are root's."""
    return [*command] if os.geteuid() == 0 else [tool("fakeroot", "fakeroot"), "--", *command]


def run(command, **options):
    """Runs a command to its end and returns its stdout; on failure shows what the command itself said."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(str(word) for word in command[:4])} ... ended with {done.returncode}:\n"
                     f"{(done.stdout + done.stderr).strip()}")
    return done.stdout
