# SPDX-License-Identifier: MIT
"""The cache folder: where guests are kept, how one appears whole or not at all, and who may write.

    ${XDG_CACHE_HOME:-~/.cache}/vitrine/
        fetch.lock          held (flock) by the one process that makes something
        apt-riscv64/        the private apt folder, see apt.py
        guests/NAME/        one guest: its files and guest.json, the list of what they were made from

A guest is built in a folder beside its place and renamed into it, so a reader never sees half of one. guest.json
carries the `recipe`, a digest of everything in this tree that shapes the guest: after a change of the recipe the
guest is made again. Next: apt.py, then the recipes (linux.py, root_disk.py, boot_disk.py).
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import tempfile

from .report import Failed, say

HERE = pathlib.Path(__file__).resolve().parent
MANIFEST = "guest.json"


def root():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "vitrine"


def guest_folder(name):
    return root() / "guests" / name


@contextlib.contextmanager
def locked():
    """One writer at a time; the lock goes with the process, however that ends."""
    root().mkdir(parents=True, exist_ok=True)
    with open(root() / "fetch.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another fetch is at work; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _digest(sources):
    """One digest of the named files of this folder and of files/."""
    digest = hashlib.sha256()
    for source in sorted(sources):
        path = HERE / source if source.endswith(".py") else HERE.parent / "files" / source
        digest.update(f"{source}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def origin(recipe):
    """What makes a guest what it is, besides its packages: this tree's files and the guests that it is made from."""
    return {"recipe": _digest(recipe.SOURCES),
            "needs": {name: sha256(guest_folder(name) / MANIFEST) for name in recipe.NEEDS if manifest(name)}}


def is_current(recipe):
    facts = manifest(recipe.NAME)
    return facts is not None and all(facts.get(key) == fact for key, fact in origin(recipe).items())


def manifest(name):
    """What guest.json says, or None when the guest is not there or was damaged (a file gone or of another size)."""
    folder = guest_folder(name)
    try:
        facts = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sound = all((folder / file).stat().st_size == fact["size"] for file, fact in facts["files"].items())
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
        return None
    return facts if sound else None


@contextlib.contextmanager
def building(name, facts):
    """A folder to fill; on a clean exit it is listed, made read-only and renamed to the guest's place."""
    final = guest_folder(name)
    final.parent.mkdir(parents=True, exist_ok=True)
    for left_over in final.parent.glob(f".{name}.*"):  # of a run that was killed: the lock is ours, so nobody's now
        shutil.rmtree(left_over)
    with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=final.parent) as temporary:
        folder = pathlib.Path(temporary) / "new"
        folder.mkdir(mode=0o755)
        yield folder
        _seal(folder, facts)
        if final.exists():
            final.rename(pathlib.Path(temporary) / "old")
        folder.rename(final)


def _seal(folder, facts):
    files = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        path.chmod(0o444)  # images are shared by everyone: run them with -snapshot, or copy them
        files[str(path.relative_to(folder))] = {"size": path.stat().st_size, "sha256": sha256(path)}
    text = json.dumps({**facts, "files": files}, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def changed_files(name):
    """Files of a guest whose content is no longer what was built: a disk that something wrote to, for example."""
    facts = manifest(name)
    if facts is None:
        raise Failed(f"guest {name} is not there")
    folder = guest_folder(name)
    return [file for file, fact in facts["files"].items() if sha256(folder / file) != fact["sha256"]]


def write_if_changed(path, text):
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(text, encoding="utf-8")
        temporary.rename(path)
