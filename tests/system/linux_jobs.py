# SPDX-License-Identifier: MIT
"""What linux_console.py lets a guest compute, and the answers, computed here in another way.

A job is worth its time when it would go wrong with a part of the machine: integer and floating-point arithmetic,
processes and signals, the timer, the disk. Answers are numbers or digests, so that nothing depends on formatting.
"""

import dataclasses
import hashlib
import random
import re

MASK = (1 << 64) - 1


@dataclasses.dataclass(frozen=True)
class Job:
    name: str
    command: str
    expected: str          # the output, or with is_pattern a regular expression for all of it
    is_pattern: bool = False
    status: int = 0
    keys: str = ""         # typed after the command has printed the line "started"
    files: dict = dataclasses.field(default_factory=dict)

    def accepts(self, output):
        return bool(re.fullmatch(self.expected, output)) if self.is_pattern else output == self.expected


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def numbers(last):
    """What seq 1 `last` prints, as a list of lines."""
    return [f"{i}\n" for i in range(1, last + 1)]


def congruential(steps, seed):
    """x := 6364136223846793005 x + 1442695040888963407 (mod 2^64), and the upper bits mixed in."""
    x = seed
    for _ in range(steps):
        x = (x * 6364136223846793005 + 1442695040888963407) & MASK
        x ^= x >> 33
    return x


def harmonic(last):
    """The sum of 1/i, added in order: every step is one IEEE 754 division and addition, so the result is exact."""
    total = 0.0
    for i in range(1, last + 1):
        total += 1.0 / i
    return f"{total:.15f}"


def machine_jobs(harts):
    return [
        Job("uname", "uname -sm", "Linux riscv64"),
        Job("the harts of /proc/cpuinfo", "grep -c ^processor /proc/cpuinfo", str(harts)),
        Job("the instruction set of /proc/cpuinfo", "grep ^isa /proc/cpuinfo | sort -u", r"isa\s*: rv64ima\S*", True),
        Job("sha256sum of generated data", "seq 1 5000 | sha256sum | cut -c 1-64", sha256("".join(numbers(5000)))),
    ]


def process_jobs():
    return [
        Job("processes and their exit statuses",
            "i=0; s=0; while [ $i -lt 40 ]; do sh -c \"exit $i\"; s=$((s + $?)); i=$((i + 1)); done; echo $s",
            str(sum(range(40)))),
        # "started" comes from the job itself: bash that is interrupted while it hands over the terminal loses it.
        # Linux echoes ^C after it has sent the signal. By then the shell may have switched echo off for its own prompt;
        # so the echo is looked at in a program that does not end.
        Job("^C interrupts", "sh -c 'echo started; exec sleep 1000'", r"(\^C)?", True, status=130, keys="\x03"),
        Job("^C is echoed", "sh -c 'trap \"\" INT; echo started; read x; echo got $x'", "^Cabc\ngot abc",
            keys="\x03abc\n"),
        Job("a signal ends a background job", "sh -c 'sleep 1000 & kill $!; wait $!' 2> /dev/null", "", status=143),
        Job("sleep takes its time", "a=$(date +%s); sleep 2; b=$(date +%s); echo $((b - a))", "[23]", True),
    ]


def shell_jobs(harts):
    ordered = "".join(sorted(numbers(3000)))
    loop = ("i=0; x=1; while [ $i -lt 2000 ]; do x=$(((x * 1103515245 + 12345) & 2147483647)); i=$((i + 1)); done; "
            "echo $x")
    x = 1
    for _ in range(2000):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    return machine_jobs(harts) + [
        Job("arithmetic in a shell loop", loop, str(x)),
        Job("floating point in awk", "awk 'BEGIN { for (i = 1; i <= 5000; i++) s += 1 / i; printf \"%.15f\\n\", s }'",
            harmonic(5000)),
        Job("sort, gzip and sha512sum", "seq 1 3000 | sort | gzip | gunzip | sha512sum | cut -c 1-128",
            hashlib.sha512(ordered.encode()).hexdigest()),
    ] + process_jobs()


C_SOURCE = r"""
#include <stdint.h>
#include <stdio.h>
int main(void) {
  uint64_t x = 42;
  double sum = 0;
  for (int i = 0; i < 300000; i++) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    x ^= x >> 33;
  }
  for (int i = 1; i <= 100000; i++) sum += 1.0 / i;
  printf("%016llx %.15f\n", (unsigned long long)x, sum);
  return 7;
}
"""

PYTHON_SOURCE = """
import hashlib, random
r = random.Random(2024)
text = " ".join(repr(x) for x in sorted(r.random() for _ in range(3000)))
print(hashlib.sha256(text.encode()).hexdigest(), pow(3, 10**40 + 7, 2**127 - 1))
"""

MAKEFILE = "sum: a b\n\tcat a b > sum\na:\n\techo one > a\nb: a\n\techo two > b\n"

SQL = ("create table t(a integer primary key, b text); "
       "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) "
       "insert into t select i, printf('%05d', i * 7919 % 5003) from n; create index tb on t(b); "
       "select sum(a * b), min(b), max(b), count(distinct b) from t; pragma integrity_check;")


def python_answer():
    source = random.Random(2024)
    text = " ".join(repr(x) for x in sorted(source.random() for _ in range(3000)))
    return f"{sha256(text)} {pow(3, 10**40 + 7, 2**127 - 1)}"


def sql_answer():
    rows = [(i, i * 7919 % 5003) for i in range(1, 5001)]
    b = [row[1] for row in rows]
    return f"{sum(x * y for x, y in rows)}|{min(b):05d}|{max(b):05d}|{len(set(b))}\nok"


def disk_jobs(harts):
    ordered = sha256("".join(sorted(numbers(50000))))
    lines = sha256("".join(numbers(400000)))
    c_answer = f"{congruential(300000, 42):016x} {harmonic(100000)}"
    return machine_jobs(harts) + [
        Job("the root is the disk", "awk '$2 == \"/\" { print $3 }' /proc/mounts", "ext4"),
        Job("sort, gzip and sha256sum", "seq 1 50000 | LC_ALL=C sort | gzip | gunzip | sha256sum | cut -c 1-64",
            ordered),
        Job("Python", "python3 job.py", python_answer(), files={"job.py": PYTHON_SOURCE}),
        Job("gcc -O2", "gcc -O2 -o job job.c && ./job", c_answer, status=7, files={"job.c": C_SOURCE}),
        Job("gcc -O0 says the same", "gcc -O0 -o job job.c && ./job", c_answer, status=7),
        Job("make", "make -s && make && cat sum", "make: 'sum' is up to date.\none\ntwo", files={"Makefile": MAKEFILE}),
        Job("SQLite, with its file on the disk", "sqlite3 job.db < job.sql", sql_answer(), files={"job.sql": SQL}),
        Job("what was written to the disk is read back",
            "seq 1 400000 > big && sync && echo 3 > /proc/sys/vm/drop_caches && sha256sum big | cut -c 1-64", lines),
    ] + process_jobs()
