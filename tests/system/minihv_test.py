#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mini hypervisor and its guest kernel (examples/minihv).

  minihv_test.py SCENARIO VITRINE [ENGINE]...

Each scenario runs the committed images on each engine; `qemu` runs them on QEMU with OpenSBI. What is expected comes
from the guest's source (how often which instruction is executed, counted by reading it), from its boot arguments, from
the privileged specification and from objdump, never from a run. Exit code: 0 passed, 1 failed, 77 skipped (said why).
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MINIHV = os.path.join(ROOT, "examples", "minihv")
HYPERVISOR, GUEST = os.path.join(MINIHV, "minihv.elf"), os.path.join(MINIHV, "guest.elf")
PARAMETERS = [(0, 0, 0), (1, 0, 1), (4, 10, 10), (137, 251, 43)]  # pages, calls, rounds

# tests.c, line by line: causes are those of scause (priv 4.1.8).
TESTS = {
    "bare-load-outside": 5, "bare-store-outside": 7, "bare-fetch-outside": 1,
    "scan-sum": 14 + 5 + 14 + 8 + 3,                              # code.S, by hand
    "read-only-load": 0, "read-only-store": 15, "read-only-fetch": 12, "write-without-read": 13, "invalid": 13,
    "reserved-bit": 13, "execute-only-load": 13, "execute-only-load-mxr": 0, "execute-only-load-again": 13,
    "user-page-load": 13, "user-page-load-sum": 0, "user-page-store-sum": 0, "user-page-fetch-sum": 12,
    "user-page-load-again": 13, "not-canonical": 13, "not-mapped": 13,
    "fresh-load": 0, "fresh-load-sets": 1 << 6, "fresh-store": 0, "fresh-store-sets": 1 << 6 | 1 << 7,
    "before-change": 11, "after-change": 22, "superpage-same": 1, "superpage-misaligned": 13,
    "table-outside": 5, "page-outside": 5, "page-store-outside": 7,
    "read-own-code": 0x10002373, "read-other-code": 0x00100513,   # csrr t1, sstatus; li a0, 1
    "code-before": 1, "code-written": 33, "code-writes-itself": 44, "code-swapped": 42,
    "timer-while-off": 0, "timer-when-on": 1, "sip-software": 2, "satp-bad-mode-kept": 1, "sepc-bit-0": 0, "spp": 1,
    "machine-csr": 2, "mret": 2, "ebreak": 3,
    "user-load-kernel": 13, "user-store-kernel": 15, "user-fetch-kernel": 12, "user-csr-read": 2, "user-csr-write": 2,
    "user-sret": 2, "user-fence": 2, "user-store-text": 15, "user-ebreak": 3, "user-load-last-gib": 13,
    "user-fetch-last-gib": 12, "user-not-canonical": 13, "user-not-mapped": 13, "user-time": 0, "user-cycle": 2,
    "user-wrote": 7, "user-interrupted": 1,
}
# With outside=A, under the hypervisor only: the machine itself may well have memory there.
BEYOND = {"bare-load-beyond": 5, "bare-store-beyond": 7, "bare-fetch-beyond": 1}
PAGE_BEYOND = {"page-beyond": 5, "page-store-beyond": 7}
# Where QEMU 7.2 differs from the specification: a page-table entry that cannot be read is a page fault there
# (priv 4.3.2, step 2: an access fault), and sepc keeps bit 0 (priv 4.1.7: always zero).
QEMU_DIFFERS = {"table-outside": 13, "sepc-bit-0": 1}
BIOS = ["-M", "virt", "-m", "64M", "-nographic"]


class Failed(Exception):
    pass


def skip(why):
    print("SKIPPED:", why)
    sys.exit(77)


def expect(what, found, wanted):
    if found != wanted:
        raise Failed(f"{what}: {found!r}, expected {wanted!r}")


def parse(text):
    """The lines "key: value", from the guest's first line on (firmware talks before that). Keys come once but for
    hv.patched-at, whose values are collected."""
    values, patched, seen = {}, [], False
    for line in text.replace("\r", "").splitlines():
        seen = seen or line == "guest: a kernel with one process"
        match = re.fullmatch(r"(guest|test|hv)\.([\w.-]+): (\w+)", line)
        if not seen or not match:
            continue
        key = f"{match[1]}.{match[2]}"
        if key == "hv.patched-at":
            patched.append(int(match[3], 16))
        elif key in values:
            raise Failed(f"{key} appears twice")
        else:
            values[key] = int(match[3])
    if not seen:
        raise Failed(f"the guest said nothing:\n{text[-2000:]}")
    return values, patched


def run(command, exit_code=0):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120, check=False)
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != exit_code:
        raise Failed(f"{' '.join(command)}: exit code {done.returncode}\n{text[-2000:]}")
    return text


class Machine:
    """Where the images run: Vitrine with one engine, or QEMU."""

    def __init__(self, vitrine, engine):
        self.name = engine or "QEMU"
        self._start = [vitrine, "run", "--engine", engine, "--memory", "64M"] if engine else ["qemu-system-riscv64", *BIOS]
        self._dash = "--" if engine else "-"

    def run(self, kernel, arguments, disk=None, options=()):
        command = self._start + [*options, f"{self._dash}kernel", kernel, f"{self._dash}append", arguments]
        return parse(run(command + ([f"{self._dash}initrd", disk] if disk else [])))

    def direct(self, arguments):
        values, _ = self.run(GUEST, arguments)
        expect("counters of a hypervisor without one", [key for key in values if key.startswith("hv.")], [])
        return values

    def hypervised(self, arguments, *options):
        values, patched = self.run(HYPERVISOR, arguments, GUEST, options)
        check_sums(values)
        return values, patched


def of_guest(values):
    return {key: value for key, value in values.items() if not key.startswith("hv.")}


def part(values, prefix):
    return {key[len(prefix):]: value for key, value in values.items() if key.startswith(prefix)}


# The kinds by cause, as LECTURE's four causes have them (hypervisor.h has the same table for the program).
ADDRESS = ["outside-ram", "patched-code"]
FAULT = ["hidden-fault", "guest-page-fault", "other-fault"]
INTERRUPT = ["timer"]


def check_sums(values):
    kinds, causes = part(values, "hv.exit."), part(values, "hv.exits.")
    expect("sum of the kinds", sum(kinds.values()), values["hv.exits"])
    expect("exits by address", causes["address"], sum(kinds[k] for k in ADDRESS))
    expect("exits by fault", causes["fault"], sum(kinds[k] for k in FAULT))
    expect("exits by interrupt", causes["interrupt"], sum(kinds[k] for k in INTERRUPT))
    expect("sum of the causes", sum(causes.values()), values["hv.exits"])
    expect("sum of the guest traps", sum(part(values, "hv.guest-trap.").values()), values["hv.guest-traps"])


def arguments_of(pages, calls, rounds):
    return f"pages={pages} calls={calls} rounds={rounds}"


def output_of(pages, calls, rounds, counter=None):
    """What user.S and kernel.c compute: the numbers in the pages, the arguments of the calls, two increments a round."""
    return {
        "guest.user-sum": calls * (calls + 1) // 2, "guest.user-exit": pages * (pages - 1) // 2,
        "guest.counter-should-be": 2 * rounds, "guest.counter": 2 * rounds if counter is None else counter,
        "guest.trap.ecall": calls + 1, "guest.trap.page-fault": pages, "guest.trap.timer": rounds,
    }


def traps_of(pages, calls, rounds):
    return {key: value for key, value in {"interrupt": rounds, "cause-8": calls + 1, "cause-15": pages}.items()
            if value or key == "interrupt"}


def characters(output):
    return len("guest: a kernel with one process\n") + sum(len(f"{key}: {value}\n") for key, value in output.items())


def exits_of(pages, calls, rounds):
    """Trap-and-emulate. CSR accesses, from the lines marked "csr" in entry.S and kernel.c: trap_entry 4 (from the kernel
    one more), trap() 1 (for a fault one more: stval), leave_trap 2 (to the process one more); two in a round of the
    critical section; stvec, sscratch, sie, scounteren and satp at the start."""
    call, last_call, fault, timer = 4 + 1 + 3, 4 + 1 + 2, 4 + 2 + 3, 5 + 1 + 2
    output = output_of(pages, calls, rounds)
    return {
        "csr": 5 + 3 + call * calls + last_call + fault * pages + (timer + 2) * rounds,
        "sret": 1 + calls + 1 + pages + rounds,       # the first entry into the process, and each trap
        "sfence.vma": 1 + pages,                      # the first address space, and each page
        "ecall-vu": calls + 1, "guest-page-fault": pages, "timer": rounds,
        "sbi-timer": 2 * rounds,                      # set in the section, withdrawn in the handler
        "sbi-console": characters(output),
        "sbi-other": 2,                               # is there a console; power off
        "hypercall": 0, "csr-patched": 0, "unread-code": 0, "wfi": 0, "illegal": 0, "breakpoint": 0, "outside-ram": 0,
        "patched-code": 0, "other-fault": 0,
    }


def exits_of_paravirtual(pages, calls, rounds):
    """No CSR in a trap; one hypercall returns from it; another maps a page; a third lets in what was masked."""
    exits = exits_of(pages, calls, rounds)
    exits["csr"] = 5
    exits["sret"] = 0
    exits["sfence.vma"] = 1
    exits["hypercall"] = 1 + 1 + (calls + 1) + 2 * pages + 2 * rounds
    exits["sbi-other"] = 3
    return exits


def check_exits(values, exits):
    found = part(values, "hv.exit.")
    expect("kinds of exits", sorted(found), sorted([*exits, "hidden-fault"]))
    for kind, count in exits.items():
        expect(f"exits of kind {kind}", found[kind], count)


def scenario_counts(machine):
    """Direct and under the hypervisor: the same output; exits and guest traps as the formulas say."""
    for p in PARAMETERS:
        expect(f"direct {p}", machine.direct(arguments_of(*p)), output_of(*p))
        for mode, exits in (("", exits_of), ("pv", exits_of_paravirtual)):
            values, _ = machine.hypervised(f"{arguments_of(*p)} {mode}")
            expect(f"hypervisor {mode} {p}", of_guest(values), output_of(*p))
            expect("guest traps", part(values, "hv.guest-trap."), traps_of(*p))
            if machine.name == "QEMU" and mode == "pv":
                allow_late_timers(values, exits(*p)["hypercall"], rounds=p[2])
            check_exits(values, exits(*p))
    expect("pv without a hypervisor", machine.direct("pages=3 calls=4 rounds=5 pv"), output_of(3, 4, 5))


def allow_late_timers(values, calls, rounds):
    """Elsewhere time passes by the host's clock: a timer interrupt may come late, when nothing is masked any more, and
    then nobody polls."""
    late = calls - values["hv.exit.hypercall"]
    if 0 <= late <= rounds:
        values["hv.exit.hypercall"] = calls


def scenario_silent(machine):
    """Writes to SIE do nothing and do not trap (as x86's popf): the section is interrupted, each round loses one
    increment. Scan and patch repairs it, and so does a guest that does not use the instruction."""
    p = (3, 5, 29)
    lost, _ = machine.hypervised(f"{arguments_of(*p)} hv.silent")
    expect("silent", of_guest(lost), output_of(*p, counter=29))
    exits = exits_of(*p)
    exits["csr"] -= 2 * 29
    exits["sbi-console"] = characters(output_of(*p, counter=29))
    check_exits(lost, exits)
    for repair in ("hv.patch", "pv"):
        values, _ = machine.hypervised(f"{arguments_of(*p)} hv.silent {repair}")
        expect(f"silent and {repair}", of_guest(values), output_of(*p))


def scenario_break(machine):
    """The machine itself is one on which U mode's writes to SIE are silent (--break sie-silent): what hv.silent only plays.
    The hypervisor never hears of them, in its first mode; its second mode repairs what it can see. The guest without a
    hypervisor is in S mode, and right."""
    p, broken = (3, 5, 29), ("--break", "sie-silent")
    lost, _ = machine.hypervised(arguments_of(*p), *broken)
    expect("broken", of_guest(lost), output_of(*p, counter=29))
    exits = exits_of(*p)
    exits["csr"] -= 2 * 29
    exits["sbi-console"] = characters(output_of(*p, counter=29))
    check_exits(lost, exits)
    for repair in ("hv.patch", "pv"):
        values, _ = machine.hypervised(f"{arguments_of(*p)} {repair}", *broken)
        expect(f"broken, and {repair}", of_guest(values), output_of(*p))
    values, _ = machine.run(GUEST, arguments_of(*p), options=broken)
    expect("broken, without a hypervisor", values, output_of(*p))


def csr_instructions():
    """Addresses of the instructions that name a supervisor CSR, and the symbols, as binutils see them."""
    tool = "riscv64-unknown-elf-objdump"
    if not shutil.which(tool):
        skip(f"there is no {tool} on this machine")
    names = "sstatus|sie|stvec|scounteren|sscratch|sepc|scause|stval|sip|satp"
    listing = run([tool, "-d", "-M", "no-aliases", GUEST])
    found = {int(m[1], 16) for m in re.finditer(rf"^\s*([0-9a-f]+):\s.*\scsrr[wsc]i?\s+\w+,(?:{names}),", listing, re.M)}
    symbols = {m[2]: int(m[1], 16) for m in re.finditer(r"^([0-9a-f]+) .* (\w+)$", run([tool, "-t", GUEST]), re.M)}
    return found, symbols


def scenario_patch(machine):
    """The same results with patched code, and nothing patched but what objdump, too, calls a CSR instruction."""
    real, symbols = csr_instructions()
    for p in PARAMETERS:
        values, patched = machine.hypervised(f"{arguments_of(*p)} hv.patch hv.list")
        expect(f"patched {p}", of_guest(values), output_of(*p))
        expect("guest traps", part(values, "hv.guest-trap."), traps_of(*p))
        exits, found = exits_of(*p), part(values, "hv.exit.")
        expect("all CSR instructions by patch", (found["csr"], found["csr-patched"]), (0, exits["csr"]))
        for kind in ("sret", "sfence.vma", "ecall-vu", "guest-page-fault", "timer", "sbi-timer", "breakpoint"):
            expect(f"exits of kind {kind}", found[kind], exits[kind])
        expect("patched, but no CSR instruction", sorted(set(patched) - real), [])
        if p == PARAMETERS[-1]:  # everything but the tests has run; of a trap, all paths
            inside = {at for at in real if symbols["trap_entry"] <= at < symbols["paravirtual_entry"]}
            expect("of trap_entry and leave_trap", sorted(inside - set(patched)), [])
    values, patched = machine.hypervised("tests hv.patch hv.list")
    check_tests(values, TESTS)
    scanned = {at for at in real if symbols["scan_me"] <= at < symbols["read_own"]}
    # By hand, from code.S: eleven, three at 2 modulo 4, one of those across the edge of a page.
    expect("objdump's view of scan_me", (len(scanned), sum(at % 4 == 2 for at in scanned),
                                         sum(at % 4096 == 4094 for at in scanned)), (11, 3, 1))
    expect("scan_me", sorted(at for at in patched if symbols["scan_me"] <= at < symbols["read_own"]), sorted(scanned))
    expect("patched, but no CSR instruction", sorted(set(patched) - real), [])
    if values["hv.exit.patched-code"] < 4:  # read-own, read-other, written, writes-itself
        raise Failed("accesses to patched code were not emulated")


def check_tests(values, wanted):
    expect("tests", part(values, "test."), wanted)


def scenario_isolation(machine):
    """What a guest must not do, it cannot: the faults are the machine's own, and stay in the guest."""
    check_tests(machine.direct("tests"), {**TESTS, **(QEMU_DIFFERS if machine.name == "QEMU" else {})})
    for mode in ("", "pv", "hv.patch"):
        check_tests(machine.hypervised(f"tests {mode}")[0], TESTS)
    # Just behind the guest's RAM (for the hypervisor: where the guest's RAM begins), and further on in the real RAM.
    for outside in ("0x80800000", "0x81000000", "0x80000000000"):
        values, _ = machine.hypervised(f"tests outside={outside}")
        check_tests(values, {**TESTS, **BEYOND, **PAGE_BEYOND})
    # The hypervisor's own addresses: no physical ones, and no guest may have a page there.
    values, _ = machine.hypervised("tests outside=0xffffffffc0200000")
    check_tests(part_without(values, PAGE_BEYOND), {**TESTS, **BEYOND})


def part_without(values, names):
    return {key: value for key, value in values.items() if key[len("test."):] not in names}


def scenario_qemu(_):
    if not shutil.which("qemu-system-riscv64"):
        skip("there is no qemu-system-riscv64 on this machine")
    machine = Machine(None, None)
    scenario_counts(machine)
    scenario_isolation(machine)
    scenario_patch(machine)


def scenario_size(_):
    """Small enough to be read: 800 lines, comments and both modes included, are the most."""
    folder = os.path.join(MINIHV, "hypervisor")
    lines = sum(len(open(os.path.join(folder, name), encoding="utf-8").readlines()) for name in os.listdir(folder))
    print(f"the hypervisor: {lines} lines")
    if lines > 800:
        raise Failed("800 are the most")


def scenario_image(_):
    """The committed images are what their sources say: built again, from a copy in another folder."""
    for tool in ("make", "riscv64-unknown-elf-gcc", "riscv64-unknown-elf-ld"):
        if not shutil.which(tool):
            skip(f"there is no {tool} on this machine")
    here = run(["make", "-s", "-C", MINIHV, "print-toolchain"])
    with open(os.path.join(MINIHV, "toolchain.txt"), encoding="utf-8") as file:
        made_by = file.read()
    if here != made_by:
        skip(f"other versions of the compiler and linker: the images were made by\n{made_by}here there is\n{here}")
    with tempfile.TemporaryDirectory() as work:
        copy, out = os.path.join(work, "a-copy-elsewhere"), os.path.join(work, "out")
        shutil.copytree(MINIHV, copy)
        run(["make", "-s", "-C", copy, f"OUT={out}"])
        for name in ("minihv.elf", "guest.elf"):
            with open(os.path.join(out, name), "rb") as made, open(os.path.join(MINIHV, name), "rb") as committed:
                if made.read() != committed.read():
                    raise Failed(f"the committed {name} is not what its sources make: run make install in {MINIHV}")


def main():
    scenario, vitrine, engines = sys.argv[1], sys.argv[2], sys.argv[3:]
    function = globals()[f"scenario_{scenario}"]
    try:
        for engine in engines or [None]:
            function(Machine(vitrine, engine))
            print(f"{scenario}: passed{' with ' + engine if engine else ''}")
    except (Failed, subprocess.TimeoutExpired) as error:
        print("FAILED:", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
