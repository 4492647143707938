#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mutation score of the conformance guests: plants mistakes into a copy of the sources, one at a time, rebuilds what that needs,
and runs the guests on the interpreter. Mistakes are made systematically: a comparison flipped, a condition or a statement dropped,
a mask's bit changed, a row's bit flipped, two rows exchanged.

    mutate.py [--sample N] [--seed S] [--area NAME]... [--jobs N] [--work DIR] [--list] [WORD]...

N mutants are drawn with seed S, as many of each area. WORD: only those whose text contains one. What the compiler refuses, and
what is known to be the same program (same_program, with the reason), does not count. Exit code 0: at least 85 % were found.
"""
import argparse
import concurrent.futures
import os
import pathlib
import queue
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import planting  # noqa: E402
import run  # noqa: E402

WANTED = 85
AREAS = {
    "decoder": ["isa/riscv/instruction_rows.inc", "isa/riscv/format_rows.inc", "isa/riscv/decoder.cpp"],
    "page walk": ["mmu/page_walk.cpp", "mmu/pmp.cpp"],
    "CSR": ["isa/riscv/csr.cpp", "isa/riscv/counters.cpp"],
    "traps": ["isa/riscv/handler.cpp"],
}
# A table is compiled by this file alone; others see names that do not change.
COMPILED_BY = {"isa/riscv/instruction_rows.inc": "isa/riscv/decoder.cpp", "isa/riscv/format_rows.inc": "isa/riscv/decoder.cpp"}

# Lines without a say in what a guest sees: events and their texts, diagnosis, chaos, breaks, proofs.
NOISE = re.compile(r"event|count_exit\(|silent\(|tell\(|fmt::|Event|breaks|chaos|observer|in_a_row|last_trap_step|static_assert|^#|^//|case TrapRow|letter_of|reason|waits for|"
                   r"reset_registers|stores_wait|fence_data|fence_instructions|kPredecessorWrites|^constexpr bool keys_fit|unreachable|firmware|slow_lines|VT_ASSERT|namespace|using ")
# Functions and places without such a say, whole: the file, and a pattern of the first line.
SILENT = [("isa/riscv/handler.cpp", r"^std::string words_of"), ("isa/riscv/handler.cpp", r"^void count_exit"), ("isa/riscv/csr.cpp", r"^std::string csr_name"),
          ("isa/riscv/csr.cpp", r"^std::optional<uint64_t> peek_csr"), ("isa/riscv/csr.cpp", r"^bool poke_csr"), ("isa/riscv/decoder.cpp", r"^std::string_view name_of"),
          ("isa/riscv/handler.cpp", r"^uint64_t interrupt_time"),
          ("isa/riscv/handler.cpp", r"^  if \(hart.privilege == Privilege::kSupervisor && hart.firmware\)")]  # the built-in SBI

# The same program, as far as any guest can tell.
FENCES = "what sfence.vma names matters to --mmu tlb-fenced and shadow-lazy only (tests/mmu/kept_translations_test.cpp)"
EQUIVALENT_LINES = {  # (file, part of the old line): whatever becomes of it
    ("isa/riscv/handler.cpp", "if (i.rs1 != 0) fence.first"): FENCES,
    ("isa/riscv/handler.cpp", "if (i.rs2 != 0) fence.one_space"): FENCES,
    ("isa/riscv/handler.cpp", "hart.memory->fence_translations(fence);"): FENCES,
    ("isa/riscv/counters.cpp", "if (wrap == core::kNever || has_wrapped(hart, number)) continue;"): "a shortcut: what is left is a number of steps that is never reached",
    ("isa/riscv/counters.cpp", "if (!hart.config.sscofpmf) return least;"): "a shortcut: may_overflow asks the same",
    ("isa/riscv/handler.cpp", "  return -1;"): "all that ask want to know whether it is negative",
    ("isa/riscv/handler.cpp", "    return -1;"): "all that ask want to know whether it is negative",
    ("isa/riscv/handler.cpp", "if (hart.memory->fetch_halfword({hart.pc}, low)) low ="): "what is illegal was fetched, so that it can be fetched again",
    ("isa/riscv/csr.cpp", '"mvendorid"'): "constant, 0 but by option of vitrine qemu",
    ("isa/riscv/csr.cpp", '"marchid"'): "constant, 0 but by option of vitrine qemu",
    ("isa/riscv/csr.cpp", '"mimpid"'): "constant, 0 but by option of vitrine qemu",
    ("isa/riscv/format_rows.inc", "FORMAT(CNop,"): "addi x0 of any immediate",
    ("isa/riscv/format_rows.inc", "FORMAT(FenceVma,"): FENCES,
}


def same_program(mutant):
    """The reason why no guest can tell, or None."""
    for (file, part), reason in EQUIVALENT_LINES.items():
        if mutant.file == file and part in mutant.old:
            return reason
    # pmp_uniform only says what may be kept: a page that is looked at too far, or up to its last 4 bytes, which an entry covers wholly.
    if mutant.file == "mmu/pmp.cpp" and mutant.number > 65 and mutant.new.strip() in ("const uint64_t last = first + size + 1;", "const uint64_t last = first + size - 2;"):
        return "PMP entries are multiples of 4 bytes"
    if "(uint64_t{2} << ones)" in mutant.new:
        return "the bit above the ones is 0"
    if mutant.old.strip() == 'refuse(walk, FaultKind::kAccess, "PMP forbids the update of A or D");':
        return "the address stays 0, where nothing is: the same fault"
    if mutant.file == "mmu/pmp.cpp" and re.search("region.first = ones (> 54|>= 55)", mutant.new):
        return "the mask of 54 ones leaves 0, too"
    if mutant.file.endswith("counters.cpp") and mutant.new.strip().endswith("own_retirement(hart, number) : 1;"):
        return "nobody asks it of a counter that stands"
    if mutant.old.strip() == "memory.ram.announce_before(at, 8);":
        return "nobody listens before a write"
    if "return done >= 0 &&" in mutant.old and "done >= 1 &&" in mutant.new:
        return "0 is less than what is left until the wrap"
    if "accessed_in_place(hart, number, writes, value)" in mutant.old:
        return "two ways to do the same: the other one also tells of the event"
    if "(b + kFirstFp) << 25" in mutant.new:
        return "256 << 25 leaves the word"
    if "return fixed_a != fixed_b ?" in mutant.old:
        return "rows that overlap do the same for a guest: hints, and names of one instruction"
    # Reserved rounding modes are refused by the body, too: a row's m!=5,6 is what the disassembler needs.
    if mutant.file.endswith("instruction_rows.inc") and '"m!=5,6"' in mutant.old and '"m!=5,6"' not in mutant.new:
        return "bodies refuse reserved rounding modes themselves, since frm may hold one"
    return None


class Mutant:
    def __init__(self, area, file, number, old, new):
        self.area, self.file, self.number, self.old, self.new = area, file, number, old, new
        self.name = f"{file}:{number + 1}: {old.strip()}  ->  {new.strip() or 'nothing'}"

    def text_in(self, root):
        lines = (root / self.file).read_text().split("\n")
        assert lines[self.number] == self.old
        lines[self.number] = self.new
        return "\n".join(lines)


SWAPS = [("==", "!="), ("!=", "=="), ("<=", "<"), (">=", ">"), (" < ", " >= "), (" > ", " <= "), ("&&", "||"), ("||", "&&"), (" & ", " | "), (" | ", " & "),
         (" &= ~", " |= "), (" |= ", " &= ~"), (" << ", " >> "), (" >> ", " << "), (" + ", " - "), (" - ", " + "), ("true", "false"), ("false", "true"), (" ^ ", " | ")]


def of_cpp(line):
    """What else the line could say."""
    code = line.split("//")[0].rstrip()
    if not code.strip() or NOISE.search(line.strip()):
        return
    strings = [m.span() for m in re.finditer(r'"[^"]*"', code)]

    def in_string(at):
        return any(a <= at < b for a, b in strings)
    for old, new in SWAPS:
        for m in re.finditer(re.escape(old), code):
            if in_string(m.start()) or code[m.start() - 1:m.start() + 3].strip("=") in ("<=>",):
                continue
            yield code[:m.start()] + new + code[m.end():]
    for m in re.finditer(r"(?<![\w.'])(0x[0-9a-f']+|\d+)(?=[uUlL]*\b)", code):
        if in_string(m.start()):
            continue
        value = int(m[0].replace("'", ""), 0)
        changed = value ^ (value & -value) if m[0].startswith("0x") else value + 1
        yield code[:m.start()] + (hex(changed) if m[0].startswith("0x") else str(changed)) + code[m.end():]
    for m in re.finditer(r"!(?=[\w(])", code):
        yield code[:m.start()] + code[m.end():]
    if m := re.match(r"(\s*(?:\} else )?if \()(.*)(\) (?:\{|return.*;|continue;|[\w.]+ .*;|\[\[likely\]\]))$", code):
        yield f"{m[1]}!({m[2]}){m[3]}"
    if re.match(r"\s*if \(.*\) (return|continue|return .*|[\w.\[\]]+ [|&^]?= .*|\w+\(.*\));$", code) or re.match(r"\s+[\w.\[\]()*>-]+(?: [|&^+]?= [^;]*|\([^;]*\));$", code):
        yield ""
    if re.match(r"\s*return .*;$", code) and "nullptr" not in code and "refuse" not in code:
        if re.search(r"==|!=|&&|\|\||<|>|!|has\(|is_|accessible", code):
            yield re.sub(r"return .*;", "return false;", code)
            yield re.sub(r"return .*;", "return true;", code)


CSR_FUNCTIONS = re.compile(r"^(\s*CsrRow\{)(0x\w+)(,\s*)(\w+)(,\s*)(\d)(,\s*)(\"[^\"]*\")(,\s*)([\w:<>]+)(,\s*)([\w:<>]+)(,\s*)([\w:<>]+)(,.*)$")


def of_csr_row(line):
    m = CSR_FUNCTIONS.match(line)
    parts = list(m.groups())

    def with_part(i, text):
        return "".join(parts[:i] + [text] + parts[i + 1:])
    yield with_part(1, hex(int(parts[1], 16) ^ 0x40))
    if parts[3].isdigit() and int(parts[3]) > 1:
        yield with_part(3, str(int(parts[3]) - 1))
    if parts[11] != "nullptr":
        yield with_part(11, "nullptr")
        yield with_part(11, "ignore_write")
    if parts[9] != "read_zero":
        yield with_part(9, "read_zero")
    if parts[13] != "nullptr":
        yield with_part(13, "nullptr")


def of_row(line, next_line):
    """A row of instruction_rows.inc: each fixed bit, the constraint, the pattern of the next row."""
    m = re.match(r'(INSN\w*\(\w+,\s*")([^"]*)(",.*)$', line)
    if not m:
        return
    for i, bit in enumerate(m[2]):
        if bit in "01":
            yield m[1] + m[2][:i] + "10"[int(bit)] + m[2][i + 1:] + m[3]
    if constraint := re.search(r'"([a-z]!=[^"]*)"', m[3]):
        yield m[1] + m[2] + m[3].replace(constraint[0], '""')


def exchanged(lines, i):
    """Two rows of one shape with each other's patterns."""
    first, second = (re.match(r'(INSN\w*\(\w+,\s*")([^"]*)(",\s*\w+,.*)$', x) for x in lines[i:i + 2])
    if first and second and re.sub("[01]", ".", first[2]) == re.sub("[01]", ".", second[2]) and first[2] != second[2]:
        return first[1] + second[2] + first[3] + "\n" + second[1] + first[2] + second[3]
    return None


def of_format(line):
    m = re.match(r'(FORMAT\((\w+),\s*"[^"]*",\s*)"([^"]*)"(,\s*)"([^"]*)"(,.*)$', line)
    if not m or m[2] == "None":
        return
    registers, immediate = m[3].split(), m[5]
    for i, r in enumerate(registers):
        if r == "0":
            continue  # a field that no body reads
        yield m[1] + '"' + " ".join(registers[:i] + ["0"] + registers[i + 1:]) + '"' + m[4] + f'"{immediate}"' + m[6]
    if " " in immediate:
        yield f'{m[1]}"{m[3]}"{m[4]}"{"u" if immediate[0] == "s" else "s"}{immediate[1:]}"{m[6]}'
        pieces = immediate.split()
        for i in range(1, len(pieces) - 1):  # two pieces in each other's place
            yield f'{m[1]}"{m[3]}"{m[4]}"{" ".join(pieces[:i] + [pieces[i + 1], pieces[i]] + pieces[i + 2:])}"{m[6]}'


def mutants_of(area, file):
    lines = (planting.ROOT / file).read_text().split("\n")
    silent = False
    for i, line in enumerate(lines):
        if any(file == f and re.match(p, line) for f, p in SILENT):
            silent = True
        if line.startswith("}") or (silent and line in ("", "  }")):
            silent = False
            continue
        if silent:
            continue
        if file.endswith("instruction_rows.inc"):
            changes = list(of_row(line, lines[i + 1] if i + 1 < len(lines) else ""))
            if i + 1 < len(lines) and (both := exchanged(lines, i)):
                yield Mutant(area, file, i, line, both.split("\n")[0]), (i + 1, both.split("\n")[1])
        elif file.endswith("format_rows.inc"):
            changes = list(of_format(line))
        elif CSR_FUNCTIONS.match(line):
            changes = list(of_csr_row(line))
        else:
            changes = list(of_cpp(line))
        for change in dict.fromkeys(changes):
            if change != line:
                yield Mutant(area, file, i, line, change), None


def all_mutants():
    for area, files in AREAS.items():
        for file in files:
            for mutant, second in mutants_of(area, file):
                mutant.second = second
                yield mutant


class Shop(planting.Workshop):
    """Keeps the times of tables, so that only the file that compiles them is compiled."""

    def plant(self, mutant):
        place = self.source / mutant.file
        self.original, self.times = place.read_text(), place.stat().st_mtime
        text = mutant.text_in(self.source)
        if mutant.second:
            lines = text.split("\n")
            lines[mutant.second[0]] = mutant.second[1]
            text = "\n".join(lines)
        self.write(mutant, text)

    def write(self, mutant, text):
        place = self.source / mutant.file
        place.write_text(text)
        if mutant.file in COMPILED_BY:
            os.utime(place, (self.times, self.times))
            (self.source / COMPILED_BY[mutant.file]).touch()

    def take_out(self, mutant):
        self.write(mutant, self.original)


def verdict(shop, guests, out):
    """What finds it: the first guests that fail, or none."""
    subprocess.run(["rm", "-rf", out], check=True)
    done = subprocess.run([shop.build / "vitrine", "suite", "run", guests, "--out", out, "--engine", "interpreter", "-j", "1", "--fail-fast",
                           "--max-instructions", "80000000", "--max-seconds", "60"], capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return []
    return re.findall(r"^(?:fail|crashed|error) +(\w+):", done.stdout, re.M) or [f"exit code {done.returncode}"]


def judge(shop, mutant, guests):
    """(refused by the compiler, guests that find it)."""
    shop.plant(mutant)
    try:
        try:
            shop.make("vitrine")
        except RuntimeError:
            return True, []
        return False, verdict(shop, guests, shop.build / "out")
    finally:
        shop.take_out(mutant)


def chosen(options):
    mutants = [m for m in all_mutants() if (not options.area or m.area in options.area) and (not options.words or any(w in m.name for w in options.words))]
    if options.list or options.words:
        return mutants
    chance, drawn = random.Random(options.seed), []
    areas = options.area or list(AREAS)
    for area in areas:
        # File by file alike, so that a long table does not hide a short one.
        by_file = [[m for m in mutants if m.area == area and m.file == file] for file in AREAS[area]]
        for listed in by_file:
            chance.shuffle(listed)
        of_area = [m for row in zip(*[x + [None] * (max(map(len, by_file)) - len(x)) for x in by_file]) for m in row if m]
        drawn += of_area[:options.sample // len(areas)]
    return drawn


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--area", action="append", choices=list(AREAS))
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--work", type=pathlib.Path, help="folder for copies and builds, kept (default: a temporary one)")
    parser.add_argument("--list", action="store_true", help="only lists all mutants")
    options = parser.parse_args()
    mutants = chosen(options)
    if options.list:
        print(*(m.name for m in mutants), f"{len(mutants)} mutants", sep="\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as temporary:
        work = options.work or pathlib.Path(temporary)
        guests = work / "guests"
        guests.mkdir(parents=True, exist_ok=True)
        run.build(run.sources([], guests), guests, options.jobs)
        shops = queue.Queue()
        for i in range(options.jobs):
            shop = Shop(work / str(i), 1, "-DVITRINE_TESTS=OFF", "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON")
            shop.make("vitrine")
            if found := verdict(shop, guests, shop.build / "out"):
                print("The guests fail without any mistake:", *found)
                return 1
            shops.put(shop)
        score = {area: [0, 0, 0, 0] for area in AREAS}  # found, missed, refused, equivalent

        def one(mutant):
            if same_program(mutant):
                return mutant, None, []
            shop = shops.get()
            try:
                return mutant, *judge(shop, mutant, guests)
            finally:
                shops.put(shop)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for mutant, refused, found in pool.map(one, mutants):
                kind = 3 if refused is None else 2 if refused else 0 if found else 1
                score[mutant.area][kind] += 1
                said = [f"found by {', '.join(found[:3])}", "MISSED", "refused by the compiler", f"the same program: {same_program(mutant)}"][kind]
                print(f"{mutant.area}: {mutant.name}\n    {said}", flush=True)
    total = [0, 0]
    for area, (found, missed, refused, same) in score.items():
        if found + missed:
            print(f"{area}: {found} of {found + missed} found, {100 * found / (found + missed):.0f} % ({refused} refused by the compiler, {same} the same program)")
        total = [total[0] + found, total[1] + found + missed]
    percent = 100 * total[0] / max(total[1], 1)
    print(f"in all {total[0]} of {total[1]}: {percent:.0f} %, wanted {WANTED} %")
    return 0 if percent >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
