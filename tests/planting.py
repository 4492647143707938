# SPDX-License-Identifier: MIT
"""Mistakes planted into a copy of the sources, to see whether tests find them: what translator/planted_bugs.py and
classes/planted_classes.py have in common. A plant has a name and is one or more replacements of text; its text is gone
when the sources have changed, which `--check` finds without building anything.
"""
import argparse
import contextlib
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


def options_of(description: str) -> argparse.ArgumentParser:
    """The options that all such programs have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("words", nargs="*", help="only those whose names contain one of the words")
    parser.add_argument("--check", action="store_true", help="only looks whether every text to be replaced is there, once")
    parser.add_argument("--work", type=pathlib.Path, help="folder for the copy and its build, kept (default: a temporary one)")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    return parser


def chosen(plants: list, words: list[str]) -> list:
    return [p for p in plants if not words or any(w in p.name for w in words)]


def replaced(name: str, file: str, text: str, old: str, new: str) -> str:
    """The file's text with one piece replaced."""
    if (count := text.count(old)) != 1:
        raise LookupError(f"{name}: its text is {count} times in {file}")
    return text.replace(old, new)


def problems_of(plants: list, planted) -> list[str]:
    """Of the checkout. planted(plant, root) gives {file: text with the plant in it}, or raises LookupError."""
    problems = []
    for plant in plants:
        try:
            planted(plant, ROOT)
        except LookupError as error:
            problems.append(str(error))
    return problems


class Workshop:
    """A copy of the sources with a build of its own."""

    def __init__(self, place: pathlib.Path, jobs: int, *cmake_options: str):
        self.source, self.build, self.jobs = place / "source", place / "build", jobs
        if self.source.exists():
            shutil.rmtree(self.source)
        # With new times: a build that is kept from last time may still have that time's last plant in it.
        shutil.copytree(ROOT, self.source, ignore=shutil.ignore_patterns(".git", "build", "build-*", "__pycache__"), symlinks=True,
                        copy_function=shutil.copy)
        launcher = shutil.which("ccache")
        subprocess.run(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                        *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else []), *cmake_options],
                       check=True, stdout=subprocess.DEVNULL)

    def make(self, target: str) -> None:
        done = subprocess.run(["ninja", "-C", self.build, f"-j{self.jobs}", target], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"it does not build:\n{done.stdout[-3000:]}")

    @contextlib.contextmanager
    def holding(self, texts: dict[str, str]):
        """Files of the copy have these texts as long as the block runs."""
        originals = {file: (self.source / file).read_text() for file in texts}
        try:
            for file, text in texts.items():
                (self.source / file).write_text(text)
            yield
        finally:
            for file, text in originals.items():
                (self.source / file).write_text(text)
