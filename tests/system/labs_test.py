#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What labs measure is what their formulas say, for any parameters in range, on both engines; with each break its symptom appears
and the answers that it names change, and no others.

  labs_test.py VITRINE [FOLDER] [--seed N] [--sets N] [--engines NAME,NAME]     the labs of FOLDER; ours, if there is none
  labs_test.py VITRINE --mmu KIND ...                                 ours, with another kind of MMU
  labs_test.py --images                                               guests are what their sources make

The seed is printed, and makes the same test again. Exit code: 0 passed, 1 failed, 77 skipped (said why).
"""
import argparse
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LABS = ROOT / "labs"
TIMEOUT = 300


class Failed(Exception):
    pass


def lab(vitrine, *words, codes=(0,)):
    done = subprocess.run([vitrine, "lab", *map(str, words)], capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode not in codes:
        raise Failed(f"lab {' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def value_of(parameter, number):
    """Of a text the number is its length."""
    if isinstance(parameter["value"], int):
        return number
    return "".join(chr(33 + (i * 7 + number) % 94) for i in range(number)).replace('"', "'")


def parameter_sets(one, random_numbers, count):
    """Both ends of every range, then small numbers (where the formulas' min and max are), then any."""
    def chosen(choose):
        return {name: value_of(parameter, choose(*parameter["range"])) for name, parameter in one["parameters"].items()}
    yield chosen(lambda low, high: low)
    yield chosen(lambda low, high: high)
    for i in range(count):
        yield chosen(lambda low, high, i=i: random_numbers.randint(low, min(high, low + 9) if i % 2 else high))


def words_of(parameters):
    return [word for name, value in parameters.items() for word in ("--set", f"{name}={value}")]


def check_formulas(vitrine, path, one, parameters, engine):
    words = [one["name"], *path, "--json", "--engine", engine, *words_of(parameters)]
    result = lab(vitrine, *words, codes=(0, 1))
    if result["parameters"] != parameters:
        raise Failed(f"{words}: it ran with {result['parameters']}")
    for question in result["questions"]:
        if question["absent"]:
            print(f"{one['name']}: {question['id']}: not measured, there is no qemu-system-riscv64 on this machine")
        elif question["measured"] is None or question["measured"] != question["answer"]:
            raise Failed(f"vitrine lab {' '.join(map(str, words))}\n  {question['id']}: measured {question['measured']}, "
                         f"the formula {question['formula']} says {question['answer']}")
    return result


# Breaks are looked for where they must show: the lab's own parameters, and others that are not the least.
def check_break(vitrine, path, one, broken, parameters, engine):
    words = [one["name"], *path, "--json", "--engine", engine, "--break", broken["name"], *words_of(parameters)]
    result = lab(vitrine, *words)
    if result["break"] is None or not result["break"]["symptom"]:
        raise Failed(f"vitrine lab {' '.join(map(str, words))}\n  the symptom is not there: {result['counters']}")
    changed = {question["id"] for question in result["questions"] if not question["absent"] and question["measured"] != question["answer"]}
    if changed != set(broken["changes"]):
        raise Failed(f"vitrine lab {' '.join(map(str, words))}\n  changed are {sorted(changed)}, the lab says {broken['changes']}")


def check_no_symptom(vitrine, path, one, tried):
    """A symptom is none if it is there without the break: the lab's own judge is asked with a break that breaks nothing."""
    with tempfile.TemporaryDirectory() as folder:
        here = path[1] if path else LABS
        copy = pathlib.Path(folder) / "labs" / one["name"]
        shutil.copytree(pathlib.Path(here) / one["name"], copy)
        for other in ROOT.glob("examples/*"):  # guests that labs share
            (pathlib.Path(folder) / "examples").mkdir(exist_ok=True)
            (pathlib.Path(folder) / "examples" / other.name).symlink_to(other)
        text = (copy / "lab.toml").read_text()
        for broken in one["breaks"]:
            head, tail = text.split(f'name = "{broken["name"]}"')
            tail = "".join(line for line in tail.splitlines(keepends=True) if not line.startswith("runs ="))
            (copy / "lab.toml").write_text(f'{head}name = "{broken["name"]}"\nruns = []{tail}')
            result = lab(vitrine, one["name"], "--path", copy.parent, "--json", "--break", broken["name"], *words_of(tried))
            if result["break"]["symptom"]:
                raise Failed(f"{one['name']}: the symptom of {broken['name']} is there without it")


def check_lab(vitrine, path, one, options):
    random_numbers = random.Random(f"{options.seed} {one['name']}")
    count = 0
    for parameters in parameter_sets(one, random_numbers, options.sets):
        results = [check_formulas(vitrine, path, one, parameters, engine) for engine in options.engines]
        for other in results[1:]:
            for a, b in zip(results[0]["runs"], other["runs"]):
                if (a["steps"], a["state"]) != (b["steps"], b["state"]):
                    raise Failed(f"{one['name']}, {parameters}: the run {a['name']} is another one on {options.engines}")
        count += 1
    own = {name: parameter["value"] for name, parameter in one["parameters"].items()}
    check_no_symptom(vitrine, path, one, own)
    for broken in one["breaks"]:
        for engine in options.engines:
            check_break(vitrine, path, one, broken, own, engine)
    print(f"{one['name']}: {count} sets of parameters, {len(one['breaks'])} breaks, engines {', '.join(options.engines)}")


def labs_with_mmu(folder, mmu):
    """A copy of our labs whose runs are on that --mmu; without those labs that compare kinds of MMU themselves."""
    labs = pathlib.Path(folder) / "labs"
    shutil.copytree(LABS, labs)
    (pathlib.Path(folder) / "examples").symlink_to(ROOT / "examples")
    for file in labs.glob("*/lab.toml"):
        text = file.read_text()
        if "--mmu" in text.split("[[question]]")[0]:
            shutil.rmtree(file.parent)
            continue
        head, *blocks = re.split(r"(?m)^(?=\[\[)", text)
        for i, block in enumerate(blocks):
            if "options = [" in block:
                blocks[i] = block.replace("options = [", f'options = ["--mmu", "{mmu}", ')
            elif block.startswith("[[run]]"):
                blocks[i] = block.replace("[[run]]", f'[[run]]\noptions = ["--mmu", "{mmu}"]')
        file.write_text("".join([head, *blocks]))
    return labs


# What a guest's --lint may find, and what it needs to have something to do.
LINT = {"safety": {"rules": {"nothing-there"}, "disk": True}, "full-emulation-and-split-driver": {"append": "by=disk depth=3", "disk": True}}


def check_lint(vitrine):
    """Our guests would run on real machines: they rely on nothing that only works here."""
    for one in lab(vitrine, "--json"):
        guest, wanted = LABS / one["name"] / "guest.elf", LINT.get(one["name"], {})
        if not guest.exists():
            continue
        parameters = [f"{name}={parameter['value']}" for name, parameter in one["parameters"].items()]
        with tempfile.NamedTemporaryFile() as disk:
            disk.truncate(1 << 20)
            command = [vitrine, "run", "--kernel", guest, "--lint", "--append", " ".join([*parameters, wanted.get("append", "")])]
            command += ["--disk", disk.name + ",snapshot"] if "disk" in wanted else []
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL, check=False)
        found = set(re.findall(r"lint: ([\w-]+): step", done.stderr))
        if done.returncode != 0 or "lint:" not in done.stderr or found != wanted.get("rules", set()):
            raise Failed(f"{one['name']}: exit code {done.returncode}, lint finds {sorted(found)}\n{done.stderr[-2000:]}")


def check_images():
    for tool in ("make", "riscv64-unknown-elf-gcc", "riscv64-unknown-elf-ld"):
        if not shutil.which(tool):
            print(f"skipped: there is no {tool} on this machine")
            return 77
    make = ["make", "-s", "-C"]
    here = subprocess.run([*make, LABS, "print-toolchain"], capture_output=True, text=True, check=True).stdout
    made_by = (LABS / "toolchain.txt").read_text()
    if here != made_by:
        print(f"the images were made by\n{made_by}here there is\n{here}skipped: other versions of the compiler and linker")
        return 77
    with tempfile.TemporaryDirectory() as work:
        copy, out = pathlib.Path(work) / "a-copy-elsewhere/labs", pathlib.Path(work) / "out"
        shutil.copytree(LABS, copy, ignore=shutil.ignore_patterns("guest.elf", "disk.img"))
        shutil.copytree(ROOT / "examples/teach", copy.parent / "examples/teach")  # whose library a process uses
        subprocess.run([*make, copy, f"OUT={out}"], check=True, stdout=subprocess.DEVNULL)
        made, committed = (sorted(path.relative_to(folder) for name in ("guest.elf", "disk.img") for path in folder.glob(f"*/{name}"))
                           for folder in (out, LABS))
        if not made or made != committed:
            raise Failed(f"made are {made}, committed {committed}")
        for name in made:
            if (out / name).read_bytes() != (LABS / name).read_bytes():
                raise Failed(f"the committed labs/{name} is not what its sources make: run make -C labs install")
    print(f"{len(made)} images, as their sources make them")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vitrine", nargs="?")
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--sets", type=int, default=6)
    parser.add_argument("--engines", type=lambda text: text.split(","), default=["interpreter", "translator"])
    parser.add_argument("--mmu", help="our labs with this kind of MMU")
    parser.add_argument("--images", action="store_true")
    options = parser.parse_args()
    try:
        if options.images:
            return check_images()
        print(f"--seed {options.seed}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            if options.mmu:
                options.folder = labs_with_mmu(folder, options.mmu)
            path = ["--path", options.folder] if options.folder else []
            for one in lab(options.vitrine, "--json", *path):
                check_lab(options.vitrine, path, one, options)
        if not path:
            check_lint(options.vitrine)
        return 0
    except Failed as problem:
        print("FAILED:", problem)
        return 1


if __name__ == "__main__":
    sys.exit(main())
